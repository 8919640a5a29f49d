//! The frames of `/jmessage/v1`: each is one JSON object whose `type` names it.
//!
//! `id` is chosen by the client and comes back in the answer. `V` is what a nested value is where the frame
//! is handled: a JavaScript value in a page, raw JSON text in the server.

use crate::field::{Fields, FrameError, Sink, Source};
use std::fmt;

/// A place in a conversation's log: everything up to and including `seq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Position {
    /// The conversation's number.
    pub conversation: u64,
    /// The position in its log.
    pub seq: u64,
}

/// Client to server. Printing it shows no field, since some are secrets.
#[derive(Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields are named as on the wire; each variant says what they mean")]
pub enum Request<V> {
    /// Proves by signature which App the page belongs to. → `configured` or `error`.
    Config { id: u64, app_key: String, timestamp: String, random_str: String, signature: String },
    /// Opens a session; an older one of the same user and platform ends. → `session` or `error`.
    Login { id: u64, username: String, password: String },
    /// Takes up the session again to which `token` belongs, on a new connection, without `config` and `login`;
    /// `cursors` are acknowledged first. → `session` or `error`.
    Resume { id: u64, app_key: String, token: String, cursors: Vec<Position> },
    /// Ends the session; the connection stays configured. → `done`.
    Logout { id: u64 },
    /// Sends a message. The same `key` again returns the first result. → `sent` or `error`.
    Send { id: u64, key: String, target_type: String, target_id: String, msg_type: String, msg_body: V },
    /// Any other call: `method` names it, `params` is its object. → `data` or `error`.
    Call { id: u64, method: String, params: V },
    /// Acknowledges what was handed to the page. No answer.
    Ack { cursors: Vec<Position> },
    /// Asks for everything of a conversation after `after`: the client found a gap. Answered by `push` frames.
    Sync { conversation: u64, after: u64 },
    /// Asks for a sign of life. → `pong`.
    Ping,
}

/// Server to client. Printing it shows no field, since some are secrets.
#[derive(Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields are named as on the wire; each variant says what they mean")]
pub enum Response<V> {
    /// The App is known and the signature is right.
    Configured { id: u64 },
    /// The session is open. `token` resumes it after a broken connection.
    Session { id: u64, token: String, username: String, nickname: String },
    /// The message is stored and synced. `create_time` in seconds.
    Sent { id: u64, msg_id: u64, conversation: u64, seq: u64, create_time: u64 },
    /// Done; nothing more to say.
    Done { id: u64 },
    /// The request failed (or, without `id`, a frame made no sense). `retry_after` in milliseconds.
    Error { id: Option<u64>, code: u64, message: String, retry_after: Option<u64> },
    /// The answer to a `call`; null when there is nothing to tell.
    Data { id: u64, data: Option<V> },
    /// An entry of a log; `message` is a JMessage message.
    Push { conversation: u64, seq: u64, message: V },
    /// An entry of a log; `event` is a JMessage event.
    Event { conversation: u64, seq: u64, event: V },
    /// In this conversation nothing up to and including `seq` is to be waited for: it was before the user's time
    /// there.
    From { conversation: u64, seq: u64 },
    /// What of this conversation the user did not get, up to and including `seq`, is not kept any more; `lost` says of
    /// which chat it is, and from where to where.
    Resync { conversation: u64, seq: u64, lost: V },
    /// So many entries wait, and come next.
    Backlog { count: u64 },
    /// Where the session's user reads files (`url`, a base that media ids are put behind) and uploads them: paths on the
    /// server, or whole URLs. They expire; the frame comes again in time.
    Media { url: String, upload: String },
    /// The session has ended; the connection closes.
    Kicked { code: u64, message: String },
    /// A sign of life.
    Pong,
}

