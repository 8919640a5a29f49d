//! Rooms: the groups of the user. Which of them it wants to hear of is its own affair: to leave a room is to block it, and to
//! join it is to hear of it again. Who is a member is for the group to say.

use super::{
    caller::{Asked, Kind},
    setting::Setting,
};
use crate::webim::{
    Gateway,
    answer::Manner,
    outbound::{self, read_room_id, room_id},
    session::{Page, Poller},
    wire::{ById, Edition, Refused, Room, RoomMember},
};
use axum::response::Response;
use jmessage_core::{
    Session,
    port::{GroupListing, GroupRecord},
};
use jmessage_model::{ConversationId, UserId};
use std::{collections::HashSet, sync::Arc};

/// Members told of a room at most.
const MEMBERS: usize = 10_000;

/// The rooms of a user, with who is there.
pub(super) struct Rooms {
    listed: Vec<(GroupListing, usize)>,
    blocked: HashSet<ConversationId>,
}

impl Rooms {
    pub(super) async fn of(
        gateway: &Gateway,
        session: &Arc<Session>,
        blocked: &HashSet<ConversationId>,
    ) -> Result<Self, Refused> {
        let listed = gateway.core.groups(session, 0).await?;
        let ids = listed.iter().map(|listing| listing.group.card.id).collect();
        let seen = gateway.core.look(session, Vec::new(), ids).await?;
        let present = seen.groups.into_iter().map(|present| present.len());
        Ok(Self { listed: listed.into_iter().zip(present).collect(), blocked: blocked.clone() })
    }

    /// All of them.
    pub(super) fn ids(&self) -> impl Iterator<Item = ConversationId> {
        self.listed.iter().map(|(listing, _)| listing.group.card.id)
    }

    /// As pages are told: all, or those of these ids.
    pub(super) fn objects(
        &self,
        gateway: &Gateway,
        edition: Edition,
        only: Option<&[&str]>,
    ) -> Vec<Room<'_>> {
        let wanted = |id| only.is_none_or(|only| only.contains(&room_id(id).as_str()));
        let rooms = self.listed.iter().filter(|(listing, _)| wanted(listing.group.card.id));
        let rooms = rooms.map(|(listing, present)| {
            let card = &listing.group.card;
            let blocked = self.blocked.contains(&card.id);
            let counts = (listing.size, *present);
            outbound::room(&gateway.options.sights, edition, (card.id, card.name.as_str()), counts, blocked)
        });
        rooms.collect()
    }
}

/// From now on the user's pages hear of whom they show, and of those of its groups that it has not blocked.
pub(super) async fn listen(
    gateway: &Gateway,
    poller: &Poller,
    groups: impl Iterator<Item = ConversationId>,
) -> Result<(), Refused> {
    let blocked = poller.blocked();
    let heard = groups.filter(|id| !blocked.contains(id)).collect();
    Ok(gateway.core.watch(&poller.session, poller.watched(), heard).await?)
}

/// [`listen`] to the groups the user is in now.
pub(super) async fn listen_anew(gateway: &Gateway, poller: &Poller) -> Result<(), Refused> {
    let listed = gateway.core.groups(&poller.session, 0).await?;
    listen(gateway, poller, listed.iter().map(|listing| listing.group.card.id)).await
}

/// Rooms of these ids, or all.
pub(super) async fn rooms(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let caller = asked.caller(gateway, Kind::Reads)?;
    let ids = asked.params.list("ids")?;
    let rooms = Rooms::of(gateway, &caller.poller.session, &caller.poller.blocked()).await?;
    let edition = edition(gateway, asked, caller.page.as_deref());
    Ok(manner.value(&rooms.objects(gateway, edition, (!ids.is_empty()).then_some(&ids))))
}

/// The edition of a call.
pub(super) fn edition(gateway: &Gateway, asked: &Asked, page: Option<&Page>) -> Edition {
    match page {
        Some(page) => page.edition,
        None if gateway.mount.old => Edition::Old,
        None => asked.params.edition(),
    }
}

