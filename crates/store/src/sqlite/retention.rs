//! Old entries are cut from the beginning of logs, a few with each commit.
//!
//! Only entries whose places are written are cut (others get theirs soon, for the next time), and never the newest of all: numbers of entries must not be given twice.
//! The floor of a log is the first position it keeps; it holds the end of a log of which nothing is left.

use super::{
    from_sql, keys, log,
    reader::key_at,
    runs, to_sql,
    writer::{Answer, Batch},
};
use jmessage_core::port::{CUT_AT_ONCE, Done, Overlong, Trim};
use jmessage_model::{ClientKey, ConversationId, EntryId, Seq, UserId};
use rusqlite::{Connection, Row, params};

/// An entry that may be cut: where it stands, and its places.
struct Old {
    id: EntryId,
    conversation: ConversationId,
    seq: Seq,
    sender: UserId,
    key: Option<ClientKey>,
    at: u64,
    platform: u8,
}

impl Old {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: EntryId(from_sql(row.get(0)?)),
            conversation: ConversationId(from_sql(row.get(1)?)),
            seq: Seq(from_sql(row.get(2)?)),
            sender: UserId(from_sql(row.get(3)?)),
            key: key_at(row, 4)?,
            at: from_sql(row.get(5)?),
            platform: row.get(6)?,
        })
    }
}

impl Batch<'_> {
    /// Cuts the next entries; how many there were.
    pub(super) fn trim(&mut self, trim: Trim) -> Answer {
        let most = to_sql(CUT_AT_ONCE as u64);
        let (found, before) = match trim {
            Trim::OlderThan(moment) => {
                let sql = "SELECT id, conversation, seq, sender, key, at, platform FROM entry
                     WHERE id <= (SELECT upto FROM indexed) AND id < (SELECT max(id) FROM entry)
                     ORDER BY id LIMIT ?1";
                (self.old(sql, params![most])?, moment)
            }
            Trim::Log { conversation, first, older_than } => {
                (self.old_of(conversation, log::before(first))?, older_than)
            }
        };
        // The first that is to stay keeps all behind it, so that what is kept of a log is its end, without a gap.
        let all = found.len();
        let old: Vec<_> = found.into_iter().take_while(|old| old.at < before.0).collect();
        for entry in &old {
            self.cut(entry)?;
        }
        if old.len() == all && all < CUT_AT_ONCE {
            self.unindexed.hurry();
        }
        Ok(Ok(Done::Trimmed(old.len())))
    }

    fn old(&self, sql: &str, params: impl rusqlite::Params) -> rusqlite::Result<Vec<Old>> {
        self.tx.prepare_cached(sql)?.query_map(params, Old::read)?.collect()
    }

    /// The first entries of a log that are kept, up to `last`.
    fn old_of(&self, conversation: ConversationId, last: Seq) -> rusqlite::Result<Vec<Old>> {
        let first = log::floor(self.tx, conversation)?;
        let mut old = Vec::new();
        for (_, id) in runs::positions(self.tx, conversation, first, last, CUT_AT_ONCE)? {
            let sql = "SELECT id, conversation, seq, sender, key, at, platform FROM entry
                 WHERE id = ?1 AND id <= (SELECT upto FROM indexed) AND id < (SELECT max(id) FROM entry)";
            old.extend(self.old(sql, [to_sql(id.0)])?);
        }
        Ok(old)
    }

    fn cut(&self, entry: &Old) -> rusqlite::Result<()> {
        let (conversation, seq) = (to_sql(entry.conversation.0), to_sql(entry.seq.0));
        self.execute("DELETE FROM entry WHERE id = ?1", [to_sql(entry.id.0)])?;
        runs::cut(self.tx, entry.conversation, entry.seq)?;
        if let Some(key) = &entry.key {
            keys::remove(self.tx, entry.sender, key)?;
        }
        self.execute(
            "INSERT INTO floor (conversation, seq) VALUES (?1, ?2 + 1) ON CONFLICT DO UPDATE SET seq = excluded.seq",
            [conversation, seq],
        )?;
        self.pass_over_own(entry)
    }

    /// Whoever wrote an entry does not lose it: where it was the next one to acknowledge, it counts as acknowledged.
    fn pass_over_own(&self, entry: &Old) -> rusqlite::Result<()> {
        self.execute(
            "INSERT INTO cursor (user, conversation, platform, seq)
             SELECT m.user, m.conversation, ?3, ?4 FROM member m
             WHERE m.user = ?1 AND m.conversation = ?2 AND max(m.joined - 1, coalesce(
                 (SELECT seq FROM cursor c WHERE c.user = ?1 AND c.conversation = ?2 AND c.platform = ?3),
                 (SELECT max(seq) FROM cursor c WHERE c.user = ?1 AND c.conversation = ?2),
                 0)) = ?4 - 1
             ON CONFLICT DO UPDATE SET seq = excluded.seq",
            params![
                to_sql(entry.sender.0),
                to_sql(entry.conversation.0),
                entry.platform,
                to_sql(entry.seq.0)
            ],
        )?;
        Ok(())
    }
}

/// Of the next `limit` logs after the given one, those that keep more than `most` entries; and the last one looked at.
pub(super) fn overlong(
    c: &Connection,
    after: ConversationId,
    most: u64,
    limit: usize,
) -> rusqlite::Result<(Vec<Overlong>, Option<ConversationId>)> {
    let mut statement = c.prepare_cached(
        "SELECT c.id, (SELECT last FROM run r WHERE r.conversation = c.id ORDER BY first DESC LIMIT 1),
             (SELECT seq FROM floor f WHERE f.conversation = c.id)
         FROM conversation c WHERE c.id > ?1 ORDER BY c.id LIMIT ?2",
    )?;
    let mut last = None;
    let mut found = Vec::new();
    let mut rows = statement.query(params![to_sql(after.0), to_sql(limit as u64)])?;
    while let Some(row) = rows.next()? {
        let conversation = ConversationId(from_sql(row.get(0)?));
        last = Some(conversation);
        let [head, floor] = [1, 2].map(|column| row.get::<_, Option<i64>>(column));
        let (head, floor) = (head?.map_or(0, from_sql), floor?.map_or(1, from_sql));
        let first = Seq((head + 1).saturating_sub(most));
        if first.0 > floor {
            found.push(Overlong { conversation, first });
        }
    }
    Ok((found, last))
}
