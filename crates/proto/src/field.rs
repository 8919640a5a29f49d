//! The two faces of a JSON object: one to read fields from, one to write fields to.

use crate::Position;
use std::{cell::Cell, fmt};

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
    /// Writes a text field whose value is a word of this wire: nothing in it is to be escaped.
    fn word(&mut self, name: &'static str, value: &'static str) {
        self.text(name, value);
    }
    /// Writes a number that is at most 2^53 − 1.
    fn number(&mut self, name: &'static str, value: u64);
    /// Writes positions as a list of `[conversation, seq]`.
    fn positions(&mut self, name: &'static str, value: &[Position]);
    /// Writes a nested value.
    fn value(&mut self, name: &'static str, value: Self::Value);
}

/// Reads the fields of one frame. A field that is missing or wrong reads as nothing, and [`Fields::finish`] tells the
/// first such problem: a frame of many fields is read without a way out after each.
pub(crate) struct Fields<'a, S> {
    from: &'a S,
    problem: Cell<Option<FrameError>>,
}

impl<'a, S: Source> Fields<'a, S> {
    pub(crate) fn of(from: &'a S) -> Self {
        Self { from, problem: Cell::new(None) }
    }

    /// The field, which must be there.
    #[inline(never)]
    pub(crate) fn text(&self, name: &'static str) -> String {
        self.required(self.from.text(name), name).unwrap_or_default()
    }

    /// The field, which must be there.
    #[inline(never)]
    pub(crate) fn number(&self, name: &'static str) -> u64 {
        self.required(self.from.number(name), name).unwrap_or_default()
    }

    /// The field, if it is there.
    #[inline(never)]
    pub(crate) fn maybe_number(&self, name: &'static str) -> Option<u64> {
        self.optional(self.from.number(name))
    }

    /// The field, which must be there: there is no empty value to go on with.
    pub(crate) fn value(&self, name: &'static str) -> Result<S::Value, FrameError> {
        self.from.value(name)?.ok_or(FrameError::Missing(name))
    }

    /// What was made of the fields, or what is wrong with them.
    pub(crate) fn finish<T>(self, frame: T) -> Result<T, FrameError> {
        self.problem.take().map_or(Ok(frame), Err)
    }

    fn required<T>(&self, field: Result<Option<T>, FrameError>, name: &'static str) -> Option<T> {
        self.optional(field.and_then(|value| value.map(Some).ok_or(FrameError::Missing(name))))
    }

    fn optional<T>(&self, field: Result<Option<T>, FrameError>) -> Option<T> {
        field.unwrap_or_else(|problem| {
            self.problem.set(self.problem.get().or(Some(problem)));
            None
        })
    }
}
