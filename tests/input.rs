//! What pages pass to the calls, right and wrong. None of this needs a server.
#![cfg(target_family = "wasm")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{CALLS, EVENTS, FIRST_RID, Page, bag, get, pause, set};
use js_sys::{Array, Function, JsString, Promise};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

/// A server that nothing connects to: the port is not served.
const NOWHERE: &str = "http://127.0.0.1:9";

fn oddities() -> Vec<JsValue> {
    let cyclic = bag(&[]);
    set(&cyclic, "self", &cyclic);
    vec![
        JsValue::UNDEFINED,
        JsValue::NULL,
        JsValue::TRUE,
        JsValue::from(5),
        JsValue::from(f64::NAN),
        "text".into(),
        Array::new().into(),
        common::returning(|| JsValue::UNDEFINED),
        js_sys::Symbol::for_("s").into(),
        js_sys::BigInt::from(5).into(),
        cyclic,
        Promise::resolve(&JsValue::NULL).into(),
    ]
}

#[wasm_bindgen_test]
async fn no_call_throws_whatever_it_gets() {
    for server in ["", NOWHERE] {
        let page = Page::new(server);
        // Before the wasm is there, and afterwards.
        for _ in 0..2 {
            for name in CALLS.into_iter().chain(EVENTS) {
                page.call(name, &[]);
                for oddity in oddities() {
                    page.call(name, &[oddity]);
                }
            }
            for option in
                ["appKey", "signer", "server", "username", "targetId", "targetType", "text", "rid", "fail"]
            {
                for oddity in oddities() {
                    for name in CALLS {
                        page.call(name, &[bag(&[(option, oddity.clone())])]);
                    }
                }
            }
            pause(50.0).await;
        }
    }
}

#[wasm_bindgen_test]
fn everything_is_there_at_once() {
    let page = Page::new("");
    for name in CALLS.into_iter().chain(EVENTS) {
        assert!(get(&page.jmessage, name).is_function(), "{name}");
    }
    assert_eq!(get(&page.jmessage, "version"), "1.0.0");
    assert_eq!(get(&page.jmessage, "requestTimeOut"), 10_000);
    assert_eq!(get(&page.jmessage, "loginTimeOut"), 60_000);
}

#[wasm_bindgen_test]
async fn rids_are_given_in_the_call_and_grow_by_one_before_and_after_loading() {
    let page = Page::new("");
    for n in 0..3 {
        page.send_text("bobby001", "x");
        assert_eq!(page.take("idGenerated").unwrap().number(0), FIRST_RID + n);
    }
    assert!(page.names().is_empty(), "nothing but the number comes before the call returns");
    for n in 0..3 {
        assert_eq!(page.hear("unsent").await.assert_code(872_001).number(2), FIRST_RID + n);
    }
    page.send_text("bobby001", "x");
    assert_eq!(page.take("idGenerated").unwrap().number(0), FIRST_RID + 3);
    assert!(page.take("unsent").is_none());
    assert_eq!(page.hear("unsent").await.number(2), FIRST_RID + 3);
}

/// Sends with one option replaced and returns code and message.
async fn send_with(page: &Page, name: &'static str, value: JsValue) -> (u32, String) {
    let good = [("targetType", "single".into()), ("targetId", "bobby001".into()), ("text", "x".into())];
    page.send(&[good.as_slice(), &[(name, value)]].concat());
    let rid = page.hear("idGenerated").await.number(0);
    let heard = page.hear("unsent").await;
    assert_eq!(heard.number(2), rid);
    (heard.number(0), heard.text(1))
}

#[wasm_bindgen_test]
async fn wrong_arguments_of_a_message_fail_with_872002_and_say_what_is_wrong() {
    let page = Page::new("");
    for name in ["targetType", "targetId", "text"] {
        for absent in [JsValue::UNDEFINED, JsValue::NULL] {
            let expected = (872_002, format!("{name} is missing"));
            assert_eq!(send_with(&page, name, absent).await, expected);
        }
        for wrong in [JsValue::TRUE, bag(&[]), Array::new().into(), JsValue::from(f64::NAN)] {
            let expected = (872_002, format!("{name} must be a string"));
            assert_eq!(send_with(&page, name, wrong).await, expected);
        }
        assert_eq!(send_with(&page, name, "".into()).await, (872_002, format!("{name} is empty")));
    }
    let unknown = send_with(&page, "targetType", "room".into()).await;
    assert_eq!(unknown, (872_002, "targetType must be single or group".into()));
}

