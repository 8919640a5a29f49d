//! The end of all logs that is stored but not indexed yet.
//!
//! An entry is appended to the table in the order of arrival, which touches one page for many; its places in the indexes
//! by position and by key are pages all over. So entries wait here, and their places are written many at a time, sorted,
//! inside a later commit. What waits is found again at the start by reading the entries behind the mark.

use super::{from_sql, gaps::Gaps, to_sql};
use foldhash::HashMap;
use jmessage_model::{ClientKey, ConversationId, EntryId, Mutant, Seq, UserId};
use rusqlite::{Connection, params};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};

/// In how many parts the places of those that gathered are written.
const PARTS: usize = 16;

/// An entry without its places.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) id: EntryId,
    pub(super) conversation: ConversationId,
    pub(super) seq: Seq,
    pub(super) sender: UserId,
    /// None for what the domain wrote.
    pub(super) key: Option<ClientKey>,
}

/// What readers see of it. The writer alone changes it, after each commit.
#[derive(Default)]
pub(super) struct Tail(RwLock<Logs>);

#[derive(Default)]
struct Logs {
    by_conversation: HashMap<ConversationId, Vec<(Seq, EntryId)>>,
    /// How often it was emptied.
    emptied: u64,
}

impl Tail {
    fn read(&self) -> RwLockReadGuard<'_, Logs> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The positions behind `after`, in order. To be asked before the indexes are: what is in neither was not stored.
    pub(super) fn behind(&self, conversation: ConversationId, after: Seq) -> Vec<(Seq, EntryId)> {
        let logs = self.read();
        let log = logs.by_conversation.get(&conversation).map_or(&[][..], Vec::as_slice);
        log.get(log.partition_point(|(seq, _)| *seq <= after)..).unwrap_or_default().to_vec()
    }

    /// The last position of a log, if it waits here.
    pub(super) fn last(&self, conversation: ConversationId) -> Option<Seq> {
        self.read().by_conversation.get(&conversation)?.last().map(|(seq, _)| *seq)
    }

    /// Changes whenever entries went from here into the indexes: a look at both in which it did not is one moment's.
    pub(super) fn emptied(&self) -> u64 {
        self.read().emptied
    }

    fn change(&self, change: impl FnOnce(&mut Logs)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }

    fn push(&self, entries: &[Waiting]) {
        self.change(|logs| logs.push(entries));
    }

    /// All others are in the indexes.
    fn keep_only(&self, entries: &[Waiting]) {
        self.change(|logs| {
            logs.by_conversation.clear();
            logs.emptied += 1;
            logs.push(entries);
        });
    }
}

impl Logs {
    fn push(&mut self, entries: &[Waiting]) {
        for entry in entries {
            self.by_conversation.entry(entry.conversation).or_default().push((entry.seq, entry.id));
        }
    }
}

/// What the writer knows of it.
///
/// The entries gather until there are enough of them; then their places are written in parts with some of the later commits,
/// so that none of them takes long, while new entries gather.
pub(super) struct Unindexed {
    entries: Vec<Waiting>,
    /// The places still to be written of those that gathered before, in reverse order.
    places: Vec<(ConversationId, Seq, EntryId)>,
    used: Vec<(UserId, ClientKey, EntryId)>,
    /// Where the mark is once these are written.
    upto: Option<EntryId>,
    /// Every key whose place may not be written yet.
    keys: HashMap<(UserId, ClientKey), EntryId>,
    gaps: Gaps,
    most: usize,
    /// The next part is written when so many have gathered.
    next_part: usize,
    /// Those that wait get their places soon, however few they are.
    hurries: bool,
}

impl Unindexed {
    /// Reads the entries behind the mark; from now on `most` of them gather.
    pub(super) fn recover(c: &Connection, tail: &Tail, most: usize) -> rusqlite::Result<Self> {
        let entries = c
            .prepare(
                "SELECT id, conversation, seq, sender, key FROM entry
                 WHERE id > (SELECT upto FROM indexed) ORDER BY id",
            )?
            .query_map([], |row| {
                Ok(Waiting {
                    id: EntryId(from_sql(row.get(0)?)),
                    conversation: ConversationId(from_sql(row.get(1)?)),
                    seq: Seq(from_sql(row.get(2)?)),
                    sender: UserId(from_sql(row.get(3)?)),
                    key: row.get::<_, Option<String>>(4)?.and_then(|key| ClientKey::new(&key).ok()),
                })
            })?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        let entries = if Mutant::ForgetTail.is_on() { Vec::new() } else { entries };
        let (places, used, keys, gaps) = Default::default();
        let mut unindexed = Self {
            entries: Vec::new(),
            places,
            used,
            upto: None,
            keys,
            gaps,
            most,
            next_part: 0,
            hurries: false,
        };
        unindexed.add(entries, tail);
        Ok(unindexed)
    }

