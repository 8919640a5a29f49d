//! Delivery between sessions of one domain on a real store: order, the way from log to queue, kicks, failures.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod fixture;

use jmessage_core::{
    Core, End, Error, Event, GroupChange, GroupRef, Options, Proof, QueueLimits, Receipt, Session, To, Token,
    port::{Done, Log, Op, Reader, Refusal, Unavailable, Writer},
};
use jmessage_model::{
    AppId, AppKey, ClientKey, Content, ConversationId, Description, GroupKey, GroupName, Limits, Nickname,
    Password, Platform, Seq, Username,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

struct Domain {
    core: Core,
    app: AppId,
    broken: Arc<AtomicBool>,
    unsynced: Arc<AtomicBool>,
    _directory: tempfile::TempDir,
}

/// A store whose commits fail while `broken` is set, before anything is written, and whose syncs fail while `unsynced` is.
struct Breakable<W> {
    writer: W,
    broken: Arc<AtomicBool>,
    unsynced: Arc<AtomicBool>,
}

struct BreakableLog {
    log: Box<dyn Log>,
    unsynced: Arc<AtomicBool>,
}

impl Log for BreakableLog {
    fn sync(&mut self) -> Result<(), Unavailable> {
        if self.unsynced.load(Relaxed) {
            return Err(Unavailable("the disk is gone".into()));
        }
        self.log.sync()
    }
}

impl<W: Writer> Writer for Breakable<W> {
    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Result<Done, Refusal>>, Unavailable> {
        if self.broken.load(Relaxed) {
            return Err(Unavailable("the disk is on fire".into()));
        }
        self.writer.commit(ops)
    }

    fn log(&self) -> Result<Box<dyn Log>, Unavailable> {
        Ok(Box::new(BreakableLog { log: self.writer.log()?, unsynced: self.unsynced.clone() }))
    }
}

fn password() -> Password {
    Password::new("pass1234").unwrap()
}

impl Domain {
    async fn new(queue: QueueLimits) -> Self {
        Self::with(queue, Limits::default()).await
    }

    async fn with_group_limit(group: usize) -> Self {
        Self::with(QueueLimits::default(), Limits { group, ..Limits::default() }).await
    }

    async fn with(queue: QueueLimits, limits: Limits) -> Self {
        let directory = tempfile::TempDir::new().unwrap();
        let (writer, reader) = jmessage_store::sqlite::open(directory.path()).unwrap();
        let [broken, unsynced] = [(), ()].map(|()| Arc::new(AtomicBool::new(false)));
        let writer = Breakable { writer, broken: broken.clone(), unsynced: unsynced.clone() };
        let options = Options { limits, queue, ..fixture::options(&directory) };
        let core = Core::start(Box::new(writer), reader as Arc<dyn Reader>, options).unwrap();
        let app = core.create_app(AppKey::new("app").unwrap(), "App".into(), "secret".into()).await.unwrap();
        for name in ["alice", "bobby"] {
            let nickname = Nickname::new(name).unwrap();
            core.create_user(app, Username::new(name).unwrap(), nickname, password()).await.unwrap();
        }
        Self { core, app, broken, unsynced, _directory: directory }
    }

    async fn login(&self, name: &str) -> (Arc<Session>, Token) {
        self.core.login(self.app, name, password(), Platform::Web).await.unwrap()
    }

    /// Logs in and reads the log to its end; the texts that were there.
    async fn login_level(&self, name: &str) -> (Arc<Session>, Vec<String>) {
        let (session, _) = self.login(name).await;
        let texts = self.catch_up(&session).await;
        (session, texts)
    }

    async fn catch_up(&self, session: &Arc<Session>) -> Vec<String> {
        let mut catch_up = self.core.catch_up(session);
        let mut texts = Vec::new();
        while let Some(page) = catch_up.next().await.unwrap() {
            texts.extend(page.entries.into_iter().map(|entry| text_of(&entry.content)));
        }
        texts
    }

    async fn submit(&self, from: &Arc<Session>, to: &str, key: u64) {
        let content = Content::Text(format!("m{key}"));
        let client_key = ClientKey::new(&format!("k{key}")).unwrap();
        self.core.send(from, key, To::User(Username::new(to).unwrap()), client_key, content).await.unwrap();
    }

    /// Sends and waits for the answer, and until others were offered the message: the sender is answered before them.
    async fn send(&self, from: &Arc<Session>, to: &str, key: u64) -> Result<Receipt, Error> {
        self.submit(from, to, key).await;
        let answer = answer(from).await;
        self.core.look(from, vec![], vec![]).await.unwrap();
        answer
    }
}

fn text_of(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Noted(noted) => noted.text.clone(),
        Content::Media(media) => media.file.to_string(),
        Content::Group(event) => format!("{:?}", event.kind),
    }
}

