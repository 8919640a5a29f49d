//! The end of all logs that is stored but not indexed yet.
//!
//! An entry is appended to the table in the order of arrival, which touches one page for many; its places in the indexes
//! by position and by key are pages all over. So entries wait here, and their places are written many at a time inside a
//! later commit: those of one conversation together, and those of one sender. What waits is found again at the start by
//! reading the entries behind the mark.

use super::{from_sql, gaps::Gaps, keys, reader::key_at, runs, to_sql};
use foldhash::HashMap;
use jmessage_model::{ClientKey, ConversationId, EntryId, Mutant, Seq, UserId};
use rusqlite::{Connection, TransactionBehavior};
use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock, RwLockReadGuard},
};

/// How many of those that gather stand for one row of places that is written with a commit.
const PART: usize = 8;
/// A start that finds so many times more entries behind the mark than gather writes their places first.
const FAR: usize = 4;

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
            // The lists of those that go on are as long the next time.
            logs.by_conversation.retain(|_, log| {
                let was_used = !log.is_empty();
                log.clear();
                was_used
            });
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
    /// The places still to be written of those that gathered before, the next ones last.
    places: Vec<OfConversation>,
    used: Vec<OfSender>,
    /// Where the mark is once these are written.
    upto: Option<EntryId>,
    /// Every key whose place may not be written yet.
    keys: HashMap<(UserId, ClientKey), EntryId>,
    gaps: Gaps,
    most: usize,
    /// The next part is written when so many have gathered, and the others each time when so many more have.
    next_part: usize,
    step: usize,
    /// Those that wait get their places soon, however few they are.
    hurries: bool,
}

impl Unindexed {
    /// Reads the entries behind the mark; from now on `most` of them gather. One process alone may write their places.
    pub(super) fn open(c: &mut Connection, tail: &Tail, most: usize) -> rusqlite::Result<Self> {
        let far = most.saturating_mul(FAR).max(1);
        loop {
            let tx = c.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let entries = behind(&tx, far)?;
            let Some(last) = entries.last().filter(|_| entries.len() == far).map(|entry| entry.id) else {
                return Ok(Self::holding(entries, tail, most));
            };
            let (places, used) = sorted(entries);
            write_places(&tx, places.iter().rev(), used.iter().rev())?;
            set_mark(&tx, last)?;
            tx.commit()?;
        }
    }

    fn holding(entries: Vec<Waiting>, tail: &Tail, most: usize) -> Self {
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
            step: 1,
            hurries: false,
        };
        unindexed.add(entries, tail);
        unindexed
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
        let size = (self.most / PART).max(1);
        if self.upto.is_none() && self.entries.len() >= enough {
            let gathered = std::mem::take(&mut self.entries);
            self.upto = gathered.last().map(|entry| entry.id);
            (self.places, self.used) = sorted(gathered);
            let parts = all_rows(&self.places).max(all_rows(&self.used)).div_ceil(size).max(1);
            // Twice as fast as entries gather, and not with every commit: each has a cost of its own.
            self.step = (self.most / parts / 2).max(1);
        }
        let Some(upto) = self.upto else { return Ok(Part::default()) };
        if self.entries.len() < self.next_part && !self.hurries {
            return Ok(Part::default());
        }
        let due = self.entries.len().saturating_sub(self.next_part) / self.step + 1;
        let (places, used) = (first(&self.places, due * size), first(&self.used, due * size));
        let part = Part { places, used, all: places == self.places.len() && used == self.used.len() };
        let places = self.places.iter().rev().take(part.places);
        write_places(c, places, self.used.iter().rev().take(part.used))?;
        if part.all {
            set_mark(c, upto)?;
        }
        Ok(part)
    }

    /// A transaction failed: what it saw in the index may not be so.
    pub(super) fn failed(&mut self) {
        self.gaps = Gaps::default();
    }

    /// Those that wait now are to have their places soon: only then can they be cut.
    pub(super) fn hurry(&mut self) {
        self.hurries = true;
    }

    /// The part is committed.
    pub(super) fn written(&mut self, part: Part, tail: &Tail) {
        if part.places + part.used > 0 {
            self.next_part = self.entries.len() + self.step;
        }
        self.places.truncate(self.places.len() - part.places);
        for (sender, used) in self.used.drain(self.used.len() - part.used..) {
            for (key, _) in used {
                self.gaps.filled(sender, &key);
                self.keys.remove(&(sender, key));
            }
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
    /// Of how many conversations and senders.
    places: usize,
    used: usize,
    /// Nothing is left, and the mark was moved.
    all: bool,
}

/// About how many rows a list takes.
fn rows<K, T>((_, list): &(K, Vec<T>)) -> usize {
    list.len().div_ceil(runs::LENGTH)
}

fn all_rows<K, T>(lists: &[(K, Vec<T>)]) -> usize {
    lists.iter().map(rows).sum()
}

/// How many lists from the end take `size` rows together.
fn first<K, T>(lists: &[(K, Vec<T>)], size: usize) -> usize {
    let mut before = 0;
    let begins = |list: &&(K, Vec<T>)| {
        let begins = before < size;
        before += rows(list);
        begins
    };
    lists.iter().rev().take_while(begins).count()
}

type OfConversation = (ConversationId, Vec<(Seq, EntryId)>);
type OfSender = (UserId, Vec<(ClientKey, EntryId)>);

/// The places of entries, for each conversation and each sender; both from the last to the first.
fn sorted(entries: Vec<Waiting>) -> (Vec<OfConversation>, Vec<OfSender>) {
    let mut places: BTreeMap<_, Vec<_>> = BTreeMap::new();
    let mut used: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for Waiting { id, conversation, seq, sender, key } in entries {
        places.entry(conversation).or_default().push((seq, id));
        if let Some(key) = key {
            used.entry(sender).or_default().push((key, id));
        }
    }
    for used in used.values_mut() {
        used.sort_by(|(a, _), (b, _)| keys::compare(a, b));
    }
    (places.into_iter().rev().collect(), used.into_iter().rev().collect())
}

fn write_places<'a>(
    c: &Connection,
    places: impl Iterator<Item = &'a OfConversation>,
    used: impl Iterator<Item = &'a OfSender>,
) -> rusqlite::Result<()> {
    for (conversation, positions) in places {
        runs::write(c, *conversation, positions)?;
    }
    for (sender, used) in used {
        keys::write(c, *sender, used)?;
    }
    Ok(())
}

/// The first entries behind the mark.
fn behind(c: &Connection, most: usize) -> rusqlite::Result<Vec<Waiting>> {
    c.prepare_cached(
        "SELECT id, conversation, seq, sender, key FROM entry
         WHERE id > (SELECT upto FROM indexed) ORDER BY id LIMIT ?1",
    )?
    .query_map([to_sql(most as u64)], |row| {
        Ok(Waiting {
            id: EntryId(from_sql(row.get(0)?)),
            conversation: ConversationId(from_sql(row.get(1)?)),
            seq: Seq(from_sql(row.get(2)?)),
            sender: UserId(from_sql(row.get(3)?)),
            key: key_at(row, 4)?,
        })
    })?
    .collect()
}

fn set_mark(c: &Connection, mark: EntryId) -> rusqlite::Result<()> {
    c.prepare_cached("UPDATE indexed SET upto = ?1")?.execute([to_sql(mark.0)])?;
    Ok(())
}
