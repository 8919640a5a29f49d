//! What a session's user keeps and finds beside what is delivered: history, contacts, settings, notices, people; and who may
//! speak to all.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod fixture;

use jmessage_core::{Core, Error, Event, MAX_SETTING, Session, Signal, To};
use jmessage_model::{
    AppId, AppKey, ClientKey, ContactLabel, Content, ContentError, ConversationId, Limits, Nickname, Noted,
    Notice, Password, Platform, ProfileEdit, SettingName, Show, Username,
};
use std::{
    sync::Arc,
    task::{Context, Waker},
};

struct Domain {
    core: Core,
    app: AppId,
    _directory: tempfile::TempDir,
}

fn username(name: &str) -> Username {
    Username::new(name).unwrap()
}

fn password() -> Password {
    Password::new("pass1234").unwrap()
}

fn with(name: &str) -> To {
    To::User(username(name))
}

fn text(text: &str) -> Content {
    Content::Text(text.into())
}

impl Domain {
    async fn new() -> Self {
        let directory = tempfile::TempDir::new().unwrap();
        let (writer, reader) = jmessage_store::sqlite::open(directory.path()).unwrap();
        let core = Core::start(Box::new(writer), reader, fixture::options(&directory)).unwrap();
        let app = Self::app(&core, "app", &["alice", "bobby", "carol"]).await;
        Self::app(&core, "other", &["alice", "david"]).await;
        Self { core, app, _directory: directory }
    }

    async fn app(core: &Core, key: &str, users: &[&str]) -> AppId {
        let app = core.create_app(AppKey::new(key).unwrap(), String::new(), "secret".into()).await.unwrap();
        for name in users {
            core.create_user(app, username(name), Nickname::new("").unwrap(), password()).await.unwrap();
        }
        app
    }

    /// A session that has read its logs.
    async fn login(&self, name: &str) -> Arc<Session> {
        let (session, _) = self.core.login(self.app, name, password(), Platform::Web).await.unwrap();
        let mut catch_up = self.core.catch_up(&session);
        while catch_up.next().await.unwrap().is_some() {}
        session
    }

    async fn send(&self, from: &Arc<Session>, to: &str, key: &str) {
        let client_key = ClientKey::new(key).unwrap();
        self.core.send(from, 1, with(to), client_key, text(key)).await.unwrap();
        assert_eq!(from.queue.take(&mut Vec::new()).await, None);
    }

    async fn history(&self, of: &Session, to: To, limit: usize) -> Vec<String> {
        let entries = self.core.history(of, to, limit).await.unwrap();
        entries.iter().map(|entry| entry.content.text().unwrap_or_default().to_owned()).collect()
    }

    /// The signals that wait, once everything said before is worked off.
    async fn signals(&self, session: &Arc<Session>) -> Vec<Signal> {
        self.core.look(session, vec![], vec![]).await.unwrap();
        let mut events = Vec::new();
        let _ = session.queue.poll(&mut Context::from_waker(Waker::noop()), &mut events);
        let signals = events.into_iter().filter_map(|event| match event {
            Event::Signal(signal) => Some(Signal::clone(&signal)),
            Event::Entry(_) | Event::Reply { .. } | Event::Acknowledged => None,
        });
        signals.collect()
    }
}

#[tokio::test]
async fn history_is_the_end_of_a_conversation_and_can_be_cleared_for_oneself() {
    let domain = Domain::new().await;
    let (alice, bobby) = (domain.login("alice").await, domain.login("bobby").await);
    for key in ["m1", "m2", "m3"] {
        domain.send(&alice, "bobby", key).await;
    }
    assert_eq!(domain.history(&bobby, with("alice"), 2).await, ["m2", "m3"]);
    for nothing in [with("carol"), with("david"), with("nobody"), To::Group(ConversationId(99))] {
        assert_eq!(domain.history(&bobby, nothing, 9).await, [""; 0]);
    }
    domain.core.clear_history(&bobby, with("alice")).await.unwrap();
    assert_eq!(domain.history(&bobby, with("alice"), 9).await, [""; 0]);
    assert_eq!(domain.history(&alice, with("bobby"), 9).await, ["m1", "m2", "m3"]);
    domain.send(&alice, "bobby", "m4").await;
    assert_eq!(domain.history(&bobby, with("alice"), 9).await, ["m4"]);
    assert_eq!(domain.core.clear_history(&bobby, with("david")).await, Err(Error::NoSuchTarget));
}

