//! The checker against histories written by hand: each promise is broken once, and nothing else is found.

use super::*;

fn opened(page: u32, user: &str) -> Event {
    Event::Opened { page: PageId(page), user: user.into() }
}

fn login(page: u32) -> [Event; 2] {
    [Event::Asking { page: PageId(page), by: Proof::Login }, Event::LoggedIn { page: PageId(page) }]
}

fn sent(page: u32, key: &str) -> Event {
    sent_as(page, key, key)
}

fn sent_as(page: u32, key: &str, text: &str) -> Event {
    Event::Sent { page: PageId(page), key: key.into(), to: To::User("bobby".into()), text: text.into() }
}

fn told(page: u32, key: &str, seq: u64) -> Event {
    let at = Place { conversation: 1, seq, id: seq + 10 };
    Event::Told { page: PageId(page), key: key.into(), at }
}

fn received(page: u32, seq: u64, text: &str) -> Event {
    let (conversation, body) = (1, Body::Text(text.into()));
    Event::Received { page: PageId(page), conversation, seq, from: "alice".into(), body }
}

/// Alice's conversation with bobby, with these of her messages.
fn log(keys: &[&str]) -> Vec<Log> {
    let entries = keys.iter().zip(1..).map(|(key, seq)| Stored {
        seq,
        id: seq + 10,
        sender: "alice".into(),
        key: Some((*key).into()),
        body: Body::Text((*key).into()),
    });
    vec![Log {
        conversation: 1,
        kind: Kind::Pair("alice".into(), "bobby".into()),
        entries: entries.collect(),
    }]
}

fn found(events: impl IntoIterator<Item = Event>, logs: &[Log]) -> Vec<Promise> {
    let events: Vec<_> = [opened(1, "alice"), opened(2, "bobby")].into_iter().chain(events).collect();
    check(&events, logs, true).into_iter().map(|violation| violation.promise).collect()
}

#[test]
fn a_history_that_keeps_every_promise_is_found_to() {
    let peace = [
        sent(1, "a"),
        told(1, "a", 1),
        received(2, 1, "a"),
        sent(1, "b"),
        received(2, 2, "b"),
        told(1, "b", 2),
    ];
    assert_eq!(found(peace, &log(&["a", "b"])), []);
    let reload = [sent(1, "a"), Event::Closed { page: PageId(1) }, received(2, 1, "a")];
    assert_eq!(found(reload, &log(&["a"])), [], "a page that is gone is told nothing");
}

#[test]
fn success_without_a_stored_message_is_d1() {
    assert_eq!(found([sent(1, "a"), told(1, "a", 1)], &log(&[])), [Promise::D1]);
    assert_eq!(found([sent(1, "a")], &log(&[])), [Promise::D1], "nor may a page wait for ever");
}

#[test]
fn a_key_stored_twice_or_for_other_content_is_d2() {
    let twice = [sent(1, "a"), told(1, "a", 1), received(2, 1, "a"), received(2, 2, "a")];
    assert_eq!(found(twice, &log(&["a", "a"])), [Promise::D2]);
    let other = [sent(1, "a"), told(1, "a", 1), received(2, 1, "a"), sent_as(1, "a", "x"), told(1, "a", 1)];
    assert_eq!(found(other, &log(&["a"])), [Promise::D2]);
}

#[test]
fn a_log_with_a_hole_or_told_differently_is_d3() {
    let mut holed = log(&["a", "b"]);
    holed[0].entries.remove(0);
    assert_eq!(found([sent(1, "b"), told(1, "b", 2), received(2, 2, "b")], &holed), [Promise::D3]);
    let differently = [sent(1, "a"), told(1, "a", 1), received(2, 1, "b")];
    assert_eq!(found(differently, &log(&["a"])), [Promise::D3]);
}

#[test]
fn a_message_handed_over_twice_or_a_gap_is_d4() {
    let both = [sent(1, "a"), told(1, "a", 1), sent(1, "b"), told(1, "b", 2)];
    let twice = [received(2, 1, "a"), received(2, 1, "a"), received(2, 2, "b")];
    assert_eq!(found(both.clone().into_iter().chain(twice), &log(&["a", "b"])), [Promise::D4]);
    let three = [sent(1, "c"), told(1, "c", 3), received(2, 1, "a"), received(2, 3, "c")];
    let gap = found(both.into_iter().chain(three), &log(&["a", "b", "c"]));
    assert_eq!(gap, [Promise::D4, Promise::D5]);
}

#[test]
fn a_message_that_nobody_was_handed_is_d5() {
    assert_eq!(found([sent(1, "a"), told(1, "a", 1)], &log(&["a"])), [Promise::D5]);
    let on_another_page = [sent(1, "a"), told(1, "a", 1), opened(3, "bobby"), received(3, 1, "a")];
    assert_eq!(found(on_another_page, &log(&["a"])), []);
}

