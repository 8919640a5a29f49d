//! How the tool ends when it does not succeed. `help.txt` documents the codes.

use std::process::ExitCode;

use jmessage_sign::VerifyError;

/// Anything but success.
pub(crate) enum Failure {
    /// Wrong arguments, or a field outside its grammar.
    Usage(String),
    /// Standard input, standard output or the clock failed.
    System(String),
    /// The verdict has been printed; this is the sentence beside it.
    Refused(Reason, String),
}

/// Why a well-formed signature was refused.
#[derive(Clone, Copy)]
pub(crate) enum Reason {
    Mismatch,
    Expired,
    NotYetValid,
}

impl Reason {
    /// `None` when the verdict is that something was malformed.
    pub(crate) const fn of(error: VerifyError) -> Option<Self> {
        match error {
            VerifyError::Malformed(_) => None,
            VerifyError::Mismatch => Some(Self::Mismatch),
            VerifyError::Expired => Some(Self::Expired),
            VerifyError::NotYetValid => Some(Self::NotYetValid),
        }
    }

    /// The word for standard output.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Mismatch => "mismatch",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
        }
    }
}

impl Failure {
    pub(crate) fn report(&self) -> ExitCode {
        let (message, code) = match self {
            Self::Usage(message) => (message, 2),
            Self::System(message) => (message, 5),
            Self::Refused(Reason::Mismatch, message) => (message, 1),
            Self::Refused(Reason::Expired, message) => (message, 3),
            Self::Refused(Reason::NotYetValid, message) => (message, 4),
        };
        eprintln!("jmessage-sign: {message}");
        if let Self::Usage(_) = self {
            eprintln!("Try 'jmessage-sign --help'.");
        }
        ExitCode::from(code)
    }
}
