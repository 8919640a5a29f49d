//! The front door: Apps, users, logins. [`Core`] is the handle that gateways and the server hold.

use crate::{
    CapabilityKey, Command, Driven, Engine, Error, Hashing, Pause, Proof, Queue, QueueLimits, Session, Stats,
    Token, UserCard,
    admission::{Admission, Place},
    executor::Executor,
    port::{AppRecord, Blobs, Done, Log, Op, Reader, Unavailable, UserRecord, Writer},
    progress::Progress,
    writer::WRITERS,
};
use jmessage_model::{
    AppId, AppKey, ClientKey, ConversationId, Description, Limits, Millis, Mutant, Nickname, Password,
    Platform, ProfileEdit, Seq, Show, Shown, UserId, Username,
};
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
        let (core, driven) = Self::assemble(writer, reader, options, Executor::Threads)?;
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

    /// The App of a key.
    pub async fn app(&self, key: &AppKey) -> Result<AppRecord, Error> {
        let key = key.clone();
        self.read(move |reader| reader.app(&key)).await?.ok_or(Error::NoSuchApp)
    }

    /// Every App.
    pub async fn apps(&self) -> Result<Vec<AppRecord>, Error> {
        self.read(|reader| reader.apps()).await
    }

    /// Creates an App.
    pub async fn create_app(&self, key: AppKey, name: String, secret: String) -> Result<AppId, Error> {
        match self.change(Op::CreateApp { key, name, secret, at: self.now() }).await? {
            Done::App(id) => Ok(id),
            _ => Err(Error::Unavailable),
        }
    }

    /// Creates a user.
    pub async fn create_user(
        &self,
        app: AppId,
        name: Username,
        nickname: Nickname,
        password: Password,
    ) -> Result<UserId, Error> {
        let password = self.hash(password).await?;
        self.create_user_hashed(app, name, nickname, password).await
    }

    /// Creates a user whose password is hashed already (PHC notation): for imports.
    pub async fn create_user_hashed(
        &self,
        app: AppId,
        name: Username,
        nickname: Nickname,
        password: String,
    ) -> Result<UserId, Error> {
        match self.change(Op::CreateUser { app, name, nickname, password, at: self.now() }).await? {
            Done::User(id) => Ok(id),
            _ => Err(Error::Unavailable),
        }
    }

    /// Hashes a password with a fresh salt.
    pub async fn hash(&self, password: Password) -> Result<String, Error> {
        self.0.options.hashing.hash(password, self.random()?).await
    }

    /// Changes a password; resume tokens of the user are forgotten, sessions that are open stay.
    pub async fn set_password(&self, app: AppId, name: &str, password: Password) -> Result<(), Error> {
        let user = self.user(app, name).await?.card.id;
        let password = self.hash(password).await?;
        self.change(Op::SetPassword { user, password, at: self.now() }).await.map(drop)
    }

    /// Changes what a user shows of itself. Sessions that are open send under their old nickname until the next login.
    pub async fn edit_user(&self, app: AppId, name: &str, edit: ProfileEdit) -> Result<(), Error> {
        let user = self.user(app, name).await?.card.id;
        self.change(Op::EditUser { user, edit: Box::new(edit), at: self.now() }).await.map(drop)
    }

    /// Users of an App in the order of their numbers, after the given one.
    pub async fn users(&self, app: AppId, after: UserId, limit: usize) -> Result<Vec<UserRecord>, Error> {
        self.read(move |reader| reader.users(app, after, limit)).await
    }

    pub(crate) async fn user(&self, app: AppId, name: &str) -> Result<UserRecord, Error> {
        let name = name.to_owned();
        self.read(move |reader| reader.user(app, &name)).await?.ok_or(Error::NoSuchUser)
    }

    /// Logs a user in: the older session on the same platform ends. The token resumes the session later.
    pub async fn login(
        &self,
        app: AppId,
        name: &str,
        password: Password,
        platform: Platform,
    ) -> Result<(Arc<Session>, Token), Error> {
        let user = self.authenticate(app, name, password).await?;
        self.admit(user, platform, None).await
    }

    /// The user of this name, if the password is its.
    pub async fn authenticate(
        &self,
        app: AppId,
        name: &str,
        password: Password,
    ) -> Result<Arc<UserCard>, Error> {
        let _place = self.0.admission.open().inspect_err(|_| self.refused())?;
        let user = self.user(app, name).await?;
        if !self.0.options.hashing.verify(password, user.password).await? {
            return Err(Error::WrongPassword);
        }
        Ok(user.card)
    }

    /// Opens a session for a user who has proven who it is: the older one on the same platform ends. The token resumes the
    /// session later. What the user shows is told from the first moment on, so that nobody sees who wants to hide.
    pub async fn admit(
        &self,
        user: Arc<UserCard>,
        platform: Platform,
        shown: Option<(Show, Option<Description>)>,
    ) -> Result<(Arc<Session>, Token), Error> {
        let _place = self.0.admission.open().inspect_err(|_| self.refused())?;
        let token = Token::new(user.id, self.random()?);
        let session = self.open(user, platform, Proof::Login(token.digest()), shown).await?;
        Ok((session, token))
    }

    /// A key for a message of a sender whose protocol has none: 128 random bits.
    pub fn new_key(&self) -> Result<ClientKey, Error> {
        let key = format!("{:032x}", u128::from_be_bytes(self.random()?));
        ClientKey::new(&key).map_err(Error::Name)
    }

    /// Takes up a session again on a new connection, after writing what the page has `acknowledged`.
    pub async fn resume(
        &self,
        app: AppId,
        token: &Token,
        platform: Platform,
        acknowledged: Vec<(ConversationId, Seq)>,
    ) -> Result<Arc<Session>, Error> {
        self.resume_showing(app, token, platform, acknowledged, None).await
    }

    /// [`Core::resume`] of a user who shows this from the first moment on.
    pub async fn resume_showing(
        &self,
        app: AppId,
        token: &Token,
        platform: Platform,
        acknowledged: Vec<(ConversationId, Seq)>,
        shown: Option<(Show, Option<Description>)>,
    ) -> Result<Arc<Session>, Error> {
        let _place = self.0.admission.open().inspect_err(|_| self.refused())?;
        let id = token.user();
        let user = self.read(move |reader| reader.user_by_id(id)).await?;
        let user = user.filter(|user| user.card.app == app).ok_or(Error::NoSession)?;
        let oldest = Millis(self.now().0.saturating_sub(self.0.options.resume_for.0));
        let proof = Proof::Resume { token: token.digest(), oldest, acknowledged };
        self.open(user.card, platform, proof, shown).await
    }

    async fn open(
        &self,
        user: Arc<UserCard>,
        platform: Platform,
        proof: Proof,
        shown: Option<(Show, Option<Description>)>,
    ) -> Result<Arc<Session>, Error> {
        let (answer, result) = oneshot::channel();
        let (queue, at) = (self.queue(), self.now());
        let shown = shown.map(|(show, status)| Shown { show, status, since: at });
        self.submit(Command::Open { user, platform, proof, shown, queue, at, answer }).await?;
        result.await.map_err(|_| Error::Unavailable)?
    }

    pub(crate) async fn change(&self, op: Op) -> Result<Done, Error> {
        let (answer, result) = oneshot::channel();
        self.submit(Command::Change { op, answer }).await?;
        result.await.map_err(|_| Error::Unavailable)?
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

    /// Reads on a thread that may block; what was read is durable when it is returned. The place is taken until that is done, whether somebody still waits for it or not.
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
