//! What the machine tells its driver.

use jmessage_proto::{Code, Position, Request};

/// Something to do. The driver carries the actions out one after another, in order.
#[derive(Clone, Debug, PartialEq)]
pub enum Action<V> {
    /// Open a connection; answer with `opened` or `closed`. There is no other connection now.
    Connect,
    /// Close the connection with this code and forget it: nothing of it may be reported any more.
    Close(u16),
    /// Send a frame on the open connection.
    Transmit(Request<V>),
    /// Obtain a signature; answer with `signed` and this ticket.
    AskSigner(u64),
    /// Tell the page.
    Notify(Notice<V>),
}

/// News for the page.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Notice<V> {
    /// `config` succeeded. Once per `config` call.
    Ready,
    /// `config` failed. For a passing cause (872000, 872006) the machine goes on trying, and `Ready` may follow.
    ConfigError(Failure),
    /// The connection stands. Not repeated until after [`Notice::Disconnected`].
    Connected,
    /// The connection is broken, or could not be made, and the machine is working on it. Not said for a connection
    /// that is closed because nobody needs it, nor after a kick: [`Notice::Notification`] says that.
    Disconnected,
    /// The login of this number succeeded.
    LoginDone(u64),
    /// The login of this number failed.
    LoginFailed(u64, Failure),
    /// The message of this number is stored.
    Sent(u64),
    /// The message of this number was not confirmed; it is not repeated unless `resend` is called.
    SendFailed(u64, Failure),
    /// The call of this number was answered; nothing when there is nothing to tell.
    Answered(u64, Option<V>),
    /// The call of this number failed. Whether the server carried it out is not known after 872006 and 872007.
    CallFailed(u64, Failure),
    /// A message for the page and where it stands; in the order of its conversation, once.
    Message(Position, V),
    /// An event for the page and where it stands; in the order of its conversation, once.
    Event(Position, V),
    /// What of a conversation came before this place is not kept any more and will not be told; once, and in the order of
    /// the conversation. The value says of which chat.
    Resync(Position, V),
    /// Of so many entries that waited for the session (the second number), so many have come: at the beginning, now and
    /// then, and at the end. A broken connection ends it; what is left then is told anew.
    Backlog(u64, u64),
    /// From now on the user reads files behind `url` and uploads them to `upload`; paths on the server, or whole URLs.
    Media { url: String, upload: String },
    /// The session has ended without the page's doing: 872008, or the code with which logging in again was refused.
    Notification(Failure),
}

/// Why something failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// An error code, normally one of [`Code`].
    pub code: u64,
    /// What the code means, or something more precise.
    pub message: String,
}

impl Failure {
    /// A failure with a message of its own.
    pub fn new(code: Code, message: &str) -> Self {
        Self { code: code.number().into(), message: message.into() }
    }

    /// Whether the failure is of this code.
    pub fn is(&self, code: Code) -> bool {
        self.code == u64::from(code.number())
    }

    /// Whether the same request may succeed later without anybody changing anything.
    pub(crate) fn passes(&self) -> bool {
        self.is(Code::ServerError) || self.is(Code::RequestTimeout)
    }
}

impl From<Code> for Failure {
    fn from(code: Code) -> Self {
        Self::new(code, code.message())
    }
}

/// A message to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Outgoing<V> {
    /// `single` or `group`.
    pub target_type: String,
    /// Username or group number.
    pub target_id: String,
    /// The word of `msg_type`.
    pub msg_type: String,
    /// The nested `msg_body`.
    pub body: V,
    /// What the message weighs in memory, in bytes.
    pub size: usize,
}

/// What the machine must know of a payload that it otherwise only passes on.
pub trait Payload: Clone {
    /// Whether this is a copy of what `username` sent to somebody else; a note to oneself is not.
    fn is_own_copy(&self, username: &str) -> bool;
}
