//! Who hears of whom: what is told of comings and goings, of what users show, of who looks at a group, who is writing, words to
//! all and words in passing; and that `look` says the same.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "fixture/history.rs"]
mod history;
#[path = "fixture/node.rs"]
mod node;

use jmessage_core::{Error, QueueLimits, Session, To};
use jmessage_model::{ContentError, Description, Limits, Platform, Show, Shown};
use node::{Node, heard, shown, username};
use std::sync::Arc;

use Platform::{Poller, Web};

const NOTHING: [&str; 0] = [];

/// What `look` shows one user of another, in the words of signals.
fn seen(node: &mut Node, by: &Arc<Session>, name: &str) -> String {
    match node.look(by, &[name], &[]).users.remove(0) {
        None => format!("{name} gone"),
        Some(Shown { show, status: None, .. }) => format!("{name} {show:?}"),
        Some(Shown { show, status: Some(status), .. }) => format!("{name} {show:?}: {status}"),
    }
}

#[test]
fn every_change_of_what_is_seen_of_a_user_is_told_once_and_no_other() {
    enum Deed {
        Open(Platform),
        /// With what the user shows from the first moment on.
        OpenShowing(Platform, Show),
        Resume(Platform),
        ResumeShowing(Platform, Show),
        Leave(Platform),
        /// The connection of the session before the last goes.
        LeaveOld,
        End(Platform),
        Show(Platform, Show, Option<&'static str>),
    }
    use Deed::{End, Leave, LeaveOld, Open, OpenShowing, Resume, ResumeShowing};
    let show = |show| Deed::Show(Web, show, None);
    let table = [
        (Open(Web), Some("alice Available")),
        (show(Show::Away), Some("alice Away")),
        (show(Show::Away), None),
        (Deed::Show(Web, Show::Away, Some("lunch")), Some("alice Away: lunch")),
        (show(Show::Invisible), Some("alice gone")),
        (Deed::Show(Web, Show::Invisible, Some("hidden")), None),
        (Open(Poller), None),
        (Deed::Show(Poller, Show::Chat, None), Some("alice Chat")),
        (Leave(Web), None),
        (show(Show::Dnd), None),
        (Open(Web), None),
        (Leave(Poller), None),
        // Another page, then the same page again: what was chosen stays, and the end of the old ones changes nothing.
        (Open(Web), None),
        (LeaveOld, None),
        (Resume(Web), None),
        (LeaveOld, None),
        (End(Web), Some("alice gone")),
        (Leave(Web), None),
        // What was chosen is forgotten.
        (Open(Web), Some("alice Available")),
        (show(Show::Invisible), Some("alice gone")),
        (Leave(Web), None),
        (Open(Web), Some("alice Available")),
        (show(Show::Available), Some("alice Available")),
        (show(Show::Available), None),
        (OpenShowing(Poller, Show::Invisible), Some("alice gone")),
        (Leave(Web), None),
        (ResumeShowing(Poller, Show::Away), Some("alice Away")),
        (ResumeShowing(Poller, Show::Away), None),
        (Leave(Poller), Some("alice gone")),
        // Who hides from the beginning was never there.
        (OpenShowing(Web, Show::Invisible), None),
        (OpenShowing(Web, Show::Invisible), None),
        (Leave(Web), None),
        (OpenShowing(Web, Show::Dnd), Some("alice Dnd")),
    ];
    let mut node = Node::new();
    let [bobby, carol] = ["bobby", "carol"].map(|name| node.open(name, Web));
    node.watch(&bobby, &["alice"], &[]);
    node.watch(&carol, &["bobby"], &[]);
    let (mut sessions, mut old) = (std::collections::HashMap::new(), None);
    let mut last = "alice gone".to_owned();
    for (number, (deed, told)) in table.into_iter().enumerate() {
        match deed {
            Open(platform) => old = sessions.insert(platform, node.open("alice", platform)),
            OpenShowing(platform, show) => {
                old = sessions.insert(platform, node.open_showing("alice", platform, Some(show)));
            }
            Resume(platform) => old = sessions.insert(platform, node.resume("alice", platform, None)),
            ResumeShowing(platform, show) => {
                old = sessions.insert(platform, node.resume("alice", platform, Some(show)));
            }
            Leave(platform) => node.leave(&sessions[&platform]),
            LeaveOld => node.leave(old.as_ref().unwrap()),
            End(platform) => node.end(&sessions[&platform]),
            Deed::Show(platform, show, status) => {
                let status = status.map(|status| Description::new(status).unwrap());
                node.show(&sessions[&platform], Shown { status, ..shown(show) });
            }
        }
        assert_eq!(heard(&bobby), Vec::from_iter(told), "row {number}");
        last = told.map_or(last, str::to_owned);
        assert_eq!(seen(&mut node, &bobby, "alice"), last, "row {number}");
    }
    assert_eq!(heard(&carol), NOTHING, "carol watches somebody else");
}

#[test]
fn a_session_hears_only_of_those_it_watches_now() {
    let mut node = Node::new();
    let bobby = node.open("bobby", Web);
    node.watch(&bobby, &["alice", "bobby"], &[]);
    node.watch(&bobby, &["carol", "bobby"], &[]);
    let (alice, carol) = (node.open("alice", Web), node.open("carol", Web));
    assert_eq!(heard(&bobby), ["carol Available"], "what is watched last counts");
    node.show(&bobby, shown(Show::Away));
    assert_eq!(heard(&bobby), NOTHING, "nobody is told of itself");
    assert_eq!(seen(&mut node, &bobby, "bobby"), "bobby Away");
    let again = node.open("bobby", Web);
    node.leave(&carol);
    assert_eq!([heard(&bobby), heard(&again)], [NOTHING, NOTHING], "a new session watches nobody");
    node.watch(&again, &["alice"], &[]);
    node.leave(&again);
    node.leave(&alice);
    assert_eq!(heard(&again), NOTHING, "who is gone hears nothing");
}

#[test]
fn nobody_sees_into_another_app() {
    let mut node = Node::new();
    let (alice, erika) = (node.open("alice", Web), node.open("erika", Web));
    node.watch(&erika, &["alice"], &[]);
    node.show(&alice, shown(Show::Away));
    node.typing(&alice, "erika", true);
    node.broadcast(&alice, "hello");
    node.leave(&alice);
    let _alice = node.open("alice", Web);
    assert_eq!(heard(&erika), NOTHING);
    assert_eq!(seen(&mut node, &erika, "alice"), "alice gone");
}

#[test]
fn members_hear_who_looks_at_their_group() {
    let mut node = Node::new();
    let [alice, bobby, carol, david] = ["alice", "bobby", "carol", "david"].map(|name| node.open(name, Web));
    let team = node.group(&alice, &["bobby", "carol"]);
    node.watch(&bobby, &[], &[team]);
    node.watch(&carol, &[], &[team, team]);
    node.watch(&david, &[], &[team]);
    let told = || [&bobby, &carol, &david].map(|session| heard(session));
    let expect = |words: &[&str]| {
        let words: Vec<_> = words.iter().map(|word| (*word).to_owned()).collect();
        [words.clone(), words, vec![]]
    };
    assert_eq!(told()[0], ["carol looks at team"], "once, and nothing of david, who is not in it");
    let (looks, away) = (expect(&["alice looks at team"]), expect(&["alice looks away from team"]));
    node.watch(&alice, &[], &[team]);
    assert_eq!(told(), looks);
    node.watch(&alice, &["bobby"], &[team]);
    assert_eq!(told(), expect(&[]), "it looks already");
    node.watch(&alice, &[], &[]);
    assert_eq!(told(), away);

    // Two sessions of one user are one who looks.
    let second = node.open("alice", Poller);
    node.watch(&alice, &[], &[team]);
    assert_eq!(told(), looks);
    node.watch(&second, &[], &[team]);
    node.watch(&alice, &[], &[]);
    assert_eq!(told(), expect(&[]), "the other one still looks");
    node.show(&alice, shown(Show::Invisible));
    assert_eq!(told(), away, "whichever of them hides it");
    node.leave(&alice);
    node.show(&second, shown(Show::Away));
    assert_eq!(told(), looks);
    node.leave(&second);
    assert_eq!(told(), away);

    // Who is sent away by another page looks no longer.
    let alice = node.open("alice", Web);
    node.watch(&alice, &[], &[team]);
    assert_eq!(told(), looks);
    let alice = node.open("alice", Web);
    assert_eq!(told(), away);
    node.show(&alice, shown(Show::Invisible));
    node.watch(&alice, &[], &[team]);
    node.leave(&alice);
    assert_eq!(told(), expect(&[]), "who is invisible looks unseen");
}

#[test]
fn who_is_put_out_of_a_group_neither_hears_of_it_nor_is_heard_of_until_it_watches_again() {
    let mut node = Node::new();
    let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| node.open(name, Web));
    let team = node.group(&alice, &["bobby", "carol"]);
    for session in [&alice, &bobby, &carol] {
        node.watch(session, &[], &[team]);
    }
    assert_eq!(
        node.look(&bobby, &[], &[team]).groups,
        [["alice", "bobby", "carol"].map(|name| node.id(name))]
    );
    node.remove(&alice, team, &["carol"]);
    let _ = [&alice, &bobby, &carol].map(|session| heard(session));
    node.show(&bobby, shown(Show::Invisible));
    node.show(&carol, shown(Show::Invisible));
    node.show(&carol, shown(Show::Away));
    assert_eq!(heard(&alice), ["bobby looks away from team"], "nothing of carol");
    assert_eq!(heard(&carol), NOTHING, "and carol nothing");
    assert_eq!(node.look(&carol, &[], &[team]).groups, [vec![]], "nor does it see who is there");
    assert_eq!(node.look(&alice, &[], &[team]).groups, [[node.id("alice")]]);
    node.add(&alice, team, &["carol"]);
    node.show(&bobby, shown(Show::Away));
    assert_eq!(heard(&carol), NOTHING, "taken in again, it does not watch yet");
    node.watch(&carol, &[], &[team]);
    assert_eq!(heard(&bobby), ["carol looks at team"]);
    node.exit(&alice, team);
    node.leave(&carol);
    assert_eq!(heard(&bobby), NOTHING, "the group is no more");
}

