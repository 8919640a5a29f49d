//! A server's life under strace: made, filled, stopped, killed, its syncs made to fail.

use crate::{
    book::{Book, Message, To},
    trace::{CALLS, Event, Reader},
};
use anyhow::{Context, Result, bail, ensure};
use jmessage_proto::{Position, Request, Response};
use jmessage_testkit::{App, Client, Dice, Next, PASSWORD, PATIENCE, Process, send, send_in_as};
use serde_json::json;
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::Stdio,
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};
use tokio::{
    io::AsyncWriteExt,
    process::Command,
    task::JoinSet,
    time::{sleep, timeout},
};

/// Messages of one client under way at a time.
const UNDER_WAY: usize = 6;
/// Users who come; one more never does, so that large texts are stored and not told.
const USERS: usize = 6;
/// A client acknowledges after so many messages.
const ACKNOWLEDGE: usize = 20;

/// How a chapter ends.
#[derive(Clone, Copy, PartialEq)]
enum End {
    /// Asked to stop, once everything is answered.
    Stop,
    /// Killed once so many percent of it are answered.
    Kill(usize),
    /// By itself, when a sync fails.
    Failure,
}

/// A part of the server's life: from a start to an end.
struct Chapter {
    name: &'static str,
    /// Messages of each user.
    messages: usize,
    /// Their least and greatest length.
    text: (usize, usize),
    end: End,
    /// What strace makes fail.
    inject: Option<&'static str>,
}

/// The large texts fill the log beyond the size at which it is taken over into the database and begins anew.
const LIFE: &[Chapter] = &[
    Chapter { name: "stopped", messages: 30, text: (10, 300), end: End::Stop, inject: None },
    Chapter { name: "killed", messages: 40, text: (10, 300), end: End::Kill(60), inject: None },
    Chapter { name: "killed again", messages: 40, text: (10, 300), end: End::Kill(60), inject: None },
    // Counted for each of the four threads that sync. A commit holds all that is under way at most, so there are more than enough.
    Chapter {
        name: "a sync fails",
        messages: 24 * UNDER_WAY,
        text: (10, 300),
        end: End::Failure,
        inject: Some("fsync,fdatasync:error=EIO:when=5"),
    },
    Chapter {
        name: "syncs fail",
        messages: 24 * UNDER_WAY,
        text: (10, 300),
        end: End::Failure,
        inject: Some("fsync,fdatasync:error=EIO:when=5+"),
    },
    Chapter { name: "large", messages: 200, text: (28_000, 32_000), end: End::Kill(95), inject: None },
    Chapter { name: "after all", messages: 20, text: (10, 300), end: End::Stop, inject: None },
];

/// The record of a life.
pub(crate) struct Life {
    pub(crate) root: PathBuf,
    pub(crate) events: Vec<Event>,
    pub(crate) book: Book,
    /// Answers that clients have.
    pub(crate) answers: usize,
}

/// Lives a life with `server`, in `directory`, which must be absolute.
pub(crate) async fn live(server: &Path, directory: &Path, seed: u64) -> Result<Life> {
    let root = directory.join("data");
    let mut stage = Stage {
        server: server.to_owned(),
        record: directory.join("record"),
        reader: Reader::new(&root),
        root: root.clone(),
        app: App::published(),
        book: Book::default(),
        open: VecDeque::new(),
        next: 1,
        answers: 0,
        dice: Dice::new(seed),
    };
    stage.found().await.context("making the database")?;
    for chapter in LIFE {
        let begun = Instant::now();
        stage.play(chapter).await.with_context(|| format!("chapter `{}`", chapter.name))?;
        eprintln!("  {:<13}{:>6} messages so far, {:?}", chapter.name, stage.next - 1, begun.elapsed());
    }
    Ok(Life { root, events: stage.reader.events(), book: stage.book, answers: stage.answers })
}

struct Stage {
    server: PathBuf,
    record: PathBuf,
    reader: Reader,
    root: PathBuf,
    app: App,
    book: Book,
    /// Messages that were begun and not answered.
    open: VecDeque<Message>,
    next: u64,
    answers: usize,
    dice: Dice,
}

