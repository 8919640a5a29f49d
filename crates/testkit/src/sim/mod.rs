//! Pages, server, store and network in one thread, under one seeded scheduler and a clock that runs only when everything
//! waits: the same plan gives the same history, byte for byte.
//!
//! What ships is what runs: the SDK's machine (`jmessage-client`), the gateway's sessions, the core and its engine, the
//! SQLite store. Only what is outside of them is played: pages and their users ([`page`]), the network ([`link`]), the
//! disk that loses power ([`disk`]), clocks and randomness ([`clock`]), and whoever starts the server ([`server`]). A
//! [`Plan`] says what they do and when; [`Plan::of`] makes one from a seed.

mod body;
mod chain;
mod clock;
mod counts;
mod disk;
mod drive;
mod image;
mod link;
mod make;
mod many;
#[cfg(feature = "mutants")]
mod mutants;
mod page;
mod plan;
mod random;
mod server;
mod shrink;
mod steps;
mod trace;

pub use counts::Counts;
pub use drive::{Outcome, Stage, run};
pub use many::{Many, many, report};
#[cfg(feature = "mutants")]
pub use mutants::{Caught, hunt, hunt_all, table};
pub use plan::{Act, Plan, Step};
pub use shrink::{shrink, shrink_violation};