#[test]
fn who_is_writing_is_told_to_the_sessions_of_the_other_one_that_listen() {
    let mut node = Node::new();
    let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| node.open(name, Web));
    let second = node.open("bobby", Poller);
    node.typing(&alice, "bobby", true);
    assert_eq!(heard(&bobby), NOTHING, "who does not watch hears no signals");
    for session in [&alice, &bobby, &carol] {
        node.watch(session, &[], &[]);
    }
    node.typing(&alice, "bobby", true);
    assert_eq!([heard(&bobby), heard(&second)], [vec!["alice is writing"], vec![]]);
    node.watch(&second, &[], &[]);
    node.typing(&alice, "bobby", false);
    for session in [&bobby, &second] {
        assert_eq!(heard(session), ["alice has stopped"]);
    }
    node.typing(&alice, "nobody", true);
    node.typing(&alice, "alice", true);
    for session in [&alice, &bobby, &second, &carol] {
        assert_eq!(heard(session), NOTHING);
    }
}

#[test]
fn a_word_to_all_reaches_every_session_of_the_app_that_listens_but_the_speaker() {
    let mut node = Node::new();
    let [alice, bobby, carol, erika] = ["alice", "bobby", "carol", "erika"].map(|name| node.open(name, Web));
    let second = node.open("alice", Poller);
    for session in [&alice, &second, &bobby, &erika] {
        node.watch(session, &[], &[]);
    }
    node.broadcast(&alice, "hello");
    for session in [&second, &bobby] {
        assert_eq!(heard(session), ["alice to all: hello"]);
    }
    for session in [&alice, &carol, &erika] {
        assert_eq!(heard(session), NOTHING, "{}", session.user.name);
    }
}

