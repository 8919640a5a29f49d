//! A page at the controls: a client, its clock, and what came out of it.
#![allow(dead_code, reason = "each test program uses its part")]

use jmessage_client::{Action, Client, Credentials, Failure, Notice, Outgoing, Payload, Signature};
use jmessage_proto::{Request, Response};

/// The payload of these tests: sender, receiver and text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) from: &'static str,
    pub(crate) to: &'static str,
    pub(crate) words: u64,
}

impl Payload for Text {
    fn is_own_copy(&self, username: &str) -> bool {
        self.from == username && self.to != username
    }
}

pub(crate) type Frame = Request<Text>;

pub(crate) fn fields(app_key: &str) -> Signature {
    Signature {
        app_key: app_key.into(),
        timestamp: "1".into(),
        random_str: "2".into(),
        signature: "3".into(),
    }
}

pub(crate) fn to_bob(words: u64) -> Outgoing<Text> {
    Outgoing {
        target_type: "single".into(),
        target_id: "bob1".into(),
        msg_type: "text".into(),
        body: Text { from: "alice", to: "bob1", words },
        size: 10,
    }
}

/// A client with its clock; frames, notices and the other actions are taken apart as they come.
pub(crate) struct Page {
    pub(crate) client: Client<Text>,
    last_rid: u64,
    pub(crate) now: u64,
    pub(crate) frames: Vec<Frame>,
    pub(crate) news: Vec<Notice<Text>>,
    /// `connect`, `close 1000`, `ask 1`.
    pub(crate) calls: Vec<String>,
}

impl Page {
    pub(crate) fn new() -> Self {
        let client = Client::new(7);
        Self {
            client,
            last_rid: 201_502,
            now: 1_000,
            frames: Vec::new(),
            news: Vec::new(),
            calls: Vec::new(),
        }
    }

    /// A page that is logged in as alice.
    pub(crate) fn logged_in() -> Self {
        let mut page = Self::new();
        page.configure("app");
        page.open();
        page.configured();
        page.login("alice");
        page.session("alice");
        page.frames();
        page.news();
        page.calls();
        page
    }

    pub(crate) fn collect(&mut self) {
        while let Some(action) = self.client.next_action() {
            match action {
                Action::Connect => self.calls.push("connect".into()),
                Action::Close(code) => self.calls.push(format!("close {code}")),
                Action::AskSigner(ticket) => self.calls.push(format!("ask {ticket}")),
                Action::Transmit(frame) => self.frames.push(frame),
                Action::Notify(notice) => self.news.push(notice),
            }
        }
    }

    pub(crate) fn frames(&mut self) -> Vec<Frame> {
        self.collect();
        std::mem::take(&mut self.frames)
    }

    pub(crate) fn frame(&mut self) -> Frame {
        let mut frames = self.frames();
        assert_eq!(frames.len(), 1, "{frames:?}");
        frames.remove(0)
    }

    pub(crate) fn news(&mut self) -> Vec<Notice<Text>> {
        self.collect();
        std::mem::take(&mut self.news)
    }

    pub(crate) fn calls(&mut self) -> Vec<String> {
        self.collect();
        std::mem::take(&mut self.calls)
    }

    pub(crate) fn configure(&mut self, app_key: &str) {
        self.client.configure(self.now, Credentials::Fields(fields(app_key)), false);
    }

    pub(crate) fn open(&mut self) {
        self.client.opened(self.now);
    }

    pub(crate) fn close(&mut self, code: u16) {
        self.client.closed(self.now, code);
    }

    pub(crate) fn login(&mut self, username: &str) -> u64 {
        let rid = self.take_rid();
        self.client.login(self.now, rid, username.into(), "secret".into());
        rid
    }

    pub(crate) fn take_rid(&mut self) -> u64 {
        self.last_rid += 1;
        self.last_rid
    }

    /// Sends this to bob.
    pub(crate) fn say(&mut self, words: u64) -> u64 {
        let rid = self.take_rid();
        self.client.send(self.now, rid, rid, to_bob(words));
        rid
    }

    pub(crate) fn receive(&mut self, frame: Response<Text>) {
        self.client.received(self.now, frame);
        self.collect();
    }

    /// Answers the last request under way.
    pub(crate) fn configured(&mut self) {
        let id = self.last_id();
        self.receive(Response::Configured { id });
    }

    pub(crate) fn session(&mut self, username: &str) {
        let id = self.last_id();
        self.receive(Response::Session {
            id,
            token: "token".into(),
            username: username.into(),
            nickname: String::new(),
        });
    }

    pub(crate) fn refuse(&mut self, code: u64, retry_after: Option<u64>) {
        let id = Some(self.last_id());
        self.receive(Response::Error { id, code, message: "refused".into(), retry_after });
    }

    pub(crate) fn push(&mut self, seq: u64) {
        let message = Text { from: "bob1", to: "alice", words: seq };
        self.receive(Response::Push { conversation: 1, seq, message });
    }

    pub(crate) fn last_id(&mut self) -> u64 {
        self.collect();
        self.frames.iter().rev().find_map(Request::id).expect("a request with a number")
    }

    /// Lets time pass, with the ticks that are due.
    pub(crate) fn pass(&mut self, millis: u64) {
        let end = self.now + millis;
        let mut ticks = 0;
        while let Some(deadline) = self.client.deadline(self.now).filter(|deadline| *deadline <= end) {
            assert!(ticks < 10_000, "busy loop at {}", self.now);
            ticks += 1;
            self.now = self.now.max(deadline);
            self.client.tick(self.now);
            self.collect();
        }
        self.now = end;
    }

    /// Waits until the client connects again, and lets it.
    pub(crate) fn reconnect(&mut self) {
        self.pass(600);
        self.collect();
        assert!(self.calls.iter().any(|call| call == "connect"), "{:?}", self.calls);
        self.open();
    }
}

/// The code of the one failure in `news`.
pub(crate) fn code(news: &[Notice<Text>]) -> u64 {
    let failures: Vec<_> = news.iter().filter_map(failure).collect();
    assert_eq!(failures.len(), 1, "{news:?}");
    failures[0].code
}

pub(crate) fn failure(notice: &Notice<Text>) -> Option<&Failure> {
    match notice {
        Notice::ConfigError(failure)
        | Notice::LoginFailed(_, failure)
        | Notice::SendFailed(_, failure)
        | Notice::CallFailed(_, failure)
        | Notice::Notification(failure) => Some(failure),
        Notice::Ready
        | Notice::Connected
        | Notice::Disconnected
        | Notice::LoginDone(_)
        | Notice::Sent(_)
        | Notice::Answered(..)
        | Notice::Event(..)
        | Notice::Resync(..)
        | Notice::Backlog(..)
        | Notice::Media { .. }
        | Notice::Message(..) => None,
    }
}
