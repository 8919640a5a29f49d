//! Sending, failing, sending again; receiving once and in order.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Frame, Page, Text, code, to_bob};
use jmessage_client::{MAX_WAITING, Notice, Outgoing, Timeouts, WINDOW};
use jmessage_proto::{Position, Request, Response};

fn sent(page: &mut Page, id: u64, seq: u64) {
    page.receive(Response::Sent { id, msg_id: 9, conversation: 1, seq, create_time: 1 });
}

fn keys(frames: &[Frame]) -> Vec<String> {
    let key = |frame: &Frame| match frame {
        Request::Send { key, .. } => Some(key.clone()),
        _ => None,
    };
    frames.iter().filter_map(key).collect()
}

fn texts(news: &[Notice<Text>]) -> Vec<u64> {
    let text = |notice: &Notice<Text>| match notice {
        Notice::Message(_, message) => Some(message.words),
        _ => None,
    };
    news.iter().filter_map(text).collect()
}

#[test]
fn notes_to_oneself_come_back_although_their_confirmations_come_first() {
    let mut page = Page::logged_in();
    for seq in 1..=3 {
        let rid = page.take_rid();
        let note = Text { from: "alice", to: "alice", words: seq };
        let (target_id, body) = ("alice".into(), note.clone());
        page.client.send(page.now, rid, rid, Outgoing { target_id, body, ..to_bob(seq) });
        sent(&mut page, rid, seq);
        page.receive(Response::Push { conversation: 1, seq, message: note });
    }
    assert_eq!(texts(&page.news()), [1, 2, 3]);
}

#[test]
fn a_message_before_login_fails_with_872001() {
    let mut page = Page::new();
    page.say(1);
    assert_eq!(code(&page.news()), 872_001);
}

#[test]
fn a_stored_message_succeeds_once() {
    let mut page = Page::logged_in();
    let rid = page.say(1);
    sent(&mut page, rid, 1);
    sent(&mut page, rid, 1);
    assert_eq!(page.news(), [Notice::Sent(rid)]);
    page.client.resend(page.now, rid);
    assert_eq!(code(&page.news()), 872_002, "what succeeded is not sent again");
}

#[test]
fn without_an_answer_it_fails_in_time_and_the_late_answer_is_dropped() {
    let mut page = Page::logged_in();
    page.client.set_timeouts(Timeouts { request: 3_000, login: 60_000 });
    let rid = page.say(1);
    let first = keys(&page.frames());
    page.pass(2_999);
    assert!(page.news().is_empty());
    page.pass(1);
    assert_eq!(code(&page.news()), 872_006);
    sent(&mut page, rid, 1);
    assert!(page.news().is_empty());
    page.client.resend(page.now, rid);
    assert_eq!(keys(&page.frames()), first, "the same key: the server recognises it");
    sent(&mut page, rid, 1);
    assert_eq!(page.news(), [Notice::Sent(rid)]);
}

#[test]
fn messages_survive_a_broken_connection_in_order_with_their_keys() {
    let mut page = Page::logged_in();
    let rids: Vec<_> = (0..3).map(|text| page.say(text)).collect();
    let before = keys(&page.frames());
    page.close(1006);
    let late = page.say(3);
    page.reconnect();
    page.session("alice");
    let after = keys(&page.frames());
    assert_eq!(after[..3], before[..]);
    assert_eq!(after.len(), 4);
    for (seq, rid) in (1..).zip(rids.into_iter().chain([late])) {
        sent(&mut page, rid, seq);
    }
    assert_eq!(page.news().iter().filter(|notice| matches!(notice, Notice::Sent(_))).count(), 4);
}

#[test]
fn a_connection_that_stays_broken_fails_them_with_872007_and_they_are_not_repeated() {
    let mut page = Page::logged_in();
    let rid = page.say(1);
    page.close(1006);
    page.news();
    page.pass(10_000);
    let failed = page.news();
    assert!(
        matches!(failed.as_slice(), [Notice::SendFailed(r, f)] if *r == rid && f.code == 872_007),
        "{failed:?}"
    );
    page.frames();
    page.pass(40_000);
    page.open();
    page.frames.push(Request::Ping);
    page.session("alice");
    assert!(keys(&page.frames()).is_empty());
}

#[test]
fn what_the_server_refuses_fails_with_its_code_and_can_be_sent_again() {
    let mut page = Page::logged_in();
    let rid = page.say(1);
    page.refuse(898_002, None);
    assert_eq!(code(&page.news()), 898_002);
    page.client.resend(page.now, rid);
    page.client.resend(page.now, rid);
    assert_eq!(code(&page.news()), 872_002, "it is being sent");
}

#[test]
fn another_client_of_the_same_seed_repeats_a_message_under_the_same_key() {
    let sent = || {
        let mut page = Page::logged_in();
        page.say(1);
        keys(&page.frames())
    };
    assert_eq!(sent(), sent());
}