#[test]
fn a_word_in_passing_reaches_the_sessions_of_a_user_that_listen() {
    let mut node = Node::new();
    let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| node.open(name, Web));
    let second = node.open("bobby", Poller);
    for session in [&alice, &bobby, &carol] {
        node.watch(session, &[], &[]);
    }
    let with = |name| To::User(username(name));
    assert_eq!(node.aside(&alice, with("bobby"), "psst"), Ok(()));
    assert_eq!([heard(&bobby), heard(&second)], [vec!["alice to bobby aside: psst"], vec![]]);
    assert_eq!(node.aside(&second, with("bobby"), "note"), Ok(()));
    assert_eq!(heard(&bobby), ["bobby to bobby aside: note"], "to its user's other sessions");
    assert_eq!(node.aside(&alice, with("david"), "psst"), Ok(()), "whether somebody hears it is not told");
    for nobody in ["nobody", "erika"] {
        assert_eq!(node.aside(&alice, with(nobody), "psst"), Err(Error::NoSuchTarget), "{nobody}");
    }
    let limit = Limits::default().message;
    for (text, error) in [
        (String::new(), ContentError::Empty),
        ("x".repeat(limit + 1), ContentError::TooLong(limit + 1, limit)),
    ] {
        assert_eq!(node.aside(&alice, with("bobby"), &text), Err(error.into()));
    }
    for session in [&alice, &bobby, &second, &carol] {
        assert_eq!(heard(session), NOTHING, "{}", session.user.name);
    }
}

