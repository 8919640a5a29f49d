//! One server per data directory: the store relies on being the only one that writes messages.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    path::Path,
};

/// Held as long as the server runs; the system lets go of it when the process ends, however it ends.
pub(crate) struct DataLock {
    _file: File,
}

impl DataLock {
    /// Takes the lock, or says that another server has it.
    pub(crate) fn take(directory: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(directory.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, "another server uses this data directory"))
            }
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}
