//! `invite`: a room with members, or more members of one.

use super::{
    caller::Asked,
    online::names,
    rooms::{group, listen_anew, told},
};
use crate::webim::{
    Gateway,
    answer::Manner,
    outbound::{self, read_room_id, room_id},
    session::Page,
    wire::Refused,
};
use axum::response::Response;
use futures_util::future::join_all;
use jmessage_core::{Error, GroupChange, Receipt, To, UserCard};
use jmessage_model::{Content, ConversationId, Description, GroupName};
use std::sync::Arc;

/// Takes users into a room of the page's user: that of `id`, or a new one called `nick`. An `id` that is none of ours is what the
/// page would have called it; it is called by an id of ours. Users whom nobody knows are passed over.
pub(super) async fn invite(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    let (core, session) = (&gateway.core, &page.poller.session);
    let given = asked.params.list("members")?;
    if given.is_empty() {
        return Err(Refused::bad("members is missing"));
    }
    let people = core.people(session, names(given.into_iter())).await?;
    let mut users: Vec<_> = people.into_iter().map(|person| person.card).collect();
    users.retain(|user| user.id != session.user.id);
    let id = match asked.params.text("id").and_then(read_room_id) {
        Some(id) => {
            let (group, _) = core.group(session, id, 0, 0).await?;
            users.retain(|user| !group.members.has(user.id));
            add(gateway, &page, id, &users).await?;
            id
        }
        None => create(gateway, &page, asked.params.required("nick")?, &users).await?,
    };
    // What follows tells of it; where the page does not hear, it hears from its next `online` on.
    let _ = listen_anew(gateway, &page.poller).await;
    let room = group(gateway, session, id).await?;
    let (record, present) = &room;
    let name = record.card.name.as_str();
    // Pages join by this. Who does not hear it finds the room when it comes.
    let event = Content::Text(format!("invite|,|{}|,|{name}", room_id(id)));
    join_all(users.iter().map(|user| core.aside(session, To::User(user.name.clone()), event.clone()))).await;
    let counts = (record.members.ids().len(), present.len());
    let blocked = page.poller.blocked().contains(&id);
    let mut answer = outbound::room(&gateway.options.sights, page.edition, (id, name), counts, blocked);
    answer.members = Some(told(page.edition, &room).collect());
    Ok(manner.value(&answer))
}

async fn add(
    gateway: &Gateway,
    page: &Page,
    group: ConversationId,
    users: &[Arc<UserCard>],
) -> Result<(), Error> {
    let users = users.iter().map(|user| user.name.clone()).collect();
    page.poller.change(&gateway.core, GroupChange::Add { group, users }).await.map(drop)
}

/// A new room with these in it beside the page's user. If they cannot be taken in, it ends at once.
async fn create(
    gateway: &Gateway,
    page: &Page,
    nick: &str,
    users: &[Arc<UserCard>],
) -> Result<ConversationId, Refused> {
    let core = &gateway.core;
    let name = GroupName::new(nick).map_err(|error| Refused::bad(format!("nick {error}")))?;
    let description = Description::new("").map_err(Error::Name)?;
    let id = match page.poller.change(core, GroupChange::Create { name, description }).await? {
        Receipt::Group(group) => group.card.id,
        Receipt::Sent(_) | Receipt::Ended | Receipt::Done => return Err(Error::Unavailable.into()),
    };
    if let Err(error) = add(gateway, page, id, users).await {
        let _ = page.poller.change(core, GroupChange::Exit { group: id }).await;
        return Err(error.into());
    }
    Ok(id)
}
