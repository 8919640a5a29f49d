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
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::Response,
};
use door::{Asked, Given};
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
    Packets,
    Read(Read),
    Write(Write),
}

/// Those that change nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Read {
    Presences,
    Members,
}

/// Those that do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Write {
    Online,
    Offline,
    Show,
    Message,
    Status,
    Join,
    Leave,
}

impl Call {
    /// The call of a path, and the room that stands in it.
    fn of(path: &str) -> Option<(Self, Option<&str>)> {
        let call = match path {
            "packets" => Self::Packets,
            "presences" => Self::Read(Read::Presences),
            "presences/online" => Self::Write(Write::Online),
            "presences/offline" => Self::Write(Write::Offline),
            "presences/show" => Self::Write(Write::Show),
            "messages" => Self::Write(Write::Message),
            "statuses" => Self::Write(Write::Status),
            path => {
                let (room, deed) = match path.strip_prefix("rooms/") {
                    Some(rest) => rest.rsplit_once('/').map(|(room, deed)| (Some(room), deed))?,
                    None => (None, path.strip_prefix("group/")?),
                };
                let call = match deed {
                    "join" => Self::Write(Write::Join),
                    "leave" => Self::Write(Write::Leave),
                    "members" => Self::Read(Read::Members),
                    _ => return None,
                };
                return Some((call, room));
            }
        };
        Some((call, None))
    }

    /// Whether it may be made so.
    fn is_made_by(self, method: &Method) -> bool {
        match self {
            Self::Packets | Self::Read(_) => method == Method::GET || method == Method::POST,
            Self::Write(_) => method == Method::POST,
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
    if !call.is_made_by(request.method()) {
        return refuse(&Refused::new(StatusCode::METHOD_NOT_ALLOWED, "not by this method"));
    }
    let (parts, body, params) = match receive(request).await {
        Ok(received) => received,
        Err(refused) => return refuse(&refused),
    };
    let browser = door::is_of_browser(&parts.headers);
    let answered = match call {
        Call::Packets => {
            return match Manner::of(params.text("callback"), parts.headers.get(header::ACCEPT)) {
                Ok(manner) => poll(&sites.gateways, parts, params, manner).await,
                Err(refused) => answer::plain(&refused),
            };
        }
        Call::Read(call) => match sites.asked(&parts, &body, params) {
            Ok(asked) => Box::pin(sites.read(call, room, &asked)).await,
            Err(refused) => Err(refused),
        },
        Call::Write(call) => match sites.asked(&parts, &body, params) {
            Ok(asked) => Box::pin(sites.write(call, room, &asked)).await,
            Err(refused) => Err(refused),
        },
    };
    answered.unwrap_or_else(|refused| refuse_to(browser, &refused))
}

impl Sites {
    fn asked(&self, parts: &Parts, body: &Params, params: Params) -> Result<Asked, Refused> {
        let options = self.gateways.first().map(|gateway| &gateway.options);
        let base = options.and_then(|options| base_of(options, &parts.headers));
        Ok(Asked { params, given: Given::of(&parts.headers, body)?, base })
    }

    async fn read(&self, call: Read, room: Option<&str>, asked: &Asked) -> Result<Response, Refused> {
        let (site, page) = asked.reader(&self.gateways).await?;
        match call {
            Read::Presences => calls::presences(&site, asked).await,
            Read::Members => rooms::members(&site, asked, room, page.as_deref()).await,
        }
    }

    async fn write(&self, call: Write, room: Option<&str>, asked: &Asked) -> Result<Response, Refused> {
        let site = asked.site(&self.gateways).await?;
        let done = match call {
            Write::Online => online::online(&site, asked, &self.at).await,
            Write::Offline => calls::offline(&site, asked).await,
            Write::Show => calls::show(&site, asked).await,
            Write::Message => calls::message(&site, asked).await,
            Write::Status => calls::status(&site, asked).await,
            Write::Join => rooms::join(&site, asked, room).await,
            Write::Leave => rooms::leave(&site, asked, room).await,
        };
        // The site has proven itself: it is the page's session that has ended meanwhile.
        done.map_err(|refused| match refused.status {
            StatusCode::UNAUTHORIZED => door::unknown(),
            _ => refused,
        })
    }
}

fn refuse(refused: &Refused) -> Response {
    refuse_to(false, refused)
}

/// A refusal in the words of this protocol. A browser is not told to ask its user for the secret.
fn refuse_to(browser: bool, refused: &Refused) -> Response {
    let mut response = Manner::Json.problem(refused.status, &refused.message);
    if refused.status == StatusCode::UNAUTHORIZED && !browser {
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
        assert_eq!(of("presences/online"), Some((Call::Write(Write::Online), None)));
        assert_eq!(of("rooms/room1/join"), Some((Call::Write(Write::Join), Some("room1"))));
        assert_eq!(of("rooms/a/b/members"), Some((Call::Read(Read::Members), Some("a/b"))));
        assert_eq!(of("group/leave"), Some((Call::Write(Write::Leave), None)));
        for path in
            ["", "online", "rooms/join", "rooms/room1", "rooms/room1/dissolve", "presences/", "chats/open"]
        {
            assert_eq!(of(path), None, "{path}");
        }
    }
}
