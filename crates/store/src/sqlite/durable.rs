//! What SQLite leaves to whoever starts it: that names last, and that what is found after a crash is on the disk.

use super::{
    checkpoint::{Keeper, keep_log},
    unavailable,
};
use jmessage_core::port::{Log, Unavailable};
use rusqlite::Connection;
use std::{
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
};

/// How much of the log is written at a time, in bytes.
#[cfg(unix)]
const PIECE: usize = 256 << 10;

/// The log, opened once more: its sync tells of all errors since it was opened, whoever else was told of them.
pub(super) struct SqliteLog {
    file: File,
    keeper: Keeper,
}

impl SqliteLog {
    pub(super) fn open(log: &Path, keeper: Keeper) -> Result<Self, Unavailable> {
        let file = OpenOptions::new().write(true).open(log);
        let file = file.map_err(|error| Unavailable(format!("{}: {error}", log.display())))?;
        Ok(Self { file, keeper })
    }
}

impl Log for SqliteLog {
    fn sync(&mut self) -> Result<(), Unavailable> {
        let synced = self.file.sync_data();
        if synced.is_err() {
            self.keeper.fail();
        }
        synced.map_err(|error| Unavailable(format!("the log could not be synced: {error}")))?;
        self.keeper.allows()
    }
}

/// The directories that would have to be made for this one, itself included.
pub(super) fn missing(directory: &Path) -> Vec<PathBuf> {
    directory.ancestors().take_while(|path| !path.exists()).map(Path::to_owned).collect()
}

/// Syncs the names in a directory, and the names of those that were made for it.
pub(super) fn sync_names(directory: &Path, made: &[PathBuf]) -> io::Result<()> {
    sync(directory)?;
    for path in made {
        match path.parent() {
            Some(parent) if parent.as_os_str().is_empty() => sync(Path::new("."))?,
            Some(parent) => sync(parent)?,
            None => {}
        }
    }
    Ok(())
}

#[cfg(unix)]
fn sync(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

#[cfg(not(unix))]
fn sync(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes what the log holds durable before anybody is told of it.
///
/// A process that was killed, or whose sync failed, leaves entries in the log that were written and perhaps never reached
/// the disk: the next one finds them in the kernel's memory and takes them for committed. After a sync that failed a later
/// one does not help, since the kernel may hold those pages for clean; so the log is written once more before it is synced.
pub(super) fn settle_log(connection: &Connection, log: &Path) -> Result<(), Unavailable> {
    // Closed before that is done, the connection would take over what it found.
    keep_log(connection, true);
    // Nobody else writes to the log or begins it anew while the write lock is held.
    connection.execute_batch("BEGIN IMMEDIATE").map_err(unavailable)?;
    let settled = rewrite(log).map_err(|error| Unavailable(format!("{}: {error}", log.display())));
    connection.execute_batch("ROLLBACK").map_err(unavailable)?;
    settled?;
    keep_log(connection, false);
    Ok(())
}

fn rewrite(log: &Path) -> io::Result<()> {
    let file = match OpenOptions::new().read(true).write(true).open(log) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileExt;
        let mut piece = vec![0; PIECE];
        let mut at = 0;
        loop {
            let read = file.read_at(&mut piece, at)?;
            if read == 0 {
                break;
            }
            file.write_all_at(&piece[..read], at)?;
            at += read as u64;
        }
    }
    file.sync_all()
}
