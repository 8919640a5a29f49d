//! In whose name something is written, by what right, and to which log.

use jmessage_model::{ConversationId, Epoch, Platform, UserId};

/// Which log a message goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// That of the sender and this user.
    User(UserId),
    /// That of this group.
    Group(ConversationId),
}

/// Which session a command comes from; checked against the living one inside the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The session's user.
    pub user: UserId,
    /// What it runs on.
    pub platform: Platform,
    /// Which of the user's sessions on that platform it is.
    pub epoch: Epoch,
}

/// By what right a message is appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// A session of the sender, if it is the living one.
    Session(Fence),
    /// The App in the sender's name, whether that one has a session or not.
    App {
        /// The sender.
        user: UserId,
        /// What the sender's pages would run on.
        platform: Platform,
    },
}

impl Author {
    /// The sender.
    pub fn user(&self) -> UserId {
        match self {
            Self::Session(fence) => fence.user,
            Self::App { user, .. } => *user,
        }
    }

    /// What the message is written on.
    pub fn platform(&self) -> Platform {
        match self {
            Self::Session(fence) => fence.platform,
            Self::App { platform, .. } => *platform,
        }
    }
}
