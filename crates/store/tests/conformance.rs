//! What the core relies on, checked against every backend.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod files;
mod fixture;
mod history;
mod keyed;
mod people;
mod retention;

use fixture::{Open, Store, text};
use jmessage_core::port::{Done, GroupWrite, Op, Refusal};
use jmessage_model::{
    AppKey, AvatarPath, ClientKey, Description, Gender, GroupName, Millis, Nickname, Platform, Profile,
    ProfileEdit, Seq, UserId, Username,
};
use jmessage_store::sqlite::UNINDEXED;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

#[test]
fn positions_of_a_log_are_contiguous_and_ids_grow() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let first = store.append(&alice, &bobby, "k1", "one").unwrap();
    let second = store.append(&bobby, &alice, "k1", "two").unwrap();
    let third = store.append(&alice, &bobby, "k2", "three").unwrap();
    assert_eq!([first.seq, second.seq, third.seq], [Seq(1), Seq(2), Seq(3)]);
    assert_eq!(first.conversation, second.conversation, "a pair has one log, whoever writes");
    assert!(first.id < second.id && second.id < third.id);
}

#[test]
fn the_same_key_gives_the_first_result_and_is_stored_once() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let first = store.append(&alice, &bobby, "k", "hello").unwrap();
    store.reopen();
    let again = store.append(&alice, &bobby, "k", "hello").unwrap();
    assert!(first.fresh && !again.fresh);
    assert_eq!((again.id, again.seq, again.at), (first.id, first.seq, first.at));
    assert_eq!(store.texts(&alice, first.conversation, 0), ["hello"]);
}

#[test]
fn the_same_key_for_another_message_is_refused_and_leaves_no_trace() {
    let mut store = Store::new();
    let (alice, bobby, carol) = (store.open("alice"), store.open("bobby"), store.open("carol"));
    let first = store.append(&alice, &bobby, "k", "hello").unwrap();
    assert_eq!(store.append(&alice, &bobby, "k", "other"), Err(Refusal::KeyReused));
    assert_eq!(store.append(&alice, &carol, "k", "hello"), Err(Refusal::KeyReused));
    assert!(store.append(&bobby, &alice, "k", "hello").unwrap().fresh, "keys are each sender's own");
    assert_eq!(store.append(&alice, &bobby, "k2", "next").unwrap().seq, Seq(3));
    assert_eq!(store.behind(carol.fence.user), [], "no conversation was made with carol");
    assert_eq!(store.texts(&alice, first.conversation, 0), ["hello", "hello", "next"]);
}

#[test]
fn an_older_session_cannot_write() {
    let mut store = Store::new();
    let (old, bobby) = (store.open("alice"), store.open("bobby"));
    let new = store.open("alice");
    assert!(new.fence.epoch > old.fence.epoch);
    assert_eq!(store.append(&old, &bobby, "k", "late"), Err(Refusal::Fenced));
    let acknowledge = Op::Acknowledge { fence: old.fence, positions: vec![] };
    assert_eq!(store.apply(acknowledge), Err(Refusal::Fenced));
    assert!(store.append(&new, &bobby, "k", "in time").is_ok());
}

#[test]
fn a_session_is_fenced_within_the_batch_that_replaces_it() {
    let mut store = Store::new();
    let (old, bobby) = (store.open("alice"), store.open("bobby"));
    let login = Store::login_op(old.fence.user, 2);
    let results = store.batch(&[
        store.append_op(&old, &bobby, "k1", "before"),
        login,
        store.append_op(&old, &bobby, "k2", "after"),
    ]);
    assert!(matches!(results[0], Ok(Done::Appended(_))));
    assert!(matches!(results[1], Ok(Done::Session(_))));
    assert_eq!(results[2], Err(Refusal::Fenced));
}

#[test]
fn a_session_that_ended_cannot_write_or_be_resumed() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    assert_eq!(store.apply(Op::EndSession(alice.fence)), Ok(Done::Nothing));
    assert_eq!(store.append(&alice, &bobby, "k", "late"), Err(Refusal::Fenced));
    assert_eq!(store.resume(&alice, 0), Err(Refusal::NoSession));
}

#[test]
fn a_resumed_session_fences_the_connection_it_replaces() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let resumed = store.resume(&alice, 0).unwrap();
    assert_eq!(store.append(&alice, &bobby, "k", "x"), Err(Refusal::Fenced));
    assert!(store.append(&resumed, &bobby, "k", "x").is_ok());
    assert!(store.resume(&alice, 0).is_ok(), "the token stays good when its answer was lost");
}

