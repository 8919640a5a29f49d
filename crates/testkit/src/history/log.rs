//! All logs, as they stand in the database: read past the server's own code, so that nothing of it is taken on trust.

use super::{Body, GroupNews};
use anyhow::{Context, Result, bail};
use rusqlite::{Connection, OpenFlags, Row};
use std::path::Path;

/// Between whom a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Two users; one and the same for notes to oneself.
    Pair(String, String),
    /// A group: its members stand in its entries.
    Group,
}

/// A conversation with every entry of its log, in the order of their positions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its number.
    pub conversation: u64,
    /// Between whom.
    pub kind: Kind,
    /// The entries.
    pub entries: Vec<Stored>,
}

/// One entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its position.
    pub seq: u64,
    /// Its number among all entries.
    pub id: u64,
    /// Who sent it.
    pub sender: String,
    /// The sender's key; none for what the server wrote.
    pub key: Option<String>,
    /// What it says.
    pub body: Body,
}

/// Reads every log of a data directory whose server has ended; texts and group events only.
pub fn read_logs(data: &Path) -> Result<Vec<Log>> {
    // Not read-only: what the server left in its write-ahead log must be found.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let file = data.join("jmessage.db");
    let c = Connection::open_with_flags(&file, flags).with_context(|| file.display().to_string())?;
    let mut logs = c
        .prepare(
            "SELECT c.id, l.name, h.name FROM conversation c JOIN user l ON l.id = c.low
             LEFT JOIN user h ON h.id = c.high ORDER BY c.id",
        )?
        .query_map([], |row| {
            let kind = match (row.get(1)?, row.get(2)?) {
                (low, Some(high)) => Kind::Pair(low, high),
                (_, None) => Kind::Group,
            };
            Ok(Log { conversation: number(row, 0)?, kind, entries: Vec::new() })
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    for log in &mut logs {
        log.entries = entries(&c, log.conversation)?;
    }
    Ok(logs)
}

fn entries(c: &Connection, conversation: u64) -> Result<Vec<Stored>> {
    let mut statement = c.prepare_cached(
        "SELECT e.seq, e.id, u.name, e.key, e.kind, e.body FROM entry e JOIN user u ON u.id = e.sender
         WHERE e.conversation = ?1 ORDER BY e.seq, e.id",
    )?;
    let mut rows = statement.query([i64::try_from(conversation)?])?;
    let mut entries = Vec::new();
    while let Some(row) = rows.next()? {
        let body = body(row.get(4)?, row.get(5)?)?;
        entries.push(Stored {
            seq: number(row, 0)?,
            id: number(row, 1)?,
            sender: row.get(2)?,
            key: row.get(3)?,
            body,
        });
    }
    Ok(entries)
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(|number| u64::try_from(number).unwrap_or(0))
}

/// As `content.rs` of the store writes it.
fn body(kind: u8, body: String) -> Result<Body> {
    let news = match kind {
        1 => return Ok(Body::Text(body)),
        100 => GroupNews::Created,
        101 => GroupNews::Left,
        102 => GroupNews::Dissolved,
        103 => GroupNews::Added,
        104 => GroupNews::Removed,
        _ => bail!("an entry of kind {kind} in a history of texts"),
    };
    Ok(Body::Group(news, body.split(' ').map(str::to_owned).collect()))
}
