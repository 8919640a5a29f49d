//! The machine against a small model of the server, with connections that break, frames that are lost, repeated and
//! late, a server that is busy, forgets its sessions or throws the user out, in any order.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Page, Text};
use jmessage_client::Notice;
use jmessage_proto::{Position, Request, Response};
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

#[derive(Clone, Debug)]
enum Event {
    /// The page sends a message.
    Send,
    /// The page sends the last message again that failed.
    Resend,
    Login,
    Logout,
    /// Bob writes; whether the server's push to alice gets lost on the way.
    Bob {
        lost: bool,
    },
    /// So many frames go up, then down.
    Flow {
        up: usize,
        down: usize,
    },
    /// The server says something twice.
    Repeat,
    Pass(u64),
    Break(u16),
    /// The next so many messages meet a busy server.
    Busy(u32),
    /// The server forgets its sessions.
    Forget,
    Kick,
    Online,
    /// The server keeps no more than so many entries.
    Trim(u64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => Just(Event::Send),
        2 => Just(Event::Resend),
        1 => Just(Event::Login),
        1 => Just(Event::Logout),
        5 => prop::bool::weighted(0.2).prop_map(|lost| Event::Bob { lost }),
        12 => (0..5_usize, 0..5_usize).prop_map(|(up, down)| Event::Flow { up, down }),
        1 => Just(Event::Repeat),
        6 => prop_oneof![0..300_u64, 0..40_000_u64].prop_map(Event::Pass),
        3 => prop::sample::select(vec![1000_u16, 1001, 1006, 4008, 4006]).prop_map(Event::Break),
        1 => (1..3_u32).prop_map(Event::Busy),
        1 => Just(Event::Forget),
        1 => Just(Event::Kick),
        1 => Just(Event::Online),
        1 => (0..4_u64).prop_map(Event::Trim),
    ]
}

const CONVERSATION: u64 = 1;

/// The server, as far as alice sees it.
#[derive(Default)]
struct Server {
    /// The one conversation: sender and text; position 1 comes first.
    log: Vec<(&'static str, u64)>,
    keys: BTreeMap<String, u64>,
    /// Positions up to this one are not kept any more.
    cut: u64,
    cursor: u64,
    tokens: u64,
    /// Whether the token given last still resumes.
    remembers: bool,
    /// Whether the connection carries a session.
    session: bool,
    busy: u32,
}

impl Server {
    fn entry(&self, seq: u64) -> Response<Text> {
        let (from, text) = self.log[usize::try_from(seq - 1).unwrap()];
        let to = if from == "alice" { "bob1" } else { "alice" };
        Response::Push { conversation: CONVERSATION, seq, message: Text { from, to, words: text } }
    }

    fn entries_after(&self, seq: u64) -> Vec<Response<Text>> {
        let lost = Text { from: "bob1", to: "alice", words: seq + 1 };
        let resync = Response::Resync { conversation: CONVERSATION, seq: self.cut, lost };
        let kept = (seq.max(self.cut) + 1..=self.log.len() as u64).map(|seq| self.entry(seq));
        (seq < self.cut).then_some(resync).into_iter().chain(kept).collect()
    }

    fn append(&mut self, from: &'static str, text: u64) -> u64 {
        self.log.push((from, text));
        self.log.len() as u64
    }

    fn acknowledge(&mut self, cursors: &[Position]) {
        for position in cursors {
            assert_eq!(position.conversation, CONVERSATION);
            assert!(position.seq <= self.log.len() as u64, "acknowledges what does not exist");
            self.cursor = self.cursor.max(position.seq);
        }
    }

    fn open(&mut self, id: u64) -> Vec<Response<Text>> {
        self.session = true;
        self.remembers = true;
        self.tokens += 1;
        let token = self.tokens.to_string();
        let mut answers =
            vec![Response::Session { id, token, username: "alice".into(), nickname: String::new() }];
        answers.extend(self.entries_after(self.cursor));
        answers
    }

