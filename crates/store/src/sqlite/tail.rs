//! The end of all logs that is stored but not indexed yet.
//!
//! An entry is appended to the table in the order of arrival, which touches one page for many; its places in the indexes
//! by position and by key are pages all over. So entries wait here, and their places are written many at a time, sorted,
//! inside a later commit. What waits is found again at the start by reading the entries behind the mark.

use super::{from_sql, to_sql};
use jmessage_model::{ClientKey, ConversationId, EntryId, Seq, UserId};
use rusqlite::{Connection, params};
use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

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
        self.change(|logs| {
            for entry in entries {
                logs.by_conversation.entry(entry.conversation).or_default().push((entry.seq, entry.id));
            }
        });
    }

    fn empty(&self) {
        self.change(|logs| {
            logs.by_conversation.clear();
            logs.emptied += 1;
        });
    }
}

/// What the writer knows of it.
pub(super) struct Unindexed {
    entries: Vec<Waiting>,
    keys: HashMap<(UserId, ClientKey), EntryId>,
    most: usize,
}

impl Unindexed {
    /// Reads the entries behind the mark; from now on `most` of them wait.
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
        let mut unindexed = Self { entries: Vec::new(), keys: HashMap::new(), most };
        unindexed.add(entries, tail);
        Ok(unindexed)
    }

    /// The entry that the sender gave this key.
    pub(super) fn find(&self, sender: UserId, key: &ClientKey) -> Option<EntryId> {
        // A map of pairs cannot be asked with borrowed parts; the copy is short.
        self.keys.get(&(sender, key.clone())).copied()
    }

    /// Whether it is time to write the places.
    pub(super) fn is_full(&self) -> bool {
        self.entries.len() >= self.most
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

    /// Writes the places of all, sorted, and moves the mark; call [`Unindexed::forget`] once that is committed.
    pub(super) fn index(&mut self, c: &Connection) -> rusqlite::Result<()> {
        let Some(last) = self.entries.iter().map(|entry| entry.id).max() else { return Ok(()) };
        let mut place =
            c.prepare_cached("INSERT INTO place (conversation, seq, entry) VALUES (?1, ?2, ?3)")?;
        self.entries.sort_unstable_by_key(|entry| (entry.conversation, entry.seq));
        for entry in &self.entries {
            place.execute(params![to_sql(entry.conversation.0), to_sql(entry.seq.0), to_sql(entry.id.0)])?;
        }
        let mut keyed: Vec<_> = self
            .entries
            .iter()
            .filter_map(|entry| Some((entry.sender, entry.key.as_ref()?.as_str(), entry.id)))
            .collect();
        keyed.sort_unstable();
        let mut used = c.prepare_cached("INSERT INTO used_key (sender, key, entry) VALUES (?1, ?2, ?3)")?;
        for (sender, key, id) in keyed {
            used.execute(params![to_sql(sender.0), key, to_sql(id.0)])?;
        }
        c.prepare_cached("UPDATE indexed SET upto = ?1")?.execute([to_sql(last.0)])?;
        Ok(())
    }

    /// The places are committed.
    pub(super) fn forget(&mut self, tail: &Tail) {
        self.entries.clear();
        self.keys.clear();
        tail.empty();
    }
}
