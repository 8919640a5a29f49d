//! The server as it is put together here: the real gateway, core and store, without threads and without sockets.

use super::{
    clock,
    disk::{Disk, DiskWriter, Sync},
    link::{Network, ServerEnd},
    random::Random,
};
use crate::{App, PASSWORD};
use anyhow::{Context, Result};
use bytes::Bytes;
use futures_util::{FutureExt, future::BoxFuture};
use jmessage_core::{
    Core, Driven, Error, HashCost, Hashing, Options, QueueLimits,
    port::{BlobStream, Blobs, Reader, Unavailable},
};
use jmessage_gateway::jmessage::{Gateway, Options as Wire};
use jmessage_model::{AppKey, FileId, Limits, Millis, Nickname, Password, Username};
use std::{
    fs,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    select,
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};

/// The users of every simulation.
pub(super) const USERS: usize = 6;

/// The name of a user.
pub(super) fn name(user: usize) -> String {
    format!("user{user}")
}

/// A database with an App and its users, which every simulation begins with a copy of.
pub struct Stage {
    directory: TempDir,
    file: Vec<u8>,
    pub(super) app: App,
}

impl Stage {
    /// Makes it, in memory if the system has such a place.
    pub fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let directory = match tempfile::tempdir_in(memory) {
            Ok(directory) => directory,
            Err(_) => tempfile::tempdir()?,
        };
        let app = App::new("simulated0app", "simulated0secret");
        let first = directory.path().join("first");
        let (writer, reader) = jmessage_store::sqlite::open(&first)?;
        let core = Core::start(Box::new(writer), reader, options(64, || Millis(0), same))?;
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        runtime.block_on(populate(&core, &app))?;
        // The last connection to be closed writes everything to the one file.
        drop(core);
        let file = fs::read(first.join("jmessage.db")).context("the prepared database")?;
        Ok(Self { directory, file, app })
    }

    /// A data directory of its own for one simulation.
    pub(super) fn data(&self) -> Result<TempDir> {
        let data = tempfile::tempdir_in(self.directory.path())?;
        fs::write(data.path().join("jmessage.db"), &self.file)?;
        Ok(data)
    }
}

/// The same for every simulation: their histories are compared.
#[expect(clippy::unnecessary_wraps, reason = "the shape of Options::random")]
fn same(bytes: &mut [u8]) -> Result<(), Error> {
    bytes.fill(7);
    Ok(())
}

async fn populate(core: &Core, app: &App) -> Result<()> {
    let id = core.create_app(AppKey::new(&app.key)?, "simulated".into(), app.secret().into()).await?;
    let hash = core.hash(Password::new(PASSWORD)?).await?;
    for user in 0..USERS {
        let (username, nickname) = (Username::new(&name(user))?, Nickname::new(&name(user))?);
        core.create_user_hashed(id, username, nickname, hash.clone()).await?;
    }
    core.stop().await;
    Ok(())
}

/// Nobody sends files here.
struct NoBlobs;

impl Blobs for NoBlobs {
    fn put(&self, _: FileId, _: Bytes) -> BoxFuture<'_, Result<(), Unavailable>> {
        Box::pin(async { Err(Unavailable("no files".into())) })
    }

    fn get(
        &self,
        _: FileId,
        _: Option<Range<u64>>,
    ) -> BoxFuture<'_, Result<Option<BlobStream>, Unavailable>> {
        Box::pin(async { Ok(None) })
    }

    fn delete(&self, _: FileId) -> BoxFuture<'_, Result<(), Unavailable>> {
        Box::pin(async { Ok(()) })
    }
}

fn options(entries: usize, now: fn() -> Millis, random: fn(&mut [u8]) -> Result<(), Error>) -> Options {
    Options {
        limits: Limits::default(),
        queue: QueueLimits { entries, bytes: 16 << 10 },
        resume_for: Millis(3_600_000),
        media_for: Millis(3_600_000),
        unsent_for: Millis(3_600_000),
        blobs: Arc::new(NoBlobs),
        hashing: Hashing::new(HashCost { memory_kib: 8, passes: 1 }, 1, 64),
        now,
        random,
    }
}

/// What a server is started with.
#[derive(Clone)]
pub(super) struct Config {
    pub(super) seed: u64,
    pub(super) data: PathBuf,
    pub(super) queue: usize,
    pub(super) unindexed: usize,
}

/// A server that runs.
pub(super) struct Server {
    core: Core,
    gateway: Arc<Gateway>,
    stop: watch::Sender<bool>,
    writer: JoinHandle<()>,
    connections: JoinSet<()>,
    random: Random,
}

