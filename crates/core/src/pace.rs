//! Whether a small transaction waits for the sync that is under way.
//!
//! One that is committed beside it is answered little earlier unless that sync takes long, since the disk does one after the
//! other as well; and whatever comes during a sync can be committed and synced together after it, for the price of one. So a
//! small transaction waits for a sync as long as those usually take, and no longer: a sync that takes longer is nobody's concern
//! but of those whom it is for.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Where so many commands wait when the writer looks, it does not: what a sync costs is little for each of them.
const MANY: usize = 32;
/// What syncs are thought to take at first.
const AT_FIRST: Duration = Duration::from_micros(500);
/// By how much of itself the usual time becomes less after a sync that took less, and [`LATER`] times as much more after one
/// that took more. So nine in ten take less, and a disk that is slow for some hundredths of a second does not change it.
const STEP: u32 = 4096;
const LATER: u32 = 9;
/// Also of a disk that syncs nothing, so that it can become more.
const LEAST: Duration = Duration::from_micros(10);

/// See the module.
#[derive(Default)]
pub(crate) struct Pace {
    syncs: Mutex<Syncs>,
    ended: Condvar,
}

struct Syncs {
    /// When the last one began, while it is under way.
    last: Option<Instant>,
    usual: Duration,
}

impl Pace {
    fn syncs(&self) -> MutexGuard<'_, Syncs> {
        // No change of it is made by halves.
        self.syncs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A sync begins; when.
    pub(crate) fn begin(&self) -> Instant {
        let mut syncs = self.syncs();
        let began = Instant::now();
        syncs.last = Some(began);
        began
    }

    /// The one that began then took so long, and everybody has been told what it settled.
    pub(crate) fn end(&self, began: Instant, took: Duration) {
        let mut syncs = self.syncs();
        syncs.took(took);
        if syncs.last == Some(began) {
            syncs.last = None;
            self.ended.notify_all();
        }
    }

    /// Waits, before a transaction of so many commands, for the sync that is under way.
    pub(crate) fn wait(&self, commands: usize) {
        let mut syncs = self.syncs();
        while commands < MANY
            && let Some(began) = syncs.last
        {
            let left = syncs.usual.saturating_sub(began.elapsed());
            if left.is_zero() {
                break;
            }
            syncs = self.ended.wait_timeout(syncs, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Syncs {
    fn took(&mut self, time: Duration) {
        let step = self.usual / STEP;
        self.usual =
            if time > self.usual { self.usual + LATER * step } else { self.usual.saturating_sub(step) }
                .max(LEAST);
    }
}

impl Default for Syncs {
    fn default() -> Self {
        Self { last: None, usual: AT_FIRST }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicBool, Ordering::SeqCst},
        thread,
    };

    const NEVER_LATE: Duration = Duration::from_hours(1);

    fn pace(usual: Duration) -> Pace {
        Pace { syncs: Mutex::new(Syncs { usual, ..Syncs::default() }), ended: Condvar::new() }
    }

    #[test]
    fn a_small_transaction_waits_for_the_end_of_the_sync_under_way() {
        let pace = pace(NEVER_LATE);
        let ended = AtomicBool::new(false);
        let sync = pace.begin();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| {
                pace.wait(MANY - 1);
                ended.load(SeqCst)
            });
            ended.store(true, SeqCst);
            pace.end(sync, Duration::ZERO);
            assert!(waiting.join().unwrap_or_default());
        });
    }

    #[test]
    fn a_large_one_does_not_nor_does_one_while_nothing_or_something_late_is_under_way() {
        let patient = pace(NEVER_LATE);
        patient.wait(1);
        let sync = patient.begin();
        patient.wait(MANY);
        patient.end(sync, Duration::ZERO);
        patient.wait(1);
        let late = pace(Duration::ZERO);
        late.begin();
        late.wait(1);
    }

    #[test]
    fn of_several_syncs_the_last_one_counts() {
        let pace = pace(NEVER_LATE);
        let [first, second] = [pace.begin(), pace.begin()];
        pace.end(first, Duration::ZERO);
        assert!(pace.syncs().last.is_some());
        pace.end(second, Duration::ZERO);
        assert!(pace.syncs().last.is_none());
        pace.wait(1);
    }

    #[test]
    fn nine_in_ten_syncs_take_no_longer_than_usual() {
        for scale in [20, 200, 10_000] {
            let mut syncs = Syncs::default();
            // Times of 1 to 100 parts, each as often as the others.
            (0..400_000_u32)
                .for_each(|n| syncs.took(Duration::from_micros(scale) * (n.wrapping_mul(37) % 100 + 1)));
            let parts = syncs.usual.as_secs_f64() / Duration::from_micros(scale).as_secs_f64();
            assert!((85.0..=95.0).contains(&parts), "{parts} of {scale} µs");
        }
    }

    #[test]
    fn some_slow_syncs_change_little() {
        let mut syncs = Syncs::default();
        (0..60).for_each(|_| syncs.took(Duration::from_millis(20)));
        assert!(syncs.usual < AT_FIRST * 5 / 4);
    }
}
