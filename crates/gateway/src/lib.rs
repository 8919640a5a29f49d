//! Protocol adapters: one folder each, the same file names in each.
//!
//! `mod.rs` routes, `wire.rs` names and codes, `inbound.rs` wire → core call, `outbound.rs` event → wire,
//! `session.rs` the life of one connection. A gateway translates; every rule lives in the core.
//! Must never know the store, the bus, or another gateway.

pub mod jmessage;
mod patience;
pub mod socket;
mod takeover;
pub mod webim;

pub use jmessage_media::is_guarded;
pub use patience::Patience;
pub use takeover::{Fate, Late, Taken, Takeover, Told, keeps_alive};
