//! `online`: a page begins.

use super::{
    caller::{Asked, COOKIE, Kind},
    calls::{self, HISTORY},
    rooms::{Rooms, listen},
    setting::Setting,
};
use crate::webim::{
    Gateway,
    answer::Manner,
    outbound,
    packets::acknowledge,
    pages::Right,
    session::{Item, Manners, Page},
    wire::{Buddy, ById, Connection, Edition, LogItem, Online, OnlineOld, Refused, Success, Told},
};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use jmessage_core::{Destination, Entry, Session, port::ProfileRecord};
use jmessage_model::{Description, Password, Show, Shown, Username};
use serde_json::value::RawValue;
use std::{collections::HashSet, sync::Arc};

/// How long browsers keep the cookie: as long as sessions can be taken up again by default.
const KEPT: u64 = 7 * 24 * 60 * 60;

/// Opens a page for whoever proves who it is, by password or by the cookie of an earlier one.
pub(super) async fn online(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let edition = if gateway.mount.old { Edition::Old } else { asked.params.edition() };
    let right = right(gateway, asked).await?;
    if gateway.pages.count() >= gateway.options.pages {
        return Err(Refused::new(StatusCode::SERVICE_UNAVAILABLE, "the server is busy"));
    }
    let show = asked.params.show()?.unwrap_or_default();
    let status = asked.params.status()?;
    let (ticket, page, items) =
        gateway.pages.open(right, Manners::of(edition), (show, status.clone())).await?;
    let given = match give(gateway, asked, &page, &items, (show, status)).await {
        Ok(given) => given,
        Err(refused) => {
            acknowledge(gateway, &page, page.leave()).await;
            return Err(refused);
        }
    };
    let mut items = page.poller.unblocked(items);
    // Events are for pages that were there; the library would take them for messages here.
    items.retain(|item| !item.is_aside());
    let mut response = given.answer(gateway, asked, manner, ticket, &page, &items)?;
    if asked.is_document {
        // A form logs in, and the page that posted it begins by the cookie: nobody has this ticket.
        acknowledge(gateway, &page, page.leave()).await;
    }
    let (token, path) = (page.poller.token.reveal(), &gateway.mount.prefix);
    let secure =
        if asked.base.as_ref().is_some_and(|base| base.starts_with("https:")) { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path={path}/; Max-Age={KEPT}; HttpOnly; SameSite=Lax{secure}");
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}

/// By what right the page begins. A password comes by POST, so that it stands in no log of addresses. Whoever gives a name means
/// that user, and not the one whose cookie the browser has kept.
async fn right(gateway: &Gateway, asked: &Asked) -> Result<Right, Refused> {
    let params = &asked.params;
    let app = gateway.core.app(&gateway.mount.app).await?;
    let given =
        (params.text("username"), params.verbatim("password").filter(|password| !password.is_empty()));
    let (username, password) = match given {
        (Some(username), Some(password)) => (username, password),
        (Some(_), None) => return Err(Refused::not_authorized()),
        (None, _) => {
            let token = asked.token().ok_or_else(Refused::not_authorized)?;
            return Ok(Right::Token(app.id, token.clone()));
        }
    };
    if asked.is_get {
        return Err(Refused::bad("a password is given by POST"));
    }
    if !asked.is_trusted(Kind::Writes) {
        return Err(Refused::forbidden());
    }
    let (Ok(username), Ok(password)) = (Username::new(username), Password::new(password)) else {
        return Err(Refused::not_authorized());
    };
    Ok(Right::Known(gateway.core.authenticate(app.id, username.as_str(), password).await?))
}

/// Somebody whom a page knows.
struct Person {
    record: ProfileRecord,
    /// The group of contacts, of who is in the user's list.
    group: Option<String>,
    shown: Option<Shown>,
    /// Whether the page is told more than that it is online.
    told: bool,
}

/// What a beginning page is told.
struct Given {
    me: ProfileRecord,
    shown: Shown,
    people: Vec<Person>,
    rooms: Rooms,
    setting: Setting,
    /// For pages of 2010: the logs of whom and what they show.
    histories: Vec<(String, Vec<Entry>)>,
}

async fn give(
    gateway: &Gateway,
    asked: &Asked,
    page: &Arc<Page>,
    items: &[Item],
    (show, status): (Show, Option<Description>),
) -> Result<Given, Refused> {
    let (core, session) = (&gateway.core, &page.poller.session);
    let setting = Setting::of(gateway, session).await?;
    page.poller.block(setting.blocked());
    let me = core.people(session, vec![session.user.name.clone()]).await?.pop();
    let me = me.ok_or_else(Refused::not_authorized)?;
    let mut people = people(gateway, page, asked, items).await?;
    let strangers =
        names(asked.params.list("chatlink_ids")?.into_iter().chain(asked.params.list("stranger_ids")?));
    let strangers = core.people(session, strangers).await?;
    page.also_watch(
        people.iter().map(|person| &person.record).chain(&strangers).map(|record| record.card.id),
    );
    let rooms = Rooms::of(gateway, session, &setting.blocked()).await?;
    listen(gateway, &page.poller, rooms.ids()).await?;
    let ids = people.iter().map(|person| person.record.card.id).collect();
    let seen = core.look(session, ids, Vec::new()).await?;
    for (person, shown) in people.iter_mut().zip(seen.users) {
        person.shown = shown;
    }
    let mut given = Given {
        me,
        shown: Shown { show, status, since: core.now() },
        people,
        rooms,
        setting,
        histories: Vec::new(),
    };
    if page.edition == Edition::Old {
        given.histories = histories(gateway, session, asked, &given).await?;
    }
    Ok(given)
}

/// Those in the user's list, those the page asks for, and those from whom something waits. A page of 2010 is told of its contacts
/// only that they are online, unless it asks for more; it may bring a list of its own.
async fn people(
    gateway: &Gateway,
    page: &Page,
    asked: &Asked,
    items: &[Item],
) -> Result<Vec<Person>, Refused> {
    let (core, session) = (&gateway.core, &page.poller.session);
    let senders = items.iter().filter_map(|item| match item {
        Item::Entry(shared) if matches!(shared.entry.to, Destination::User(_)) => Some(&shared.entry.sender),
        Item::Entry(_) | Item::Own(_) | Item::Signal(_) => None,
    });
    let mut to_tell: HashSet<_> = names(asked.params.buddies_to_tell()?.into_iter()).into_iter().collect();
    to_tell.extend(senders.map(|sender| sender.name.clone()));
    let mut people: Vec<_> = core
        .contacts(session)
        .await?
        .into_iter()
        .map(|contact| Person {
            told: page.edition == Edition::Current || to_tell.contains(&contact.other.card.name),
            group: Some(contact.label.as_str().to_owned()),
            record: contact.other,
            shown: None,
        })
        .collect();
    let mut more: Vec<_> =
        names(asked.params.list("buddies")?.into_iter()).into_iter().chain(to_tell.iter().cloned()).collect();
    let known: HashSet<_> = people.iter().map(|person| &person.record.card.name).collect();
    more.retain(|name| !known.contains(name) && *name != session.user.name);
    more.sort_unstable();
    more.dedup();
    let more = core.people(session, more).await?.into_iter();
    people.extend(more.map(|record| {
        let told = to_tell.contains(&record.card.name);
        Person { record, group: None, shown: None, told }
    }));
    Ok(people)
}

/// Ids that can be those of users.
pub(super) fn names<'a>(ids: impl Iterator<Item = &'a str>) -> Vec<Username> {
    ids.filter_map(|id| Username::new(id).ok()).collect()
}

