//! Who is online on this node. Owned by the writer thread, so nothing here waits for anything.

use crate::{Session, Shared, Stats, queue::End};
use foldhash::HashMap;
use jmessage_model::UserId;
use std::sync::Arc;

/// The sessions online, by user.
#[derive(Default)]
pub(crate) struct Hub {
    sessions: HashMap<UserId, Vec<Arc<Session>>>,
    count: usize,
}

impl Hub {
    /// Puts `session` online; the older one of the same user and platform ends with `reason`.
    pub(crate) fn enter(&mut self, session: Arc<Session>, reason: End, stats: &Stats) {
        let of_user = self.sessions.entry(session.fence.user).or_default();
        if let Some(at) = of_user.iter().position(|other| other.fence.platform == session.fence.platform) {
            of_user.swap_remove(at).queue.close(reason);
            self.count -= 1;
            Stats::add(&stats.kicks, usize::from(reason == End::Kicked));
        }
        of_user.push(session);
        self.count += 1;
        Stats::set(&stats.sessions, self.count);
    }

    /// Takes `session` offline, if it still is the one online.
    pub(crate) fn leave(&mut self, session: &Session, stats: &Stats) {
        let user = session.fence.user;
        let Some(of_user) = self.sessions.get_mut(&user) else { return };
        let Some(at) = of_user.iter().position(|other| other.fence == session.fence) else { return };
        of_user.swap_remove(at);
        if of_user.is_empty() {
            self.sessions.remove(&user);
        }
        self.count -= 1;
        Stats::set(&stats.sessions, self.count);
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
