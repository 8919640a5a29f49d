//! How a handler takes a connection out of the hands of HTTP, which keeps buffers for each connection it has.

use axum::{
    http::{HeaderMap, Version, header},
    response::Response,
};
use bytes::Bytes;
use futures_util::future::BoxFuture;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{net::TcpStream, sync::oneshot};

/// What a connection was taken for.
pub enum Taken {
    /// The answer to the request, which comes later. The handler's own answer is not waited for.
    Answer {
        /// The answer.
        answer: BoxFuture<'static, Late>,
        /// Whether the peer may ask for something else on the connection afterwards.
        keeps: bool,
    },
    /// The stream, with what was read from it already, once the handler's own answer is written.
    Stream(Box<dyn FnOnce(TcpStream, Bytes) -> BoxFuture<'static, ()> + Send>),
}

/// An answer, and who is told what became of it.
pub struct Late {
    /// The answer.
    pub response: Response,
    /// Told nothing when the peer was gone before.
    pub told: Told,
}

/// Is told what became of an answer, as far as that shows.
pub type Told = Box<dyn FnMut(Fate) + Send>;

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is written.
    Written,
    /// It is written, but the peer broke the connection before it had asked for anything else on it: perhaps it never came.
    Doubtful,
}

/// Whether the connection of a request goes on after its answer.
pub fn keeps_alive(version: Version, headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::CONNECTION).into_iter().filter_map(|value| value.to_str().ok());
    let mut words = values.flat_map(|value| value.split(',')).map(str::trim);
    version == Version::HTTP_11 && !words.any(|word| word.eq_ignore_ascii_case("close"))
}

/// Stands in the extensions of each request that a listener lets go. Works once.
#[derive(Clone)]
pub struct Takeover(Arc<Mutex<Option<oneshot::Sender<Taken>>>>);

impl Takeover {
    /// For one connection; what it was taken for comes out here.
    pub fn new() -> (Self, oneshot::Receiver<Taken>) {
        let (sender, taken) = oneshot::channel();
        (Self(Arc::new(Mutex::new(Some(sender)))), taken)
    }

    /// Takes the connection; what it was to be taken for comes back when that is not possible any more.
    pub fn take(&self, taken: Taken) -> Result<(), Taken> {
        match self.0.lock().unwrap_or_else(PoisonError::into_inner).take() {
            Some(sender) => sender.send(taken),
            None => Err(taken),
        }
    }
}

impl fmt::Debug for Takeover {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Takeover")
    }
}