#[tokio::test]
async fn contacts_are_of_one_app() {
    let domain = Domain::new().await;
    let label = |label: &str| Some(ContactLabel::new(label).unwrap());
    let keep = |other: &'static str, label| domain.core.keep_contact(domain.app, "alice", other, label);
    keep("bobby", label("friends")).await.unwrap();
    keep("carol", label("")).await.unwrap();
    assert_eq!(keep("david", label("friends")).await, Err(Error::NoSuchUser), "of the other App");
    assert_eq!(domain.core.keep_contact(domain.app, "nobody", "alice", None).await, Err(Error::NoSuchUser));
    let alice = domain.login("alice").await;
    let list = domain.core.contacts(&alice).await.unwrap();
    let list: Vec<_> = list.iter().map(|of| (of.other.card.name.as_str(), of.label.as_str())).collect();
    assert_eq!(list, [("bobby", "friends"), ("carol", "")]);
    keep("bobby", None).await.unwrap();
    let left = domain.core.contacts(&alice).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(domain.core.contacts_of(domain.app, "alice").await, Ok(left));
    assert_eq!(domain.core.contacts_of(domain.app, "david").await, Err(Error::NoSuchUser));
}

#[tokio::test]
async fn people_are_those_of_the_own_app_who_are_there() {
    let domain = Domain::new().await;
    let alice = domain.login("alice").await;
    let names = ["david", "carol", "nobody", "alice"].map(username).to_vec();
    let found = domain.core.people(&alice, names).await.unwrap();
    let names: Vec<_> = found.iter().map(|one| (one.card.app, one.card.name.as_str())).collect();
    assert_eq!(names, [(domain.app, "carol"), (domain.app, "alice")]);
}