async fn answer(session: &Session) -> Result<Receipt, Error> {
    let mut events = Vec::new();
    assert_eq!(session.queue.take(&mut events).await, None);
    match events.as_slice() {
        [Event::Reply { result, .. }] => result.clone(),
        other => panic!("{other:?}"),
    }
}

/// Takes entries from the queue until there are `count`.
async fn texts(session: &Session, count: usize) -> Vec<String> {
    let mut texts = Vec::new();
    while texts.len() < count {
        let mut events = Vec::new();
        assert_eq!(session.queue.take(&mut events).await, None);
        texts.extend(events.into_iter().map(|event| match event {
            Event::Entry(shared) => text_of(&shared.entry.content),
            Event::Reply { .. } | Event::Acknowledged => "answer".into(),
            Event::Signal(signal) => format!("{signal:?}"),
        }));
    }
    texts
}

fn names(range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range.map(|n| format!("m{n}")).collect()
}

#[tokio::test]
async fn offline_messages_come_first_and_new_ones_follow_in_order() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    for key in 1..=600 {
        assert!(matches!(domain.send(&alice, "bobby", key).await, Ok(Receipt::Sent(_))));
    }
    let (bobby, _) = domain.login("bobby").await;
    let mut catch_up = domain.core.catch_up(&bobby);
    let mut seen = Vec::new();
    let mut next = 601;
    while let Some(page) = catch_up.next().await.unwrap() {
        seen.extend(page.entries.into_iter().map(|entry| text_of(&entry.content)));
        // Written while the log is being read: neither lost nor repeated.
        domain.send(&alice, "bobby", next).await.unwrap();
        next += 1;
    }
    let rest = usize::try_from(next).unwrap() - 1 - seen.len();
    seen.extend(texts(&bobby, rest).await);
    assert_eq!(seen, names(1..=next - 1));
}

#[tokio::test]
async fn an_overflow_while_catching_up_reads_the_log_again() {
    let domain = Domain::new(QueueLimits { entries: 4, bytes: 1 << 20 }).await;
    let (alice, _) = domain.login_level("alice").await;
    domain.send(&alice, "bobby", 1).await.unwrap();
    let (bobby, _) = domain.login("bobby").await;
    let mut catch_up = domain.core.catch_up(&bobby);
    let first = catch_up.next().await.unwrap().unwrap();
    for key in 2..=50 {
        domain.send(&alice, "bobby", key).await.unwrap();
    }
    let mut seen: Vec<_> = first.entries.iter().map(|entry| text_of(&entry.content)).collect();
    while let Some(page) = catch_up.next().await.unwrap() {
        seen.extend(page.entries.iter().map(|entry| text_of(&entry.content)));
    }
    assert_eq!(seen, names(1..=50));
    domain.send(&alice, "bobby", 51).await.unwrap();
    assert_eq!(texts(&bobby, 1).await, ["m51"]);
}

