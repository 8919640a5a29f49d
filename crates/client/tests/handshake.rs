//! Connecting, configuring, logging in and out, being kicked.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Page, code, fields};
use jmessage_client::{Credentials, Notice};
use jmessage_proto::{Code, Request, Response, close};

#[test]
fn config_waits_for_the_connection_and_login_for_config() {
    let mut page = Page::new();
    page.configure("app");
    let rid = page.login("alice");
    assert_eq!(page.calls(), ["connect"]);
    assert!(page.frames().is_empty());
    page.open();
    assert_eq!(page.news(), [Notice::Connected]);
    assert!(matches!(page.frames.as_slice(), [Request::Config { .. }]));
    page.configured();
    assert_eq!(page.news(), [Notice::Ready]);
    assert!(matches!(&page.frames[1], Request::Login { username, .. } if username == "alice"));
    page.session("alice");
    assert_eq!(page.news(), [Notice::LoginDone(rid)]);
    assert!(page.calls().is_empty());
}

#[test]
fn init_connects_once() {
    let mut page = Page::new();
    page.client.init(page.now);
    page.client.init(page.now);
    page.open();
    page.client.init(page.now);
    assert_eq!(page.calls(), ["connect"]);
}

#[test]
fn login_without_config_fails_with_872005() {
    let mut page = Page::new();
    page.login("alice");
    assert_eq!(code(&page.news()), 872_005);
}

#[test]
fn login_fails_with_the_code_of_config() {
    let mut page = Page::new();
    page.configure("app");
    page.open();
    page.login("alice");
    page.refuse(872_004, None);
    let news = page.news();
    assert!(
        matches!(&news[1..], [Notice::ConfigError(a), Notice::LoginFailed(_, b)] if a.code == 872_004 && a == b)
    );
    page.login("alice");
    assert_eq!(code(&page.news()), 872_004, "a later login hears it too");
    page.frames();
    page.configure("app");
    page.configured();
    assert_eq!(page.news(), [Notice::Ready], "another config may succeed");
}

#[test]
fn a_server_that_never_answers_fails_the_login_after_its_time_and_config_after_its_own() {
    let mut page = Page::new();
    page.configure("app");
    page.open();
    page.login("alice");
    page.news();
    page.pass(10_000);
    let news = page.news();
    assert!(
        matches!(news.as_slice(), [Notice::ConfigError(failure), Notice::Disconnected] if failure.code == 872_006)
    );
    page.pass(50_000);
    assert_eq!(code(&page.news()), 872_006);
}

#[test]
fn an_expired_signature_of_a_signer_is_asked_for_once_more() {
    let mut page = Page::new();
    page.client.configure(page.now, Credentials::Signer(Some("app".into())), false);
    page.open();
    assert_eq!(page.calls(), ["connect", "ask 1"]);
    page.client.signed(page.now, 1, Ok(fields("app")));
    page.refuse(872_005, None);
    assert_eq!(page.calls(), ["ask 2"]);
    page.client.signed(page.now, 1, Ok(fields("app")));
    assert_eq!(page.frames().len(), 1, "a late answer is dropped");
    page.client.signed(page.now, 2, Ok(fields("app")));
    page.news();
    page.refuse(872_005, None);
    assert_eq!(code(&page.news()), 872_005);
    assert!(page.calls().is_empty(), "no loop");
    page.login("alice");
    assert_eq!(page.calls(), ["ask 3"], "a new call is a new attempt");
    page.client.signed(page.now, 3, Ok(fields("app")));
    page.configured();
    page.session("alice");
    assert!(matches!(page.news().as_slice(), [Notice::Ready, Notice::LoginDone(_)]));
}

#[test]
fn a_signer_that_fails_or_is_silent_is_an_error_of_config() {
    for silent in [false, true] {
        let mut page = Page::new();
        page.client.configure(page.now, Credentials::Signer(Some("app".into())), false);
        page.open();
        page.news();
        if silent {
            page.pass(10_000);
        } else {
            page.client.signed(page.now, 1, Err(Code::SignatureInvalid.into()));
        }
        assert_eq!(code(&page.news()), if silent { 872_006 } else { 872_005 });
    }
}

#[test]
fn an_expired_signature_of_the_page_is_an_error() {
    let mut page = Page::new();
    page.configure("app");
    page.open();
    page.news();
    page.refuse(872_005, None);
    assert_eq!(code(&page.news()), 872_005);
}