#[test]
fn a_token_is_good_until_the_next_login_elsewhere() {
    let mut store = Store::new();
    let old = store.open("alice");
    let new = store.open("alice");
    assert_eq!(store.resume(&old, 0), Err(Refusal::Superseded));
    assert!(store.resume(&new, 0).is_ok());
}

#[test]
fn a_token_is_good_until_it_is_too_old_or_the_password_changes() {
    let mut store = Store::new();
    let alice = store.open("alice");
    assert_eq!(store.resume(&alice, Store::NOW + 1), Err(Refusal::NoSession));
    assert!(store.resume(&alice, Store::NOW).is_ok());
    let change = Op::SetPassword { user: alice.fence.user, password: "new".into(), at: Millis(1) };
    assert_eq!(store.apply(change), Ok(Done::Nothing));
    assert_eq!(store.resume(&alice, 0), Err(Refusal::NoSession));
}

#[test]
fn cursors_only_move_forward_and_never_beyond_the_end() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let conversation = store.append(&alice, &bobby, "k1", "1").unwrap().conversation;
    store.append(&alice, &bobby, "k2", "2").unwrap();
    assert_eq!(store.behind(bobby.fence.user), [(conversation, Seq(0))]);
    store.acknowledge(&bobby, conversation, 1);
    assert_eq!(store.behind(bobby.fence.user), [(conversation, Seq(1))]);
    store.acknowledge(&bobby, conversation, 1 << 50);
    assert_eq!(store.behind(bobby.fence.user), []);
    store.acknowledge(&bobby, conversation, 1);
    assert_eq!(store.behind(bobby.fence.user), []);
    store.append(&alice, &bobby, "k3", "3").unwrap();
    assert_eq!(store.behind(bobby.fence.user), [(conversation, Seq(2))]);
}

#[test]
fn nobody_has_a_cursor_in_the_conversation_of_others() {
    let mut store = Store::new();
    let (alice, bobby, carol) = (store.open("alice"), store.open("bobby"), store.open("carol"));
    let conversation = store.append(&alice, &bobby, "k", "1").unwrap().conversation;
    store.acknowledge(&carol, conversation, 1);
    store.acknowledge(&carol, jmessage_model::ConversationId(999), 1);
    assert_eq!(store.behind(carol.fence.user), []);
    let reads = |user: &fixture::Open| store.texts(user, conversation, 0).len();
    assert_eq!([reads(&alice), reads(&bobby), reads(&carol)], [1, 1, 0]);
}

#[test]
fn resuming_acknowledges_first() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let conversation = store.append(&alice, &bobby, "k1", "1").unwrap().conversation;
    let op = Store::resume_op(&bobby, 0, vec![(conversation, Seq(1))]);
    assert!(store.apply(op).is_ok());
    assert_eq!(store.behind(bobby.fence.user), []);
}

#[test]
fn an_entry_keeps_the_nickname_of_its_moment() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let mut op = store.append_op(&alice, &bobby, "k1", "1");
    if let Op::Append { nickname, .. } = &mut op {
        *nickname = Nickname::new("爱丽丝 then").unwrap();
    }
    let Ok(Done::Appended(appended)) = store.apply(op) else { panic!("not appended") };
    let entry = &store.reader.entries(alice.fence.user, appended.conversation, Seq(0), 10).unwrap()[0];
    assert_eq!(entry.sender.nickname.as_str(), "爱丽丝 then");
    assert_eq!(entry.sender.name.as_str(), "alice");
    assert_eq!(entry.content, text("1"));
    assert_eq!(entry.key.as_ref().unwrap().as_str(), "k1");
}

#[test]
fn a_log_is_read_in_pages() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let mut conversation = None;
    for n in 1..=5 {
        conversation =
            Some(store.append(&alice, &bobby, &format!("k{n}"), &n.to_string()).unwrap().conversation);
    }
    let page = store.reader.entries(bobby.fence.user, conversation.unwrap(), Seq(2), 2).unwrap();
    assert_eq!(page.iter().map(|e| e.seq.0).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(store.texts(&alice, conversation.unwrap(), 4), ["5"]);
}

