//! A page: the real client machine, driven by real sockets and timers, that writes down what happens to it.

use super::wire::{Got, Wire};
use crate::{
    App, PASSWORD,
    history::{Body, Event, GroupNews, PageId, Place, Proof, To},
    now_seconds, text_body,
};
use jmessage_client::{Action, Client, Credentials, Notice, Outgoing, Payload, Signature};
use jmessage_proto::{Code, Request, Response};
use jmessage_sign::{Fields, MasterSecret, sign};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

/// After a login that failed, the page tries again after so many milliseconds of its clock.
const AGAIN: u64 = 1000;
/// The numbers below are the machine's own.
const FIRST_REQUEST: u64 = 1_000_000;

/// What all pages of a test share.
pub struct Scene {
    /// Where they connect to: a base URL.
    pub url: String,
    /// Whose users they are.
    pub app: App,
    /// How much faster than the real one their clock runs.
    pub speed: u64,
    events: Mutex<Vec<Event>>,
    pages: AtomicU64,
}

impl Scene {
    /// A scene without pages.
    pub fn new(url: &str, app: &App, speed: u64) -> Arc<Self> {
        let (events, pages) = Default::default();
        Arc::new(Self { url: url.to_owned(), app: app.clone(), speed, events, pages })
    }

    /// Writes down what happened.
    pub fn record(&self, event: Event) {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// Everything that was written down so far.
    pub fn events(&self) -> Vec<Event> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A page that is open. It closes when dropped.
pub struct Page {
    orders: mpsc::UnboundedSender<(To, String)>,
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    online: AtomicBool,
    waiting: AtomicUsize,
    received: AtomicUsize,
    kicks: AtomicUsize,
}

impl Page {
    /// Opens a page on which `user` logs in, and stays, whatever happens.
    pub fn open(scene: &Arc<Scene>, user: &str) -> Self {
        let (orders, taken) = mpsc::unbounded_channel();
        let seen = Arc::new(Seen::default());
        let number = scene.pages.fetch_add(1, Ordering::Relaxed);
        let (got, arrives) = mpsc::unbounded_channel();
        let driver = Driver {
            scene: scene.clone(),
            id: PageId(u32::try_from(number).unwrap_or(u32::MAX)),
            user: user.to_owned(),
            client: Client::new(number + 1),
            begun: Instant::now(),
            wire: None,
            wires: 0,
            got,
            keys: HashMap::new(),
            last: FIRST_REQUEST,
            login_at: None,
            held: Vec::new(),
            unsent: Vec::new(),
            seen: seen.clone(),
        };
        tokio::spawn(driver.run(taken, arrives));
        Self { orders, seen }
    }

    /// Sends a message, again and again if it must be.
    pub fn send(&self, to: To, text: &str) {
        self.seen.waiting.fetch_add(1, Ordering::Relaxed);
        let _ = self.orders.send((to, text.to_owned()));
    }

    /// Messages that have no answer so far.
    pub fn waiting(&self) -> usize {
        self.seen.waiting.load(Ordering::Relaxed)
    }

    /// Messages and events that came so far.
    pub fn received(&self) -> usize {
        self.seen.received.load(Ordering::Relaxed)
    }

    /// Whether there is a session on a connection that stands, as far as the page knows.
    pub fn is_online(&self) -> bool {
        self.seen.online.load(Ordering::Relaxed)
    }

    /// How often the session was taken away.
    pub fn kicks(&self) -> usize {
        self.seen.kicks.load(Ordering::Relaxed)
    }
}

/// JSON text of a message, an event or an answer.
#[derive(Clone)]
struct Json(String);

impl Payload for Json {
    fn is_own_copy(&self, username: &str) -> bool {
        let message: Value = serde_json::from_str(&self.0).unwrap_or_default();
        message["from_id"] == username && message["target_id"] != username
    }
}

struct Driver {
    scene: Arc<Scene>,
    id: PageId,
    user: String,
    client: Client<Json>,
    begun: Instant,
    wire: Option<Wire>,
    /// How many there were.
    wires: u64,
    got: mpsc::UnboundedSender<(u64, Got)>,
    /// The keys of messages by their numbers.
    keys: HashMap<u64, String>,
    last: u64,
    login_at: Option<u64>,
    /// Messages that wait for the first login.
    held: Vec<(To, String)>,
    /// Messages that failed for want of a session.
    unsent: Vec<u64>,
    seen: Arc<Seen>,
}

impl Driver {
    async fn run(
        mut self,
        mut orders: mpsc::UnboundedReceiver<(To, String)>,
        mut arrives: mpsc::UnboundedReceiver<(u64, Got)>,
    ) {
        self.scene.record(Event::Opened { page: self.id, user: self.user.clone() });
        let now = self.now();
        self.client.configure(now, Credentials::Signer(None), false);
        self.login(now);
        loop {
            self.act();
            let due = [self.client.deadline(self.now()), self.login_at].into_iter().flatten().min();
            let wake = due.map(|due| self.begun + Duration::from_micros(due * 1000 / self.scene.speed));
            let asleep = async {
                match wake {
                    Some(wake) => sleep_until(wake).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                order = orders.recv() => match order {
                    Some((to, text)) if self.client.may_send().is_ok() => self.send(&to, &text),
                    Some(order) => self.held.push(order),
                    None => break,
                },
                Some((number, got)) = arrives.recv() => {
                    if number == self.wires {
                        self.take(got);
                    }
                }
                () = asleep => self.tick(),
            }
        }
        self.scene.record(Event::Closed { page: self.id });
    }

    /// The page's clock, in milliseconds.
    fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX) * self.scene.speed / 1000
    }

    fn next(&mut self) -> u64 {
        self.last += 1;
        self.last
    }

    fn login(&mut self, now: u64) {
        let rid = self.next();
        self.client.login(now, rid, self.user.clone(), PASSWORD.to_owned());
    }

    fn tick(&mut self) {
        let now = self.now();
        if self.login_at.is_some_and(|at| at <= now) {
            self.login_at = None;
            self.login(now);
        }
        self.client.tick(now);
    }

    fn send(&mut self, to: &To, text: &str) {
        let (now, rid) = (self.now(), self.next());
        let (target_type, target_id) = match to {
            To::User(name) => ("single", name.clone()),
            To::Group(group) => ("group", group.to_string()),
        };
        let body = Json(text_body(text));
        let (target_type, msg_type, size) = (target_type.to_owned(), "text".to_owned(), text.len());
        let message = Outgoing { target_type, target_id, msg_type, body, size };
        self.client.send(now, rid, rid, message);
    }

    fn take(&mut self, got: Got) {
        let now = self.now();
        match got {
            Got::Opened => self.client.opened(now),
            Got::Closed(code) => {
                self.wire = None;
                self.client.closed(now, code);
            }
            Got::Frame(frame) => {
                self.note(&frame);
                self.client.received(now, frame.map_message(Json));
            }
        }
    }

    /// Writes down what a frame says to the page.
    fn note(&self, frame: &Response<String>) {
        let page = self.id;
        match frame {
            Response::Session { .. } => {
                self.seen.online.store(true, Ordering::Relaxed);
                self.scene.record(Event::LoggedIn { page });
            }
            Response::Sent { id, msg_id, conversation, seq, .. } => {
                if let Some(key) = self.keys.get(id).cloned() {
                    let at = Place { conversation: *conversation, seq: *seq, id: *msg_id };
                    self.scene.record(Event::Told { page, key, at });
                }
            }
            _ => {}
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.client.next_action() {
            match action {
                Action::Connect => {
                    self.wires += 1;
                    self.wire = Some(Wire::connect(self.scene.url.clone(), self.wires, self.got.clone()));
                }
                Action::Close(_) => {
                    // What still comes from it is not for the machine any more.
                    self.wires += 1;
                    self.wire = None;
                }
                Action::Transmit(request) => self.transmit(request.map_body(|Json(text)| text)),
                Action::AskSigner(ticket) => {
                    let (now, signed) = (self.now(), self.sign());
                    let failed = || jmessage_client::Failure::new(Code::ServerError, "cannot sign");
                    self.client.signed(now, ticket, signed.ok_or_else(failed));
                }
                Action::Notify(notice) => self.hear(notice),
            }
        }
    }

    fn sign(&self) -> Option<Signature> {
        let (app_key, timestamp) = (self.scene.app.key.clone(), now_seconds().to_string());
        let fields = Fields::new(&app_key, &timestamp, "live").ok()?;
        let signature = sign(&fields, &MasterSecret::new(self.scene.app.secret()).ok()?).to_string();
        Some(Signature { app_key, timestamp, random_str: "live".to_owned(), signature })
    }

    fn transmit(&mut self, request: Request<String>) {
        let page = self.id;
        match &request {
            Request::Login { .. } => self.scene.record(Event::Asking { page, by: Proof::Login }),
            Request::Resume { .. } => self.scene.record(Event::Asking { page, by: Proof::Resume }),
            Request::Send { id, key, target_type, target_id, msg_body, .. } => {
                self.keys.insert(*id, key.clone());
                let to = match target_id.parse() {
                    Ok(group) if target_type == "group" => To::Group(group),
                    _ => To::User(target_id.clone()),
                };
                let body: Value = serde_json::from_str(msg_body).unwrap_or_default();
                let text = body["text"].as_str().unwrap_or_default().to_owned();
                self.scene.record(Event::Sent { page, key: key.clone(), to, text });
            }
            _ => {}
        }
        if let Some(wire) = &self.wire {
            wire.send(request.encode());
        }
    }

    fn hear(&mut self, notice: Notice<Json>) {
        let (page, now) = (self.id, self.now());
        match notice {
            Notice::Disconnected => self.seen.online.store(false, Ordering::Relaxed),
            Notice::LoginDone(_) => {
                for (to, text) in std::mem::take(&mut self.held) {
                    self.send(&to, &text);
                }
                for rid in std::mem::take(&mut self.unsent) {
                    self.client.resend(now, rid);
                }
            }
            Notice::LoginFailed(..) => self.login_at = Some(now + AGAIN),
            Notice::Notification(failure) => {
                self.seen.online.store(false, Ordering::Relaxed);
                if failure.is(Code::LoggedInElsewhere) {
                    self.seen.kicks.fetch_add(1, Ordering::Relaxed);
                    self.scene.record(Event::Kicked { page });
                }
                self.login_at = Some(now + AGAIN);
            }
            Notice::Sent(_) => drop(self.seen.waiting.fetch_sub(1, Ordering::Relaxed)),
            Notice::SendFailed(rid, failure) => {
                if let Some(key) = self.keys.get(&rid).cloned() {
                    self.scene.record(Event::Failed { page, key, code: failure.code });
                }
                match failure.code {
                    code if code == u64::from(Code::NotLoggedIn.number()) => self.unsent.push(rid),
                    // Nothing that a page of ours says makes no sense; whoever waits for it will say so.
                    code if code == u64::from(Code::Arguments.number()) => {}
                    _ => self.client.resend(now, rid),
                }
            }
            Notice::Message(at, Json(message)) => {
                let message: Value = serde_json::from_str(&message).unwrap_or_default();
                let body = Body::Text(text(&message["msg_body"]["text"]));
                self.receive(at.conversation, at.seq, text(&message["from_id"]), body);
            }
            Notice::Event(at, Json(event)) => {
                let event: Value = serde_json::from_str(&event).unwrap_or_default();
                let users = event["to_username_list"].as_array().into_iter().flatten().map(text).collect();
                let news = match event["event_type"].as_str() {
                    Some("create_group") => GroupNews::Created,
                    Some("add_members") => GroupNews::Added,
                    Some("remove_members") => GroupNews::Removed,
                    _ => GroupNews::Left,
                };
                let body = Body::Group(news, users);
                self.receive(at.conversation, at.seq, text(&event["from_username"]), body);
            }
            // Nothing is cut off in these scenes; a loss is found by whoever waits for what was lost.
            Notice::Resync(..)
            | Notice::Backlog(..)
            | Notice::Ready
            | Notice::ConfigError(_)
            | Notice::Connected
            | Notice::Answered(..)
            | Notice::CallFailed(..)
            | Notice::Media { .. } => {}
        }
    }

    fn receive(&self, conversation: u64, seq: u64, from: String, body: Body) {
        self.seen.received.fetch_add(1, Ordering::Relaxed);
        self.scene.record(Event::Received { page: self.id, conversation, seq, from, body });
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
