//! What pages may use beside the published callbacks: promises, `on` and `off`.
#![cfg(target_family = "wasm")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Page, bag, get, js, pause};
use js_sys::{JSON, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

#[wasm_bindgen_test]
async fn every_call_returns_a_promise_beside_its_callbacks() {
    let alice = Page::of("alice016").await;
    let target = [("targetType", "single".into()), ("targetId", "bobby016".into()), ("text", "x".into())];
    let sent = alice.call("sendTextMessage", &[bag(&target)]);
    assert!(JsFuture::from(Promise::resolve(&sent)).await.unwrap().as_f64().is_some(), "the rid");
    let info = alice.call("getUserInfo", &[bag(&[("username", "bobby016".into())])]);
    let info = JsFuture::from(Promise::resolve(&info)).await.unwrap();
    assert_eq!(get(&info, "username"), "bobby016");
    let json = info.unchecked_into::<Object>().to_string();
    assert_eq!(get(&JSON::parse(&String::from(json)).unwrap(), "username"), "bobby016");

    let nobody = alice.call("getUserInfo", &[bag(&[("username", "nobody16".into())])]);
    let error = JsFuture::from(Promise::resolve(&nobody)).await.unwrap_err();
    assert_eq!(get(&error, "code"), JsValue::from(898_002));
    assert!(Reflect::get(&error, &"message".into()).unwrap().is_string());
}

#[wasm_bindgen_test]
async fn a_failure_is_an_unhandled_rejection_only_for_who_asked_for_the_outcome() {
    let alice = Page::of("alice017").await;
    let count = "
        globalThis.unhandled = 0;
        addEventListener('unhandledrejection', (event) => {
            globalThis.unhandled++;
            event.preventDefault();
        });";
    js(count, &JsValue::NULL).await;
    alice.call("getUserInfo", &[bag(&[("username", "nobody17".into()), ("fail", alice.callback("fail"))])]);
    alice.hear("fail").await.assert_code(898_002);
    alice.send_text("nobody17", "x");
    alice.hear("unsent").await.assert_code(898_002);
    alice.call("config", &[]);
    alice.hear("error").await;
    // As a page of callbacks may call without any: the console is told.
    alice.call("getUserInfo", &[bag(&[("username", "nobody17".into())])]);
    alice.call("exitGroup", &[]);
    pause(100.0).await;
    assert_eq!(get(&js_sys::global(), "unhandled"), JsValue::from(0));
    // Asked for, and then left alone.
    let answer = alice.call("getUserInfo", &[bag(&[("username", "nobody17".into())])]);
    let _: Promise = Promise::resolve(&answer);
    while get(&js_sys::global(), "unhandled") == 0 {
        pause(10.0).await;
    }
}

#[wasm_bindgen_test]
async fn on_and_off_add_and_remove_listeners_beside_the_registrars() {
    let (alice, bobby) = (Page::of("alice018").await, Page::of("bobby018").await);
    let (first, second) = (bobby.callback("first"), bobby.callback("second"));
    for listener in [&first, &second] {
        bobby.call("on", &["message".into(), listener.clone()]);
    }
    alice.send_text("bobby018", "one");
    for name in ["onMessageReceived", "first", "second"] {
        bobby.hear(name).await;
    }
    bobby.call("off", &["message".into(), first]);
    alice.send_text("bobby018", "two");
    bobby.hear("second").await;
    assert!(bobby.take("first").is_none());
    bobby.call("on", &["ready".into(), bobby.callback("late")]);
    bobby.hear("late").await;
    for odd in [JsValue::UNDEFINED, JsValue::NULL, "nothing".into(), js_sys::Symbol::for_("s").into()] {
        bobby.call("on", &[odd.clone(), second.clone()]);
        bobby.call("on", &["message".into(), odd.clone()]);
        bobby.call("off", &[odd.clone(), odd]);
    }
}