#[tokio::test]
async fn a_slow_session_is_cut_and_finds_everything_in_the_log() {
    let domain = Domain::new(QueueLimits { entries: 4, bytes: 1 << 20 }).await;
    let (alice, _) = domain.login_level("alice").await;
    let (bobby, _) = domain.login_level("bobby").await;
    for key in 1..=9 {
        domain.send(&alice, "bobby", key).await.unwrap();
    }
    assert_eq!(bobby.queue.take(&mut Vec::new()).await, Some(End::TooSlow));
    assert_eq!(domain.core.stats().cuts.load(Relaxed), 1);
    domain.core.leave(bobby).await;
    let (_bobby, seen) = domain.login_level("bobby").await;
    assert_eq!(seen, names(1..=9));
}

#[tokio::test]
async fn a_login_elsewhere_ends_the_session_and_fences_it() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (old, old_token) = domain.login("alice").await;
    let (_new, _) = domain.login("alice").await;
    assert_eq!(old.queue.take(&mut Vec::new()).await, Some(End::Kicked));
    domain.submit(&old, "bobby", 1).await;
    let (_bobby, seen) = domain.login_level("bobby").await;
    assert!(seen.is_empty(), "nothing was written: {seen:?}");
    let resumed = domain.core.resume(domain.app, &old_token, Platform::Web, vec![]).await;
    // Both logins drew the same random bytes here, so only the digest of another token is refused.
    assert!(resumed.is_ok());
    let other = Token::new(old.user.id, [1; 16]);
    let refused = domain.core.resume(domain.app, &other, Platform::Web, vec![]).await;
    assert_eq!(refused.err(), Some(Error::Superseded));
}

#[tokio::test]
async fn resuming_replaces_the_own_connection_without_a_kick() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (old, token) = domain.login("alice").await;
    let new = domain.core.resume(domain.app, &token, Platform::Web, vec![]).await.unwrap();
    assert_eq!(old.queue.take(&mut Vec::new()).await, Some(End::Replaced));
    assert_eq!(domain.core.stats().kicks.load(Relaxed), 0);
    assert!(matches!(domain.send(&new, "bobby", 1).await, Ok(Receipt::Sent(_))));
    let elsewhere = domain.core.resume(AppId(77), &token, Platform::Web, vec![]).await;
    assert_eq!(elsewhere.err(), Some(Error::NoSession), "a token is of one app");
}

#[tokio::test]
async fn what_cannot_be_stored_is_refused_and_reaches_nobody() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    let (bobby, _) = domain.login_level("bobby").await;
    domain.broken.store(true, Relaxed);
    assert_eq!(domain.send(&alice, "bobby", 1).await, Err(Error::Unavailable));
    assert_eq!(
        domain.core.login(domain.app, "alice", password(), Platform::Web).await.err(),
        Some(Error::Unavailable)
    );
    domain.broken.store(false, Relaxed);
    assert!(domain.send(&alice, "bobby", 1).await.is_ok(), "the same key again");
    assert_eq!(texts(&bobby, 1).await, ["m1"]);
    assert_eq!(domain.core.stats().commit_failures.load(Relaxed), 2);
}

#[tokio::test]
async fn what_cannot_be_synced_is_refused_reaches_nobody_and_is_the_end() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    let (bobby, _) = domain.login_level("bobby").await;
    domain.unsynced.store(true, Relaxed);
    domain.submit(&alice, "bobby", 1).await;
    assert_eq!(answer(&alice).await, Err(Error::Unavailable));
    domain.core.failed().await;
    assert_eq!(domain.core.stats().commit_failures.load(Relaxed), 1);

    domain.unsynced.store(false, Relaxed);
    domain.submit(&alice, "bobby", 2).await;
    assert_eq!(answer(&alice).await, Err(Error::Unavailable), "a later sync proves nothing");
    assert_eq!(
        domain.core.apps().await.err(),
        Some(Error::Unavailable),
        "nor is anything told that was read"
    );
    assert_eq!(domain.core.check().await, Err(Error::Unavailable));
    let mut events = Vec::new();
    tokio::select! {
        biased;
        _ = bobby.queue.take(&mut events) => panic!("{events:?}"),
        () = tokio::task::yield_now() => {}
    }
}

