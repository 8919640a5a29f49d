//! Every object against the example of its seed, made valid JSON: names quoted, comments and `&references` replaced.

use super::{words::show_word, *};
use jmessage_model::{Millis, Show};
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};

const AVATAR: &str = "http://www.uchome.com/uc/ucenter/avatar.php?uid=2&size=small&type=virtual";

#[track_caller]
fn assert_reads(ours: &impl Serialize, seed: &Value) {
    assert_eq!(&serde_json::to_value(ours).unwrap(), seed);
}

/// A [`Text`] from what a test writes.
fn text(text: &str) -> Text<'_> {
    text.into()
}

fn current_user() -> User<'static> {
    User {
        id: text("jack"),
        name: Edition::Current.called("Jack"),
        pic_url: Some(text("jack.jpg")),
        default_pic_url: Some(text("default.jpg")),
        url: Some(text("space.php?uid=2")),
        show: Some(Told::As(Show::Available)),
        status: Some(text("I'm free.")),
        status_time: Some(text("10:55")),
    }
}

fn old_user() -> User<'static> {
    User {
        id: text("2"),
        name: Edition::Old.called("test"),
        pic_url: Some(text(AVATAR)),
        default_pic_url: None,
        url: Some(text("space.php?uid=2")),
        show: Some(Told::As(Show::Away)),
        status: Some(text("I'm not here right now.")),
        status_time: Some(text("10:55")),
    }
}

fn current_connection() -> Connection<'static> {
    Connection {
        domain: text("www.uchome.com"),
        ticket: text("8633d182-b7fe-42a3-8466-0c4134cfebf2"),
        server: text("http://nextalk.im:8000/packets"),
        websocket: None,
    }
}

fn current_item() -> LogItem<'static> {
    LogItem {
        kind: LogType::Of(MessageType::Chat, Edition::Current),
        to: text("susan"),
        from: text("jack"),
        nick: Some(text("Jack")),
        style: Some(text("color:#bbb;")),
        body: text("Hello."),
        timestamp: Edition::Current.stamp(Millis(1_246_883_572_400)),
    }
}

fn old_item() -> LogItem<'static> {
    LogItem {
        kind: LogType::Msg,
        to: text("2"),
        from: text("2"),
        nick: None,
        style: Some(text("color:#bbb;")),
        body: text("\u{ff1f}"),
        timestamp: Edition::Old.stamp(Millis(1_246_883_572_400)),
    }
}

fn member(id: &'static str, name: &'static str, edition: Edition) -> RoomMember<'static> {
    RoomMember { id: text(id), name: edition.called(name), presence: Presence::Online }
}

fn current_room() -> Room<'static> {
    Room {
        id: text("room1"),
        name: Edition::Current.called("Free space"),
        pic_url: Some(text("room1.jpg")),
        default_pic_url: Some(text("")),
        url: Some(text("group.php?uid=2")),
        all_count: 10,
        count: 5,
        blocked: false,
        members: None,
        history: None,
    }
}

#[test]
fn the_connection_is_the_one_of_seed_000() {
    let seed = json!({
        "domain": "www.uchome.com",
        "ticket": "8633d182-b7fe-42a3-8466-0c4134cfebf2",
        "server": "http://nextalk.im:8000/packets"
    });
    assert_reads(&current_connection(), &seed);
}

#[test]
fn the_connection_is_the_one_of_seed_001() {
    let seed = json!({
        "domain": "www.uchome.com",
        "ticket": "8633d182-b7fe-42a3-8466-0c4134cfebf2",
        "server": "http://ucim.webim20.cn:8000"
    });
    assert_reads(&Connection { server: text("http://ucim.webim20.cn:8000"), ..current_connection() }, &seed);
}

#[test]
fn a_connection_with_a_websocket_names_it() {
    let connection = Connection { websocket: Some(text("wss://example.org/ws")), ..current_connection() };
    assert_eq!(serde_json::to_value(connection).unwrap()["websocket"], "wss://example.org/ws");
}