impl Stage {
    /// An operator makes the App and the users.
    async fn found(&mut self) -> Result<()> {
        let app = self.app.clone();
        self.operate(&["app", "create", "--key", &app.key, "--master-secret-stdin"], app.secret()).await?;
        for index in 0..=USERS {
            let name = user(index);
            let words = ["user", "add", "--app", &app.key, "--username", &name, "--password-stdin"];
            let cheap = ["--argon2-memory", "8", "--argon2-passes", "1"];
            self.operate(&[&words[..], &cheap].concat(), PASSWORD).await?;
            self.book.users.push((name, self.reader.len()));
        }
        Ok(())
    }

    fn command(&self, inject: Option<&str>) -> Command {
        let mut command = Command::new("strace");
        // -D: strace stands beside, so that the server is our own child.
        command.args(["-D", "-f", "-y", "-xx", "-s", "1000000", "--seccomp-bpf", "-e"]);
        command.arg(format!("trace={CALLS}"));
        command.args(inject.map(|inject| format!("--inject={inject}")));
        command.arg("-o").arg(&self.record).arg(&self.server);
        command
    }

    async fn operate(&mut self, words: &[&str], input: &str) -> Result<()> {
        let mut command = self.command(None);
        command.args(words).arg("--data-dir").arg(&self.root);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().context("cannot run strace")?;
        let pid = child.id().context("no process")?;
        child.stdin.take().context("no input")?.write_all(format!("{input}\n").as_bytes()).await?;
        let status = timeout(PATIENCE, child.wait()).await??;
        ensure!(status.success(), "{words:?} ended with {status}");
        self.recorded(pid).await
    }

    async fn play(&mut self, chapter: &Chapter) -> Result<()> {
        let mut command = self.command(chapter.inject);
        command.args(["serve", "--listen", "127.0.0.1:0", "--log", "off", "--max-message", "32768"]);
        command.arg("--data-dir").arg(&self.root);
        let server = Process::start(command).await?;
        let pid = server.pid()?;
        let speakers = self.enter(server.url()).await?;
        let wanted = self.write(chapter);
        let upto = match chapter.end {
            End::Kill(percent) => wanted * percent / 100,
            End::Stop => wanted,
            End::Failure => 0,
        };
        self.speak(speakers, server, chapter.end, upto).await?;
        self.recorded(pid).await
    }

    async fn enter(&mut self, url: &str) -> Result<Vec<Client>> {
        let mut clients = Vec::new();
        for index in 0..USERS {
            let enter = async {
                let mut client = Client::configured(url, &self.app).await?;
                client.login(&user(index), PASSWORD).await?;
                anyhow::Ok(client)
            };
            clients.push(until(enter).await?);
        }
        if self.book.group.is_none() {
            let owner = clients.first_mut().context("nobody")?;
            let group = owner.call("createGroup", json!({ "groupName": "all" })).await?;
            let gid = group["gid"].as_u64().context("no gid")?;
            let others: Vec<_> = (1..USERS).map(user).collect();
            owner.call("addGroupMembers", json!({ "groupId": gid, "memberUsernames": others })).await?;
            self.book.group = Some((gid, user(0)));
        }
        Ok(clients)
    }

    /// Adds the chapter's messages to those that are open; how many there are then.
    fn write(&mut self, chapter: &Chapter) -> usize {
        let group = self.book.group.as_ref().map_or(0, |(group, _)| *group);
        for number in 0..chapter.messages * USERS {
            let index = number % USERS;
            let (least, most) = chapter.text;
            let to = match self.dice.percent(20) {
                _ if least > 1000 => To::User(user(USERS)),
                true => To::Group(group),
                false => To::User(user(index ^ 1)),
            };
            let message = Message::new(self.next, &user(index), to, &mut self.dice, least, most);
            self.next += 1;
            self.book.messages.insert(message.number, message.clone());
            self.open.push_back(message);
        }
        self.open.len()
    }

