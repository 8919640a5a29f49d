//! D3, D4 and D5: one order for all, each entry once, and everything in the end.

use super::{
    Event, PageId,
    check::{Found, Promise, View, concerns, times},
};
use std::collections::{BTreeMap, BTreeSet};

/// D3: positions count 1, 2, 3, … and numbers grow with them.
pub(super) fn logs(view: &View<'_>, found: &mut Found) {
    for log in view.logs.values() {
        let mut last = 0;
        for (entry, seq) in log.entries.iter().zip(1..) {
            if entry.seq != seq {
                let place = format!("conversation {}", log.conversation);
                found.add(Promise::D3, format!("{place}: position {} where {seq} should be", entry.seq));
                break;
            }
            if entry.id <= last {
                let place = format!("{}/{}", log.conversation, entry.seq);
                found.add(Promise::D3, format!("{place} has the number {}, behind {last}", entry.id));
            }
            last = entry.id;
        }
    }
}

/// D3: what a page is handed is what the log has there. D4: in order, each once, without a gap, and nothing that is not
/// for its user. What another page of the user was handed need not be handed to this one.
pub(super) fn received(view: &View<'_>, found: &mut Found) {
    let mut handed: BTreeSet<(&str, u64, u64)> = BTreeSet::new();
    let mut last: BTreeMap<(PageId, u64), u64> = BTreeMap::new();
    for event in view.events {
        let Event::Received { page, conversation, seq, from, body } = event else { continue };
        let (user, place) = (view.user(*page), format!("{conversation}/{seq}"));
        let (Some(log), Some(entry)) = (view.logs.get(conversation), view.entry(*conversation, *seq)) else {
            found.add(Promise::D3, format!("{page} was handed {place}, which is not in the log"));
            continue;
        };
        if entry.body != *body || entry.sender != *from {
            found.add(Promise::D3, format!("{page} was handed something else at {place} than the log has"));
        }
        let times = times(log, user);
        let time = times.iter().find(|(from, to)| (*from..=*to).contains(seq));
        if time.is_none() || !concerns(log, entry, user) {
            found.add(Promise::D4, format!("{page} was handed {place}, which is not for {user}"));
        }
        match last.insert((*page, *conversation), *seq) {
            Some(before) if before >= *seq => {
                found.add(Promise::D4, format!("{page} was handed {place} after {conversation}/{before}"));
            }
            Some(before) => {
                let between = log.entries.iter().filter(|entry| entry.seq > before && entry.seq < *seq);
                // What was unread when a user was put out of a group is not told when it is taken in again.
                let now = |seq| time.is_some_and(|(from, to)| (*from..=*to).contains(&seq));
                let missed = between.filter(|entry| now(entry.seq) && concerns(log, entry, user));
                for missed in missed.filter(|entry| !handed.contains(&(user, *conversation, entry.seq))) {
                    let what = format!("{page} was handed {place} without {conversation}/{}", missed.seq);
                    found.add(Promise::D4, what);
                }
            }
            None => {}
        }
        handed.insert((user, *conversation, *seq));
    }
}

/// D4 and D5: each user has been handed everything, on one page or another. A user who was put out of a group and
/// taken in again begins anew.
pub(super) fn everything_arrived(view: &View<'_>, found: &mut Found) {
    let mut seen: BTreeMap<(&str, u64), BTreeSet<u64>> = BTreeMap::new();
    for event in view.events {
        if let Event::Received { page, conversation, seq, .. } = event {
            seen.entry((view.user(*page), *conversation)).or_default().insert(*seq);
        }
    }
    let nothing = BTreeSet::new();
    for user in view.all_users() {
        for log in view.logs.values() {
            let Some((from, to)) = times(log, user).pop() else { continue };
            let seen = seen.get(&(user, log.conversation)).unwrap_or(&nothing);
            let missed: Vec<_> = log
                .entries
                .iter()
                .filter(|entry| (from..=to).contains(&entry.seq) && concerns(log, entry, user))
                .filter(|entry| !seen.contains(&entry.seq))
                .map(|entry| entry.seq)
                .collect();
            if !missed.is_empty() {
                found.add(Promise::D5, format!("{user} was never handed {}/{missed:?}", log.conversation));
            }
        }
    }
}
