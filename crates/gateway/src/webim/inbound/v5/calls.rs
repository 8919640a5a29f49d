//! The short calls of a site about its users' pages and messages.

use super::{
    door::{Asked, Site},
    online::status as status_of,
    rooms,
};
use crate::webim::{
    answer::Manner,
    inbound::{
        calls::{self, Said},
        online::names,
    },
    packets::acknowledge,
    wire::{ById, MessageType, Refused, SiteDone, Told},
};
use axum::response::Response;
use jmessage_core::{To, WATCHED};
use jmessage_model::Username;

fn done() -> Response {
    Manner::Json.value(&SiteDone {})
}

/// The page is gone. Sites say so too when it is only loaded anew, so its user stays for a moment; what it did not confirm comes
/// again. It is as good as done for a page that is not there.
pub(super) async fn offline(site: &Site, asked: &Asked) -> Result<Response, Refused> {
    let ticket = asked.ticket()?;
    let pages = &site.gateway.pages;
    if let Some(page) = pages.page(ticket) {
        acknowledge(&site.gateway, &page, page.leave()).await;
        pages.void(ticket);
    }
    Ok(done())
}

/// What the user shows to others from now on.
pub(super) async fn show(site: &Site, asked: &Asked) -> Result<Response, Refused> {
    let page = site.page(asked)?;
    let show = asked.params.show()?.unwrap_or_default();
    site.core().show(&page.poller.session, show, status_of(&asked.params)).await?;
    Ok(done())
}

/// Who of these users is to be seen, and as what.
pub(super) async fn presences(site: &Site, asked: &Asked) -> Result<Response, Refused> {
    let ids = asked.params.first_of("ids", WATCHED);
    let people = site.core().people_of(site.app, names(ids.into_iter())).await?;
    let users = people.iter().map(|person| person.card.id).collect();
    let shown = site.core().look_in(site.app, users).await?;
    let there = people
        .iter()
        .zip(shown)
        .filter_map(|(person, shown)| Some((person.card.name.as_str().into(), Told::As(shown?.show))));
    Ok(Manner::Json.value(&there.collect::<ById<'_, Told>>()))
}

/// Sends a message of the ticket's user, or of `from`, who need not be online; the answer means that it is stored. A site may
/// speak to everybody. An event of a page is told to whoever is there.
pub(super) async fn message(site: &Site, asked: &Asked) -> Result<Response, Refused> {
    let (core, params) = (site.core(), &asked.params);
    let kind = params.text("type").map_or(Ok(MessageType::Chat), |_| params.message_type())?;
    let said = Said::of(params);
    let from = params.text("from").map(Username::new).transpose();
    let from = from.map_err(|error| Refused::bad(format!("from {error}")))?;
    let page = match &from {
        Some(name) => params
            .ticket()
            .and_then(|ticket| site.gateway.pages.page(ticket))
            .filter(|page| page.poller.session.user.name == *name),
        None => Some(site.page(asked)?),
    };
    let to = match kind {
        MessageType::Broadcast => None,
        MessageType::Chat => {
            Some(To::User(Username::new(params.required("to")?).map_err(|_| Refused::not_found())?))
        }
        MessageType::GroupChat => {
            Some(To::Group(rooms::find(site, params.required("to")?).await?.ok_or_else(Refused::not_found)?))
        }
    };
    if to.is_none() && matches!(said, Said::Event(_)) {
        return Err(calls::nobodys_event());
    }
    let from = match (from, &page) {
        (Some(name), None) => core.enrol(site.app, name, None).await?,
        (_, Some(page)) => page.poller.session.user.clone(),
        (None, None) => return Err(Refused::bad("ticket is missing")),
    };
    let by = || page.as_ref().map(|page| page.poller.session.clone());
    match (said, to, &page) {
        (Said::Message(content), Some(to), Some(page)) => drop(page.send(core, to, content).await?),
        (Said::Message(content), Some(to), None) => drop(core.post(from, to, content).await?),
        (Said::Message(content), None, _) => core.announce(from, by(), content).await?,
        (Said::Event(content), Some(to), _) => core.remark(from, by(), to, content).await?,
        (Said::Event(_), None, _) => return Err(calls::nobodys_event()),
    }
    Ok(done())
}

/// Tells another user that this one is typing. To whom nothing can be told, nothing is.
pub(super) async fn status(site: &Site, asked: &Asked) -> Result<Response, Refused> {
    let page = site.page(asked)?;
    calls::tell_typing(&site.gateway, &page, &asked.params).await?;
    Ok(done())
}