#[wasm_bindgen_test]
async fn numbers_pass_for_strings_and_lone_surrogates_for_text() {
    let page = Page::new("");
    let lone = JsString::from_char_code2(0xd800, 0x61);
    for (name, value) in [
        ("targetId", JsValue::from(10_003_195)),
        ("targetType", "group".into()),
        ("text", JsValue::from(1.5)),
        ("text", lone.into()),
    ] {
        assert_eq!(send_with(&page, name, value).await.0, 872_001, "only the login is missing");
    }
}

#[wasm_bindgen_test]
async fn a_text_that_no_frame_can_hold_is_too_long() {
    let page = Page::new("");
    let megabyte = "x".repeat(1 << 20);
    // Short as text, too long as JSON; and in bytes, though not in characters.
    for text in [megabyte.as_str(), &"\u{1}".repeat(12_000), &"你".repeat(22_000)] {
        assert_eq!(send_with(&page, "text", text.into()).await.0, 803_007);
    }
    assert_eq!(send_with(&page, "targetId", megabyte.into()).await.0, 872_002);
}

#[wasm_bindgen_test]
async fn a_resend_of_what_did_not_fail_is_872002() {
    let page = Page::new("");
    for (rid, message) in [
        (JsValue::from(7), "user not login"),
        ("201503".into(), "user not login"),
        (JsValue::NULL, "rid must be a number"),
        ("x".into(), "rid must be a number"),
        (bag(&[]), "rid must be a number"),
    ] {
        page.call("resendMessage", &[bag(&[("rid", rid), ("fail", page.callback("unsent"))])]);
        assert_eq!(page.hear("unsent").await.text(1), message);
    }
}

#[wasm_bindgen_test]
async fn wrong_arguments_of_login_fail_with_872002_and_a_login_without_config_with_872005() {
    let page = Page::new("");
    for (options, code, message) in [
        (vec![], 872_002, "username is missing"),
        (vec![("username", "alice001".into())], 872_002, "password is missing"),
        (vec![("username", bag(&[])), ("password", "x".into())], 872_002, "username must be a string"),
        (
            vec![("username", JsValue::from(1)), ("password", JsValue::from(2))],
            872_005,
            "call config before login",
        ),
    ] {
        page.call("login", &[bag(&[options, vec![("fail", page.callback("fail"))]].concat())]);
        assert_eq!(page.hear("fail").await.assert_code(code).text(1), message);
    }
}

#[wasm_bindgen_test]
async fn wrong_arguments_of_config_reach_the_error_listener() {
    let page = Page::new("");
    let good = common::signature(common::now());
    for (options, message) in [
        (vec![], "appKey is missing"),
        (good[..1].to_vec(), "timestamp is missing"),
        (good[..3].to_vec(), "signature is missing"),
        (good.to_vec(), "server is missing, and there is no page to take it from"),
        ([good.as_slice(), &[("server", "a b".into())]].concat(), "server must be a host or an URL"),
        ([good.as_slice(), &[("server", "ftp://a".into())]].concat(), "server must be a host or an URL"),
        ([good.as_slice(), &[("server", bag(&[]))]].concat(), "server must be a string"),
        (vec![("appKey", "a".into()), ("signer", bag(&[]))], "signer must be a string"),
        (vec![("masterSecrect", "a".into())], "appKey is missing"),
        (vec![("appKey", "a".into()), ("masterSecrect", "&=".into())], "masterSecrect is invalid"),
    ] {
        page.call("config", &[bag(&options)]);
        assert_eq!(page.hear("error").await.assert_code(872_002).text(1), message);
    }
    page.call("init", &[]);
    page.hear("error").await.assert_code(872_002);
}

