//! What `online` answers, in both editions.

use super::{Buddy, ById, Connection, LogItem, Room, Text, Told, User};
use jmessage_model::Millis;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// Whether a call did what it should; the value is in the type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::webim) struct Success<const VALUE: bool>;

impl<const VALUE: bool> Serialize for Success<VALUE> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bool(VALUE)
    }
}

/// The answer of seed 000.
#[derive(Debug, Serialize)]
pub(in crate::webim) struct Online<'a> {
    pub(in crate::webim) success: Success<true>,
    #[serde(serialize_with = "millis")]
    pub(in crate::webim) server_time: Millis,
    pub(in crate::webim) user: User<'a>,
    pub(in crate::webim) connection: Connection<'a>,
    pub(in crate::webim) buddies: Vec<Buddy<'a>>,
    pub(in crate::webim) rooms: Vec<Room<'a>>,
    pub(in crate::webim) new_messages: Vec<LogItem<'a>>,
    /// The show of each contact that is online, by its id.
    pub(in crate::webim) presences: ById<'a, Told>,
    /// Absent unless the page is to show some apart from the new ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::webim) offline_messages: Option<Vec<LogItem<'a>>>,
}

/// The answer of seed 001.
#[derive(Debug, Serialize)]
pub(in crate::webim) struct OnlineOld<'a> {
    #[serde(serialize_with = "millis")]
    pub(in crate::webim) server_time: Millis,
    pub(in crate::webim) user: User<'a>,
    pub(in crate::webim) connection: Connection<'a>,
    /// What the page stored: an object.
    pub(in crate::webim) setting: &'a RawValue,
    /// Ids, on the wire with commas between them.
    #[serde(serialize_with = "commas")]
    pub(in crate::webim) online_buddies: Vec<Text<'a>>,
    pub(in crate::webim) presence_buddies: Vec<Buddy<'a>>,
    pub(in crate::webim) presence_rooms: Vec<Room<'a>>,
    /// The log with each buddy and in each room, by its id.
    pub(in crate::webim) histories: ById<'a, Vec<LogItem<'a>>>,
    pub(in crate::webim) new_messages: Vec<LogItem<'a>>,
}

/// The answer of a call that did not do what it should.
#[derive(Debug, Serialize)]
pub(in crate::webim) struct Failed<'a> {
    success: Success<false>,
    error_msg: &'a str,
}

impl<'a> Failed<'a> {
    /// With what a person may read.
    pub(in crate::webim) fn new(error_msg: &'a str) -> Self {
        Self { success: Success, error_msg }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape serde asks for")]
fn millis<S: Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(at.0)
}

fn commas<S: Serializer>(ids: &[Text<'_>], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&ids.join(","))
}
