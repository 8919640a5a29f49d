//! What is measured: a server or an echo, in a process of its own.

use crate::{
    link::{self, Reader, Writer},
    peers::{Kind, Peer, socketio, xmpp},
    polls,
};
use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use jmessage_proto::Request;
use jmessage_testkit::{App, PASSWORD, Process, login, metric, prepare, sys};
use std::{path::Path, time::Duration};
use tempfile::TempDir;
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// How the answer to a login begins.
const SESSION: &str = r#"{"type":"session""#;

/// Registrations under way at the same time.
const AT_ONCE: usize = 32;

/// A running program and the App its connections belong to.
pub(crate) struct Target {
    process: Process,
    app: App,
    kind: Of,
    /// Deleted after the process has ended.
    _data: Option<TempDir>,
}

enum Of {
    Server,
    Echo,
    Peer(Kind),
}

/// Counters of a server.
pub(crate) struct Stored {
    pub(crate) messages: f64,
    pub(crate) commits: f64,
}

impl Target {
    /// Starts a release server on a new database in `data_in` with `users` users. Their passwords are hashed as cheaply as
    /// Argon2 can: logins are not what is measured.
    pub(crate) async fn server(binary: &Path, data_in: &Path, users: usize) -> Result<Self> {
        Self::on(binary, Self::prepare(data_in, users).await?).await
    }

    /// A new database in `data_in` with `users` users.
    pub(crate) async fn prepare(data_in: &Path, users: usize) -> Result<TempDir> {
        let data = tempfile::tempdir_in(data_in)?;
        prepare(data.path(), &Self::app(), (0..users).map(Self::user)).await?;
        Ok(data)
    }

    /// The same with WebIM, whose pages take places from those who speak the SDK's wire.
    pub(crate) async fn webim(binary: &Path, data_in: &Path, users: usize) -> Result<Self> {
        let data = Self::prepare(data_in, users).await?;
        let mut command = Self::command(binary, data.path());
        command.args(["--webim", &format!("{}={}", polls::PREFIX, Self::app().key)]);
        Self::start(command, data).await
    }

    /// Starts a release server on a database.
    pub(crate) async fn on(binary: &Path, data: TempDir) -> Result<Self> {
        Self::start(Self::command(binary, data.path()), data).await
    }

    async fn start(command: Command, data: TempDir) -> Result<Self> {
        let process = Process::start(command).await?;
        Ok(Self { process, app: Self::app(), kind: Of::Server, _data: Some(data) })
    }

    /// What starts a server on the data in a directory.
    pub(crate) fn command(binary: &Path, data: &Path) -> Command {
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--max-group", "10000"]);
        command.arg("--data-dir").arg(data);
        command
    }

    /// The App of every database.
    pub(crate) fn app() -> App {
        App::published()
    }

    /// Starts the echo.
    pub(crate) async fn echo(binary: &Path) -> Result<Self> {
        let process = Process::start(Command::new(binary)).await?;
        Ok(Self { process, app: App::published(), kind: Of::Echo, _data: None })
    }

    /// Starts a server of others on a new database in `data_in`; [`Target::register`] makes its users.
    pub(crate) async fn peer(peer: &Peer, data_in: &Path, users: usize) -> Result<Self> {
        let data = tempfile::tempdir_in(data_in)?;
        let process = peer.start(data.path(), users).await?;
        Ok(Self { process, app: App::published(), kind: Of::Peer(peer.kind), _data: Some(data) })
    }

    /// Makes `users` users where that is done over the wire.
    pub(crate) async fn register(&self, users: usize) -> Result<()> {
        let url = self.process.url();
        if !matches!(self.kind, Of::Peer(Kind::Ejabberd | Kind::Prosody)) {
            return Ok(());
        }
        let one = async |index| xmpp::register(url, &Self::user(index), PASSWORD).await;
        stream::iter(0..users).map(one).buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Where it listens: host and port.
    pub(crate) fn authority(&self) -> &str {
        let url = self.process.url();
        url.split_once("://").map_or(url, |(_, authority)| authority)
    }

    /// The process to look at.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.process.pid()
    }