    fn answer(&mut self, request: Request<Text>) -> Vec<Response<Text>> {
        let refuse = |id, code, retry_after| {
            vec![Response::Error { id: Some(id), code, message: String::new(), retry_after }]
        };
        match request {
            Request::Config { id, .. } => vec![Response::Configured { id }],
            Request::Login { id, .. } => self.open(id),
            Request::Resume { id, token, cursors, .. } => {
                if !self.remembers || token != self.tokens.to_string() {
                    return refuse(id, 872_003, None);
                }
                self.acknowledge(&cursors);
                self.open(id)
            }
            Request::Logout { id } => {
                self.session = false;
                self.remembers = false;
                vec![Response::Done { id }]
            }
            Request::Send { id, .. } if !self.session => refuse(id, 872_001, None),
            Request::Send { id, .. } if self.busy > 0 => {
                self.busy -= 1;
                refuse(id, 872_000, Some(700))
            }
            Request::Send { id, key, msg_body, .. } => {
                let next = self.log.len() as u64 + 1;
                let seq = *self.keys.entry(key).or_insert(next);
                if seq == next {
                    self.append("alice", msg_body.words);
                }
                vec![Response::Sent { id, msg_id: seq, conversation: CONVERSATION, seq, create_time: 1 }]
            }
            Request::Ack { cursors } => {
                self.acknowledge(&cursors);
                Vec::new()
            }
            Request::Sync { after, .. } => self.entries_after(after),
            Request::Call { id, .. } => vec![Response::Data { id, data: None }],
            Request::Ping => vec![Response::Pong],
        }
    }
}

/// Page, network and server together.
struct World {
    page: Page,
    server: Server,
    connected: bool,
    up: VecDeque<Request<Text>>,
    down: VecDeque<Response<Text>>,
    texts: u64,
    /// The text of each message by its number, and whether its present attempt is without an outcome.
    sent: BTreeMap<u64, (u64, bool)>,
    failed: Vec<u64>,
    succeeded: Vec<u64>,
    heard: Vec<u64>,
    /// What the page was told that it will not get: from where to where.
    lost: Vec<std::ops::RangeInclusive<u64>>,
    logged_in: bool,
    calls: usize,
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            page: Page::new(),
            server: Server::default(),
            connected: false,
            up: VecDeque::new(),
            down: VecDeque::new(),
            texts: 0,
            sent: BTreeMap::new(),
            failed: Vec::new(),
            succeeded: Vec::new(),
            heard: Vec::new(),
            lost: Vec::new(),
            logged_in: false,
            calls: 0,
        };
        world.page.configure("app");
        world.page.login("alice");
        world
    }

    fn happen(&mut self, event: &Event) {
        match event {
            Event::Send => {
                self.texts += 1;
                let rid = self.page.say(self.texts);
                assert!(self.sent.insert(rid, (self.texts, true)).is_none(), "a number is used twice");
            }
            Event::Resend => {
                if let Some(rid) = self.failed.pop() {
                    self.sent.get_mut(&rid).unwrap().1 = true;
                    self.page.client.resend(self.page.now, rid);
                }
            }
            Event::Login => _ = self.page.login("alice"),
            Event::Logout => {
                self.page.client.logout(self.page.now);
                self.logged_in = false;
            }
            Event::Bob { lost } => {
                self.texts += 1;
                let seq = self.server.append("bob1", self.texts);
                // A first entry that gets lost cannot be missed: what is seen first is where the cursor starts.
                if self.server.session && (!lost || self.heard.is_empty()) {
                    self.down.push_back(self.server.entry(seq));
                }
            }
            Event::Flow { up, down } => self.flow(*up, *down),
            Event::Repeat => self.down.extend(self.down.back().cloned()),
            Event::Pass(millis) => self.page.pass(*millis),
            Event::Break(code) => self.break_connection(*code),
            Event::Busy(times) => self.server.busy = *times,
            Event::Forget => self.server.remembers = false,
            Event::Kick => {
                if self.server.session {
                    self.server.session = false;
                    self.server.remembers = false;
                    self.down.push_back(Response::Kicked { code: 872_008, message: String::new() });
                }
            }
            Event::Trim(kept) => {
                let cut = (self.server.log.len() as u64).saturating_sub(*kept);
                self.server.cut = self.server.cut.max(cut);
            }
            Event::Online => self.page.client.online(self.page.now),
        }
        self.settle();
    }

    fn break_connection(&mut self, code: u16) {
        if self.connected {
            self.disconnect();
            self.page.close(code);
        }
    }

    fn disconnect(&mut self) {
        self.connected = false;
        self.server.session = false;
        self.up.clear();
        self.down.clear();
    }

    fn flow(&mut self, up: usize, down: usize) {
        for _ in 0..up {
            let Some(request) = self.up.pop_front() else { break };
            let answers = self.server.answer(request);
            self.down.extend(answers);
        }
        for _ in 0..down {
            let Some(response) = self.down.pop_front() else { break };
            self.page.receive(response);
            self.settle();
        }
    }

    /// Carries out what the machine wants, until it wants nothing more.
    fn settle(&mut self) {
        loop {
            let calls = self.page.calls();
            self.calls += calls.len();
            for call in &calls {
                match call.as_str() {
                    "connect" => {
                        assert!(!self.connected, "a second connection");
                        self.connected = true;
                        self.page.open();
                    }
                    "close 1000" => self.disconnect(),
                    other => panic!("{other}"),
                }
            }
            for news in self.page.news() {
                self.note(news);
            }
            let frames = self.page.frames();
            if self.connected {
                for frame in &frames {
                    let is_message = matches!(frame, Request::Send { .. });
                    assert!(!is_message || self.logged_in, "a message without a session");
                }
                self.up.extend(frames.iter().cloned());
            }
            if calls.is_empty() && frames.is_empty() {
                return;
            }
        }
    }

    fn note(&mut self, news: Notice<Text>) {
        match news {
            Notice::Sent(rid) => {
                let (text, open) = self.sent.get_mut(&rid).unwrap();
                assert!(std::mem::take(open), "a second outcome");
                let copies = self.server.log.iter().filter(|entry| **entry == ("alice", *text)).count();
                assert_eq!(copies, 1, "success without being stored");
                self.succeeded.push(*text);
            }
            Notice::SendFailed(rid, _) => {
                assert!(std::mem::take(&mut self.sent.get_mut(&rid).unwrap().1), "a second outcome");
                self.failed.push(rid);
            }
            Notice::Message(_, message) => {
                assert_eq!(message.from, "bob1", "own messages are not told");
                self.heard.push(message.words);
            }
            Notice::Resync(at, lost) => self.lost.push(lost.words..=at.seq),
            Notice::LoginDone(_) => self.logged_in = true,
            Notice::Notification(_) => self.logged_in = false,
            Notice::Ready
            | Notice::ConfigError(_)
            | Notice::Connected
            | Notice::Disconnected
            | Notice::LoginFailed(..)
            | Notice::Answered(..)
            | Notice::CallFailed(..)
            | Notice::Media { .. }
            | Notice::Backlog(..)
            | Notice::Event(..) => {}
        }
    }

    fn calm_down(&mut self) {
        for _ in 0..400 {
            self.flow(100, 100);
            self.page.pass(250);
            self.settle();
        }
    }

    /// Everything works again; in the end nothing may be open or missing.
    fn heal(&mut self) {
        self.server.busy = 0;
        self.calm_down();
        // What got lost is noticed when more comes.
        self.happen(&Event::Bob { lost: false });
        self.calm_down();
        assert!(self.sent.values().all(|(_, open)| !open), "a message without an outcome");
        // What the page did not hear it was told to be lost.
        let told = |seq: u64, text: u64| {
            self.heard.contains(&text) || !self.lost.iter().any(|range| range.contains(&seq))
        };
        let entries = (1..).zip(&self.server.log);
        let from_bob = entries.filter(|(seq, entry)| entry.0 == "bob1" && told(*seq, entry.1));
        let written: Vec<_> = from_bob.map(|(_, entry)| entry.1).collect();
        if self.logged_in {
            assert_eq!(self.heard, written, "once, in order, all");
        } else {
            assert_eq!(self.heard, written[..self.heard.len()], "once and in order");
        }
        for (_, text) in self.server.log.iter().filter(|entry| entry.0 == "alice") {
            let copies = self.server.log.iter().filter(|entry| **entry == ("alice", *text)).count();
            assert_eq!(copies, 1, "stored twice");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_doubled_or_left_open(events in prop::collection::vec(event(), 0..120)) {
        let mut world = World::new();
        world.settle();
        for event in &events {
            world.happen(event);
        }
        world.heal();
        let calls = world.calls;
        world.page.pass(1_000_000);
        world.settle();
        prop_assert!(world.calls - calls < 200, "never at rest");
    }

    /// Connections that break again and again, and nothing worse: every message succeeds that has the time.
    #[test]
    fn breaks_alone_delay_messages_but_neither_lose_nor_reorder_them(
        breaks in prop::collection::vec((0..6_usize, 0..6_usize, 0..200_u64), 0..20),
    ) {
        let mut world = World::new();
        world.page.client.set_timeouts(jmessage_client::Timeouts { request: 10_000_000, login: 10_000_000 });
        world.settle();
        world.flow(9, 9);
        world.flow(9, 9);
        prop_assert!(world.logged_in);
        for (up, down, millis) in breaks {
            world.happen(&Event::Send);
            world.happen(&Event::Send);
            world.happen(&Event::Bob { lost: false });
            world.happen(&Event::Flow { up, down });
            world.happen(&Event::Break(1006));
            world.happen(&Event::Pass(millis));
        }
        world.heal();
        prop_assert!(world.failed.is_empty());
        let mine: Vec<_> =
            world.server.log.iter().filter(|entry| entry.0 == "alice").map(|entry| entry.1).collect();
        prop_assert!(mine.is_sorted(), "in the order of the calls: {:?}", mine);
        prop_assert_eq!(mine.len(), world.succeeded.len());
    }
}
