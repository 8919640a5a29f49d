//! Reads of committed state, on connections that are kept for the next reader.

use super::{
    checkpoint::Keeper, connect, file, from_sql, log, people, profile, retention, tail::Tail, to_sql,
    unavailable,
};
use jmessage_core::{
    CapabilityKey, Entry, UserCard,
    port::{
        AppRecord, Behind, ContactRecord, Cut, FileRecord, GroupListing, GroupRecord, Members, Overlong,
        ProfileRecord, Reader, Target, Unavailable, UserRecord,
    },
};
use jmessage_model::{
    AppId, AppKey, ClientKey, ConversationId, Description, FileId, GroupKey, Millis, Mutant, NameError,
    Nickname, Notice, Platform, Seq, SettingName, UserId, Username,
};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

/// Connections kept open between reads.
const KEPT: usize = 16;
/// What each keeps of the database in memory: 256 KiB, since it forgets all of it whenever something was committed.
const CACHE: &str = "PRAGMA cache_size = -256;";
/// How often a log is read again of which something was cut between two looks. In a damaged file it would never end.
const TRIES: usize = 100;

/// See the module.
pub struct SqliteReader {
    file: PathBuf,
    idle: Mutex<Vec<Connection>>,
    tail: Arc<Tail>,
    keeper: Keeper,
}

impl Drop for SqliteReader {
    fn drop(&mut self) {
        for connection in self.idle.get_mut().unwrap_or_else(PoisonError::into_inner) {
            self.keeper.close(connection);
        }
    }
}

impl SqliteReader {
    pub(super) fn new(file: PathBuf, tail: Arc<Tail>, keeper: Keeper) -> Self {
        Self { file, idle: Mutex::new(Vec::new()), tail, keeper }
    }

