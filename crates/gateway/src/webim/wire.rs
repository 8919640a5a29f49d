//! Names and codes of this wire: the two published editions, the words for closed sets, every object that pages are given,
//! and the one function from facts of the domain to refusals.

mod objects;
mod online;
mod packets;
mod refused;
mod v5;
mod words;

pub(super) use objects::{Buddy, Connection, LogItem, MenuItem, Notification, Room, RoomMember, User};
pub(super) use online::{Failed, Online, OnlineOld, Success};
pub(super) use packets::{NoPackets, Packets, PresencePacket, StatusPacket};
pub(super) use refused::Refused;
pub(super) use v5::{SiteDone, SiteJoined, SiteMember, SiteOnline};
pub(super) use words::{
    Called, Edition, LogType, MessageType, Presence, PresenceType, Stamp, Told, read_show,
};

use std::{borrow::Cow, collections::BTreeMap};

/// A text of an answer: borrowed where somebody has it, owned where it is made for the answer.
pub(super) type Text<'a> = Cow<'a, str>;

/// An object whose names are ids.
pub(super) type ById<'a, T> = BTreeMap<Text<'a>, T>;

#[cfg(test)]
mod tests;