impl<V> fmt::Debug for Request<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config { .. } => "config",
            Self::Login { .. } => "login",
            Self::Resume { .. } => "resume",
            Self::Logout { .. } => "logout",
            Self::Send { .. } => "send",
            Self::Call { .. } => "call",
            Self::Ack { .. } => "ack",
            Self::Sync { .. } => "sync",
            Self::Ping => "ping",
        })
    }
}

impl<V> fmt::Debug for Response<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Configured { .. } => "configured",
            Self::Session { .. } => "session",
            Self::Sent { .. } => "sent",
            Self::Done { .. } => "done",
            Self::Error { .. } => "error",
            Self::Data { .. } => "data",
            Self::Push { .. } => "push",
            Self::Event { .. } => "event",
            Self::From { .. } => "from",
            Self::Resync { .. } => "resync",
            Self::Backlog { .. } => "backlog",
            Self::Media { .. } => "media",
            Self::Kicked { .. } => "kicked",
            Self::Pong => "pong",
        })
    }
}

impl<V> Request<V> {
    /// Reads a request. An unknown `type` is [`FrameError::UnknownType`].
    pub fn read<S: Source<Value = V>>(from: &S) -> Result<Self, FrameError> {
        let kind = from.text("type")?.ok_or(FrameError::UnknownType)?;
        let fields = Fields::of(from);
        let text = |name| fields.text(name);
        let number = |name| fields.number(name);
        let frame = match kind.as_str() {
            "config" => Self::Config {
                id: number("id"),
                app_key: text("appKey"),
                timestamp: text("timestamp"),
                random_str: text("randomStr"),
                signature: text("signature"),
            },
            "login" => {
                Self::Login { id: number("id"), username: text("username"), password: text("password") }
            }
            "resume" => Self::Resume {
                id: number("id"),
                app_key: text("appKey"),
                token: text("token"),
                cursors: from.positions("cursors")?.unwrap_or_default(),
            },
            "logout" => Self::Logout { id: number("id") },
            "send" => Self::Send {
                id: number("id"),
                key: text("key"),
                target_type: text("target_type"),
                target_id: text("target_id"),
                msg_type: text("msg_type"),
                msg_body: fields.value("msg_body")?,
            },
            "call" => {
                Self::Call { id: number("id"), method: text("method"), params: fields.value("params")? }
            }
            "ack" => Self::Ack { cursors: from.positions("cursors")?.ok_or(FrameError::Missing("cursors"))? },
            "sync" => Self::Sync { conversation: number("conversation"), after: number("after") },
            "ping" => Self::Ping,
            _ => return Err(FrameError::UnknownType),
        };
        fields.finish(frame)
    }

    /// Writes the request.
    pub fn write<S: Sink<Value = V>>(self, to: &mut S) {
        match self {
            Self::Config { id, app_key, timestamp, random_str, signature } => {
                head(to, "config", id);
                to.text("appKey", &app_key);
                to.text("timestamp", &timestamp);
                to.text("randomStr", &random_str);
                to.text("signature", &signature);
            }
            Self::Login { id, username, password } => {
                head(to, "login", id);
                to.text("username", &username);
                to.text("password", &password);
            }
            Self::Resume { id, app_key, token, cursors } => {
                head(to, "resume", id);
                to.text("appKey", &app_key);
                to.text("token", &token);
                to.positions("cursors", &cursors);
            }
            Self::Logout { id } => head(to, "logout", id),
            Self::Send { id, key, target_type, target_id, msg_type, msg_body } => {
                head(to, "send", id);
                to.text("key", &key);
                to.text("target_type", &target_type);
                to.text("target_id", &target_id);
                to.text("msg_type", &msg_type);
                to.value("msg_body", msg_body);
            }
            Self::Call { id, method, params } => {
                head(to, "call", id);
                to.text("method", &method);
                to.value("params", params);
            }
            Self::Ack { cursors } => {
                to.word("type", "ack");
                to.positions("cursors", &cursors);
            }
            Self::Sync { conversation, after } => {
                to.word("type", "sync");
                to.number("conversation", conversation);
                to.number("after", after);
            }
            Self::Ping => to.word("type", "ping"),
        }
    }
}