#[test]
fn whoever_was_put_out_of_a_group_is_not_to_be_handed_more() {
    let news = |seq, news, users: &[&str]| Stored {
        seq,
        id: seq,
        sender: "alice".into(),
        key: None,
        body: Body::Group(news, users.iter().map(|user| (*user).into()).collect()),
    };
    let entries = vec![
        news(1, GroupNews::Created, &["alice"]),
        news(2, GroupNews::Added, &["bobby"]),
        news(3, GroupNews::Removed, &["bobby"]),
        news(4, GroupNews::Added, &["carol"]),
    ];
    let logs = [Log { conversation: 1, kind: Kind::Group, entries: entries.clone() }];
    let told = |page, user: &str, seqs: &[u64]| {
        let all = entries.iter().filter(|entry| seqs.contains(&entry.seq)).map(|entry| Event::Received {
            page: PageId(page),
            conversation: 1,
            seq: entry.seq,
            from: "alice".into(),
            body: entry.body.clone(),
        });
        [opened(page, user)].into_iter().chain(all).collect::<Vec<_>>()
    };
    let owner = told(1, "alice", &[1, 2, 3, 4]);
    let judge = |bobby: &[u64]| found([owner.clone(), told(2, "bobby", bobby)].concat(), &logs);
    assert_eq!(judge(&[2, 3]), []);
    assert_eq!(judge(&[2, 3, 4]), [Promise::D4]);
    assert_eq!(judge(&[2]), [Promise::D5]);
}

#[test]
fn a_session_that_was_taken_and_goes_on_writing_is_d6() {
    let another = || [&login(1)[..], &[opened(3, "alice")], &login(3)].concat();
    let seen =
        |keys: &[&str]| keys.iter().zip(1..).map(|(key, seq)| received(2, seq, key)).collect::<Vec<_>>();
    let judge = |more: &[Event], keys: &[&str]| found([&another(), more, &seen(keys)].concat(), &log(keys));

    let late = [sent(1, "a"), told(1, "a", 1)];
    assert_eq!(judge(&late, &["a"]), [Promise::D6]);
    let behind = |first: Event| {
        let events = [&[sent(1, "a")], &another()[..], &[sent(3, "b"), told(3, "b", 1), first]].concat();
        found([events, seen(&["b", "a"])].concat(), &log(&["b", "a"]))
    };
    assert_eq!(behind(told(1, "a", 2)), [Promise::D6]);
    let again = [&login(1)[..], &late].concat();
    assert_eq!(judge(&again, &["a"]), [], "who logs in again may write again");
    let resumed = [Event::Asking { page: PageId(1), by: Proof::Resume }, Event::LoggedIn { page: PageId(1) }];
    assert_eq!(judge(&resumed, &[]), [Promise::D6]);
}

#[test]
fn what_another_page_of_the_user_was_handed_is_no_gap() {
    let three = [sent(1, "a"), told(1, "a", 1), sent(1, "b"), told(1, "b", 2), sent(1, "c"), told(1, "c", 3)];
    let pages = [received(2, 1, "a"), opened(3, "bobby"), received(3, 2, "b"), received(2, 3, "c")];
    assert_eq!(found(three.into_iter().chain(pages), &log(&["a", "b", "c"])), []);
}

#[test]
fn whoever_waits_though_nothing_struck_it_is_d7() {
    let clock = |ms| Event::Clock { ms };
    let asked = |ms| [clock(ms), Event::Asked { page: PageId(1), request: 7 }];
    let answered = |ms| [clock(ms), Event::Answered { page: PageId(1), request: 7 }];
    let both = [login(1), login(2)].concat();
    let judge = |more: &[Event], keys: &[&str]| found([&both, more].concat(), &log(keys));
    let struck = |page, until| Event::Struck { page, until };

    assert_eq!(judge(&[asked(1), answered(12_001)].concat(), &[]), []);
    assert_eq!(judge(&[asked(1), answered(12_002)].concat(), &[]), [Promise::D7]);
    assert_eq!(judge(&[&asked(1)[..], &[clock(12_002)]].concat(), &[]), [Promise::D7], "nor for ever");

    let message = [sent(1, "a"), clock(1), told(1, "a", 1)];
    let handed = |ms| [&message[..], &[clock(ms), received(2, 1, "a")]].concat();
    assert_eq!(judge(&handed(12_001), &["a"]), []);
    assert_eq!(judge(&handed(12_002), &["a"]), [Promise::D7]);

    for excuse in [
        vec![struck(Some(PageId(1)), u64::MAX)],
        vec![struck(None, 20_000)],
        vec![Event::ServerDown, Event::ServerUp],
        vec![Event::Kicked { page: PageId(1) }],
    ] {
        let late = [&asked(1)[..], &[clock(5_000)], &excuse, &answered(15_000)].concat();
        assert_eq!(judge(&late, &[]), [], "{excuse:?}");
        let before = [&asked(1)[..], &[clock(12_002)], &excuse, &answered(15_000)].concat();
        assert_eq!(judge(&before, &[]), [Promise::D7], "{excuse:?} came too late");
    }
    let stalled =
        |from, to| [&asked(1)[..], &[struck(Some(PageId(1)), 5_000), clock(from)], &answered(to)].concat();
    assert_eq!(judge(&stalled(2, 17_000), &[]), []);
    assert_eq!(judge(&stalled(2, 17_001), &[]), [Promise::D7], "calm again");
    let elsewhere = [&asked(1)[..], &[struck(Some(PageId(2)), u64::MAX)], &answered(15_000)].concat();
    assert_eq!(judge(&elsewhere, &[]), [Promise::D7], "what strikes others is no excuse");
}
