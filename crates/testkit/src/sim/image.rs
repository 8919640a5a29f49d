//! The store's files as they are when the server dies: the database, and as much of SQLite's log as lasts.

use anyhow::{Context, Result, ensure};
use std::{
    fs,
    io::{ErrorKind, Read},
    path::Path,
};

const DATABASE: &str = "jmessage.db";
const LOG: &str = "jmessage.db-wal";
const INDEX: &str = "jmessage.db-shm";

/// Bytes before the first page of the log.
const HEAD: usize = 32;
/// Bytes that each page takes there.
const PAGE: usize = 4096 + 24;

/// How far the log goes, as its index says (<https://sqlite.org/walformat.html>).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// Another one whenever the log begins anew.
    pub(super) salt: [u8; 8],
    /// Pages that are committed.
    pub(super) pages: usize,
    /// Of these, the ones that the database has.
    pub(super) taken_over: usize,
}

impl Reach {
    /// Of the log in a data directory; none if nobody has the store open.
    pub(super) fn of(data: &Path) -> Result<Option<Self>> {
        let mut index = [0; 100];
        let read = fs::File::open(data.join(INDEX)).and_then(|mut file| file.read_exact(&mut index));
        match read {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            read => read.context(INDEX)?,
        }
        let number = |at: usize| {
            let bytes = [index[at], index[at + 1], index[at + 2], index[at + 3]];
            usize::try_from(u32::from_ne_bytes(bytes)).unwrap_or(usize::MAX)
        };
        let mut salt = [0; 8];
        salt.copy_from_slice(&index[32..40]);
        Ok(Some(Self { salt, pages: number(16), taken_over: number(96) }))
    }
}

/// See the module.
pub(super) struct Image {
    database: Vec<u8>,
    log: Option<Vec<u8>>,
}

impl Image {
    /// What there is, with so many pages of the log.
    pub(super) fn take(data: &Path, pages: usize) -> Result<Self> {
        let database = fs::read(data.join(DATABASE)).context(DATABASE)?;
        let log = if pages > 0 {
            let mut log = fs::read(data.join(LOG)).context(LOG)?;
            let length = HEAD + pages * PAGE;
            ensure!(log.len() >= length, "the log has {} bytes instead of {length}", log.len());
            log.truncate(length);
            Some(log)
        } else {
            None
        };
        Ok(Self { database, log })
    }

    /// In the place of what there is. Nobody has the store open.
    pub(super) fn put(&self, data: &Path) -> Result<()> {
        for name in [DATABASE, LOG, INDEX] {
            match fs::remove_file(data.join(name)) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(error).context(name),
            }
        }
        fs::write(data.join(DATABASE), &self.database).context(DATABASE)?;
        match &self.log {
            Some(log) => fs::write(data.join(LOG), log).context(LOG),
            None => Ok(()),
        }
    }
}
