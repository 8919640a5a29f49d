//! Rooms of a site: groups under keys of the site's choice, which come into being with their first member. Who is in them is for
//! the site to say. A group of ours has its number, behind an underscore, for its id.

use super::{
    Params,
    door::{Asked, Site},
};
use crate::webim::{
    answer::Manner,
    inbound::rooms::listen_anew,
    outbound::{self, read_room_id},
    session::{Page, Poller},
    wire::{ById, Refused, SiteDone, SiteJoined, SiteMember, Told},
};
use axum::response::Response;
use jmessage_core::{Error, GroupCard, GroupChange, GroupRef, port::GroupRecord};
use jmessage_model::{ConversationId, GroupKey};

/// The rooms of `online`: `rooms`, or `groups` of older clients.
pub(super) fn asked_rooms(params: &Params) -> Result<Vec<&str>, Refused> {
    params.list(if params.text("rooms").is_some() { "rooms" } else { "groups" })
}

/// The room of a call: in its path, or of older clients in a parameter.
fn asked_room<'a>(asked: &'a Asked, room: Option<&'a str>) -> Result<&'a str, Refused> {
    match room {
        Some(room) => Ok(room),
        None => asked.params.text("group").map_or_else(|| asked.params.required("room"), Ok),
    }
}

/// What the id of a room names.
fn named(id: &str) -> Result<GroupRef, Refused> {
    if let Some(number) = read_room_id(id) {
        return Ok(GroupRef::Number(number));
    }
    GroupKey::new(id).map(GroupRef::Key).map_err(|error| Refused::bad(format!("room {error}")))
}

/// Whether this is the id of a group.
pub(super) fn is_called(card: &GroupCard, id: &str) -> bool {
    match read_room_id(id) {
        Some(number) => card.id == number,
        None => card.key.as_ref().is_some_and(|key| key.as_str() == id),
    }
}

/// The group of an id; none for an id that names none.
pub(super) async fn find(site: &Site, id: &str) -> Result<Option<ConversationId>, Refused> {
    match named(id)? {
        GroupRef::Number(number) => Ok(Some(number)),
        GroupRef::Key(key) => Ok(site.core().keyed_group(site.app, key).await?),
    }
}

/// The user comes into a room; false when that is full, or not there, or can be none.
pub(super) async fn enter(site: &Site, poller: &Poller, id: &str) -> Result<bool, Refused> {
    let Ok(group) = named(id) else { return Ok(false) };
    match poller.change(site.core(), GroupChange::Enter { group }).await {
        Ok(_) => Ok(true),
        Err(Error::GroupFull | Error::NoSuchGroup) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The user comes into a room, and its pages hear of it.
pub(super) async fn join(site: &Site, asked: &Asked, room: Option<&str>) -> Result<Response, Refused> {
    let page = site.page(asked)?;
    let (core, poller, id) = (site.core(), &page.poller, asked_room(asked, room)?);
    poller.change(core, GroupChange::Enter { group: named(id)? }).await?;
    let number = find(site, id).await?.ok_or_else(Refused::not_found)?;
    let group = core.group_of(site.app, number).await?;
    poller.learn([&*group.card]);
    listen_anew(&site.gateway, poller).await?;
    let count = seen(site, &group).await?.len();
    Ok(match room {
        Some(_) => Manner::Json.value(&SiteJoined { id, count }),
        None => Manner::Json.value(&ById::from([(id.into(), count)])),
    })
}

/// The user leaves a room. It is as good as done for one that it is not in.
pub(super) async fn leave(site: &Site, asked: &Asked, room: Option<&str>) -> Result<Response, Refused> {
    let page = site.page(asked)?;
    if let Some(group) = find(site, asked_room(asked, room)?).await? {
        match page.poller.change(site.core(), GroupChange::Quit { group }).await {
            Ok(_) | Err(Error::NoSuchGroup | Error::NotInGroupToLeave) => {}
            Err(error) => return Err(error.into()),
        }
        listen_anew(&site.gateway, &page.poller).await?;
    }
    Ok(Manner::Json.value(&SiteDone {}))
}

/// Who of a room is to be seen. In one that has not come into being is nobody. A page sees into rooms of its user.
pub(super) async fn members(
    site: &Site,
    asked: &Asked,
    room: Option<&str>,
    page: Option<&Page>,
) -> Result<Response, Refused> {
    let group = match find(site, asked_room(asked, room)?).await? {
        Some(number) => match site.core().group_of(site.app, number).await {
            Ok(group) => Some(group),
            Err(Error::NoSuchGroup) => None,
            Err(error) => return Err(error.into()),
        },
        None => None,
    };
    let is_open =
        |group: &GroupRecord| page.is_none_or(|page| group.members.has(page.poller.session.user.id));
    let group = group.filter(is_open);
    let seen = match &group {
        Some(group) => seen(site, group).await?,
        None => Vec::new(),
    };
    let cards = group.iter().flat_map(|group| group.members.cards());
    let there = cards.filter_map(|card| {
        let at = seen.binary_search_by_key(&card.id, |(id, _)| *id).ok()?;
        Some((card, seen[at].1))
    });
    if room.is_some() {
        let shows = there.map(|(card, told)| (card.name.as_str().into(), told));
        return Ok(Manner::Json.value(&shows.collect::<ById<'_, Told>>()));
    }
    let members = there
        .map(|(card, _)| SiteMember { id: card.name.as_str().into(), nick: outbound::nick(card).into() });
    Ok(Manner::Json.value(&members.collect::<Vec<_>>()))
}

/// The members that are to be seen, in the order of their numbers.
async fn seen(site: &Site, group: &GroupRecord) -> Result<Vec<(jmessage_model::UserId, Told)>, Refused> {
    let ids = group.members.ids();
    let shown = site.core().look_in(site.app, ids.to_vec()).await?;
    let there = ids.iter().zip(shown).filter_map(|(id, shown)| Some((*id, Told::As(shown?.show))));
    Ok(there.collect())
}
