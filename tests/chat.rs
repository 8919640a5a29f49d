//! Conversations with a real server; see `JMESSAGE_TEST_SERVER` in the common module.
#![cfg(target_family = "wasm")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{APP_KEY, PASSWORD, Page, SECRET, bag, get, now, server, signature};
use js_sys::{JSON, JsString, Object, Promise};
use std::{cell::Cell, rc::Rc};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

fn config(options: &[(&str, JsValue)]) -> Page {
    let page = Page::new(server());
    page.call("config", &[bag(options)]);
    page
}

async fn text_of(page: &Page) -> String {
    let message = page.hear("onMessageReceived").await;
    get(&get(&message.values[0], "msg_body"), "text").as_string().unwrap()
}

#[wasm_bindgen_test]
async fn config_takes_the_four_fields() {
    let page = config(&signature(now()));
    page.hear("onConnected").await;
    page.hear("ready").await;
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970")]
    let number = JsValue::from(now() as f64);
    let [app_key, _, random_str, signature] = signature(now());
    config(&[app_key, ("timeStamp", number), random_str, signature]).hear("ready").await;
}

#[wasm_bindgen_test]
async fn config_takes_a_signer_that_is_an_url_a_function_or_a_promise() {
    let fields = || bag(&signature(now()));
    let json = JSON::stringify(&fields()).unwrap();
    let url = format!("data:application/json,{}", js_sys::encode_uri_component(&String::from(json)));
    for signer in [
        JsValue::from(url),
        common::returning(fields),
        common::returning(move || Promise::resolve(&fields()).into()),
    ] {
        config(&[("appKey", APP_KEY.into()), ("signer", signer.clone())]).hear("ready").await;
        // The answer may name the App.
        config(&[("signer", signer)]).hear("ready").await;
    }
}

#[wasm_bindgen_test]
async fn config_takes_the_master_secret_in_both_spellings() {
    for name in ["masterSecrect", "masterSecret"] {
        config(&[("appKey", APP_KEY.into()), (name, SECRET.into())]).hear("ready").await;
    }
}

#[wasm_bindgen_test]
async fn config_is_refused_with_precise_codes() {
    let [app_key, timestamp, random_str, good] = signature(now());
    let wrong = ("signature", "CDE6052A6A317D15694C189D5ACF2A79".into());
    let page = config(&[app_key.clone(), timestamp.clone(), random_str.clone(), wrong]);
    page.hear("error").await.assert_code(872_004);
    let page = config(&[("appKey", "nobody".into()), timestamp, random_str, good]);
    page.hear("error").await.assert_code(872_004);
    let page = config(&signature(now() - 100_000));
    page.hear("error").await.assert_code(872_005);
    page.log_in("alice001", PASSWORD);
    page.hear("fail").await.assert_code(872_005);
    page.call("config", &[bag(&signature(now()))]);
    page.hear("ready").await;
    page.log_in("alice001", PASSWORD);
    page.hear("success").await;
}

#[wasm_bindgen_test]
async fn a_signer_is_asked_again_when_its_signature_has_expired_and_its_failures_are_told() {
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    let signer = common::returning(move || {
        count.set(count.get() + 1);
        bag(&signature(if count.get() == 1 { now() - 100_000 } else { now() }))
    });
    config(&[("signer", signer)]).hear("ready").await;
    assert_eq!(asked.get(), 2);

    let rejecting = common::returning(|| Promise::reject(&"no".into()).into());
    let throwing = js_sys::Function::new_no_args("throw new Error('no')").into();
    let empty = common::returning(|| bag(&[("appKey", APP_KEY.into())]));
    for (signer, message) in [
        (rejecting, "the signer failed"),
        (throwing, "the signer failed"),
        (empty, "the signer's answer: timestamp is missing"),
        ("data:text/plain,nonsense".into(), "the signer failed"),
    ] {
        let page = config(&[("appKey", APP_KEY.into()), ("signer", signer)]);
        assert_eq!(page.hear("error").await.assert_code(872_005).text(1), message);
    }
}

