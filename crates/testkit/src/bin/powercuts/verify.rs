//! Whether a database that a power cut left holds what clients were told.

use crate::book::{Book, Message, To, Told};
use anyhow::{Context, Result, bail, ensure};
use jmessage_core::{
    Entry, TokenDigest,
    port::{Appended, Author, Done, Fence, Op, Reader, Target, Writer},
};
use jmessage_model::{
    AppId, AppKey, ClientKey, Content, ConversationId, Epoch, Millis, Platform, Seq, UserId,
};
use jmessage_store::sqlite::{self, SqliteReader, SqliteWriter};
use jmessage_testkit::{App, Dice};
use rusqlite::{Connection, OpenFlags};
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    path::Path,
    sync::Arc,
};

/// Messages repeated after a cut.
const REPEATED: usize = 100;
const PAGE: usize = 1000;
/// How many entries may wait for their indexes: the server's own number and others that make more turns.
const UNINDEXED: [usize; 3] = [sqlite::UNINDEXED, 64, 1];

/// What is known at the moment of a cut.
pub(crate) struct Known<'a> {
    pub(crate) book: &'a Book,
    /// What clients had been told.
    pub(crate) told: &'a [(usize, Told)],
    /// The number of the event before which the power went.
    pub(crate) at: usize,
}

/// Opens the database with the store, looks for everything that is known, repeats messages under their keys, and writes
/// new ones.
pub(crate) fn check(directory: &Path, known: &Known<'_>, dice: &mut Dice) -> Result<()> {
    let founded = known.book.users.first().is_some_and(|(_, since)| *since <= known.at);
    if !founded {
        // The operator was told nothing so far; whatever is there must open.
        sqlite::open(directory)?;
        return Ok(());
    }
    ensure!(directory.exists(), "the data directory is not there");
    let unindexed = dice.pick(&UNINDEXED).copied().unwrap_or(sqlite::UNINDEXED);
    let (writer, reader) = sqlite::open_with(directory, unindexed)?;
    let mut house = House::open(known.book, writer, reader, known)?;
    let before = house.read(known)?;
    has_all(known, &before)?;
    house.repeat(known, dice, &before)?;
    let after = house.read(known)?;
    for (place, entry) in &before {
        ensure!(after.get(place).is_some_and(|now| now.id == entry.id), "{place:?} has changed");
    }
    whole(directory)
}

struct House<'a> {
    writer: SqliteWriter,
    reader: Arc<SqliteReader>,
    app: AppId,
    users: HashMap<&'a str, UserId>,
}

/// Entries by conversation and position.
type Logs = BTreeMap<(u64, u64), Entry>;

impl<'a> House<'a> {
    fn open(
        book: &'a Book,
        writer: SqliteWriter,
        reader: Arc<SqliteReader>,
        known: &Known<'_>,
    ) -> Result<Self> {
        let app = reader.app(&AppKey::new(&App::published().key)?)?.context("the App is not there")?.id;
        let mut users = HashMap::new();
        for (name, since) in &book.users {
            match reader.user(app, name)? {
                Some(user) => drop(users.insert(name.as_str(), user.card.id)),
                None => ensure!(*since > known.at, "user {name} is not there"),
            }
        }
        Ok(Self { writer, reader, app, users })
    }

    fn user(&self, name: &str) -> Result<UserId> {
        self.users.get(name).copied().with_context(|| format!("no user {name}"))
    }

    /// All logs that clients have heard of. Each is whole, and holds nothing that was never said or is there twice.
    fn read(&self, known: &Known<'_>) -> Result<Logs> {
        let mut readers = BTreeMap::new();
        for (_, told) in known.told {
            let message = known.book.messages.get(&told.number).context("told of no message of ours")?;
            let reader = match &message.to {
                To::User(_) => &message.from,
                To::Group(_) => &known.book.group.as_ref().context("no group")?.1,
            };
            readers.insert(told.conversation, self.user(reader)?);
        }
        let mut logs = Logs::new();
        let mut keys = HashSet::new();
        for (conversation, user) in readers {
            let mut after = 0;
            loop {
                let page = self.reader.entries(user, ConversationId(conversation), Seq(after), PAGE)?;
                if page.is_empty() {
                    break;
                }
                for entry in page {
                    after += 1;
                    ensure!(
                        entry.seq.0 == after,
                        "conversation {conversation} has {} after {}",
                        entry.seq.0,
                        after - 1
                    );
                    if let Some(key) = &entry.key {
                        let message =
                            key.as_str().parse().ok().and_then(|number| known.book.messages.get(&number));
                        says(message.context("an entry that nobody wrote")?, &entry)?;
                        ensure!(keys.insert(key.clone()), "message {} is there twice", key.as_str());
                    }
                    logs.insert((conversation, after), entry);
                }
            }
        }
        Ok(logs)
    }

