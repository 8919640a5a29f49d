//! Messages in a transaction of the writer: what was sent before is known by its key, everything else is appended.

use super::{
    content::stored,
    from_sql,
    log::{self, pair},
    tail::Waiting,
    to_sql,
    writer::{Answer, Batch},
};
use jmessage_core::port::{Appended, Author, Done, Refusal, Target};
use jmessage_model::{
    AppId, ClientKey, Content, ConversationId, EntryId, Millis, Mutant, Nickname, Platform, Seq, UserId,
};
use rusqlite::{OptionalExtension, params};

/// A message to append.
pub(super) struct Message<'a> {
    pub(super) by: &'a Author,
    pub(super) app: AppId,
    pub(super) to: Target,
    pub(super) nickname: &'a Nickname,
    pub(super) key: &'a ClientKey,
    pub(super) content: &'a Content,
    pub(super) at: Millis,
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
    /// Appends a message, whose session is the living one if it is a session's.
    pub(super) fn append(&mut self, message: &Message<'_>) -> Answer {
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
        let known = self.find(sender, message.to)?;
        // Looked up before anything is made, so that a refused message leaves no trace.
        if let Some(answer) = self.repeated(sender, message.key, message.content, known)?
            && !self.is_other_session(message)
        {
            return Ok(answer);
        }
        let conversation = match (known, message.to) {
            (Some(conversation), _) | (None, Target::Group(conversation)) => conversation,
            (None, Target::User(other)) => self.create_pair(pair(sender, other), message)?,
        };
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
    pub(super) fn repeated(
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

    /// The log that the sender writes to, if there is one.
    fn find(&mut self, sender: UserId, to: Target) -> rusqlite::Result<Option<ConversationId>> {
        let Target::User(other) = to else { return log::conversation(self.tx, sender, to) };
        let pair = pair(sender, other);
        if let Some(conversation) = self.memory.pairs.get(&pair) {
            return Ok(Some(*conversation));
        }
        let found = log::conversation(self.tx, sender, to)?;
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

    /// The last position of a log.
    pub(super) fn head(&mut self, conversation: ConversationId) -> rusqlite::Result<Seq> {
        if let Some(head) = self.memory.heads.get(&conversation) {
            return Ok(*head);
        }
        let head = log::head(self.tx, self.tail, conversation)?;
        // Whoever asks for logs that do not exist takes no place of those that do.
        if head > Seq::default() {
            self.memory.heads.insert(conversation, head);
        }
        Ok(head)
    }
}