fn place<S: Sink>(to: &mut S, kind: &'static str, conversation: u64, seq: u64) {
    to.word("type", kind);
    to.number("conversation", conversation);
    to.number("seq", seq);
}

fn head<S: Sink>(to: &mut S, kind: &'static str, id: u64) {
    to.word("type", kind);
    to.number("id", id);
}

impl<V> Response<V> {
    /// Reads a response. A client passes over an unknown `type`: the server may be newer.
    pub fn read<S: Source<Value = V>>(from: &S) -> Result<Self, FrameError> {
        let kind = from.text("type")?.ok_or(FrameError::UnknownType)?;
        let fields = Fields::of(from);
        let text = |name| fields.text(name);
        let number = |name| fields.number(name);
        let frame = match kind.as_str() {
            "configured" => Self::Configured { id: number("id") },
            "session" => Self::Session {
                id: number("id"),
                token: text("token"),
                username: text("username"),
                nickname: text("nickname"),
            },
            "sent" => Self::Sent {
                id: number("id"),
                msg_id: number("msg_id"),
                conversation: number("conversation"),
                seq: number("seq"),
                create_time: number("create_time"),
            },
            "done" => Self::Done { id: number("id") },
            "error" => Self::Error {
                id: fields.maybe_number("id"),
                code: number("code"),
                message: text("message"),
                retry_after: fields.maybe_number("retry_after"),
            },
            "push" => Self::Push {
                conversation: number("conversation"),
                seq: number("seq"),
                message: fields.value("message")?,
            },
            "data" => Self::Data { id: number("id"), data: from.value("data")? },
            "event" => Self::Event {
                conversation: number("conversation"),
                seq: number("seq"),
                event: fields.value("event")?,
            },
            "from" => Self::From { conversation: number("conversation"), seq: number("seq") },
            "resync" => Self::Resync {
                conversation: number("conversation"),
                seq: number("seq"),
                lost: fields.value("lost")?,
            },
            "backlog" => Self::Backlog { count: number("count") },
            "media" => Self::Media { url: text("url"), upload: text("upload") },
            "kicked" => Self::Kicked { code: number("code"), message: text("message") },
            "pong" => Self::Pong,
            _ => return Err(FrameError::UnknownType),
        };
        fields.finish(frame)
    }

    /// Writes the response.
    pub fn write<S: Sink<Value = V>>(self, to: &mut S) {
        match self {
            Self::Configured { id } => head(to, "configured", id),
            Self::Session { id, token, username, nickname } => {
                head(to, "session", id);
                to.text("token", &token);
                to.text("username", &username);
                to.text("nickname", &nickname);
            }
            Self::Sent { id, msg_id, conversation, seq, create_time } => {
                head(to, "sent", id);
                to.number("msg_id", msg_id);
                to.number("conversation", conversation);
                to.number("seq", seq);
                to.number("create_time", create_time);
            }
            Self::Done { id } => head(to, "done", id),
            Self::Error { id, code, message, retry_after } => {
                to.word("type", "error");
                if let Some(id) = id {
                    to.number("id", id);
                }
                to.number("code", code);
                to.text("message", &message);
                if let Some(delay) = retry_after {
                    to.number("retry_after", delay);
                }
            }
            Self::Data { id, data } => {
                head(to, "data", id);
                if let Some(data) = data {
                    to.value("data", data);
                }
            }
            Self::Push { conversation, seq, message } => {
                place(to, "push", conversation, seq);
                to.value("message", message);
            }
            Self::Event { conversation, seq, event } => {
                place(to, "event", conversation, seq);
                to.value("event", event);
            }
            Self::From { conversation, seq } => place(to, "from", conversation, seq),
            Self::Resync { conversation, seq, lost } => {
                place(to, "resync", conversation, seq);
                to.value("lost", lost);
            }
            Self::Backlog { count } => {
                to.word("type", "backlog");
                to.number("count", count);
            }
            Self::Media { url, upload } => {
                to.word("type", "media");
                to.text("url", &url);
                to.text("upload", &upload);
            }
            Self::Kicked { code, message } => {
                to.word("type", "kicked");
                to.number("code", code);
                to.text("message", &message);
            }
            Self::Pong => to.word("type", "pong"),
        }
    }
}

