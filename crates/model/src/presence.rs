//! What a user chooses to show of being there.

/// What a user chose to show; the discriminant is stored. Whether the user is there at all, its sessions say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Show {
    /// There.
    Available = 1,
    /// There, and glad to talk.
    Chat = 2,
    /// Away for a while.
    Away = 3,
    /// Not to be disturbed.
    Dnd = 4,
    /// Told to others as not there.
    Invisible = 5,
}
