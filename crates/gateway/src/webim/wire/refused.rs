//! Why a call was refused.

use axum::http::StatusCode;
use jmessage_core::Error;
use jmessage_model::ContentError;
use std::borrow::Cow;

/// A refusal: the status of the answer, and what a person may read. Never what the page gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::webim) struct Refused {
    pub(in crate::webim) status: StatusCode,
    pub(in crate::webim) message: Cow<'static, str>,
}

impl Refused {
    pub(in crate::webim) fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into() }
    }

    /// A parameter that is wrong, with what is wrong about it.
    pub(in crate::webim) fn bad(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// Nobody is logged in, or not with this name and password: which, is not told.
    pub(in crate::webim) fn not_authorized() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "Not Authorized")
    }

    /// There is none, or it is not for this user: which, is not told.
    pub(in crate::webim) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not Found")
    }

    /// The user sees it, and may not do this to it.
    pub(in crate::webim) fn forbidden() -> Self {
        Self::new(StatusCode::FORBIDDEN, "Forbidden")
    }

    /// No App has this domain.
    pub(in crate::webim) fn no_such_domain() -> Self {
        Self::new(StatusCode::NOT_FOUND, "IM Server Not Found")
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        let unavailable = |message| Self::new(StatusCode::SERVICE_UNAVAILABLE, message);
        match error {
            Error::NoSuchApp => Self::no_such_domain(),
            Error::NoSuchUser
            | Error::WrongPassword
            | Error::Unverifiable
            | Error::Superseded
            | Error::NoSession => Self::not_authorized(),
            Error::NoSuchTarget
            | Error::NoSuchGroup
            | Error::NotInGroup
            | Error::NotInGroupToLeave
            | Error::NoSuchFile => Self::not_found(),
            Error::MayNotChange | Error::MayNotRemove | Error::MayNotBroadcast | Error::NotEntitled => {
                Self::forbidden()
            }
            Error::Taken => Self::bad("the name is taken"),
            Error::Name(name) => Self::bad(format!("a name {name}")),
            Error::Content(ContentError::Empty) => Self::bad("the message is empty"),
            Error::Content(ContentError::TooLong(size, limit)) => {
                Self::bad(format!("the message is too long: {size} of at most {limit} bytes"))
            }
            Error::Content(ContentError::Note) => Self::bad("the style of the message is not one"),
            Error::KeyReused => Self::bad("the key was used before for another message"),
            Error::TooManyGroups => Self::bad("too many groups"),
            Error::GroupFull => Self::bad("the room is full"),
            Error::FileTooLarge(limit) => Self::bad(format!("the file is larger than {limit} bytes")),
            Error::StorageFull => Self::bad("the files of this user take all the room there is for them"),
            Error::Busy => unavailable("the server is busy"),
            Error::Unavailable => unavailable("the server cannot do this now"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ContentError, Error};
    use crate::webim::wire::Refused;
    use jmessage_model::NameError;

    #[test]
    fn every_fact_of_the_domain_has_its_status_and_message() {
        let table = [
            (Error::NoSuchApp, 404, "IM Server Not Found"),
            (Error::NoSuchUser, 401, "Not Authorized"),
            (Error::WrongPassword, 401, "Not Authorized"),
            (Error::Unverifiable, 401, "Not Authorized"),
            (Error::Superseded, 401, "Not Authorized"),
            (Error::NoSession, 401, "Not Authorized"),
            (Error::NoSuchTarget, 404, "Not Found"),
            (Error::NoSuchGroup, 404, "Not Found"),
            (Error::NotInGroup, 404, "Not Found"),
            (Error::NotInGroupToLeave, 404, "Not Found"),
            (Error::NoSuchFile, 404, "Not Found"),
            (Error::MayNotChange, 403, "Forbidden"),
            (Error::MayNotRemove, 403, "Forbidden"),
            (Error::MayNotBroadcast, 403, "Forbidden"),
            (Error::NotEntitled, 403, "Forbidden"),
            (Error::Taken, 400, "the name is taken"),
            (Error::Name(NameError::Start), 400, "a name must start with a letter or digit"),
            (Error::Content(ContentError::Empty), 400, "the message is empty"),
            (
                Error::Content(ContentError::TooLong(5000, 4096)),
                400,
                "the message is too long: 5000 of at most 4096 bytes",
            ),
            (Error::Content(ContentError::Note), 400, "the style of the message is not one"),
            (Error::KeyReused, 400, "the key was used before for another message"),
            (Error::TooManyGroups, 400, "too many groups"),
            (Error::GroupFull, 400, "the room is full"),
            (Error::FileTooLarge(9), 400, "the file is larger than 9 bytes"),
            (Error::StorageFull, 400, "the files of this user take all the room there is for them"),
            (Error::Busy, 503, "the server is busy"),
            (Error::Unavailable, 503, "the server cannot do this now"),
        ];
        for (error, status, message) in table {
            let refused = Refused::from(error);
            assert_eq!((refused.status.as_u16(), &*refused.message), (status, message), "{error:?}");
        }
    }
}
