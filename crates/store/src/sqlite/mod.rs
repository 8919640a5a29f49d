//! The embedded store: one SQLite file in WAL mode, one writer, readers beside it.
//!
//! A commit is in SQLite's log when it returns, and durable when the log is synced (`durable.rs`): the domain does that beside
//! the writer, so that the next commit need not wait for it. SQLite itself syncs before it takes the log over into the
//! database (`synchronous=NORMAL`), so that the file is whole after a power cut whatever became of the last commits.

mod append;
mod checkpoint;
mod content;
mod durable;
mod file;
mod gaps;
mod group;
mod keys;
mod log;
mod people;
mod profile;
mod reader;
mod retention;
mod runs;
mod schema;
mod session;
mod tail;
mod varint;
mod writer;

pub use reader::SqliteReader;
pub use writer::SqliteWriter;

use checkpoint::{Keeper, keep_log};
use jmessage_core::{TokenDigest, port::Unavailable};
use rusqlite::{Connection, config::DbConfig};
use std::{fs, io, path::Path, sync::Arc, time::Duration};
use tail::Tail;

/// The database inside a data directory.
const FILE: &str = "jmessage.db";
/// SQLite's log of what was committed and not yet taken over into the database.
const LOG: &str = "jmessage.db-wal";
/// How long another process (the command line tools) may hold the write lock.
const LOCK_WAIT: Duration = Duration::from_secs(10);

/// For the one connection that writes. Its indexes are hit all over, so their pages must stay in memory (64 MiB); and a
/// page that changes often should be copied from the log to the database seldom (see `checkpoint.rs`). Together this
/// doubles the messages a second.
const WRITER: &str = "PRAGMA cache_size = -65536;";
/// For connections of the one process that syncs the log itself.
const KEEPER: &str = "PRAGMA synchronous = NORMAL;";

/// How many entries gather before their places in the indexes are written: enough that those of one conversation share
/// pages, few enough that a start reads them in no time.
pub const UNINDEXED: usize = 8192;

/// What writes, and what reads.
type Halves = (SqliteWriter, Arc<SqliteReader>);

/// Opens the store in `directory`, which is made if it is not there. Creates or migrates the tables. No other process may have
/// it open but by [`open_beside`].
pub fn open(directory: &Path) -> Result<Halves, Unavailable> {
    let (mut writer, reader) = open_with(directory, UNINDEXED)?;
    let connection = connect(&directory.join(FILE))?;
    connection.execute_batch(KEEPER).map_err(unavailable)?;
    writer.get_help(connection).map_err(|error| Unavailable(error.to_string()))?;
    Ok((writer, reader))
}

/// As [`open`], with another number than [`UNINDEXED`], and without a thread beside the writer.
pub fn open_with(directory: &Path, unindexed: usize) -> Result<Halves, Unavailable> {
    let connection = connect_prepared(directory)?;
    durable::settle_log(&connection, &directory.join(LOG))?;
    schema::migrate(&connection)?;
    connection.execute_batch(KEEPER).map_err(unavailable)?;
    halves(directory, connection, Keeper::default(), unindexed)
}

/// Opens the store beside a process that has it open: what is committed here is synced before that process can see it, and the
/// log is left alone. So are the places of entries: which of them share a row depends on where a list begins, and two processes
/// whose lists begin differently would leave holes.
pub fn open_beside(directory: &Path) -> Result<Halves, Unavailable> {
    let connection = connect_prepared(directory)?;
    keep_log(&connection, true);
    schema::migrate(&connection)?;
    halves(directory, connection, Keeper::guest(), usize::MAX)
}

fn connect_prepared(directory: &Path) -> Result<Connection, Unavailable> {
    prepare(directory).map_err(|error| Unavailable(format!("{}: {error}", directory.display())))?;
    connect(&directory.join(FILE))
}

/// Both halves, of which this connection is the writer's.
fn halves(
    directory: &Path,
    connection: Connection,
    keeper: Keeper,
    unindexed: usize,
) -> Result<Halves, Unavailable> {
    let (file, log) = (directory.join(FILE), directory.join(LOG));
    connection.execute_batch(WRITER).map_err(unavailable)?;
    let tail = Arc::new(Tail::default());
    let writer = SqliteWriter::new(connection, log, tail.clone(), keeper.clone(), unindexed);
    Ok((writer.map_err(unavailable)?, Arc::new(SqliteReader::new(file, tail, keeper))))
}

/// Makes the directory and an empty file for the database, if they are not there; their names survive a power cut. Both
/// are readable by their owner only: they hold the secrets that sign.
pub fn prepare(directory: &Path) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.append(true).create(true);
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        options.mode(0o600);
        builder.mode(0o700);
    }
    let made = durable::missing(directory);
    builder.create(directory)?;
    let file = options.open(directory.join(FILE))?;
    durable::sync_names(directory, &made)?;
    #[cfg(unix)]
    {
        // A file that was copied into place may be open to others.
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    drop(file);
    Ok(())
}

fn connect(file: &Path) -> Result<Connection, Unavailable> {
    let connection = Connection::open(file).map_err(unavailable)?;
    connection.busy_timeout(LOCK_WAIT).map_err(unavailable)?;
    connection.set_prepared_statement_cache_capacity(64);
    // A plan stays what it is: by default SQLite makes some plans anew whenever they are given other values.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map_err(unavailable)?;
    connection
        .execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA temp_store = MEMORY; PRAGMA wal_autocheckpoint = 0;",
        )
        .map_err(unavailable)?;
    Ok(connection)
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn unavailable(error: rusqlite::Error) -> Unavailable {
    Unavailable(error.to_string())
}

/// Numbers as SQLite has them. Ours stay below 2^53, so nothing is lost either way.
fn to_sql(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn from_sql(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn digest_of(bytes: &[u8]) -> Option<TokenDigest> {
    bytes.try_into().ok().map(TokenDigest)
}