#[tokio::test]
async fn after_a_sync_that_failed_nothing_is_decided_by_what_the_store_shows() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    domain.unsynced.store(true, Relaxed);
    let enter = || GroupChange::Enter { group: GroupRef::Key(GroupKey::new("room").unwrap()) };
    assert_eq!(domain.change(&alice, enter()).await, Err(Error::Unavailable));
    // The room is there, and alice is in it, as far as the store knows.
    assert_eq!(domain.change(&alice, enter()).await, Err(Error::Unavailable));
    domain.core.acknowledge(&alice, vec![]).await.unwrap();
    assert!(domain.core.look(&alice, vec![], vec![]).await.is_err());
    domain.core.stop().await;
}

#[tokio::test]
async fn a_repeated_message_is_delivered_once() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    let (bobby, _) = domain.login_level("bobby").await;
    let first = domain.send(&alice, "bobby", 1).await;
    let Ok(Receipt::Sent(first)) = first else { panic!("{first:?}") };
    let Ok(Receipt::Sent(again)) = domain.send(&alice, "bobby", 1).await else { panic!("refused") };
    assert_eq!((first.id, first.seq), (again.id, again.seq));
    domain.send(&alice, "bobby", 2).await.unwrap();
    assert_eq!(texts(&bobby, 2).await, ["m1", "m2"]);
}

#[tokio::test]
async fn a_message_to_oneself_comes_back() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    domain.submit(&alice, "alice", 1).await;
    assert_eq!(texts(&alice, 2).await, ["answer", "m1"]);
}

#[tokio::test]
async fn an_acknowledged_message_does_not_come_again() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    let sent = domain.send(&alice, "bobby", 1).await;
    let Ok(Receipt::Sent(sent)) = sent else { panic!("{sent:?}") };
    domain.send(&alice, "bobby", 2).await.unwrap();
    let (bobby, seen) = domain.login_level("bobby").await;
    assert_eq!(seen, ["m1", "m2"]);
    domain.core.acknowledge(&bobby, vec![(sent.conversation, Seq(1))]).await.unwrap();
    let (bobby, seen) = domain.login_level("bobby").await;
    assert_eq!(seen, ["m2"]);
    let all = domain.core.entries_after(&bobby, sent.conversation, Seq(0)).await.unwrap();
    assert_eq!(all.entries.len(), 2, "history stays");
    let foreign = domain.core.entries_after(&bobby, ConversationId(99), Seq(0)).await.unwrap();
    assert!(foreign.entries.is_empty());
}

#[tokio::test]
async fn logins_are_refused_by_fact() {
    let domain = Domain::new(QueueLimits::default()).await;
    let login = |name: &'static str, password: &'static str| {
        let core = domain.core.clone();
        let password = Password::new(password).unwrap();
        async move { core.login(domain.app, name, password, Platform::Web).await.err() }
    };
    assert_eq!(login("nobody", "pass1234").await, Some(Error::NoSuchUser));
    assert_eq!(login("alice", "pass12345").await, Some(Error::WrongPassword));
    let (alice, _) = domain.login_level("alice").await;
    assert_eq!(domain.send(&alice, "nobody", 1).await, Err(Error::NoSuchTarget));
}

#[tokio::test]
async fn stopping_answers_everything_submitted_before() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    for key in 1..=100 {
        domain.submit(&alice, "bobby", key).await;
    }
    domain.core.stop().await;
    let mut events = Vec::new();
    assert_eq!(alice.queue.take(&mut events).await, None);
    assert_eq!(events.len(), 100);
    assert_eq!(
        domain.core.acknowledge(&alice, vec![(ConversationId(1), Seq(1))]).await,
        Err(Error::Unavailable)
    );
}