    /// Every client sends what is open of its user until the server has ended.
    async fn speak(
        &mut self,
        clients: Vec<Client>,
        mut server: Process,
        end: End,
        upto: usize,
    ) -> Result<()> {
        let answered = std::sync::Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for (index, client) in clients.into_iter().enumerate() {
            let name = user(index);
            let mine = self.open.iter().filter(|message| message.from == name).cloned().collect();
            tasks.spawn(speak(client, mine, answered.clone()));
        }
        let waiting = async {
            while answered.load(Ordering::Relaxed) < upto {
                sleep(Duration::from_millis(2)).await;
            }
        };
        timeout(4 * PATIENCE, waiting).await.context("the messages are not answered")?;
        match end {
            End::Kill(_) => server.kill().await?,
            End::Stop => server.stop().await?,
            End::Failure => ensure!(!server.ended().await?.success(), "the failure is no failure"),
        }
        self.open.clear();
        while let Some(left) = tasks.join_next().await {
            self.open.extend(left??);
        }
        self.answers += answered.load(Ordering::Relaxed);
        Ok(())
    }

    /// Waits for the end of the record, and reads it.
    async fn recorded(&mut self, pid: u32) -> Result<()> {
        let complete = async {
            while !has_ended(&self.record, pid)? {
                sleep(Duration::from_millis(20)).await;
            }
            anyhow::Ok(())
        };
        timeout(2 * PATIENCE, complete).await.context("strace's record has no end")??;
        let record = fs::read(&self.record)?;
        fs::remove_file(&self.record)?;
        self.reader.read(&record)
    }
}

/// Whether the record says at its end how the program of this number ended.
fn has_ended(record: &Path, pid: u32) -> Result<bool> {
    let mut file = File::open(record)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(4096)))?;
    let mut tail = Vec::new();
    file.read_to_end(&mut tail)?;
    let tail = String::from_utf8_lossy(&tail);
    let ended = |line: &str| {
        line.trim_start().strip_prefix(&pid.to_string()).is_some_and(|rest| rest.contains(" +++ "))
    };
    Ok(tail.ends_with('\n') && tail.lines().any(ended))
}

fn user(index: usize) -> String {
    format!("power{index:03}")
}

/// What may fail because a sync was made to fail is tried again.
async fn until<T>(attempt: impl Future<Output = Result<T>>) -> Result<T> {
    timeout(PATIENCE, attempt).await.context("took too long")?
}

/// Sends messages and sends again what was refused; returns what has no answer when the connection ends.
async fn speak(
    mut client: Client,
    messages: Vec<Message>,
    answered: std::sync::Arc<AtomicUsize>,
) -> Result<Vec<Message>> {
    let mut waiting = VecDeque::from(messages);
    let mut under_way: HashMap<u64, Message> = HashMap::new();
    let (mut heard, mut cursors) = (0, BTreeMap::new());
    loop {
        while under_way.len() < UNDER_WAY
            && let Some(message) = waiting.pop_front()
        {
            let sent = client.tell(request(&message)).await;
            under_way.insert(message.number, message);
            if sent.is_err() {
                break;
            }
        }
        match client.next().await {
            Ok(Next::Frame(Response::Sent { id, .. })) => {
                if under_way.remove(&id).is_some() {
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            }
            Ok(Next::Frame(Response::Push { conversation, seq, .. })) => {
                heard += 1;
                cursors.insert(conversation, seq);
                if heard % ACKNOWLEDGE == 0 {
                    let cursors = std::mem::take(&mut cursors).into_iter();
                    let cursors = cursors.map(|(conversation, seq)| Position { conversation, seq }).collect();
                    // The end of the connection is seen at the next frame.
                    let _ = client.tell(Request::Ack { cursors }).await;
                }
            }
            Ok(Next::Frame(Response::Error { id: Some(id), code: 872_000, .. })) => {
                waiting.extend(under_way.remove(&id));
            }
            Ok(Next::Frame(Response::Error { code, message, .. })) => bail!("{code} {message}"),
            Ok(Next::Frame(_)) => {}
            Ok(Next::Closed(_)) | Err(_) => break,
        }
    }
    Ok(under_way.into_values().chain(waiting).collect())
}

fn request(message: &Message) -> Request<String> {
    match &message.to {
        To::User(name) => send(message.number, &message.key(), name, &message.text),
        To::Group(group) => send_in_as(message.number, &message.key(), *group, &message.text),
    }
}
