//! The store on a disk that fails and loses power.

use super::{
    chain::Chain,
    clock,
    image::{Image, Reach},
    link::Network,
};
use anyhow::{Context, Result};
use jmessage_core::port::{Done, Log, Op, Refusal, Unavailable, Writer};
use jmessage_store::sqlite::SqliteWriter;
use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

/// What becomes of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It fails and is rolled back. With `ghost`, what it wrote is found again if the server dies before the next commit.
    Fail { ghost: bool },
    /// The power goes.
    Power(Power),
}

/// What becomes of a sync: the disk hangs for `ms`, and then it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SyncFault {
    pub(super) ms: u64,
    pub(super) end: SyncEnd,
}

/// How it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SyncEnd {
    /// It fails, after which the server is gone for `down`. The power may go as well, so much later.
    Fail { down: u64, then: Option<(u64, Power)> },
    /// The power goes.
    Power(Power),
}

/// The power goes and comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Power {
    /// How many commits survive of those that are not synced.
    pub(super) kept: usize,
    /// For how long it is out.
    pub(super) down: u64,
}

/// Why the server is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outage {
    /// It ended by itself, and is started again after so long.
    Ended {
        down: u64,
    },
    Power(Power),
}

/// A sync that is under way.
#[derive(Debug)]
pub(super) struct Sync {
    /// The last commit before it.
    upto: usize,
    fault: Option<SyncFault>,
}

/// What the disk is about to do.
#[derive(Default)]
struct State {
    /// After how many commits what happens.
    faults: Vec<(usize, Fault)>,
    /// After how many syncs what happens.
    sync_faults: Vec<(usize, SyncFault)>,
    /// After how many syncs that open sessions, while there is more to be synced, the disk hangs, for how long, until the power goes.
    blackouts: Vec<(usize, (u64, Power))>,
    /// Nothing fails any more.
    healed: bool,
    /// What a failed commit left on the disk.
    ghost: Vec<Op>,
    /// What has become of the server, until the scheduler takes note.
    outage: Option<Outage>,
    /// When the power goes.
    power: Option<(u64, Power)>,
    /// The power is out.
    dark: bool,
    /// For how long the server is gone once it ends by itself.
    down: u64,
    /// The disk hangs: no sync ends before.
    hangs: u64,
    chain: Chain,
    /// How far the log went with the last commit.
    reach: Reach,
    /// How many pages of it the last server left.
    left: usize,
    /// The sync that ends now.
    ending: Option<Sync>,
    tally: Tally,
}

/// What the disk did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) commits: u64,
    pub(super) failed_commits: u64,
    pub(super) syncs: u64,
    pub(super) failed_syncs: u64,
    /// Commits that were lost with the power.
    pub(super) lost: u64,
}

/// The disk, as the store, the server and the scheduler share it.
#[derive(Clone)]
pub(super) struct Disk {
    state: Arc<Mutex<State>>,
    /// The data directory.
    data: Arc<PathBuf>,
    network: Network,
}