#[test]
fn a_proof_prints_no_token() {
    let digest = Token::new(jmessage_model::UserId(1), [255; 16]).digest();
    assert_eq!(format!("{:?}", Proof::Login(digest)), "Login(***)");
}

/// The next answer; entries around it are passed over.
async fn reply(session: &Session) -> Result<Receipt, Error> {
    loop {
        let mut events = Vec::new();
        assert_eq!(session.queue.take(&mut events).await, None);
        let mut replies = events.into_iter().filter_map(|event| match event {
            Event::Reply { result, .. } => Some(result),
            Event::Entry(_) | Event::Acknowledged | Event::Signal(_) => None,
        });
        if let Some(result) = replies.next() {
            return result;
        }
    }
}

fn group_name(name: &str) -> GroupName {
    GroupName::new(name).unwrap()
}

impl Domain {
    /// Asks for a change of a group and waits for the answer.
    async fn change(&self, session: &Arc<Session>, change: GroupChange) -> Result<Receipt, Error> {
        self.core.change_group(session, 77, change).await.unwrap();
        reply(session).await
    }

    async fn create_group(&self, session: &Arc<Session>) -> ConversationId {
        let create =
            GroupChange::Create { name: group_name("team"), description: Description::new("").unwrap() };
        match self.change(session, create).await {
            Ok(Receipt::Group(group)) => group.card.id,
            other => panic!("{other:?}"),
        }
    }

    async fn add(&self, by: &Arc<Session>, group: ConversationId, name: &str) -> Result<Receipt, Error> {
        self.change(by, GroupChange::Add { group, users: vec![Username::new(name).unwrap()] }).await
    }

    async fn say(&self, from: &Arc<Session>, group: ConversationId, key: u64) -> Result<Receipt, Error> {
        let content = Content::Text(format!("m{key}"));
        let client_key = ClientKey::new(&format!("g{key}")).unwrap();
        self.core.send(from, key, To::Group(group), client_key, content).await.unwrap();
        reply(from).await
    }
}

#[tokio::test]
async fn members_online_and_offline_get_messages_and_events_in_order() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    let (bobby, _) = domain.login_level("bobby").await;
    let group = domain.create_group(&alice).await;
    domain.add(&alice, group, "bobby").await.unwrap();
    assert_eq!(texts(&bobby, 1).await, ["Added"]);
    domain.core.leave(bobby).await;
    domain.say(&alice, group, 1).await.unwrap();
    let remove = GroupChange::Remove { group, users: vec![Username::new("bobby").unwrap()] };
    domain.change(&alice, remove).await.unwrap();
    let (bobby, seen) = domain.login_level("bobby").await;
    assert_eq!(seen, ["Added", "m1", "Removed"], "who was offline and put out learns both");
    assert_eq!(domain.say(&bobby, group, 9).await, Err(Error::NotInGroup));
    domain.say(&alice, group, 2).await.unwrap();
    assert_eq!(domain.core.entries_after(&bobby, group, Seq(4)).await.unwrap().entries.len(), 0);
}

#[tokio::test]
async fn an_owner_who_leaves_ends_the_group_for_all() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    let (bobby, _) = domain.login_level("bobby").await;
    let group = domain.create_group(&alice).await;
    domain.add(&alice, group, "bobby").await.unwrap();
    assert_eq!(domain.change(&alice, GroupChange::Exit { group }).await, Ok(Receipt::Done));
    assert_eq!(texts(&bobby, 2).await, ["Added", "Dissolved"]);
    assert_eq!(domain.say(&bobby, group, 1).await, Err(Error::NoSuchGroup));
    assert_eq!(domain.core.group(&bobby, group, 0, 9).await.err(), Some(Error::NoSuchGroup));
    assert!(domain.core.groups(&alice, 9).await.unwrap().is_empty());
}

