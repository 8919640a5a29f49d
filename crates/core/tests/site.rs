//! What an App says for its users: who comes into being, rooms with keys of the site's choice, messages in a user's name.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod fixture;

use jmessage_core::{
    Core, Error, Event, GroupChange, GroupRef, Options, Receipt, Session, To, port::GroupRecord,
};
use jmessage_model::{
    AppId, AppKey, Content, ContentError, ConversationId, GroupKey, GroupName, Limits, Millis, Nickname,
    Password, Platform, Show, Username,
};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering::Relaxed},
};

struct Domain {
    core: Core,
    app: AppId,
    other: AppId,
    _directory: tempfile::TempDir,
}

fn username(name: &str) -> Username {
    Username::new(name).unwrap()
}

fn key(key: &str) -> GroupKey {
    GroupKey::new(key).unwrap()
}

fn nickname(name: &str) -> Option<Nickname> {
    Nickname::new(name).ok()
}

fn text(text: &str) -> Content {
    Content::Text(text.into())
}

impl Domain {
    async fn new() -> Self {
        Self::with(Limits::default()).await
    }

    async fn with(limits: Limits) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let directory = tempfile::TempDir::new().unwrap();
        let (writer, reader) = jmessage_store::sqlite::open(directory.path()).unwrap();
        // Keys of messages differ.
        let random = |bytes: &mut [u8]| {
            bytes.fill(0);
            bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Relaxed).to_be_bytes());
            Ok(())
        };
        let options = Options { limits, random, ..fixture::options(&directory) };
        let core = Core::start(Box::new(writer), reader, options).unwrap();
        let mut apps = Vec::new();
        for name in ["app", "other"] {
            let key = AppKey::new(name).unwrap();
            apps.push(core.create_app(key, String::new(), format!("secret of {name}")).await.unwrap());
        }
        Self { core, app: apps[0], other: apps[1], _directory: directory }
    }

    /// A session of a user of the site, level with its logs.
    async fn open(&self, name: &str) -> Arc<Session> {
        self.open_in(self.app, name).await
    }

    async fn open_in(&self, app: AppId, name: &str) -> Arc<Session> {
        let card = self.core.enrol(app, username(name), None).await.unwrap();
        let (session, _) = self.core.admit(card, Platform::Poller, None).await.unwrap();
        let mut catch_up = self.core.catch_up(&session);
        while catch_up.next().await.unwrap().is_some() {}
        session
    }

    async fn change(&self, session: &Arc<Session>, change: GroupChange) -> Result<Receipt, Error> {
        self.core.change_group(session, 7, change).await.unwrap();
        loop {
            let mut events = Vec::new();
            assert_eq!(session.queue.take(&mut events).await, None);
            for event in events {
                if let Event::Reply { request: 7, result } = event {
                    return result;
                }
            }
        }
    }

    async fn enter(&self, session: &Arc<Session>, name: &str) -> Result<Receipt, Error> {
        self.change(session, GroupChange::Enter { group: GroupRef::Key(key(name)) }).await
    }

    async fn room(&self, name: &str) -> Option<GroupRecord> {
        let id = self.core.keyed_group(self.app, key(name)).await.unwrap()?;
        Some(self.core.group_of(self.app, id).await.unwrap())
    }

    /// Whose a room is, and who is in it.
    async fn people(&self, name: &str) -> Option<(String, Vec<String>)> {
        let room = self.room(name).await?;
        let name = |card: &Arc<jmessage_core::UserCard>| card.name.as_str().to_owned();
        let owner = room.members.cards().iter().find(|card| card.id == room.owner).map(name).unwrap();
        Some((owner, room.members.cards().iter().map(name).collect()))
    }

    async fn id(&self, name: &str) -> ConversationId {
        self.core.keyed_group(self.app, key(name)).await.unwrap().unwrap()
    }
}

/// The texts of messages, and the kinds of events, that wait in a queue until there are so many.
async fn hear(session: &Session, count: usize) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.len() < count {
        let mut events = Vec::new();
        assert_eq!(session.queue.take(&mut events).await, None);
        heard.extend(events.into_iter().filter_map(|event| match event {
            Event::Entry(shared) => Some(match &shared.entry.content {
                Content::Group(event) => format!("{:?}", event.kind),
                content => content.text().unwrap_or_default().to_owned(),
            }),
            Event::Reply { .. } | Event::Acknowledged | Event::Signal(_) => None,
        }));
    }
    heard
}

/// Hears until this has come; what comes before is passed over.
async fn hear_of(session: &Session, what: &str) {
    while !hear(session, 1).await.iter().any(|heard| heard == what) {}
}

#[tokio::test]
async fn a_secret_is_the_apps_own() {
    let domain = Domain::new().await;
    let app = domain.core.app(&AppKey::new("app").unwrap()).await.unwrap();
    assert!(app.has_secret("secret of app"));
    for wrong in ["secret of other", "secret of ap", "secret of appp", ""] {
        assert!(!app.has_secret(wrong), "{wrong}");
    }
}

