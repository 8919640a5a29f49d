//! What is measured: a server or an echo, in a process of its own.

use crate::link::{self, Reader, Writer};
use anyhow::{Context, Result, ensure};
use jmessage_proto::Request;
use jmessage_testkit::{App, PASSWORD, Process, login, metric, prepare};
use std::path::Path;
use tempfile::TempDir;
use tokio::process::Command;
use tokio_tungstenite::tungstenite::Utf8Bytes;

/// How the answer to a login begins.
const SESSION: &str = r#"{"type":"session""#;

/// A running program and the App its connections belong to.
pub(crate) struct Target {
    process: Process,
    app: App,
    /// Deleted after the process has ended.
    data: Option<TempDir>,
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

    /// Starts a release server on a database.
    pub(crate) async fn on(binary: &Path, data: TempDir) -> Result<Self> {
        let process = Process::start(Self::command(binary, data.path())).await?;
        Ok(Self { process, app: Self::app(), data: Some(data) })
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
        Ok(Self { process, app: App::published(), data: None })
    }

    /// The process to look at.
    pub(crate) fn pid(&self) -> Result<u32> {
        self.process.pid()
    }

    /// What the server has stored so far; nothing for an echo.
    pub(crate) async fn stored(&self) -> Result<Option<Stored>> {
        if self.data.is_none() {
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
        self.login(index).await.map(|(writer, reader, _)| (writer, reader))
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