    /// The time that the process and all below it have used so far.
    pub(crate) fn cpu_time(&self) -> Result<Duration> {
        sys::tree(self.pid()?)?.into_iter().map(sys::cpu_time).sum()
    }

    /// The resident memory of the process and all below it, in bytes.
    pub(crate) fn memory(&self) -> Result<u64> {
        sys::tree(self.pid()?)?.into_iter().map(sys::resident_memory).sum()
    }

    /// What our server has stored so far.
    pub(crate) async fn stored(&self) -> Result<Option<Stored>> {
        if !matches!(self.kind, Of::Server) {
            return Ok(None);
        }
        let url = self.process.url();
        let messages = metric(url, "jmessage_messages_total").await?;
        Ok(Some(Stored { messages, commits: metric(url, "jmessage_commits_total").await? }))
    }

    /// The name of a user of the server.
    pub(crate) fn user(index: usize) -> String {
        format!("bench{index:05}")
    }

    /// A bare connection.
    pub(crate) async fn connect(&self) -> Result<(Writer, Reader)> {
        link::connect(self.process.url()).await
    }

    /// A connection on which a user is logged in.
    pub(crate) async fn enter(&self, index: usize) -> Result<(Writer, Reader)> {
        let (url, user) = (self.process.url(), Self::user(index));
        match self.kind {
            Of::Server | Of::Echo => self.login(index).await.map(|(writer, reader, _)| (writer, reader)),
            Of::Peer(Kind::SocketIo) => socketio::enter(url, &user, PASSWORD).await,
            Of::Peer(Kind::Ejabberd | Kind::Prosody) => xmpp::enter(url, &user, PASSWORD).await,
        }
    }

    /// The same; where a user enters groups by itself, it does. User 0 must be the first.
    pub(crate) async fn enter_room(&self, index: usize) -> Result<(Writer, Reader)> {
        let (mut writer, mut reader) = self.enter(index).await?;
        if matches!(self.kind, Of::Peer(Kind::Ejabberd | Kind::Prosody)) {
            xmpp::join((&mut writer, &mut reader), &Self::user(index)).await?;
        }
        Ok((writer, reader))
    }

    /// The same, with the frames that came until then.
    pub(crate) async fn login(&self, index: usize) -> Result<(Writer, Reader, Vec<Utf8Bytes>)> {
        let frames = [self.app.config(1)?.encode(), login(2, &Self::user(index), PASSWORD).encode()];
        self.open(frames).await
    }

    /// A connection on which the session of `token` is taken up again, with the frames that came until then.
    pub(crate) async fn resume(&self, token: &str) -> Result<(Writer, Reader, Vec<Utf8Bytes>)> {
        let (app_key, token, cursors) = (self.app.key.clone(), token.to_owned(), Vec::new());
        self.open([Request::Resume { id: 2, app_key, token, cursors }.encode()]).await
    }

    async fn open(
        &self,
        requests: impl IntoIterator<Item = String>,
    ) -> Result<(Writer, Reader, Vec<Utf8Bytes>)> {
        let (mut writer, mut reader) = self.connect().await?;
        for request in requests {
            writer.put(request).await?;
        }
        writer.flush().await?;
        let (mut frames, mut came) = (Vec::new(), Vec::new());
        while !came.iter().any(|frame: &Utf8Bytes| frame.starts_with(SESSION)) {
            reader.take(&mut frames).await?;
            for frame in &frames {
                ensure!(!frame.starts_with(r#"{"type":"error""#), "login: {frame}");
            }
            came.append(&mut frames);
        }
        Ok((writer, reader, came))
    }

    /// What resumes the session that these frames opened.
    pub(crate) fn token(frames: &[Utf8Bytes]) -> Result<String> {
        let session = frames.iter().find(|frame| frame.starts_with(SESSION)).context("no session")?;
        let session: serde_json::Value = serde_json::from_str(session)?;
        Ok(session["token"].as_str().context("no token")?.to_owned())
    }

    /// Stops the process: a measurement of a server that cannot stop gracefully is worth nothing.
    pub(crate) async fn stop(self) -> Result<()> {
        self.process.stop().await.context("stopping after the measurement")
    }
}
