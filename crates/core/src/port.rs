//! What the domain asks of a store. The store decides everything that must hold inside a transaction:
//! uniqueness, fences, the order of a log.

use crate::{Entry, UserCard, token::TokenDigest};
use jmessage_model::{
    AppId, AppKey, ClientKey, Content, ConversationId, EntryId, Epoch, Millis, Nickname, Platform, Seq,
    UserId, Username,
};
use std::sync::Arc;
use thiserror::Error;

/// The store could not do it. The cause is for the log only.
#[derive(Debug, Error)]
#[error("store unavailable: {0}")]
pub struct Unavailable(pub String);

/// A tenant.
#[derive(Clone)]
pub struct AppRecord {
    /// Its number.
    pub id: AppId,
    /// Its public key.
    pub key: AppKey,
    /// What its operator calls it.
    pub name: String,
    /// The master secret its developers sign with.
    pub secret: String,
}

impl std::fmt::Debug for AppRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AppRecord({}, {}, secret ***)", self.id, self.key)
    }
}

/// A user as its owner knows it.
#[derive(Clone, Debug)]
pub struct UserRecord {
    /// What others see.
    pub card: Arc<UserCard>,
    /// The hash of the password, in PHC notation.
    pub password: String,
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

/// One change. Each is applied or refused by itself; a refused one leaves no trace.
#[derive(Clone, Debug)]
pub enum Op {
    /// Creates an App. → [`Done::App`], refused with [`Refusal::Taken`].
    CreateApp {
        /// Its public key.
        key: AppKey,
        /// What its operator calls it.
        name: String,
        /// Its master secret.
        secret: String,
        /// Now.
        at: Millis,
    },
    /// Creates a user. → [`Done::User`], refused with [`Refusal::Taken`].
    CreateUser {
        /// Whose user.
        app: AppId,
        /// The unique name.
        name: Username,
        /// The name on the screen.
        nickname: Nickname,
        /// The hash of the password.
        password: String,
        /// Now.
        at: Millis,
    },
    /// Changes a password and forgets every resume token of the user. → [`Done::Nothing`].
    SetPassword {
        /// Whose password.
        user: UserId,
        /// The hash of the new one.
        password: String,
        /// Now.
        at: Millis,
    },
    /// Opens the next session of a user on a platform, after a login: the older one is fenced. → [`Done::Session`].
    OpenSession {
        /// Whose session.
        user: UserId,
        /// What it runs on.
        platform: Platform,
        /// By what it may be resumed.
        token: TokenDigest,
        /// Now.
        at: Millis,
    },
    /// Opens the next session of a user on a platform in the place of the one that `token` belongs to.
    /// → [`Done::Session`], refused with [`Refusal::Superseded`] or [`Refusal::NoSession`].
    ResumeSession {
        /// Whose session.
        user: UserId,
        /// What it runs on.
        platform: Platform,
        /// The token of the last login.
        token: TokenDigest,
        /// A session opened before this moment is forgotten.
        oldest: Millis,
        /// Cursors to move first, as by [`Op::Acknowledge`].
        acknowledged: Vec<(ConversationId, Seq)>,
    },
    /// Ends a session and forgets its token. → [`Done::Nothing`]; ending an older one changes nothing.
    EndSession(Fence),
    /// Appends a message. → [`Done::Appended`], refused with [`Refusal::Fenced`] or [`Refusal::KeyReused`].
    Append {
        /// The sender's session.
        fence: Fence,
        /// The App of both.
        app: AppId,
        /// Whom it is for.
        to: UserId,
        /// The sender's nickname now.
        nickname: Nickname,
        /// The sender's key.
        key: ClientKey,
        /// What it says.
        content: Content,
        /// Now.
        at: Millis,
    },
    /// Moves cursors forward, never beyond the end of a log, and only for conversations the user is in.
    /// → [`Done::Nothing`], refused with [`Refusal::Fenced`].
    Acknowledge {
        /// The session that acknowledges.
        fence: Fence,
        /// Up to where, each conversation.
        positions: Vec<(ConversationId, Seq)>,
    },
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
}

/// The only one who writes. A batch is one transaction: when `commit` returns `Ok`, all that was applied is durable;
/// when it returns `Err`, nothing of it can be promised and nothing of it may be reported as done.
pub trait Writer: Send {
    /// Applies the changes in their order and answers each.
    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Result<Done, Refusal>>, Unavailable>;
}

/// How far a device is behind the end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The conversation.
    pub conversation: ConversationId,
    /// The last position acknowledged.
    pub after: Seq,
}

/// Reads of what is committed; any number at a time.
pub trait Reader: Send + Sync {
    /// The App of a key.
    fn app(&self, key: &AppKey) -> Result<Option<AppRecord>, Unavailable>;
    /// Every App, by number.
    fn apps(&self) -> Result<Vec<AppRecord>, Unavailable>;
    /// The user of a name.
    fn user(&self, app: AppId, name: &str) -> Result<Option<UserRecord>, Unavailable>;
    /// The user of a number.
    fn user_by_id(&self, id: UserId) -> Result<Option<UserRecord>, Unavailable>;
    /// Users of an App in the order of their numbers, after the given one.
    fn users(&self, app: AppId, after: UserId, limit: usize) -> Result<Vec<UserRecord>, Unavailable>;
    /// Whether the user may read the conversation.
    fn is_member(&self, conversation: ConversationId, user: UserId) -> Result<bool, Unavailable>;
    /// The conversations in which the device has not acknowledged everything.
    fn behind(&self, user: UserId, platform: Platform) -> Result<Vec<Behind>, Unavailable>;
    /// Entries of a log after a position, in order.
    fn entries(
        &self,
        conversation: ConversationId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable>;
    /// Whether the store answers.
    fn check(&self) -> Result<(), Unavailable>;
}
