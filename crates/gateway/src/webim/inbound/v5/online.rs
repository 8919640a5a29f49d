//! `presences/online`: a page of a site begins.

use super::{
    Params,
    door::{Asked, Site},
    rooms::{self, asked_rooms},
};
use crate::webim::{
    Gateway,
    answer::Manner,
    inbound::{
        online::names,
        rooms::{listen, listen_anew},
        setting::Setting,
    },
    packets::acknowledge,
    pages::Right,
    session::{Manners, Page},
    wire::{ById, Edition, Refused, SiteOnline, Success, Told},
};
use axum::{http::StatusCode, response::Response};
use jmessage_core::{
    WATCHED,
    port::{GroupListing, ProfileRecord},
};
use jmessage_model::{Description, Limits, Nickname, UserId, Username};
use std::{collections::HashSet, sync::Arc};

/// What sites are told of their rooms: their keys. What waits comes with the first poll, as the answer has no place for it.
const MANNERS: Manners = Manners { edition: Edition::Current, of_site: true, polls_first: true };

/// Opens a page for a user, who comes into being with its first one.
pub(super) async fn online(site: &Site, asked: &Asked, at: &str) -> Result<Response, Refused> {
    let (core, pages, params) = (site.core(), &site.gateway.pages, &asked.params);
    let base = asked.base.as_deref().ok_or_else(|| Refused::bad("the header Host makes no sense"))?;
    let name =
        Username::new(params.required("name")?).map_err(|error| Refused::bad(format!("name {error}")))?;
    let nick = cut(params.text("nick").unwrap_or_default(), Limits::MAX_NICKNAME);
    let nick = Nickname::new(&nick).ok().filter(|nick| !nick.as_str().is_empty());
    let show = params.show()?.unwrap_or_default();
    let status = status(params);
    let buddies = params.first_of("buddies", WATCHED);
    let rooms = asked_rooms(params)?;
    if pages.count() >= site.gateway.options.pages {
        return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, "the server is busy"));
    }
    let card = core.enrol(site.app, name, nick).await?;
    let expecting = pages.expecting(&card.name);
    if !expecting.is_empty() {
        // Before it comes, so that they see it come; to the end, though the site may not wait for it.
        let _ = tokio::spawn(introduce(site.gateway.clone(), expecting, card.id)).await;
    }
    let (ticket, page, _) = pages.open(Right::Known(card), MANNERS, (show, status)).await?;
    let begun = begin(site, &page, names(buddies.into_iter()), &rooms).await;
    let (presences, groups) = match begun {
        Ok(begun) => begun,
        Err(refused) => {
            acknowledge(&site.gateway, &page, page.leave()).await;
            pages.void(&ticket);
            return Err(refused);
        }
    };
    let server = format!("{base}{at}/v5/packets");
    Ok(Manner::Json.value(&SiteOnline {
        success: Success,
        ticket: ticket.into(),
        server: &server,
        jsonpd: &server,
        websocket: server.replacen("http", "ws", 1).into(),
        presences: &presences,
        buddies: &presences,
        groups,
    }))
}

/// Lets pages that show a user who has come into being hear of it.
async fn introduce(gateway: Arc<Gateway>, pages: Vec<Arc<Page>>, user: UserId) {
    for page in pages {
        page.also_watch([user]);
        // Where that cannot be done now, no more is lost than a signal.
        let _ = listen_anew(&gateway, &page.poller).await;
    }
}

/// The line that a user shows, of which a site may give more than there is room for.
pub(super) fn status(params: &Params) -> Option<Description> {
    let status = cut(params.text("status")?, Limits::MAX_DESCRIPTION);
    Description::new(&status).ok().filter(|status| !status.as_str().is_empty())
}

/// As much of a text as there is room for, without what no name on a screen has.
fn cut(text: &str, most: usize) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    text[..text.floor_char_boundary(most)].to_owned()
}

/// Brings the user into its rooms and lets the page hear of them and of its contacts; who of both is to be seen.
async fn begin<'a>(
    site: &Site,
    page: &Arc<Page>,
    buddies: Vec<Username>,
    rooms: &[&'a str],
) -> Result<(ById<'static, Told>, ById<'a, usize>), Refused> {
    let (core, poller) = (site.core(), &page.poller);
    let setting = Setting::of(&site.gateway, &poller.session).await?;
    poller.block(setting.blocked());
    let listed = enter(site, page, rooms).await?;
    let people = people(site, page, buddies).await?;
    page.also_watch(people.iter().map(|person| person.card.id));
    listen(&site.gateway, poller, listed.iter().map(|listing| listing.group.card.id)).await?;
    let users = people.iter().map(|person| person.card.id).collect();
    let groups = listed.iter().map(|listing| listing.group.card.id).collect();
    let seen = core.look(&poller.session, users, groups).await?;
    let seen_of = people.iter().zip(seen.users);
    let presences = seen_of.filter_map(|(person, shown)| {
        Some((person.card.name.as_str().to_owned().into(), Told::As(shown?.show)))
    });
    let present = |room: &str| {
        let at = listed.iter().position(|listing| rooms::is_called(&listing.group.card, room));
        at.and_then(|at| seen.groups.get(at)).map_or(0, Vec::len)
    };
    let counts = rooms.iter().map(|room| ((*room).into(), present(room)));
    Ok((presences.collect(), counts.collect()))
}

/// The contacts of these names. Whoever of them is not there so far is expected, since others learn who they are only when they
/// come for the first time.
async fn people(
    site: &Site,
    page: &Arc<Page>,
    buddies: Vec<Username>,
) -> Result<Vec<ProfileRecord>, Refused> {
    let session = &page.poller.session;
    let mut people = site.core().people(session, buddies.clone()).await?;
    let known: HashSet<_> = people.iter().map(|person| &person.card.name).collect();
    let unknown: Vec<_> = buddies.into_iter().filter(|name| !known.contains(name)).collect();
    if !unknown.is_empty() {
        site.gateway.pages.expect(page, &unknown);
        // Somebody may have come between the question and that.
        people.extend(site.core().people(session, unknown).await?);
    }
    Ok(people)
}

/// Brings the user into these rooms, but those that are full or not there; all rooms it is in then.
async fn enter(site: &Site, page: &Page, rooms: &[&str]) -> Result<Vec<GroupListing>, Refused> {
    let (core, poller) = (site.core(), &page.poller);
    let listed = core.groups(&poller.session, 0).await?;
    let is_in = |room| listed.iter().any(|listing| rooms::is_called(&listing.group.card, room));
    let mut entered = false;
    for room in rooms.iter().filter(|room| !is_in(room)) {
        entered |= rooms::enter(site, poller, room).await?;
    }
    let listed = if entered { core.groups(&poller.session, 0).await? } else { listed };
    poller.learn(listed.iter().map(|listing| &*listing.group.card));
    Ok(listed)
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn a_text_of_a_site_is_cut_to_what_there_is_room_for() {
        assert_eq!(cut("Jack", 64), "Jack");
        assert_eq!(cut("a\nb\0", 64), "ab");
        assert_eq!(cut("小明小明", 7), "小明");
    }
}