#[tokio::test]
async fn a_search_finds_others_of_the_own_app() {
    let domain = Domain::new().await;
    let alice = domain.login("alice").await;
    let find = async |text: &str, limit| {
        let found = domain.core.search(&alice, Nickname::new(text).unwrap(), limit).await.unwrap();
        found.iter().map(|one| one.card.name.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(find("b", 9).await, ["bobby"]);
    assert_eq!(find("a", 9).await, ["carol"], "not who asks, nor who is of the other App");
    assert_eq!(find("", 9).await, [""; 0]);
    let edit = ProfileEdit { nickname: Some(Nickname::new("Bold A").unwrap()), ..ProfileEdit::default() };
    domain.core.edit_user(domain.app, "bobby", edit).await.unwrap();
    assert_eq!(find("a", 9).await, ["bobby", "carol"], "by nickname as well");
    assert_eq!(find("a", 1).await, ["bobby"]);
}

#[tokio::test]
async fn who_drops_a_contact_has_it_no_longer_and_learns_nothing_else() {
    let domain = Domain::new().await;
    let label = || Some(ContactLabel::new("friends").unwrap());
    domain.core.keep_contact(domain.app, "alice", "bobby", label()).await.unwrap();
    domain.core.keep_contact(domain.app, "bobby", "alice", label()).await.unwrap();
    let alice = domain.login("alice").await;
    let bobby = domain.login("bobby").await.user.id;
    for _ in 0..2 {
        assert_eq!(domain.core.drop_contact(&alice, username("bobby")).await, Ok(Some(bobby)));
    }
    for nobody in ["david", "nobody"] {
        assert_eq!(domain.core.drop_contact(&alice, username(nobody)).await, Ok(None), "{nobody}");
    }
    assert_eq!(domain.core.contacts(&alice).await, Ok(vec![]));
    assert_eq!(domain.core.contacts_of(domain.app, "bobby").await.unwrap().len(), 1, "its own list stays");
}

#[tokio::test]
async fn a_session_that_was_kicked_changes_nothing_that_its_user_keeps() {
    let domain = Domain::new().await;
    let label = Some(ContactLabel::new("friends").unwrap());
    domain.core.keep_contact(domain.app, "alice", "bobby", label).await.unwrap();
    let (old, bobby) = (domain.login("alice").await, domain.login("bobby").await);
    domain.send(&bobby, "alice", "m1").await;
    let name = || SettingName::new("webim").unwrap();
    domain.core.keep_setting(&old, name(), "before".into()).await.unwrap();
    let new = domain.login("alice").await;
    let superseded = Error::Superseded;
    assert_eq!(domain.core.keep_setting(&old, name(), "late".into()).await, Err(superseded));
    assert_eq!(domain.core.drop_contact(&old, username("bobby")).await, Err(superseded));
    assert_eq!(domain.core.clear_history(&old, with("bobby")).await, Err(superseded));
    assert_eq!(domain.core.setting(&new, name()).await, Ok(Some("before".into())));
    assert_eq!(domain.core.contacts(&new).await.unwrap().len(), 1);
    assert_eq!(domain.history(&new, with("bobby"), 9).await, ["m1"]);
}

#[tokio::test]
async fn a_setting_has_a_largest_size() {
    let domain = Domain::new().await;
    let alice = domain.login("alice").await;
    let name = || SettingName::new("webim").unwrap();
    let keep = |size| domain.core.keep_setting(&alice, name(), "x".repeat(size));
    keep(MAX_SETTING).await.unwrap();
    let too_long = ContentError::TooLong(MAX_SETTING + 1, MAX_SETTING);
    assert_eq!(keep(MAX_SETTING + 1).await, Err(too_long.into()));
    let kept = domain.core.setting(&alice, name()).await.unwrap();
    assert_eq!(kept.map(|value| value.len()), Some(MAX_SETTING), "what was refused changes nothing");
}

#[tokio::test]
async fn a_notice_reaches_one_user() {
    let domain = Domain::new().await;
    let notice = |text| Notice::new(text, "/s?id=5").unwrap();
    for text in ["one", "two"] {
        domain.core.notify(domain.app, "alice", notice(text)).await.unwrap();
    }
    assert_eq!(domain.core.notify(domain.app, "david", notice("x")).await, Err(Error::NoSuchUser));
    let (alice, bobby) = (domain.login("alice").await, domain.login("bobby").await);
    assert_eq!(domain.core.notices(&alice, 9).await.unwrap(), [notice("two"), notice("one")]);
    assert_eq!(domain.core.notices(&alice, 1).await.unwrap(), [notice("two")]);
    assert_eq!(domain.core.notices(&bobby, 9).await.unwrap(), []);
}

#[tokio::test]
async fn who_may_speak_to_all_is_said_by_the_operator() {
    let domain = Domain::new().await;
    let (alice, bobby) = (domain.login("alice").await, domain.login("bobby").await);
    domain.core.watch(&bobby, vec![], vec![]).await.unwrap();
    let say = |content| domain.core.broadcast(&alice, content);
    assert_eq!(say(text("hello")).await, Err(Error::MayNotBroadcast));
    domain.core.let_broadcast(domain.app, "alice", true).await.unwrap();
    say(text("hello")).await.unwrap();
    let note = "x".repeat(Limits::MAX_NOTE + 1);
    let noted = Content::Noted(Box::new(Noted { text: "hello".into(), note }));
    assert_eq!(say(noted).await, Err(ContentError::Note.into()));
    assert_eq!(say(text("")).await, Err(ContentError::Empty.into()));
    domain.core.let_broadcast(domain.app, "alice", false).await.unwrap();
    assert_eq!(say(text("again")).await, Err(Error::MayNotBroadcast));
    let told = domain.signals(&bobby).await;
    let from = alice.user.clone();
    assert_eq!(told, [Signal::Broadcast { from, content: text("hello"), at: domain.core.now() }]);
    let nobody = domain.core.let_broadcast(domain.app, "david", true).await;
    assert_eq!(nobody, Err(Error::NoSuchUser));
}

#[tokio::test]
async fn signals_come_once_the_logs_are_read() {
    let domain = Domain::new().await;
    let alice = domain.login("alice").await;
    let (bobby, _) = domain.core.login(domain.app, "bobby", password(), Platform::Web).await.unwrap();
    domain.core.watch(&bobby, vec![alice.user.id, alice.user.id], vec![]).await.unwrap();
    domain.core.show(&alice, Show::Away, None).await.unwrap();
    assert_eq!(domain.signals(&bobby).await, [], "it reads its logs; what is shown now, a look tells");
    let mut catch_up = domain.core.catch_up(&bobby);
    while catch_up.next().await.unwrap().is_some() {}
    domain.core.show(&alice, Show::Dnd, None).await.unwrap();
    assert_eq!(domain.signals(&bobby).await.len(), 1, "named twice, told once");
}
