//! What differs between the editions, and the words for closed sets.

use super::Text;
use jmessage_model::{Millis, Show};
use serde::{Serialize, Serializer};

/// Which of the two published protocols a page speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::webim) enum Edition {
    /// Seed 000.
    Current,
    /// Seed 001, of 2010.
    Old,
}

impl Edition {
    /// A name on the screen in this edition.
    pub(in crate::webim) fn called<'a>(self, name: impl Into<Text<'a>>) -> Called<'a> {
        match self {
            Self::Current => Called::Nick(name.into()),
            Self::Old => Called::Name(name.into()),
        }
    }

    /// A moment in a log of this edition.
    pub(in crate::webim) fn stamp(self, at: Millis) -> Stamp {
        match self {
            Self::Current => Stamp::Number(at),
            Self::Old => Stamp::Digits(at),
        }
    }
}

/// A name on the screen, as a field to be flattened: `nick`, or `name` in 2010.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::webim) enum Called<'a> {
    /// Seed 000.
    #[serde(rename = "nick")]
    Nick(Text<'a>),
    /// Seed 001.
    #[serde(rename = "name")]
    Name(Text<'a>),
}

/// A moment in ms: a number, or digits in a string in 2010.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::webim) enum Stamp {
    /// Seed 000.
    Number(Millis),
    /// Seed 001.
    Digits(Millis),
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(at) => serializer.serialize_u64(at.0),
            Self::Digits(at) => serializer.collect_str(&at.0),
        }
    }
}

/// Whom a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::webim) enum MessageType {
    /// One user: `chat`, or `unicast` in 2010.
    Chat,
    /// A room: `grpchat`, or `multicast` in 2010.
    GroupChat,
    /// Everybody: `broadcast`.
    Broadcast,
}

impl MessageType {
    /// The type of this word in any edition, and the edition if only one has the word.
    pub(in crate::webim) fn read(word: &str) -> Option<(Self, Option<Edition>)> {
        match word {
            "chat" => Some((Self::Chat, Some(Edition::Current))),
            "unicast" => Some((Self::Chat, Some(Edition::Old))),
            "grpchat" => Some((Self::GroupChat, Some(Edition::Current))),
            "multicast" => Some((Self::GroupChat, Some(Edition::Old))),
            "broadcast" => Some((Self::Broadcast, None)),
            _ => None,
        }
    }

    /// The word of an edition.
    pub(in crate::webim) fn word(self, edition: Edition) -> &'static str {
        match (self, edition) {
            (Self::Chat, Edition::Current) => "chat",
            (Self::Chat, Edition::Old) => "unicast",
            (Self::GroupChat, Edition::Current) => "grpchat",
            (Self::GroupChat, Edition::Old) => "multicast",
            (Self::Broadcast, _) => "broadcast",
        }
    }
}

/// The `type` of a logged message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::webim) enum LogType {
    /// The word of an edition.
    Of(MessageType, Edition),
    /// `msg`: what seed 001 has in its log whomever the message was for.
    Msg,
}

impl Serialize for LogType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Of(kind, edition) => kind.word(*edition),
            Self::Msg => "msg",
        })
    }
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::webim) enum Presence {
    /// Has a session, and lets it be seen.
    Online,
    /// Has none, or hides it.
    Offline,
}

/// What a presence packet tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::webim) enum PresenceType {
    /// A contact came.
    Online,
    /// A contact went.
    Offline,
    /// A contact chose another show.
    Show,
    /// Somebody invites the user to a room.
    Invite,
    /// Somebody entered a room.
    Join,
    /// Somebody left a room.
    Leave,
    /// A member of a room came.
    #[serde(rename = "grponline")]
    RoomOnline,
    /// A member of a room went.
    #[serde(rename = "grpoffline")]
    RoomOffline,
}

/// The `show` of somebody as somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::webim) enum Told {
    /// What the user chose.
    As(Show),
    /// Not there.
    Unavailable,
}

impl Told {
    /// What others are told of a user; nothing sets who hides apart from who is not there.
    pub(in crate::webim) fn to_others(show: Option<Show>) -> Self {
        match show {
            Some(Show::Invisible) | None => Self::Unavailable,
            Some(show) => Self::As(show),
        }
    }

    /// The presence that goes with it.
    pub(in crate::webim) fn presence(self) -> Presence {
        match self {
            Self::As(_) => Presence::Online,
            Self::Unavailable => Presence::Offline,
        }
    }

    /// The word.
    pub(in crate::webim) fn word(self) -> &'static str {
        match self {
            Self::As(show) => show_word(show),
            Self::Unavailable => "unavailable",
        }
    }
}

impl Serialize for Told {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

/// The word of both seeds for what a user chose to show.
pub(in crate::webim) fn show_word(show: Show) -> &'static str {
    match show {
        Show::Available => "available",
        Show::Chat => "chat",
        Show::Away => "away",
        Show::Dnd => "dnd",
        Show::Invisible => "invisible",
    }
}

/// What a page's user chose to show. `busy` is in seed 001's list, `buzy` in an example of seed 000: both are [`Show::Dnd`].
/// `unavailable` is what others are told of who hides, so who gives it hides.
pub(in crate::webim) fn read_show(word: &str) -> Option<Show> {
    match word {
        "available" => Some(Show::Available),
        "chat" => Some(Show::Chat),
        "away" => Some(Show::Away),
        "dnd" | "busy" | "buzy" => Some(Show::Dnd),
        "invisible" | "unavailable" => Some(Show::Invisible),
        _ => None,
    }
}
