//! D1 and D2: what success means, and what a key means.

use super::{
    Body, Event, PageId, To,
    check::{Found, Promise, View},
};
use std::collections::{BTreeSet, HashMap};

/// What a page gave under a key last.
type Given<'a> = HashMap<(PageId, &'a str), (&'a To, &'a str)>;

/// D1: whatever was told as stored is stored, once, where it was told to be. D2: success is for this content, and the
/// same each time.
pub(super) fn told(view: &View<'_>, found: &mut Found) {
    let mut given: Given<'_> = HashMap::new();
    let mut first = HashMap::new();
    for event in view.events {
        match event {
            Event::Sent { page, key, to, text } => _ = given.insert((*page, key), (to, text)),
            Event::Told { page, key, at } => {
                let user = view.user(*page);
                let before = *first.entry((user, key)).or_insert(*at);
                if before != *at {
                    found.add(Promise::D2, format!("{user}'s key {key} is {before}, and then {at}"));
                }
                let Some((_, text)) = given.get(&(*page, key.as_str())) else {
                    found.add(Promise::D1, format!("{page} was told of {key}, which it never sent"));
                    continue;
                };
                match view.entry(at.conversation, at.seq) {
                    Some(entry) if entry.id == at.id && entry.key.as_ref() == Some(key) => {
                        if entry.body != Body::Text((*text).to_owned()) {
                            found.add(
                                Promise::D2,
                                format!("{user}'s key {key} was accepted for other content: {at}"),
                            );
                        }
                    }
                    _ => {
                        found.add(Promise::D1, format!("{page} was told of success, but {at} is not stored"));
                    }
                }
            }
            _ => {}
        }
    }
}

/// D2: a key is stored once. And nothing is stored that nobody sent.
pub(super) fn keys(view: &View<'_>, found: &mut Found) {
    let mut sent: BTreeSet<(&str, &str, &str)> = BTreeSet::new();
    for event in view.events {
        if let Event::Sent { page, key, text, .. } = event {
            sent.insert((view.user(*page), key, text));
        }
    }
    let mut keyed: Vec<_> = view.keyed.iter().collect();
    keyed.sort_by_key(|(name, _)| **name);
    for ((user, key), entries) in keyed {
        if entries.len() > 1 {
            let places: Vec<_> = entries.iter().map(|(log, entry)| (log.conversation, entry.seq)).collect();
            found.add(
                Promise::D2,
                format!("{user}'s key {key} is stored {} times: {places:?}", entries.len()),
            );
        }
        for (log, entry) in entries {
            let Body::Text(text) = &entry.body else { continue };
            if !sent.contains(&(*user, *key, text)) {
                let place = (log.conversation, entry.seq);
                found.add(
                    Promise::D2,
                    format!("nobody sent what is stored at {place:?} under {user}'s key {key}"),
                );
            }
        }
    }
}

/// D1: a page that stays hears of every message what became of it.
pub(super) fn everyone_was_told(view: &View<'_>, found: &mut Found) {
    let mut waiting = BTreeSet::new();
    for event in view.events {
        match event {
            Event::Sent { page, key, .. } => _ = waiting.insert((*page, key)),
            Event::Told { page, key, .. } | Event::Failed { page, key, .. } => {
                waiting.remove(&(*page, key));
            }
            Event::Closed { page } => waiting.retain(|(waits, _)| waits != page),
            _ => {}
        }
    }
    for (page, key) in waiting {
        found.add(Promise::D1, format!("{page} never heard what became of {key}"));
    }
}
