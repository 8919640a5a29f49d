//! A page and its user: the SDK's machine with what surrounds it in a browser.

use super::{
    body::{self, Body},
    clock,
    link::{Network, Packet},
    server::name,
    trace::Trace,
};
use crate::{
    App, PASSWORD,
    history::{Event, PageId, Place, Proof, To},
};
use jmessage_client::{Action, Client, Credentials, Failure, Notice, Outgoing, Signature, Timeouts};
use jmessage_proto::{Code, Request, Response};
use jmessage_sign::{Fields, MasterSecret, sign};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// The first number that pages give their requests, as in the SDK.
const FIRST_RID: u64 = 201_503;
/// After this a user tries again what failed.
const AGAIN: u64 = 2_000;
/// What a page that would rather wait than fail gives its requests.
const PATIENCE: u64 = 3_600_000;

/// A message that the page gave to be sent.
struct Message {
    serial: u64,
    to: To,
    text: String,
    /// Its key, once it was on its way.
    key: Option<String>,
    /// It failed; the page may send it again.
    failed: bool,
    /// The machine that was given it last.
    machine: Option<u32>,
}

/// What a call was made for.
enum Call {
    /// To make a group.
    Create,
    Other,
}

/// See the module.
pub(super) struct Page {
    pub(super) id: PageId,
    pub(super) user: usize,
    /// What the SDK's machine is made from.
    pub(super) seed: u64,
    patient: bool,
    client: Client<Body>,
    /// Which of the page's machines that is.
    machine: u32,
    /// What the machine before did not confirm.
    carried: Vec<u64>,
    pub(super) link: Option<usize>,
    next_rid: u64,
    next_serial: u64,
    /// What has no success yet, by number.
    messages: BTreeMap<u64, Message>,
    calls: BTreeMap<u64, Call>,
    /// Keys that the history knows.
    told: BTreeSet<String>,
    /// Up to where the page has shown each conversation.
    shown: BTreeMap<u64, u64>,
    /// The same when its machine was replaced: what the new one tells again is passed over.
    before: BTreeMap<u64, u64>,
    /// The place of the message whose confirmation is being handed over.
    place: Option<Place>,
    /// Its clock is ahead by so much.
    ahead: u64,
    /// It sleeps until then.
    pub(super) asleep: u64,
    /// The user wants to be logged in.
    pub(super) wants: bool,
    pub(super) logged_in: bool,
    again: Option<u64>,
}

/// What a page needs to do anything.
pub(super) struct Around<'a> {
    pub(super) network: &'a Network,
    pub(super) trace: &'a mut Trace,
    pub(super) app: &'a App,
    /// The groups that were made, in that order.
    pub(super) groups: &'a mut Vec<u64>,
}

impl Page {
    pub(super) fn open(id: PageId, user: usize, seed: u64, patient: bool, around: &mut Around<'_>) -> Self {
        let mut page = Self {
            id,
            user,
            seed,
            patient,
            client: Client::new(seed),
            machine: 0,
            carried: Vec::new(),
            link: None,
            next_rid: FIRST_RID,
            next_serial: 0,
            messages: BTreeMap::new(),
            calls: BTreeMap::new(),
            told: BTreeSet::new(),
            shown: BTreeMap::new(),
            before: BTreeMap::new(),
            place: None,
            ahead: 0,
            asleep: 0,
            wants: true,
            logged_in: false,
            again: None,
        };
        around.trace.event(Event::Opened { page: id, user: name(user) });
        page.set_up(around);
        page.login(around);
        page
    }

    /// The clock of the page, which begins with it.
    fn now(&self) -> u64 {
        clock::now() + self.ahead
    }

    fn set_up(&mut self, around: &mut Around<'_>) {
        if self.patient {
            self.client.set_timeouts(Timeouts { request: PATIENCE, login: 60_000 });
        }
        let credentials = Credentials::Signer(Some(around.app.key.clone()));
        self.client.configure(self.now(), credentials, false);
        self.act(around);
    }

    /// The SDK broke: another takes its place, as `pkg/src/face.js` does it.
    pub(super) fn replace(&mut self, around: &mut Around<'_>) {
        self.drop_link(around, Packet::Reset);
        self.client = Client::new(self.seed);
        self.machine += 1;
        self.before = self.shown.clone();
        self.logged_in = false;
        self.calls.clear();
        let waiting = self.messages.iter().filter(|(_, message)| !message.failed).map(|(rid, _)| *rid);
        self.carried = waiting.collect();
        self.set_up(around);
        if self.wants {
            self.call_login(around);
        } else {
            self.hand_over(around);
        }
    }

    /// What the machine before did not confirm goes to this one, once it is known whether it is logged in.
    fn hand_over(&mut self, around: &mut Around<'_>) {
        for rid in std::mem::take(&mut self.carried) {
            self.give(rid, around);
        }
    }

