//! The server as a process, on data that outlives it.

use anyhow::Result;
use jmessage_testkit::{App, Client, PASSWORD, Process, cast, prepare};
use tempfile::TempDir;
use tokio::process::Command;

/// Data on which one server after the other runs.
pub(crate) struct House {
    pub(crate) data: TempDir,
    pub(crate) app: App,
}

impl House {
    /// The published App and the cast, whom no server serves so far.
    pub(crate) async fn new() -> Result<Self> {
        let house = Self { data: tempfile::tempdir()?, app: App::published() };
        prepare(house.data.path(), &house.app, cast()).await?;
        Ok(house)
    }

    /// Serves the data, in a process of its own.
    pub(crate) async fn serve(&self, flags: &[&str]) -> Result<Process> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jmessage-server"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "warn", "--data-dir"]);
        command.arg(self.data.path()).args(flags);
        Process::start(command).await
    }

    /// The same, with a server that survives writing beyond the limit of its files' sizes: the write fails instead.
    pub(crate) async fn serve_without_size_signal(&self) -> Result<Process> {
        let mut command = Command::new("sh");
        command.args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#, env!("CARGO_BIN_EXE_jmessage-server")]);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--data-dir"]);
        command.arg(self.data.path());
        Process::start(command).await
    }

    /// A connection on which one of the cast is logged in.
    pub(crate) async fn enter(&self, server: &Process, username: &str) -> Result<Client> {
        let mut client = Client::configured(server.url(), &self.app).await?;
        client.login(username, PASSWORD).await?;
        Ok(client)
    }

    /// Runs one of the operator's commands on the data; what it says when it fails.
    pub(crate) async fn operate(&self, arguments: &[&str]) -> Result<Result<(), String>> {
        Ok(self.ask(arguments).await?.map(drop))
    }

    /// The same; what it prints.
    pub(crate) async fn ask(&self, arguments: &[&str]) -> Result<Result<String, String>> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jmessage-server"));
        let output = command.args(arguments).arg("--data-dir").arg(self.data.path()).output().await?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) })
    }

    /// The database, for what no command and no wire tells.
    pub(crate) fn database(&self) -> Result<rusqlite::Connection> {
        Ok(rusqlite::Connection::open(self.data.path().join("jmessage.db"))?)
    }
}
