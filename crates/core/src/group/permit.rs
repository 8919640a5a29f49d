//! Who may do what in a group.

use crate::{Error, port::GroupRecord};
use jmessage_model::UserId;

/// What somebody may be to a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Owner,
    Member,
    Outsider,
}

/// What somebody may want of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    Send,
    Update,
    Add,
    Remove,
    Exit,
}

/// The one table of permissions.
pub(super) fn permit(role: Role, action: Action) -> Result<(), Error> {
    match (role, action) {
        (Role::Owner, _) | (Role::Member, Action::Send | Action::Add | Action::Exit) => Ok(()),
        (Role::Member, Action::Update) => Err(Error::MayNotChange),
        (Role::Member, Action::Remove) => Err(Error::MayNotRemove),
        (Role::Outsider, Action::Exit) => Err(Error::NotInGroupToLeave),
        (Role::Outsider, Action::Send | Action::Update | Action::Add | Action::Remove) => {
            Err(Error::NotInGroup)
        }
    }
}

/// What a user is to a group.
pub(super) fn role(group: &GroupRecord, user: UserId) -> Role {
    if group.owner == user {
        Role::Owner
    } else if group.members.has(user) {
        Role::Member
    } else {
        Role::Outsider
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_of_every_role() {
        use Action::{Add, Exit, Remove, Send, Update};
        let of = |role| [Send, Update, Add, Remove, Exit].map(|action| permit(role, action).err());
        let inside = Some(Error::NotInGroup);
        assert_eq!(of(Role::Owner), [None; 5]);
        assert_eq!(
            of(Role::Member),
            [None, Some(Error::MayNotChange), None, Some(Error::MayNotRemove), None]
        );
        assert_eq!(of(Role::Outsider), [inside, inside, inside, inside, Some(Error::NotInGroupToLeave)]);
    }
}
