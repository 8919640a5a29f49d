//! What is measured: a server or an echo, in a process of its own.

use crate::link::{self, Reader, Writer};
use anyhow::{Context, Result, ensure};
use jmessage_testkit::{App, PASSWORD, Process, login, metric, prepare};
use std::path::Path;
use tempfile::TempDir;
use tokio::process::Command;

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
        let data = tempfile::tempdir_in(data_in)?;
        let app = App::published();
        prepare(data.path(), &app, (0..users).map(Self::user)).await?;
        let mut command = Command::new(binary);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--max-group", "10000"]);
        command.arg("--data-dir").arg(data.path());
        let process = Process::start(command).await?;
        Ok(Self { process, app, data: Some(data) })
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
        let (mut writer, mut reader) = self.connect().await?;
        writer.put(self.app.config(1)?.encode()).await?;
        writer.put(login(2, &Self::user(index), PASSWORD).encode()).await?;
        writer.flush().await?;
        let mut frames = Vec::new();
        let mut answers = 0;
        while answers < 2 {
            reader.take(&mut frames).await?;
            for frame in &frames {
                ensure!(!frame.starts_with(r#"{"type":"error""#), "login: {frame}");
                let answer = [r#"{"type":"configured""#, r#"{"type":"session""#];
                answers += u32::from(answer.iter().any(|answer| frame.starts_with(answer)));
            }
        }
        Ok((writer, reader))
    }

    /// Stops the process: a measurement of a server that cannot stop gracefully is worth nothing.
    pub(crate) async fn stop(self) -> Result<()> {
        self.process.stop().await.context("stopping after the measurement")
    }
}
