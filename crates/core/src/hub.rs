//! Who is online on this node. Owned by the engine, which one thread at a time holds, so nothing here waits for anything.

use crate::{Session, Shared, Stats, bounded::Bounded, port::GroupRecord, queue::End};
use foldhash::HashMap;
use jmessage_model::{AppId, Platform, UserId};
use std::{collections::VecDeque, sync::Arc};

/// Groups of at most so many members are gone through member by member.
const SMALL: usize = 64;
/// Larger groups whose members online are remembered, and members of theirs, before the memory starts anew.
const CROWDS: usize = 4096;
const IN_CROWDS: usize = 2_000_000;
/// Users who came or went, of whom the hub still knows which; a crowd that missed more of them is counted again.
const MOVES: usize = 8192;

/// The sessions online, by user.
#[derive(Default)]
pub(crate) struct Hub {
    sessions: HashMap<UserId, Vec<Arc<Session>>>,
    count: usize,
    /// The members online of the groups that were written to, so that a message costs nothing for those away; weighed by
    /// all members.
    crowds: Bounded<Crowd, CROWDS, IN_CROWDS>,
    /// The last users who came or went.
    moves: VecDeque<UserId>,
    /// How many did so far.
    moved: usize,
}

/// Who of a group is online.
struct Crowd {
    /// The group as it was then; any change of it makes another record.
    group: Arc<GroupRecord>,
    /// Users, in the order of their numbers.
    present: Vec<UserId>,
    /// How many moves are taken into account.
    moved: usize,
}

impl Hub {
    /// Whether somebody is online.
    pub(crate) fn is_online(&self, user: UserId) -> bool {
        self.sessions.contains_key(&user)
    }

    /// The App of somebody who is online.
    pub(crate) fn app_of(&self, user: UserId) -> Option<AppId> {
        self.sessions.get(&user)?.first().map(|session| session.user.app)
    }

    /// Whether this session is online.
    pub(crate) fn has(&self, session: &Session) -> bool {
        let of_user = self.sessions.get(&session.fence.user);
        of_user.is_some_and(|of_user| of_user.iter().any(|other| other.fence == session.fence))
    }

    /// Whether somebody reads too slowly.
    pub(crate) fn is_any_full(&self) -> bool {
        self.sessions.values().flatten().any(|session| session.queue.is_full())
    }

    /// What somebody's sessions run on.
    pub(crate) fn platforms(&self, user: UserId) -> impl Iterator<Item = Platform> {
        self.sessions.get(&user).into_iter().flatten().map(|session| session.fence.platform)
    }

    /// Puts `session` online; the older one of the same user and platform ends with `reason`. Whether its user came with it.
    pub(crate) fn enter(&mut self, session: Arc<Session>, reason: End, stats: &Stats) -> bool {
        let user = session.fence.user;
        let of_user = self.sessions.entry(user).or_default();
        let came = of_user.is_empty();
        if let Some(at) = of_user.iter().position(|other| other.fence.platform == session.fence.platform) {
            of_user.swap_remove(at).queue.close(reason);
            self.count -= 1;
            Stats::add(&stats.kicks, usize::from(reason == End::Kicked));
        }
        of_user.push(session);
        self.count += 1;
        Stats::set(&stats.sessions, self.count);
        if came {
            self.remember(user);
        }
        came
    }

    /// Takes `session` offline, if it still is the one online. Whether its user went with it.
    pub(crate) fn leave(&mut self, session: &Session, stats: &Stats) -> bool {
        let user = session.fence.user;
        let Some(of_user) = self.sessions.get_mut(&user) else { return false };
        let Some(at) = of_user.iter().position(|other| other.fence == session.fence) else { return false };
        of_user.swap_remove(at);
        let went = of_user.is_empty();
        if went {
            self.sessions.remove(&user);
        }
        self.count -= 1;
        Stats::set(&stats.sessions, self.count);
        if went {
            self.remember(user);
        }
        went
    }

    fn remember(&mut self, user: UserId) {
        if self.moves.len() >= MOVES {
            self.moves.pop_front();
        }
        self.moves.push_back(user);
        self.moved += 1;
    }

    /// Offers an entry to every session of the group's members but `except`.
    pub(crate) fn deliver_to_group(
        &mut self,
        group: &Arc<GroupRecord>,
        shared: &Arc<Shared>,
        except: Option<&Session>,
        stats: &Stats,
    ) {
        if group.members.ids().len() <= SMALL {
            for user in group.members.ids() {
                self.deliver(*user, shared, except, stats);
            }
            return;
        }
        let id = group.card.id;
        let crowd = match self.crowds.take(id) {
            Some(mut crowd) => {
                crowd.follow(self, group);
                crowd
            }
            None => Crowd::count(self, group),
        };
        for user in &crowd.present {
            self.deliver(*user, shared, except, stats);
        }
        self.crowds.keep(id, crowd, group.members.ids().len());
    }

    /// Offers an entry to every session of `user` but `except`.
    pub(crate) fn deliver(
        &self,
        user: UserId,
        shared: &Arc<Shared>,
        except: Option<&Session>,
        stats: &Stats,
    ) {
        for session in self.sessions.get(&user).into_iter().flatten() {
            if except.is_some_and(|except| except.fence == session.fence) {
                continue;
            }
            Stats::add(&stats.deliveries, 1);
            if !session.queue.offer(shared) {
                Stats::add(&stats.cuts, 1);
            }
        }
    }
}

impl Crowd {
    fn count(hub: &Hub, group: &Arc<GroupRecord>) -> Self {
        let members = &group.members;
        let present = if members.ids().len() <= hub.sessions.len() {
            members.ids().iter().filter(|user| hub.sessions.contains_key(user)).copied().collect()
        } else {
            let mut present: Vec<_> =
                hub.sessions.keys().filter(|user| members.has(**user)).copied().collect();
            present.sort_unstable();
            present
        };
        Self { group: group.clone(), present, moved: hub.moved }
    }

    /// Takes in who came and went since the last message, or counts again when that is not known any more.
    fn follow(&mut self, hub: &Hub, group: &Arc<GroupRecord>) {
        let missed = hub.moved - self.moved;
        if !Arc::ptr_eq(&self.group, group) || missed > hub.moves.len() {
            *self = Self::count(hub, group);
            return;
        }
        for user in hub.moves.iter().skip(hub.moves.len() - missed) {
            if !group.members.has(*user) {
                continue;
            }
            match (self.present.binary_search(user), hub.sessions.contains_key(user)) {
                (Err(at), true) => self.present.insert(at, *user),
                (Ok(at), false) => {
                    self.present.remove(at);
                }
                (Ok(_), true) | (Err(_), false) => {}
            }
        }
        self.moved = hub.moved;
    }
}

#[cfg(test)]
mod tests;
