//! What every page saw, and whether that keeps the promises D1 to D7 of `docs/delivery.md`.
//!
//! Whoever drives pages writes down what they do and hear ([`Event`], in the order in which it happens), reads all logs
//! from the database when everything has ended ([`read_logs`]), and asks [`check`] for what is wrong. It judges by what
//! pages saw and by what is stored, and knows nothing of how either came about.

mod check;
mod event;
mod fence;
mod log;
mod order;
mod stored;
#[cfg(test)]
mod tests;
mod wait;

pub use check::{Promise, Violation, check};
pub use event::{Body, Event, GroupNews, PageId, Place, Proof, To};
pub use log::{Kind, Log, Stored, read_logs};