    fn give(&mut self, rid: u64, around: &mut Around<'_>) {
        let (now, machine) = (self.now(), self.machine);
        let Some(message) = self.messages.get_mut(&rid) else { return };
        message.failed = false;
        if message.machine.replace(machine) == Some(machine) {
            self.client.resend(now, rid);
        } else {
            self.client.send(now, rid, message.serial, outgoing(message));
        }
        self.act(around);
    }

    /// The page calls `login`.
    pub(super) fn login(&mut self, around: &mut Around<'_>) {
        self.wants = true;
        self.call_login(around);
    }

    fn call_login(&mut self, around: &mut Around<'_>) {
        self.again = None;
        let rid = self.take_rid();
        self.client.login(self.now(), rid, name(self.user), PASSWORD.into());
        self.act(around);
    }

    pub(super) fn logout(&mut self, around: &mut Around<'_>) {
        (self.wants, self.again, self.logged_in) = (false, None, false);
        // It is told nothing any more.
        around.trace.event(Event::Struck { page: Some(self.id), until: u64::MAX });
        self.client.logout(self.now());
        self.act(around);
    }

    pub(super) fn online(&mut self, around: &mut Around<'_>) {
        self.client.online(self.now());
        self.act(around);
    }

    pub(super) fn leap(&mut self, ms: u64) {
        self.ahead += ms;
    }

    fn take_rid(&mut self) -> u64 {
        self.next_rid += 1;
        self.next_rid
    }

    pub(super) fn send(&mut self, to: To, text: String, around: &mut Around<'_>) {
        let (rid, serial) = (self.take_rid(), self.next_serial);
        self.next_serial += 1;
        self.messages.insert(rid, Message { serial, to, text, key: None, failed: false, machine: None });
        self.give(rid, around);
    }

    /// Sends what failed again: by the machine that knows it, or anew under the same key.
    pub(super) fn resend(&mut self, around: &mut Around<'_>) {
        let failed: Vec<_> =
            self.messages.iter().filter(|(_, message)| message.failed).map(|(rid, _)| *rid).collect();
        for rid in failed {
            self.give(rid, around);
        }
    }

    pub(super) fn call(&mut self, method: &str, params: serde_json::Value, around: &mut Around<'_>) {
        let rid = self.take_rid();
        let call = if method == "createGroup" { Call::Create } else { Call::Other };
        self.calls.insert(rid, call);
        self.client.call(self.now(), rid, method.into(), Body(params));
        self.act(around);
    }

    /// When the page has something to do.
    pub(super) fn due(&self) -> Option<u64> {
        let deadline = self.client.deadline(self.now()).map(|at| at.saturating_sub(self.ahead));
        let due = deadline.into_iter().chain(self.again).min()?;
        Some(due.max(self.asleep))
    }

    pub(super) fn tick(&mut self, around: &mut Around<'_>) {
        if self.again.take_if(|at| *at <= clock::now()).is_some() && self.wants {
            self.login(around);
        }
        self.client.tick(self.now());
        self.act(around);
    }

    /// What arrived on its connection.
    pub(super) fn arrive(&mut self, packet: Packet, around: &mut Around<'_>) {
        let now = self.now();
        match packet {
            Packet::Welcome => self.client.opened(now),
            Packet::Text(bytes) => {
                let text = String::from_utf8_lossy(&bytes);
                around.trace.frame(self.id, &text);
                if let Some(response) = body::decode(&text) {
                    self.hear(now, response, around);
                }
            }
            Packet::Ping => {
                if let Some(link) = self.link {
                    around.network.lock().send_up(link, Packet::Pong);
                }
            }
            Packet::Close(code) => self.closed(code, around),
            Packet::Reset | Packet::Refused => self.closed(1006, around),
            Packet::Hello | Packet::Pong => {}
        }
        self.act(around);
    }

    fn closed(&mut self, code: u16, around: &mut Around<'_>) {
        self.drop_link(around, Packet::Close(code));
        self.logged_in = false;
        self.client.closed(self.now(), code);
    }

    fn hear(&mut self, now: u64, response: Response<Body>, around: &mut Around<'_>) {
        if let Some(request) = response.id() {
            around.trace.event(Event::Answered { page: self.id, request });
        }
        match &response {
            Response::Session { .. } => {
                self.logged_in = true;
                around.trace.event(Event::LoggedIn { page: self.id });
                // A logout may be on its way meanwhile.
                let link = self.link.filter(|_| self.wants);
                let until = link.map_or(u64::MAX, |link| around.network.lock().struck(link));
                around.trace.event(Event::Struck { page: Some(self.id), until });
            }
            Response::Sent { msg_id, conversation, seq, .. } => {
                self.place = Some(Place { conversation: *conversation, seq: *seq, id: *msg_id });
            }
            _ => {}
        }
        self.client.received(now, response);
    }

    /// Gives its end of the connection up with a last word.
    pub(super) fn drop_link(&mut self, around: &mut Around<'_>, last: Packet) {
        if let Some(link) = self.link.take() {
            around.trace.event(Event::Struck { page: Some(self.id), until: u64::MAX });
            let mut net = around.network.lock();
            net.links[link].used = false;
            net.send_up(link, last);
        }
    }

