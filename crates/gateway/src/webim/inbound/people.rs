//! Those whom a user knows, and those it looks for.

use super::{
    caller::{Asked, Caller, Kind},
    rooms::{edition, listen_anew},
};
use crate::webim::{Gateway, answer::Manner, outbound, wire::Refused};
use axum::response::Response;
use jmessage_core::port::{ContactRecord, ProfileRecord};
use jmessage_model::{Nickname, Username};

/// Users that a search finds at most.
const FOUND: usize = 50;

/// Tells the caller of people, of whom some are in its user's list.
pub(super) async fn tell(
    gateway: &Gateway,
    asked: &Asked,
    manner: &Manner,
    caller: &Caller,
    (people, contacts): (&[ProfileRecord], &[ContactRecord]),
) -> Result<Response, Refused> {
    let numbers = people.iter().map(|person| person.card.id).collect();
    let seen = gateway.core.look(&caller.poller.session, numbers, Vec::new()).await?;
    let edition = edition(gateway, asked, caller.page.as_deref());
    let group = |id| contacts.iter().find(|contact| contact.other.card.id == id).map(|c| c.label.as_str());
    let buddies = people.iter().zip(&seen.users).map(|(person, shown)| {
        outbound::buddy(&gateway.options.sights, edition, person, shown.as_ref(), group(person.card.id))
    });
    Ok(manner.value(&buddies.collect::<Vec<_>>()))
}

/// Users in whose id or nickname `nick` stands. They are told as by `buddies`, and not watched.
pub(super) async fn search(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let caller = asked.caller(gateway, Kind::Reads)?;
    let nick = Nickname::new(asked.params.required("nick")?);
    let nick = nick.map_err(|error| Refused::bad(format!("nick {error}")))?;
    let (core, session) = (&gateway.core, &caller.poller.session);
    let people = core.search(session, nick, FOUND).await?;
    let contacts = core.contacts(session).await?;
    tell(gateway, asked, manner, &caller, (&people, &contacts)).await
}

/// Somebody is not in the user's list any more, and no page of the user hears of it. It is as good as done for who is not there.
pub(super) async fn remove_buddy(
    gateway: &Gateway,
    asked: &Asked,
    manner: &Manner,
) -> Result<Response, Refused> {
    let poller = asked.caller(gateway, Kind::Writes)?.poller;
    if let Ok(other) = Username::new(asked.params.required("id")?)
        && let Some(other) = gateway.core.drop_contact(&poller.session, other).await?
    {
        poller.show_no_longer(other);
        listen_anew(gateway, &poller).await?;
    }
    Ok(manner.ok())
}