#[wasm_bindgen_test]
async fn the_last_listener_wins() {
    let page = Page::new("");
    page.call("error", &[page.callback("first")]);
    page.call("error", &[page.callback("second")]);
    page.call("config", &[]);
    page.hear("second").await.assert_code(872_002);
    page.call("error", &[page.callback("third")]);
    page.call("config", &[]);
    page.hear("third").await;
    page.call("error", &[JsValue::NULL]);
    page.call("config", &[]);
    page.send_text("a", "b");
    page.hear("unsent").await;
    assert!(["first", "second", "error"].iter().all(|name| page.take(name).is_none()));
}

#[wasm_bindgen_test]
async fn a_callback_that_throws_is_reported_and_harms_nothing() {
    let reports = Rc::new(Cell::new(0));
    let count = Rc::clone(&reports);
    let on_error = Closure::<dyn Fn(web_sys::Event)>::new(move |event: web_sys::Event| {
        count.set(count.get() + 1);
        event.prevent_default();
        event.stop_immediate_propagation();
    });
    let listener = on_error.as_ref().unchecked_ref::<Function>();
    let capture = bag(&[("capture", JsValue::TRUE)]);
    let add: Function = get(&js_sys::global(), "addEventListener").unchecked_into();
    add.call3(&js_sys::global(), &"error".into(), listener, &capture).unwrap();

    let page = Page::new("");
    let throwing = Function::new_no_args("throw new Error('the page throws')");
    let bad = [("idGenerated", throwing.clone().into()), ("fail", throwing.into())];
    for _ in 0..2 {
        page.call("sendTextMessage", &[bag(&bad)]);
        page.send_text("bobby001", "x");
        page.hear("unsent").await.assert_code(872_001);
    }
    assert_eq!(reports.get(), 4, "each of them");

    let remove: Function = get(&js_sys::global(), "removeEventListener").unchecked_into();
    remove.call3(&js_sys::global(), &"error".into(), listener, &capture).unwrap();
}

#[wasm_bindgen_test]
async fn calls_made_inside_callbacks_work_and_a_page_that_never_stops_does_not_block() {
    let page = Page::new("");
    let (inner, tries) = (page.clone(), Rc::new(Cell::new(0)));
    let again: Rc<std::cell::OnceCell<JsValue>> = Rc::default();
    let (own, count) = (Rc::clone(&again), Rc::clone(&tries));
    let fail = page.reaction("unsent", move |_| {
        count.set(count.get() + 1);
        let options = bag(&[("fail", own.get().cloned().unwrap_or_default())]);
        inner.call("sendTextMessage", &[options]);
        inner.call("ready", &[JsValue::NULL]);
        inner.call("logout", &[]);
    });
    again.set(fail.clone()).unwrap();
    page.call("sendTextMessage", &[bag(&[("fail", fail)])]);
    while tries.get() < 20 {
        pause(5.0).await;
    }
    set(&page.jmessage, "sendTextMessage", &common::returning(|| JsValue::UNDEFINED));
}

#[wasm_bindgen_test]
async fn where_the_wasm_cannot_run_every_call_fails_with_872000() {
    let load = common::returning(|| Promise::reject(&js_sys::Error::new("no wasm here").into()).into());
    let page = Page::loading(load.unchecked_ref(), "");
    for _ in ["early", "late"] {
        page.call("config", &[]);
        page.log_in("alice001", "x");
        page.send_text("bobby001", "x");
        page.call("resendMessage", &[bag(&[("rid", JsValue::from(1)), ("fail", page.callback("again"))])]);
        page.call("init", &[]);
        page.call("logout", &[]);
        let rid = page.take("idGenerated").unwrap().number(0);
        for name in ["error", "fail", "again"] {
            assert!(page.hear(name).await.assert_code(872_000).text(1).contains("no wasm here"));
        }
        assert_eq!(page.hear("unsent").await.number(2), rid);
    }
}

#[wasm_bindgen_test]
async fn a_server_that_is_not_there_is_told_once_and_fails_the_login_in_its_time() {
    let page = Page::new(NOWHERE);
    set(&page.jmessage, "loginTimeOut", &JsValue::from(700));
    page.call("config", &[bag(&common::signature(common::now()))]);
    page.log_in("alice001", "x");
    page.hear("onDisconnected").await;
    page.hear("fail").await.assert_code(872_006);
    assert!(page.names().is_empty(), "{:?}", page.names());
}
