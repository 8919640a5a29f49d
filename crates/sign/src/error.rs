//! What can be wrong with a field, and why a signature is refused. Both are closed sets.

use core::error::Error;
use core::fmt;

use crate::Field;

/// A field outside its grammar. Carries where, never what: the value may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field that was refused.
    pub field: Field,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// Shorter than `min` or longer than `max` bytes.
    Length {
        /// Fewest bytes allowed.
        min: usize,
        /// Most bytes allowed.
        max: usize,
    },
    /// A byte outside the field's alphabet.
    Character {
        /// Offset of the first such byte, counted from 0.
        position: usize,
    },
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.field.name();
        match self.problem {
            Problem::Length { min, max } if min == max => write!(f, "{name} must be {min} characters long"),
            Problem::Length { min, max } => write!(f, "{name} must be {min} to {max} characters long"),
            Problem::Character { position } => {
                let (nth, alphabet) = (position.saturating_add(1), self.field.alphabet());
                write!(f, "{name} has a character at position {nth} that is not one of {alphabet}")
            }
        }
    }
}

impl Error for FieldError {}

/// Why a signature is refused. The signature is judged before the clock: one that does not belong to its
/// fields is always a [`Mismatch`](Self::Mismatch), however old its timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifyError {
    /// A field, or the signature itself, is outside its grammar; nothing was computed.
    Malformed(FieldError),
    /// Not the signature of these fields under this secret.
    Mismatch,
    /// The signature is right, but the timestamp lies further in the past than the window.
    Expired,
    /// The signature is right, but the timestamp lies further in the future than the window.
    NotYetValid,
}

impl From<FieldError> for VerifyError {
    fn from(error: FieldError) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Mismatch => f.write_str("the signature does not belong to these fields and this secret"),
            Self::Expired => f.write_str("the signature has expired"),
            Self::NotYetValid => f.write_str("the timestamp of the signature lies in the future"),
        }
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::Mismatch | Self::Expired | Self::NotYetValid => None,
        }
    }
}
