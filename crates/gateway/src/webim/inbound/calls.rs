//! The short calls about messages, people, and what the page's user shows.

use super::{
    caller::{Asked, Kind},
    link,
    online::names,
    params::Params,
    rooms::{edition, listen_anew},
    setting::Setting,
    style,
};
use crate::webim::{
    Gateway,
    answer::Manner,
    outbound::{self, read_room_id},
    packets::acknowledge,
    session::Page,
    wire::{ById, Edition, LogItem, MenuItem, MessageType, Notification, Refused},
};
use axum::response::Response;
use jmessage_core::To;
use jmessage_model::{Content, Noted, Username};

/// Messages of a history at most.
pub(super) const HISTORY: usize = 50;
/// Notices at most.
const NOTICES: usize = 50;
/// What texts begin with by which old pages tell each other something; they are no messages.
const EVENT: &str = "webim-event:";

/// The page is gone, and its user with it unless it has another one.
pub(super) async fn offline(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    acknowledge(gateway, &page, page.leave()).await;
    if page.poller.is_empty() {
        gateway.core.leave(page.poller.session.clone()).await;
    }
    Ok(manner.ok())
}

/// The page is loaded anew. What it did not confirm comes again.
pub(super) async fn refresh(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    acknowledge(gateway, &page, page.leave()).await;
    Ok(manner.ok())
}

/// Users of these ids; without any, those in the user's list. They are watched from now on.
pub(super) async fn buddies(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let caller = asked.caller(gateway, Kind::Reads)?;
    let (core, session) = (&gateway.core, &caller.poller.session);
    let ids = asked.params.list("ids")?;
    let contacts = core.contacts(session).await?;
    let people = if ids.is_empty() {
        contacts.iter().map(|contact| contact.other.clone()).collect()
    } else {
        core.people(session, names(ids.into_iter())).await?
    };
    let numbers: Vec<_> = people.iter().map(|person| person.card.id).collect();
    if let Some(page) = &caller.page {
        page.also_watch(numbers.iter().copied());
        listen_anew(gateway, &caller.poller).await?;
    }
    let seen = core.look(session, numbers, Vec::new()).await?;
    let edition = edition(gateway, asked, caller.page.as_deref());
    let group = |id| contacts.iter().find(|contact| contact.other.card.id == id).map(|c| c.label.as_str());
    let buddies = people.iter().zip(&seen.users).map(|(person, shown)| {
        outbound::buddy(&gateway.options.sights, edition, person, shown.as_ref(), group(person.card.id))
    });
    Ok(manner.value(&buddies.collect::<Vec<_>>()))
}

/// The conversation of an id.
pub(super) fn conversation(id: &str) -> Option<To> {
    read_room_id(id).map(To::Group).or_else(|| Username::new(id).ok().map(To::User))
}

/// The conversation of an id, if it is of the type that was given.
fn conversation_of_type(asked: &Asked, id: &str) -> Result<Option<To>, Refused> {
    let kind = asked.params.text("type").map(|_| asked.params.message_type()).transpose()?;
    Ok(conversation(id).filter(|with| match kind {
        Some(MessageType::Chat) => matches!(with, To::User(_)),
        Some(MessageType::GroupChat) => matches!(with, To::Group(_)),
        Some(MessageType::Broadcast) => false,
        None => true,
    }))
}

/// What was said; for several ids, as in 2010, by id.
pub(super) async fn history(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let caller = asked.caller(gateway, Kind::Reads)?;
    let session = &caller.poller.session;
    let edition = edition(gateway, asked, caller.page.as_deref());
    let mut logs = Vec::new();
    for id in asked.params.ids()? {
        let log = match conversation_of_type(asked, id)? {
            Some(with) => gateway.core.history(session, with, HISTORY).await?,
            None => Vec::new(),
        };
        logs.push((id, log));
    }
    if edition == Edition::Current
        && let [(_, log)] = logs.as_slice()
    {
        return Ok(manner.value(&outbound::log(edition, log)));
    }
    let mut by_id: ById<'_, Vec<LogItem<'_>>> = ById::new();
    for (id, log) in &logs {
        by_id.insert((*id).into(), outbound::log(edition, log));
    }
    Ok(manner.value(&by_id))
}

