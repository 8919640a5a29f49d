//! What users keep: contacts, settings, notices; and who may broadcast.

use super::{
    from_sql, profile,
    reader::{name_at, unreadable},
    to_sql,
    writer::Batch,
};
use jmessage_core::port::{ContactRecord, ProfileRecord};
use jmessage_model::{AppId, ContactLabel, Millis, Notice, SettingName, UserId, Username};
use rusqlite::{Connection, OptionalExtension, params};

impl Batch<'_> {
    /// Puts somebody into a list, or out of it.
    pub(super) fn keep_contact(
        &self,
        user: UserId,
        other: UserId,
        label: Option<&ContactLabel>,
    ) -> rusqlite::Result<usize> {
        match label {
            Some(label) => self.execute(
                "INSERT INTO contact (user, other, label) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET label = excluded.label",
                params![to_sql(user.0), to_sql(other.0), label.as_str()],
            ),
            None => self.execute(
                "DELETE FROM contact WHERE user = ?1 AND other = ?2",
                params![to_sql(user.0), to_sql(other.0)],
            ),
        }
    }

    pub(super) fn keep_setting(
        &self,
        user: UserId,
        name: &SettingName,
        value: &str,
    ) -> rusqlite::Result<usize> {
        self.execute(
            "INSERT INTO setting (user, name, value) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET value = excluded.value",
            params![to_sql(user.0), name.as_str(), value],
        )
    }

    pub(super) fn notify(&self, user: UserId, notice: &Notice, at: Millis) -> rusqlite::Result<usize> {
        self.execute(
            "INSERT INTO notice (user, text, link, at) VALUES (?1, ?2, ?3, ?4)",
            params![to_sql(user.0), notice.text(), notice.link(), to_sql(at.0)],
        )
    }

    pub(super) fn let_broadcast(&self, user: UserId, may: bool) -> rusqlite::Result<usize> {
        self.execute("UPDATE user SET broadcasts = ?2 WHERE id = ?1", params![to_sql(user.0), may])
    }
}

pub(super) fn people(c: &Connection, app: AppId, names: &[Username]) -> rusqlite::Result<Vec<ProfileRecord>> {
    let mut number = c.prepare_cached("SELECT id FROM user WHERE app = ?1 AND name = ?2")?;
    let mut found = Vec::with_capacity(names.len());
    for name in names {
        let id = number
            .query_row(params![to_sql(app.0), name.as_str()], |row| Ok(UserId(from_sql(row.get(0)?))))
            .optional()?;
        if let Some(id) = id {
            found.extend(profile::profile(c, id)?);
        }
    }
    Ok(found)
}

pub(super) fn contacts(c: &Connection, user: UserId) -> rusqlite::Result<Vec<ContactRecord>> {
    let listed = c
        .prepare_cached("SELECT other, label FROM contact WHERE user = ?1 ORDER BY other")?
        .query_map([to_sql(user.0)], |row| {
            Ok((UserId(from_sql(row.get(0)?)), name_at(row, 1, ContactLabel::new)?))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    let mut contacts = Vec::with_capacity(listed.len());
    for (other, label) in listed {
        contacts.extend(profile::profile(c, other)?.map(|other| ContactRecord { other, label }));
    }
    Ok(contacts)
}

pub(super) fn setting(c: &Connection, user: UserId, name: &SettingName) -> rusqlite::Result<Option<String>> {
    c.prepare_cached("SELECT value FROM setting WHERE user = ?1 AND name = ?2")?
        .query_row(params![to_sql(user.0), name.as_str()], |row| row.get(0))
        .optional()
}

/// The newest first.
pub(super) fn notices(c: &Connection, user: UserId, limit: usize) -> rusqlite::Result<Vec<Notice>> {
    c.prepare_cached("SELECT text, link FROM notice WHERE user = ?1 ORDER BY id DESC LIMIT ?2")?
        .query_map(params![to_sql(user.0), to_sql(limit as u64)], |row| {
            Notice::new(row.get_ref(0)?.as_str()?, row.get_ref(1)?.as_str()?).map_err(|_| unreadable(0))
        })?
        .collect()
}

pub(super) fn may_broadcast(c: &Connection, user: UserId) -> rusqlite::Result<bool> {
    let found = c
        .prepare_cached("SELECT broadcasts FROM user WHERE id = ?1")?
        .query_row([to_sql(user.0)], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or(false))
}