async fn histories(
    gateway: &Gateway,
    session: &Arc<Session>,
    asked: &Asked,
    given: &Given,
) -> Result<Vec<(String, Vec<Entry>)>, Refused> {
    let people = given.told().map(|person| person.record.card.name.as_str());
    let rooms = asked.params.rooms_to_tell()?;
    let mut histories = Vec::new();
    for id in people.chain(rooms) {
        if let Some(with) = calls::conversation(id) {
            let log = gateway.core.history(session, with, HISTORY).await?;
            histories.push((id.to_owned(), log));
        }
    }
    Ok(histories)
}

impl Given {
    fn told(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.told)
    }

    fn answer(
        &self,
        gateway: &Gateway,
        asked: &Asked,
        manner: &Manner,
        ticket: String,
        page: &Page,
        items: &[Item],
    ) -> Result<Response, Refused> {
        let (sights, edition) = (&gateway.options.sights, page.edition);
        let told = Told::As(self.shown.show);
        let user = outbound::user(sights, edition, &self.me, Some(&self.shown), Some(told));
        let connection = connection(gateway, asked, ticket)?;
        let buddies = self.told().map(|person| {
            outbound::buddy(sights, edition, &person.record, person.shown.as_ref(), person.group.as_deref())
        });
        let buddies: Vec<Buddy<'_>> = buddies.collect();
        let mut new_messages = outbound::packets(page, items).messages;
        // What the user said from elsewhere is in the histories.
        new_messages.retain(|message| message.from != self.me.card.name.as_str());
        let server_time = gateway.core.now();
        let online = self.people.iter().filter_map(|person| {
            let told = Told::to_others(Some(person.shown.as_ref()?.show));
            Some((person.record.card.name.as_str(), told))
        });
        match edition {
            Edition::Current => Ok(manner.value(&Online {
                success: Success,
                server_time,
                user,
                connection,
                buddies,
                rooms: self.rooms.objects(gateway, edition, None),
                new_messages,
                presences: online.map(|(name, told)| (name.into(), told)).collect::<ById<'_, Told>>(),
                offline_messages: None,
            })),
            Edition::Old => {
                let setting = RawValue::from_string(self.setting.json()).map_err(|_| {
                    Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "the setting cannot be written")
                })?;
                let shown_rooms = asked.params.rooms_to_tell()?;
                Ok(manner.value(&OnlineOld {
                    server_time,
                    user,
                    connection,
                    setting: &setting,
                    online_buddies: online.map(|(name, _)| name.into()).collect(),
                    presence_buddies: buddies,
                    presence_rooms: self.rooms.objects(gateway, edition, Some(&shown_rooms)),
                    histories: self.logs(),
                    new_messages,
                }))
            }
        }
    }

    fn logs(&self) -> ById<'_, Vec<LogItem<'_>>> {
        let mut logs = ById::new();
        for (id, entries) in &self.histories {
            logs.insert(id.as_str().into(), outbound::log(Edition::Old, entries));
        }
        logs
    }
}

/// Where the page hears what is new.
fn connection(gateway: &Gateway, asked: &Asked, ticket: String) -> Result<Connection<'static>, Refused> {
    let base = asked.base.as_deref().ok_or_else(|| Refused::bad("the header Host makes no sense"))?;
    let server = format!("{base}{}/packets", gateway.mount.prefix);
    let websocket = server.replacen("http", "ws", 1);
    Ok(Connection {
        domain: gateway.mount.domain.clone().into(),
        ticket: ticket.into(),
        server: server.into(),
        websocket: Some(websocket.into()),
    })
}
