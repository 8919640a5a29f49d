//! Counters of the domain, read by whoever exports metrics.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! stats {
    ($($(#[$doc:meta])* $name:ident)*) => {
        /// Counters since the start, but for `sessions`, which is how many are open now.
        #[derive(Debug, Default)]
        pub struct Stats {
            $($(#[$doc])* pub $name: AtomicU64,)*
        }
    };
}

stats! {
    /// Sessions online now.
    sessions
    /// Logins that opened a session.
    logins
    /// Sessions resumed on a new connection.
    resumes
    /// Messages stored.
    messages
    /// Messages that came again under a key already stored.
    repeats
    /// Entries handed to the queues of sessions online.
    deliveries
    /// Sessions ended by a login elsewhere.
    kicks
    /// Sessions cut because they read too slowly.
    cuts
    /// Entries cut because they were not to be kept any longer.
    trimmed
    /// Commands, logins and calls refused because too much was waiting.
    busy
    /// Files uploaded.
    uploads
    /// Bytes of the files uploaded.
    upload_bytes
    /// Uploads refused.
    uploads_refused
    /// Transactions committed.
    commits
    /// Transactions that failed.
    commit_failures
}

impl Stats {
    pub(crate) fn add(counter: &AtomicU64, count: usize) {
        counter.fetch_add(count as u64, Relaxed);
    }

    pub(crate) fn add_bytes(counter: &AtomicU64, bytes: u64) {
        counter.fetch_add(bytes, Relaxed);
    }

    pub(crate) fn set(counter: &AtomicU64, count: usize) {
        counter.store(count as u64, Relaxed);
    }
}
