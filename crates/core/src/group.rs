//! Groups: what may be changed, and what each change writes and tells.

mod permit;
mod room;

use crate::{
    Destination, Error, Receipt, Session, Shared, UserCard,
    bounded::Bounded,
    engine::{Engine, Then, entry},
    port::{Done, GroupRecord, GroupWrite, Op, Reader},
};
use jmessage_model::{
    Content, ConversationId, Description, GroupEvent, GroupEventKind, GroupKey, GroupName, Millis, Mutant,
    UserId, Username,
};
use permit::{permit, role};
use room::leave;
use std::sync::Arc;

pub(crate) use permit::Action;

/// A change of a group that a session asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupChange {
    /// Make a group; its owner is the one who asks. → the group.
    Create {
        /// What it is called.
        name: GroupName,
        /// What it says of itself.
        description: Description,
    },
    /// Change what it is called; what is not given stays. → the group.
    Update {
        /// Which.
        group: ConversationId,
        /// The new name.
        name: Option<GroupName>,
        /// The new description.
        description: Option<Description>,
    },
    /// Take users in. Those who are in it already stay as they are.
    Add {
        /// Which.
        group: ConversationId,
        /// Whom.
        users: Vec<Username>,
    },
    /// Put users out. Those who are not in it are passed over.
    Remove {
        /// Which.
        group: ConversationId,
        /// Whom.
        users: Vec<Username>,
    },
    /// Leave it. When its owner leaves, the group ends, unless a site made it: then it goes on as by [`GroupChange::Quit`].
    Exit {
        /// Which.
        group: ConversationId,
    },
    /// Come into a group by the word of the App, which is for whoever has its secret to give. Who is in it already stays as it
    /// is; a group of this key comes into being with whoever is first. → the group, if it is new.
    Enter {
        /// Which.
        group: GroupRef,
    },
    /// Leave a group by the word of the App. Whoever was there longest owns it then; with its last member it ends.
    Quit {
        /// Which.
        group: ConversationId,
    },
}

impl GroupChange {
    /// How many bytes it brings.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Create { name, description } => name.as_str().len() + description.as_str().len(),
            Self::Update { name, description, .. } => {
                name.as_ref().map_or(0, |name| name.as_str().len())
                    + description.as_ref().map_or(0, |description| description.as_str().len())
            }
            Self::Add { users, .. } | Self::Remove { users, .. } => {
                users.iter().map(|user| size_of::<Username>() + user.as_str().len()).sum()
            }
            Self::Enter { group: GroupRef::Key(key) } => key.as_str().len(),
            Self::Enter { group: GroupRef::Number(_) } | Self::Exit { .. } | Self::Quit { .. } => 0,
        }
    }
}

/// Which group a site means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupRef {
    /// The one of this number.
    Number(ConversationId),
    /// The one to which the site gave this key.
    Key(GroupKey),
}

/// How many users an event names at most, so that it fits in a frame of any gateway: all but the end of a large group.
const NAMED: usize = 256;

/// How many groups are kept in memory, and how many members of theirs (some 150 bytes each).
const KEPT: usize = 20_000;
const MEMBERS_KEPT: usize = 2_000_000;

/// Groups that were looked up, weighed by their members; forgotten when they change.
#[derive(Default)]
pub(crate) struct Groups {
    known: Bounded<Arc<GroupRecord>, KEPT, MEMBERS_KEPT>,
}

impl Groups {
    pub(crate) fn find(
        &mut self,
        id: ConversationId,
        reader: &dyn Reader,
    ) -> Result<Arc<GroupRecord>, Error> {
        if let Some(group) = self.known.get(id) {
            return Ok(group.clone());
        }
        let found = reader.group(id).map_err(|error| {
            tracing::error!(%error, "a group could not be read");
            Error::Unavailable
        })?;
        let group = Arc::new(found.ok_or(Error::NoSuchGroup)?);
        self.keep(id, group.clone());
        Ok(group)
    }

    fn keep(&mut self, id: ConversationId, group: Arc<GroupRecord>) {
        let members = group.members.ids().len();
        self.known.keep(id, group, members);
    }
}

type Prepared = Option<(Op, Then)>;

impl Engine {
    /// The group, if it is of the user's App and the user may do that.
    pub(crate) fn group_for(
        &mut self,
        user: &UserCard,
        id: ConversationId,
        action: Action,
    ) -> Result<Arc<GroupRecord>, Error> {
        let group = self.groups.find(id, self.reader.as_ref())?;
        if group.card.app != user.app {
            return Err(Error::NoSuchGroup);
        }
        permit(role(&group, user.id), action)?;
        Ok(group)
    }