    fn act(&mut self, around: &mut Around<'_>) {
        while let Some(action) = self.client.next_action() {
            match action {
                Action::Connect => {
                    self.logged_in = false;
                    self.link = Some(around.network.lock().connect());
                }
                Action::Close(code) => {
                    self.logged_in = false;
                    self.drop_link(around, Packet::Close(code));
                }
                Action::Transmit(request) => self.transmit(request, around),
                Action::AskSigner(ticket) => {
                    let answer = signature(around.app).ok_or_else(|| Failure::from(Code::SignatureInvalid));
                    self.client.signed(self.now(), ticket, answer);
                }
                Action::Notify(notice) => self.notice(notice, around),
            }
        }
    }

    fn transmit(&mut self, request: Request<Body>, around: &mut Around<'_>) {
        let page = self.id;
        match &request {
            Request::Login { .. } => around.trace.event(Event::Asking { page, by: Proof::Login }),
            Request::Resume { .. } => around.trace.event(Event::Asking { page, by: Proof::Resume }),
            Request::Send { id, key, .. } => {
                if let Some(message) = self.messages.get_mut(id) {
                    message.key = Some(key.clone());
                    if self.told.insert(key.clone()) {
                        let (to, text) = (message.to.clone(), message.text.clone());
                        around.trace.event(Event::Sent { page, key: key.clone(), to, text });
                    }
                }
            }
            _ => {}
        }
        if let Some(request) = request.id() {
            around.trace.event(Event::Asked { page, request });
        }
        let text = body::encode(request);
        around.trace.frame(page, &text);
        if let Some(link) = self.link {
            around.network.lock().send_up(link, Packet::Text(text.into()));
        }
    }

    fn notice(&mut self, notice: Notice<Body>, around: &mut Around<'_>) {
        let page = self.id;
        match notice {
            Notice::Sent(rid) => {
                let told = self.messages.remove(&rid).and_then(|message| message.key).zip(self.place);
                if let Some((key, at)) = told {
                    around.trace.event(Event::Told { page, key, at });
                }
            }
            Notice::SendFailed(rid, failure) => {
                let Some(message) = self.messages.get_mut(&rid) else { return };
                message.failed = true;
                if let Some(key) = message.key.clone() {
                    around.trace.event(Event::Failed { page, key, code: failure.code });
                }
            }
            Notice::Message(at, body) | Notice::Event(at, body) => {
                if self.before.get(&at.conversation) < Some(&at.seq) {
                    self.shown.insert(at.conversation, at.seq);
                    let (from, body) = body.said();
                    let (conversation, seq) = (at.conversation, at.seq);
                    around.trace.event(Event::Received { page, conversation, seq, from, body });
                }
            }
            Notice::Answered(rid, answer) => {
                let made = matches!(self.calls.remove(&rid), Some(Call::Create));
                let gid = answer.and_then(|answer| answer.0["gid"].as_u64());
                around.groups.extend(gid.filter(|_| made));
            }
            Notice::CallFailed(rid, _) => _ = self.calls.remove(&rid),
            Notice::LoginDone(_) => {
                self.hand_over(around);
                if self.patient {
                    self.resend(around);
                }
            }
            Notice::LoginFailed(..) => {
                self.hand_over(around);
                self.again = self.wants.then(|| clock::now() + AGAIN);
            }
            Notice::ConfigError(_) => self.again = self.wants.then(|| clock::now() + AGAIN),
            Notice::Notification(failure) => {
                self.logged_in = false;
                if failure.is(Code::LoggedInElsewhere) {
                    (self.wants, self.again) = (false, None);
                    around.trace.event(Event::Kicked { page });
                } else if self.wants {
                    self.again = Some(clock::now() + AGAIN);
                }
            }
            Notice::Resync(..)
            | Notice::Backlog(..)
            | Notice::Ready
            | Notice::Connected
            | Notice::Disconnected
            | Notice::Media { .. } => {}
        }
    }

    /// Messages of which the page has heard nothing although it waited.
    pub(super) fn unanswered(&self) -> usize {
        self.messages.values().filter(|message| !message.failed).count()
    }
}

fn outgoing(message: &Message) -> Outgoing<Body> {
    let (target_type, target_id) = match &message.to {
        To::User(name) => ("single", name.clone()),
        To::Group(id) => ("group", id.to_string()),
    };
    Outgoing {
        target_type: target_type.into(),
        target_id,
        msg_type: "text".into(),
        body: Body::text(&message.text),
        size: message.text.len() + 16,
    }
}

fn signature(app: &App) -> Option<Signature> {
    let (timestamp, random_str) = (clock::wall().seconds().to_string(), "simulated".to_owned());
    let fields = Fields::new(&app.key, &timestamp, &random_str).ok()?;
    let signature = sign(&fields, &MasterSecret::new(app.secret()).ok()?).to_string();
    Some(Signature { app_key: app.key.clone(), timestamp, random_str, signature })
}

/// The options of a call about a group.
pub(super) fn members(group: u64, user: usize) -> serde_json::Value {
    json!({ "groupId": group, "memberUsernames": [name(user)] })
}