#[tokio::test]
async fn each_role_may_do_what_the_table_says() {
    let domain = Domain::new(QueueLimits::default()).await;
    let (alice, _) = domain.login_level("alice").await;
    let (bobby, _) = domain.login_level("bobby").await;
    let group = domain.create_group(&alice).await;
    let rename = GroupChange::Update { group, name: Some(group_name("new")), description: None };
    let remove = |name| GroupChange::Remove { group, users: vec![Username::new(name).unwrap()] };
    let exit = GroupChange::Exit { group };
    assert_eq!(domain.change(&bobby, rename.clone()).await, Err(Error::NotInGroup));
    assert_eq!(domain.add(&bobby, group, "bobby").await, Err(Error::NotInGroup));
    assert_eq!(domain.change(&bobby, exit.clone()).await, Err(Error::NotInGroupToLeave));
    assert_eq!(domain.core.group(&bobby, group, 0, 9).await.err(), Some(Error::NotInGroup));
    assert_eq!(domain.add(&alice, group, "nobody").await, Err(Error::NoSuchTarget));
    domain.add(&alice, group, "bobby").await.unwrap();
    assert_eq!(domain.add(&bobby, group, "alice").await, Ok(Receipt::Done), "already in it");
    assert_eq!(domain.change(&bobby, rename.clone()).await, Err(Error::MayNotChange));
    assert_eq!(domain.change(&bobby, remove("alice")).await, Err(Error::MayNotRemove));
    assert_eq!(domain.change(&alice, remove("alice")).await, Err(Error::MayNotRemove), "not even itself");
    match domain.change(&alice, rename).await {
        Ok(Receipt::Group(group)) => assert_eq!(group.card.name.as_str(), "new"),
        other => panic!("{other:?}"),
    }
    assert_eq!(domain.change(&bobby, exit).await, Ok(Receipt::Done));
    let (found, profiles) = domain.core.group(&alice, group, 0, 9).await.unwrap();
    assert_eq!((found.members.ids().len(), profiles.len()), (1, 1));
}

#[tokio::test]
async fn a_full_group_takes_nobody_in() {
    let domain = Domain::with_group_limit(1).await;
    let (alice, _) = domain.login_level("alice").await;
    let group = domain.create_group(&alice).await;
    assert_eq!(domain.add(&alice, group, "bobby").await, Err(Error::GroupFull));
    assert_eq!(domain.core.group(&alice, group, 0, 9).await.unwrap().0.members.ids().len(), 1);
}

/// What the writer keeps in memory of a group is changed with it, not read again: both must agree.
#[tokio::test]
async fn what_is_known_of_a_group_after_its_changes_is_what_is_stored() {
    let domain = Domain::new(QueueLimits::default()).await;
    let names = ["carol", "david", "emily", "frank"];
    for name in names {
        let nickname = Nickname::new(name).unwrap();
        domain
            .core
            .create_user(domain.app, Username::new(name).unwrap(), nickname, password())
            .await
            .unwrap();
    }
    let (alice, _) = domain.login_level("alice").await;
    let group = domain.create_group(&alice).await;
    let users = |names: &[&str]| names.iter().map(|name| Username::new(name).unwrap()).collect::<Vec<_>>();
    let changes = [
        GroupChange::Add { group, users: users(&["frank", "carol", "emily"]) },
        GroupChange::Remove { group, users: users(&["carol"]) },
        GroupChange::Add { group, users: users(&["bobby", "emily", "carol"]) },
        GroupChange::Remove { group, users: users(&["bobby", "frank", "david"]) },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        domain.change(&alice, change).await.unwrap();
        let name = Some(group_name(&format!("team {index}")));
        let update = GroupChange::Update { group, name, description: None };
        let Ok(Receipt::Group(known)) = domain.change(&alice, update).await else { panic!("not changed") };
        let (stored, _) = domain.core.group(&alice, group, 0, 0).await.unwrap();
        assert_eq!(*known, stored);
    }
}
