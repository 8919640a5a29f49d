//! The JMessage v1 signature: how a developer's server vouches for its page, and how the chat server
//! checks it.
//!
//! This crate owns the string that is signed, the grammar of the fields that may enter it, and the
//! comparison. It must never know anything else of the house: no clock, no randomness, no protocol, no
//! I/O; time comes in as an argument. It needs neither `std` nor an allocator.
#![no_std]

mod error;
mod field;
mod secret;
mod signature;

pub use error::{FieldError, Problem, VerifyError};
pub use field::{Field, Fields};
pub use secret::MasterSecret;
pub use signature::{DEFAULT_WINDOW_SECONDS, Signature, sign, verify};

/// The README's example, compiled and run.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
