//! The native wire between the SDK and the server: frames, codes, and how both become JSON objects.
//!
//! Owns every name and number of `/jmessage/v1`. Each frame is described once, in terms of [`Source`] and [`Sink`];
//! in a page these are JavaScript objects, elsewhere JSON text (feature `json`).
//! Must never know sockets, HTTP, web-sys, or a rule of the domain.

mod code;
mod event;
mod field;
mod frame;
#[cfg(feature = "json")]
pub mod json;
mod message;

pub use code::{Code, close};
pub use event::{DISSOLVED, Event, EventType};
pub use field::{FrameError, Sink, Source};
pub use frame::{Position, Request, Response};
pub use message::{MediaFile, Message, MessageBody, TargetType};

/// Where the server listens for this wire.
pub const PATH: &str = "/jmessage/v1";
/// The WebSocket subprotocol; its number grows with every incompatible change.
pub const SUBPROTOCOL: &str = "jmessage.v1";
/// The largest frame, in bytes, that a client sends.
pub const MAX_FRAME: usize = 64 * 1024;
/// The largest frame, in bytes, that a server sends.
pub const MAX_ANSWER: usize = 512 * 1024;
/// How many positions one frame may carry.
pub const MAX_POSITIONS: usize = 1000;
