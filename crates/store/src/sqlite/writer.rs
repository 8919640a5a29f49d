//! The one writer: a batch of changes in one transaction.

use super::{
    append::Message,
    checkpoint::{Checkpoint, Keeper},
    durable::SqliteLog,
    from_sql,
    session::fence,
    tail::{Tail, Unindexed, Waiting},
    to_sql, unavailable,
};
use foldhash::{HashMap, HashMapExt};
use jmessage_core::port::{Done, Log, Op, Refusal, Unavailable, Writer};
use jmessage_model::{AppId, ClientKey, ConversationId, EntryId, Epoch, Mutant, Platform, Seq, UserId};
use rusqlite::{CachedStatement, Connection, DropBehavior, Transaction, TransactionBehavior, params};
use std::{io, path::PathBuf, sync::Arc};

/// How many conversations are remembered before the memory starts anew.
const REMEMBERED: usize = 500_000;

pub(super) type Answer = rusqlite::Result<Result<Done, Refusal>>;

/// See the module.
pub struct SqliteWriter {
    connection: Connection,
    memory: Memory,
    /// Where SQLite writes what is committed.
    log: PathBuf,
    unindexed: Unindexed,
    tail: Arc<Tail>,
    checkpoint: Checkpoint,
    keeper: Keeper,
    /// SQLite's count of what others have committed, when the memory was last known to be right.
    others_remembered: Option<i64>,
    /// The same count, when the domain asked last.
    others_told: Option<i64>,
}

/// What the writer knows of the committed state without asking. Forgotten whenever a transaction fails, as are its
/// [`Gaps`](super::gaps::Gaps).
#[derive(Default)]
pub(super) struct Memory {
    pub(super) pairs: HashMap<(UserId, UserId), ConversationId>,
    pub(super) heads: HashMap<ConversationId, Seq>,
    /// The living session of a user on a platform, if there is one.
    pub(super) epochs: HashMap<(UserId, Platform), Option<Epoch>>,
    /// Under which epoch keys were used, for [`Mutant::DedupPerSession`].
    #[cfg(feature = "mutants")]
    pub(super) used: HashMap<(UserId, ClientKey), Epoch>,
}

impl Memory {
    fn size(&self) -> usize {
        self.pairs.len() + self.heads.len() + self.epochs.len()
    }
}

impl SqliteWriter {
    pub(super) fn new(
        mut connection: Connection,
        log: PathBuf,
        tail: Arc<Tail>,
        keeper: Keeper,
        unindexed: usize,
    ) -> rusqlite::Result<Self> {
        let unindexed = Unindexed::open(&mut connection, &tail, unindexed)?;
        let checkpoint = Checkpoint::new(&mut connection, keeper.clone())?;
        Ok(Self {
            connection,
            memory: Memory::default(),
            log,
            unindexed,
            tail,
            checkpoint,
            keeper,
            others_remembered: None,
            others_told: None,
        })
    }

    /// A thread with a connection of its own takes the log over from now on.
    pub(super) fn get_help(&mut self, connection: Connection) -> io::Result<()> {
        self.checkpoint.get_help(connection)
    }

    /// The connection, for tests that make its commits fail.
    pub fn connection(&mut self) -> &mut Connection {
        &mut self.connection
    }

    fn apply_all(&mut self, ops: &[Op]) -> rusqlite::Result<Vec<Result<Done, Refusal>>> {
        if Mutant::AnswerBeforeCommit.is_on() && !self.connection.is_autocommit() {
            self.connection.execute_batch("COMMIT")?;
        }
        let mut tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked inside, so that nobody can change anything between the look and the commit.
        let others = data_version(&tx)?;
        if self.others_remembered.replace(others) != Some(others) {
            self.memory = Memory::default();
        }
        let part = self.unindexed.write(&tx)?;
        let mut batch = Batch {
            tx: &tx,
            memory: &mut self.memory,
            unindexed: &mut self.unindexed,
            tail: &self.tail,
            fresh: Vec::new(),
            fresh_keys: HashMap::new(),
            insert: None,
        };
        let results = ops.iter().map(|op| batch.apply(op)).collect::<rusqlite::Result<_>>()?;
        let fresh = std::mem::take(&mut batch.fresh);
        drop(batch);
        if Mutant::AnswerBeforeCommit.is_on() {
            // Left open; the next batch commits it.
            tx.set_drop_behavior(DropBehavior::Ignore);
            drop(tx);
        } else {
            let committed = tx.commit();
            if !Mutant::AnswerFailedCommit.is_on() {
                committed?;
            }
        }
        self.unindexed.written(part, &self.tail);
        self.unindexed.add(fresh, &self.tail);
        self.checkpoint.run(&self.connection);
        Ok(results)
    }
}

impl Drop for SqliteWriter {
    fn drop(&mut self) {
        self.keeper.close(&self.connection);
    }
}

impl Writer for SqliteWriter {
    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Result<Done, Refusal>>, Unavailable> {
        self.keeper.allows()?;
        if self.memory.size() > REMEMBERED {
            self.memory = Memory::default();
        }
        let result = self.apply_all(ops);
        if let Err(error) = &result {
            self.memory = Memory::default();
            self.unindexed.failed();
            self.keeper.saw(error);
        }
        result.map_err(unavailable)
    }

