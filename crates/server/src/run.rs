//! From a configuration to a running server, and gracefully back.

use crate::{Bucket, Config, http, listener, lock::DataLock};
use jmessage_core::{Core, Error, Hashing, Options, Retention, port::Unavailable};
use jmessage_model::Millis;
use jmessage_store::{
    blobs::{self, StoredBlobs},
    sqlite::{self, SqliteReader, SqliteWriter},
};
use std::{
    io,
    net::SocketAddr,
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use thiserror::Error;
use tokio::{
    net::TcpListener,
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// Logins that may wait for a password hash; more are told to come back.
const WAITING_LOGINS: usize = 1024;
/// How long connections get to finish when the server stops.
const STOP_WITHIN: Duration = Duration::from_secs(10);
/// How often files are looked for that nobody sent.
const SWEEP_EVERY: Duration = Duration::from_hours(1);
/// How often logs are looked at for what is not to be kept any longer.
const TRIM_EVERY: Duration = Duration::from_hours(1);
/// Between two steps of that: messages come first.
const TRIM_PAUSE: Duration = Duration::from_millis(10);
/// File descriptors the server needs for itself.
const OWN_FILES: u64 = 128;

/// Why the server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// An address cannot be listened on.
    #[error("cannot listen on {0}: {1}")]
    Listen(SocketAddr, io::Error),
    /// The data directory is in use or out of reach.
    #[error("data directory {0}: {1}")]
    Data(String, io::Error),
    /// The store cannot be opened.
    #[error(transparent)]
    Store(#[from] Unavailable),
    /// A thread could not be started, or the domain could not write its first words.
    #[error("cannot start: {0}")]
    Core(io::Error),
}

/// A server that runs. Dropping it without [`Running::stop`] leaves it running with the process.
pub struct Running {
    /// Where it listens.
    pub addr: SocketAddr,
    /// The domain it serves, for tests and tools in the same process.
    pub core: Core,
    stop: watch::Sender<bool>,
    listeners: Vec<JoinHandle<()>>,
    _lock: DataLock,
}

/// The store's two halves.
type Store = (SqliteWriter, Arc<SqliteReader>);

/// Opens the domain on the store of `config`, which no server uses now.
pub fn open_core(config: &Config) -> Result<Core, StartError> {
    start_core(config, sqlite::open(&config.data_dir)?)
}

/// Opens the domain for a command: on the store alone, or beside the server that uses it. The lock is to be held until the domain has
/// stopped.
pub(crate) fn open_for_command(config: &Config) -> Result<(Option<DataLock>, Core), StartError> {
    let lock = prepare(&config.data_dir, DataLock::try_take)?;
    let open = if lock.is_some() { sqlite::open } else { sqlite::open_beside };
    Ok((lock, start_core(config, open(&config.data_dir)?)?))
}

fn start_core(config: &Config, (writer, reader): Store) -> Result<Core, StartError> {
    let blobs = match &config.bucket {
        Some(bucket) => in_bucket(bucket)?,
        None => blobs::local(&config.data_dir.join("media"))?,
    };
    let options = Options {
        limits: config.limits,
        queue: config.queue,
        resume_for: config.resume_for,
        media_for: config.media_for,
        unsent_for: config.unsent_for,
        blobs: Arc::new(blobs),
        hashing: Hashing::new(config.hash_cost, config.hash_threads, WAITING_LOGINS),
        now,
        random,
    };
    Core::start(Box::new(writer), reader, options).map_err(StartError::Core)
}

#[cfg(feature = "s3")]
fn in_bucket(given: &Bucket) -> Result<StoredBlobs, Unavailable> {
    let Bucket { name, endpoint, region, access_key, .. } = given.clone();
    let secret_key = given.secret();
    blobs::bucket(&blobs::Bucket { name, endpoint, region, access_key, secret_key })
}

#[cfg(not(feature = "s3"))]
fn in_bucket(_: &Bucket) -> Result<StoredBlobs, Unavailable> {
    Err(Unavailable("this program was built without S3".into()))
}

/// Starts the server; it serves when this returns.
pub async fn serve(mut config: Config) -> Result<Running, StartError> {
    let lock = prepare(&config.data_dir, DataLock::take)?;
    let files = open_files();
    // Polls wait on connections that speak HTTP.
    let polls = if config.webim.mounts.is_empty() { 0 } else { config.webim.pages };
    let arriving = config.jmessage.pending.min(files / 4) + polls.min(files / 4);
    // Whoever reads files leaves places to whoever connects.
    config.jmessage.downloads = config.jmessage.downloads.min(arriving.div_ceil(2));
    config.jmessage.connections = config.jmessage.connections.min(files - arriving);
    let main = bind(config.listen).await?;
    let metrics = match config.metrics_listen {
        Some(addr) => Some(bind(addr).await?),
        None => None,
    };
    let addr = main.local_addr().map_err(|error| StartError::Listen(config.listen, error))?;
    let core = open_core(&config)?;
    let (stop, stopped) = watch::channel(false);
    let connections = config.jmessage.connections;
    let serve = |listener, routes| tokio::spawn(listener::serve(listener, routes, arriving, stopped.clone()));
    let mut listeners = vec![serve(main, http::routes(&core, &config, stopped.clone()))];
    listeners.extend(metrics.map(|metrics| serve(metrics, http::metrics_routes(&core))));
    tokio::spawn(sweep(core.clone(), stopped.clone()));
    if config.retention != Retention::default() {
        tokio::spawn(trim(core.clone(), config.retention, stopped.clone()));
    }
    tracing::info!(%addr, data = %config.data_dir.display(), connections, "serving");
    Ok(Running { addr, core, stop, listeners, _lock: lock })
}

impl Running {
    /// Stops: no new connections, no new commands, every command taken so far answered, the store closed.
    pub async fn stop(self) {
        tracing::info!("stopping");
        self.stop.send_replace(true);
        for listener in self.listeners {
            let _ = listener.await;
        }
        // Every connection holds a receiver; the last one gone means that all were told.
        if timeout(STOP_WITHIN, self.stop.closed()).await.is_err() {
            tracing::warn!("some connections did not end in time");
        }
        self.core.stop().await;
        tracing::info!("stopped");
    }
}

/// Removes files that nobody sent, now and then.
async fn sweep(core: Core, mut stop: watch::Receiver<bool>) {
    loop {
        match core.sweep().await {
            Ok(0) => {}
            Ok(files) => {
                tracing::info!(files, "removed files that nobody sent");
                if !*stop.borrow() {
                    continue;
                }
            }
            Err(error) => tracing::warn!(%error, "files that nobody sent stay for now"),
        }
        tokio::select! {
            () = sleep(SWEEP_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Cuts what logs are not to keep any longer, now and then.
async fn trim(core: Core, retention: Retention, mut stop: watch::Receiver<bool>) {
    loop {
        let round = async {
            let mut round = core.trimming(retention);
            let mut cut = 0;
            while let Some(entries) = round.step().await? {
                cut += entries;
                sleep(TRIM_PAUSE).await;
            }
            Ok::<_, Error>(cut)
        };
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            cut = round => match cut {
                Ok(0) => {}
                Ok(messages) => tracing::info!(messages, "removed old messages"),
                Err(error) => tracing::warn!(%error, "old messages stay for now"),
            },
        }
        tokio::select! {
            () = sleep(TRIM_EVERY) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

fn prepare<T>(directory: &Path, lock: fn(&Path) -> io::Result<T>) -> Result<T, StartError> {
    let locked = sqlite::prepare(directory).and_then(|()| lock(directory));
    locked.map_err(|error| StartError::Data(directory.display().to_string(), error))
}

async fn bind(addr: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(addr).await.map_err(|error| StartError::Listen(addr, error))
}

/// Raises the limit of open files as far as the system lets us; how many connections fit.
fn open_files() -> usize {
    let limit = rlimit::increase_nofile_limit(u64::MAX).unwrap_or_else(|error| {
        tracing::warn!(%error, "the limit of open files could not be raised");
        1024
    });
    usize::try_from(limit.saturating_sub(OWN_FILES).max(4)).unwrap_or(usize::MAX)
}

fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

pub(crate) fn random(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| {
        tracing::error!(%error, "no randomness");
        Error::Unavailable
    })
}