/// The page hears of a room again.
pub(super) async fn join(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    let id = read_room_id(asked.params.required("id")?).ok_or_else(Refused::not_found)?;
    let rooms = set_blocked(gateway, &page, id, false).await?;
    let room = rooms.objects(gateway, page.edition, Some(&[&room_id(id)])).pop();
    Ok(manner.value(&room.ok_or_else(Refused::not_found)?))
}

/// The page does not hear of a room any more. It is as good as done for a room that is not the user's.
pub(super) async fn leave(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    if let Some(id) = read_room_id(asked.params.required("id")?) {
        match set_blocked(gateway, &page, id, true).await {
            Err(refused) if refused != Refused::not_found() => return Err(refused),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(manner.ok())
}

/// Whether the page hears of a room, by the names that newer pages have for it.
pub(super) async fn block(
    gateway: &Gateway,
    asked: &Asked,
    manner: &Manner,
    block: bool,
) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    let id = read_room_id(asked.params.required("id")?).ok_or_else(Refused::not_found)?;
    set_blocked(gateway, &page, id, block).await?;
    Ok(manner.ok())
}

async fn set_blocked(
    gateway: &Gateway,
    page: &Page,
    id: ConversationId,
    block: bool,
) -> Result<Rooms, Refused> {
    let session = &page.poller.session;
    let mut setting = Setting::of(gateway, session).await?;
    let is_new = setting.block(id, block);
    let rooms = Rooms::of(gateway, session, &setting.blocked()).await?;
    if !rooms.ids().any(|other| other == id) {
        return Err(Refused::not_found());
    }
    if is_new {
        setting.keep(gateway, session).await?;
    }
    page.poller.block(setting.blocked());
    listen(gateway, &page.poller, rooms.ids()).await?;
    Ok(rooms)
}

/// Who is in a room; for several rooms, as in 2010, by their ids.
pub(super) async fn members(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let caller = asked.caller(gateway, Kind::Reads)?;
    let session = &caller.poller.session;
    let edition = edition(gateway, asked, caller.page.as_deref());
    let ids = asked.params.ids()?;
    if edition == Edition::Current && asked.params.text("ids").is_none() {
        let id = ids.first().copied().and_then(read_room_id).ok_or_else(Refused::not_found)?;
        let members = group(gateway, session, id).await?;
        let members: Vec<_> = told(edition, &members).collect();
        return Ok(manner.value(&members));
    }
    let mut found = Vec::new();
    for id in ids {
        let Some(number) = read_room_id(id) else { continue };
        match group(gateway, session, number).await {
            Ok(room) => found.push((id, room)),
            Err(refused) if refused == Refused::not_found() => {}
            Err(refused) => return Err(refused),
        }
    }
    let mut rooms: ById<'_, Vec<RoomMember<'_>>> = ById::new();
    for (id, room) in &found {
        rooms.insert((*id).into(), told(edition, room).collect());
    }
    Ok(manner.value(&rooms))
}

/// The members of a group, with who is there.
pub(super) fn told(
    edition: Edition,
    (group, present): &(GroupRecord, HashSet<UserId>),
) -> impl Iterator<Item = RoomMember<'_>> {
    let members = group.members.cards().iter().take(MEMBERS);
    members.map(move |card| outbound::member(edition, card, present.contains(&card.id)))
}

/// A group, and who of it is there.
pub(super) async fn group(
    gateway: &Gateway,
    session: &Arc<Session>,
    id: ConversationId,
) -> Result<(GroupRecord, HashSet<UserId>), Refused> {
    let (group, _) = gateway.core.group(session, id, 0, 0).await?;
    let seen = gateway.core.look(session, Vec::new(), vec![id]).await?;
    Ok((group, seen.groups.into_iter().flatten().collect()))
}
