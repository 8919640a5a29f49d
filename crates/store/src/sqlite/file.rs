//! Files in a transaction of the writer, and how they are read.

use super::{
    from_sql, to_sql,
    writer::{Answer, Batch},
};
use jmessage_core::{
    CapabilityKey,
    port::{Done, FileRecord, FileWrite, Refusal},
};
use jmessage_model::{AppId, ConversationId, Extent, Facts, FileId, Format, Media, Millis, UserId};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// `file.state`: uploaded, sent at least once, to be deleted.
const NEW: u8 = 0;
const SENT: u8 = 1;
const DROPPED: u8 = 2;

impl Batch<'_> {
    pub(super) fn change_file(&self, change: &FileWrite) -> Answer {
        match change {
            FileWrite::Create { record, quota } => self.create_file(record, *quota),
            FileWrite::Drop(id) => {
                let dropped = self.execute(
                    "UPDATE file SET state = ?2 WHERE id = ?1 AND state <> ?3",
                    params![id.0, DROPPED, SENT],
                )?;
                Ok(if dropped == 0 { Err(Refusal::NoSuchFile) } else { Ok(Done::Nothing) })
            }
            FileWrite::Forget(id) => {
                self.execute(
                    "UPDATE storage SET bytes = bytes - f.size FROM file f
                     WHERE f.id = ?1 AND f.state = ?2 AND storage.user = f.owner",
                    params![id.0, DROPPED],
                )?;
                self.execute("DELETE FROM file WHERE id = ?1 AND state = ?2", params![id.0, DROPPED])?;
                Ok(Ok(Done::Nothing))
            }
        }
    }

    fn create_file(&self, record: &FileRecord, quota: u64) -> Answer {
        let Media { file, facts } = record.media;
        let room = self.execute(
            "INSERT INTO storage (user, bytes) SELECT ?1, ?2 WHERE ?2 <= ?3
             ON CONFLICT DO UPDATE SET bytes = bytes + ?2 WHERE bytes + ?2 <= ?3",
            params![to_sql(record.owner.0), to_sql(facts.size), to_sql(quota)],
        )?;
        if room == 0 {
            return Ok(Err(Refusal::StorageFull));
        }
        let (width, height, seconds) = match facts.extent {
            Extent::Image { width, height } => (Some(width), Some(height), None),
            Extent::Voice { seconds } => (None, None, Some(seconds)),
        };
        self.execute(
            "INSERT INTO file (id, app, owner, format, width, height, seconds, size, crc32, created, state)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                file.0,
                to_sql(record.app.0),
                to_sql(record.owner.0),
                facts.format.word(),
                width,
                height,
                seconds,
                to_sql(facts.size),
                facts.crc32,
                to_sql(record.created.0),
                NEW,
            ],
        )?;
        Ok(Ok(Done::Nothing))
    }

    /// Whether the file is there to be sent.
    pub(super) fn has_file(&self, id: FileId) -> rusqlite::Result<bool> {
        self.tx
            .prepare_cached("SELECT 1 FROM file WHERE id = ?1 AND state <> ?2")?
            .exists(params![id.0, DROPPED])
    }

    /// The file was sent to the conversation: from now on its members may read it, and it stays.
    pub(super) fn record_sent(&self, id: FileId, conversation: ConversationId) -> rusqlite::Result<()> {
        self.execute(
            "INSERT INTO sent (file, conversation) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            params![id.0, to_sql(conversation.0)],
        )?;
        self.execute("UPDATE file SET state = ?2 WHERE id = ?1 AND state = ?3", params![id.0, SENT, NEW])?;
        Ok(())
    }

    pub(super) fn keep_key(&self, key: &CapabilityKey) -> Answer {
        self.execute("INSERT INTO capability_key (id, key) VALUES (1, ?1) ON CONFLICT DO NOTHING", [key.0])?;
        Ok(Ok(Done::Nothing))
    }
}

pub(super) fn find(c: &Connection, id: FileId) -> rusqlite::Result<Option<FileRecord>> {
    c.prepare_cached(
        "SELECT app, owner, format, width, height, seconds, size, crc32, created FROM file
         WHERE id = ?1 AND state <> ?2",
    )?
    .query_row(params![id.0, DROPPED], |row| record(id, row))
    .optional()
}

fn record(id: FileId, row: &Row<'_>) -> rusqlite::Result<FileRecord> {
    let extent = match row.get(5)? {
        Some(seconds) => Extent::Voice { seconds },
        None => Extent::Image { width: row.get(3)?, height: row.get(4)? },
    };
    let format = Format::parse(row.get_ref(2)?.as_str()?).ok_or_else(|| super::reader::unreadable(2))?;
    let facts = Facts { format, extent, size: from_sql(row.get(6)?), crc32: row.get(7)? };
    Ok(FileRecord {
        app: AppId(from_sql(row.get(0)?)),
        owner: UserId(from_sql(row.get(1)?)),
        media: Media { file: id, facts },
        created: Millis(from_sql(row.get(8)?)),
    })
}

pub(super) fn was_sent_to(c: &Connection, id: FileId, user: UserId) -> rusqlite::Result<bool> {
    c.prepare_cached(
        "SELECT 1 FROM sent s JOIN member m ON m.conversation = s.conversation
         WHERE s.file = ?1 AND m.user = ?2 AND m.gone IS NULL",
    )?
    .exists(params![id.0, to_sql(user.0)])
}

pub(super) fn unsent(c: &Connection, before: Millis, limit: usize) -> rusqlite::Result<Vec<FileId>> {
    // The literal lets the planner see that the partial index has it all.
    c.prepare_cached("SELECT id FROM file WHERE state <> 1 AND created < ?1 ORDER BY created LIMIT ?2")?
        .query_map(params![to_sql(before.0), to_sql(limit as u64)], |row| row.get(0).map(FileId))?
        .collect()
}

pub(super) fn capability_key(c: &Connection) -> rusqlite::Result<Option<CapabilityKey>> {
    c.prepare_cached("SELECT key FROM capability_key")?
        .query_row([], |row| row.get(0).map(CapabilityKey))
        .optional()
}
