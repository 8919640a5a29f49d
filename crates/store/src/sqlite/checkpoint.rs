//! Taking the log over into the database.
//!
//! SQLite does it by itself, and passes over what fails: it is tried again. That is right for a write. But after a sync that
//! failed, pages that an earlier try had written may be lost though the kernel holds them for clean, and once a later sync
//! succeeds, the log, which still has them, begins anew. So after such a failure nothing is stored any more: the next
//! start takes all of the log over again.

use jmessage_core::port::Unavailable;
use rusqlite::{Connection, ffi, hooks::Wal};
use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering::Relaxed},
};

/// Pages in the log from which on it is taken over: 8 MiB. Less often means more pages at once, for whose sync messages wait.
const PAGES: i32 = 2048;

/// See the module.
pub(super) struct Checkpoint {
    /// How many pages the log has.
    pages: Arc<AtomicI32>,
    failed: bool,
}

impl Checkpoint {
    /// From now on, the log of this connection is taken over here only.
    pub(super) fn new(connection: &mut Connection) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let seen = pages.clone();
        let see = move |_: &mut Wal, pages| {
            seen.store(pages, Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(see))?;
        Ok(Self { pages, failed: false })
    }

    /// Whether anything may be stored.
    pub(super) fn allows(&self) -> Result<(), Unavailable> {
        if self.failed {
            return Err(Unavailable("the database could not be synced; it needs a restart".into()));
        }
        Ok(())
    }

    /// After a commit: takes the log over if it is long. What readers still need of it stays for the next time.
    pub(super) fn run(&mut self, connection: &Connection) {
        if self.pages.load(Relaxed) >= PAGES {
            self.ended(connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
        }
    }

    fn ended(&mut self, result: rusqlite::Result<()>) {
        let code = result.err().and_then(|error| error.sqlite_error().map(|error| error.extended_code));
        self.failed |= code == Some(ffi::SQLITE_IOERR_FSYNC);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: i32) -> rusqlite::Result<()> {
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }

    #[test]
    fn after_a_sync_that_failed_nothing_is_stored_and_after_other_failures_it_is_tried_again() {
        let mut checkpoint = Checkpoint::new(&mut Connection::open_in_memory().unwrap()).unwrap();
        for harmless in
            [Ok(()), failure(ffi::SQLITE_IOERR_WRITE), failure(ffi::SQLITE_FULL), failure(ffi::SQLITE_LOCKED)]
        {
            checkpoint.ended(harmless);
            assert!(checkpoint.allows().is_ok());
        }
        checkpoint.ended(failure(ffi::SQLITE_IOERR_FSYNC));
        checkpoint.ended(Ok(()));
        assert!(checkpoint.allows().is_err());
    }

    #[test]
    fn a_log_that_grows_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("db");
        let mut connection = super::super::connect(&file).unwrap();
        connection.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE t (x)").unwrap();
        let mut checkpoint = Checkpoint::new(&mut connection).unwrap();
        let megabyte = "INSERT INTO t VALUES (zeroblob(1000000))";
        for _ in 0..70 {
            connection.execute(megabyte, []).unwrap();
            checkpoint.run(&connection);
        }
        let size = |name: &str| directory.path().join(name).metadata().unwrap().len() >> 20;
        assert!(size("db") > 50 && size("db-wal") < 16, "{} and {}", size("db"), size("db-wal"));
    }
}
