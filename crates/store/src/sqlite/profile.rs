//! What users show of themselves: how it is changed and read.

use super::{
    from_sql,
    reader::{name_at, unreadable, user_row},
    to_sql,
    writer::Batch,
};
use jmessage_core::port::ProfileRecord;
use jmessage_model::{
    AppId, AvatarPath, ConversationId, Description, Gender, Millis, NameError, Nickname, Profile,
    ProfileEdit, UserId,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

impl Batch<'_> {
    /// Changes what is given. A change to what is there already is none, and leaves the time of the last one.
    pub(super) fn edit_user(&self, user: UserId, edit: &ProfileEdit, at: Millis) -> rusqlite::Result<usize> {
        self.execute(
            "UPDATE user SET nickname = coalesce(?2, nickname), avatar = coalesce(?3, avatar),
                 gender = coalesce(?4, gender), star = coalesce(?5, star), signature = coalesce(?6, signature),
                 region = coalesce(?7, region), address = coalesce(?8, address), modified = ?9
             WHERE id = ?1 AND (nickname, avatar, gender, star, signature, region, address) IS NOT
                 (coalesce(?2, nickname), coalesce(?3, avatar), coalesce(?4, gender), coalesce(?5, star),
                  coalesce(?6, signature), coalesce(?7, region), coalesce(?8, address))",
            params![
                to_sql(user.0),
                edit.nickname.as_ref().map(Nickname::as_str),
                edit.avatar.as_ref().map(AvatarPath::as_str),
                edit.gender.map(|gender| gender as u8),
                edit.star,
                edit.signature.as_ref().map(Description::as_str),
                edit.region.as_ref().map(Description::as_str),
                edit.address.as_ref().map(Description::as_str),
                to_sql(at.0),
            ],
        )
    }
}

/// The columns that [`profile_row`] reads, of a user called u.
macro_rules! columns {
    () => {
        "u.id, u.app, u.name, u.nickname, '', u.created, u.modified,
         u.avatar, u.gender, u.star, u.signature, u.region, u.address"
    };
}

pub(super) fn profile(c: &Connection, id: UserId) -> rusqlite::Result<Option<ProfileRecord>> {
    c.prepare_cached(concat!("SELECT ", columns!(), " FROM user u WHERE u.id = ?1"))?
        .query_row(params![to_sql(id.0)], profile_row)
        .optional()
}

pub(super) fn profiles(
    c: &Connection,
    group: ConversationId,
    start: usize,
    limit: usize,
) -> rusqlite::Result<Vec<ProfileRecord>> {
    c.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM member m JOIN user u ON u.id = m.user WHERE m.conversation = ?1 AND m.gone IS NULL
         ORDER BY m.joined, m.user LIMIT ?2 OFFSET ?3"
    ))?
    .query_map(params![to_sql(group.0), to_sql(limit as u64), to_sql(start as u64)], profile_row)?
    .collect()
}

/// Those in whose name or nickname the text stands. Goes through all users of the App, in the order of their names, until it
/// has found enough.
pub(super) fn search(
    c: &Connection,
    app: AppId,
    text: &Nickname,
    limit: usize,
) -> rusqlite::Result<Vec<ProfileRecord>> {
    let mut pattern = String::from("%");
    for c in text.as_str().chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    c.prepare_cached(concat!(
        "SELECT ",
        columns!(),
        " FROM user u WHERE u.app = ?1 AND (u.name LIKE ?2 ESCAPE '\\' OR u.nickname LIKE ?2 ESCAPE '\\')
         ORDER BY u.name LIMIT ?3"
    ))?
    .query_map(params![to_sql(app.0), pattern, to_sql(limit as u64)], profile_row)?
    .collect()
}

fn profile_row(row: &Row<'_>) -> rusqlite::Result<ProfileRecord> {
    let gender: Option<u8> = row.get(8)?;
    Ok(ProfileRecord {
        card: user_row(row)?.card,
        created: Millis(from_sql(row.get(5)?)),
        modified: Millis(from_sql(row.get(6)?)),
        profile: Profile {
            avatar: text_at(row, 7, AvatarPath::new)?,
            gender: gender
                .map(|stored| Gender::from_stored(stored).ok_or_else(|| unreadable(8)))
                .transpose()?,
            star: row.get(9)?,
            signature: text_at(row, 10, Description::new)?,
            region: text_at(row, 11, Description::new)?,
            address: text_at(row, 12, Description::new)?,
        },
    })
}

/// A text that is absent when it is empty.
fn text_at<T>(
    row: &Row<'_>,
    column: usize,
    parse: fn(&str) -> Result<T, NameError>,
) -> rusqlite::Result<Option<T>> {
    if row.get_ref(column)?.as_str()?.is_empty() {
        return Ok(None);
    }
    name_at(row, column, parse).map(Some)
}