    /// Messages said again under their keys: what is there gets its first answer, what is not there is stored.
    fn repeat(&mut self, known: &Known<'_>, dice: &mut Dice, before: &Logs) -> Result<()> {
        let there: HashMap<_, _> = before
            .values()
            .filter_map(|entry| Some((entry.key.as_ref()?.as_str().parse::<u64>().ok()?, entry)))
            .collect();
        let mut numbers: Vec<_> = known.told.iter().map(|(_, told)| told.number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let last = numbers.last().copied().unwrap_or(0);
        let mut chosen: Vec<_> = (0..REPEATED).filter_map(|_| dice.pick(&numbers).copied()).collect();
        chosen.extend(last + 1..last + 20);
        let messages = chosen.iter().filter_map(|number| known.book.messages.get(number));
        let messages: Vec<_> = messages.filter(|message| self.sayable(known, message)).collect();
        let fences = self.sessions()?;
        let ops = messages.iter().map(|message| self.append(message, &fences)).collect::<Result<Vec<_>>>()?;
        for (message, answer) in messages.into_iter().zip(self.writer.commit(&ops)?) {
            let Ok(Done::Appended(Appended { id, seq, fresh, .. })) = answer else {
                bail!("message {} said again is refused: {answer:?}", message.number)
            };
            let first = there.get(&message.number);
            let expected = first.is_none_or(|entry| (entry.id, entry.seq, false) == (id, seq, fresh));
            ensure!(expected, "message {} said again is stored again", message.number);
        }
        Ok(())
    }

    /// Whether its author and whom it is for are there: users that were not made yet need not be, and a group is there
    /// once somebody has been told of a message in it.
    fn sayable(&self, known: &Known<'_>, message: &Message) -> bool {
        self.users.contains_key(message.from.as_str())
            && match &message.to {
                To::User(name) => self.users.contains_key(name.as_str()),
                To::Group(group) => known.told.iter().any(|(_, told)| told.conversation == *group),
            }
    }

    fn sessions(&mut self) -> Result<HashMap<&'a str, Fence>> {
        let mut fences = HashMap::new();
        for (name, user) in &self.users {
            let (platform, token) = (Platform::Web, TokenDigest([7; 32]));
            let op = Op::OpenSession { user: *user, platform, token, at: Millis(1) };
            let epoch = match self.writer.commit(&[op])?.pop() {
                Some(Ok(Done::Session(epoch))) => epoch,
                other => bail!("no session for {name}: {other:?}"),
            };
            ensure!(epoch > Epoch(0), "an epoch of nothing");
            fences.insert(*name, Fence { user: *user, platform, epoch });
        }
        Ok(fences)
    }

    fn append(&self, message: &Message, fences: &HashMap<&str, Fence>) -> Result<Op> {
        let to = match &message.to {
            To::User(name) => Target::User(self.user(name)?),
            To::Group(group) => Target::Group(ConversationId(*group)),
        };
        Ok(Op::Append {
            by: Author::Session(*fences.get(message.from.as_str()).context("no session")?),
            app: self.app,
            to,
            nickname: jmessage_model::Nickname::new(&message.from)?,
            key: ClientKey::new(&message.key())?,
            content: Content::Text(message.text.clone()),
            at: Millis(1),
        })
    }
}

/// Whatever was told is there, as it was told.
fn has_all(known: &Known<'_>, logs: &Logs) -> Result<()> {
    for (_, told) in known.told {
        let way = if told.answer { "acknowledged" } else { "pushed" };
        let entry = logs
            .get(&(told.conversation, told.seq))
            .with_context(|| format!("LOST: message {} was {way} and is not there", told.number))?;
        let number = entry.key.as_ref().and_then(|key| key.as_str().parse().ok());
        ensure!(
            (number, entry.id.0) == (Some(told.number), told.id),
            "message {} was {way} as {} and there is {number:?} as {}",
            told.number,
            told.id,
            entry.id.0
        );
    }
    Ok(())
}

fn says(message: &Message, entry: &Entry) -> Result<()> {
    let same = matches!(&entry.content, Content::Text(text) if *text == message.text)
        && entry.sender.name.as_str() == message.from;
    ensure!(same, "message {} has another content or sender", message.number);
    Ok(())
}

/// SQLite's own check of every table and index.
fn whole(directory: &Path) -> Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let database = Connection::open_with_flags(directory.join("jmessage.db"), flags)?;
    let verdict: String = database.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    ensure!(verdict == "ok", "integrity_check: {verdict}");
    Ok(())
}
