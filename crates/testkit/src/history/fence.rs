//! D6: whose session was taken writes nothing more.

use super::{
    Event, PageId, Proof,
    check::{Found, Promise, View},
};
use std::collections::{BTreeMap, BTreeSet};

/// When a page's session was surely taken by another one: the moments are indexes into the history.
struct Taken {
    /// The page that lost it.
    page: PageId,
    /// The page that took it, which asked for it after the other one had it.
    by: PageId,
    /// When that one heard of its login.
    at: usize,
    /// Until when the page did not ask for another session by name and password.
    until: usize,
}

/// Every pair of a page that had a session and another of the same user that logged in after that.
fn taken(view: &View<'_>) -> Vec<Taken> {
    let mut sessions: BTreeMap<PageId, (usize, usize)> = BTreeMap::new();
    let mut asked: BTreeMap<PageId, usize> = BTreeMap::new();
    let mut logins: Vec<(PageId, usize, usize)> = Vec::new();
    let mut spans: Vec<(PageId, usize, usize)> = Vec::new();
    for (now, event) in view.events.iter().enumerate() {
        match event {
            Event::Asking { page, by: Proof::Login } => {
                asked.insert(*page, now);
                spans.extend(sessions.remove(page).map(|(since, _)| (*page, since, now)));
            }
            Event::LoggedIn { page } => {
                if let Some(asked) = asked.remove(page) {
                    logins.push((*page, asked, now));
                    sessions.insert(*page, (now, now));
                }
            }
            _ => {}
        }
    }
    spans.extend(sessions.into_iter().map(|(page, (since, _))| (page, since, view.events.len())));
    let mut all = Vec::new();
    for &(page, since, until) in &spans {
        for &(by, asked, at) in &logins {
            if by != page && view.user(by) == view.user(page) && asked > since && at < until {
                all.push(Taken { page, by, at, until });
            }
        }
    }
    all
}

/// Nothing is stored that a page gave after its session was taken, nor anything behind what the new session wrote.
pub(super) fn writes(view: &View<'_>, found: &mut Found) {
    let mut senders: BTreeMap<(&str, &str), BTreeSet<PageId>> = BTreeMap::new();
    let mut sent: Vec<(usize, PageId, &str)> = Vec::new();
    let mut told: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (now, event) in view.events.iter().enumerate() {
        match event {
            Event::Sent { page, key, .. } => {
                senders.entry((view.user(*page), key)).or_default().insert(*page);
                sent.push((now, *page, key));
            }
            Event::Told { page, key, .. } => _ = told.entry((view.user(*page), key)).or_insert(now),
            _ => {}
        }
    }
    let id = |user, key| view.keyed.get(&(user, key)).and_then(|entries| entries.first()).map(|(_, e)| e.id);
    for Taken { page, by, at, until } in taken(view) {
        let user = view.user(page);
        let first = sent.iter().filter(|(now, sender, _)| *sender == by && *now > at);
        let alone = |key| senders.get(&(user, key)).is_some_and(|pages| pages.len() == 1);
        let first = first.filter(|(_, _, key)| alone(*key)).filter_map(|(_, _, key)| id(user, key)).min();
        for (now, _, key) in sent.iter().filter(|(now, sender, _)| *sender == page && *now < until) {
            let last = told.get(&(user, *key)).copied().unwrap_or(view.events.len());
            let Some(id) = id(user, key).filter(|_| alone(*key) && last <= until) else { continue };
            if *now > at {
                let what = format!("{page} gave {key} after {by} had taken its session, and it is stored");
                found.add(Promise::D6, what);
            } else if first.is_some_and(|first| first < id) {
                let what = format!("{page} wrote {key} after {by} had taken its session and written");
                found.add(Promise::D6, what);
            }
        }
    }
}

/// No token takes up a session that was taken.
pub(super) fn resumes(view: &View<'_>, found: &mut Found) {
    for Taken { page, by, at, until } in taken(view) {
        let mut asked = false;
        for event in &view.events[at..until] {
            match event {
                Event::Asking { page: asks, by: Proof::Resume } if *asks == page => asked = true,
                Event::LoggedIn { page: opened } if *opened == page && asked => {
                    found.add(Promise::D6, format!("{page} took up its session after {by} had taken it"));
                    break;
                }
                _ => {}
            }
        }
    }
}
