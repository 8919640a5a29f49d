//! The native wire of the SDK: one WebSocket at [`jmessage_proto::PATH`], and files over plain HTTP below it.

mod alarm;
mod inbound;
mod media;
mod outbound;
mod session;
mod wire;

pub use inbound::makes_sense;

use crate::socket::{Handshake, Socket};
use axum::{
    Router,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use jmessage_core::Core;
use jmessage_proto::{MAX_FRAME, PATH, SUBPROTOCOL};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far the timestamp of a signature may be from now, in seconds.
    pub signature_window: u64,
    /// Origins of pages that may connect; empty means every one.
    pub origins: Vec<String>,
    /// Connections in all.
    pub connections: usize,
    /// Connections that have not logged in.
    pub pending: usize,
    /// How long a connection may wait before `config`.
    pub config_within: Duration,
    /// How long a configured connection may wait before `login`.
    pub login_within: Duration,
    /// A quiet connection is asked for a sign of life after this time, and cut after twice and a half of it.
    pub heartbeat: Duration,
    /// How long one write to a socket may take.
    pub write_within: Duration,
    /// Uploads at a time.
    pub uploads: usize,
    /// How long an upload may stand still.
    pub upload_stall: Duration,
    /// Files read at a time.
    pub downloads: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            signature_window: 600,
            origins: Vec::new(),
            connections: 100_000,
            pending: 10_000,
            config_within: Duration::from_secs(30),
            login_within: Duration::from_mins(10),
            heartbeat: Duration::from_secs(30),
            write_within: Duration::from_secs(15),
            uploads: 16,
            upload_stall: Duration::from_secs(20),
            downloads: 4096,
        }
    }
}

/// One gateway: the core it fronts, its bounds, and the signal that it stops.
pub struct Gateway {
    core: Core,
    options: Options,
    media: media::Media,
    connections: Arc<Semaphore>,
    pending: Arc<Semaphore>,
    stop: watch::Receiver<bool>,
}

/// Room for one connection; counted until it is dropped.
pub struct Place {
    connection: OwnedSemaphorePermit,
    pending: OwnedSemaphorePermit,
}

impl Gateway {
    /// A gateway whose connections end gracefully once `stop` turns true.
    pub fn new(core: Core, options: Options, stop: watch::Receiver<bool>) -> Arc<Self> {
        Arc::new(Self {
            connections: Arc::new(Semaphore::new(options.connections.min(Semaphore::MAX_PERMITS))),
            pending: Arc::new(Semaphore::new(options.pending.min(Semaphore::MAX_PERMITS))),
            media: media::Media::new(options.uploads, options.downloads),
            core,
            options,
            stop,
        })
    }

    /// Room for one more connection, if there is any.
    pub fn place(&self) -> Option<Place> {
        let connection = self.connections.clone().try_acquire_owned().ok()?;
        let pending = self.pending.clone().try_acquire_owned().ok()?;
        Some(Place { connection, pending })
    }

    /// Serves a connection to its end, whatever carries it. Needs a Tokio runtime for its timers.
    pub async fn serve(self: Arc<Self>, socket: impl Socket, place: Place) {
        let Place { connection, pending } = place;
        session::run(socket, self, pending).await;
        drop(connection);
    }
}

/// The routes of this wire. Connections end gracefully once `stop` turns true.
pub fn routes(core: Core, options: Options, stop: watch::Receiver<bool>) -> Router {
    let gateway = Gateway::new(core, options, stop);
    Router::new().route(PATH, get(upgrade)).merge(media::routes()).with_state(gateway)
}

async fn upgrade(State(gateway): State<Arc<Gateway>>, request: Request) -> Response {
    if !origin_allowed(&gateway.options.origins, request.headers()) {
        return (StatusCode::FORBIDDEN, "pages of this origin may not connect\n").into_response();
    }
    let handshake = match Handshake::of(request, SUBPROTOCOL) {
        Ok(handshake) if handshake.agrees() => handshake,
        Ok(_) => {
            let say = "the WebSocket subprotocol jmessage.v1 is required\n";
            return (StatusCode::BAD_REQUEST, say).into_response();
        }
        Err(answer) => return answer,
    };
    let Some(place) = gateway.place() else {
        let retry = [(header::RETRY_AFTER, "5")];
        return (StatusCode::SERVICE_UNAVAILABLE, retry, "too many connections\n").into_response();
    };
    handshake.accept(MAX_FRAME, move |socket| gateway.serve(socket, place))
}

/// Programs that are not a page send no origin and are let in: they hold no page's rights anyway.
fn origin_allowed(allowed: &[String], headers: &HeaderMap) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    allowed.is_empty() || allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn an_empty_list_of_origins_admits_every_page() {
        let from = |origin| HeaderMap::from_iter([(header::ORIGIN, HeaderValue::from_static(origin))]);
        let list = ["https://chat.example".to_owned()];
        assert!(origin_allowed(&[], &from("https://elsewhere.example")));
        assert!(origin_allowed(&list, &from("https://chat.example")));
        assert!(!origin_allowed(&list, &from("https://chat.example.evil.example")));
        assert!(origin_allowed(&list, &HeaderMap::new()));
    }
}