impl<V> Request<V> {
    /// The id by which the request is answered, if it is answered.
    pub fn id(&self) -> Option<u64> {
        match self {
            Self::Config { id, .. }
            | Self::Login { id, .. }
            | Self::Resume { id, .. }
            | Self::Logout { id }
            | Self::Send { id, .. }
            | Self::Call { id, .. } => Some(*id),
            Self::Ack { .. } | Self::Sync { .. } | Self::Ping => None,
        }
    }

    /// The same request with its nested value, if it has one, changed by `change`.
    pub fn map_body<W>(self, change: impl FnOnce(V) -> W) -> Request<W> {
        match self {
            Self::Config { id, app_key, timestamp, random_str, signature } => {
                Request::Config { id, app_key, timestamp, random_str, signature }
            }
            Self::Login { id, username, password } => Request::Login { id, username, password },
            Self::Resume { id, app_key, token, cursors } => Request::Resume { id, app_key, token, cursors },
            Self::Logout { id } => Request::Logout { id },
            Self::Send { id, key, target_type, target_id, msg_type, msg_body } => {
                Request::Send { id, key, target_type, target_id, msg_type, msg_body: change(msg_body) }
            }
            Self::Call { id, method, params } => Request::Call { id, method, params: change(params) },
            Self::Ack { cursors } => Request::Ack { cursors },
            Self::Sync { conversation, after } => Request::Sync { conversation, after },
            Self::Ping => Request::Ping,
        }
    }
}

impl<V> Response<V> {
    /// The id of the request that the response answers, if it answers one.
    pub fn id(&self) -> Option<u64> {
        match self {
            Self::Configured { id }
            | Self::Session { id, .. }
            | Self::Sent { id, .. }
            | Self::Done { id }
            | Self::Data { id, .. } => Some(*id),
            Self::Error { id, .. } => *id,
            Self::Push { .. }
            | Self::Event { .. }
            | Self::From { .. }
            | Self::Resync { .. }
            | Self::Backlog { .. }
            | Self::Media { .. }
            | Self::Kicked { .. }
            | Self::Pong => None,
        }
    }

    /// The same response with its nested value, if it has one, changed by `change`.
    pub fn map_message<W>(self, change: impl FnOnce(V) -> W) -> Response<W> {
        match self {
            Self::Configured { id } => Response::Configured { id },
            Self::Session { id, token, username, nickname } => {
                Response::Session { id, token, username, nickname }
            }
            Self::Sent { id, msg_id, conversation, seq, create_time } => {
                Response::Sent { id, msg_id, conversation, seq, create_time }
            }
            Self::Done { id } => Response::Done { id },
            Self::Error { id, code, message, retry_after } => {
                Response::Error { id, code, message, retry_after }
            }
            Self::Data { id, data } => Response::Data { id, data: data.map(change) },
            Self::Push { conversation, seq, message } => {
                Response::Push { conversation, seq, message: change(message) }
            }
            Self::Event { conversation, seq, event } => {
                Response::Event { conversation, seq, event: change(event) }
            }
            Self::From { conversation, seq } => Response::From { conversation, seq },
            Self::Resync { conversation, seq, lost } => {
                Response::Resync { conversation, seq, lost: change(lost) }
            }
            Self::Backlog { count } => Response::Backlog { count },
            Self::Media { url, upload } => Response::Media { url, upload },
            Self::Kicked { code, message } => Response::Kicked { code, message },
            Self::Pong => Response::Pong,
        }
    }
}
