//! Groups: who may do what, and what everyone concerned hears.

use anyhow::Result;
use jmessage_proto::{Request, Response};
use jmessage_testkit::{Client, TestServer, send_in, text_body};
use serde_json::{Value, json};

/// A group of this client's, with these members.
async fn group(owner: &mut Client, members: &[&str]) -> Result<u64> {
    let made =
        owner.call("createGroup", json!({ "groupName": "tGroup", "groupDescription": "测试建群" })).await?;
    let gid = made["gid"].as_u64().unwrap_or_default();
    assert_eq!(owner.hear().await?.text, "create_group");
    if !members.is_empty() {
        owner.call("addGroupMembers", json!({ "groupId": gid, "memberUsernames": members })).await?;
        assert_eq!(owner.hear().await?.text, "add_members");
    }
    Ok(gid)
}

#[tokio::test]
async fn a_group_lives_from_its_creation_to_its_end() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let gid = group(&mut alice, &["bobby001", "alice002"]).await?;
    assert_eq!(bobby.hear().await?.text, "add_members");

    let sent = alice.say_in(gid, "大家好").await?;
    let heard = bobby.hear().await?;
    assert_eq!(
        (heard.from.as_str(), heard.text.as_str(), heard.position.seq),
        ("alice001", "大家好", sent.seq)
    );
    let message: Value = serde_json::from_str(&heard.json)?;
    assert_eq!(message["target_type"], "group");
    assert_eq!(message["target_id"], gid.to_string());
    assert_eq!(message["target_name"], "tGroup");

    let rename = json!({ "groupId": gid.to_string(), "groupName": "m_name", "groupDescription": "" });
    let renamed = alice.call("updateGroupInfo", rename).await?;
    assert_eq!(renamed["groupName"], "m_name");

    alice.call("removeGroupMembers", json!({ "groupId": gid, "memberUsernames": ["bobby001"] })).await?;
    assert_eq!(alice.hear().await?.text, "remove_members");
    assert_eq!(bobby.hear().await?.text, "remove_members");
    assert_eq!(bobby.refusal(|id| send_in(id, gid, "still here?")).await?, 803_005);

    let mut carol = server.enter("alice002").await?;
    assert_eq!(
        carol.hear_texts(3).await?,
        ["add_members", "大家好", "remove_members"],
        "all of it, while away"
    );
    alice.call("exitGroup", json!({ "groupId": gid })).await?;
    let end = carol.hear().await?;
    let event: Value = serde_json::from_str(&end.json)?;
    assert_eq!(event["event_type"], "exit_group");
    assert_eq!(event["description"], "administrator delete group");
    assert_eq!(event["to_username_list"], json!(["alice001", "alice002"]));
    assert_eq!(carol.refusal(|id| send_in(id, gid, "hello?")).await?, 803_004);
    Ok(())
}

#[tokio::test]
async fn the_answers_have_the_fields_of_the_seed() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let gid = group(&mut alice, &["bobby001"]).await?;

    let user = alice.call("getUserInfo", json!({ "username": "bobby001" })).await?;
    assert_eq!((&user["username"], &user["nickname"]), (&json!("bobby001"), &json!("bobby001")));
    for time in ["mtime", "ctime"] {
        assert_eq!(user[time].as_str().map(str::len), Some("2015-03-03 11:00:00".len()));
    }

    let list = alice.call("getGroupList", json!({})).await?;
    let item = json!({
        "gid": gid,
        "ownerUsername": "alice001",
        "groupName": "tGroup",
        "groupDesc": "测试建群",
        "membersUsername": ["alice001", "bobby001"],
    });
    assert_eq!(list, json!([item]));

    let info = alice.call("getGroupInfo", json!({ "groupId": gid })).await?;
    assert_eq!(
        (&info["gid"], &info["ownerUsername"], &info["groupDesc"]),
        (&json!(gid), &json!("alice001"), &json!("测试建群"))
    );
    let flags: Vec<_> = info["members"].as_array().into_iter().flatten().map(|m| m["flag"].clone()).collect();
    assert_eq!(flags, [1, 0], "the owner is the member with flag 1");

    let rename = json!({ "groupId": gid, "groupName": "test15" });
    let renamed = alice.call("updateGroupInfo", rename).await?;
    let expected = json!({
        "groupName": "test15", "groupDescription": "测试建群", "groupLevel": 500, "flag": 0, "gid": gid,
    });
    assert_eq!(renamed, expected);
    Ok(())
}

