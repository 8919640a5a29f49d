//! Who wants to hear of whom, and what users show of themselves while they are online. Owned by the engine, like the
//! hub. Everything here is a signal: it is told once, to those who listen now, and nothing of it is stored.

use crate::{
    Destination, Error, GroupCard, Session, To, UserCard,
    engine::{Engine, Recipients},
    group::Action,
    port::{Fence, GroupRecord},
};
use foldhash::HashMap;
use jmessage_model::{AppId, Content, ConversationId, Millis, Platform, Show, Shown, UserId, Username};
use std::sync::Arc;

/// Users and groups that one session may watch.
pub const WATCHED: usize = 2000;
/// In a group that more sessions watch, nobody is told who comes and goes.
const CROWD: usize = 500;

/// What is told to whoever listens, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// What a user shows from now on; nothing when it is not online, or does not want to be seen.
    Presence {
        /// Who.
        user: Arc<UserCard>,
        /// What it shows.
        shown: Option<Shown>,
        /// Whether it was to be seen before.
        was_seen: bool,
    },
    /// A member looks at a group now, or does not any more. Who is put out of a group is told of by its log alone.
    Attendance {
        /// Which group.
        group: Arc<GroupCard>,
        /// Who.
        user: Arc<UserCard>,
        /// Whether it is there.
        present: bool,
    },
    /// A user is writing to the session's user, or has stopped.
    Typing {
        /// Who.
        from: Arc<UserCard>,
        /// Whether it is writing.
        typing: bool,
    },
    /// A word to everybody who is online.
    Broadcast {
        /// Who said it.
        from: Arc<UserCard>,
        /// What.
        content: Content,
        /// When.
        at: Millis,
    },
    /// A word in passing, to the session's user or to a group that it watches: it stands in no log.
    Aside {
        /// Who said it.
        from: Arc<UserCard>,
        /// To whom.
        to: Destination,
        /// What.
        content: Content,
        /// When.
        at: Millis,
    },
}

impl Signal {
    /// What it costs a queue, in bytes; a rough figure.
    pub fn weight(&self) -> usize {
        256 + match self {
            Self::Broadcast { content, .. } | Self::Aside { content, .. } => content.size(),
            Self::Presence { .. } | Self::Attendance { .. } | Self::Typing { .. } => 0,
        }
    }
}

/// The answer to a look: what each user shows, none for those who are not to be seen; and who of each group is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// In the order of the question.
    pub users: Vec<Option<Shown>>,
    /// In the order of the question, members in the order in which they joined; empty for groups of others.
    pub groups: Vec<Vec<UserId>>,
}

type Place = (UserId, Platform);

/// What a session wants to hear of.
struct Watch {
    session: Arc<Session>,
    users: Vec<UserId>,
    groups: Vec<ConversationId>,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Audience {
    watches: HashMap<Place, Watch>,
    of_user: HashMap<UserId, Vec<Place>>,
    of_group: HashMap<ConversationId, Vec<Place>>,
    shown: HashMap<UserId, Shown>,
}

fn place(fence: &Fence) -> Place {
    (fence.user, fence.platform)
}

impl Audience {
    /// What the session wants to hear of from now on; what it wanted before is forgotten.
    fn watch(&mut self, session: Arc<Session>, users: Vec<UserId>, groups: Vec<ConversationId>) {
        let at = place(&session.fence);
        self.forget(at);
        for user in &users {
            self.of_user.entry(*user).or_default().push(at);
        }
        for group in &groups {
            self.of_group.entry(*group).or_default().push(at);
        }
        self.watches.insert(at, Watch { session, users, groups });
    }

    fn forget(&mut self, at: Place) -> Option<Watch> {
        fn leave<K: std::hash::Hash + Eq>(map: &mut HashMap<K, Vec<Place>>, key: &K, at: Place) {
            if let Some(places) = map.get_mut(key) {
                places.retain(|place| *place != at);
                if places.is_empty() {
                    map.remove(key);
                }
            }
        }
        let watch = self.watches.remove(&at)?;
        for user in &watch.users {
            leave(&mut self.of_user, user, at);
        }
        for group in &watch.groups {
            leave(&mut self.of_group, group, at);
        }
        Some(watch)
    }

    /// The session that listens at this place.
    fn listener(&self, at: Place) -> Option<&Arc<Session>> {
        self.watches.get(&at).map(|watch| &watch.session)
    }

    /// The session does not listen any more; the groups it watched.
    fn leave(&mut self, session: &Session) -> Vec<ConversationId> {
        let at = place(&session.fence);
        match self.watches.get(&at) {
            Some(watch) if watch.session.fence == session.fence => {
                self.forget(at).map(|watch| watch.groups).unwrap_or_default()
            }
            Some(_) | None => Vec::new(),
        }
    }

