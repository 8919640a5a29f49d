//! The client as a state machine: connect, configure, log in, send, receive, resume.
//!
//! Owns every decision of the client: time limits, the outbox and its repetition, cursors and gaps,
//! what a kick means, when to connect again. Time comes in as `now` (milliseconds of one monotonic clock), randomness
//! as a seed, frames as [`jmessage_proto::Response`]; what is to be done comes out as [`Action`]s.
//! Must never know sockets, timers, wasm-bindgen, or what a payload `V` looks like inside.

mod action;
mod client;
mod handshake;
mod inbox;
mod link;
mod outbox;
mod random;
mod setup;
mod time;

pub use action::{Action, Failure, Notice, Outgoing, Payload};
pub use client::Client;
pub use outbox::{MAX_WAITING, MAX_WAITING_BYTES, WINDOW};
pub use setup::{Credentials, Signature};
pub use time::Timeouts;
