//! D7: whoever reads is neither answered nor told later because somebody else does not read.

use super::{
    Event, PageId, Proof,
    check::{Found, Promise, View, concerns, times},
};
use std::collections::{BTreeMap, HashMap};

/// Milliseconds that an answer or an entry may take to a page that nothing has struck: in which all that is slow without
/// a fault comes together, and less than a server lets a connection take that reads nothing.
const LIMIT: u64 = 12_000;

const NEVER: u64 = u64::MAX;

/// What a page asked, and when.
struct Asked {
    page: PageId,
    request: u64,
    at: u64,
    answered: u64,
}

/// When what happened.
#[derive(Default)]
struct Times<'a> {
    /// Since when a page that is logged in has been in calm: nothing has struck it.
    since: BTreeMap<PageId, u64>,
    /// From when to when pages were in calm.
    calm: BTreeMap<PageId, Vec<(u64, u64)>>,
    asked: Vec<Asked>,
    /// When it was known that an entry is stored.
    stored: BTreeMap<(u64, u64), u64>,
    /// When a page of a user was handed it first.
    handed: HashMap<(&'a str, u64, u64), u64>,
}

impl<'a> Times<'a> {
    fn of(view: &View<'a>) -> Self {
        let (mut now, mut all) = (0, Self::default());
        let mut waiting: HashMap<(PageId, u64), Vec<usize>> = HashMap::new();
        for event in view.events {
            match event {
                Event::Clock { ms } => now = *ms,
                Event::LoggedIn { page } => {
                    all.strike(*page, now, now);
                    all.since.insert(*page, now);
                }
                Event::Struck { page: Some(page), until } => all.strike(*page, now, *until),
                Event::Struck { page: None, until } => all.strike_all(now, *until, |_| true),
                Event::Kicked { page } | Event::Closed { page } => all.strike(*page, now, NEVER),
                Event::ServerDown => all.strike_all(now, NEVER, |_| true),
                Event::Asking { page, by: Proof::Login } => {
                    let user = view.user(*page);
                    all.strike_all(now, NEVER, |other| other != *page && view.user(other) == user);
                }
                Event::Asked { page, request } => {
                    waiting.entry((*page, *request)).or_default().push(all.asked.len());
                    all.asked.push(Asked { page: *page, request: *request, at: now, answered: NEVER });
                }
                Event::Answered { page, request } => {
                    for at in waiting.remove(&(*page, *request)).unwrap_or_default() {
                        all.asked[at].answered = now;
                    }
                }
                Event::Told { at, .. } => _ = all.stored.entry((at.conversation, at.seq)).or_insert(now),
                Event::Received { page, conversation, seq, .. } => {
                    all.stored.entry((*conversation, *seq)).or_insert(now);
                    all.handed.entry((view.user(*page), *conversation, *seq)).or_insert(now);
                }
                _ => {}
            }
        }
        all.strike_all(now, NEVER, |_| true);
        all
    }

    /// The page's calm, if it was in any, ends now; another begins at that moment.
    fn strike(&mut self, page: PageId, now: u64, until: u64) {
        let Some(since) = self.since.get_mut(&page) else { return };
        if *since < now {
            self.calm.entry(page).or_default().push((*since, now));
        }
        *since = until.max(now).max(*since);
    }

    fn strike_all(&mut self, now: u64, until: u64, is_meant: impl Fn(PageId) -> bool) {
        let pages: Vec<_> = self.since.keys().copied().filter(|page| is_meant(*page)).collect();
        for page in pages {
            self.strike(page, now, until);
        }
    }

    /// How long the page waited in calm for what was due from one moment on and came at another.
    fn waited(&self, page: PageId, due: u64, came: u64) -> u64 {
        let calm = self.calm.get(&page).into_iter().flatten();
        let calm = calm.filter(|(begin, end)| (*begin..*end).contains(&due));
        calm.map(|(_, end)| came.min(*end).saturating_sub(due)).max().unwrap_or(0)
    }
}

/// Every request is answered in time, and every entry told; if there is a clock.
pub(super) fn in_time(view: &View<'_>, found: &mut Found) {
    if !view.events.iter().any(|event| matches!(event, Event::Clock { .. })) {
        return;
    }
    let all = Times::of(view);
    for Asked { page, request, at, answered } in &all.asked {
        let waited = all.waited(*page, *at, *answered);
        if waited > LIMIT {
            found.add(Promise::D7, format!("{page} waited {waited} ms for the answer to {request}"));
        }
    }
    for log in view.logs.values() {
        for (&page, &user) in &view.users {
            let times = times(log, user);
            let readable = |seq| times.iter().any(|(from, to)| (*from..=*to).contains(&seq));
            for entry in log.entries.iter().filter(|entry| readable(entry.seq) && concerns(log, entry, user))
            {
                let Some(due) = all.stored.get(&(log.conversation, entry.seq)) else { continue };
                let handed = all.handed.get(&(user, log.conversation, entry.seq)).copied();
                let waited = all.waited(page, *due, handed.unwrap_or(NEVER));
                if waited > LIMIT {
                    let place = format!("{}/{}", log.conversation, entry.seq);
                    found.add(Promise::D7, format!("{page} waited {waited} ms for {place}"));
                }
            }
        }
    }
}
