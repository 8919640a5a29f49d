//! The calls of sites (v5): a server that has users, rooms and histories of its own logs its users in with its App's secret, and
//! hands over what is to be told at once. Its pages poll here.
//!
//! What the published clients in PHP, Python, Java and C# send and read:
//!
//! | call | parameters | answer |
//! |---|---|---|
//! | POST `presences/online` | `version, domain, name, nick, show, status, buddies, rooms` | `ticket, jsonpd, websocket, presences` |
//! | POST `presences/offline` | `ticket` | `{"status": "ok"}`, as that of all others that have none of their own |
//! | POST `presences/show` | `ticket, nick, show, status` | |
//! | GET `presences` | `ticket, ids` | `{id: show}` of who is to be seen |
//! | POST `messages` | `ticket, nick, type, to, body, style, timestamp`; `from` instead of a ticket | |
//! | POST `statuses` | `ticket, nick, to, show` | |
//! | POST `rooms/{id}/join`, `leave` | `ticket, nick, room` | `{"id", "count"}` of `join` |
//! | GET `rooms/{id}/members` | `ticket, room` | `{id: show}` of who is to be seen |
//! | GET `packets` | `ticket, domain, callback` | as at a mount |
//!
//! Forms, without a type from Python. `Authorization: Basic` of `domain:apikey`; clients of 5.0 to 5.2 send both as parameters
//! and say `group/join`, `group/leave`, `group/members`, and `groups`. All take any status but 200 for a failure.

mod calls;
mod door;
mod online;
mod rooms;

use super::{caller::base_of, params::Params, poll, receive, subscribe};
use crate::webim::{
    Gateway,
    answer::{self, Manner},
    wire::Refused,
};
use axum::{
    extract::{Path, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::Response,
};
use std::sync::Arc;

/// The mounts whose sites call at one place, and where that is.
pub(in crate::webim) struct Sites {
    at: String,
    gateways: Arc<[Arc<Gateway>]>,
}

impl Sites {
    /// Below `at`. A mount of 2010 is taken only if no other one has its domain.
    pub(in crate::webim) fn new(at: &str, gateways: &[Arc<Gateway>]) -> Arc<Self> {
        let mut gateways = gateways.to_vec();
        gateways.sort_by_key(|gateway| gateway.mount.old);
        Arc::new(Self { at: at.to_owned(), gateways: gateways.into() })
    }
}

/// The calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Online,
    Offline,
    Show,
    Presences,
    Messages,
    Statuses,
    Join,
    Leave,
    Members,
    Packets,
}

impl Call {
    /// The call of a path, and the room that stands in it.
    fn of(path: &str) -> Option<(Self, Option<&str>)> {
        let call = match path {
            "presences/online" => Self::Online,
            "presences/offline" => Self::Offline,
            "presences/show" => Self::Show,
            "presences" => Self::Presences,
            "messages" => Self::Messages,
            "statuses" => Self::Statuses,
            "group/join" => Self::Join,
            "group/leave" => Self::Leave,
            "group/members" => Self::Members,
            "packets" => Self::Packets,
            path => {
                let (room, deed) = path.strip_prefix("rooms/")?.rsplit_once('/')?;
                let call = match deed {
                    "join" => Self::Join,
                    "leave" => Self::Leave,
                    "members" => Self::Members,
                    _ => return None,
                };
                return Some((call, Some(room)));
            }
        };
        Some((call, None))
    }

    fn reads(self) -> bool {
        match self {
            Self::Presences | Self::Members | Self::Packets => true,
            Self::Online
            | Self::Offline
            | Self::Show
            | Self::Messages
            | Self::Statuses
            | Self::Join
            | Self::Leave => false,
        }
    }
}

/// Answers one call.
pub(in crate::webim) async fn serve(
    State(sites): State<Arc<Sites>>,
    Path(path): Path<String>,
    request: Request,
) -> Response {
    let Some((call, room)) = Call::of(&path) else { return refuse(&Refused::not_found()) };
    if call == Call::Packets && request.headers().contains_key(header::UPGRADE) {
        return subscribe(sites.gateways.clone(), request);
    }
    let (parts, body, params) = match receive(request).await {
        Ok(received) => received,
        Err(refused) => return refuse(&refused),
    };
    if call == Call::Packets {
        return match Manner::of(params.text("callback"), parts.headers.get(header::ACCEPT)) {
            Ok(manner) => poll(&sites.gateways, parts, params, manner).await,
            Err(refused) => answer::plain(&refused),
        };
    }
    if parts.method != Method::POST && !(call.reads() && parts.method == Method::GET) {
        return refuse(&Refused::new(StatusCode::METHOD_NOT_ALLOWED, "not by this method"));
    }
    let given = match door::Given::of(&parts.headers, &body) {
        Ok(given) => given,
        Err(refused) => return refuse(&refused),
    };
    let options = sites.gateways.first().map(|gateway| &gateway.options);
    let base = options.and_then(|options| base_of(options, &parts.headers));
    let asked = door::Asked { params, given, base };
    drop(parts);
    match Box::pin(answer(&sites, call, room, &asked)).await {
        Ok(response) => response,
        Err(refused) => refuse(&refused),
    }
}

async fn answer(
    sites: &Sites,
    call: Call,
    room: Option<&str>,
    asked: &door::Asked,
) -> Result<Response, Refused> {
    if call.reads() {
        let (site, page) = asked.reader(&sites.gateways).await?;
        return match call {
            Call::Members => rooms::members(&site, asked, room, page.as_deref()).await,
            _ => calls::presences(&site, asked).await,
        };
    }
    let site = asked.site(&sites.gateways).await?;
    match call {
        Call::Online => online::online(&site, asked, &sites.at).await,
        Call::Offline => calls::offline(&site, asked).await,
        Call::Show => calls::show(&site, asked).await,
        Call::Messages => calls::message(&site, asked).await,
        Call::Statuses => calls::status(&site, asked).await,
        Call::Join => rooms::join(&site, asked, room).await,
        Call::Leave => rooms::leave(&site, asked, room).await,
        Call::Presences | Call::Members | Call::Packets => Err(Refused::not_found()),
    }
}

/// A refusal in the words of this protocol.
fn refuse(refused: &Refused) -> Response {
    let mut response = Manner::Json.problem(refused.status, &refused.message);
    if refused.status == StatusCode::UNAUTHORIZED {
        let scheme = HeaderValue::from_static("Basic realm=\"v5\", charset=\"UTF-8\"");
        response.headers_mut().insert(header::WWW_AUTHENTICATE, scheme);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_clients() {
        let of = |path| Call::of(path);
        assert_eq!(of("presences/online"), Some((Call::Online, None)));
        assert_eq!(of("rooms/room1/join"), Some((Call::Join, Some("room1"))));
        assert_eq!(of("rooms/a/b/members"), Some((Call::Members, Some("a/b"))));
        assert_eq!(of("group/leave"), Some((Call::Leave, None)));
        for path in
            ["", "online", "rooms/join", "rooms/room1", "rooms/room1/dissolve", "presences/", "chats/open"]
        {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
