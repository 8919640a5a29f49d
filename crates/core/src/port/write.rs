//! The one who applies changes, and what each led to.

use super::{Op, Unavailable};
use jmessage_model::{AppId, ConversationId, EntryId, Epoch, Millis, Seq, UserId};

/// The only one who writes. A batch is one transaction: when `commit` returns `Ok`, readers and later batches see what was
/// applied, and it may be told once it is synced; when it returns `Err`, nothing of it can be promised and nothing of it may
/// be reported as done.
pub trait Writer: Send {
    /// Applies the changes in their order and answers each.
    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Result<Done, Refusal>>, Unavailable>;

    /// What makes durable whatever is committed from now on; one for each of those who do so at the same time.
    fn log(&self) -> Result<Box<dyn Log>, Unavailable>;

    /// Whether somebody else, such as an operator's command in a process of its own, has changed the store since this
    /// was asked last: what was remembered of it may be out of date.
    fn changed_elsewhere(&mut self) -> bool {
        false
    }
}

/// Makes commits durable, beside the writer.
pub trait Log: Send {
    /// When it returns `Ok`, whatever had been committed before it was called is durable. After `Err`, whatever was not
    /// durable before may never become so, and the writer commits nothing more.
    fn sync(&mut self) -> Result<(), Unavailable>;
}

/// What a change led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The App was created.
    App(AppId),
    /// The user was created.
    User(UserId),
    /// The session is open under this epoch.
    Session(Epoch),
    /// The message is in the log.
    Appended(Appended),
    /// So many entries were cut.
    Trimmed(usize),
    /// Nothing to tell.
    Nothing,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its number.
    pub id: EntryId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its position in the log.
    pub seq: Seq,
    /// When it was first accepted.
    pub at: Millis,
    /// False when it was there before under the same key.
    pub fresh: bool,
}

/// Why a change was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The name is in use.
    Taken,
    /// The session is not the living one.
    Fenced,
    /// Another login took the session's place.
    Superseded,
    /// No session of this user is open on this platform.
    NoSession,
    /// The key was used for another message.
    KeyReused,
    /// The file is not there.
    NoSuchFile,
    /// The owner's files take too much room.
    StorageFull,
    /// The key was not used.
    Unknown,
}
