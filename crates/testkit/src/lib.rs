//! What tests and measurements are made of: a native client whose use reads like a conversation, servers in this
//! process and in a process of their own, the figures the system keeps about a process, and the judge of what pages saw.
//!
//! Owns no rule and no truth: what a frame is stands in `jmessage-proto`, what a server does in `jmessage-server`.
//! Must never be a dependency of anything that ships.

mod app;
mod client;
mod database;
mod dice;
mod files;
mod frames;
pub mod history;
mod http;
pub mod live;
mod process;
mod server;
#[cfg(feature = "sim")]
pub mod sim;
pub mod sys;
mod talk;

pub use app::{App, now_seconds};
pub use client::{Client, Next};
pub use database::{PASSWORD, cast, prepare};
pub use dice::Dice;
pub use files::{Media, media_id, send_file};
pub use frames::{describe, text_body};
pub use http::{Answer, OpenUpload, get, metric, post, post_chunked, request};
/// Small files of every format.
pub use jmessage_media::{inspect, samples};
pub use process::Process;
pub use server::TestServer;
pub use talk::{Heard, Sent, Session, call, fresh_key, login, send, send_in, send_in_as};

use std::time::Duration;

/// How long anything may take before a test fails instead of hanging.
pub const PATIENCE: Duration = Duration::from_secs(30);
