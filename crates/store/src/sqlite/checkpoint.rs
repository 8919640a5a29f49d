//! Taking the log over into the database.
//!
//! SQLite does it by itself, on the connection that writes, and messages wait meanwhile. Here a thread beside the writer takes
//! over what the log has, and once more what came while it did so; what is left then is little, and the writer takes it over
//! between two commits, after which the log begins anew. (SQLite syncs the database only when it came to the end of the log: where
//! there is no end to what comes, that is left to the writer.)
//!
//! SQLite passes over what fails: it is tried again. That is right for a write. But after a sync that failed, pages that an
//! earlier try had written may be lost though the kernel holds them for clean, and once a later sync succeeds, the log, which
//! still has them, begins anew. So after such a failure nothing is stored any more. The next start takes all of the log over
//! again, if no process had the database open in between: how much was taken over stands in memory that SQLite shares among
//! processes, and a command that outlives the server keeps it ([`open_beside`](super::open_beside)).

use jmessage_core::port::Unavailable;
use rusqlite::{Connection, config::DbConfig, ffi, hooks::Wal};
use std::{
    io,
    sync::{
        Arc,
        atomic::{
            AtomicBool, AtomicI32,
            Ordering::{Relaxed, SeqCst},
        },
        mpsc,
    },
    thread::{self, JoinHandle},
};

/// Pages in the log from which on it is taken over: 8 MiB. Less often means more pages at once, for whose sync messages wait.
const PAGES: i32 = 2048;

/// See the module.
pub(super) struct Checkpoint {
    /// How many pages the log has.
    pages: Arc<AtomicI32>,
    keeper: Keeper,
    helper: Option<Helper>,
}

/// What may be done to the log, for all who have to do with it.
#[derive(Clone, Default)]
pub(super) struct Keeper {
    /// Whether a sync of the log or of the database has failed.
    failed: Arc<AtomicBool>,
    /// Whether another process keeps the log.
    is_guest: bool,
}

impl Keeper {
    /// Where another process keeps the log, it is never taken over here: what became of it is known there alone.
    pub(super) fn guest() -> Self {
        Self { is_guest: true, ..Self::default() }
    }

    /// From now on nothing is stored, and the log stays as it is.
    pub(super) fn fail(&self) {
        self.failed.store(true, SeqCst);
    }

    /// Whether anything may be stored.
    pub(super) fn allows(&self) -> Result<(), Unavailable> {
        if self.failed.load(SeqCst) {
            return Err(Unavailable("the database could not be synced; it needs a restart".into()));
        }
        Ok(())
    }

    fn leaves_log(&self) -> bool {
        self.is_guest || self.allows().is_err()
    }

    fn take_over(&self, connection: &Connection) {
        if !self.leaves_log()
            && let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
        {
            self.saw(&error);
        }
    }

    /// Looks at an error of SQLite's.
    pub(super) fn saw(&self, error: &rusqlite::Error) {
        if error.sqlite_error().map(|error| error.extended_code) == Some(ffi::SQLITE_IOERR_FSYNC) {
            self.fail();
        }
    }

    /// Closes a connection. The last one of all takes the log over and removes it, if it may.
    pub(super) fn close(&self, connection: &Connection) {
        keep_log(connection, self.leaves_log());
    }
}

/// Whether the log stays as it is when this connection is the last one to be closed.
pub(super) fn keep_log(connection: &Connection, keep: bool) {
    // It has no way to fail.
    let _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep);
}

impl Checkpoint {
    /// From now on, the log of this connection is taken over here only.
    pub(super) fn new(connection: &mut Connection, keeper: Keeper) -> rusqlite::Result<Self> {
        let pages = Arc::new(AtomicI32::new(0));
        let seen = pages.clone();
        let see = move |_: &mut Wal, pages| {
            seen.store(pages, Relaxed);
            Ok(())
        };
        connection.wal_hook(Some(see))?;
        Ok(Self { pages, keeper, helper: None })
    }

    /// A thread with a connection of its own does most of it from now on.
    pub(super) fn get_help(&mut self, connection: Connection) -> io::Result<()> {
        self.helper = Some(Helper::start(connection, self.keeper.clone())?);
        Ok(())
    }

    /// After a commit: takes the log over if it is long. What readers still need of it stays for the next time.
    pub(super) fn run(&mut self, connection: &Connection) {
        let is_long = self.pages.load(Relaxed) >= PAGES;
        match &mut self.helper {
            Some(helper) => match (helper.has_done(), is_long) {
                (true, true) => self.keeper.take_over(connection),
                (false, true) => helper.ask(),
                // It had come to the end of the log, which has begun anew.
                (_, false) => {}
            },
            None if is_long => self.keeper.take_over(connection),
            None => {}
        }
    }
}