    /// The rules of a change; `None` when nothing changes, which was answered.
    pub(crate) fn prepare_group(
        &mut self,
        session: &Arc<Session>,
        request: u64,
        change: GroupChange,
        at: Millis,
    ) -> Result<Prepared, Error> {
        let fence = session.fence;
        let then = |group, before| Then::Grouped {
            session: session.clone(),
            request,
            group,
            before,
            added: Vec::new(),
        };
        match change {
            GroupChange::Create { name, description } => {
                self.check_owned(session.user.id)?;
                let op = self.create(session, None, name, description, at);
                Ok(Some((op, then(None, None))))
            }
            GroupChange::Enter { group } => self.enter(session, request, group, at),
            GroupChange::Update { group: id, name, description } => {
                let group = self.group_for(&session.user, id, Action::Update)?;
                let name = name.unwrap_or_else(|| group.card.name.clone());
                let description = description.unwrap_or_else(|| group.description.clone());
                if name == group.card.name && description == group.description {
                    session.queue.reply(request, Ok(Receipt::Group(group)));
                    return Ok(None);
                }
                let change = GroupWrite::Update { group: id, name, description };
                Ok(Some((Op::Group { fence, change }, then(Some(id), Some(group)))))
            }
            GroupChange::Add { group: id, users } => {
                let group = self.group_for(&session.user, id, Action::Add)?;
                let added = self.cards(session, &users, |user| !group.members.has(user))?;
                if group.members.ids().len() + added.len() > group.capacity {
                    return Err(Error::GroupFull);
                }
                Ok(members(session, request, &group, GroupEventKind::Added, added, at))
            }
            GroupChange::Remove { group: id, users } => {
                let group = self.group_for(&session.user, id, Action::Remove)?;
                let removed = self.cards(session, &users, |user| group.members.has(user))?;
                if removed.iter().any(|user| user.id == group.owner) {
                    return Err(Error::MayNotRemove);
                }
                Ok(members(session, request, &group, GroupEventKind::Removed, removed, at))
            }
            GroupChange::Exit { group: id } => {
                let group = self.group_for(&session.user, id, Action::Exit)?;
                let goes_on = group.card.key.is_some();
                Ok(leave(session, request, &group, goes_on, at))
            }
            GroupChange::Quit { group: id } => {
                let group = self.group_for(&session.user, id, Action::Exit)?;
                Ok(leave(session, request, &group, true, at))
            }
        }
    }

    /// What makes a group of the session's user.
    fn create(
        &self,
        session: &Session,
        key: Option<GroupKey>,
        name: GroupName,
        description: Description,
        at: Millis,
    ) -> Op {
        let event = GroupEvent { kind: GroupEventKind::Created, users: vec![session.user.name.clone()] };
        let (app, capacity, nickname) = (session.user.app, self.limits.group, session.user.nickname.clone());
        let change = GroupWrite::Create { app, key, name, description, capacity, event, nickname, at };
        Op::Group { fence: session.fence, change }
    }

    /// Whether the user may own one group more. The number is asked of the store: it is an index's, and groups are made
    /// seldom.
    fn check_owned(&self, user: UserId) -> Result<(), Error> {
        let owned = self.reader.owned(user).map_err(|error| {
            tracing::error!(%error, "groups could not be counted");
            Error::Unavailable
        })?;
        if owned < self.limits.owned { Ok(()) } else { Err(Error::TooManyGroups) }
    }

    /// The users of these names for whom `wanted` holds, each once.
    fn cards(
        &mut self,
        session: &Session,
        names: &[Username],
        wanted: impl Fn(UserId) -> bool,
    ) -> Result<Vec<Arc<UserCard>>, Error> {
        let mut cards: Vec<Arc<UserCard>> = Vec::new();
        for name in names {
            let card = self.names.find(session.user.app, name, self.reader.as_ref())?;
            let card = card.ok_or(Error::NoSuchTarget)?;
            if wanted(card.id) && cards.iter().all(|other| other.id != card.id) {
                cards.push(card);
            }
        }
        Ok(cards)
    }

    /// The group after a change that is stored: made from what was before, since a large group takes long to be read.
    fn changed(
        &mut self,
        id: ConversationId,
        before: Option<&Arc<GroupRecord>>,
        change: &GroupWrite,
        added: Vec<Arc<UserCard>>,
    ) -> Option<Arc<GroupRecord>> {
        let known = self.groups.known.take(id).or(before.cloned());
        let after = match (change, known) {
            (GroupWrite::Members { dissolve: true, .. }, _) => return None,
            (GroupWrite::Members { remove, owner, .. }, Some(mut group)) => {
                let changed = Arc::make_mut(&mut group);
                changed.members.change(added, remove);
                changed.owner = owner.unwrap_or(changed.owner);
                group
            }
            (GroupWrite::Update { name, description, .. }, Some(mut group)) => {
                let changed = Arc::make_mut(&mut group);
                Arc::make_mut(&mut changed.card).name = name.clone();
                changed.description = description.clone();
                group
            }
            (GroupWrite::Create { .. }, _) | (_, None) => {
                return self.groups.find(id, self.reader.as_ref()).ok();
            }
        };
        let kept = before.filter(|_| Mutant::StaleGroup.is_on()).unwrap_or(&after);
        self.groups.keep(id, kept.clone());
        Some(after)
    }

