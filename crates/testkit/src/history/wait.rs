//! D7: whoever reads is neither answered nor told later because somebody else does not read.

use super::{
    Event, PageId,
    check::{Found, Promise, View, concerns, times},
};
use std::collections::{BTreeMap, HashMap};

/// Milliseconds that a page may wait which nothing has struck: in which all that is slow without a fault comes together,
/// and less than a server lets a connection take that reads nothing.
const LIMIT: u64 = 12_000;

const NEVER: u64 = u64::MAX;

/// What a page asked, and when.
struct Asked {
    page: PageId,
    request: u64,
    at: u64,
    /// When it was answered, or could not be any more.
    over: u64,
}

/// When what happened.
#[derive(Default)]
struct Times<'a> {
    /// Since when a page that is logged in has been in calm: nothing has struck it.
    since: BTreeMap<PageId, u64>,
    /// From when to when pages were in calm.
    calm: BTreeMap<PageId, Vec<(u64, u64)>>,
    asked: Vec<Asked>,
    /// Which of those wait for an answer.
    waiting: HashMap<PageId, Vec<usize>>,
    /// When it was known that an entry is stored.
    stored: HashMap<(u64, u64), u64>,
    /// When a page of a user was handed it first.
    handed: HashMap<(&'a str, u64, u64), u64>,
    /// When each page was handed entries, and when the first of them was known.
    read: BTreeMap<PageId, Vec<(u64, u64)>>,
}

impl<'a> Times<'a> {
    fn of(view: &View<'a>) -> Self {
        let (mut now, mut all) = (0, Self::default());
        for event in view.events {
            match event {
                Event::Clock { ms } => now = *ms,
                Event::LoggedIn { page } => {
                    all.strike(*page, now, now);
                    all.since.insert(*page, now);
                }
                Event::Struck { page: Some(page), until } => all.strike(*page, now, *until),
                Event::Struck { page: None, until } => all.strike_all(now, *until),
                Event::Kicked { page } | Event::Closed { page } => all.strike(*page, now, NEVER),
                Event::ServerDown => all.strike_all(now, NEVER),
                Event::Asked { page, request } => {
                    all.waiting.entry(*page).or_default().push(all.asked.len());
                    all.asked.push(Asked { page: *page, request: *request, at: now, over: NEVER });
                }
                Event::Answered { page, request } => {
                    all.over(*page, now, |asked| asked.request == *request);
                }
                Event::Told { at, .. } => _ = all.stored.entry((at.conversation, at.seq)).or_insert(now),
                Event::Received { page, conversation, seq, .. } => {
                    let due = *all.stored.entry((*conversation, *seq)).or_insert(now);
                    all.read.entry(*page).or_default().push((now, due));
                    all.handed.entry((view.user(*page), *conversation, *seq)).or_insert(now);
                }
                _ => {}
            }
        }
        all.strike_all(now, NEVER);
        all
    }

    fn over(&mut self, page: PageId, now: u64, is_meant: impl Fn(&Asked) -> bool) {
        let Some(waiting) = self.waiting.get_mut(&page) else { return };
        waiting.retain(|at| {
            let asked = &mut self.asked[*at];
            let is_over = is_meant(asked);
            if is_over {
                asked.over = now;
            }
            !is_over
        });
    }

    /// The page's calm, if it was in any, ends now; another begins at that moment. What never comes is not waited for.
    fn strike(&mut self, page: PageId, now: u64, until: u64) {
        if until == NEVER {
            self.over(page, now, |_| true);
        }
        let Some(since) = self.since.get_mut(&page) else { return };
        if *since < now {
            self.calm.entry(page).or_default().push((*since, now));
        }
        *since = until.max(now).max(*since);
    }

    fn strike_all(&mut self, now: u64, until: u64) {
        for page in self.since.keys().copied().collect::<Vec<_>>() {
            self.strike(page, now, until);
        }
    }

    /// How long the page waited in calm for what was due from one moment on and came at another. While it is handed what
    /// it missed before, it waits no longer than since the last of that.
    fn waited(&self, page: PageId, due: u64, came: u64) -> u64 {
        let read = self.read.get(&page).map_or(&[][..], Vec::as_slice);
        let waited = |&(begin, end): &(u64, u64)| {
            let (mut behind, end) = (begin, end.min(came));
            let from = read.partition_point(|(at, _)| *at < begin);
            for &(at, known) in read[from..].iter().take_while(|(at, _)| *at < end) {
                // What was known before the page had caught up with everything before is a part of that.
                if known <= behind {
                    behind = at;
                }
            }
            end.saturating_sub(due.max(behind))
        };
        let calm = self.calm.get(&page).into_iter().flatten();
        calm.filter(|(_, end)| due < *end).map(waited).max().unwrap_or(0)
    }
}

/// Every request is answered in time, and every entry told; if there is a clock.
pub(super) fn in_time(view: &View<'_>, found: &mut Found) {
    if !view.events.iter().any(|event| matches!(event, Event::Clock { .. })) {
        return;
    }
    let all = Times::of(view);
    for Asked { page, request, at, over } in &all.asked {
        let waited = all.waited(*page, *at, *over);
        if waited > LIMIT {
            found.add(Promise::D7, format!("{page} waited {waited} ms for the answer to {request}"));
        }
    }
    for log in view.logs.values() {
        for (&page, &user) in &view.users {
            for (from, to) in times(log, user) {
                let known = |seq| all.stored.get(&(log.conversation, seq)).copied();
                // What was not told by then is not told any more.
                let put_out = known(to).unwrap_or(NEVER);
                for entry in log.entries.iter().filter(|entry| (from..=to).contains(&entry.seq)) {
                    let Some(due) = known(entry.seq).filter(|_| concerns(log, entry, user)) else { continue };
                    let handed = all.handed.get(&(user, log.conversation, entry.seq)).copied();
                    let waited = all.waited(page, due, handed.unwrap_or(NEVER).min(put_out));
                    if waited > LIMIT {
                        let place = format!("{}/{}", log.conversation, entry.seq);
                        found.add(Promise::D7, format!("{page} waited {waited} ms for {place}"));
                    }
                }
            }
        }
    }
}
