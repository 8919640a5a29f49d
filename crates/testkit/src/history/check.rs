//! The verdict: every promise that was broken, in words.

use super::{Body, Event, GroupNews, Kind, Log, PageId, Stored, fence, order, stored, wait};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
};

/// A promise of `docs/delivery.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "they stand in docs/delivery.md")]
pub enum Promise {
    D1,
    D2,
    D3,
    D4,
    D5,
    D6,
    D7,
}

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub promise: Promise,
    /// How.
    pub what: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.promise, self.what)
    }
}

/// What is wrong with a history, given all logs after the end; nothing if every promise was kept. With `settled`, it
/// ended in peace: every fault was over, every user had a page that was logged in, and there was time enough for all
/// that was still to be delivered.
pub fn check(events: &[Event], logs: &[Log], settled: bool) -> Vec<Violation> {
    let view = View::new(events, logs);
    let mut found = Found::default();
    order::logs(&view, &mut found);
    stored::told(&view, &mut found);
    stored::keys(&view, &mut found);
    order::received(&view, &mut found);
    fence::writes(&view, &mut found);
    fence::resumes(&view, &mut found);
    wait::in_time(&view, &mut found);
    if settled {
        stored::everyone_was_told(&view, &mut found);
        order::everything_arrived(&view, &mut found);
    }
    found.0
}

/// Violations so far.
#[derive(Default)]
pub(super) struct Found(Vec<Violation>);

impl Found {
    pub(super) fn add(&mut self, promise: Promise, what: String) {
        self.0.push(Violation { promise, what });
    }
}

/// A history with what is looked up in it.
pub(super) struct View<'a> {
    pub(super) events: &'a [Event],
    pub(super) logs: BTreeMap<u64, &'a Log>,
    pub(super) users: BTreeMap<PageId, &'a str>,
    /// Every entry with a key, by sender and key.
    pub(super) keyed: HashMap<(&'a str, &'a str), Vec<(&'a Log, &'a Stored)>>,
}

impl<'a> View<'a> {
    fn new(events: &'a [Event], logs: &'a [Log]) -> Self {
        let users = events.iter().filter_map(|event| match event {
            Event::Opened { page, user } => Some((*page, user.as_str())),
            _ => None,
        });
        let mut keyed: HashMap<_, Vec<_>> = HashMap::new();
        for log in logs {
            for entry in &log.entries {
                if let Some(key) = &entry.key {
                    keyed.entry((entry.sender.as_str(), key.as_str())).or_default().push((log, entry));
                }
            }
        }
        let logs = logs.iter().map(|log| (log.conversation, log)).collect();
        Self { events, logs, users: users.collect(), keyed }
    }

    /// Whose page it is.
    pub(super) fn user(&self, page: PageId) -> &'a str {
        self.users.get(&page).copied().unwrap_or("nobody")
    }

    /// Everybody who had a page.
    pub(super) fn all_users(&self) -> BTreeSet<&'a str> {
        self.users.values().copied().collect()
    }

    pub(super) fn entry(&self, conversation: u64, seq: u64) -> Option<&'a Stored> {
        let log = self.logs.get(&conversation)?;
        log.entries.iter().find(|entry| entry.seq == seq)
    }
}

/// The parts of a log that a user may read, in order: from and up to which position, both included.
pub(super) fn times(log: &Log, user: &str) -> Vec<(u64, u64)> {
    let mut times = Vec::new();
    match &log.kind {
        Kind::Pair(low, high) if low == user || high == user => times.push((1, u64::MAX)),
        Kind::Pair(..) => {}
        Kind::Group => {
            let mut since = None;
            for entry in &log.entries {
                let Body::Group(news, users) = &entry.body else { continue };
                let named = users.iter().any(|name| name == user);
                match news {
                    GroupNews::Created | GroupNews::Added if named => _ = since.get_or_insert(entry.seq),
                    GroupNews::Removed | GroupNews::Left if named => {
                        times.extend(since.take().map(|since| (since, entry.seq)));
                    }
                    GroupNews::Dissolved => times.extend(since.take().map(|since| (since, entry.seq))),
                    GroupNews::Created | GroupNews::Added | GroupNews::Removed | GroupNews::Left => {}
                }
            }
            times.extend(since.map(|since| (since, u64::MAX)));
        }
    }
    times
}

/// Whether pages of the user are told of the entry: not of the user's own messages, but of notes to oneself.
pub(super) fn concerns(log: &Log, entry: &Stored, user: &str) -> bool {
    let to_oneself = matches!(&log.kind, Kind::Pair(low, high) if low == high);
    entry.sender != user || to_oneself || matches!(entry.body, Body::Group(..))
}
