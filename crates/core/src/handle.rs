//! The domain's handle, which gateways and the server hold: how it starts and stops, and the ways to the writer and to reads.

use crate::{
    CapabilityKey, Command, Driven, Engine, Error, Hashing, Pause, Queue, QueueLimits, Stats,
    admission::{Admission, Place},
    executor::Executor,
    port::{Blobs, Done, Log, Op, Reader, Unavailable, Writer},
    progress::Progress,
    writer::WRITERS,
};
use jmessage_model::{ClientKey, Limits, Millis, Mutant};
use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

/// Reads at a time; more wait.
const READING: usize = 16;
/// Of these, those that go through all users of an App.
const SEARCHING: usize = 2;

/// What the domain needs from where it runs.
#[derive(Clone)]
pub struct Options {
    /// Sizes it accepts.
    pub limits: Limits,
    /// The bounds of each session's queue.
    pub queue: QueueLimits,
    /// How long after its login a session may be resumed.
    pub resume_for: Millis,
    /// For how long a capability is good at most.
    pub media_for: Millis,
    /// For how long a file may wait to be sent.
    pub unsent_for: Millis,
    /// Where the bytes of files are.
    pub blobs: Arc<dyn Blobs>,
    /// The pool for password hashes.
    pub hashing: Hashing,
    /// The time.
    pub now: fn() -> Millis,
    /// Fills with random bytes fit for secrets.
    pub random: fn(&mut [u8]) -> Result<(), Error>,
}

struct Inner {
    commands: mpsc::Sender<Command>,
    admission: Arc<Admission>,
    reader: Arc<dyn Reader>,
    reading: Arc<Semaphore>,
    searching: Arc<Semaphore>,
    executor: Executor,
    options: Options,
    key: CapabilityKey,
    stats: Arc<Stats>,
    progress: Arc<Progress>,
    writers: Mutex<Vec<JoinHandle<()>>>,
}

/// The domain's handle; clones are the same domain.
#[derive(Clone)]
pub struct Core(Arc<Inner>);

impl Core {
    /// Starts the domain on a store.
    pub fn start(writer: Box<dyn Writer>, reader: Arc<dyn Reader>, options: Options) -> io::Result<Self> {
        // One more is the first one's.
        let logs = (1..WRITERS).map(|_| writer.log()).collect::<Result<_, _>>().map_err(io::Error::other)?;
        let (core, driven) = Self::assemble(writer, reader, options, Executor::own(READING)?)?;
        *core.writers() = driven.start(logs)?;
        Ok(core)
    }

    /// The domain without threads, for simulations: whoever holds the second part carries the commands out; reads and
    /// password hashes are done in the task that asks, between two pauses.
    pub fn driven(
        writer: Box<dyn Writer>,
        reader: Arc<dyn Reader>,
        mut options: Options,
        pause: Pause,
    ) -> io::Result<(Self, Driven)> {
        options.hashing = options.hashing.inline(pause);
        Self::assemble(writer, reader, options, Executor::Inline(pause))
    }

    fn assemble(
        mut writer: Box<dyn Writer>,
        reader: Arc<dyn Reader>,
        options: Options,
        executor: Executor,
    ) -> io::Result<(Self, Driven)> {
        let mut log = writer.log().map_err(io::Error::other)?;
        let key = capability_key(writer.as_mut(), log.as_mut(), reader.as_ref(), options.random)
            .map_err(io::Error::other)?;
        let stats = Arc::new(Stats::default());
        let engine = Engine::new(writer, reader.clone(), options.limits, stats.clone());
        let admission = Arc::new(Admission::default());
        let progress = engine.progress().clone();
        let (commands, driven) = Driven::new(engine, log, admission.clone());
        let [reading, searching] = [READING, SEARCHING].map(|most| Arc::new(Semaphore::new(most)));
        let writers = Mutex::new(Vec::new());
        let core = Self(Arc::new(Inner {
            commands,
            admission,
            reader,
            reading,
            searching,
            executor,
            options,
            key,
            stats,
            progress,
            writers,
        }));
        Ok((core, driven))
    }

    /// Finishes all commands submitted so far and closes the store.
    pub async fn stop(&self) {
        let _ = self.submit(Command::Stop).await;
        let threads = std::mem::take(&mut *self.writers());
        for thread in threads {
            let joined = tokio::task::spawn_blocking(move || thread.join().is_ok()).await;
            if !matches!(joined, Ok(true)) {
                tracing::error!("a writer thread panicked");
            }
        }
    }

    fn writers(&self) -> MutexGuard<'_, Vec<JoinHandle<()>>> {
        self.0.writers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a sync has failed.
    pub fn has_failed(&self) -> bool {
        self.0.progress.has_failed()
    }