impl Disk {
    /// A disk that holds this directory, of a server on this network.
    pub(super) fn new(data: PathBuf, network: Network) -> Self {
        Self { state: Arc::default(), data: Arc::new(data), network }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The commit after so many others meets this.
    pub(super) fn fault(&self, after: usize, fault: Fault) {
        self.lock().faults.push((after, fault));
    }

    /// The sync after so many others meets this.
    pub(super) fn sync_fault(&self, after: usize, fault: SyncFault) {
        self.lock().sync_faults.push((after, fault));
    }

    /// When a sync has opened a session while there is more to be synced, after so many others, the disk hangs for so
    /// long, and then the power goes.
    pub(super) fn blackout(&self, after: usize, ms: u64, power: Power) {
        self.lock().blackouts.push((after, (ms, power)));
    }

    /// Until when the disk hangs, if it does.
    pub(super) fn hangs(&self) -> Option<u64> {
        Some(self.lock().hangs).filter(|until| *until > clock::now())
    }

    /// Nothing fails any more.
    pub(super) fn heal(&self) {
        let mut state = self.lock();
        state.faults.clear();
        state.sync_faults.clear();
        state.blackouts.clear();
        (state.power, state.hangs, state.healed) = (None, 0, true);
    }

    pub(super) fn tally(&self) -> Tally {
        self.lock().tally
    }

    /// What was committed for sessions that were not the last ones; each is told once.
    pub(super) fn take_unfenced(&self) -> Vec<String> {
        self.lock().chain.take_unfenced()
    }

    /// When [`Disk::take_outage`] has something to tell.
    pub(super) fn due(&self) -> Option<u64> {
        let state = self.lock();
        let now = state.outage.map(|_| clock::now());
        now.into_iter().chain(state.power.map(|(at, _)| at)).min()
    }

    /// What has become of the server.
    pub(super) fn take_outage(&self) -> Option<Outage> {
        let mut state = self.lock();
        match state.power.take_if(|(at, _)| *at <= clock::now()) {
            Some((_, power)) => Some(Outage::Power(power)),
            None => state.outage.take(),
        }
    }

    /// The power goes during a commit or a sync. From here on nothing leaves the server: it does not know yet that it is
    /// dead.
    fn cut(&self, power: Power) -> Unavailable {
        self.network.lock().dark = true;
        let mut state = self.lock();
        (state.dark, state.outage) = (true, Some(Outage::Power(power)));
        self.network.moved.notify_one();
        Unavailable("the power is out".into())
    }

    /// The server has ended by itself.
    pub(super) fn ended(&self) {
        let mut state = self.lock();
        let down = state.down;
        state.outage.get_or_insert(Outage::Ended { down });
        self.network.moved.notify_one();
    }

    /// What a server that dies now leaves. With `power`, its machine dies with it.
    pub(super) fn image(&self, power: Option<Power>) -> Result<Image> {
        let mut state = self.lock();
        let mut pages = Reach::of(&self.data)?.map_or(state.left, |reach| reach.pages);
        if let Some(power) = power {
            let lost = state.chain.lose(power.kept);
            if lost > 0 {
                state.ghost.clear();
                state.tally.lost += lost as u64;
            }
            pages = state.chain.pages();
        }
        state.left = pages;
        Image::take(&self.data, pages)
    }

    /// That is there now.
    pub(super) fn put(&self, image: &Image) -> Result<()> {
        image.put(&self.data)
    }

    /// The server was stopped, and the last one to close the store has taken the log over.
    pub(super) fn closed(&self) {
        let mut state = self.lock();
        state.chain.settle(0);
        state.left = 0;
    }

    /// A server has opened the store, which makes durable whatever it finds.
    fn opened(&self) -> Result<()> {
        let mut state = self.lock();
        let left = state.left;
        state.chain.settle(left);
        (state.dark, state.ending, state.outage, state.hangs) = (false, None, None, 0);
        state.reach = self.reach()?;
        Ok(())
    }

    fn reach(&self) -> Result<Reach> {
        Reach::of(&self.data)?.context("the store is not open")
    }

    /// This was committed.
    fn committed(&self, ops: &[Op], results: &[Result<Done, Refusal>]) -> Result<()> {
        let mut state = self.lock();
        let reach = self.reach()?;
        let before = std::mem::replace(&mut state.reach, reach);
        let is_new = reach.salt != before.salt;
        if is_new {
            // The log begins anew only when the database has all of it.
            state.chain.settle(0);
        }
        state.chain.commit(reach.pages, ops, results);
        let taken_before = if is_new { 0 } else { before.taken_over };
        if reach.taken_over != taken_before {
            // It was synced before that.
            state.chain.settle(reach.pages);
        }
        Ok(())
    }

    /// What is to become of the next commit.
    fn next(&self) -> Option<Fault> {
        let mut state = self.lock();
        state.tally.commits += 1;
        let fault = due(&mut state.faults);
        state.tally.failed_commits += u64::from(fault.is_some());
        fault
    }

    /// A sync begins.
    pub(super) fn begin(&self) -> Sync {
        let mut state = self.lock();
        state.tally.syncs += 1;
        let fault = due(&mut state.sync_faults);
        if let Some(SyncFault { ms, .. }) = fault {
            state.hangs = clock::now() + ms;
        }
        Sync { upto: state.chain.last(), fault }
    }

    /// The next call of [`Log::sync`] is the end of this one.
    pub(super) fn ends(&self, sync: Sync) {
        self.lock().ending = Some(sync);
    }

    fn end(&self, sync: &Sync) -> Result<(), Unavailable> {
        let mut state = self.lock();
        if state.dark {
            return Err(Unavailable("the power is out".into()));
        }
        match sync.fault.filter(|_| !state.healed).map(|fault| fault.end) {
            None => {
                if state.chain.sync(sync.upto)
                    && let Some((ms, power)) = due(&mut state.blackouts)
                {
                    let at = clock::now() + ms;
                    (state.hangs, state.power) = (at + 1, Some((at, power)));
                    self.network.moved.notify_one();
                }
                Ok(())
            }
            Some(SyncEnd::Fail { down, then }) => {
                state.chain.fail();
                state.tally.failed_syncs += 1;
                state.down = down;
                state.power = then.map(|(ms, power)| (clock::now() + ms, power));
                self.network.moved.notify_one();
                Err(Unavailable("the log could not be synced".into()))
            }
            Some(SyncEnd::Power(power)) => {
                drop(state);
                Err(self.cut(power))
            }
        }
    }
}

/// Counts one commit or sync; what is to become of it.
fn due<T>(faults: &mut Vec<(usize, T)>) -> Option<T> {
    let due = faults.iter().position(|(after, _)| *after == 0);
    let fault = due.map(|at| faults.remove(at).1);
    for (after, _) in faults {
        *after = after.saturating_sub(1);
    }
    fault
}

/// The store's writer on that disk.
pub(super) struct DiskWriter {
    writer: SqliteWriter,
    disk: Disk,
    refuse: Arc<AtomicBool>,
}

impl DiskWriter {
    /// Takes a writer that was just opened. What a failed commit left on the disk is there now.
    pub(super) fn new(mut writer: SqliteWriter, disk: Disk) -> Result<Self> {
        disk.opened()?;
        let ghost = std::mem::take(&mut disk.lock().ghost);
        if !ghost.is_empty() {
            let results = writer.commit(&ghost)?;
            disk.committed(&ghost, &results)?;
            let mut state = disk.lock();
            let pages = state.reach.pages;
            state.chain.settle(pages);
        }
        let refuse = Arc::new(AtomicBool::new(false));
        let refused = refuse.clone();
        writer.connection().commit_hook(Some(move || refused.load(Relaxed)))?;
        Ok(Self { writer, disk, refuse })
    }

