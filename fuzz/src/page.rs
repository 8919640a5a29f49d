//! A page with a client whose server sends what it likes.

use jmessage_client::{Action, Client, Credentials, Notice, Outgoing, Payload, Signature};
use jmessage_proto::{Request, Response};
use std::collections::HashMap;

/// Actions that follow one input at most. The largest is a new session, which sends what waited.
const ACTIONS: usize = 1000;

#[derive(Clone, PartialEq)]
struct Json(String);

impl Payload for Json {
    fn is_own_copy(&self, username: &str) -> bool {
        self.0.contains(&format!(r#""from_id":"{username}""#))
    }
}

struct Page {
    client: Client<Json>,
    now: u64,
    /// The client's own last request without an answer: what it hopes for.
    hopes: Option<Response<Json>>,
    /// Up to where each conversation was handed to the page.
    seen: HashMap<u64, u64>,
    rid: u64,
}

/// Each line is something that happens: a frame as JSON, or a word.
///
/// | word | happens |
/// |---|---|
/// | `+` | the client's last request is answered as it hopes |
/// | `close N` | the connection breaks with that code |
/// | `wait N` | milliseconds pass |
/// | `send` | the page sends a message |
/// | `call` | the page asks for something |
///
/// Whatever comes, the page gets each conversation in order and nothing twice, and one input has bounded consequences.
pub fn play(text: &str) {
    let mut page =
        Page { client: Client::new(7), now: 1000, hopes: None, seen: HashMap::new(), rid: 200_000 };
    let (app_key, timestamp, random_str) = ("app".into(), "1".into(), "2".into());
    let signature = Signature { app_key, timestamp, random_str, signature: "3".into() };
    page.client.configure(page.now, Credentials::Fields(signature), false);
    page.rid += 1;
    page.client.login(page.now, page.rid, "alice".into(), "pass".into());
    page.settle();
    for line in text.lines() {
        page.hear(line);
        page.settle();
        if page.client.deadline(page.now).is_some_and(|deadline| deadline <= page.now) {
            page.client.tick(page.now);
            page.settle();
        }
    }
}

impl Page {
    fn hear(&mut self, line: &str) {
        let now = self.now;
        let number = |text: &str| text.trim().parse::<u64>().unwrap_or_default();
        if line == "+" {
            self.answer();
        } else if let Some(code) = line.strip_prefix("close ") {
            self.client.closed(now, u16::try_from(number(code)).unwrap_or(1006));
        } else if let Some(wait) = line.strip_prefix("wait ") {
            self.now += number(wait).min(1 << 40);
            self.client.tick(self.now);
        } else if line == "send" {
            self.rid += 1;
            let outgoing = Outgoing {
                target_type: "single".into(),
                target_id: "bob1".into(),
                msg_type: "text".into(),
                body: Json(r#"{"text":"x"}"#.into()),
                size: 12,
            };
            self.client.send(now, self.rid, self.rid, outgoing);
        } else if line == "call" {
            self.rid += 1;
            self.client.call(now, self.rid, "getUserInfo".into(), Json("{}".into()));
        } else if let Ok(frame) = Response::decode(line) {
            self.receive(frame.map_message(|raw| Json(raw.get().to_owned())));
        }
    }

    fn answer(&mut self) {
        if let Some(frame) = self.hopes.take() {
            self.receive(frame);
        }
    }

    fn receive(&mut self, frame: Response<Json>) {
        if let Response::Session { username, .. } = &frame
            && username != "alice"
        {
            // Another user's conversations are other ones.
            self.seen.clear();
        }
        self.client.received(self.now, frame);
    }

    /// Carries out what the client wants.
    fn settle(&mut self) {
        for _ in 0..ACTIONS {
            let Some(action) = self.client.next_action() else { return };
            match action {
                Action::Connect => self.client.opened(self.now),
                Action::Transmit(request) => self.transmitted(&request),
                Action::Notify(Notice::Message(at, _) | Notice::Event(at, _)) => {
                    let before = self.seen.insert(at.conversation, at.seq);
                    assert!(before < Some(at.seq), "{before:?} and then {at:?}");
                }
                Action::Close(_) | Action::AskSigner(_) | Action::Notify(_) => {}
            }
        }
        panic!("one input has more than {ACTIONS} consequences");
    }

    fn transmitted(&mut self, request: &Request<Json>) {
        self.hopes = match *request {
            Request::Config { id, .. } => Some(Response::Configured { id }),
            Request::Login { id, .. } | Request::Resume { id, .. } => Some(Response::Session {
                id,
                token: "t".into(),
                username: "alice".into(),
                nickname: String::new(),
            }),
            _ => return,
        };
    }
}
