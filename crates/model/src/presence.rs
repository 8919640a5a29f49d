//! What others are shown of somebody who is there.

use crate::Description;

/// What a user chose to show; the discriminant is what stores and counters keep.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Show {
    /// There.
    #[default]
    Available = 1,
    /// There, and glad to talk.
    Chat = 2,
    /// Not at the screen.
    Away = 3,
    /// Not to be disturbed.
    Dnd = 4,
    /// There, and shown as away altogether: others take the user for one who is not online.
    Invisible = 5,
}

/// What a user chose to show while it is there, and since when.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// The choice.
    pub show: Show,
    /// A line beside it.
    pub status: Option<Description>,
    /// When it was chosen.
    pub since: crate::Millis,
}