#[test]
fn a_wrong_password_fails_and_is_not_tried_again() {
    let mut page = Page::new();
    page.configure("app");
    page.open();
    page.configured();
    page.login("alice");
    page.news();
    page.refuse(801_004, None);
    assert_eq!(code(&page.news()), 801_004);
    page.frames();
    page.close(1006);
    page.reconnect();
    page.configured();
    assert_eq!(page.frames().len(), 1, "config, but no login");
}

#[test]
fn a_broken_connection_is_resumed_with_the_token_and_says_ready_only_once() {
    let mut page = Page::logged_in();
    page.push(5);
    page.close(1006);
    assert_eq!(page.news().pop(), Some(Notice::Disconnected));
    page.frames();
    page.reconnect();
    let Request::Resume { token, cursors, .. } = page.frame() else { panic!("resume comes first") };
    assert_eq!(token, "token");
    assert_eq!(cursors.len(), 1, "the acknowledgement rides along");
    page.frames.push(Request::Resume { id: 201_505, app_key: String::new(), token, cursors });
    page.session("alice");
    assert_eq!(page.news(), [Notice::Connected]);
}

#[test]
fn a_refused_resume_leads_to_config_and_login_with_what_is_remembered() {
    let mut page = Page::logged_in();
    page.close(1006);
    page.reconnect();
    page.refuse(872_003, None);
    page.configured();
    assert!(matches!(page.frames.last(), Some(Request::Login { .. })));
    page.session("alice");
    assert_eq!(page.news(), [Notice::Disconnected, Notice::Connected]);
    page.say(1);
    assert!(matches!(page.frames().last(), Some(Request::Send { .. })));
}

#[test]
fn a_busy_server_is_left_alone_for_as_long_as_it_says() {
    let mut page = Page::logged_in();
    page.close(1006);
    page.reconnect();
    page.refuse(872_000, Some(5_000));
    page.calls();
    page.pass(4_900);
    assert!(page.calls().is_empty());
    page.pass(1_200);
    assert_eq!(page.calls(), ["connect"]);
}

#[test]
fn a_login_that_meets_a_busy_server_is_made_again_within_its_time_limit() {
    let meet = |pause| {
        let mut page = Page::new();
        page.configure("app");
        page.open();
        page.configured();
        let rid = page.login("alice");
        page.refuse(872_000, Some(pause));
        page.frames();
        page.news();
        (page, rid)
    };
    let (mut page, rid) = meet(500);
    page.pass(499);
    assert_eq!((page.frames(), page.news()), (vec![], vec![]), "left alone for as long as it says");
    page.pass(251);
    let Request::Login { id, .. } = page.frame() else { panic!("no login") };
    let (token, username, nickname) = ("token".into(), "alice".into(), String::new());
    page.receive(Response::Session { id, token, username, nickname });
    assert_eq!(page.news(), [Notice::LoginDone(rid)]);
    let (mut page, _) = meet(100_000);
    page.pass(60_000);
    assert_eq!(code(&page.news()), 872_006);
}

#[test]
fn a_kick_ends_everything_until_the_next_login() {
    let kicks: [fn(&mut Page); 3] = [
        |page| page.receive(Response::Kicked { code: 872_008, message: "elsewhere".into() }),
        |page| page.close(close::ELSEWHERE),
        |page| {
            page.close(1006);
            page.reconnect();
            page.refuse(872_008, None);
        },
    ];
    for kick in kicks {
        let mut page = Page::logged_in();
        let rid = page.say(1);
        kick(&mut page);
        let news = page.news();
        let at = news.len() - 2;
        assert!(matches!(&news[at], Notice::SendFailed(failed, f) if *failed == rid && f.code == 872_008));
        assert!(matches!(&news[at + 1], Notice::Notification(failure) if failure.code == 872_008));
        page.calls();
        page.pass(600_000);
        page.client.online(page.now);
        assert!(page.calls().is_empty(), "no reconnect");
        assert_eq!(page.client.deadline(page.now), None);
        page.login("alice");
        assert_eq!(page.calls(), ["connect"]);
    }
}