    fn connect(&self) -> Result<Connection, Unavailable> {
        let connection = connect(&self.file)?;
        connection.execute_batch(CACHE).map_err(unavailable)?;
        Ok(connection)
    }

    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Unavailable> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| self.connect(), Ok)?;
        let result = read(&connection);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if result.is_ok() && idle.len() < KEPT {
            idle.push(connection);
        } else {
            self.keeper.close(&connection);
        }
        result.map_err(unavailable)
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

    fn profile(&self, id: UserId) -> Result<Option<ProfileRecord>, Unavailable> {
        self.with(|c| profile::profile(c, id))
    }

    fn profiles(
        &self,
        group: ConversationId,
        start: usize,
        limit: usize,
    ) -> Result<Vec<ProfileRecord>, Unavailable> {
        self.with(|c| profile::profiles(c, group, start, limit))
    }

    fn people(&self, app: AppId, names: &[Username]) -> Result<Vec<ProfileRecord>, Unavailable> {
        self.with(|c| people::people(c, app, names))
    }

    fn search(&self, app: AppId, text: &Nickname, limit: usize) -> Result<Vec<ProfileRecord>, Unavailable> {
        self.with(|c| profile::search(c, app, text, limit))
    }

    fn contacts(&self, user: UserId) -> Result<Vec<ContactRecord>, Unavailable> {
        self.with(|c| people::contacts(c, user))
    }

    fn setting(&self, user: UserId, name: &SettingName) -> Result<Option<String>, Unavailable> {
        self.with(|c| people::setting(c, user, name))
    }

    fn notices(&self, user: UserId, limit: usize) -> Result<Vec<Notice>, Unavailable> {
        self.with(|c| people::notices(c, user, limit))
    }

    fn may_broadcast(&self, user: UserId) -> Result<bool, Unavailable> {
        self.with(|c| people::may_broadcast(c, user))
    }

    fn group(&self, id: ConversationId) -> Result<Option<GroupRecord>, Unavailable> {
        self.with(|c| group(c, id, usize::MAX))
    }

    fn keyed_group(&self, app: AppId, key: &GroupKey) -> Result<Option<ConversationId>, Unavailable> {
        self.with(|c| log::keyed_group(c, app, key))
    }

    fn groups_of(&self, user: UserId, names: usize) -> Result<Vec<GroupListing>, Unavailable> {
        self.with(|c| {
            let ids = c
                .prepare_cached(
                    "SELECT conversation FROM member WHERE user = ?1 AND gone IS NULL ORDER BY conversation",
                )?
                .query_map(params![to_sql(user.0)], |row| Ok(ConversationId(from_sql(row.get(0)?))))?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            ids.into_iter().filter_map(|id| listing(c, id, names).transpose()).collect()
        })
    }

    fn owned(&self, user: UserId) -> Result<usize, Unavailable> {
        self.with(|c| {
            c.prepare_cached(
                "SELECT count(*) FROM conversation
                 WHERE low = ?1 AND high IS NULL AND dissolved IS NULL AND key IS NULL",
            )?
            .query_row(params![to_sql(user.0)], |row| count_at(row, 0))
        })
    }

    fn behind(&self, user: UserId, platform: Platform) -> Result<Vec<Behind>, Unavailable> {
        self.with(|c| {
            loop {
                let emptied = self.tail.emptied();
                let behind = log::behind(c, &self.tail, user, platform)?;
                if emptied == self.tail.emptied() {
                    return Ok(behind);
                }
            }
        })
    }

    fn entries(
        &self,
        user: UserId,
        conversation: ConversationId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        for _ in 0..TRIES {
            // Asked first: see there.
            let waiting = self.tail.behind(conversation, after);
            let found = self.with(|c| log::entries(c, user, conversation, after, limit, &waiting))?;
            if let Some(entries) = found {
                return Ok(entries);
            }
            // What is not committed would never be found.
            if Mutant::AnswerBeforeCommit.is_on() {
                return Err(Unavailable("not committed".into()));
            }
        }
        Err(Unavailable("the index of a log names entries that are not there".into()))
    }

    fn latest(&self, user: UserId, of: Target, limit: usize) -> Result<Vec<Entry>, Unavailable> {
        let found = self.with(|c| {
            let Some((conversation, cleared)) = log::view(c, user, of)? else { return Ok(None) };
            let head = log::head(c, &self.tail, conversation)?;
            Ok(Some((conversation, cleared.max(Seq(head.0.saturating_sub(limit as u64))))))
        })?;
        let Some((conversation, mut after)) = found else { return Ok(Vec::new()) };
        let mut latest = Vec::new();
        while latest.len() < limit {
            let page = self.entries(user, conversation, after, limit - latest.len())?;
            let Some(last) = page.last() else { break };
            after = last.seq;
            latest.extend(page);
        }
        Ok(latest)
    }

    fn cut(
        &self,
        user: UserId,
        conversation: ConversationId,
        after: Seq,
    ) -> Result<Option<Cut>, Unavailable> {
        self.with(|c| log::cut(c, user, conversation, after))
    }

    fn overlong(
        &self,
        after: ConversationId,
        most: u64,
        limit: usize,
    ) -> Result<(Vec<Overlong>, Option<ConversationId>), Unavailable> {
        self.with(|c| retention::overlong(c, after, most, limit))
    }

    fn file(&self, id: FileId) -> Result<Option<FileRecord>, Unavailable> {
        self.with(|c| file::find(c, id))
    }

    fn was_sent_to(&self, id: FileId, user: UserId) -> Result<bool, Unavailable> {
        self.with(|c| file::was_sent_to(c, id, user))
    }

    fn unsent_files(&self, before: Millis, limit: usize) -> Result<Vec<FileId>, Unavailable> {
        self.with(|c| file::unsent(c, before, limit))
    }

    fn capability_key(&self) -> Result<Option<CapabilityKey>, Unavailable> {
        self.with(file::capability_key)
    }

    fn check(&self) -> Result<(), Unavailable> {
        self.with(|c| c.query_row("SELECT count(*) FROM app", [], |_| Ok(())))
    }
}

