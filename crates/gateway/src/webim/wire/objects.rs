//! Connections, people, rooms, logged messages, and what pages show beside them. Fields that are absent are not written.

use super::{Called, LogType, Presence, Stamp, Text, Told};
use serde::Serialize;

/// Where a page polls, and with what (`connection`).
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct Connection<'a> {
    pub(in crate::webim) domain: Text<'a>,
    /// The right to poll: a secret of the page.
    pub(in crate::webim) ticket: Text<'a>,
    /// The address of the poll, absolute.
    pub(in crate::webim) server: Text<'a>,
    /// A page that is given one connects there instead of polling.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) websocket: Option<Text<'a>>,
}

/// Who the page's user is (`userInfo`).
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct User<'a> {
    pub(in crate::webim) id: Text<'a>,
    #[serde(flatten)]
    pub(in crate::webim) name: Called<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) pic_url: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) default_pic_url: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) url: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) show: Option<Told>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) status: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) status_time: Option<Text<'a>>,
}

/// Somebody the user knows (`buddyInfo`).
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct Buddy<'a> {
    /// What the user itself is told as well. [`Told::to_others`] says what may stand in its `show`.
    #[serde(flatten)]
    pub(in crate::webim) user: User<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) group: Option<Text<'a>>,
    pub(in crate::webim) presence: Presence,
    /// The page asks for the rest when it needs it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(in crate::webim) incomplete: bool,
    /// Absent: the page asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) history: Option<Vec<LogItem<'a>>>,
}

/// A member of a room (`roomMemberInfo`, in 2010 `roomUserInfo`).
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct RoomMember<'a> {
    pub(in crate::webim) id: Text<'a>,
    #[serde(flatten)]
    pub(in crate::webim) name: Called<'a>,
    /// Pages count who is there by it.
    pub(in crate::webim) presence: Presence,
}

/// A room (`roomInfo`).
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct Room<'a> {
    /// Never the id of a user.
    pub(in crate::webim) id: Text<'a>,
    #[serde(flatten)]
    pub(in crate::webim) name: Called<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) pic_url: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) default_pic_url: Option<Text<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) url: Option<Text<'a>>,
    /// Members.
    pub(in crate::webim) all_count: usize,
    /// Members that are online.
    pub(in crate::webim) count: usize,
    /// The user does not want to hear of it.
    pub(in crate::webim) blocked: bool,
    /// Absent: the page asks for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) members: Option<Vec<RoomMember<'a>>>,
    /// Absent: the page asks for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) history: Option<Vec<LogItem<'a>>>,
}

/// A message, in a log or on its way (`logItem`).
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct LogItem<'a> {
    #[serde(rename = "type")]
    pub(in crate::webim) kind: LogType,
    /// A user or a room.
    pub(in crate::webim) to: Text<'a>,
    pub(in crate::webim) from: Text<'a>,
    /// The sender's name on the screen; seed 001 has none here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) nick: Option<Text<'a>>,
    /// As the filter of styles made it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) style: Option<Text<'a>>,
    pub(in crate::webim) body: Text<'a>,
    pub(in crate::webim) timestamp: Stamp,
}

/// A notice of the site.
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct Notification<'a> {
    pub(in crate::webim) text: Text<'a>,
    pub(in crate::webim) link: Text<'a>,
}

/// A link of the site's menu.
#[derive(Clone, Debug, Serialize)]
pub(in crate::webim) struct MenuItem<'a> {
    pub(in crate::webim) title: Text<'a>,
    pub(in crate::webim) icon: Text<'a>,
    pub(in crate::webim) link: Text<'a>,
}