    /// The groups that are watched from these places, each once.
    fn groups_at(&self, places: impl Iterator<Item = Place>) -> Vec<ConversationId> {
        let watches = places.filter_map(|at| self.watches.get(&at));
        let mut groups: Vec<_> = watches.flat_map(|watch| &watch.groups).copied().collect();
        groups.sort_unstable();
        groups.dedup();
        groups
    }

    /// Those of the groups at which the user looks from nowhere else.
    fn only_from(&self, at: Place, mut groups: Vec<ConversationId>) -> Vec<ConversationId> {
        let elsewhere = |other: &Place| other.0 == at.0 && *other != at;
        groups.retain(|id| !self.of_group.get(id).is_some_and(|places| places.iter().any(elsewhere)));
        groups
    }

    /// These users watch the group no longer: they are not in it any more.
    pub(crate) fn put_out(&mut self, group: ConversationId, is_out: impl Fn(UserId) -> bool) {
        let Some(places) = self.of_group.get_mut(&group) else { return };
        for at in places.extract_if(.., |at| is_out(at.0)) {
            if let Some(watch) = self.watches.get_mut(&at) {
                watch.groups.retain(|id| *id != group);
            }
        }
        if places.is_empty() {
            self.of_group.remove(&group);
        }
    }
}

impl Engine {
    /// What a user shows to others.
    fn shown(&self, user: UserId) -> Option<Shown> {
        if !self.hub.is_online(user) {
            return None;
        }
        let shown = self.audience.shown.get(&user).cloned().unwrap_or_default();
        (shown.show != Show::Invisible).then_some(shown)
    }

    /// Tells whoever of the user's App watches it what it shows now.
    fn tell_presence(&self, user: &Arc<UserCard>, was_seen: bool) {
        let Some(places) = self.audience.of_user.get(&user.id) else { return };
        let shown = self.shown(user.id);
        let signal = Arc::new(Signal::Presence { user: user.clone(), shown, was_seen });
        let listeners = places.iter().filter_map(|at| self.audience.listener(*at));
        for listener in listeners.filter(|it| it.user.id != user.id && it.user.app == user.app) {
            listener.queue.signal(&signal);
        }
    }

    fn signal(&self, at: Place, signal: &Arc<Signal>) {
        if let Some(session) = self.audience.listener(at) {
            session.queue.signal(signal);
        }
    }

    /// A session went offline; `last` when its user did.
    pub(crate) fn gone(&mut self, session: &Session, last: bool) {
        let user = session.user.id;
        let groups = self.audience.leave(session);
        let groups = self.audience.only_from(place(&session.fence), groups);
        let hidden = self.audience.shown.get(&user).is_some_and(|shown| shown.show == Show::Invisible);
        if last {
            self.audience.shown.remove(&user);
        }
        if !hidden {
            self.tell_attendance(session, groups, false);
            if last {
                self.tell_presence(&session.user, true);
            }
        }
    }

    /// A session came online, and maybe its user with it, showing this.
    pub(crate) fn came(&mut self, session: &Session, first: bool, shown: Option<Shown>) {
        // Whoever listened here before was sent away, and looks at nothing any more.
        let at = place(&session.fence);
        if let Some(watch) = self.audience.forget(at)
            && self.shown(session.user.id).is_some()
        {
            let groups = self.audience.only_from(at, watch.groups);
            self.tell_attendance(session, groups, false);
        }
        match shown {
            Some(shown) if !first => self.show(session, shown),
            shown => {
                if let Some(shown) = shown {
                    self.audience.shown.insert(session.user.id, shown);
                }
                if first && self.shown(session.user.id).is_some() {
                    self.tell_presence(&session.user, false);
                }
            }
        }
    }

    /// The session listens from now on, to these users and groups. Groups of others are passed over.
    pub(crate) fn watch(&mut self, session: &Arc<Session>, users: Vec<UserId>, groups: Vec<ConversationId>) {
        if !self.hub.has(session) {
            return;
        }
        let mut groups: Vec<_> = groups
            .into_iter()
            .filter(|id| self.group_for(&session.user, *id, Action::Send).is_ok())
            .collect();
        groups.sort_unstable();
        groups.dedup();
        let at = place(&session.fence);
        let before = self.audience.groups_at(std::iter::once(at));
        let new = |id: &&ConversationId| before.binary_search(id).is_err();
        let old = |id: &&ConversationId| groups.binary_search(id).is_err();
        let came = self.audience.only_from(at, groups.iter().filter(new).copied().collect());
        let went = self.audience.only_from(at, before.iter().filter(old).copied().collect());
        self.audience.watch(session.clone(), users, groups);
        if self.shown(session.user.id).is_some() {
            self.tell_attendance(session, went, false);
            self.tell_attendance(session, came, true);
        }
    }

