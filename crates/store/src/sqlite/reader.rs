//! Reads of committed state, on connections that are kept for the next reader.

use super::{connect, from_sql, to_sql, unavailable, writer::content_from};
use jmessage_core::{
    Destination, Entry, UserCard,
    port::{AppRecord, Behind, Reader, Unavailable, UserRecord},
};
use jmessage_model::{
    AppId, AppKey, ClientKey, ConversationId, EntryId, Millis, NameError, Nickname, Platform, Seq, UserId,
    Username,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Connections kept open between reads.
const KEPT: usize = 4;

/// See the module.
pub struct SqliteReader {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl SqliteReader {
    pub(super) fn new(file: PathBuf) -> Self {
        Self { file, idle: Mutex::new(Vec::new()) }
    }

    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Unavailable> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => connect(&self.file)?,
        };
        let result = read(&connection).map_err(unavailable)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < KEPT {
            idle.push(connection);
        }
        Ok(result)
    }
}

impl Reader for SqliteReader {
    fn app(&self, key: &AppKey) -> Result<Option<AppRecord>, Unavailable> {
        self.with(|c| {
            c.prepare_cached("SELECT id, key, name, secret FROM app WHERE key = ?1")?
                .query_row(params![key.as_str()], app_row)
                .optional()
        })
    }

    fn apps(&self) -> Result<Vec<AppRecord>, Unavailable> {
        self.with(|c| {
            c.prepare_cached("SELECT id, key, name, secret FROM app ORDER BY id")?
                .query_map([], app_row)?
                .collect()
        })
    }

    fn user(&self, app: AppId, name: &str) -> Result<Option<UserRecord>, Unavailable> {
        self.with(|c| {
            c.prepare_cached(
                "SELECT id, app, name, nickname, password FROM user WHERE app = ?1 AND name = ?2",
            )?
            .query_row(params![to_sql(app.0), name], user_row)
            .optional()
        })
    }

    fn user_by_id(&self, id: UserId) -> Result<Option<UserRecord>, Unavailable> {
        self.with(|c| {
            c.prepare_cached("SELECT id, app, name, nickname, password FROM user WHERE id = ?1")?
                .query_row(params![to_sql(id.0)], user_row)
                .optional()
        })
    }

    fn users(&self, app: AppId, after: UserId, limit: usize) -> Result<Vec<UserRecord>, Unavailable> {
        self.with(|c| {
            c.prepare_cached(
                "SELECT id, app, name, nickname, password FROM user WHERE app = ?1 AND id > ?2
                 ORDER BY id LIMIT ?3",
            )?
            .query_map(params![to_sql(app.0), to_sql(after.0), to_sql(limit as u64)], user_row)?
            .collect()
        })
    }

    fn is_member(&self, conversation: ConversationId, user: UserId) -> Result<bool, Unavailable> {
        self.with(|c| {
            c.prepare_cached("SELECT 1 FROM member WHERE user = ?1 AND conversation = ?2")?
                .exists(params![to_sql(user.0), to_sql(conversation.0)])
        })
    }

    fn behind(&self, user: UserId, platform: Platform) -> Result<Vec<Behind>, Unavailable> {
        self.with(|c| {
            // A device without a cursor starts where the user's most advanced device stands.
            c.prepare_cached(
                "SELECT conversation, after FROM (
                     SELECT m.conversation AS conversation,
                         coalesce(
                             (SELECT seq FROM cursor c WHERE c.user = m.user
                                 AND c.conversation = m.conversation AND c.platform = ?2),
                             (SELECT max(seq) FROM cursor c WHERE c.user = m.user
                                 AND c.conversation = m.conversation),
                             0) AS after
                     FROM member m WHERE m.user = ?1) AS place
                 WHERE (SELECT max(seq) FROM entry e WHERE e.conversation = place.conversation) > after",
            )?
            .query_map(params![to_sql(user.0), platform as u8], |row| {
                Ok(Behind {
                    conversation: ConversationId(from_sql(row.get(0)?)),
                    after: Seq(from_sql(row.get(1)?)),
                })
            })?
            .collect()
        })
    }

    fn entries(
        &self,
        conversation: ConversationId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        self.with(|c| entries(c, conversation, after, limit))
    }

    fn check(&self) -> Result<(), Unavailable> {
        self.with(|c| c.query_row("SELECT 1", [], |_| Ok(())))
    }
}

fn entries(
    c: &Connection,
    conversation: ConversationId,
    after: Seq,
    limit: usize,
) -> rusqlite::Result<Vec<Entry>> {
    let pair = c
        .prepare_cached(
            "SELECT u.id, u.app, u.name, u.nickname, '' FROM conversation c
             JOIN user u ON u.id IN (c.low, c.high) WHERE c.id = ?1 ORDER BY u.id",
        )?
        .query_map(params![to_sql(conversation.0)], |row| user_row(row).map(|user| user.card))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let (Some(low), Some(high)) = (pair.first(), pair.last()) else { return Ok(Vec::new()) };
    c.prepare_cached(
        "SELECT id, seq, sender, nickname, platform, at, key, kind, body FROM entry
         WHERE conversation = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?
    .query_map(params![to_sql(conversation.0), to_sql(after.0), to_sql(limit as u64)], |row| {
        let sender = UserId(from_sql(row.get(2)?));
        let (from, to) = if sender == low.id { (low, high) } else { (high, low) };
        Ok(Entry {
            conversation,
            id: EntryId(from_sql(row.get(0)?)),
            seq: Seq(from_sql(row.get(1)?)),
            sender: under_nickname(from, &nickname_at(row, 3)?),
            platform: Platform::from_stored(row.get(4)?).ok_or_else(|| unreadable(4))?,
            at: Millis(from_sql(row.get(5)?)),
            to: Destination::User(to.clone()),
            key: name_at(row, 6, ClientKey::new)?,
            content: content_from(row.get(7)?, row.get(8)?).ok_or_else(|| unreadable(7))?,
        })
    })?
    .collect()
}

/// The card with the nickname of the moment; shared when it has not changed.
fn under_nickname(card: &Arc<UserCard>, nickname: &Nickname) -> Arc<UserCard> {
    if card.nickname == *nickname {
        return card.clone();
    }
    Arc::new(UserCard { nickname: nickname.clone(), ..UserCard::clone(card) })
}

fn app_row(row: &Row<'_>) -> rusqlite::Result<AppRecord> {
    Ok(AppRecord {
        id: AppId(from_sql(row.get(0)?)),
        key: name_at(row, 1, AppKey::new)?,
        name: row.get(2)?,
        secret: row.get(3)?,
    })
}

fn user_row(row: &Row<'_>) -> rusqlite::Result<UserRecord> {
    let card = UserCard {
        id: UserId(from_sql(row.get(0)?)),
        app: AppId(from_sql(row.get(1)?)),
        name: name_at(row, 2, Username::new)?,
        nickname: nickname_at(row, 3)?,
    };
    Ok(UserRecord { card: Arc::new(card), password: row.get(4)? })
}

fn nickname_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Nickname> {
    name_at(row, column, Nickname::new)
}

fn name_at<T>(row: &Row<'_>, column: usize, parse: fn(&str) -> Result<T, NameError>) -> rusqlite::Result<T> {
    parse(row.get_ref(column)?.as_str()?).map_err(|_| unreadable(column))
}

/// A stored value that this program could not have written.
fn unreadable(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "a value of ours".into(), rusqlite::types::Type::Text)
}