#[test]
fn the_user_is_the_one_of_seed_000() {
    let seed = json!({
        "id": "jack",
        "nick": "Jack",
        "pic_url": "jack.jpg",
        "default_pic_url": "default.jpg",
        "url": "space.php?uid=2",
        "status": "I'm free.",
        "show": "available",
        "status_time": "10:55"
    });
    assert_reads(&current_user(), &seed);
}

#[test]
fn the_user_is_the_one_of_seed_001() {
    let seed = json!({
        "id": "2",
        "name": "test",
        "pic_url": AVATAR,
        "url": "space.php?uid=2",
        "show": "away",
        "status": "I'm not here right now.",
        "status_time": "10:55"
    });
    assert_reads(&old_user(), &seed);
}

#[test]
fn the_logged_message_is_the_one_of_seed_000() {
    let seed = json!({
        "type": "chat",
        "to": "susan",
        "from": "jack",
        "nick": "Jack",
        "style": "color:#bbb;",
        "body": "Hello.",
        "timestamp": 1_246_883_572_400_u64
    });
    assert_reads(&current_item(), &seed);
}

#[test]
fn the_logged_message_is_the_one_of_seed_001() {
    let seed: Value = serde_json::from_str(
        r#"{"type": "msg", "to": "2", "from": "2", "style": "color:#bbb;", "body": "\uff1f", "timestamp": "1246883572400"}"#,
    )
    .unwrap();
    assert_reads(&old_item(), &seed);
}

/// The example shows `buzy`, which is not in the seed's own list; the list's word for it is written.
#[test]
fn the_buddy_is_the_one_of_seed_000() {
    let seed = json!({
        "id": "susan",
        "nick": "Susan",
        "group": "friend",
        "pic_url": "susan.jpg",
        "default_pic_url": "default.jpg",
        "url": "space.php?uid=2",
        "presence": "online",
        "status": "I'm buzy.",
        "show": "dnd",
        "status_time": "10:55",
        "history": [current_item()]
    });
    let user = User {
        id: text("susan"),
        name: Edition::Current.called("Susan"),
        pic_url: Some(text("susan.jpg")),
        show: read_show("buzy").map(Told::As),
        status: Some(text("I'm buzy.")),
        ..current_user()
    };
    let buddy = Buddy {
        user,
        group: Some(text("friend")),
        presence: Presence::Online,
        incomplete: false,
        history: Some(vec![current_item()]),
    };
    assert_reads(&buddy, &seed);
}

#[test]
fn the_buddy_is_the_one_of_seed_001() {
    let seed = json!({
        "id": "2",
        "name": "test",
        "group": "friend",
        "pic_url": AVATAR,
        "default_pic_url": "",
        "url": "space.php?uid=2",
        "presence": "online",
        "show": "away",
        "status": "I'm not here right now.",
        "status_time": "10:55"
    });
    let buddy = Buddy {
        user: User { default_pic_url: Some(text("")), ..old_user() },
        group: Some(text("friend")),
        presence: Presence::Online,
        incomplete: false,
        history: None,
    };
    assert_reads(&buddy, &seed);
}

#[test]
fn of_a_buddy_that_is_incomplete_only_what_is_known_is_told() {
    let buddy = Buddy {
        user: User {
            pic_url: None,
            default_pic_url: None,
            url: None,
            show: None,
            status: None,
            status_time: None,
            ..current_user()
        },
        group: None,
        presence: Presence::Offline,
        incomplete: true,
        history: None,
    };
    let expected = json!({"id": "jack", "nick": "Jack", "presence": "offline", "incomplete": true});
    assert_reads(&buddy, &expected);
}

