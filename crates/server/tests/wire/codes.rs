//! Every code that the server tells, in a situation in which it really does. Each test is named after its code.
//!
//! Not here: 872006 and 872007 are the client's own findings (no answer in time, connection broken), and 803008 has no
//! situation, since there is no blacklist.

use crate::house::House;
use anyhow::{Context, Result, bail};
use jmessage_proto::{Request, Response};
use jmessage_testkit::{App, Client, PASSWORD, TestServer, describe, login, now_seconds, send, send_in, sys};
use serde_json::json;

async fn pair() -> Result<(TestServer, Client, Client)> {
    let server = TestServer::start().await?;
    let (alice, bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    Ok((server, alice, bobby))
}

/// A group of this client's.
async fn group(owner: &mut Client) -> Result<u64> {
    let made = owner.call("createGroup", json!({ "groupName": "tGroup" })).await?;
    made["gid"].as_u64().context("no gid")
}

/// The operating system lets the server write no file any more, as on a full disk. What cannot be stored is not
/// reported as sent, reaches nobody, and may be tried again later.
#[tokio::test]
async fn code_872000_when_the_store_cannot_write() -> Result<()> {
    let house = House::new().await?;
    let server = house.serve_without_size_signal().await?;
    let mut alice = house.enter(&server, "alice001").await?;
    let mut bobby = house.enter(&server, "bobby001").await?;
    alice.say("bobby001", "before").await?;
    sys::limit_file_size(server.pid()?, Some(0))?;
    let id = alice.next_id();
    match alice.ask(send(id, "key-1", "bobby001", "hello")).await? {
        Response::Error { code, message, retry_after, .. } => {
            assert_eq!((code, message.as_str()), (872_000, "server error"));
            assert!(retry_after.is_some(), "trying again makes sense");
        }
        other => bail!("{}", describe(&other)),
    }
    assert_eq!(alice.call_refused("createGroup", json!({ "groupName": "tGroup" })).await?, 872_000);
    let mut carol = Client::configured(server.url(), &house.app).await?;
    assert_eq!(carol.refusal(|id| login(id, "alice002", PASSWORD)).await?, 872_000);
    sys::limit_file_size(server.pid()?, None)?;
    alice.say_as("key-1", "bobby001", "hello").await?;
    assert_eq!(bobby.hear_texts(2).await?, ["before", "hello"]);
    server.stop().await
}

#[tokio::test]
async fn code_872001_for_commands_before_the_login() -> Result<()> {
    let server = TestServer::start().await?;
    let mut client = server.configured().await?;
    assert_eq!(client.refusal(|id| send(id, "k", "bobby001", "hello")).await?, 872_001);
    assert_eq!(client.call_refused("getGroupList", json!({})).await?, 872_001);
    assert_eq!(client.refusal(|id| Request::Logout { id }).await?, 872_001);
    client.login("alice001", PASSWORD).await?;
    client.logout().await?;
    assert_eq!(client.refusal(|id| send(id, "k", "bobby001", "hello")).await?, 872_001, "and after it");
    Ok(())
}

#[tokio::test]
async fn code_872002_for_arguments_that_make_no_sense() -> Result<()> {
    let (_server, mut alice, _) = pair().await?;
    assert_eq!(alice.refusal(|id| send(id, "k", "bobby001", "")).await?, 872_002);
    assert_eq!(alice.call_refused("getGroupInfo", json!({ "groupId": null })).await?, 872_002);
    assert_eq!(alice.call_refused("createGroup", json!({ "groupName": 7 })).await?, 872_002);
    Ok(())
}

/// A user was taken over from elsewhere with a password hash that this server cannot read: trying again is of no use.
#[tokio::test]
async fn code_872003_when_a_password_cannot_be_verified() -> Result<()> {
    let server = TestServer::start().await?;
    let foreign = "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW";
    server.add_user_hashed("carol001", foreign).await?;
    let mut client = server.configured().await?;
    assert_eq!(client.refusal(|id| login(id, "carol001", PASSWORD)).await?, 872_003);
    Ok(())
}

#[tokio::test]
async fn code_872004_for_an_unknown_app_and_a_wrong_signature() -> Result<()> {
    let server = TestServer::start().await?;
    let mut client = server.connect().await?;
    for app in [App::new("nobodys", "secret"), App::new(&server.app().key, "not-the-secret")] {
        let config = app.config(7)?;
        assert_eq!(client.refusal(|_| config).await?, 872_004);
    }
    Ok(())
}

#[tokio::test]
async fn code_872005_for_a_signature_that_is_too_old_or_absent() -> Result<()> {
    let server = TestServer::start().await?;
    let mut client = server.connect().await?;
    let old = server.app().config_signed_at(7, now_seconds() - 3600)?;
    assert_eq!(client.refusal(|_| old).await?, 872_005);
    let Request::Config { id, app_key, timestamp, random_str, .. } = server.app().config(8)? else {
        bail!("no config");
    };
    let unsigned = Request::Config { id, app_key, timestamp, random_str, signature: String::new() };
    assert_eq!(client.refusal(|_| unsigned).await?, 872_005);
    assert_eq!(
        client.refusal(|id| login(id, "alice001", PASSWORD)).await?,
        872_005,
        "nothing was configured"
    );
    Ok(())
}

#[tokio::test]
async fn code_872008_when_the_user_logs_in_elsewhere() -> Result<()> {
    let (server, mut alice, _) = pair().await?;
    let token = alice.token()?;
    let _elsewhere = server.enter("alice001").await?;
    assert_eq!(alice.kicked().await?, 872_008);
    let mut back = server.connect().await?;
    let app_key = server.app().key.clone();
    let resumed = back.refusal(|id| Request::Resume { id, app_key, token, cursors: vec![] }).await?;
    assert_eq!(resumed, 872_008, "the page that was kicked learns why it may not resume");
    Ok(())
}

#[tokio::test]
async fn code_801003_for_a_login_under_a_name_that_nobody_has() -> Result<()> {
    let server = TestServer::start().await?;
    let mut client = server.configured().await?;
    // One that JMessage would not have registered, and one that nobody can have, are names that nobody has.
    for name in ["nobody001", "abc", "a b"] {
        assert_eq!(client.refusal(|id| login(id, name, PASSWORD)).await?, 801_003, "{name}");
    }
    Ok(())
}

#[tokio::test]
async fn code_801004_for_a_wrong_password() -> Result<()> {
    let server = TestServer::start().await?;
    let mut client = server.configured().await?;
    assert_eq!(client.refusal(|id| login(id, "alice001", "not-this-one")).await?, 801_004);
    Ok(())
}

#[tokio::test]
async fn code_803004_for_a_group_that_is_not_there() -> Result<()> {
    let (_server, mut alice, _) = pair().await?;
    assert_eq!(alice.refusal(|id| send_in(id, 999_999, "hello")).await?, 803_004);
    let pair = alice.say("bobby001", "hello").await?.conversation;
    assert_eq!(alice.refusal(|id| send_in(id, pair, "hello")).await?, 803_004, "a pair is no group");
    Ok(())
}

#[tokio::test]
async fn code_803005_for_who_is_not_in_the_group() -> Result<()> {
    let (_server, mut alice, mut bobby) = pair().await?;
    let gid = group(&mut alice).await?;
    assert_eq!(bobby.refusal(|id| send_in(id, gid, "hello")).await?, 803_005);
    Ok(())
}

#[tokio::test]
async fn code_803007_for_a_message_that_is_too_long() -> Result<()> {
    let (_server, mut alice, _) = pair().await?;
    let gid = group(&mut alice).await?;
    let long = "x".repeat(4097);
    assert_eq!(alice.refusal(|id| send(id, "k", "bobby001", &long)).await?, 803_007);
    assert_eq!(alice.refusal(|id| send_in(id, gid, &long)).await?, 803_007);
    Ok(())
}

#[tokio::test]
async fn code_808001_for_a_group_without_a_name() -> Result<()> {
    let (_server, mut alice, _) = pair().await?;
    assert_eq!(alice.call_refused("createGroup", json!({ "groupName": "" })).await?, 808_001);
    let gid = group(&mut alice).await?;
    let rename = json!({ "groupId": gid, "groupName": "" });
    assert_eq!(alice.call_refused("updateGroupInfo", rename).await?, 808_001);
    Ok(())
}

#[tokio::test]
async fn code_808002_for_a_member_who_renames_the_group() -> Result<()> {
    let (_server, mut alice, mut bobby) = pair().await?;
    let gid = group(&mut alice).await?;
    alice.call("addGroupMembers", json!({ "groupId": gid, "memberUsernames": ["bobby001"] })).await?;
    let rename = json!({ "groupId": gid, "groupName": "mine" });
    assert_eq!(bobby.call_refused("updateGroupInfo", rename).await?, 808_002);
    Ok(())
}

#[tokio::test]
async fn code_808003_for_one_group_too_many() -> Result<()> {
    let server = TestServer::start_with(|config| config.limits.owned = 2).await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let first = group(&mut alice).await?;
    group(&mut alice).await?;
    assert_eq!(alice.call_refused("createGroup", json!({ "groupName": "third" })).await?, 808_003);
    for _ in 0..2 {
        let others = group(&mut bobby).await?;
        let add = json!({ "groupId": others, "memberUsernames": ["alice001"] });
        bobby.call("addGroupMembers", add).await?;
    }
    assert_eq!(alice.call_refused("createGroup", json!({ "groupName": "third" })).await?, 808_003);
    alice.call("exitGroup", json!({ "groupId": first })).await?;
    group(&mut alice).await.context("in the place of the one that ended; others' groups do not count")?;
    Ok(())
}

#[tokio::test]
async fn code_808004_for_a_name_or_description_that_is_too_long() -> Result<()> {
    let (_server, mut alice, _) = pair().await?;
    let long = json!({ "groupName": "组".repeat(22) });
    assert_eq!(alice.call_refused("createGroup", long).await?, 808_004, "66 bytes");
    let long = json!({ "groupName": "tGroup", "groupDescription": "y".repeat(251) });
    assert_eq!(alice.call_refused("createGroup", long).await?, 808_004);
    Ok(())
}

#[tokio::test]
async fn code_809002_for_leaving_a_group_that_one_is_not_in() -> Result<()> {
    let (_server, mut alice, mut bobby) = pair().await?;
    let gid = group(&mut alice).await?;
    assert_eq!(bobby.call_refused("exitGroup", json!({ "groupId": gid })).await?, 809_002);
    Ok(())
}

#[tokio::test]
async fn code_810008_for_more_members_than_the_group_takes() -> Result<()> {
    let server = TestServer::start_with(|config| config.limits.group = 3).await?;
    let mut alice = server.enter("alice001").await?;
    let gid = group(&mut alice).await?;
    let add = |names: &[&str]| json!({ "groupId": gid, "memberUsernames": names });
    let three = add(&["alice002", "alice003", "alice004"]);
    assert_eq!(alice.call_refused("addGroupMembers", three).await?, 810_008, "all or nobody");
    alice.call("addGroupMembers", add(&["alice002", "alice003"])).await?;
    assert_eq!(alice.call_refused("addGroupMembers", add(&["alice004"])).await?, 810_008);
    alice.call("addGroupMembers", add(&["alice002"])).await.context("who is in it takes no place")?;
    alice.call("removeGroupMembers", add(&["alice002"])).await?;
    alice.call("addGroupMembers", add(&["alice004"])).await?;
    Ok(())
}

#[tokio::test]
async fn code_811003_for_a_member_who_puts_others_out() -> Result<()> {
    let (_server, mut alice, mut bobby) = pair().await?;
    let gid = group(&mut alice).await?;
    let members = json!({ "groupId": gid, "memberUsernames": ["bobby001", "bobby002"] });
    alice.call("addGroupMembers", members).await?;
    let out = json!({ "groupId": gid, "memberUsernames": ["bobby002"] });
    assert_eq!(bobby.call_refused("removeGroupMembers", out).await?, 811_003);
    Ok(())
}

#[tokio::test]
async fn code_898002_for_a_user_who_is_not_there() -> Result<()> {
    let (_server, mut alice, _) = pair().await?;
    let gid = group(&mut alice).await?;
    for name in ["nobody001", "abc", "a b"] {
        assert_eq!(alice.refusal(|id| send(id, "k", name, "hello")).await?, 898_002, "{name}");
        assert_eq!(alice.call_refused("getUserInfo", json!({ "username": name })).await?, 898_002, "{name}");
    }
    let add = json!({ "groupId": gid, "memberUsernames": ["bobby001", "nobody001"] });
    assert_eq!(alice.call_refused("addGroupMembers", add).await?, 898_002, "all or nobody");
    Ok(())
}