/// Hides what was said from the user's history.
pub(super) async fn clear_history(
    gateway: &Gateway,
    asked: &Asked,
    manner: &Manner,
) -> Result<Response, Refused> {
    let caller = asked.caller(gateway, Kind::Writes)?;
    for id in asked.params.ids()? {
        let Some(with) = conversation_of_type(asked, id)? else { continue };
        match gateway.core.clear_history(&caller.poller.session, with).await.map_err(Refused::from) {
            Err(refused) if refused != Refused::not_found() => return Err(refused),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(manner.ok())
}

/// What a message says, and how it is to look.
pub(super) fn said(params: &Params) -> Result<Content, Refused> {
    let text = params.verbatim("body").unwrap_or_default().to_owned();
    if text.starts_with(EVENT) {
        return Err(Refused::bad("events of pages are not carried"));
    }
    Ok(match params.text("style").and_then(style::filtered) {
        Some(note) => Content::Noted(Box::new(Noted { text, note })),
        None => Content::Text(text),
    })
}

/// Sends a message; the answer means that it is stored.
pub(super) async fn message(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    let params = &asked.params;
    let kind = params.message_type()?;
    let content = said(params)?;
    let core = &gateway.core;
    match (kind, params.text("to")) {
        (MessageType::Broadcast, _) => core.broadcast(&page.poller.session, content).await?,
        (MessageType::Chat, Some(to)) => {
            let to = Username::new(to).map_err(|_| Refused::not_found())?;
            page.send(core, To::User(to), content).await?;
        }
        (MessageType::GroupChat, Some(to)) => {
            let to = read_room_id(to).ok_or_else(Refused::not_found)?;
            page.send(core, To::Group(to), content).await?;
        }
        (MessageType::Chat | MessageType::GroupChat, None) => return Err(Refused::bad("to is missing")),
    }
    Ok(manner.ok())
}

/// What the user shows to others from now on.
pub(super) async fn presence(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    let status = asked.params.status()?;
    let show = asked.params.show()?.unwrap_or_default();
    gateway.core.show(&page.poller.session, show, status).await?;
    Ok(manner.ok())
}

/// Tells another user that this one is typing. To whom nothing can be told, nothing is.
pub(super) async fn status(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    tell_typing(gateway, &page, &asked.params).await?;
    Ok(manner.ok())
}

/// See [`status`].
pub(super) async fn tell_typing(gateway: &Gateway, page: &Page, params: &Params) -> Result<(), Refused> {
    let typing = match params.required("show")? {
        "typing" => true,
        "clear" => false,
        _ => return Err(Refused::bad("no such show")),
    };
    if let Ok(to) = Username::new(params.required("to")?) {
        gateway.core.typing(&page.poller.session, to, typing).await?;
    }
    Ok(())
}

/// Keeps what the page sets.
pub(super) async fn setting(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let caller = asked.caller(gateway, Kind::Writes)?;
    let (poller, session) = (&caller.poller, &caller.poller.session);
    let mut setting = Setting::of(gateway, session).await?;
    setting.change(&asked.params)?;
    setting.keep(gateway, session).await?;
    if setting.blocked() != poller.blocked() {
        poller.block(setting.blocked());
        listen_anew(gateway, poller).await?;
    }
    Ok(manner.ok())
}

/// What the site tells the user.
pub(super) async fn notifications(
    gateway: &Gateway,
    asked: &Asked,
    manner: &Manner,
) -> Result<Response, Refused> {
    let caller = asked.caller(gateway, Kind::Reads)?;
    let notices = gateway.core.notices(&caller.poller.session, NOTICES).await?;
    let notices = notices.iter().map(|notice| Notification {
        text: notice.text().into(),
        link: link::safe(notice.link()).unwrap_or_default().into(),
    });
    Ok(manner.value(&notices.collect::<Vec<_>>()))
}

/// The links of the site's menu. They are everybody's.
pub(super) fn menu(gateway: &Gateway, manner: &Manner) -> Response {
    let links = gateway.options.menu.iter().filter_map(|item| {
        let link = link::safe(&item.link)?;
        let icon = link::safe(&item.icon).unwrap_or_default();
        Some(MenuItem { title: item.title.as_str().into(), icon: icon.into(), link: link.into() })
    });
    manner.value(&links.collect::<Vec<_>>())
}