#[test]
fn a_busy_server_gets_it_again_after_the_pause_it_asked_for() {
    let mut page = Page::logged_in();
    let rid = page.say(1);
    page.refuse(872_000, Some(400));
    page.frames();
    page.pass(399);
    assert!(page.frames().is_empty());
    // And a random part more, at most half.
    page.pass(201);
    assert_eq!(keys(&page.frames()).len(), 1);
    sent(&mut page, rid, 1);
    assert_eq!(page.news(), [Notice::Sent(rid)]);
}

#[test]
fn what_is_not_kept_any_more_is_told_once_passed_over_and_acknowledged() {
    let mut page = Page::logged_in();
    page.push(5);
    page.news();
    let lost = Text { from: "bob1", to: "alice", words: 6 };
    let resync = |seq| Response::Resync { conversation: 1, seq, lost: lost.clone() };
    page.receive(resync(20));
    page.push(21);
    page.receive(resync(20));
    page.receive(resync(3));
    let news = page.news();
    let at = Position { conversation: 1, seq: 20 };
    assert_eq!(news.first(), Some(&Notice::Resync(at, lost.clone())), "before what follows");
    assert_eq!((texts(&news), news.len()), (vec![21], 2), "and once");
    page.pass(200);
    let frames = page.frames();
    assert!(matches!(frames.as_slice(), [Request::Ack { cursors }] if cursors[0].seq == 21), "{frames:?}");
}

#[test]
fn a_log_of_which_nothing_is_left_is_acknowledged_too() {
    let mut page = Page::logged_in();
    let lost = Text { from: "bob1", to: "alice", words: 1 };
    page.receive(Response::Resync { conversation: 1, seq: 9, lost });
    page.pass(200);
    let frames = page.frames();
    assert!(matches!(frames.as_slice(), [Request::Ack { cursors }] if cursors[0].seq == 9), "{frames:?}");
}

#[test]
fn the_page_hears_how_much_of_what_waited_has_come() {
    let mut page = Page::logged_in();
    let progress = |page: &mut Page| -> Vec<(u64, u64)> {
        let news = page.news().into_iter();
        news.filter_map(
            |notice| if let Notice::Backlog(done, total) = notice { Some((done, total)) } else { None },
        )
        .collect()
    };
    page.receive(Response::Backlog { count: 600 });
    for seq in 1..=601 {
        page.push(seq);
    }
    assert_eq!(progress(&mut page), [(0, 600), (256, 600), (512, 600), (600, 600)]);
    page.receive(Response::Backlog { count: 9 });
    page.push(602);
    page.close(1006);
    page.reconnect();
    page.session("alice");
    for seq in 603..900 {
        page.push(seq);
    }
    assert_eq!(progress(&mut page), [(0, 9)], "a broken connection ends it");
}

#[test]
fn the_window_and_the_outbox_are_bounded() {
    let mut page = Page::logged_in();
    let first = page.say(0);
    for text in 1..MAX_WAITING as u64 {
        page.say(text);
    }
    assert_eq!(keys(&page.frames()).len(), WINDOW);
    page.say(0);
    assert_eq!(code(&page.news()), 872_002);
    sent(&mut page, first, 1);
    assert_eq!(keys(&page.frames()).len(), 1, "each answer lets one more go");
}

#[test]
fn pushes_reach_the_page_once_and_in_order() {
    let mut page = Page::logged_in();
    for seq in [5, 6, 6, 5, 9, 10] {
        page.push(seq);
    }
    assert_eq!(page.frames(), [Request::Sync { conversation: 1, after: 6 }]);
    for seq in 7..=10 {
        page.push(seq);
    }
    assert_eq!(texts(&page.news()), [5, 6, 7, 8, 9, 10]);
    page.pass(200);
    let frames = page.frames();
    assert!(matches!(frames.as_slice(), [Request::Ack { cursors }] if cursors[0].seq == 10), "{frames:?}");
}

#[test]
fn own_messages_are_not_told_but_notes_to_oneself_are() {
    let mut page = Page::logged_in();
    let own = Text { from: "alice", to: "bob1", words: 1 };
    let note = Text { from: "alice", to: "alice", words: 2 };
    page.receive(Response::Push { conversation: 1, seq: 1, message: own });
    page.receive(Response::Push { conversation: 2, seq: 1, message: note });
    assert_eq!(texts(&page.news()), [2]);
}

#[test]
fn another_user_of_the_page_starts_without_the_first_ones_memory() {
    let mut page = Page::logged_in();
    page.push(5);
    let rid = page.say(1);
    page.refuse(898_002, None);
    page.client.logout(page.now);
    let id = page.last_id();
    page.receive(Response::Done { id });
    page.login("carol");
    page.session("carol");
    page.news();
    page.push(1);
    assert_eq!(texts(&page.news()), [1]);
    page.client.resend(page.now, rid);
    assert_eq!(code(&page.news()), 872_002);
}