    /// The entry to which the sender gave this key before.
    pub(super) fn find(
        &mut self,
        c: &Connection,
        sender: UserId,
        key: &ClientKey,
    ) -> rusqlite::Result<Option<EntryId>> {
        // A map of pairs cannot be asked with borrowed parts; the copy is short.
        match self.keys.get(&(sender, key.clone())) {
            Some(id) => Ok(Some(*id)),
            None => self.gaps.find(c, sender, key),
        }
    }

    /// Entries that were committed.
    pub(super) fn add(&mut self, entries: Vec<Waiting>, tail: &Tail) {
        tail.push(&entries);
        for entry in &entries {
            if let Some(key) = &entry.key {
                self.keys.insert((entry.sender, key.clone()), entry.id);
            }
        }
        self.entries.extend(entries);
    }

    /// Writes the next part of the places, if it is time. To be followed by [`Unindexed::written`] when it is committed.
    pub(super) fn write(&mut self, c: &Connection) -> rusqlite::Result<Part> {
        let enough = if self.hurries { 1 } else { self.most };
        if self.upto.is_none() && self.entries.len() >= enough {
            self.sort();
        }
        let Some(upto) = self.upto else { return Ok(Part::default()) };
        let size = (self.most / PARTS).max(1);
        // Twice as fast as entries gather, and not with every commit: each has a cost of its own.
        if self.entries.len() < self.next_part && !self.hurries {
            return Ok(Part::default());
        }
        let part = Part {
            places: size.min(self.places.len()),
            used: size.min(self.used.len()),
            all: size >= self.places.len() && size >= self.used.len(),
        };
        // After a restart, a part may have been written before. What is replaced is the same, and is not looked for first.
        let mut place =
            c.prepare_cached("INSERT OR REPLACE INTO place (conversation, seq, entry) VALUES (?1, ?2, ?3)")?;
        for (conversation, seq, id) in self.places.iter().rev().take(part.places) {
            place.execute(params![to_sql(conversation.0), to_sql(seq.0), to_sql(id.0)])?;
        }
        let mut used =
            c.prepare_cached("INSERT OR REPLACE INTO used_key (sender, key, entry) VALUES (?1, ?2, ?3)")?;
        for (sender, key, id) in self.used.iter().rev().take(part.used) {
            used.execute(params![to_sql(sender.0), key.as_str(), to_sql(id.0)])?;
        }
        if part.all {
            c.prepare_cached("UPDATE indexed SET upto = ?1")?.execute([to_sql(upto.0)])?;
        }
        Ok(part)
    }

    /// Those that wait now are to have their places soon: only then can they be cut.
    pub(super) fn hurry(&mut self) {
        self.hurries = true;
    }

    fn sort(&mut self) {
        let gathered = std::mem::take(&mut self.entries);
        self.upto = gathered.iter().map(|entry| entry.id).max();
        self.places = gathered.iter().map(|entry| (entry.conversation, entry.seq, entry.id)).collect();
        self.places.sort_unstable_by(|a, b| b.cmp(a));
        self.used =
            gathered.into_iter().filter_map(|entry| Some((entry.sender, entry.key?, entry.id))).collect();
        self.used.sort_unstable_by(|a, b| (b.0, b.1.as_str()).cmp(&(a.0, a.1.as_str())));
    }

    /// The part is committed.
    pub(super) fn written(&mut self, part: Part, tail: &Tail) {
        self.places.truncate(self.places.len() - part.places);
        for (sender, key, _) in self.used.drain(self.used.len() - part.used..) {
            self.gaps.filled(sender, &key);
            self.keys.remove(&(sender, key));
        }
        if part.places + part.used > 0 {
            self.next_part = self.entries.len() + self.most / PARTS / 2;
        }
        if part.all {
            self.upto = None;
            self.next_part = 0;
            self.hurries = false;
            tail.keep_only(&self.entries);
        }
    }
}

/// How much of the places one commit has written.
#[derive(Clone, Copy, Default)]
pub(super) struct Part {
    places: usize,
    used: usize,
    /// Nothing is left, and the mark was moved.
    all: bool,
}
