//! 50,000 sessions on one node, 10,000 of them in one group: what a message costs for each of its recipients.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use jmessage_core::{
    Command, Engine, Event, Proof, Queue, QueueLimits, Session, Stats, To, Token, UserCard,
    port::{Done, Fence, GroupWrite, Log, Op, Reader, Refusal, Unavailable, Writer},
};
use jmessage_model::{
    AppId, AppKey, ClientKey, Content, ConversationId, Description, Epoch, GroupEvent, GroupEventKind,
    GroupName, Limits, Millis, Nickname, Platform, UserId, Username,
};
use std::{
    cell::Cell,
    sync::{Arc, atomic::Ordering::Relaxed},
    task::{Context, Waker},
};
use tokio::sync::oneshot;

const SESSIONS: u64 = 50_000;
const MEMBERS: u64 = 10_000;

/// A store that knows the users who are in the group; sessions of the others are opened without it, to save time.
struct Store<W>(W);

impl<W: Writer> Writer for Store<W> {
    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Result<Done, Refusal>>, Unavailable> {
        if ops.iter().all(|op| matches!(op, Op::OpenSession { user, .. } if user.0 > 1)) {
            return Ok(vec![Ok(Done::Session(Epoch(1))); ops.len()]);
        }
        self.0.commit(ops)
    }

    fn log(&self) -> Result<Box<dyn Log>, Unavailable> {
        self.0.log()
    }
}

struct Node {
    engine: Engine,
    log: Box<dyn Log>,
    stats: Arc<Stats>,
    /// Each with the room for what it takes from its queue, as in a gateway.
    sessions: Vec<(Arc<Session>, Vec<Event>)>,
    big: ConversationId,
    small: ConversationId,
    _directory: tempfile::TempDir,
}

fn username(number: u64) -> Username {
    Username::new(&format!("user{number}")).unwrap()
}

impl Node {
    fn new() -> Self {
        let directory = tempfile::TempDir::new().unwrap();
        let (mut writer, reader) = jmessage_store::sqlite::open(directory.path()).unwrap();
        let app = AppId(1);
        let (key, secret) = (AppKey::new("app").unwrap(), "secret".into());
        let mut ops = vec![Op::CreateApp { key, name: "App".into(), secret, at: Millis(0) }];
        ops.extend((1..=MEMBERS).map(|number| Op::CreateUser {
            app,
            name: username(number),
            nickname: Nickname::new("nick").unwrap(),
            password: String::new(),
            at: Millis(0),
        }));
        assert!(writer.commit(&ops).unwrap().iter().all(Result::is_ok));
        let everybody: Vec<_> = (2..=MEMBERS).map(UserId).collect();
        let groups = [&everybody[..], &everybody[..1]].map(|members| make_group(&mut writer, app, members));
        let stats = Arc::new(Stats::default());
        let log = writer.log().unwrap();
        let engine = Engine::new(
            Box::new(Store(writer)),
            reader as Arc<dyn Reader>,
            Limits { group: 10_000, ..Limits::default() },
            stats.clone(),
        );
        let [big, small] = groups;
        let mut node = Self { engine, log, stats, sessions: Vec::new(), big, small, _directory: directory };
        for number in 1..=SESSIONS {
            node.enter(app, number);
        }
        node
    }

    /// Opens a session of this user, which takes what comes.
    fn enter(&mut self, app: AppId, number: u64) {
        let card = UserCard {
            app,
            id: UserId(number),
            name: username(number),
            nickname: Nickname::new("nick").unwrap(),
        };
        let (answer, mut opened) = oneshot::channel();
        let queue = Queue::live(QueueLimits::default());
        let proof = Proof::Login(Token::new(card.id, [0; 16]).digest());
        let open = Command::Open {
            user: Arc::new(card),
            shown: None,
            platform: Platform::Web,
            proof,
            queue,
            at: Millis(0),
            answer,
        };
        self.run(&mut vec![open]);
        self.sessions.push((opened.try_recv().unwrap().unwrap(), Vec::new()));
    }

    fn run(&mut self, commands: &mut Vec<Command>) {
        self.engine.run(commands, self.log.as_mut());
        self.engine.settle(self.log.as_mut());
    }

    fn send(&self, to: ConversationId, key: u64) -> Command {
        Command::Send {
            session: self.sessions[0].0.clone(),
            request: key,
            to: To::Group(to),
            key: ClientKey::new(&format!("k{key}")).unwrap(),
            content: Content::Text("hello".into()),
            at: Millis(0),
        }
    }

    /// Has everybody take what waits; how many entries there were, and how often one was encoded.
    fn drain(&mut self) -> (usize, usize) {
        let (encodings, mut entries) = (Cell::new(0), 0);
        for (session, events) in &mut self.sessions {
            let _ = session.queue.poll(&mut Context::from_waker(Waker::noop()), events);
            for event in events.drain(..) {
                if let Event::Entry(shared) = event {
                    entries += 1;
                    shared.encoded(0, |_| {
                        encodings.set(encodings.get() + 1);
                        "encoded".into()
                    });
                }
            }
        }
        (entries, encodings.get())
    }
}

/// A group of user 1 and these.
fn make_group(writer: &mut impl Writer, app: AppId, members: &[UserId]) -> ConversationId {
    let user = UserId(1);
    let token = Token::new(user, [0; 16]).digest();
    let opened = writer.commit(&[Op::OpenSession { user, platform: Platform::Web, token, at: Millis(0) }]);
    let Ok(Done::Session(epoch)) = opened.unwrap().remove(0) else { panic!("no session") };
    let fence = Fence { user, platform: Platform::Web, epoch };
    let (nickname, at) = (Nickname::new("nick").unwrap(), Millis(0));
    let event = |kind| GroupEvent { kind, users: vec![] };
    let change = GroupWrite::Create {
        app,
        key: None,
        name: GroupName::new("crowd").unwrap(),
        description: Description::new("").unwrap(),
        capacity: 10_000,
        event: event(GroupEventKind::Created),
        nickname: nickname.clone(),
        at,
    };
    let created = writer.commit(&[Op::Group { fence, change }]).unwrap().remove(0);
    let Ok(Done::Appended(created)) = created else { panic!("no group") };
    let change = GroupWrite::Members {
        group: created.conversation,
        add: members.to_vec(),
        remove: vec![],
        dissolve: false,
        owner: None,
        event: event(GroupEventKind::Added),
        nickname,
        at,
    };
    writer.commit(&[Op::Group { fence, change }]).unwrap().remove(0).unwrap();
    created.conversation
}

#[test]
fn a_message_to_ten_thousand_is_encoded_once_and_allocates_nothing_for_any_of_them() {
    let mut node = Node::new();
    assert_eq!(node.stats.sessions.load(Relaxed), SESSIONS);
    let mut key = 0;
    let mut allocations = |node: &mut Node, group| {
        key += 1;
        let mut commands = vec![node.send(group, key)];
        let used = allocation_counter::measure(|| node.run(&mut commands));
        (used.count_total, node.drain())
    };
    // Names and groups are looked up, and queues get their first room.
    let (small, big) = (node.small, node.big);
    for group in [small, small, big, big] {
        allocations(&mut node, group);
    }
    let (for_one, told) = allocations(&mut node, small);
    assert_eq!(told, (1, 1));
    let (for_all, told) = allocations(&mut node, big);
    assert_eq!(told, (9_999, 1), "everybody but the sender, from one encoding");
    assert!(for_all <= for_one + 8, "{for_all} allocations for 9,999 recipients, {for_one} for one");
}
