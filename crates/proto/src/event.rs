//! The JMessage event object inside `event` (`seeds/002 §收到下发事件`).

use crate::field::Sink;

/// What happened to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// A group was made.
    CreateGroup,
    /// Somebody left, or the group ended.
    ExitGroup,
    /// Users were taken in.
    AddMembers,
    /// Users were put out.
    RemoveMembers,
}

impl EventType {
    /// The word of `event_type`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreateGroup => "create_group",
            Self::ExitGroup => "exit_group",
            Self::AddMembers => "add_members",
            Self::RemoveMembers => "remove_members",
        }
    }

    /// The number of `eventType`.
    pub fn number(self) -> u64 {
        match self {
            Self::CreateGroup => 8,
            Self::ExitGroup => 9,
            Self::AddMembers => 10,
            Self::RemoveMembers => 11,
        }
    }
}

/// The description of the event that ends a group.
pub const DISSOLVED: &str = "administrator delete group";

/// An event as a page receives it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<'a> {
    /// What happened.
    pub event_type: EventType,
    /// Who did it.
    pub from_username: &'a str,
    /// The group's number.
    pub gid: u64,
    /// A word about it, mostly empty.
    pub description: &'a str,
    /// When, as `yyyy-MM-dd HH:mm:ss`.
    pub ctime: &'a str,
}

impl Event<'_> {
    /// Writes all fields but `to_username_list`, which is nested.
    pub fn write<S: Sink>(&self, to: &mut S) {
        to.text("event_type", self.event_type.as_str());
        // Pages of the original test for the number under the other spelling.
        to.number("eventType", self.event_type.number());
        to.text("from_username", self.from_username);
        to.number("gid", self.gid);
        to.text("description", self.description);
        to.text("ctime", self.ctime);
    }
}
