//! The store on a disk that fails and loses power.

use super::link::Network;
use jmessage_core::port::{Author, Done, Log, Op, Refusal, Unavailable, Writer};
use jmessage_model::{Epoch, UserId};
use jmessage_store::sqlite::SqliteWriter;
use std::collections::HashMap;
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};

/// What becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It fails and is rolled back. With `ghost`, what it wrote is found again if the server dies before the next commit.
    Fail { ghost: bool },
    /// The power goes: it was synced, or it was lost.
    Power { stored: bool, down: u64 },
}

/// What the disk is about to do, and what it did.
#[derive(Default)]
pub(super) struct State {
    /// After how many commits what happens.
    faults: Vec<(usize, Fault)>,
    /// What a failed commit left on the disk.
    pub(super) ghost: Vec<Op>,
    /// For how long the power is out, since it went.
    pub(super) outage: Option<u64>,
    /// How many commits there were, and how many of them failed.
    pub(super) commits: usize,
    pub(super) failures: usize,
    /// The last epoch of each user's sessions, by what was committed.
    living: HashMap<UserId, Epoch>,
    /// What was committed for a session that was not the last one.
    pub(super) unfenced: Vec<String>,
}

/// The disk, as the store and the scheduler share it.
#[derive(Clone, Default)]
pub(super) struct Disk(Arc<Mutex<State>>);

impl Disk {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn fault(&self, after: usize, fault: Fault) {
        self.lock().faults.push((after, fault));
    }

    /// Nothing fails any more.
    pub(super) fn heal(&self) {
        self.lock().faults.clear();
    }

    /// Looks at what was committed: who writes has the last session of its user.
    fn judge(&self, ops: &[Op], results: &[Result<Done, Refusal>]) {
        let mut state = self.lock();
        for (op, result) in ops.iter().zip(results) {
            match (op, result) {
                (Op::OpenSession { user, .. } | Op::ResumeSession { user, .. }, Ok(Done::Session(epoch))) => {
                    state.living.insert(*user, *epoch);
                }
                (
                    Op::Append { by: Author::Session(fence), .. }
                    | Op::Group { fence, .. }
                    | Op::Acknowledge { fence, .. },
                    Ok(_),
                ) => {
                    let last = state.living.get(&fence.user).copied();
                    if last != Some(fence.epoch) {
                        let what =
                            format!("a session of epoch {:?} wrote while {last:?} was the last", fence.epoch);
                        state.unfenced.push(what);
                    }
                }
                _ => {}
            }
        }
    }

    /// What is to become of the next commit.
    fn next(&self) -> Option<Fault> {
        let mut state = self.lock();
        state.commits += 1;
        let due = state.faults.iter().position(|(after, _)| *after == 0);
        let fault = due.map(|at| state.faults.remove(at).1);
        for (after, _) in &mut state.faults {
            *after = after.saturating_sub(1);
        }
        state.failures += usize::from(fault.is_some());
        fault
    }
}

/// The store's writer on that disk.
pub(super) struct DiskWriter {
    writer: SqliteWriter,
    disk: Disk,
    network: Network,
    refuse: Arc<AtomicBool>,
}

impl DiskWriter {
    /// Takes a writer that was just opened. What a failed commit left on the disk is there now.
    pub(super) fn new(mut writer: SqliteWriter, disk: Disk, network: Network) -> Result<Self, Unavailable> {
        let ghost = std::mem::take(&mut disk.lock().ghost);
        if !ghost.is_empty() {
            let results = writer.commit(&ghost)?;
            disk.judge(&ghost, &results);
        }
        let refuse = Arc::new(AtomicBool::new(false));
        let refused = refuse.clone();
        let hooked = writer.connection().commit_hook(Some(move || refused.load(Relaxed)));
        hooked.map_err(|error| Unavailable(error.to_string()))?;
        Ok(Self { writer, disk, network, refuse })
    }
}

impl Writer for DiskWriter {
    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Result<Done, Refusal>>, Unavailable> {
        let fault = self.disk.next();
        match fault {
            None => {
                self.disk.lock().ghost.clear();
                let result = self.writer.commit(ops);
                if let Ok(results) = &result {
                    self.disk.judge(ops, results);
                }
                result
            }
            Some(Fault::Fail { ghost }) => {
                self.refuse.store(true, Relaxed);
                let result = self.writer.commit(ops);
                self.refuse.store(false, Relaxed);
                if ghost && result.is_err() {
                    self.disk.lock().ghost = ops.to_vec();
                }
                result
            }
            Some(Fault::Power { stored, down }) => {
                // From here on nothing leaves the server: it does not know yet that it is dead.
                self.network.lock().dark = true;
                if let Some(results) = stored.then(|| self.writer.commit(ops).ok()).flatten() {
                    self.disk.judge(ops, &results);
                }
                self.disk.lock().outage = Some(down);
                self.network.moved.notify_one();
                Err(Unavailable("the power is out".into()))
            }
        }
    }

    fn log(&self) -> Result<Box<dyn Log>, Unavailable> {
        self.writer.log()
    }

    fn changed_elsewhere(&mut self) -> bool {
        self.writer.changed_elsewhere()
    }
}