    fn log(&self) -> Result<Box<dyn Log>, Unavailable> {
        Ok(Box::new(SqliteLog::open(&self.log, self.keeper.clone())?))
    }

    fn changed_elsewhere(&mut self) -> bool {
        let others = data_version(&self.connection).ok();
        std::mem::replace(&mut self.others_told, others) != others
    }
}

/// A number that changes when another connection has committed something.
fn data_version(c: &Connection) -> rusqlite::Result<i64> {
    c.prepare_cached("PRAGMA data_version")?.query_row([], |row| row.get(0))
}

/// One transaction under way.
pub(super) struct Batch<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) memory: &'a mut Memory,
    pub(super) unindexed: &'a mut Unindexed,
    pub(super) tail: &'a Tail,
    /// What this transaction has appended.
    pub(super) fresh: Vec<Waiting>,
    pub(super) fresh_keys: HashMap<(UserId, ClientKey), EntryId>,
    /// What appends, once it is needed: even to find it among the prepared statements costs each message something.
    pub(super) insert: Option<CachedStatement<'a>>,
}

impl Batch<'_> {
    fn apply(&mut self, op: &Op) -> Answer {
        if let Some(fence) = fence(op)
            && !self.is_living(fence)?
        {
            return Ok(Err(Refusal::Fenced));
        }
        match op {
            Op::CreateApp { key, name, secret, at } => self.insert(
                "INSERT INTO app (key, name, secret, created) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
                params![key.as_str(), name, secret, to_sql(at.0)],
                |id| Done::App(AppId(id)),
            ),
            Op::CreateUser { app, name, nickname, password, at } => self.insert(
                "INSERT INTO user (app, name, nickname, password, created, modified)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?5) ON CONFLICT DO NOTHING",
                params![to_sql(app.0), name.as_str(), nickname.as_str(), password, to_sql(at.0)],
                |id| Done::User(UserId(id)),
            ),
            Op::SetPassword { user, password, at } => {
                self.execute(
                    "UPDATE user SET password = ?2, modified = ?3 WHERE id = ?1",
                    params![to_sql(user.0), password, to_sql(at.0)],
                )?;
                self.execute("UPDATE session SET token = NULL WHERE user = ?1", params![to_sql(user.0)])?;
                Ok(Ok(Done::Nothing))
            }
            Op::EditUser { user, edit, at } => {
                self.edit_user(*user, edit, *at)?;
                Ok(Ok(Done::Nothing))
            }
            Op::OpenSession { user, platform, token, at } => self.open(*user, *platform, &token.0, *at),
            Op::ResumeSession { user, platform, token, oldest, acknowledged } => {
                self.resume(*user, *platform, &token.0, *oldest, acknowledged)
            }
            Op::EndSession(fence) => self.end(fence),
            Op::Append { by, app, to, nickname, key, content, at } => {
                let message = Message { by, app: *app, to: *to, nickname, key, content, at: *at };
                self.append(&message)
            }
            Op::Recall { fence, group, key, content } => {
                let found = self.repeated(fence.user, key, content, Some(*group))?;
                Ok(found.unwrap_or(Err(Refusal::Unknown)))
            }
            Op::Group { fence, change } => self.change_group(fence, change),
            Op::ClearHistory { fence, of } => {
                self.clear_history(fence.user, *of)?;
                Ok(Ok(Done::Nothing))
            }
            Op::KeepContact { user, other, label } => {
                self.keep_contact(*user, *other, label.as_ref())?;
                Ok(Ok(Done::Nothing))
            }
            Op::DropContact { fence, other } => {
                self.keep_contact(fence.user, *other, None)?;
                Ok(Ok(Done::Nothing))
            }
            Op::KeepSetting { fence, name, value } => {
                self.keep_setting(fence.user, name, value)?;
                Ok(Ok(Done::Nothing))
            }
            Op::Notify { user, notice, at } => {
                self.notify(*user, notice, *at)?;
                Ok(Ok(Done::Nothing))
            }
            Op::LetBroadcast { user, may } => {
                self.let_broadcast(*user, *may)?;
                Ok(Ok(Done::Nothing))
            }
            Op::File(change) => self.change_file(change),
            Op::KeepKey(key) => self.keep_key(key),
            Op::Trim(trim) => self.trim(*trim),
            Op::Acknowledge { fence, positions } => {
                self.acknowledge(fence.user, fence.platform, positions)?;
                Ok(Ok(Done::Nothing))
            }
        }
    }

    pub(super) fn execute(&self, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.tx.prepare_cached(sql)?.execute(params)
    }

    /// Inserts a row with a name of its own; an existing name is refused.
    fn insert(&self, sql: &str, params: impl rusqlite::Params, done: fn(u64) -> Done) -> Answer {
        Ok(match self.execute(sql, params)? {
            0 => Err(Refusal::Taken),
            _ => Ok(done(from_sql(self.tx.last_insert_rowid()))),
        })
    }
}
