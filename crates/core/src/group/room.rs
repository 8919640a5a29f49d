//! Coming into groups and leaving them by the word of a site, and what becomes of a group that its owner leaves.

use super::{GroupRef, Prepared, members};
use crate::{
    Error, Session,
    engine::{Engine, Then},
    port::{GroupRecord, GroupWrite, Op},
};
use jmessage_model::{ConversationId, Description, GroupEventKind, GroupKey, GroupName, Limits, Millis};
use std::sync::Arc;

impl Engine {
    /// The session's user comes into a group, or is the first one in it.
    pub(super) fn enter(
        &mut self,
        session: &Arc<Session>,
        request: u64,
        group: GroupRef,
        at: Millis,
    ) -> Result<Prepared, Error> {
        let known = match &group {
            GroupRef::Number(id) => Some(*id),
            GroupRef::Key(key) => self.keyed(session, key)?,
        };
        let id = match (known, group) {
            (Some(id), _) | (None, GroupRef::Number(id)) => id,
            (None, GroupRef::Key(key)) => {
                let (name, description) = (called(&key)?, Description::new("")?);
                let op = self.create(session, Some(key), name, description, at);
                let (session, added) = (session.clone(), Vec::new());
                let then = Then::Grouped { session, request, group: None, before: None, added };
                return Ok(Some((op, then)));
            }
        };
        let group = self.groups.find(id, self.reader.as_ref())?;
        if group.card.app != session.user.app {
            return Err(Error::NoSuchGroup);
        }
        let is_in = group.members.has(session.user.id);
        if !is_in && group.members.ids().len() >= group.capacity {
            return Err(Error::GroupFull);
        }
        let entering = if is_in { Vec::new() } else { vec![session.user.clone()] };
        Ok(members(session, request, &group, GroupEventKind::Added, entering, at))
    }

    /// The group of a key. It is asked of the store: a change of a group stands alone, so nobody else makes one meanwhile.
    fn keyed(&self, session: &Session, key: &GroupKey) -> Result<Option<ConversationId>, Error> {
        self.reader.keyed_group(session.user.app, key).map_err(|error| {
            tracing::error!(%error, "a group could not be looked up");
            Error::Unavailable
        })
    }
}

/// What a group is called that has no name but its key: that, as far as there is room.
fn called(key: &GroupKey) -> Result<GroupName, Error> {
    let text = key.as_str();
    Ok(GroupName::new(&text[..text.floor_char_boundary(Limits::MAX_NICKNAME)])?)
}

/// The session's user leaves. When its owner does, the group ends for all; one that goes on belongs to the next then, and ends
/// when there is none.
pub(super) fn leave(
    session: &Arc<Session>,
    request: u64,
    group: &Arc<GroupRecord>,
    goes_on: bool,
    at: Millis,
) -> Prepared {
    let leaves = &session.user;
    let is_owner = group.owner == leaves.id;
    let heir = group.members.cards().iter().find(|member| is_owner && goes_on && member.id != leaves.id);
    if is_owner && heir.is_none() {
        let all = group.members.cards().to_vec();
        return members(session, request, group, GroupEventKind::Dissolved, all, at);
    }
    let mut prepared = members(session, request, group, GroupEventKind::Left, vec![leaves.clone()], at);
    if let Some((Op::Group { change: GroupWrite::Members { owner, .. }, .. }, _)) = &mut prepared {
        *owner = heir.map(|heir| heir.id);
    }
    prepared
}
