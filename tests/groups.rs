//! Groups and user info against a real server; see `JMESSAGE_TEST_SERVER` in the common module.
#![cfg(target_family = "wasm")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Page, bag, get, server};
use js_sys::{Array, JSON};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

impl Page {
    fn ask(&self, call: &str, options: &[(&str, JsValue)]) {
        let callbacks = [("success", self.callback("answered")), ("fail", self.callback("refused"))];
        self.call(call, &[bag(&[options, &callbacks].concat())]);
    }

    /// Makes a call and waits for its data.
    async fn data(&self, call: &str, options: &[(&str, JsValue)]) -> JsValue {
        self.ask(call, options);
        let [data, ..] = self.hear("answered").await.values;
        data
    }

    /// Makes a call that must fail with this code.
    async fn refused(&self, call: &str, options: &[(&str, JsValue)], code: u32) {
        self.ask(call, options);
        self.hear("refused").await.assert_code(code);
    }

    /// The type of the next event.
    async fn event(&self) -> String {
        text(&self.hear("onEventReceived").await.values[0], "event_type")
    }
}

fn text(object: &JsValue, name: &str) -> String {
    get(object, name).as_string().unwrap_or_else(|| panic!("no text {name}"))
}

fn names(names: &[&str]) -> JsValue {
    names.iter().map(|name| JsValue::from(*name)).collect::<Array>().into()
}

#[wasm_bindgen_test]
async fn a_group_from_its_creation_to_its_end() {
    let (alice, bobby) = (Page::of("alice011").await, Page::of("bobby011").await);
    let group = alice
        .data("createGroup", &[("groupName", "tGroup".into()), ("groupDescription", "测试建群".into())])
        .await;
    let gid = ("groupId", get(&group, "gid"));
    assert_eq!(text(&group, "groupName"), "tGroup");
    assert_eq!(get(&group, "groupLevel"), JsValue::from(500));
    assert_eq!(alice.event().await, "create_group");

    alice.data("addGroupMembers", &[gid.clone(), ("memberUsernames", names(&["bobby011"]))]).await;
    let added = bobby.hear("onEventReceived").await;
    for (key, value) in
        [("event_type", "add_members"), ("from_username", "alice011"), ("fromUsername", "alice011")]
    {
        assert_eq!(text(&added.values[0], key), value);
    }
    assert_eq!(get(&added.values[0], "eventType"), JsValue::from(10));
    assert_eq!(get(&added.values[0], "gid"), gid.1);
    for key in ["to_username_list", "toUsernameList"] {
        assert_eq!(String::from(JSON::stringify(&get(&added.values[0], key)).unwrap()), "[\"bobby011\"]");
    }
    let json = added.values[0].clone().unchecked_into::<js_sys::Object>().to_string();
    let parsed = JSON::parse(&String::from(json));
    assert_eq!(text(&parsed.unwrap(), "event_type"), "add_members");

    bobby.send(&[("targetType", "group".into()), ("targetId", gid.1.clone()), ("text", "大家好".into())]);
    bobby.hear("sent").await;
    let heard = alice.hear("onMessageReceived").await;
    assert_eq!(text(&heard.values[0], "target_type"), "group");
    assert_eq!(text(&get(&heard.values[0], "msg_body"), "text"), "大家好");

    let info = alice.data("getGroupInfo", std::slice::from_ref(&gid)).await;
    assert_eq!(text(&info, "ownerUsername"), "alice011");
    assert_eq!(Array::from(&get(&info, "members")).length(), 2);
    let renamed = alice.data("updateGroupInfo", &[gid.clone(), ("groupName", "m_name".into())]).await;
    assert_eq!(
        (text(&renamed, "groupName"), text(&renamed, "groupDescription")),
        ("m_name".into(), "测试建群".into())
    );
    bobby.refused("updateGroupInfo", &[gid.clone(), ("groupName", "mine".into())], 808_002).await;
    bobby
        .refused("removeGroupMembers", &[gid.clone(), ("memberUsernames", names(&["alice011"]))], 811_003)
        .await;
    let list = Array::from(&bobby.data("getGroupList", &[]).await);
    assert!(list.iter().any(|group| get(&group, "gid") == gid.1 && text(&group, "groupName") == "m_name"));

    alice.data("removeGroupMembers", &[gid.clone(), ("memberUsernames", names(&["bobby011"]))]).await;
    assert_eq!(bobby.event().await, "remove_members");
    bobby.refused("exitGroup", std::slice::from_ref(&gid), 809_002).await;
    bobby.refused("getGroupInfo", std::slice::from_ref(&gid), 803_005).await;
    alice.data("exitGroup", std::slice::from_ref(&gid)).await;
    alice.refused("getGroupInfo", &[gid], 803_004).await;
}

#[wasm_bindgen_test]
async fn events_wait_for_a_listener() {
    let bobby = Page::of("bobby012").await;
    bobby.call("onEventReceived", &[JsValue::NULL]);
    let alice = Page::of("alice012").await;
    let group = alice.data("createGroup", &[("groupName", "later".into())]).await;
    let gid = ("groupId", get(&group, "gid"));
    alice.data("addGroupMembers", &[gid, ("memberUsernames", names(&["bobby012"]))]).await;
    // Behind this message the event has arrived.
    alice.send_text("bobby012", "there");
    bobby.hear("onMessageReceived").await;
    bobby.call("onEventReceived", &[bobby.callback("onEventReceived")]);
    assert_eq!(bobby.event().await, "add_members");
}

#[wasm_bindgen_test]
async fn user_info_and_what_is_wrong_with_a_call() {
    let page = Page::of("alice013").await;
    let user = page.data("getUserInfo", &[("username", "bobby013".into())]).await;
    assert_eq!((text(&user, "username"), text(&user, "nickname")), ("bobby013".into(), "bobby013".into()));
    page.refused("getUserInfo", &[("username", "nobody013".into())], 898_002).await;
    for call in ["getGroupInfo", "updateGroupInfo", "addGroupMembers", "removeGroupMembers", "exitGroup"] {
        page.refused(call, &[("groupId", JsValue::NULL)], 872_002).await;
        page.refused(call, &[("groupId", "twelve".into()), ("memberUsernames", names(&["a"]))], 872_002)
            .await;
    }
    page.refused("getGroupInfo", &[("groupId", "999999".into())], 803_004).await;
    page.refused("createGroup", &[], 872_002).await;
    page.refused("createGroup", &[("groupName", 5.into())], 872_002).await;
    page.refused("createGroup", &[("groupName", "x".repeat(1 << 20).into())], 872_002).await;
    let cyclic = bag(&[]);
    common::set(&cyclic, "self", &cyclic);
    page.refused("createGroup", &[("groupName", cyclic)], 872_002).await;
    let stranger = Page::new(server());
    stranger.refused("getGroupList", &[], 872_001).await;
}
