//! What can go wrong, as facts of the domain. Each gateway has one function from here to its own codes.

use jmessage_model::{ContentError, NameError};
use thiserror::Error;

/// A fact of the domain that stops a command. Nothing was stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Error {
    /// No App has this key.
    #[error("no such app")]
    NoSuchApp,
    /// No user has this name, where the user is the one who logs in.
    #[error("no such user")]
    NoSuchUser,
    /// No user has this name, where the user is the one a message is for.
    #[error("no such target user")]
    NoSuchTarget,
    /// The password is not the user's.
    #[error("wrong password")]
    WrongPassword,
    /// What is stored of the user's password cannot be compared with any.
    #[error("the password cannot be verified")]
    Unverifiable,
    /// The name is in use already.
    #[error("name taken")]
    Taken,
    /// A name is outside its grammar.
    #[error("{0}")]
    Name(NameError),
    /// A content is outside its limits.
    #[error("content refused")]
    Content(ContentError),
    /// The sender used this key before, for another message.
    #[error("message key used before with other content")]
    KeyReused,
    /// No group has this number, or it was dissolved.
    #[error("no such group")]
    NoSuchGroup,
    /// The user is not in the group.
    #[error("not in the group")]
    NotInGroup,
    /// The user is not in the group that it wants to leave.
    #[error("not in the group to leave")]
    NotInGroupToLeave,
    /// Only the owner may change what the group is called.
    #[error("only the owner may change the group")]
    MayNotChange,
    /// The user may not speak to everybody.
    #[error("may not broadcast")]
    MayNotBroadcast,
    /// Only the owner may put members out, and not itself.
    #[error("only the owner may remove members")]
    MayNotRemove,
    /// The user owns as many groups as one may.
    #[error("too many groups")]
    TooManyGroups,
    /// The group has no room for so many.
    #[error("the group is full")]
    GroupFull,
    /// No file has this name, or it is not for this user.
    #[error("no such file")]
    NoSuchFile,
    /// The file has more bytes than the limit.
    #[error("the file is larger than {0} bytes")]
    FileTooLarge(u64),
    /// The files of this user take all the room there is for them.
    #[error("the user's storage is full")]
    StorageFull,
    /// A capability has expired, or is none, or is for something else.
    #[error("not entitled")]
    NotEntitled,
    /// The session has ended; another one took its place.
    #[error("logged in elsewhere")]
    Superseded,
    /// There is no session to resume.
    #[error("no session to resume")]
    NoSession,
    /// Too much work is waiting. Nothing was done; try again later.
    #[error("busy")]
    Busy,
    /// The store failed or the server is stopping; the cause is in the log.
    #[error("unavailable")]
    Unavailable,
}

impl From<NameError> for Error {
    fn from(error: NameError) -> Self {
        Self::Name(error)
    }
}

impl From<ContentError> for Error {
    fn from(error: ContentError) -> Self {
        Self::Content(error)
    }
}
