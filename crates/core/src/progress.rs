//! How far commits are durable, for those who have read what may not be.

use crate::Error;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use tokio::sync::Notify;

/// In the place of a transaction: a sync has failed.
const FAILED: u64 = u64::MAX;

/// See the module. Transactions are counted from 1.
#[derive(Default)]
pub(crate) struct Progress {
    /// The last one that a reader may have seen.
    visible: AtomicU64,
    /// The last one that is durable, or [`FAILED`].
    durable: AtomicU64,
    /// Says that `durable` is another one. Whoever waits is woken in the order in which it came, so that simulations are the
    /// same each time; a watch wakes by chance.
    moved: Notify,
}

impl Progress {
    /// The next transaction is about to be committed; its number.
    pub(crate) fn begin(&self) -> u64 {
        self.visible.fetch_add(1, SeqCst) + 1
    }

    /// Everything up to this transaction is durable, unless a sync has failed.
    pub(crate) fn reach(&self, number: u64) {
        let reached =
            self.durable.fetch_update(SeqCst, SeqCst, |durable| (durable != FAILED).then_some(number));
        if reached.is_ok() {
            self.moved.notify_waiters();
        }
    }

    /// What is not durable now will not be any more.
    pub(crate) fn fail(&self) {
        self.durable.store(FAILED, SeqCst);
        self.moved.notify_waiters();
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.durable.load(SeqCst) == FAILED
    }

    /// Returns once a sync has failed.
    pub(crate) async fn failed(&self) {
        self.wait_for(FAILED).await;
    }

    /// Returns when whatever was committed before is durable.
    pub(crate) async fn settled(&self) -> Result<(), Error> {
        let visible = self.visible.load(SeqCst);
        if self.wait_for(visible).await == FAILED { Err(Error::Unavailable) } else { Ok(()) }
    }

    /// Returns when everything up to this transaction is durable, or a sync has failed; what `durable` is then.
    async fn wait_for(&self, number: u64) -> u64 {
        loop {
            // Hears of whatever happens from here on.
            let moved = self.moved.notified();
            let durable = self.durable.load(SeqCst);
            if durable >= number {
                return durable;
            }
            moved.await;
        }
    }
}
