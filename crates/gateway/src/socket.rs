//! The socket that a connection talks over: frames in, frames out, whatever carries them.
//!
//! A WebSocket in the server, a simulated network in tests.

mod frames;
mod upgrade;
mod websocket;

pub use upgrade::Handshake;
pub use websocket::WebSocket;

use bytes::Bytes;
use std::future::Future;

/// What arrives. Pings are answered by the socket itself with its next flush.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A whole text frame.
    Text(String),
    /// A whole binary frame.
    Binary(Bytes),
    /// A ping. Its pong waits for the next flush.
    Ping,
    /// A sign of life.
    Pong,
    /// A frame that is larger than allowed. Frames can still be written, nothing more is read.
    TooLarge,
    /// The peer said goodbye. The answer to it waits for the next flush.
    Closed,
    /// The socket broke, or the peer broke the rules of its protocol; what is to be said about that waits for the next
    /// flush. Asked again, a socket waits until the peer is gone, and says so once more.
    Broken,
}

/// What is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// A text frame: bytes that were made from text. Cloning them copies nothing, so that one encoded event serves all its
    /// recipients.
    Text(Bytes),
    /// A binary frame.
    Binary(Bytes),
    /// Asks for a sign of life.
    Ping,
}

impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

/// The socket takes nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gone;

/// Both directions of one connection.
///
/// Any of these futures may be dropped before it completes, and nothing is lost by that but what [`Socket::feed`] was given.
/// Every future is `Send`, so that connections can move between threads.
pub trait Socket: Send {
    /// Waits for what comes next.
    fn next(&mut self) -> impl Future<Output = Incoming> + Send;

    /// Adds a frame to what the next flush writes. Waits only when the socket holds back more than it may.
    fn feed(&mut self, frame: Frame) -> impl Future<Output = Result<(), Gone>> + Send;

    /// Adds a text frame, as [`Socket::feed`] does; the text is copied.
    fn feed_text(&mut self, text: &str) -> impl Future<Output = Result<(), Gone>> + Send {
        self.feed(Frame::Text(Bytes::copy_from_slice(text.as_bytes())))
    }

    /// Writes what was fed, as one.
    fn flush(&mut self) -> impl Future<Output = Result<(), Gone>> + Send;

    /// Says goodbye with a close code and a reason of at most 123 bytes, behind what was fed. The peer's answer comes as
    /// [`Incoming::Closed`].
    fn close(&mut self, code: u16, reason: &str) -> impl Future<Output = Result<(), Gone>> + Send;
}
