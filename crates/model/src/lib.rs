//! The vocabulary every other crate speaks: ids, names, limits, message content.
//!
//! Owns the words of the domain and the checks a single value can make on itself.
//! Must never know I/O, clocks, tokio, or the name of a field on any wire.

mod content;
mod group;
mod id;
mod limits;
mod media;
mod mutant;
mod name;
mod notice;
mod presence;
mod profile;

pub use content::{Content, ContentError, Noted};
pub use group::{GroupEvent, GroupEventKind};
pub use id::{AppId, ConversationId, EntryId, Epoch, MAX_SAFE_ID, Millis, Seq, UserId};
pub use limits::Limits;
pub use media::{Extent, Facts, FileId, Format, Media};
pub use mutant::Mutant;
pub use name::{
    AppKey, AvatarPath, ClientKey, ContactLabel, Description, GroupKey, GroupName, NameError, Nickname,
    Password, SettingName, Username,
};
pub use notice::Notice;
pub use presence::{Show, Shown};
pub use profile::{Gender, Profile, ProfileEdit};

/// What a session runs on. One user has at most one session per platform; the discriminant is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Platform {
    /// A page in a browser.
    Web = 1,
    /// Pages in a browser that ask for what is new; those of one user share a session.
    Poller = 2,
}

impl Platform {
    /// The platform stored as `value`, if there is one.
    pub fn from_stored(value: u8) -> Option<Self> {
        match value {
            1 => Some(Self::Web),
            2 => Some(Self::Poller),
            _ => None,
        }
    }
}