    /// The change is stored: answers, and tells everyone who is in the group or was.
    pub(crate) fn finish_group(
        &mut self,
        session: &Session,
        request: u64,
        group: Option<ConversationId>,
        (before, added): (Option<&Arc<GroupRecord>>, Vec<Arc<UserCard>>),
        op: Op,
        done: Done,
    ) {
        let id = match (group, done) {
            (Some(id), _) => id,
            (None, Done::Appended(appended)) => appended.conversation,
            (None, Done::App(_) | Done::User(_) | Done::Session(_) | Done::Trimmed(_) | Done::Nothing) => {
                return;
            }
        };
        let Op::Group { change, .. } = op else { return };
        let after = self.changed(id, before, &change, added);
        if let GroupWrite::Members { remove, dissolve, .. } = &change {
            let mut out = remove.clone();
            out.sort_unstable();
            self.audience.put_out(id, |user| *dissolve || out.binary_search(&user).is_ok());
        }
        let receipt = match (&change, &after) {
            (GroupWrite::Create { .. } | GroupWrite::Update { .. }, Some(group)) => {
                Receipt::Group(group.clone())
            }
            (GroupWrite::Members { .. }, _) | (_, None) => Receipt::Done,
        };
        session.queue.reply(request, Ok(receipt));
        let (GroupWrite::Create { event, .. } | GroupWrite::Members { event, .. }) = change else { return };
        let (Done::Appended(appended), Some(card)) =
            (done, after.as_ref().or(before).map(|group| group.card.clone()))
        else {
            return;
        };
        let author = (&session.user, session.fence.platform);
        let shared =
            Shared::new(entry(author, appended, Destination::Group(card), None, Content::Group(event)));
        let groups = before.into_iter().chain(&after);
        let mut told: Vec<_> = groups.flat_map(|group| group.members.ids()).copied().collect();
        told.sort_unstable();
        told.dedup();
        for user in told {
            self.hub.deliver(user, &shared, None, &self.stats);
        }
    }
}

/// A change of members; answered at once when there are none to change.
fn members(
    session: &Arc<Session>,
    request: u64,
    group: &Arc<GroupRecord>,
    kind: GroupEventKind,
    users: Vec<Arc<UserCard>>,
    at: Millis,
) -> Prepared {
    if users.is_empty() {
        session.queue.reply(request, Ok(Receipt::Done));
        return None;
    }
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    let (add, remove) = if kind == GroupEventKind::Added { (ids, vec![]) } else { (vec![], ids) };
    let change = GroupWrite::Members {
        group: group.card.id,
        add,
        remove,
        dissolve: kind == GroupEventKind::Dissolved,
        owner: None,
        event: GroupEvent { kind, users: users.iter().take(NAMED).map(|user| user.name.clone()).collect() },
        nickname: session.user.nickname.clone(),
        at,
    };
    let op = Op::Group { fence: session.fence, change };
    let (session, before) = (session.clone(), Some(group.clone()));
    let added = if kind == GroupEventKind::Added { users } else { Vec::new() };
    Some((op, Then::Grouped { session, request, group: Some(group.card.id), before, added }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{GroupCard, port::Members};
    use jmessage_model::{AppId, Nickname};

    #[test]
    fn groups_in_memory_weigh_as_much_as_their_members() {
        let card = |id| {
            let (name, nickname) = (Username::new("user").unwrap(), Nickname::new("").unwrap());
            Arc::new(UserCard { app: AppId(1), id: UserId(id), name, nickname })
        };
        let name = GroupName::new("group").unwrap();
        let group = Arc::new(GroupRecord {
            card: Arc::new(GroupCard { app: AppId(1), id: ConversationId(1), name, key: None }),
            owner: UserId(1),
            description: Description::new("").unwrap(),
            capacity: 10_000,
            members: Members::new((1..=10_000).map(card).collect()),
        });
        let mut groups = Groups::default();
        for number in 1..=200 {
            groups.keep(ConversationId(number), group.clone());
        }
        assert_eq!(groups.known.weight(), MEMBERS_KEPT, "more would not be kept");
        groups.keep(ConversationId(201), group);
        assert_eq!(groups.known.weight(), 10_000);
    }
}
