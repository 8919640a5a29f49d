//! What the writer is asked to do.

use crate::{
    Error, GroupChange, Queue, Seen, Session, UserCard,
    port::{Appended, Done, Op},
    session::To,
    token::TokenDigest,
};
use jmessage_model::{
    AppId, ClientKey, Content, ConversationId, Millis, Platform, Seq, Shown, UserId, Username,
};
use std::sync::Arc;
use tokio::sync::oneshot;

/// How a session proves that it may open.
#[derive(Clone, Debug)]
pub enum Proof {
    /// By a login just made; the digest is of its new token.
    Login(TokenDigest),
    /// By the token of an earlier login, made after `oldest`; `acknowledged` is written first.
    Resume {
        /// The token's digest.
        token: TokenDigest,
        /// A session opened before is forgotten.
        oldest: Millis,
        /// What the page has seen.
        acknowledged: Vec<(ConversationId, Seq)>,
    },
}

/// What the writer threads are asked to do.
pub enum Command {
    /// Sends a message; the answer goes to the session's queue.
    Send {
        /// The sender.
        session: Arc<Session>,
        /// The gateway's number for the answer.
        request: u64,
        /// Whom it is for.
        to: To,
        /// The sender's key.
        key: ClientKey,
        /// What it says.
        content: Content,
        /// Now.
        at: Millis,
    },
    /// Sends what the App says in a user's name.
    Post {
        /// The sender.
        from: Arc<UserCard>,
        /// Whom it is for.
        to: To,
        /// The key of the message.
        key: ClientKey,
        /// What it says.
        content: Content,
        /// Now.
        at: Millis,
        /// Gets the answer.
        answer: oneshot::Sender<Result<Appended, Error>>,
    },
    /// Changes a group; the answer goes to the session's queue.
    Group {
        /// Who changes it.
        session: Arc<Session>,
        /// The gateway's number for the answer.
        request: u64,
        /// How.
        change: GroupChange,
        /// Now.
        at: Millis,
    },
    /// Moves cursors; the session's queue hears [`crate::Event::Acknowledged`].
    Acknowledge {
        /// Whose cursors.
        session: Arc<Session>,
        /// Up to where.
        positions: Vec<(ConversationId, Seq)>,
    },
    /// Opens a session.
    Open {
        /// Whose.
        user: Arc<UserCard>,
        /// What it runs on.
        platform: Platform,
        /// By what right.
        proof: Proof,
        /// What its user shows from the first moment on; otherwise what it showed before, or that it is there.
        shown: Option<Shown>,
        /// Where its events go.
        queue: Arc<Queue>,
        /// Now.
        at: Millis,
        /// Gets the session.
        answer: oneshot::Sender<Result<Arc<Session>, Error>>,
    },
    /// Ends a session and forgets its token; the answer goes to its queue, which then closes.
    End {
        /// Which.
        session: Arc<Session>,
        /// The gateway's number for the answer.
        request: u64,
    },
    /// The connection of a session is gone; the session may be resumed.
    Leave {
        /// Which.
        session: Arc<Session>,
    },
    /// The session listens from now on, to these users and groups instead of those before.
    Watch {
        /// Who listens.
        session: Arc<Session>,
        /// To whom.
        users: Vec<UserId>,
        /// To which groups.
        groups: Vec<ConversationId>,
    },
    /// What the session's user shows to others.
    Show {
        /// Whose.
        session: Arc<Session>,
        /// What.
        shown: Shown,
    },
    /// The session's user is writing to somebody, or has stopped.
    Typing {
        /// Who.
        session: Arc<Session>,
        /// To whom.
        to: Username,
        /// Whether it is writing.
        typing: bool,
    },
    /// A word to everybody of an App who listens.
    Broadcast {
        /// Whose.
        from: Arc<UserCard>,
        /// From which session, which hears nothing of it; none for what the App says in the user's name.
        by: Option<Arc<Session>>,
        /// What.
        content: Content,
        /// Now.
        at: Millis,
    },
    /// A word in passing to a user or a group.
    Aside {
        /// Whose.
        from: Arc<UserCard>,
        /// From which session, which hears nothing of it; none for what the App says in the user's name.
        by: Option<Arc<Session>>,
        /// To whom.
        to: To,
        /// What.
        content: Content,
        /// Now.
        at: Millis,
        /// Hears whether it was said; not whether anybody heard it.
        answer: oneshot::Sender<Result<(), Error>>,
    },
    /// Who is to be seen.
    Look {
        /// Who asks.
        session: Arc<Session>,
        /// Of whom.
        users: Vec<UserId>,
        /// Of which groups.
        groups: Vec<ConversationId>,
        /// Gets the answer.
        answer: oneshot::Sender<Seen>,
    },
    /// Who of these users of an App is to be seen: for the App itself.
    LookIn {
        /// Whose users.
        app: AppId,
        /// Whom.
        users: Vec<UserId>,
        /// Gets the answer, in the order of the question.
        answer: oneshot::Sender<Vec<Option<Shown>>>,
    },
    /// Any other change; one that a session causes names it in the change itself.
    Change {
        /// The change.
        op: Op,
        /// Gets the result.
        answer: oneshot::Sender<Result<Done, Error>>,
    },
    /// Stops the writer after everything before it.
    Stop,
}

impl Command {
    /// Whether anything of it is committed, so that it is answered after a sync.
    pub(crate) fn is_stored(&self) -> bool {
        match self {
            Self::Send { .. }
            | Self::Post { .. }
            | Self::Group { .. }
            | Self::Acknowledge { .. }
            | Self::Open { .. }
            | Self::End { .. }
            | Self::Change { .. } => true,
            Self::Leave { .. }
            | Self::Watch { .. }
            | Self::Show { .. }
            | Self::Typing { .. }
            | Self::Broadcast { .. }
            | Self::Aside { .. }
            | Self::Look { .. }
            | Self::LookIn { .. }
            | Self::Stop => false,
        }
    }
}
