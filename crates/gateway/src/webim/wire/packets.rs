//! What a poll brings.

use super::{LogItem, PresenceType, Text, Told};
use serde::Serialize;

/// The answer of a poll; nothing in it is as good as something. The same object is a frame of the WebSocket.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub(in crate::webim) struct Packets<'a> {
    pub(in crate::webim) messages: Vec<LogItem<'a>>,
    pub(in crate::webim) presences: Vec<PresencePacket<'a>>,
    pub(in crate::webim) statuses: Vec<StatusPacket<'a>>,
}

/// That something cannot be done: to a poll whose ticket is none, and to sites.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename = "error")]
pub(in crate::webim) struct NoPackets<'a> {
    pub(in crate::webim) message: &'a str,
}

/// Somebody came, went, or changed.
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct PresencePacket<'a> {
    #[serde(rename = "type")]
    pub(in crate::webim) kind: PresenceType,
    pub(in crate::webim) from: Text<'a>,
    /// The user who is told, or the room it is about.
    pub(in crate::webim) to: Text<'a>,
    pub(in crate::webim) nick: Text<'a>,
    /// [`Told::to_others`] says what may stand here.
    pub(in crate::webim) show: Told,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) status: Option<Text<'a>>,
}

/// Somebody is typing, or whatever else pages tell each other.
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct StatusPacket<'a> {
    pub(in crate::webim) from: Text<'a>,
    pub(in crate::webim) nick: Text<'a>,
    pub(in crate::webim) to: Text<'a>,
    /// `typing`; what else pages say of it is theirs.
    pub(in crate::webim) show: Text<'a>,
}