#[test]
fn a_message_to_oneself_has_a_log_of_its_own() {
    let mut store = Store::new();
    let alice = store.open("alice");
    let note = store.append(&alice, &alice, "k", "note").unwrap();
    assert_eq!(store.texts(&alice, note.conversation, 0), ["note"]);
    assert_eq!(store.behind(alice.fence.user), [(note.conversation, Seq(0))]);
}

#[test]
fn names_are_unique_in_an_app_and_free_in_another() {
    let mut store = Store::new();
    let first = store.user("alice");
    let create = |app| Op::CreateUser {
        app,
        name: Username::new("alice").unwrap(),
        nickname: Nickname::new("").unwrap(),
        password: String::new(),
        at: Millis(0),
    };
    assert_eq!(store.apply(create(store.app)), Err(Refusal::Taken));
    let app = |key| Op::CreateApp {
        key: AppKey::new(key).unwrap(),
        name: String::new(),
        secret: "s".into(),
        at: Millis(0),
    };
    let Ok(Done::App(other)) = store.apply(app("other")) else { panic!("no app") };
    assert_eq!(store.apply(app("other")), Err(Refusal::Taken));
    let Ok(Done::User(second)) = store.apply(create(other)) else { panic!("no user") };
    assert_ne!(first, second);
    assert_eq!(store.reader.user(other, "alice").unwrap().unwrap().card.id, second);
    assert!(store.reader.user(other, "nobody").unwrap().is_none());
    assert_eq!(store.reader.users(store.app, UserId(0), 10).unwrap().len(), 1);
}

#[test]
fn members_read_a_group_from_their_first_to_their_last_entry() {
    let mut store = Store::new();
    let (alice, bobby, carol) = (store.open("alice"), store.open("bobby"), store.open("carol"));
    let group = store.create_group(&alice, "team");
    store.say(&alice, group, "before").unwrap();
    store.members(&alice, group, &[&bobby], &[]);
    store.say(&bobby, group, "among us").unwrap();
    store.members(&alice, group, &[], &[&bobby]);
    store.say(&alice, group, "after").unwrap();
    assert_eq!(store.texts(&alice, group, 0), ["Created", "before", "Added", "among us", "Removed", "after"]);
    assert_eq!(store.texts(&bobby, group, 0), ["Added", "among us", "Removed"]);
    assert_eq!(store.texts(&carol, group, 0), [""; 0]);
    assert_eq!(store.behind(bobby.fence.user), [(group, Seq(0))]);
    store.acknowledge(&bobby, group, 5);
    assert_eq!(store.behind(bobby.fence.user), [], "what came after is not bobby's");
}

#[test]
fn who_comes_back_reads_from_then_on() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let group = store.create_group(&alice, "team");
    store.members(&alice, group, &[&bobby], &[]);
    store.members(&alice, group, &[], &[&bobby]);
    store.say(&alice, group, "secret").unwrap();
    store.members(&alice, group, &[&bobby], &[]);
    assert_eq!(store.texts(&bobby, group, 0), ["Added"]);
    assert_eq!(store.behind(bobby.fence.user), [(group, Seq(0))]);
}

#[test]
fn a_group_is_found_with_its_members_until_it_is_dissolved() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let group = store.create_group(&alice, "team");
    store.members(&alice, group, &[&bobby], &[]);
    let change = GroupWrite::Update {
        group,
        name: GroupName::new("小组").unwrap(),
        description: Description::new("about").unwrap(),
    };
    let update = Op::Group { fence: alice.fence, change };
    assert_eq!(store.apply(update), Ok(Done::Nothing));
    let found = store.reader.group(group).unwrap().unwrap();
    assert_eq!((found.card.name.as_str(), found.description.as_str()), ("小组", "about"));
    assert_eq!((found.owner, found.capacity), (alice.fence.user, 500));
    assert_eq!(found.members.cards().iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["alice", "bobby"]);
    let listed = store.reader.groups_of(bobby.fence.user, 2).unwrap();
    assert_eq!((&listed[0].group, listed[0].size, listed.len()), (&found, 2, 1));
    let listed = store.reader.groups_of(bobby.fence.user, 1).unwrap();
    assert_eq!((listed[0].group.members.ids(), listed[0].size), (&[alice.fence.user][..], 2));
    assert_eq!(store.reader.owned(alice.fence.user).unwrap(), 1);
    assert_eq!(store.reader.owned(bobby.fence.user).unwrap(), 0, "a member owns nothing");
    store.dissolve(&alice, group, &[&alice, &bobby]);
    assert!(store.reader.group(group).unwrap().is_none());
    assert!(store.reader.groups_of(bobby.fence.user, 9).unwrap().is_empty());
    assert_eq!(store.reader.owned(alice.fence.user).unwrap(), 0);
    assert_eq!(store.texts(&bobby, group, 0), ["Added", "Dissolved"], "its end is still told");
}

