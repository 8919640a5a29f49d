//! The one writer: a batch of changes in one transaction.

use super::{
    checkpoint::{Checkpoint, Keeper},
    content::stored,
    digest_of,
    durable::SqliteLog,
    from_sql,
    log::{before, floor},
    runs,
    tail::{Tail, Unindexed, Waiting},
    to_sql, unavailable,
};
use foldhash::{HashMap, HashMapExt};
use jmessage_core::port::{Appended, Author, Done, Fence, Log, Op, Refusal, Target, Unavailable, Writer};
use jmessage_model::{
    AppId, ClientKey, Content, ConversationId, EntryId, Epoch, Millis, Mutant, Nickname, Platform, Seq,
    UserId,
};
use rusqlite::{
    CachedStatement, Connection, DropBehavior, OptionalExtension, Transaction, TransactionBehavior, params,
};
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
    /// SQLite's count of what others have committed: what it was when the memory was last known to be right, and when
    /// the domain asked last.
    others: [Option<i64>; 2],
}

/// What the writer knows of the committed state without asking. Forgotten whenever a transaction fails, as are its
/// [`Gaps`](super::gaps::Gaps).
#[derive(Default)]
pub(super) struct Memory {
    pairs: HashMap<(UserId, UserId), ConversationId>,
    pub(super) heads: HashMap<ConversationId, Seq>,
    /// The living session of a user on a platform, if there is one.
    epochs: HashMap<(UserId, Platform), Option<Epoch>>,
    /// Under which epoch keys were used, for [`Mutant::DedupPerSession`].
    #[cfg(feature = "mutants")]
    used: HashMap<(UserId, ClientKey), Epoch>,
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
        let (memory, others) = Default::default();
        Ok(Self { connection, memory, log, unindexed, tail, checkpoint, keeper, others })
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
        if self.others[0].replace(others) != Some(others) {
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
        std::mem::replace(&mut self.others[1], others) != others
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
    tail: &'a Tail,
    /// What this transaction has appended.
    fresh: Vec<Waiting>,
    fresh_keys: HashMap<(UserId, ClientKey), EntryId>,
    /// What appends, once it is needed: even to find it among the prepared statements costs each message something.
    insert: Option<CachedStatement<'a>>,
}

impl Batch<'_> {
    fn apply(&mut self, op: &Op) -> Answer {
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
            Op::EndSession(fence) => {
                self.memory.epochs.remove(&(fence.user, fence.platform));
                self.execute(
                    "UPDATE session SET token = NULL, epoch = epoch + 1
                     WHERE user = ?1 AND platform = ?2 AND epoch = ?3",
                    params![to_sql(fence.user.0), fence.platform as u8, to_sql(fence.epoch.0)],
                )?;
                Ok(Ok(Done::Nothing))
            }
            Op::Append { by, app, to, nickname, key, content, at } => {
                let message = Message { by, app: *app, to: *to, nickname, key, content, at: *at };
                self.append(&message)
            }
            Op::Recall { fence, group, key, content } => {
                if !self.is_living(fence)? {
                    return Ok(Err(Refusal::Fenced));
                }
                let found = self.repeated(fence.user, key, content, Some(*group))?;
                Ok(found.unwrap_or(Err(Refusal::Unknown)))
            }
            Op::Group { fence, change } => {
                if self.is_living(fence)? {
                    self.change_group(fence, change)
                } else {
                    Ok(Err(Refusal::Fenced))
                }
            }
            Op::ClearHistory { fence, of } => {
                if !self.is_living(fence)? {
                    return Ok(Err(Refusal::Fenced));
                }
                self.clear_history(fence.user, *of)?;
                Ok(Ok(Done::Nothing))
            }
            Op::KeepContact { user, other, label } => {
                self.keep_contact(*user, *other, label.as_ref())?;
                Ok(Ok(Done::Nothing))
            }
            Op::DropContact { fence, other } => {
                if !self.is_living(fence)? {
                    return Ok(Err(Refusal::Fenced));
                }
                self.keep_contact(fence.user, *other, None)?;
                Ok(Ok(Done::Nothing))
            }
            Op::KeepSetting { fence, name, value } => {
                if !self.is_living(fence)? {
                    return Ok(Err(Refusal::Fenced));
                }
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
                if !self.is_living(fence)? {
                    return Ok(Err(Refusal::Fenced));
                }
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

    fn stored_epoch(&self, user: UserId, platform: Platform) -> rusqlite::Result<Option<Epoch>> {
        self.tx
            .prepare_cached("SELECT epoch FROM session WHERE user = ?1 AND platform = ?2")?
            .query_row(params![to_sql(user.0), platform as u8], |row| Ok(Epoch(from_sql(row.get(0)?))))
            .optional()
    }

    fn next_epoch(&self, user: UserId, platform: Platform) -> rusqlite::Result<Epoch> {
        Ok(Epoch(self.stored_epoch(user, platform)?.unwrap_or_default().0 + 1))
    }

    fn is_living(&mut self, fence: &Fence) -> rusqlite::Result<bool> {
        if Mutant::NoFence.is_on() {
            return Ok(true);
        }
        let place = (fence.user, fence.platform);
        if let Some(epoch) = self.memory.epochs.get(&place) {
            return Ok(*epoch == Some(fence.epoch));
        }
        let epoch = self.stored_epoch(fence.user, fence.platform)?;
        self.memory.epochs.insert(place, epoch);
        Ok(epoch == Some(fence.epoch))
    }

    fn open(&mut self, user: UserId, platform: Platform, token: &[u8; 32], at: Millis) -> Answer {
        let epoch = self.next_epoch(user, platform)?;
        self.execute(
            "INSERT INTO session (user, platform, epoch, token, opened) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET epoch = ?3, token = ?4, opened = ?5",
            params![to_sql(user.0), platform as u8, to_sql(epoch.0), token, to_sql(at.0)],
        )?;
        self.memory.epochs.insert((user, platform), Some(epoch));
        Ok(Ok(Done::Session(epoch)))
    }

    fn resume(
        &mut self,
        user: UserId,
        platform: Platform,
        token: &[u8; 32],
        oldest: Millis,
        acknowledged: &[(ConversationId, Seq)],
    ) -> Answer {
        let row = self
            .tx
            .prepare_cached("SELECT token, opened FROM session WHERE user = ?1 AND platform = ?2")?
            .query_row(params![to_sql(user.0), platform as u8], |row| {
                Ok((row.get::<_, Option<Vec<u8>>>(0)?, from_sql(row.get(1)?)))
            })
            .optional()?;
        let Some((Some(stored), opened)) = row else { return Ok(Err(Refusal::NoSession)) };
        if digest_of(&stored).is_none_or(|stored| stored.0 != *token) && !Mutant::OldToken.is_on() {
            return Ok(Err(Refusal::Superseded));
        }
        if opened < oldest.0 {
            return Ok(Err(Refusal::NoSession));
        }
        self.acknowledge(user, platform, acknowledged)?;
        let epoch = self.next_epoch(user, platform)?;
        self.execute(
            "UPDATE session SET epoch = ?3 WHERE user = ?1 AND platform = ?2",
            params![to_sql(user.0), platform as u8, to_sql(epoch.0)],
        )?;
        self.memory.epochs.insert((user, platform), Some(epoch));
        Ok(Ok(Done::Session(epoch)))
    }

    /// Moves cursors forward, for conversations the user is in and never beyond their end.
    fn acknowledge(
        &mut self,
        user: UserId,
        platform: Platform,
        positions: &[(ConversationId, Seq)],
    ) -> rusqlite::Result<()> {
        let tx = self.tx;
        let mut advance = tx.prepare_cached(
            "UPDATE cursor SET seq = max(seq, ?4) WHERE user = ?1 AND conversation = ?2 AND platform = ?3",
        )?;
        for (conversation, seq) in positions {
            let head = self.head(*conversation)?;
            if head == Seq::default() {
                continue;
            }
            let seq = (*seq).min(head);
            let place = params![to_sql(user.0), to_sql(conversation.0), platform as u8, to_sql(seq.0)];
            // A row of a member stays, so where there is a cursor there is a member.
            if advance.execute(place)? == 0 {
                self.execute(
                    "INSERT INTO cursor (user, conversation, platform, seq)
                     SELECT user, conversation, ?3, ?4 FROM member WHERE user = ?1 AND conversation = ?2",
                    place,
                )?;
            }
        }
        Ok(())
    }

    /// Hides what a log holds now from one member's view of its history.
    fn clear_history(&mut self, user: UserId, of: Target) -> rusqlite::Result<()> {
        let Some(conversation) = super::log::conversation(self.tx, user, of)? else { return Ok(()) };
        let head = self.head(conversation)?;
        self.execute(
            "UPDATE member SET cleared = ?3 WHERE user = ?1 AND conversation = ?2",
            params![to_sql(user.0), to_sql(conversation.0), to_sql(head.0)],
        )?;
        Ok(())
    }

    pub(super) fn head(&mut self, conversation: ConversationId) -> rusqlite::Result<Seq> {
        if let Some(head) = self.memory.heads.get(&conversation) {
            return Ok(*head);
        }
        let head = match self.tail.last(conversation) {
            Some(head) => head,
            None => indexed_head(self.tx, conversation)?,
        };
        // Whoever asks for logs that do not exist takes no place of those that do.
        if head > Seq::default() {
            self.memory.heads.insert(conversation, head);
        }
        Ok(head)
    }
}

/// The last position in the index of a log, or the last that was cut from it.
pub(super) fn indexed_head(c: &Connection, conversation: ConversationId) -> rusqlite::Result<Seq> {
    Ok(runs::last(c, conversation)?.unwrap_or_default().max(before(floor(c, conversation)?)))
}

/// A message to append.
struct Message<'a> {
    by: &'a Author,
    app: AppId,
    to: Target,
    nickname: &'a Nickname,
    key: &'a ClientKey,
    content: &'a Content,
    at: Millis,
}

/// One line of a log, as it is stored.
pub(super) struct Line<'a> {
    pub(super) sender: UserId,
    pub(super) platform: Platform,
    pub(super) nickname: &'a Nickname,
    /// None for what the domain writes.
    pub(super) key: Option<&'a ClientKey>,
    pub(super) kind: u8,
    pub(super) body: &'a str,
    pub(super) at: Millis,
}