    /// Returns once a sync has failed. What was not durable then may never become so; nothing is stored any more, and reads
    /// fail. Only a store that is opened anew knows what there is.
    pub async fn failed(&self) {
        self.0.progress.failed().await;
    }

    /// The counters.
    pub fn stats(&self) -> &Stats {
        &self.0.stats
    }

    /// How many commands wait for the writer.
    pub fn waiting(&self) -> usize {
        self.0.admission.waiting()
    }

    /// A place for a call that proves who somebody is, opens a session, or brings a user, if not too many are under way.
    pub(crate) fn place_to_open(&self) -> Result<Place, Error> {
        self.0.admission.open().inspect_err(|_| self.refused())
    }

    /// A place for a call that reads, if not too many are under way.
    pub(crate) fn place_to_read(&self) -> Result<Place, Error> {
        self.0.admission.read().inspect_err(|_| self.refused())
    }

    /// A turn for a call that goes through all users of an App, so that others need not wait for many of these.
    pub(crate) async fn turn_to_search(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.0.searching.clone().acquire_owned().await.map_err(|_| Error::Unavailable)
    }

    fn refused(&self) {
        Stats::add(&self.0.stats.busy, 1);
    }

    /// The limits in force.
    pub fn limits(&self) -> &Limits {
        &self.0.options.limits
    }

    pub(crate) fn options(&self) -> &Options {
        &self.0.options
    }

    pub(crate) fn key(&self) -> &CapabilityKey {
        &self.0.key
    }

    /// The time, as the domain sees it.
    pub fn now(&self) -> Millis {
        (self.0.options.now)()
    }

    /// An empty queue for a session to be opened.
    pub fn queue(&self) -> Arc<Queue> {
        Queue::new(self.0.options.queue)
    }

    /// Whether the store answers.
    pub async fn check(&self) -> Result<(), Error> {
        if self.0.commands.is_closed() {
            return Err(Error::Unavailable);
        }
        self.read(|reader| reader.check()).await
    }

    pub(crate) async fn change(&self, op: Op) -> Result<Done, Error> {
        let (answer, result) = oneshot::channel();
        self.submit(Command::Change { op, answer }).await?;
        result.await.map_err(|_| Error::Unavailable)?
    }

    /// A key for a message of a sender whose protocol has none: 128 random bits.
    pub fn new_key(&self) -> Result<ClientKey, Error> {
        let key = format!("{:032x}", u128::from_be_bytes(self.random()?));
        ClientKey::new(&key).map_err(Error::Name)
    }

    pub(crate) fn random(&self) -> Result<[u8; 16], Error> {
        let mut bytes = [0; 16];
        (self.0.options.random)(&mut bytes)?;
        Ok(bytes)
    }

    pub(crate) async fn submit(&self, command: Command) -> Result<(), Error> {
        self.0.executor.pause().await;
        self.0.admission.admit(&command).inspect_err(|_| self.refused())?;
        let place = match self.0.commands.try_reserve() {
            Ok(place) => place,
            Err(_) => self.0.commands.reserve().await.map_err(|_| Error::Unavailable)?,
        };
        self.0.admission.enter(&command);
        place.send(command);
        Ok(())
    }

    /// Reads on a thread that may block; what was read is durable when it is returned. The place is taken
    /// until that is done, whether somebody still waits for it or not.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reader) -> Result<T, Unavailable> + Send + 'static,
    ) -> Result<T, Error> {
        let place = self.0.reading.clone().acquire_owned().await.map_err(|_| Error::Unavailable)?;
        let reader = self.0.reader.clone();
        let work = move || {
            let _place = place;
            read(reader.as_ref())
        };
        let found = self.0.executor.run(work).await?.map_err(|error| {
            tracing::error!(%error, "a read failed");
            Error::Unavailable
        })?;
        if !Mutant::ReadBeforeSync.is_on() {
            self.0.progress.settled().await?;
        }
        Ok(found)
    }
}

/// The key that signs capabilities: the stored one, made at the first start.
fn capability_key(
    writer: &mut dyn Writer,
    log: &mut dyn Log,
    reader: &dyn Reader,
    random: fn(&mut [u8]) -> Result<(), Error>,
) -> Result<CapabilityKey, Box<dyn std::error::Error + Send + Sync>> {
    if let Some(key) = reader.capability_key()? {
        return Ok(key);
    }
    let mut bytes = [0; 32];
    random(&mut bytes)?;
    writer.commit(&[Op::KeepKey(CapabilityKey(bytes))])?;
    log.sync()?;
    // Another process may have been first.
    reader.capability_key()?.ok_or_else(|| "the key of capabilities was not kept".into())
}
