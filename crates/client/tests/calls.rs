//! Calls that are neither logins nor messages, and events.

#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod common;

use common::{Page, Text, code};
use jmessage_client::Notice;
use jmessage_proto::{Request, Response, close};

fn nothing() -> Text {
    Text { from: "", to: "", words: 0 }
}

impl Page {
    /// Calls, and returns the number under which the frame went out.
    fn call(&mut self) -> u64 {
        let id = self.take_rid();
        self.client.call(self.now, id, "getGroupList".into(), nothing());
        let frames = self.frames();
        assert!(matches!(frames.as_slice(), [Request::Call { id: sent, .. }] if *sent == id), "{frames:?}");
        id
    }
}

#[test]
fn a_call_is_answered_once() {
    let mut page = Page::logged_in();
    let id = page.call();
    page.receive(Response::Data { id, data: Some(nothing()) });
    page.receive(Response::Data { id, data: None });
    assert_eq!(page.news(), [Notice::Answered(id, Some(nothing()))]);
}

#[test]
fn a_call_fails_with_what_the_server_says() {
    let mut page = Page::logged_in();
    let id = page.call();
    page.receive(Response::Error { id: Some(id), code: 803_004, message: "m".into(), retry_after: None });
    assert_eq!(code(&page.news()), 803_004);
}

#[test]
fn a_busy_server_is_asked_again_within_the_time_limit() {
    let mut page = Page::logged_in();
    let id = page.call();
    let busy =
        || Response::Error { id: Some(id), code: 872_000, message: "m".into(), retry_after: Some(400) };
    page.receive(busy());
    page.pass(399);
    assert_eq!((page.frames(), page.news()), (vec![], vec![]), "left alone for as long as it says");
    page.pass(201);
    let again = page.frames();
    assert!(matches!(again.as_slice(), [Request::Call { id: sent, .. }] if *sent == id), "{again:?}");
    page.receive(Response::Data { id, data: None });
    assert_eq!(page.news(), [Notice::Answered(id, None)]);
    let id = page.call();
    let busy =
        Response::Error { id: Some(id), code: 872_000, message: "m".into(), retry_after: Some(60_000) };
    page.receive(busy);
    page.pass(10_000);
    assert_eq!(code(&page.news()), 872_000, "busy until the end");
    page.pass(100_000);
    assert!(
        !page.frames().iter().any(|frame| matches!(frame, Request::Call { .. })),
        "and then nobody waits"
    );
}

#[test]
fn a_call_without_a_session_or_a_connection_fails_at_once() {
    let mut page = Page::new();
    page.client.call(page.now, 201_600, "m".into(), nothing());
    assert_eq!(code(&page.news()), 872_001);
    let mut page = Page::logged_in();
    page.client.closed(page.now, close::GOING_AWAY);
    page.news();
    page.client.call(page.now, 201_600, "m".into(), nothing());
    assert_eq!(code(&page.news()), 872_007);
}

#[test]
fn a_call_ends_with_its_time_limit_or_its_connection() {
    let mut page = Page::logged_in();
    let id = page.call();
    page.pass(9_999);
    assert_eq!(page.news(), []);
    page.pass(1);
    assert_eq!(code(&page.news()), 872_006);
    page.receive(Response::Data { id, data: None });
    assert_eq!(page.news(), [], "too late");
    page.call();
    page.client.closed(page.now, close::GOING_AWAY);
    assert_eq!(code(&page.news()), 872_007);
}

#[test]
fn events_and_messages_share_the_order_of_their_conversation() {
    let mut page = Page::logged_in();
    let event = |seq| Response::Event { conversation: 1, seq, event: nothing() };
    page.receive(event(1));
    page.push(2);
    page.receive(event(2));
    page.receive(event(4));
    let sync = [Request::Sync { conversation: 1, after: 2 }];
    assert_eq!(page.frames(), sync);
    page.receive(Response::From { conversation: 1, seq: 3 });
    page.receive(event(4));
    let kinds: Vec<_> = page.news().iter().map(|notice| matches!(notice, Notice::Event(..))).collect();
    assert_eq!(kinds, [true, false, true]);
}