impl Batch<'_> {
    fn append(&mut self, message: &Message<'_>) -> Answer {
        if let Author::Session(fence) = message.by
            && !self.is_living(fence)?
        {
            return Ok(Err(Refusal::Fenced));
        }
        let file = match message.content {
            Content::Media(media) => Some(media.file),
            Content::Text(_) | Content::Noted(_) | Content::Group(_) => None,
        };
        if let Some(file) = file
            && !self.has_file(file)?
        {
            return Ok(Err(Refusal::NoSuchFile));
        }
        let sender = message.by.user();
        let conversation = match message.to {
            Target::Group(group) => group,
            Target::User(to) => {
                let pair = (sender.min(to), sender.max(to));
                match self.find_pair(pair)? {
                    Some(conversation) => conversation,
                    // Looked up before anything is made, so that a refused message leaves no trace.
                    None => match self.repeated(sender, message.key, message.content, None)? {
                        Some(answer) => return Ok(answer),
                        None => self.create_pair(pair, message)?,
                    },
                }
            }
        };
        if let Some(answer) = self.repeated(sender, message.key, message.content, Some(conversation))?
            && !self.is_other_session(message)
        {
            return Ok(answer);
        }
        let (kind, body) = stored(message.content);
        let line = Line {
            sender,
            platform: message.by.platform(),
            nickname: message.nickname,
            key: Some(message.key),
            kind,
            body: &body,
            at: message.at,
        };
        let appended = self.append_line(conversation, &line)?;
        if let Some(file) = file {
            self.record_sent(file, conversation)?;
        }
        Ok(Ok(Done::Appended(appended)))
    }

    /// Whether [`Mutant::DedupPerSession`] takes the key for one that was not used.
    #[cfg(feature = "mutants")]
    fn is_other_session(&mut self, message: &Message<'_>) -> bool {
        let Author::Session(fence) = message.by else { return false };
        let key = (fence.user, message.key.clone());
        Mutant::DedupPerSession.is_on() && self.memory.used.insert(key, fence.epoch) != Some(fence.epoch)
    }

    #[cfg(not(feature = "mutants"))]
    #[expect(clippy::unused_self, reason = "the shape of the other one")]
    fn is_other_session(&self, _: &Message<'_>) -> bool {
        false
    }

    /// Appends to a log. Nothing is checked any more.
    pub(super) fn append_line(
        &mut self,
        conversation: ConversationId,
        line: &Line<'_>,
    ) -> rusqlite::Result<Appended> {
        let seq = self.head(conversation)?.next();
        let Line { sender, platform, nickname, key, kind, body, at } = *line;
        let insert = match &mut self.insert {
            Some(insert) => insert,
            none => none.insert(self.tx.prepare_cached(
                "INSERT INTO entry (conversation, seq, sender, nickname, platform, at, key, kind, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            )?),
        };
        insert.execute(params![
            to_sql(conversation.0),
            to_sql(seq.0),
            to_sql(sender.0),
            nickname.as_str(),
            platform as u8,
            to_sql(at.0),
            key.map(ClientKey::as_str),
            kind,
            body,
        ])?;
        let id = EntryId(from_sql(self.tx.last_insert_rowid()));
        self.memory.heads.insert(conversation, seq);
        if let Some(key) = key {
            self.fresh_keys.insert((sender, key.clone()), id);
        }
        self.fresh.push(Waiting { id, conversation, seq, sender, key: key.cloned() });
        Ok(Appended { id, conversation, seq, at, fresh: true })
    }

    /// The entry to which the sender gave this key.
    fn keyed(&mut self, sender: UserId, key: &ClientKey) -> rusqlite::Result<Option<EntryId>> {
        if let Some(id) = self.fresh_keys.get(&(sender, key.clone())) {
            return Ok(Some(*id));
        }
        self.unindexed.find(self.tx, sender, key)
    }

    /// What became of the sender's key before, if it was used: the first result for the same message,
    /// a refusal for another one.
    fn repeated(
        &mut self,
        sender: UserId,
        key: &ClientKey,
        content: &Content,
        conversation: Option<ConversationId>,
    ) -> rusqlite::Result<Option<Result<Done, Refusal>>> {
        let Some(id) = self.keyed(sender, key)? else { return Ok(None) };
        let (kind, body) = stored(content);
        self.tx
            .prepare_cached("SELECT conversation, seq, at, kind = ?2 AND body = ?3 FROM entry WHERE id = ?1")?
            .query_row(params![to_sql(id.0), kind, body.as_ref()], |row| {
                let first = Appended {
                    id,
                    conversation: ConversationId(from_sql(row.get(0)?)),
                    seq: Seq(from_sql(row.get(1)?)),
                    at: Millis(from_sql(row.get(2)?)),
                    fresh: false,
                };
                let same_content = row.get(3)? || Mutant::OtherContent.is_on();
                let same = same_content && conversation == Some(first.conversation);
                Ok(if same { Ok(Done::Appended(first)) } else { Err(Refusal::KeyReused) })
            })
            .optional()
    }

    fn find_pair(&mut self, pair: (UserId, UserId)) -> rusqlite::Result<Option<ConversationId>> {
        if let Some(conversation) = self.memory.pairs.get(&pair) {
            return Ok(Some(*conversation));
        }
        let found = self
            .tx
            .prepare_cached("SELECT id FROM conversation WHERE low = ?1 AND high = ?2")?
            .query_row(params![to_sql(pair.0.0), to_sql(pair.1.0)], |row| {
                Ok(ConversationId(from_sql(row.get(0)?)))
            })
            .optional()?;
        if let Some(conversation) = found {
            self.memory.pairs.insert(pair, conversation);
        }
        Ok(found)
    }

    fn create_pair(
        &mut self,
        pair: (UserId, UserId),
        message: &Message<'_>,
    ) -> rusqlite::Result<ConversationId> {
        self.execute(
            "INSERT INTO conversation (app, low, high, created) VALUES (?1, ?2, ?3, ?4)",
            params![to_sql(message.app.0), to_sql(pair.0.0), to_sql(pair.1.0), to_sql(message.at.0)],
        )?;
        let conversation = ConversationId(from_sql(self.tx.last_insert_rowid()));
        for user in [pair.0, pair.1] {
            self.join(conversation, user, Seq(1))?;
        }
        self.memory.pairs.insert(pair, conversation);
        self.memory.heads.insert(conversation, Seq(0));
        Ok(conversation)
    }
}