    fn store(&mut self, ops: &[Op]) -> Result<Vec<Result<Done, Refusal>>, Unavailable> {
        self.disk.lock().ghost.clear();
        let results = self.writer.commit(ops)?;
        self.disk.committed(ops, &results).map_err(|error| Unavailable(format!("{error:#}")))?;
        Ok(results)
    }
}

impl Writer for DiskWriter {
    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Result<Done, Refusal>>, Unavailable> {
        if self.disk.lock().dark {
            return Err(Unavailable("the power is out".into()));
        }
        match self.disk.next() {
            None => self.store(ops),
            Some(Fault::Fail { ghost }) => {
                self.refuse.store(true, Relaxed);
                let result = self.writer.commit(ops);
                self.refuse.store(false, Relaxed);
                if ghost && result.is_err() {
                    self.disk.lock().ghost = ops.to_vec();
                }
                result
            }
            Some(Fault::Power(power)) => {
                // Whether it is there afterwards, the power decides: it is the last of those that may be lost.
                let _ = self.store(ops);
                Err(self.disk.cut(power))
            }
        }
    }

    fn log(&self) -> Result<Box<dyn Log>, Unavailable> {
        Ok(Box::new(DiskLog { log: self.writer.log()?, disk: self.disk.clone() }))
    }

    fn changed_elsewhere(&mut self) -> bool {
        self.writer.changed_elsewhere()
    }
}

/// The store's log on that disk.
struct DiskLog {
    log: Box<dyn Log>,
    disk: Disk,
}

impl Log for DiskLog {
    fn sync(&mut self) -> Result<(), Unavailable> {
        let ending = self.disk.lock().ending.take();
        let sync = ending.unwrap_or_else(|| self.disk.begin());
        self.disk.end(&sync)?;
        self.log.sync()
    }
}