#[tokio::test]
async fn a_user_comes_into_being_with_its_name_and_no_password_proves_it() {
    let domain = Domain::new().await;
    let (core, app) = (&domain.core, domain.app);
    let first = core.enrol(app, username("1"), nickname("Jack")).await.unwrap();
    assert_eq!(first.nickname.as_str(), "Jack");
    let again = core.enrol(app, username("1"), None).await.unwrap();
    assert_eq!((again.id, again.nickname.as_str()), (first.id, "Jack"), "what is not given stays");
    let renamed = core.enrol(app, username("1"), nickname("Jacky")).await.unwrap();
    assert_eq!((renamed.id, renamed.nickname.as_str()), (first.id, "Jacky"));
    let stored = core.people_of(app, vec![username("1"), username("2")]).await.unwrap();
    assert_eq!(stored.iter().map(|user| user.card.nickname.as_str()).collect::<Vec<_>>(), ["Jacky"]);
    let password = || Password::new("!!!!").unwrap();
    assert_eq!(core.authenticate(app, "1", password()).await.err(), Some(Error::WrongPassword));
    core.set_password(app, "1", password()).await.unwrap();
    assert!(core.authenticate(app, "1", password()).await.is_ok(), "until one is set");
}

#[tokio::test]
async fn two_who_come_at_once_under_one_new_name_are_one_user() {
    let domain = Domain::new().await;
    let enrol = || domain.core.enrol(domain.app, username("1"), nickname("Jack"));
    let (one, two) = tokio::join!(enrol(), enrol());
    assert_eq!(one.unwrap().id, two.unwrap().id);
}

#[tokio::test]
async fn a_room_comes_into_being_with_its_first_member_and_is_one_for_all() {
    let domain = Domain::new().await;
    let (jack, susan) = (domain.open("1").await, domain.open("2").await);
    let Ok(Receipt::Group(room)) = domain.enter(&jack, "room1").await else { panic!("not made") };
    assert_eq!((room.card.key.as_ref(), room.card.name.as_str()), (Some(&key("room1")), "room1"));
    assert_eq!(domain.enter(&susan, "room1").await, Ok(Receipt::Done));
    assert_eq!(domain.enter(&susan, "room1").await, Ok(Receipt::Done), "who is in it stays as it is");
    assert_eq!(domain.people("room1").await, Some(("1".into(), vec!["1".into(), "2".into()])));
    // Who was there is told.
    hear_of(&jack, "Added").await;
    let long = "房".repeat(40);
    domain.enter(&jack, &long).await.unwrap();
    assert_eq!(
        domain.room(&long).await.unwrap().card.name.as_str(),
        "房".repeat(21),
        "as far as there is room"
    );
}

#[tokio::test]
async fn a_room_of_one_app_is_none_of_another() {
    let domain = Domain::new().await;
    let (jack, stranger) = (domain.open("1").await, domain.open_in(domain.other, "1").await);
    domain.enter(&jack, "room1").await.unwrap();
    let id = domain.id("room1").await;
    let by_number = GroupChange::Enter { group: GroupRef::Number(id) };
    assert_eq!(domain.change(&stranger, by_number).await, Err(Error::NoSuchGroup));
    let Ok(Receipt::Group(theirs)) = domain.enter(&stranger, "room1").await else { panic!("not made") };
    assert_ne!(theirs.card.id, id, "the same key names another room there");
    assert_eq!(domain.core.group_of(domain.other, id).await.err(), Some(Error::NoSuchGroup));
    let none = GroupChange::Enter { group: GroupRef::Number(ConversationId(99)) };
    assert_eq!(domain.change(&jack, none).await, Err(Error::NoSuchGroup));
}

#[tokio::test]
async fn a_full_room_takes_nobody_in() {
    let domain = Domain::with(Limits { group: 1, ..Limits::default() }).await;
    let (jack, susan) = (domain.open("1").await, domain.open("2").await);
    domain.enter(&jack, "room1").await.unwrap();
    assert_eq!(domain.enter(&susan, "room1").await, Err(Error::GroupFull));
    assert_eq!(domain.enter(&jack, "room1").await, Ok(Receipt::Done));
}

#[tokio::test]
async fn a_site_has_as_many_rooms_as_it_wants() {
    let domain = Domain::with(Limits { owned: 1, ..Limits::default() }).await;
    let jack = domain.open("1").await;
    for name in ["room1", "room2", "room3"] {
        assert!(domain.enter(&jack, name).await.is_ok(), "{name}");
    }
}

