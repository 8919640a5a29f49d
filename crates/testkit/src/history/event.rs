//! The words of a history.

use std::fmt;

/// One page from its opening to its end. A page that is loaded anew and has forgotten what it showed is another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PageId(pub u32);

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// The user of this name.
    User(String),
    /// The group of this number.
    Group(u64),
}

/// By what a page wants its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// Name and password: an older session of the user ends.
    Login,
    /// The token of a session that it had.
    Resume,
}

/// Where a message is stored, as `success` tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The conversation's number.
    pub conversation: u64,
    /// The position in its log.
    pub seq: u64,
    /// The message's number (`msg_id`).
    pub id: u64,
}

/// What happened to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroupNews {
    /// It was made; its owner is in it.
    Created,
    /// Users were taken in.
    Added,
    /// Users were put out.
    Removed,
    /// A user left.
    Left,
    /// It ended.
    Dissolved,
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// A message. Texts of one history differ from each other, so that each can be told from all others.
    Text(String),
    /// An event of a group, and the users it names.
    Group(GroupNews, Vec<String>),
}

/// What happened at a page or to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Event {
    /// A page of this user begins.
    Opened { page: PageId, user: String },
    /// A frame that asks for a session leaves the page; each time.
    Asking { page: PageId, by: Proof },
    /// The page heard that its session is open.
    LoggedIn { page: PageId },
    /// The page heard that its session was taken away.
    Kicked { page: PageId },
    /// The page gave a message to be sent. The same message again, under the same key, is written once or each time.
    Sent { page: PageId, key: String, to: To, text: String },
    /// The page heard of success.
    Told { page: PageId, key: String, at: Place },
    /// The page heard of failure. The message may be stored nevertheless.
    Failed { page: PageId, key: String, code: u64 },
    /// An entry was handed to the page.
    Received { page: PageId, conversation: u64, seq: u64, from: String, body: Body },
    /// The page is gone. It hears nothing any more.
    Closed { page: PageId },
    /// A request leaves the page.
    Asked { page: PageId, request: u64 },
    /// Its answer arrived, of whatever kind.
    Answered { page: PageId, request: u64 },
    /// Something struck the page, or all of them: how long they wait says nothing until this moment, or until they are
    /// logged in again before it.
    Struck { page: Option<PageId>, until: u64 },
    /// So many milliseconds have passed since the beginning. Without it nothing is known of how long anything took.
    Clock { ms: u64 },
    /// The server is gone, without a word or properly.
    ServerDown,
    /// The server serves again.
    ServerUp,
}

impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "page {}", self.0)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "message {} ({}/{})", self.id, self.conversation, self.seq)
    }
}