#[wasm_bindgen_test]
async fn the_server_may_be_named_in_every_way() {
    let host = server().trim_start_matches("http://");
    for name in [server().to_owned(), format!("ws://{host}"), host.to_owned(), format!("{}/", server())] {
        let page = Page::new("http://127.0.0.1:9");
        page.call("config", &[bag(&[signature(now()).as_slice(), &[("server", name.into())]].concat())]);
        page.hear("ready").await;
    }
}

#[wasm_bindgen_test]
async fn all_calls_may_be_made_at_once() {
    let page = Page::new(server());
    page.call("init", &[]);
    page.call("config", &[bag(&signature(now()))]);
    page.log_in("alice002", PASSWORD);
    page.hear("success").await;
    assert_eq!(page.names(), ["onConnected", "ready"], "in this order, once each");
    page.call("ready", &[page.callback("late")]);
    assert!(page.take("late").is_none(), "not within the call");
    page.hear("late").await;
}

#[wasm_bindgen_test]
async fn calls_inside_callbacks_make_a_whole_conversation() {
    let page = Page::new(server());
    let inner = page.clone();
    let hang_up = page.clone();
    let sent = page.reaction("sent", move |_| {
        hang_up.call("logout", &[]);
        hang_up.send_text("bobby003", "too late");
    });
    let speak = page.clone();
    let success = page.reaction("success", move |_| {
        let text =
            [("targetType", "single".into()), ("targetId", "bobby003".into()), ("text", "inside".into())];
        speak.call("sendTextMessage", &[bag(&[text.as_slice(), &[("success", sent.clone())]].concat())]);
    });
    let ready = page.reaction("ready", move |_| {
        let who =
            [("username", "alice003".into()), ("password", PASSWORD.into()), ("success", success.clone())];
        inner.call("login", &[bag(&who)]);
    });
    page.call("ready", &[ready]);
    page.call("config", &[bag(&signature(now()))]);
    page.hear("sent").await;
    page.hear("unsent").await.assert_code(872_001);
    let bobby = Page::of("bobby003").await;
    assert_eq!(text_of(&bobby).await, "inside");
}

#[wasm_bindgen_test]
async fn a_refused_login_has_its_code_and_another_may_follow() {
    let page = Page::ready().await;
    page.log_in("alice004", "wrong password");
    page.hear("fail").await.assert_code(801_004);
    page.log_in("nobody", PASSWORD);
    page.hear("fail").await.assert_code(801_003);
    page.log_in("alice004", PASSWORD);
    page.hear("success").await;
    page.log_in("alice004", PASSWORD);
    page.hear("success").await;
}

#[wasm_bindgen_test]
async fn a_message_arrives_exactly_and_in_the_forms_that_pages_expect() {
    let (alice, bobby) = (Page::of("alice005").await, Page::of("bobby005").await);
    let text = "你好, 世界 👋 <b>&amp;\u{0} \"\\\n";
    alice.send_text("bobby005", text);
    let rid = alice.take("idGenerated").unwrap().number(0);
    assert_eq!(alice.hear("sent").await.number(0), rid);
    let message = &bobby.hear("onMessageReceived").await.values[0];
    for (snake, camel, value) in [
        ("from_id", "fromId", "alice005"),
        ("target_id", "targetId", "bobby005"),
        ("target_type", "targetType", "single"),
        ("msg_type", "msgType", "text"),
    ] {
        assert_eq!(get(message, snake), value);
        assert_eq!(get(message, camel), value);
    }
    assert_eq!(get(&get(message, "msgBody"), "text"), text);
    let written = get(message, "create_time").as_f64().unwrap();
    assert!((js_sys::Date::now() / 1000.0 - written).abs() < 100.0, "seconds");
    let parsed = JSON::parse(&String::from(JsString::from(
        get(message, "toString").unchecked_into::<js_sys::Function>().call0(message).unwrap(),
    )))
    .unwrap();
    assert_eq!(get(&get(&parsed, "msg_body"), "text"), text);
    assert!(
        !Object::keys(message.unchecked_ref::<Object>()).includes(&"toString".into(), 0),
        "not enumerable"
    );
}