#[test]
fn an_idle_connection_is_parked_until_the_next_call() {
    let mut page = Page::new();
    page.configure("app");
    page.open();
    page.configured();
    page.calls();
    page.news();
    page.frames();
    page.close(close::IDLE);
    page.pass(600_000);
    assert!(page.calls().is_empty());
    assert!(page.news().is_empty(), "the page has lost nothing");
    page.login("alice");
    assert_eq!(page.calls(), ["connect"]);
    page.open();
    page.configured();
    page.session("alice");
    assert!(matches!(page.news().as_slice(), [Notice::LoginDone(_)]));
}

#[test]
fn logout_acknowledges_says_goodbye_and_keeps_quiet() {
    let mut page = Page::logged_in();
    page.push(1);
    page.client.logout(page.now);
    let frames = page.frames();
    assert!(matches!(frames.as_slice(), [Request::Ack { .. }, Request::Logout { .. }]), "{frames:?}");
    page.frames = frames;
    let id = page.last_id();
    page.receive(Response::Done { id });
    page.news();
    page.frames();
    page.push(2);
    page.say(1);
    assert_eq!(code(&page.news()), 872_001);
    assert!(page.frames().is_empty());
}

#[test]
fn another_user_is_logged_in_after_the_first_is_logged_out() {
    let mut page = Page::logged_in();
    page.say(1);
    page.login("carol");
    assert_eq!(code(&page.news()), 872_001, "alice's message must not go out as carol's");
    let id = page.last_id();
    assert!(matches!(page.frames().last(), Some(Request::Logout { .. })));
    page.receive(Response::Done { id });
    assert!(matches!(page.frames.last(), None | Some(Request::Login { .. })));
    page.session("carol");
    assert!(matches!(page.news().as_slice(), [Notice::LoginDone(_)]));
}

#[test]
fn logging_in_again_as_the_same_user_succeeds_at_once() {
    let mut page = Page::logged_in();
    let rid = page.login("alice");
    assert_eq!(page.news(), [Notice::LoginDone(rid)]);
    assert!(page.frames().is_empty());
}

#[test]
fn a_logout_during_the_login_closes_the_session_that_it_opens() {
    let mut page = Page::new();
    page.configure("app");
    page.open();
    page.configured();
    page.login("alice");
    page.client.logout(page.now);
    assert_eq!(code(&page.news()), 872_003);
    page.session("alice");
    assert!(matches!(page.frames().last(), Some(Request::Logout { .. })));
    assert!(page.news().is_empty());
}

#[test]
fn a_login_on_a_connection_that_breaks_fails_with_872007() {
    let mut page = Page::new();
    page.configure("app");
    page.open();
    page.configured();
    page.login("alice");
    page.news();
    page.close(1006);
    assert_eq!(code(&page.news()), 872_007);
}

#[test]
fn another_app_starts_over() {
    let mut page = Page::logged_in();
    page.configure("other");
    assert_eq!(page.calls(), ["close 1000", "connect"]);
    page.open();
    assert!(matches!(page.frame(), Request::Config { app_key, .. } if app_key == "other"));
}

#[test]
fn a_new_signature_within_a_session_is_kept_for_later() {
    let mut page = Page::logged_in();
    page.configure("app");
    assert_eq!(page.news(), [Notice::Ready]);
    assert!(page.calls().is_empty() && page.frames().is_empty());
}

#[test]
fn a_silent_connection_is_asked_for_a_sign_of_life_and_dropped_without_one() {
    let mut page = Page::logged_in();
    page.pass(25_000);
    assert_eq!(page.frame(), Request::Ping);
    page.receive(Response::Pong);
    page.pass(34_999);
    assert_eq!(page.frame(), Request::Ping);
    assert!(page.calls().is_empty());
    page.pass(1);
    assert_eq!(page.calls(), ["close 1000"]);
    assert_eq!(page.news(), [Notice::Disconnected]);
}

#[test]
fn an_attempt_to_connect_that_hangs_is_given_up() {
    let mut page = Page::new();
    page.client.init(page.now);
    page.calls();
    page.pass(10_000);
    assert_eq!(page.calls(), ["close 1000"]);
    page.pass(600);
    assert_eq!(page.calls(), ["connect"]);
    assert_eq!(page.news(), [Notice::Disconnected], "once, however often it is tried");
}

#[test]
fn a_network_that_is_back_is_used_at_once() {
    let mut page = Page::logged_in();
    page.close(1006);
    page.client.online(page.now);
    assert_eq!(page.calls(), ["connect"]);
    page.open();
    page.frames();
    page.client.online(page.now);
    assert_eq!(page.frame(), Request::Ping, "an open connection is tested");
}
