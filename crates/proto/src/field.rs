//! The two faces of a JSON object: one to read fields from, one to write fields to.

use crate::Position;
use std::fmt;

/// Why an object is not a frame of this wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// Not one JSON object.
    NotAnObject,
    /// The frame's `type` is missing or unknown.
    UnknownType,
    /// The named field is missing.
    Missing(&'static str),
    /// The named field has the wrong type or is out of range.
    Invalid(&'static str),
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnObject => f.write_str("a frame is one JSON object"),
            Self::UnknownType => f.write_str("unknown frame type"),
            Self::Missing(field) => {
                f.write_str(field)?;
                f.write_str(" is missing")
            }
            Self::Invalid(field) => {
                f.write_str(field)?;
                f.write_str(" is invalid")
            }
        }
    }
}

impl std::error::Error for FrameError {}

/// A JSON object to read. `Ok(None)` means that the field is absent or null.
pub trait Source {
    /// A nested value that is handed on unread.
    type Value;
    /// A text field.
    fn text(&self, name: &'static str) -> Result<Option<String>, FrameError>;
    /// A whole number from 0 to 2^53 − 1.
    fn number(&self, name: &'static str) -> Result<Option<u64>, FrameError>;
    /// A list of positions, each `[conversation, seq]`; at most [`crate::MAX_POSITIONS`].
    fn positions(&self, name: &'static str) -> Result<Option<Vec<Position>>, FrameError>;
    /// Any value, unread.
    fn value(&self, name: &'static str) -> Result<Option<Self::Value>, FrameError>;
}

/// A JSON object to write.
pub trait Sink {
    /// A nested value that is handed on unread.
    type Value;
    /// Writes a text field.
    fn text(&mut self, name: &'static str, value: &str);
    /// Writes a number that is at most 2^53 − 1.
    fn number(&mut self, name: &'static str, value: u64);
    /// Writes positions as a list of `[conversation, seq]`.
    fn positions(&mut self, name: &'static str, value: &[Position]);
    /// Writes a nested value.
    fn value(&mut self, name: &'static str, value: Self::Value);
}

/// The field must be there.
pub(crate) fn required<T>(field: Result<Option<T>, FrameError>, name: &'static str) -> Result<T, FrameError> {
    field?.ok_or(FrameError::Missing(name))
}
