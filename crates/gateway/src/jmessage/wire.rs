//! The one function from facts of the domain to the codes of this wire.

use jmessage_core::Error;
use jmessage_model::ContentError;
use jmessage_proto::{Code, Response};
use jmessage_sign::VerifyError;

/// After how many milliseconds a client that met a busy server should try again.
const RETRY_AFTER: u64 = 500;

/// A refusal as the wire tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) retry_after: Option<u64>,
}

impl Refused {
    pub(super) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_after: None }
    }

    /// An argument that is wrong: 872002 with what is wrong about it.
    pub(super) fn argument(message: impl Into<String>) -> Self {
        Self::new(Code::Arguments, message)
    }

    pub(super) fn frame(self, id: Option<u64>) -> Response<String> {
        let code = u64::from(self.code.number());
        Response::Error { id, code, message: self.message, retry_after: self.retry_after }
    }
}

impl From<Code> for Refused {
    fn from(code: Code) -> Self {
        Self::new(code, code.message())
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let busy = Self { retry_after: Some(RETRY_AFTER), ..Code::ServerError.into() };
        match error {
            Error::NoSuchApp => Self::new(Code::ConfigFailed, "no app has this appKey"),
            Error::NoSuchUser => Code::LoginNoSuchUser.into(),
            Error::WrongPassword => Code::LoginWrongPassword.into(),
            Error::Unverifiable => Code::LoginFailed.into(),
            Error::NoSuchTarget => Code::NoSuchUser.into(),
            Error::NoSuchGroup => Code::NoSuchGroup.into(),
            Error::NotInGroup => Code::NotInGroup.into(),
            Error::NotInGroupToLeave => Code::ExitNotMember.into(),
            Error::MayNotChange => Code::GroupNotPermitted.into(),
            Error::MayNotRemove => Code::RemoveNotPermitted.into(),
            Error::TooManyGroups => Code::TooManyGroups.into(),
            Error::GroupFull => Code::GroupFull.into(),
            Error::Taken => Self::argument("the name is taken"),
            Error::Name(name) => Self::argument(format!("a name {name}")),
            Error::Content(ContentError::Empty) => Self::argument("the message is empty"),
            Error::Content(ContentError::TooLong(size, limit)) => {
                Self::new(Code::MessageTooLong, format!("message too long: {size} of at most {limit} bytes"))
            }
            Error::Content(ContentError::Note) => Self::argument("the note of the message"),
            Error::MayNotBroadcast => Self::argument("this user may not broadcast"),
            Error::KeyReused => Self::argument("the key was used before for another message"),
            Error::NoSuchFile => Self::argument("no such media_id"),
            Error::FileTooLarge(limit) => {
                Self::new(Code::MessageTooLong, format!("the file is larger than {limit} bytes"))
            }
            Error::StorageFull => {
                Self::argument("the files of this user take all the room there is for them")
            }
            Error::NotEntitled => {
                Self::new(Code::SignatureInvalid, "this address has expired or is for something else")
            }
            Error::Superseded => Code::LoggedInElsewhere.into(),
            Error::NoSession => Self::new(Code::NotLoggedIn, "no session to resume"),
            Error::Busy => Self { message: "server busy".into(), ..busy },
            Error::Unavailable => busy,
        }
    }
}

impl From<VerifyError> for Refused {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Malformed(_) | VerifyError::Mismatch => {
                Self::new(Code::ConfigFailed, error.to_string())
            }
            VerifyError::Expired | VerifyError::NotYetValid => {
                Self::new(Code::SignatureInvalid, error.to_string())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jmessage_model::NameError;

    #[test]
    fn every_fact_of_the_domain_has_its_code() {
        let table = [
            (Error::NoSuchApp, 872_004),
            (Error::NoSuchUser, 801_003),
            (Error::WrongPassword, 801_004),
            (Error::Unverifiable, 872_003),
            (Error::NoSuchTarget, 898_002),
            (Error::NoSuchGroup, 803_004),
            (Error::NotInGroup, 803_005),
            (Error::NotInGroupToLeave, 809_002),
            (Error::MayNotChange, 808_002),
            (Error::MayNotRemove, 811_003),
            (Error::TooManyGroups, 808_003),
            (Error::GroupFull, 810_008),
            (Error::Taken, 872_002),
            (Error::Name(NameError::Start), 872_002),
            (Error::Content(ContentError::Empty), 872_002),
            (Error::Content(ContentError::TooLong(5000, 4096)), 803_007),
            (Error::Content(ContentError::Note), 872_002),
            (Error::MayNotBroadcast, 872_002),
            (Error::KeyReused, 872_002),
            (Error::NoSuchFile, 872_002),
            (Error::FileTooLarge(1), 803_007),
            (Error::StorageFull, 872_002),
            (Error::NotEntitled, 872_005),
            (Error::Superseded, 872_008),
            (Error::NoSession, 872_001),
            (Error::Busy, 872_000),
            (Error::Unavailable, 872_000),
        ];
        for (error, number) in table {
            assert_eq!(Refused::from(error).code.number(), number, "{error:?}");
        }
    }

    #[test]
    fn a_busy_server_says_when_to_come_back() {
        assert_eq!(Refused::from(Error::Busy).retry_after, Some(RETRY_AFTER));
        assert_eq!(Refused::from(Error::NoSuchTarget).retry_after, None);
    }
}