/// Both seeds have two fields; pages count by a third.
#[test]
fn a_member_is_the_one_of_the_seeds_with_its_presence() {
    let current = json!({"id": "jack", "nick": "Jack", "presence": "online"});
    assert_reads(&member("jack", "Jack", Edition::Current), &current);
    let old = json!({"id": "2", "name": "test", "presence": "online"});
    assert_reads(&member("2", "test", Edition::Old), &old);
}

#[test]
fn the_room_is_the_one_of_seed_000() {
    let members = vec![member("jack", "Jack", Edition::Current)];
    let seed = json!({
        "id": "room1",
        "nick": "Free space",
        "pic_url": "room1.jpg",
        "default_pic_url": "",
        "url": "group.php?uid=2",
        "all_count": 10,
        "count": 5,
        "blocked": false,
        "members": members,
        "history": [current_item()]
    });
    let room = Room { members: Some(members), history: Some(vec![current_item()]), ..current_room() };
    assert_reads(&room, &seed);
}

#[test]
fn the_room_is_the_one_of_seed_001() {
    let members = vec![member("2", "test", Edition::Old)];
    let seed = json!({
        "id": "2",
        "name": "test",
        "pic_url": AVATAR,
        "default_pic_url": "",
        "url": "group.php?uid=2",
        "all_count": 10,
        "count": 5,
        "blocked": false,
        "members": members
    });
    let room = Room {
        id: text("2"),
        name: Edition::Old.called("test"),
        pic_url: Some(text(AVATAR)),
        members: Some(members),
        ..current_room()
    };
    assert_reads(&room, &seed);
}

/// The facts of the library add `presences`.
#[test]
fn online_answers_as_in_seed_000() {
    let seed = json!({
        "success": true,
        "server_time": 1_281_443_447_248_u64,
        "user": current_user(),
        "connection": current_connection(),
        "buddies": [],
        "rooms": [current_room()],
        "new_messages": [],
        "presences": {"josh": "chat", "susan": "away"}
    });
    let shows = [("susan", Show::Away), ("josh", Show::Chat)];
    let mut online = Online {
        success: Success,
        server_time: Millis(1_281_443_447_248),
        user: current_user(),
        connection: current_connection(),
        buddies: vec![],
        rooms: vec![current_room()],
        new_messages: vec![],
        presences: shows.map(|(id, show)| (text(id), Told::As(show))).into(),
        offline_messages: None,
    };
    assert_reads(&online, &seed);
    online.offline_messages = Some(vec![current_item()]);
    assert_eq!(serde_json::to_value(online).unwrap()["offline_messages"], json!([current_item()]));
}