    fn tell_attendance(&mut self, session: &Session, groups: Vec<ConversationId>, present: bool) {
        for id in groups {
            let Ok(group) = self.groups.find(id, self.reader.as_ref()) else { continue };
            let Some(places) = self.audience.of_group.get(&id).filter(|places| places.len() <= CROWD) else {
                continue;
            };
            let signal =
                Signal::Attendance { group: group.card.clone(), user: session.user.clone(), present };
            let signal = Arc::new(signal);
            for at in places.iter().filter(|at| at.0 != session.user.id && group.members.has(at.0)) {
                self.signal(*at, &signal);
            }
        }
    }

    /// What the session's user shows from now on.
    pub(crate) fn show(&mut self, session: &Session, shown: Shown) {
        if !self.hub.has(session) {
            return;
        }
        let user = session.user.id;
        let before = self.shown(user);
        self.audience.shown.insert(user, shown);
        let after = self.shown(user);
        if before == after {
            return;
        }
        self.tell_presence(&session.user, before.is_some());
        if before.is_some() != after.is_some() {
            let places = self.hub.platforms(user).map(|platform| (user, platform));
            let groups = self.audience.groups_at(places);
            self.tell_attendance(session, groups, after.is_some());
        }
    }

    /// Tells the sessions of another user that listen.
    pub(crate) fn typing(&mut self, session: &Session, to: &Username, typing: bool) {
        if !self.hub.has(session) || *to == session.user.name {
            return;
        }
        let Ok(Some(to)) = self.names.find(session.user.app, to, self.reader.as_ref()) else { return };
        let signal = Arc::new(Signal::Typing { from: session.user.clone(), typing });
        for platform in self.hub.platforms(to.id) {
            self.signal((to.id, platform), &signal);
        }
    }

    /// Tells everybody of the user's App who listens, but the session that says it.
    pub(crate) fn broadcast(&self, from: Arc<UserCard>, by: Option<&Session>, content: Content, at: Millis) {
        if by.is_some_and(|session| !self.hub.has(session)) {
            return;
        }
        let app = from.app;
        let signal = Arc::new(Signal::Broadcast { from, content, at });
        for watch in self.audience.watches.values() {
            let said_it = by.is_some_and(|session| session.fence == watch.session.fence);
            if watch.session.user.app == app && !said_it {
                watch.session.queue.signal(&signal);
            }
        }
    }

    /// Tells the sessions of a user, or those of a group's members that watch it, as far as they listen, and not the session
    /// itself. Who may send a message may say this.
    pub(crate) fn aside(
        &mut self,
        from: Arc<UserCard>,
        by: Option<&Session>,
        to: &To,
        content: Content,
        at: Millis,
    ) -> Result<(), Error> {
        if by.is_some_and(|session| !self.hub.has(session)) {
            return Err(Error::Superseded);
        }
        let recipients = self.check_send(&from, to, &content)?;
        let signal = Arc::new(Signal::Aside { from, to: recipients.destination(), content, at });
        let itself = by.map(|session| place(&session.fence));
        let others = |at: &Place| Some(*at) != itself;
        match recipients {
            Recipients::User(user) => {
                let places = self.hub.platforms(user.id).map(|platform| (user.id, platform));
                places.filter(others).for_each(|at| self.signal(at, &signal));
            }
            Recipients::Group(group) => {
                let places = self.audience.of_group.get(&group.card.id).into_iter().flatten().copied();
                let members = places.filter(|at| group.members.has(at.0));
                members.filter(others).for_each(|at| self.signal(at, &signal));
            }
        }
        Ok(())
    }

    /// Who of these is to be seen; nobody of another App.
    pub(crate) fn look(&mut self, session: &Session, users: &[UserId], groups: &[ConversationId]) -> Seen {
        let users = self.look_at(session.user.app, users);
        let groups = groups
            .iter()
            .map(|id| match self.group_for(&session.user, *id, Action::Send) {
                Ok(group) => self.present(&group),
                Err(_) => Vec::new(),
            })
            .collect();
        Seen { users, groups }
    }

    /// Who of these is to be seen; nobody of another App.
    pub(crate) fn look_at(&self, app: AppId, users: &[UserId]) -> Vec<Option<Shown>> {
        let of_app = |user: &UserId| self.hub.app_of(*user) == Some(app);
        users.iter().map(|user| of_app(user).then(|| self.shown(*user)).flatten()).collect()
    }

    fn present(&self, group: &GroupRecord) -> Vec<UserId> {
        let ids = group.members.cards().iter().map(|card| card.id);
        ids.filter(|id| self.shown(*id).is_some()).collect()
    }
}