#[tokio::test]
async fn what_may_not_be_done_says_why() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let gid = group(&mut alice, &[]).await?;
    let of = |extra: Value| {
        let mut params = json!({ "groupId": gid });
        params
            .as_object_mut()
            .into_iter()
            .for_each(|map| map.extend(extra.as_object().cloned().unwrap_or_default()));
        params
    };
    let outsider = [
        ("getGroupInfo", of(json!({})), 803_005),
        ("updateGroupInfo", of(json!({ "groupName": "mine" })), 803_005),
        ("addGroupMembers", of(json!({ "memberUsernames": ["bobby001"] })), 803_005),
        ("exitGroup", of(json!({})), 809_002),
        ("getGroupInfo", json!({ "groupId": 999_999 }), 803_004),
        ("getUserInfo", json!({ "username": "nobody001" }), 898_002),
        ("createGroup", json!({ "groupName": "" }), 808_001),
        ("createGroup", json!({ "groupName": "x".repeat(65) }), 808_004),
        ("createGroup", json!({ "groupName": "x", "groupDescription": "y".repeat(251) }), 808_004),
        ("createGroup", json!({}), 872_002),
        ("getGroupInfo", json!({ "groupId": null }), 872_002),
        ("getGroupInfo", json!({ "groupId": "twelve" }), 872_002),
        ("addGroupMembers", of(json!({ "memberUsernames": [] })), 872_002),
        ("addGroupMembers", of(json!({ "memberUsernames": "bobby001" })), 872_002),
        ("dance", json!({}), 872_002),
    ];
    for (method, params, code) in outsider {
        assert_eq!(bobby.call_refused(method, params.clone()).await?, code, "{method} {params}");
    }
    let owner = [
        ("addGroupMembers", of(json!({ "memberUsernames": ["nobody001"] })), 898_002),
        ("removeGroupMembers", of(json!({ "memberUsernames": ["alice001"] })), 811_003),
    ];
    for (method, params, code) in owner {
        assert_eq!(alice.call_refused(method, params.clone()).await?, code, "{method} {params}");
    }
    let mut stranger = server.configured().await?;
    assert_eq!(stranger.call_refused("getGroupList", json!({})).await?, 872_001);
    Ok(())
}

/// A `send` to a group under a key of the sender's own.
fn send_as(id: u64, key: &str, group: u64, text: &str) -> Request<String> {
    let (target_type, target_id) = ("group".to_owned(), group.to_string());
    let (key, msg_type, msg_body) = (key.to_owned(), "text".to_owned(), text_body(text));
    Request::Send { id, key, target_type, target_id, msg_type, msg_body }
}

/// A page that is not sure of its message repeats it. That its sender was put out of the group meanwhile does not undo
/// what is stored.
#[tokio::test]
async fn a_repetition_is_recognised_after_its_sender_was_put_out() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let gid = group(&mut alice, &["bobby001"]).await?;
    bobby.hear().await?;
    let Response::Sent { msg_id, seq, .. } = bobby.ask(send_as(7, "key-1", gid, "hello")).await? else {
        anyhow::bail!("not sent");
    };
    alice.call("removeGroupMembers", json!({ "groupId": gid, "memberUsernames": ["bobby001"] })).await?;
    match bobby.ask(send_as(8, "key-1", gid, "hello")).await? {
        Response::Sent { msg_id: again, seq: place, .. } => assert_eq!((again, place), (msg_id, seq)),
        other => anyhow::bail!("{}", jmessage_testkit::describe(&other)),
    }
    assert_eq!(bobby.refusal(|id| send_as(id, "key-1", gid, "goodbye")).await?, 872_002, "another message");
    assert_eq!(bobby.refusal(|id| send_as(id, "key-2", gid, "hello")).await?, 803_005, "another key");
    alice.call("exitGroup", json!({ "groupId": gid })).await?;
    match bobby.ask(send_as(9, "key-1", gid, "hello")).await? {
        Response::Sent { msg_id: again, .. } => assert_eq!(again, msg_id, "even when the group has ended"),
        other => anyhow::bail!("{}", jmessage_testkit::describe(&other)),
    }
    assert_eq!(alice.hear_texts(3).await?, ["hello", "remove_members", "exit_group"], "each once");
    Ok(())
}

#[tokio::test]
async fn who_comes_back_is_not_told_what_was_between() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let gid = group(&mut alice, &["bobby001"]).await?;
    let first = bobby.hear().await?;
    let bob = json!({ "groupId": gid, "memberUsernames": ["bobby001"] });
    alice.call("removeGroupMembers", bob.clone()).await?;
    alice.say_in(gid, "secret").await?;
    alice.call("addGroupMembers", bob).await?;
    assert_eq!(bobby.hear_texts(2).await?, ["remove_members", "add_members"]);
    let conversation = first.position.conversation;
    bobby.tell(jmessage_proto::Request::Sync { conversation, after: 3 }).await?;
    match bobby.frame().await? {
        jmessage_proto::Response::From { seq, .. } => {
            assert_eq!(seq, 4, "nothing up to there is to be waited for");
        }
        other => anyhow::bail!("{}", jmessage_testkit::describe(&other)),
    }
    assert_eq!(bobby.hear().await?.text, "add_members");
    Ok(())
}