#[test]
fn online_answers_as_in_seed_001() {
    let setting = RawValue::from_string(r#"{"play_sound":true}"#.into()).unwrap();
    let seed = json!({
        "server_time": 1_281_443_447_248_u64,
        "user": old_user(),
        "connection": current_connection(),
        "setting": {"play_sound": true},
        "online_buddies": "54,22",
        "presence_buddies": [],
        "presence_rooms": [],
        "histories": {"1": [old_item()], "2": [old_item()]},
        "new_messages": []
    });
    let online = OnlineOld {
        server_time: Millis(1_281_443_447_248),
        user: old_user(),
        connection: current_connection(),
        setting: &setting,
        online_buddies: vec![text("54"), text("22")],
        presence_buddies: vec![],
        presence_rooms: vec![],
        histories: ["1", "2"].map(|id| (text(id), vec![old_item()])).into(),
        new_messages: vec![],
    };
    assert_reads(&online, &seed);
}

#[test]
fn online_that_fails_answers_as_in_seed_000() {
    assert_reads(&Failed::new("Not Authorized"), &json!({"success": false, "error_msg": "Not Authorized"}));
}

#[test]
fn a_poll_without_anything_says_ok() {
    assert_reads(
        &Packets::default(),
        &json!({"status": "ok", "messages": [], "presences": [], "statuses": []}),
    );
}

#[test]
fn a_poll_brings_messages_presences_and_statuses() {
    let presence = PresencePacket {
        kind: PresenceType::Show,
        from: text("susan"),
        to: text("jack"),
        nick: text("Susan"),
        show: Told::As(Show::Away),
        status: Some(text("Lunch")),
    };
    let status =
        StatusPacket { from: text("susan"), nick: text("Susan"), to: text("jack"), show: text("typing") };
    let packets =
        Packets { messages: vec![current_item()], presences: vec![presence], statuses: vec![status] };
    let expected = json!({
        "status": "ok",
        "messages": [current_item()],
        "presences": [{
            "type": "show", "from": "susan", "to": "jack", "nick": "Susan", "show": "away", "status": "Lunch"
        }],
        "statuses": [{"from": "susan", "nick": "Susan", "to": "jack", "show": "typing"}]
    });
    assert_reads(&packets, &expected);
}

#[test]
fn a_poll_with_an_unknown_ticket_says_so() {
    assert_reads(&NoPackets { message: "Not Found" }, &json!({"status": "error", "message": "Not Found"}));
}

#[test]
fn every_presence_has_the_word_of_the_library() {
    let words = [
        (PresenceType::Online, "online"),
        (PresenceType::Offline, "offline"),
        (PresenceType::Show, "show"),
        (PresenceType::Invite, "invite"),
        (PresenceType::Join, "join"),
        (PresenceType::Leave, "leave"),
        (PresenceType::RoomOnline, "grponline"),
        (PresenceType::RoomOffline, "grpoffline"),
    ];
    for (kind, word) in words {
        assert_reads(&kind, &json!(word));
    }
}

#[test]
fn the_notification_and_the_menu_are_the_ones_of_seed_000() {
    let notification = Notification {
        text: text("Susan wants to be friends with you."),
        link: text("http://test.com/s?id=5"),
    };
    let seed = json!({"text": "Susan wants to be friends with you.", "link": "http://test.com/s?id=5"});
    assert_reads(&notification, &seed);
    let item = MenuItem { title: text("博客"), icon: text("blog.gif"), link: text("http://test.com/blog") };
    let seed = json!({"title": "博客", "icon": "blog.gif", "link": "http://test.com/blog"});
    assert_reads(&item, &seed);
}

#[test]
fn a_message_type_is_read_in_the_words_of_both_seeds_and_written_in_those_of_one() {
    for kind in [MessageType::Chat, MessageType::GroupChat, MessageType::Broadcast] {
        for edition in [Edition::Current, Edition::Old] {
            let (read, said) = MessageType::read(kind.word(edition)).unwrap();
            assert_eq!(read, kind);
            assert!(said.is_none_or(|said| said == edition));
            assert_reads(&LogType::Of(kind, edition), &json!(kind.word(edition)));
        }
    }
    assert_eq!(MessageType::read("msg"), None);
    assert_eq!(MessageType::read("Chat"), None);
}

#[test]
fn a_show_is_written_as_it_is_read() {
    for show in [Show::Available, Show::Chat, Show::Away, Show::Dnd, Show::Invisible] {
        assert_eq!(read_show(show_word(show)), Some(show));
    }
    assert_eq!(read_show("busy"), Some(Show::Dnd));
    assert_eq!(read_show("buzy"), Some(Show::Dnd));
    assert_eq!(read_show("unavailable"), Some(Show::Invisible));
    assert_eq!(read_show("Away"), None);
}

#[test]
fn who_hides_cannot_be_told_from_who_is_not_there() {
    assert_eq!(Told::to_others(Some(Show::Invisible)), Told::to_others(None));
    assert_eq!(Told::to_others(None).presence(), Presence::Offline);
    assert_reads(&Told::to_others(Some(Show::Invisible)), &json!("unavailable"));
    assert_eq!(Told::to_others(Some(Show::Dnd)), Told::As(Show::Dnd));
    assert_eq!(Told::As(Show::Dnd).presence(), Presence::Online);
}