#[test]
fn a_word_in_passing_to_a_group_reaches_members_who_look_at_it() {
    let mut node = Node::new();
    let [alice, bobby, carol, david] = ["alice", "bobby", "carol", "david"].map(|name| node.open(name, Web));
    let erika = node.open("erika", Web);
    let team = node.group(&alice, &["bobby", "carol"]);
    for session in [&alice, &bobby, &david, &erika] {
        node.watch(session, &[], &[team]);
    }
    node.watch(&carol, &[], &[]);
    let _ = [&alice, &bobby].map(|session| heard(session));
    assert_eq!(node.aside(&alice, To::Group(team), "psst"), Ok(()));
    assert_eq!(heard(&bobby), ["alice to team aside: psst"]);
    assert_eq!([heard(&alice), heard(&carol)], [NOTHING, NOTHING], "not who says it, nor who does not look");
    assert_eq!(node.aside(&david, To::Group(team), "psst"), Err(Error::NotInGroup));
    assert_eq!(node.aside(&erika, To::Group(team), "psst"), Err(Error::NoSuchGroup), "of another App");
    node.remove(&alice, team, &["bobby"]);
    let _ = heard(&bobby);
    assert_eq!(node.aside(&bobby, To::Group(team), "psst"), Err(Error::NotInGroup));
    assert_eq!(node.aside(&alice, To::Group(team), "psst"), Ok(()));
    for session in [&alice, &bobby, &carol, &david, &erika] {
        assert_eq!(heard(session), NOTHING, "{}", session.user.name);
    }
}

#[test]
fn a_long_word_in_passing_takes_its_room_in_a_queue() {
    let mut node = Node::with(QueueLimits { entries: 1024, bytes: 16_000 });
    let [alice, bobby] = ["alice", "bobby"].map(|name| node.open(name, Web));
    node.watch(&bobby, &[], &[]);
    for _ in 0..10 {
        node.aside(&alice, To::User(username("bobby")), &"x".repeat(3000)).unwrap();
    }
    assert_eq!(heard(&bobby).len(), 2, "half of the room is for entries alone");
}

#[test]
fn a_session_that_was_kicked_tells_nothing_and_changes_nothing() {
    let mut node = Node::new();
    let bobby = node.open("bobby", Web);
    let old = node.open("alice", Web);
    let team = node.group(&old, &["bobby"]);
    node.watch(&bobby, &["alice"], &[team]);
    let new = node.open("alice", Web);
    node.watch(&new, &["bobby"], &[]);
    let _ = heard(&bobby);
    node.show(&old, shown(Show::Away));
    node.typing(&old, "bobby", true);
    node.broadcast(&old, "hello");
    assert_eq!(node.aside(&old, To::User(username("bobby")), "psst"), Err(Error::Superseded));
    node.watch(&old, &[], &[team]);
    node.leave(&old);
    node.end(&old);
    assert_eq!(heard(&bobby), NOTHING);
    assert_eq!(seen(&mut node, &bobby, "alice"), "alice Available");
    node.show(&bobby, shown(Show::Away));
    assert_eq!(heard(&new), ["bobby Away"], "the new one still watches what it watched");
}

#[test]
fn signals_are_dropped_before_they_crowd_out_entries() {
    let mut node = Node::with(QueueLimits { entries: 8, bytes: 1 << 20 });
    let [alice, bobby] = ["alice", "bobby"].map(|name| node.open(name, Web));
    node.watch(&bobby, &["alice"], &[]);
    for number in 0..50 {
        node.typing(&alice, "bobby", number % 2 == 0);
    }
    for text in ["m1", "m2", "m3", "m4"] {
        node.send(&alice, "bobby", text);
    }
    node.show(&alice, shown(Show::Away));
    let told = heard(&bobby);
    assert_eq!(told[..4], ["alice is writing", "alice has stopped", "alice is writing", "alice has stopped"]);
    assert_eq!(told[4..], ["m1", "m2", "m3", "m4"], "no entry was lost, and the session goes on");
    node.show(&alice, shown(Show::Dnd));
    assert_eq!(heard(&bobby), ["alice Dnd"]);
}
