//! What happens to a group, as an entry of its log.

use crate::Username;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum GroupEventKind {
    /// The sender made the group.
    Created,
    /// The sender left.
    Left,
    /// The sender, its owner, ended the group.
    Dissolved,
    /// The sender took users in.
    Added,
    /// The sender put users out.
    Removed,
}

/// An event of a group; who did it is the entry's sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupEvent {
    /// What happened.
    pub kind: GroupEventKind,
    /// To whom: who was taken in or put out, who left, or everybody whom a new or ended group concerns.
    pub users: Vec<Username>,
}