#[wasm_bindgen_test]
async fn lone_surrogates_arrive_as_replacement_characters() {
    let (alice, bobby) = (Page::of("alice006").await, Page::of("bobby006").await);
    let text = JsString::from_char_code3(0x61, 0xdc00, 0xd83d);
    alice.send(&[("targetType", "single".into()), ("targetId", "bobby006".into()), ("text", text.into())]);
    alice.hear("sent").await;
    assert_eq!(text_of(&bobby).await, "a\u{fffd}\u{fffd}");
}

#[wasm_bindgen_test]
async fn many_messages_arrive_in_order_and_once_also_those_from_before_the_login() {
    let alice = Page::of("alice007").await;
    for n in 0..150 {
        alice.send_text("bobby007", &n.to_string());
    }
    for _ in 0..150 {
        alice.hear("sent").await;
    }
    let bobby = Page::of("bobby007").await;
    for n in 0..150 {
        assert_eq!(text_of(&bobby).await, n.to_string());
    }
    alice.send_text("bobby007", "live");
    assert_eq!(text_of(&bobby).await, "live");
    assert!(bobby.take("onMessageReceived").is_none());
}

#[wasm_bindgen_test]
async fn messages_wait_for_a_listener_that_comes_late() {
    let bobby = Page::of("bobby008").await;
    bobby.call("onMessageReceived", &[JsValue::NULL]);
    let alice = Page::of("alice008").await;
    alice.send_text("bobby008", "one");
    alice.send_text("bobby008", "two");
    alice.hear("sent").await;
    alice.hear("sent").await;
    // Something that comes behind them has come: so have they.
    bobby.send_text("alice008", "three");
    bobby.hear("sent").await;
    bobby.call("onMessageReceived", &[bobby.callback("onMessageReceived")]);
    assert_eq!(text_of(&bobby).await, "one");
    assert_eq!(text_of(&bobby).await, "two");
}

#[wasm_bindgen_test]
async fn a_refused_message_has_its_code_and_can_be_sent_again_a_stored_one_not() {
    let page = Page::of("alice009").await;
    page.send_text("nobody", "x");
    let refused = page.hear("unsent").await;
    let rid = refused.assert_code(898_002).number(2);
    for given in [JsValue::from(rid), JsValue::from(rid.to_string())] {
        page.call("resendMessage", &[bag(&[&[("rid", given)], page.callbacks().as_slice()].concat())]);
        assert_eq!(page.hear("unsent").await.assert_code(898_002).number(2), rid);
    }
    page.send(&[("targetType", "group".into()), ("targetId", JsValue::from(1)), ("text", "x".into())]);
    page.hear("unsent").await.assert_code(803_004);
    page.send_text("bobby009", "x");
    let stored = page.hear("sent").await.number(0);
    page.call(
        "resendMessage",
        &[bag(&[&[("rid", JsValue::from(stored))], page.callbacks().as_slice()].concat())],
    );
    page.hear("unsent").await.assert_code(872_002);
    page.send_text("bobby009", &"x".repeat(5000));
    page.hear("unsent").await.assert_code(803_007);
}

#[wasm_bindgen_test]
async fn a_login_elsewhere_ends_the_session_here() {
    let first = Page::of("alice010").await;
    let second = Page::of("alice010").await;
    first.hear("notification").await.assert_code(872_008);
    first.send_text("bobby010", "x");
    first.hear("unsent").await.assert_code(872_001);
    second.send_text("bobby010", "x");
    second.hear("sent").await;
    first.log_in("alice010", PASSWORD);
    first.hear("success").await;
    second.hear("notification").await.assert_code(872_008);
}

#[wasm_bindgen_test]
async fn after_a_logout_nothing_comes_and_another_user_may_follow() {
    let page = Page::of("alice011").await;
    page.call("logout", &[]);
    page.send_text("bobby011", "x");
    page.hear("unsent").await.assert_code(872_001);
    let bobby = Page::of("bobby011").await;
    bobby.send_text("alice011", "for alice");
    bobby.hear("sent").await;
    page.log_in("alice012", PASSWORD);
    page.hear("success").await;
    bobby.send_text("alice012", "for the other");
    assert_eq!(text_of(&page).await, "for the other");
    page.log_in("alice011", PASSWORD);
    page.hear("success").await;
    assert_eq!(text_of(&page).await, "for alice");
}