#[tokio::test]
async fn a_room_that_its_owner_leaves_belongs_to_whoever_was_there_longest() {
    let domain = Domain::new().await;
    let mut sessions = Vec::new();
    for name in ["3", "2", "1"] {
        let session = domain.open(name).await;
        domain.enter(&session, "room1").await.unwrap();
        sessions.push(session);
    }
    let group = domain.id("room1").await;
    // By the user's own wish and by the word of its site alike.
    domain.change(&sessions[0], GroupChange::Exit { group }).await.unwrap();
    assert_eq!(domain.people("room1").await, Some(("2".into(), vec!["2".into(), "1".into()])));
    let name = GroupName::new("Free space").ok();
    let rename = GroupChange::Update { group, name, description: None };
    assert_eq!(domain.change(&sessions[2], rename.clone()).await, Err(Error::MayNotChange));
    let Ok(Receipt::Group(known)) = domain.change(&sessions[1], rename).await else { panic!("not renamed") };
    assert_eq!(*known, domain.room("room1").await.unwrap(), "what is known is what is stored");
    domain.change(&sessions[1], GroupChange::Quit { group }).await.unwrap();
    assert_eq!(domain.people("room1").await, Some(("1".into(), vec!["1".into()])));
    let gone = domain.change(&sessions[0], GroupChange::Quit { group }).await;
    assert_eq!(gone, Err(Error::NotInGroupToLeave));
}

#[tokio::test]
async fn a_room_ends_with_its_last_member_and_its_key_is_free() {
    let domain = Domain::new().await;
    let (jack, susan) = (domain.open("1").await, domain.open("2").await);
    domain.enter(&jack, "room1").await.unwrap();
    let group = domain.id("room1").await;
    domain.change(&jack, GroupChange::Quit { group }).await.unwrap();
    assert!(domain.room("room1").await.is_none());
    domain.enter(&susan, "room1").await.unwrap();
    assert_ne!(domain.id("room1").await, group);
    assert_eq!(domain.people("room1").await, Some(("2".into(), vec!["2".into()])));
}

#[tokio::test]
async fn a_group_that_no_site_made_goes_on_when_its_site_lets_the_owner_leave() {
    let domain = Domain::new().await;
    let (jack, susan) = (domain.open("1").await, domain.open("2").await);
    let (name, description) =
        (GroupName::new("team").unwrap(), jmessage_model::Description::new("").unwrap());
    let Ok(Receipt::Group(team)) = domain.change(&jack, GroupChange::Create { name, description }).await
    else {
        panic!("not made")
    };
    let group = team.card.id;
    domain.change(&susan, GroupChange::Enter { group: GroupRef::Number(group) }).await.unwrap();
    domain.change(&jack, GroupChange::Quit { group }).await.unwrap();
    let team = domain.core.group_of(domain.app, group).await.unwrap();
    assert_eq!((team.owner, team.members.ids()), (susan.user.id, &[susan.user.id][..]));
    domain.change(&susan, GroupChange::Exit { group }).await.unwrap();
    assert_eq!(domain.core.group_of(domain.app, group).await.err(), Some(Error::NoSuchGroup));
}

#[tokio::test]
async fn what_is_posted_in_a_users_name_is_heard_by_both_and_stored() {
    let domain = Domain::new().await;
    let (jack, susan) = (domain.open("1").await, domain.open("2").await);
    let to = |name: &str| To::User(username(name));
    let robot = domain.core.enrol(domain.app, username("robot"), None).await.unwrap();
    let first = domain.core.post(robot.clone(), to("1"), text("one")).await.unwrap();
    assert!(first.fresh);
    assert_eq!(hear(&jack, 1).await, ["one"], "from somebody who is not there");
    domain.core.post(susan.user.clone(), to("1"), text("two")).await.unwrap();
    assert_eq!(hear(&jack, 1).await, ["two"]);
    assert_eq!(hear(&susan, 1).await, ["two"], "its own session hears what was said for it");
    let log = domain.core.history(&jack, to("robot"), 9).await.unwrap();
    assert_eq!(log.iter().map(|entry| entry.sender.name.as_str()).collect::<Vec<_>>(), ["robot"]);
    let to_nobody = domain.core.post(robot.clone(), to("nobody"), text("x")).await;
    assert_eq!(to_nobody, Err(Error::NoSuchTarget));
    let empty = domain.core.post(robot.clone(), to("1"), text("")).await;
    assert_eq!(empty, Err(Error::Content(ContentError::Empty)));
    domain.enter(&jack, "room1").await.unwrap();
    let room = To::Group(domain.id("room1").await);
    assert_eq!(domain.core.post(robot, room.clone(), text("x")).await, Err(Error::NotInGroup));
    domain.core.post(jack.user.clone(), room, text("three")).await.unwrap();
    hear_of(&jack, "three").await;
}

#[tokio::test]
async fn an_app_sees_who_of_its_users_is_to_be_seen() {
    let domain = Domain::new().await;
    let (jack, susan) = (domain.open("1").await, domain.open("2").await);
    let stranger = domain.open_in(domain.other, "3").await;
    domain.core.show(&susan, Show::Invisible, None).await.unwrap();
    let users = [&jack, &susan, &stranger].map(|session| session.user.id).to_vec();
    let seen = domain.core.look_in(domain.app, users).await.unwrap();
    let shows = seen.into_iter().map(|shown| shown.map(|shown| (shown.show, shown.since)));
    assert_eq!(shows.collect::<Vec<_>>(), [Some((Show::Available, Millis(0))), None, None]);
}