#[test]
fn a_profile_is_absent_until_it_is_set_and_its_time_moves_with_it() {
    let mut store = Store::new();
    let alice = store.open("alice");
    let user = alice.fence.user;
    let edit = |store: &mut Store, edit: ProfileEdit, at| {
        let op = Op::EditUser { user, edit: Box::new(edit), at: Millis(at) };
        assert_eq!(store.apply(op), Ok(Done::Nothing));
        store.reader.profile(user).unwrap().unwrap()
    };
    let before = store.reader.profile(user).unwrap().unwrap();
    assert_eq!((before.profile, before.modified), (Profile::default(), before.created));
    let region = Description::new("深圳").ok();
    let all = ProfileEdit {
        nickname: Nickname::new("Tom Chick").ok(),
        avatar: AvatarPath::new("qiniu/image/uipreqfdsakl").ok(),
        gender: Some(Gender::Unknown),
        star: Some(2),
        signature: Description::new("I am a ...").ok(),
        region: region.clone(),
        address: Description::new("南山区").ok(),
    };
    let after = edit(&mut store, all.clone(), 7);
    assert_eq!((after.card.nickname.as_str(), after.modified), ("Tom Chick", Millis(7)));
    assert_eq!((after.profile.gender, after.profile.star), (Some(Gender::Unknown), Some(2)));
    assert_eq!((after.profile.avatar, after.profile.address), (all.avatar.clone(), all.address.clone()));
    assert_eq!(edit(&mut store, all, 8).modified, Millis(7), "nothing is different");
    let empty = ProfileEdit { signature: Description::new("").ok(), ..ProfileEdit::default() };
    let cleared = edit(&mut store, empty, 9);
    assert_eq!((cleared.profile.signature, cleared.profile.region), (None, region));
    assert_eq!(cleared.modified, Millis(9));
    let group = store.create_group(&alice, "team");
    assert_eq!(store.reader.profiles(group, 0, 9).unwrap(), [store.reader.profile(user).unwrap().unwrap()]);
    assert!(store.reader.profiles(group, 1, 9).unwrap().is_empty());
}

#[test]
fn a_message_is_found_again_under_its_key_by_its_sender_alone() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let group = store.create_group(&alice, "team");
    let Ok(Done::Appended(sent)) = store.say(&alice, group, "hello") else { panic!("not sent") };
    let recall = |by: &fixture::Open, key: &str, body: &str| Op::Recall {
        fence: by.fence,
        group,
        key: ClientKey::new(key).unwrap(),
        content: text(body),
    };
    let found = Done::Appended(jmessage_core::port::Appended { fresh: false, ..sent });
    assert_eq!(store.apply(recall(&alice, "hello", "hello")), Ok(found));
    assert_eq!(store.apply(recall(&alice, "hello", "goodbye")), Err(Refusal::KeyReused));
    assert_eq!(store.apply(recall(&alice, "other", "hello")), Err(Refusal::Unknown));
    assert_eq!(store.apply(recall(&bobby, "hello", "hello")), Err(Refusal::Unknown));
    store.open("alice");
    assert_eq!(store.apply(recall(&alice, "hello", "hello")), Err(Refusal::Fenced));
}

#[test]
fn a_writer_hears_of_changes_by_others_once() {
    let mut store = Store::new();
    store.changed_elsewhere();
    store.user("alice");
    assert!(!store.changed_elsewhere(), "its own changes are none");
    store.another().user("bobby");
    assert!(store.changed_elsewhere());
    assert!(!store.changed_elsewhere());
}

#[test]
fn an_older_session_cannot_change_a_group() {
    let mut store = Store::new();
    let old = store.open("alice");
    let group = store.create_group(&old, "team");
    let _new = store.open("alice");
    let op = store.members_op(&old, group, &[], &[&old], false);
    assert_eq!(store.apply(op), Err(Refusal::Fenced));
    assert!(store.say(&old, group, "late").is_err());
    assert_eq!(store.reader.group(group).unwrap().unwrap().members.ids().len(), 1);
}

