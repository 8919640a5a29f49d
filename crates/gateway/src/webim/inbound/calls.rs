//! The short calls about messages, people, and what the page's user shows.

use super::{
    EVENT,
    caller::{Asked, Kind},
    link,
    online::names,
    params::Params,
    people,
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
use std::time::Duration;

/// Messages of a history at most.
pub(super) const HISTORY: usize = 50;
/// Notices at most.
const NOTICES: usize = 50;

/// The page is gone, and its user with it unless it has another one.
pub(super) async fn offline(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    acknowledge(gateway, &page, page.leave()).await;
    if page.poller.retire(Duration::ZERO) {
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
    let people: Vec<_> = if ids.is_empty() {
        contacts.iter().map(|contact| contact.other.clone()).collect()
    } else {
        core.people(session, names(ids.into_iter())).await?
    };
    if let Some(page) = &caller.page {
        page.also_watch(people.iter().map(|person| person.card.id));
        listen_anew(gateway, &caller.poller).await?;
    }
    people::tell(gateway, asked, manner, &caller, (&people, &contacts)).await
}

/// The conversation of an id.
pub(super) fn conversation(id: &str) -> Option<To> {
    read_room_id(id).map(To::Group).or_else(|| Username::new(id).ok().map(To::User))
}

/// The conversation of an id, if it is of the type that was given.
pub(super) fn conversation_of_type(asked: &Asked, id: &str) -> Result<Option<To>, Refused> {
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

/// What a page or a site says.
pub(super) enum Said {
    /// A message, with how it is to look.
    Message(Content),
    /// An event of pages, without what it begins with.
    Event(Content),
}

impl Said {
    pub(super) fn of(params: &Params) -> Self {
        let text = params.verbatim("body").unwrap_or_default();
        if let Some(event) = text.strip_prefix(EVENT) {
            return Self::Event(Content::Text(event.to_owned()));
        }
        let text = text.to_owned();
        Self::Message(match params.text("style").and_then(style::filtered) {
            Some(note) => Content::Noted(Box::new(Noted { text, note })),
            None => Content::Text(text),
        })
    }
}

/// What is said of an event for everybody.
pub(super) fn nobodys_event() -> Refused {
    Refused::bad("an event is for a user or a room")
}

/// Sends a message; the answer means that it is stored. An event of a page is told to whoever is there, and kept by nobody.
pub(super) async fn message(gateway: &Gateway, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    let page = asked.page(gateway)?;
    let (core, session) = (&gateway.core, &page.poller.session);
    match (Said::of(&asked.params), addressee(asked)?) {
        (Said::Message(content), Some(to)) => drop(page.send(core, to, content).await?),
        (Said::Message(content), None) => core.broadcast(session, content).await?,
        (Said::Event(content), Some(to)) => core.aside(session, to, content).await?,
        (Said::Event(_), None) => return Err(nobodys_event()),
    }
    Ok(manner.ok())
}

/// Whom a message is for; everybody, if nobody.
fn addressee(asked: &Asked) -> Result<Option<To>, Refused> {
    match (asked.params.message_type()?, asked.params.text("to")) {
        (MessageType::Broadcast, _) => Ok(None),
        (MessageType::Chat, Some(to)) => match Username::new(to) {
            Ok(name) => Ok(Some(To::User(name))),
            Err(_) => Err(Refused::not_found()),
        },
        (MessageType::GroupChat, Some(to)) => match read_room_id(to) {
            Some(id) => Ok(Some(To::Group(id))),
            None => Err(Refused::not_found()),
        },
        (MessageType::Chat | MessageType::GroupChat, None) => Err(Refused::bad("to is missing")),
    }
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