impl Server {
    pub(super) fn start(config: &Config, life: u64, disk: Disk) -> Result<Self> {
        let (writer, reader) = jmessage_store::sqlite::open_with(&config.data, config.unindexed)?;
        let writer = DiskWriter::new(writer, disk.clone())?;
        let options = options(config.queue, clock::wall, clock::secrets);
        let reader: Arc<dyn Reader> = reader;
        let (core, driven) = Core::driven(Box::new(writer), reader, options, clock::pause)?;
        let (stop, stopped) = watch::channel(false);
        let gateway = Gateway::new(core.clone(), Wire::default(), stopped);
        let random = Random::new(config.seed, "server", life);
        let mut work = Work {
            driven,
            core: core.clone(),
            disk,
            random: Random::new(config.seed, "writer", life),
            is_slow: false,
            syncs: Vec::new(),
        };
        work.is_slow = work.random.percent(60);
        let writer = tokio::spawn(work.run());
        Ok(Self { core, gateway, stop, writer, connections: JoinSet::new(), random })
    }

    /// Takes a connection; false if there is no room.
    pub(super) fn accept(&mut self, network: &Network, link: usize) -> bool {
        let Some(place) = self.gateway.place() else { return false };
        let serving = self.gateway.clone().serve(ServerEnd::new(network.clone(), link), place);
        let random = Random::new(self.random.next(), "pauses", link as u64);
        self.connections.spawn(clock::pausing(random, serving));
        // Those that have ended are forgotten.
        while self.connections.try_join_next().is_some() {}
        true
    }

    /// Stops as a server does that was asked to: everything that was taken is answered. It may be left at any moment, to
    /// die.
    pub(super) async fn stop(&mut self) {
        self.stop.send_replace(true);
        while self.connections.join_next().await.is_some() {}
        self.core.stop().await;
        let _ = (&mut self.writer).await;
    }

    /// Dies on the spot.
    pub(super) async fn die(mut self) {
        if !self.writer.is_finished() {
            self.writer.abort();
            let _ = self.writer.await;
        }
        self.connections.shutdown().await;
    }

    /// How many sessions were cut because they read too slowly.
    pub(super) fn cuts(&self) -> u64 {
        self.core.stats().cuts.load(std::sync::atomic::Ordering::Relaxed)
    }
}

/// How many syncs are under way at most; as many threads write in a real server.
const SYNCS: usize = 4;

/// The writer threads' part: batches of what has queued up while the disk was busy, and syncs beside them.
struct Work {
    driven: Driven,
    core: Core,
    disk: Disk,
    random: Random,
    /// The disk takes its time for each sync.
    is_slow: bool,
    /// When each ends that is under way, and the last transaction that it makes durable.
    syncs: Vec<(Instant, u64, Sync)>,
}

impl Work {
    async fn run(mut self) {
        let (mut goes_on, mut commit, mut end) = (true, None, None);
        let core = self.core.clone();
        while goes_on || !self.syncs.is_empty() {
            let is_free = goes_on && commit.is_none() && self.syncs.len() < SYNCS;
            select! {
                biased;
                () = core.failed(), if end.is_none() => {
                    // Until it has ended, it still answers.
                    end = Some(self.after(0, 100));
                }
                () = reached(end) => break,
                () = reached(self.syncs.iter().map(|(ends, ..)| *ends).min()) => self.sync(),
                () = reached(commit) => {
                    commit = None;
                    goes_on = self.driven.run();
                    self.begin();
                }
                gathered = self.driven.gather(), if is_free => {
                    goes_on = gathered;
                    commit = gathered.then(|| self.busy());
                }
            }
        }
        if core.failed().now_or_never().is_some() {
            self.disk.ended();
        }
    }

    /// Until when the disk is busy with something else.
    fn busy(&mut self) -> Instant {
        match self.random.next() % 100 {
            0..70 => self.after(0, 3),
            70..97 => self.after(3, 30),
            _ => self.after(30, 1500),
        }
    }

    /// A sync of what is committed begins.
    fn begin(&mut self) {
        if let Some(upto) = self.driven.unsynced() {
            let ends = match self.random.next() % 100 {
                0..95 if self.is_slow => self.after(20, 200),
                0..60 => self.after(0, 5),
                60..95 => self.after(5, 60),
                _ => self.after(60, 1500),
            };
            let sync = self.disk.begin();
            self.syncs.push((ends, upto, sync));
        }
    }

    /// The first sync to end has ended, unless the disk hangs.
    fn sync(&mut self) {
        if let Some(until) = self.disk.hangs() {
            for (ends, ..) in &mut self.syncs {
                *ends = (*ends).max(clock::moment(until));
            }
            return;
        }
        let first = self.syncs.iter().enumerate().min_by_key(|(_, (ends, ..))| *ends).map(|(at, _)| at);
        if let Some(at) = first {
            let (_, upto, sync) = self.syncs.remove(at);
            self.disk.ends(sync);
            self.driven.sync(upto);
        }
    }

    fn after(&mut self, low: u64, high: u64) -> Instant {
        Instant::now() + Duration::from_millis(self.random.between(low, high))
    }
}

/// Returns at this moment; never without one.
async fn reached(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