/// The thread beside the writer. Dropped, it ends what it is at and closes its connection.
struct Helper {
    asks: Option<mpsc::Sender<()>>,
    done: Arc<AtomicBool>,
    is_asked: bool,
    thread: Option<JoinHandle<()>>,
}

impl Helper {
    fn start(connection: Connection, keeper: Keeper) -> io::Result<Self> {
        let (asks, asked) = mpsc::channel();
        let done = Arc::new(AtomicBool::new(false));
        let says = done.clone();
        let work = move || {
            for () in asked {
                keeper.take_over(&connection);
                keeper.take_over(&connection);
                says.store(true, SeqCst);
            }
            keeper.close(&connection);
        };
        let thread = Some(thread::Builder::new().name("checkpoint".into()).spawn(work)?);
        Ok(Self { asks: Some(asks), done, is_asked: false, thread })
    }

    fn ask(&mut self) {
        if !self.is_asked {
            self.is_asked = self.asks.as_ref().is_some_and(|asks| asks.send(()).is_ok());
        }
    }

    /// Whether it has done what it was asked for; says so once.
    fn has_done(&mut self) -> bool {
        let done = self.done.swap(false, SeqCst);
        self.is_asked &= !done;
        done
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        self.asks = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn failure(code: i32) -> rusqlite::Error {
        rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn a_sync_that_fails_is_the_end_and_other_failures_are_passed_over() {
        let keeper = Keeper::default();
        for harmless in [ffi::SQLITE_IOERR_WRITE, ffi::SQLITE_FULL, ffi::SQLITE_LOCKED] {
            keeper.saw(&failure(harmless));
            assert!(keeper.allows().is_ok());
        }
        keeper.saw(&failure(ffi::SQLITE_IOERR_FSYNC));
        assert!(keeper.allows().is_err());
    }

    /// A log of 70 megabytes, by and by.
    fn fill(connection: &Connection, checkpoint: &mut Checkpoint, mut after: impl FnMut()) {
        for _ in 0..70 {
            connection.execute("INSERT INTO t VALUES (zeroblob(1000000))", []).unwrap();
            checkpoint.run(connection);
            after();
        }
    }

    fn prepare(directory: &Path) -> Connection {
        let connection = super::super::connect(&directory.join("db")).unwrap();
        connection.execute_batch("PRAGMA synchronous = OFF; CREATE TABLE t (x)").unwrap();
        connection
    }

    fn megabytes(directory: &Path) -> [u64; 2] {
        ["db", "db-wal"].map(|name| directory.join(name).metadata().map_or(0, |file| file.len() >> 20))
    }

    #[test]
    fn a_log_that_grows_is_taken_over() {
        let directory = tempfile::tempdir().unwrap();
        let mut connection = prepare(directory.path());
        let mut checkpoint = Checkpoint::new(&mut connection, Keeper::default()).unwrap();
        fill(&connection, &mut checkpoint, || {});
        let [database, log] = megabytes(directory.path());
        assert!(database > 50 && log < 16, "{database} and {log}");
    }

    #[test]
    fn a_thread_beside_the_writer_takes_most_of_it_over() {
        let directory = tempfile::tempdir().unwrap();
        let mut connection = prepare(directory.path());
        let mut checkpoint = Checkpoint::new(&mut connection, Keeper::default()).unwrap();
        checkpoint.get_help(super::super::connect(&directory.path().join("db")).unwrap()).unwrap();
        let done = checkpoint.helper.as_ref().unwrap().done.clone();
        // Whatever it was asked for is done before the next commit.
        let mut asked = 0;
        let pages = checkpoint.pages.clone();
        fill(&connection, &mut checkpoint, || {
            if pages.load(Relaxed) >= PAGES && !done.load(SeqCst) {
                asked += 1;
                while !done.load(SeqCst) {
                    thread::yield_now();
                }
            }
        });
        let [database, log] = megabytes(directory.path());
        assert!(asked > 3 && database > 50 && log < 16, "{asked} times, {database} and {log}");
    }

    #[test]
    fn after_a_failure_and_beside_another_process_the_log_is_neither_taken_over_nor_removed() {
        let failed = Keeper::default();
        failed.fail();
        for keeper in [failed, Keeper::guest()] {
            let directory = tempfile::tempdir().unwrap();
            let mut connection = prepare(directory.path());
            let mut checkpoint = Checkpoint::new(&mut connection, keeper.clone()).unwrap();
            fill(&connection, &mut checkpoint, || {});
            keeper.close(&connection);
            drop(connection);
            let [database, log] = megabytes(directory.path());
            assert!(database == 0 && log > 60, "{database} and {log}");
        }
    }
}