/// A group that was not dissolved, with its first members and their number.
fn listing(c: &Connection, id: ConversationId, names: usize) -> rusqlite::Result<Option<GroupListing>> {
    let Some(group) = group(c, id, names)? else { return Ok(None) };
    let listed = group.members.ids().len();
    let size = if listed < names {
        listed
    } else {
        c.prepare_cached("SELECT count(*) FROM member WHERE conversation = ?1 AND gone IS NULL")?
            .query_row(params![to_sql(id.0)], |row| count_at(row, 0))?
    };
    Ok(Some(GroupListing { group, size }))
}

/// A group that was not dissolved, with at most `limit` members in the order in which they joined.
fn group(c: &Connection, id: ConversationId, limit: usize) -> rusqlite::Result<Option<GroupRecord>> {
    let Some(card) = log::group_card(c, id)? else { return Ok(None) };
    let about = c
        .prepare_cached(
            "SELECT low, description, capacity FROM conversation WHERE id = ?1 AND dissolved IS NULL",
        )?
        .query_row(params![to_sql(id.0)], |row| {
            Ok((UserId(from_sql(row.get(0)?)), name_at(row, 1, Description::new)?, count_at(row, 2)?))
        })
        .optional()?;
    let Some((owner, description, capacity)) = about else { return Ok(None) };
    let members = c
        .prepare_cached(
            "SELECT u.id, u.app, u.name, u.nickname, '' FROM member m JOIN user u ON u.id = m.user
             WHERE m.conversation = ?1 AND m.gone IS NULL ORDER BY m.joined, m.user LIMIT ?2",
        )?
        .query_map(params![to_sql(id.0), to_sql(limit as u64)], |row| user_row(row).map(|user| user.card))?
        .collect::<rusqlite::Result<_>>()?;
    let members = Members::new(members);
    Ok(Some(GroupRecord { card, owner, description, capacity, members }))
}

fn app_row(row: &Row<'_>) -> rusqlite::Result<AppRecord> {
    Ok(AppRecord {
        id: AppId(from_sql(row.get(0)?)),
        key: name_at(row, 1, AppKey::new)?,
        name: row.get(2)?,
        secret: row.get(3)?,
    })
}

pub(super) fn user_row(row: &Row<'_>) -> rusqlite::Result<UserRecord> {
    user_row_at(row, 0)
}

/// A user in five columns: id, app, name, nickname, password.
fn user_row_at(row: &Row<'_>, first: usize) -> rusqlite::Result<UserRecord> {
    let card = UserCard {
        id: UserId(from_sql(row.get(first)?)),
        app: AppId(from_sql(row.get(first + 1)?)),
        name: name_at(row, first + 2, Username::new)?,
        nickname: nickname_at(row, first + 3)?,
    };
    Ok(UserRecord { card: Arc::new(card), password: row.get(first + 4)? })
}

fn count_at(row: &Row<'_>, column: usize) -> rusqlite::Result<usize> {
    Ok(usize::try_from(row.get::<_, i64>(column)?).unwrap_or_default())
}

pub(super) fn nickname_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Nickname> {
    name_at(row, column, Nickname::new)
}

pub(super) fn name_at<T>(
    row: &Row<'_>,
    column: usize,
    parse: fn(&str) -> Result<T, NameError>,
) -> rusqlite::Result<T> {
    parse(row.get_ref(column)?.as_str()?).map_err(|_| unreadable(column))
}

/// The key of an entry; what the domain wrote has none.
pub(super) fn key_at(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<ClientKey>> {
    Ok(row.get_ref(column)?.as_str_or_null()?.and_then(|key| ClientKey::new(key).ok()))
}

/// A stored value that this program could not have written.
pub(super) fn unreadable(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "a value of ours".into(), rusqlite::types::Type::Text)
}
