//! The domain: accounts, sessions, conversations and the delivery of messages. All rules, all permissions.
//!
//! A command goes to the writer, whose threads take turns to apply a batch of them in one durable transaction, answer each,
//! and hand what was stored to the sessions that are online. Those who come back read the log after their cursor.
//! Must never know SQL, HTTP, JSON, or which protocol a session speaks.

mod account;
mod admission;
mod audience;
mod bounded;
mod capability;
mod command;
mod engine;
mod entry;
mod error;
mod executor;
mod file;
mod group;
mod handle;
mod hub;
mod pace;
mod password;
mod people;
pub mod port;
mod progress;
mod queue;
mod retention;
mod session;
mod site;
mod stats;
mod token;
mod wakes;
mod writer;

pub use audience::{Seen, Signal, WATCHED};
pub use capability::{Bearer, CapabilityKey, Purpose};
pub use command::{Command, Proof};
pub use engine::Engine;
pub use entry::{Destination, Entry, GroupCard, Shared, UserCard};
pub use error::Error;
pub use executor::Pause;
pub use file::{FileKind, Grants};
pub use group::{GroupChange, GroupRef};
pub use handle::{Core, Options};
pub use password::{HashCost, Hashing};
pub use people::MAX_SETTING;
pub use queue::{End, Event, Queue, QueueLimits, Receipt};
pub use retention::{Retention, Trimming};
pub use session::{CatchUp, Page, Session, To};
pub use stats::Stats;
pub use token::{Token, TokenDigest};
pub use writer::Driven;
