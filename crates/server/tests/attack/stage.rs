//! A server on data that outlives it, a proxy before it, and pages.

use crate::small::SmallDisk;
use anyhow::{Context, Result, bail, ensure};
use jmessage_testkit::{
    App, Client, Dice, PASSWORD, PATIENCE, Process,
    history::{Event, To, check, read_logs},
    live::{Page, Proxy, Scene},
    prepare,
};
use serde_json::json;
use std::{
    process::Stdio,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tempfile::TempDir;
use tokio::{
    process::Command,
    time::{sleep, timeout},
};

/// Members of the group at most: the first of the users.
const GROUP: usize = 100;

pub(crate) struct Stage {
    data: TempDir,
    /// In the place of the data directory.
    pub(crate) small: Option<SmallDisk>,
    app: App,
    pub(crate) proxy: Proxy,
    scene: Arc<Scene>,
    pub(crate) dice: Dice,
    users: Vec<String>,
    pub(crate) pages: Vec<Page>,
    group: u64,
    said: usize,
    /// What each user is to hear in the end.
    due: Vec<usize>,
}

impl Stage {
    /// A database with so many users, and a group of them all; the pages' clock is `haste` times as fast as ours.
    pub(crate) async fn new(users: usize, haste: u64) -> Result<Self> {
        let seed = match std::env::var("JMESSAGE_SEED") {
            Ok(seed) => seed.parse().context("JMESSAGE_SEED")?,
            Err(_) => SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs(),
        };
        println!("seed {seed}; JMESSAGE_SEED={seed} throws the same dice");
        let (data, app) = (tempfile::tempdir()?, App::published());
        let users: Vec<_> = (0..users).map(|number| format!("user{number:04}")).collect();
        prepare(data.path(), &app, users.iter().cloned()).await?;
        let proxy = Proxy::start(seed).await?;
        let scene = Scene::new(proxy.url(), &app, haste);
        // Every member hears that all were taken in, and the owner that the group was made, too.
        let due =
            (0..users.len()).map(|index| usize::from(index < GROUP) + usize::from(index == 0)).collect();
        let dice = Dice::new(seed);
        let (small, pages) = Default::default();
        let mut stage = Self { data, small, app, proxy, scene, dice, users, pages, group: 0, said: 0, due };
        let server = stage.serve(&[]).await?;
        stage.gather(&server).await?;
        server.stop().await?;
        Ok(stage)
    }

    async fn gather(&mut self, server: &Process) -> Result<()> {
        let (owner, others) = self.users[..self.users.len().min(GROUP)].split_first().context("nobody")?;
        let mut client = Client::configured(server.url(), &self.app).await?;
        client.login(owner, PASSWORD).await?;
        let made = client.call("createGroup", json!({ "groupName": "all" })).await?;
        self.group = made["gid"].as_u64().context("no gid")?;
        client.call("addGroupMembers", json!({ "groupId": self.group, "memberUsernames": others })).await?;
        client.logout().await
    }

    /// Serves the data in a process of its own, to which the proxy leads from now on.
    pub(crate) async fn serve(&self, flags: &[&str]) -> Result<Process> {
        self.start(Command::new(env!("CARGO_BIN_EXE_jmessage-server")), flags).await
    }

    /// The same, with system calls that fail as strace is told.
    pub(crate) async fn serve_with(&self, inject: &str) -> Result<Process> {
        let mut command = Command::new("strace");
        command.args([
            "-D",
            "-f",
            "--seccomp-bpf",
            "-o",
            "/dev/null",
            "-e",
            "trace=fsync,fdatasync,pwrite64,ftruncate,fallocate",
        ]);
        command.arg(format!("--inject={inject}")).arg(env!("CARGO_BIN_EXE_jmessage-server"));
        self.start(command, &[]).await.context("strace is needed: `cargo xtask test` installs it")
    }

    /// The same, with a server that survives writing beyond the limit of its files' sizes.
    pub(crate) async fn serve_without_size_signal(&self) -> Result<Process> {
        let mut command = Command::new("sh");
        command.args(["-c", r#"trap '' XFSZ; exec "$0" "$@""#, env!("CARGO_BIN_EXE_jmessage-server")]);
        self.start(command, &[]).await
    }

    async fn start(&self, mut command: Command, flags: &[&str]) -> Result<Process> {
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--heartbeat", "1"]);
        command.args(["--write-timeout", "2", "--data-dir"]).arg(self.data.path()).args(flags);
        command.stderr(Stdio::null());
        let server = Process::start(command).await?;
        self.scene.record(Event::ServerUp);
        self.proxy.lead_to(Some(server.url()));
        Ok(server)
    }

    /// The same on a file system of so many bytes; none if there can be no such one here.
    pub(crate) async fn serve_on_small_disk(&mut self, bytes: usize) -> Result<Option<Process>> {
        self.small = SmallDisk::over(self.data.path(), bytes).await?;
        let Some(small) = &self.small else { return Ok(None) };
        let command = small.command(env!("CARGO_BIN_EXE_jmessage-server"))?;
        self.start(command, &[]).await.map(Some)
    }

    /// SIGKILL.
    pub(crate) async fn kill(&self, server: Process) -> Result<()> {
        self.proxy.lead_to(None);
        server.kill().await?;
        self.scene.record(Event::ServerDown);
        Ok(())
    }

    /// Pages talk until the server ends by itself, which it calls a failure.
    pub(crate) async fn say_until_it_ends(&mut self, mut server: Process) -> Result<()> {
        let talking = async {
            loop {
                self.say(1);
                // Not all at once: each commit shall be small.
                sleep(Duration::from_millis(20)).await;
            }
        };
        let status = tokio::select! {
            status = server.ended() => status?,
            () = talking => bail!("talk has no end"),
        };
        ensure!(status.code() == Some(1), "the server ended with {status}");
        self.proxy.lead_to(None);
        self.scene.record(Event::ServerDown);
        Ok(())
    }

    /// A page for every user.
    pub(crate) fn open_pages(&mut self) {
        self.pages = self.users.iter().map(|user| Page::open(&self.scene, user)).collect();
    }

    /// Every page says so many things, to anybody or to the group.
    pub(crate) fn say(&mut self, each: usize) {
        let users = self.users.len();
        for from in (0..each).flat_map(|_| 0..users) {
            let to = self.dice.below(self.users.len());
            if from < GROUP && (from == to || self.dice.percent(20)) {
                self.say_in_group(from);
            } else {
                self.say_to(from, to);
            }
        }
    }

    /// Some pages say something to anybody, and the first one to the group.
    pub(crate) fn say_some(&mut self, pages: usize) {
        for _ in 0..pages {
            let (from, to) = (self.dice.below(self.users.len()), self.dice.below(self.users.len()));
            self.say_to(from, to);
        }
        self.say_in_group(0);
    }

    fn say_to(&mut self, from: usize, to: usize) {
        let to = if from == to { (to + 1) % self.users.len() } else { to };
        self.due[to] += 1;
        let text = self.text();
        self.pages[from].send(To::User(self.users[to].clone()), &text);
    }

    fn say_in_group(&mut self, from: usize) {
        let members = self.due.iter_mut().enumerate().take(GROUP);
        members.filter(|(index, _)| *index != from).for_each(|(_, due)| *due += 1);
        let text = self.text();
        self.pages[from].send(To::Group(self.group), &text);
    }

    fn text(&mut self) -> String {
        self.said += 1;
        format!("{} {}", self.said, "x".repeat(self.dice.below(400)))
    }

    /// Messages without an answer.
    pub(crate) fn waiting(&self) -> usize {
        self.pages.iter().map(Page::waiting).sum()
    }

    /// Waits for a condition.
    pub(crate) async fn until(
        &self,
        what: &str,
        mut condition: impl AsyncFnMut() -> Result<bool>,
    ) -> Result<()> {
        let waiting = async {
            while !condition().await? {
                sleep(Duration::from_millis(10)).await;
            }
            anyhow::Ok(())
        };
        timeout(3 * PATIENCE, waiting).await.with_context(|| format!("waiting for {what}"))?
    }

    /// Waits until everybody has heard everything, exactly.
    pub(crate) async fn everything_is_heard(&self) -> Result<()> {
        let heard = async || {
            let hears = |(page, due): (&Page, &usize)| page.received() >= *due && page.is_online();
            Ok(self.waiting() == 0 && self.pages.iter().zip(&self.due).all(hears))
        };
        let outcome = self.until("everybody to hear everything", heard).await;
        let pages = self.users.iter().zip(self.pages.iter().zip(&self.due));
        let wrong: Vec<_> = pages
            .filter(|(_, (page, due))| page.received() != **due)
            .map(|(user, (page, due))| format!("{user} has {} of {due}", page.received()))
            .collect();
        outcome.with_context(|| format!("{} unanswered; {}", self.waiting(), wrong.join(", ")))?;
        ensure!(wrong.is_empty(), "heard too often: {}", wrong.join(", "));
        Ok(())
    }

    /// Everything is well again: waits until everybody has heard everything, stops the server and asks the judge.
    pub(crate) async fn judge(&self, server: Process) -> Result<()> {
        self.everything_is_heard().await?;
        server.stop().await?;
        if let Some(small) = &self.small {
            small.take_back()?;
        }
        let violations = check(&self.scene.events(), &read_logs(self.data.path())?, true);
        let words: Vec<_> = violations.iter().take(20).map(ToString::to_string).collect();
        ensure!(violations.is_empty(), "{} violations:\n{}", violations.len(), words.join("\n"));
        println!("{} messages, nothing lost or doubled", self.said);
        Ok(())
    }
}
