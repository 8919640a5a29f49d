//! Numeric ids, each a type of its own so that a user is never taken for a conversation.

use std::fmt;

/// The largest id that a JavaScript number carries exactly (2^53 − 1). Every id here stays at or below it.
pub const MAX_SAFE_ID: u64 = (1 << 53) - 1;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u64);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// An App: one tenant of the server.
    AppId
    /// A user of one App.
    UserId
    /// A conversation: the owner of one log.
    ConversationId
    /// An entry of any log, in the order in which entries were stored.
    EntryId
    /// The position of an entry in its conversation's log: 1, 2, 3, … without gaps.
    Seq
    /// Which of the sessions a user ever had on one platform; the highest one is the living one.
    Epoch
    /// Milliseconds since 1970-01-01 UTC.
    Millis
}

impl Seq {
    /// The position behind this one.
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl Millis {
    /// Whole seconds since 1970, as the JMessage wire counts.
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }
}
