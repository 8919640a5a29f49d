//! How far commits are durable, for those who have read what may not be.

use crate::Error;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use tokio::sync::watch;

/// See the module. Transactions are counted from 1.
pub(crate) struct Progress {
    /// The last one that a reader may have seen.
    visible: AtomicU64,
    /// The last one that is durable; none once a sync has failed.
    durable: watch::Sender<Option<u64>>,
}

impl Default for Progress {
    fn default() -> Self {
        Self { visible: AtomicU64::new(0), durable: watch::Sender::new(Some(0)) }
    }
}

impl Progress {
    /// The next transaction is about to be committed; its number.
    pub(crate) fn begin(&self) -> u64 {
        self.visible.fetch_add(1, SeqCst) + 1
    }

    /// Everything up to this transaction is durable.
    pub(crate) fn reach(&self, number: u64) {
        self.durable.send_modify(|durable| {
            if let Some(durable) = durable {
                *durable = number;
            }
        });
    }

    /// What is not durable now will not be any more.
    pub(crate) fn fail(&self) {
        self.durable.send_replace(None);
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.durable.borrow().is_none()
    }

    /// Returns once a sync has failed.
    pub(crate) async fn failed(&self) {
        let _ = self.durable.subscribe().wait_for(Option::is_none).await;
    }

    /// Returns when whatever was committed before is durable.
    pub(crate) async fn settled(&self) -> Result<(), Error> {
        let visible = self.visible.load(SeqCst);
        let mut durable = self.durable.subscribe();
        let reached = durable.wait_for(|durable| durable.is_none_or(|number| number >= visible)).await;
        match reached.as_deref() {
            Ok(Some(_)) => Ok(()),
            _ => Err(Error::Unavailable),
        }
    }
}