#[test]
fn logs_are_read_whole_while_entries_move_into_the_indexes() {
    let mut store = Store::new();
    let names = ["alice", "bobby", "carol", "david"];
    let sessions = names.map(|name| store.open(name));
    let stop = Arc::new(AtomicBool::new(false));
    let readers = sessions.clone().map(|open| {
        let (reader, stop) = (store.reader.clone(), stop.clone());
        std::thread::spawn(move || {
            let mut seen = 0;
            while !stop.load(Ordering::Relaxed) {
                for behind in reader.behind(open.fence.user, Platform::Web).unwrap() {
                    let log = reader.entries(open.fence.user, behind.conversation, Seq(0), 10_000).unwrap();
                    let positions: Vec<_> = log.iter().map(|entry| entry.seq.0).collect();
                    let whole: Vec<_> = (1..=positions.len() as u64).collect();
                    assert_eq!(positions, whole, "without gap or repetition");
                    assert!(!positions.is_empty(), "told to be behind in an empty log");
                    seen = seen.max(positions.len());
                }
            }
            seen
        })
    });
    for n in 0..400 {
        let (from, to) = (&sessions[n % 4], &sessions[(n / 4 + 1) % 4]);
        store.append(from, to, &format!("k{n}"), "x").unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    for reader in readers {
        reader.join().unwrap();
    }
    let first = store.append(&sessions[0], &sessions[1], "k0", "x").unwrap();
    assert!(!first.fresh, "the first key is known still");
}

#[test]
fn another_process_may_make_users_meanwhile() {
    let mut store = Store::with(12);
    let people = ["alice", "bobby", "carol", "david"].map(|name| store.open(name));
    let pairs = [(0, 1), (1, 0), (1, 2), (3, 0), (2, 3)].map(|(from, to)| (&people[from], &people[to]));
    let said: Vec<_> =
        (0..300).map(|number: usize| (number.to_string(), pairs[number * number % 7 % 5])).collect();
    let mut logs: BTreeMap<_, (&Open, Vec<_>)> = BTreeMap::new();
    let mut tools = Vec::new();
    for (number, (text, (from, to))) in said.iter().enumerate() {
        let appended = store.append(from, to, text, text).unwrap();
        logs.entry(appended.conversation).or_insert((*to, Vec::new())).1.push(text.clone());
        // Tools that were started at some time make users now and then.
        if number % 11 == 0 {
            tools.push(store.another());
        }
        if number % 9 == 0 {
            for (which, tool) in tools.iter_mut().enumerate() {
                tool.user(&format!("user{number}-{which}"));
            }
        }
    }
    for _ in 0..2 {
        for (conversation, (reader, expected)) in &logs {
            assert_eq!(store.texts(reader, *conversation, 0), *expected);
        }
        for (text, (from, to)) in &said {
            assert!(!store.append(from, to, text, text).unwrap().fresh, "{text}");
        }
        store.reopen();
    }
}

/// Places of many conversations are written in parts with several commits; somebody else commits between two of them.
#[test]
fn who_commits_beside_the_server_leaves_no_hole_in_a_log() {
    let mut store = Store::with(UNINDEXED);
    let people: Vec<_> = (10..60).map(|number| store.open(&format!("user{number}"))).collect();
    let (first, second) = (&people[0], &people[1]);
    let mut said = 0;
    let mut say = |store: &mut Store, count: usize| {
        let ops: Vec<_> = (0..count)
            .map(|_| {
                said += 1;
                store.append_op(first, second, &format!("k{said}"), &said.to_string())
            })
            .collect();
        assert!(store.batch(&ops).iter().all(Result::is_ok));
        said
    };
    say(&mut store, 11);
    let others: Vec<_> = people
        .iter()
        .enumerate()
        .flat_map(|(index, one)| people[index + 1..].iter().map(move |other| (one, other)))
        .skip(1)
        .cycle()
        .take(UNINDEXED)
        .enumerate()
        .map(|(number, (one, other))| store.append_op(one, other, &format!("other{number}"), "x"))
        .collect();
    for ops in others.chunks(512) {
        assert!(store.batch(ops).iter().all(Result::is_ok));
    }
    // The first part is written; who comes now finds all of them behind the mark, and these.
    let conversation = store.append(first, second, "one", "one").unwrap().conversation;
    say(&mut store, 54);
    store.another().user("maker");
    for _ in 0..20 {
        say(&mut store, 500);
    }
    let last = say(&mut store, 1) + 1;
    for reopened in [false, true] {
        if reopened {
            store.reopen();
        }
        for after in 0..u64::try_from(last).unwrap() {
            let next = store.reader.entries(first.fence.user, conversation, Seq(after), 1).unwrap();
            assert_eq!(next.first().map(|entry| entry.seq), Some(Seq(after + 1)), "after {after}");
        }
    }
    let next = store.append(first, second, "next", "next").unwrap().seq;
    assert_eq!(next, Seq(u64::try_from(last).unwrap() + 1));
}

#[test]
fn a_full_batch_of_unindexed_entries_survives_a_restart() {
    let mut store = Store::with(UNINDEXED);
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    for part in 0..3 {
        let ops: Vec<_> = (0..=UNINDEXED / 2)
            .map(|n| store.append_op(&alice, &bobby, &format!("k{part}-{n}"), "x"))
            .collect();
        assert!(store.batch(&ops).iter().all(Result::is_ok));
    }
    store.reopen();
    let conversation = store.reader.behind(bobby.fence.user, Platform::Web).unwrap()[0].conversation;
    let all = 3 * (UNINDEXED / 2 + 1);
    let log = store.reader.entries(bobby.fence.user, conversation, Seq(0), all + 9).unwrap();
    assert_eq!(log.len(), all);
    for key in ["k0-0", "k1-1000", "k2-1024"] {
        assert!(!store.append(&alice, &bobby, key, "x").unwrap().fresh, "{key}");
    }
    assert_eq!(store.append(&alice, &bobby, "new", "x").unwrap().seq, Seq(all as u64 + 1));
}

#[test]
fn a_database_of_a_newer_program_is_left_alone() {
    let store = Store::new();
    let directory = store.close();
    let file = rusqlite::Connection::open(directory.path().join("jmessage.db")).unwrap();
    file.pragma_update(None, "user_version", 999).unwrap();
    let error = jmessage_store::sqlite::open(directory.path()).err().unwrap().to_string();
    assert!(error.contains("newer"), "{error}");
}

/// One step of a random history among three users.
#[derive(Clone, Debug)]
enum Step {
    Send { from: usize, to: usize, key: u8, body: u8 },
    Login(usize),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..3_usize, 0..3_usize, 0..6_u8, 0..2_u8)
            .prop_map(|(from, to, key, body)| Step::Send { from, to, key, body }),
        1 => (0..3_usize).prop_map(Step::Login),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Whatever happens: each accepted key is stored once, under the result its sender was told, and every log
    /// counts 1, 2, 3, …
    #[test]
    fn any_history_leaves_whole_logs(steps in proptest::collection::vec(step(), 1..60)) {
        let mut store = Store::new();
        let mut users = [store.open("alice"), store.open("bobby"), store.open("carol")];
        let mut accepted = std::collections::HashMap::new();
        for step in steps {
            match step {
                Step::Send { from, to, key, body } => {
                    let (key, body) = (format!("k{key}"), format!("b{body}"));
                    let result = store.append(&users[from], &users[to], &key, &body);
                    match accepted.get(&(from, key.clone())) {
                        None => {
                            let appended = result.unwrap();
                            prop_assert!(appended.fresh);
                            accepted.insert((from, key), (to, body, appended));
                        }
                        Some((to_first, body_first, first)) if (*to_first, body_first) == (to, &body) => {
                            let again = result.unwrap();
                            prop_assert_eq!((again.id, again.seq, again.fresh), (first.id, first.seq, false));
                        }
                        Some(_) => prop_assert_eq!(result, Err(Refusal::KeyReused)),
                    }
                }
                Step::Login(user) => users[user] = store.open(["alice", "bobby", "carol"][user]),
                Step::Reopen => store.reopen(),
            }
        }
        let mut logs = std::collections::HashMap::<_, Vec<_>>::new();
        for (_, _, appended) in accepted.values() {
            logs.entry(appended.conversation).or_default().push(appended.seq.0);
        }
        for (conversation, mut told) in logs {
            told.sort_unstable();
            let read = users.iter().map(|user| {
                store.reader.entries(user.fence.user, conversation, Seq(0), 1000).unwrap()
            });
            let stored: Vec<_> = read.max_by_key(Vec::len).unwrap().iter().map(|entry| entry.seq.0).collect();
            prop_assert_eq!(&stored, &(1..=told.len() as u64).collect::<Vec<_>>());
            prop_assert_eq!(told, stored);
        }
    }
}
