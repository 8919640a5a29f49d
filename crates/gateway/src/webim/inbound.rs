//! From requests to the core.
//!
//! | wire | domain |
//! |---|---|
//! | domain of the mount | App |
//! | `id`, `to` of a user | Username |
//! | `id`, `to` of a room | number of a group's conversation, behind an underscore |
//! | `ticket` | a page, which shares its user's session with the user's other pages |
//! | what a poll was handed | acknowledged by the next poll of that page |

mod caller;
mod calls;
mod download;
mod invite;
pub(super) mod link;
mod online;
mod params;
mod people;
mod rooms;
mod setting;
mod style;
pub(super) mod v5;

use super::{
    Gateway,
    answer::{self, Manner},
    packets,
    wire::Refused,
};
use crate::{Takeover, keeps_alive, socket::Handshake};
use axum::{
    body::to_bytes,
    extract::{Path, Request, State},
    http::{StatusCode, header, request::Parts},
    response::Response,
};
use caller::Asked;
use params::{MAX_LENGTH, Params};
use std::sync::Arc;

/// What texts begin with by which pages tell each other something. They are no messages: they are words in passing, and here
/// without this.
pub(super) const EVENT: &str = "webim-event:";

/// The calls, by every name that pages have for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Online,
    Offline,
    Refresh,
    Buddies,
    Rooms,
    Join,
    Leave,
    Block,
    Unblock,
    Invite,
    Members,
    Search,
    RemoveBuddy,
    History,
    Download,
    Message,
    ClearHistory,
    Presence,
    Status,
    Setting,
    Notifications,
    Menu,
    Packets,
}

impl Call {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "online" => Self::Online,
            "offline" => Self::Offline,
            "refresh" | "deactivate" => Self::Refresh,
            "buddies" => Self::Buddies,
            "rooms" => Self::Rooms,
            "join" => Self::Join,
            "leave" => Self::Leave,
            "block" => Self::Block,
            "unblock" => Self::Unblock,
            "invite" => Self::Invite,
            "members" => Self::Members,
            "search" => Self::Search,
            "remove_buddy" => Self::RemoveBuddy,
            "history" | "histories" => Self::History,
            "download" | "download_history" => Self::Download,
            "message" => Self::Message,
            "clear_history" | "clear" => Self::ClearHistory,
            "presence" => Self::Presence,
            "status" => Self::Status,
            "setting" => Self::Setting,
            "notification" | "notifications" => Self::Notifications,
            "menu" => Self::Menu,
            "packets" => Self::Packets,
            _ => return None,
        })
    }
}

/// Answers one call.
pub(super) async fn serve(
    State(gateway): State<Arc<Gateway>>,
    Path(name): Path<String>,
    request: Request,
) -> Response {
    let Some(call) = Call::named(&name) else {
        return answer::plain(&Refused::not_found());
    };
    if call == Call::Packets && request.headers().contains_key(header::UPGRADE) {
        return subscribe(Arc::from([gateway]), request);
    }
    let (parts, params, manner) = match read(request).await {
        Ok(read) => read,
        Err(refused) => return answer::plain(&refused),
    };
    if call == Call::Packets {
        return poll(&[gateway], parts, params, manner).await;
    }
    let asked = Asked::new(&gateway, &parts, params);
    drop(parts);
    match Box::pin(answer(&gateway, call, &asked, &manner)).await {
        Ok(response) => response,
        // Pages look into the answer of `online`, and not at its status.
        Err(refused) if call == Call::Online && refused.status != StatusCode::SERVICE_UNAVAILABLE => {
            manner.failed(StatusCode::OK, &refused.message)
        }
        Err(refused) => manner.refused(&refused),
    }
}

/// Serves a page of one of these mounts by a WebSocket.
fn subscribe(gateways: Arc<[Arc<Gateway>]>, request: Request) -> Response {
    match Handshake::of(request, "") {
        Ok(handshake) => {
            handshake.accept(packets::MAX_FRAME, move |socket| packets::subscribe(gateways, socket))
        }
        Err(answer) => answer,
    }
}

/// Answers the poll of a page of one of these mounts.
async fn poll(gateways: &[Arc<Gateway>], parts: Parts, params: Params, manner: Manner) -> Response {
    let found = params.ticket().and_then(|ticket| packets::find(gateways, ticket));
    let takeover = parts.extensions.get::<Takeover>().cloned();
    let keeps = keeps_alive(parts.version, &parts.headers);
    // What waits holds nothing it does not need.
    drop((parts, params));
    packets::wait(found, manner, takeover.map(|takeover| (takeover, keeps))).await
}

/// A request, the parameters of its body alone, and all of them.
async fn receive(request: Request) -> Result<(Parts, Params, Params), Refused> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_LENGTH)
        .await
        .map_err(|_| Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "the body is too long"))?;
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let params = Params::read(parts.uri.query(), content_type, &body)?;
    let of_body = Params::read(None, content_type, &body)?;
    Ok((parts, of_body, params))
}

async fn read(request: Request) -> Result<(Parts, Params, Manner), Refused> {
    let (parts, _, params) = receive(request).await?;
    let manner = Manner::of(params.text("callback"), parts.headers.get(header::ACCEPT))?;
    Ok((parts, params, manner))
}

async fn answer(gateway: &Gateway, call: Call, asked: &Asked, manner: &Manner) -> Result<Response, Refused> {
    match call {
        Call::Online => online::online(gateway, asked, manner).await,
        Call::Offline => calls::offline(gateway, asked, manner).await,
        Call::Refresh => calls::refresh(gateway, asked, manner).await,
        Call::Buddies => calls::buddies(gateway, asked, manner).await,
        Call::Rooms => rooms::rooms(gateway, asked, manner).await,
        Call::Join => rooms::join(gateway, asked, manner).await,
        Call::Leave => rooms::leave(gateway, asked, manner).await,
        Call::Block => rooms::block(gateway, asked, manner, true).await,
        Call::Unblock => rooms::block(gateway, asked, manner, false).await,
        Call::Invite => invite::invite(gateway, asked, manner).await,
        Call::Members => rooms::members(gateway, asked, manner).await,
        Call::Search => people::search(gateway, asked, manner).await,
        Call::RemoveBuddy => people::remove_buddy(gateway, asked, manner).await,
        Call::History => calls::history(gateway, asked, manner).await,
        Call::Download => download::download(gateway, asked, manner).await,
        Call::Message => calls::message(gateway, asked, manner).await,
        Call::ClearHistory => calls::clear_history(gateway, asked, manner).await,
        Call::Presence => calls::presence(gateway, asked, manner).await,
        Call::Status => calls::status(gateway, asked, manner).await,
        Call::Setting => calls::setting(gateway, asked, manner).await,
        Call::Notifications => calls::notifications(gateway, asked, manner).await,
        Call::Menu => Ok(calls::menu(gateway, manner)),
        Call::Packets => Err(Refused::not_found()),
    }
}
