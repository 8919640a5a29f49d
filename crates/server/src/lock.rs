//! One process per data directory keeps the store; others use it only beside that one.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// How long a server waits for an operator's command to end.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Held as long as the process keeps the store; the system lets go of it when it ends, however it ends.
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock, or says that another server has it.
    pub(crate) fn take(directory: &Path) -> io::Result<Self> {
        let until = Instant::now() + PATIENCE;
        loop {
            match Self::try_take(directory)? {
                Some(lock) => return Ok(lock),
                None if Instant::now() < until => thread::sleep(LOOK_AGAIN),
                None => {
                    let why = "another server uses this data directory";
                    return Err(io::Error::new(io::ErrorKind::WouldBlock, why));
                }
            }
        }
    }

    /// Takes the lock if nobody has it.
    pub(crate) fn try_take(directory: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().create(true).append(true).open(directory.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
