//! Who may do what with a group: every command, tried by everybody.

use anyhow::{Result, bail};
use jmessage_proto::{Request, Response};
use jmessage_testkit::{Client, PASSWORD, TestServer, call, describe, send_in};
use serde_json::{Value, json};

/// It was done.
const DONE: u64 = 0;

/// A command, on the group of this number.
type Command = fn(id: u64, group: u64) -> Request<String>;

/// What everybody gets for a command: the owner, a member, an outsider, a former member whom the owner put out, and a
/// user of another App.
#[rustfmt::skip]
const TABLE: [(&str, Command, [u64; 5]); 8] = [
    //                                                  owner    member   outsider removed  other App
    ("send a message",                   send,          [DONE,    DONE,    803_005, 803_005, 803_004]),
    ("getGroupInfo",                     info,          [DONE,    DONE,    803_005, 803_005, 803_004]),
    ("updateGroupInfo",                  rename,        [DONE,    808_002, 803_005, 803_005, 803_004]),
    ("addGroupMembers",                  add,           [DONE,    DONE,    803_005, 803_005, 803_004]),
    ("removeGroupMembers: a member",     remove,        [DONE,    811_003, 803_005, 803_005, 803_004]),
    ("removeGroupMembers: the owner",    remove_owner,  [811_003, 811_003, 803_005, 803_005, 803_004]),
    ("removeGroupMembers: nobody in it", remove_nobody, [DONE,    811_003, 803_005, 803_005, 803_004]),
    ("exitGroup",                        exit,          [DONE,    DONE,    809_002, 809_002, 803_004]),
];

const ROLES: [&str; 5] =
    ["the owner", "a member", "an outsider", "a removed member", "a user of another App"];

fn send(id: u64, group: u64) -> Request<String> {
    send_in(id, group, "hello")
}

fn info(id: u64, group: u64) -> Request<String> {
    call(id, "getGroupInfo", &json!({ "groupId": group }))
}

fn rename(id: u64, group: u64) -> Request<String> {
    call(id, "updateGroupInfo", &json!({ "groupId": group, "groupName": "renamed" }))
}

fn add(id: u64, group: u64) -> Request<String> {
    call(id, "addGroupMembers", &json!({ "groupId": group, "memberUsernames": ["alice010"] }))
}

fn remove(id: u64, group: u64) -> Request<String> {
    call(id, "removeGroupMembers", &json!({ "groupId": group, "memberUsernames": ["alice009"] }))
}

fn remove_owner(id: u64, group: u64) -> Request<String> {
    call(id, "removeGroupMembers", &json!({ "groupId": group, "memberUsernames": ["alice001"] }))
}

fn remove_nobody(id: u64, group: u64) -> Request<String> {
    call(id, "removeGroupMembers", &json!({ "groupId": group, "memberUsernames": ["alice020"] }))
}

fn exit(id: u64, group: u64) -> Request<String> {
    call(id, "exitGroup", &json!({ "groupId": group }))
}

/// One of each role, in the order of [`ROLES`]. The user of the other App has the member's name.
async fn everybody(server: &TestServer) -> Result<[Client; 5]> {
    let other = server.add_app("another", "another-secret", &["bobby001"]).await?;
    let mut stranger = Client::configured(server.url(), &other).await?;
    stranger.login("bobby001", PASSWORD).await?;
    let [owner, member, outsider, removed] = [
        server.enter("alice001").await?,
        server.enter("bobby001").await?,
        server.enter("bobby003").await?,
        server.enter("bobby002").await?,
    ];
    Ok([owner, member, outsider, removed, stranger])
}

/// A group of the owner's in which everybody is what the table says, and alice009 a member besides.
async fn group(owner: &mut Client) -> Result<u64> {
    let made = owner.call("createGroup", json!({ "groupName": "tGroup" })).await?;
    let group = made["gid"].as_u64().unwrap_or_default();
    let members = json!({ "groupId": group, "memberUsernames": ["bobby001", "bobby002", "alice009"] });
    owner.call("addGroupMembers", members).await?;
    owner.call("removeGroupMembers", json!({ "groupId": group, "memberUsernames": ["bobby002"] })).await?;
    Ok(group)
}

async fn attempt(client: &mut Client, command: Command, group: u64) -> Result<u64> {
    let id = client.next_id();
    match client.ask(command(id, group)).await? {
        Response::Sent { .. } | Response::Data { .. } => Ok(DONE),
        Response::Error { code, .. } => Ok(code),
        other => bail!("{}", describe(&other)),
    }
}

async fn look(owner: &mut Client, group: u64) -> Result<Value> {
    owner.call("getGroupInfo", json!({ "groupId": group })).await
}

#[tokio::test]
async fn every_command_by_every_role_has_its_code() -> Result<()> {
    let server = TestServer::start().await?;
    let mut people = everybody(&server).await?;
    for (name, command, codes) in TABLE {
        for (role, code) in codes.into_iter().enumerate() {
            let group = group(&mut people[0]).await?;
            let before = look(&mut people[0], group).await?;
            let outcome = attempt(&mut people[role], command, group).await?;
            assert_eq!(outcome, code, "{name} by {}", ROLES[role]);
            if outcome != DONE {
                let after = look(&mut people[0], group).await?;
                assert_eq!(after, before, "{name} by {} changed the group", ROLES[role]);
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_group_that_has_ended_is_there_for_nobody() -> Result<()> {
    let server = TestServer::start().await?;
    let mut people = everybody(&server).await?;
    let group = group(&mut people[0]).await?;
    people[0].call("exitGroup", json!({ "groupId": group })).await?;
    for (name, command, _) in TABLE {
        for (client, role) in people.iter_mut().zip(ROLES) {
            assert_eq!(attempt(client, command, group).await?, 803_004, "{name} by {role}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_group_is_listed_for_those_who_are_in_it() -> Result<()> {
    let server = TestServer::start().await?;
    let mut people = everybody(&server).await?;
    let group = group(&mut people[0]).await?;
    for ((client, role), listed) in people.iter_mut().zip(ROLES).zip([true, true, false, false, false]) {
        let list = client.call("getGroupList", json!({})).await?;
        let gids: Vec<_> = list.as_array().into_iter().flatten().map(|group| group["gid"].clone()).collect();
        assert_eq!(gids, if listed { vec![json!(group)] } else { vec![] }, "{role}");
    }
    Ok(())
}

/// What needs no group is open to every user, within the user's App.
#[tokio::test]
async fn commands_without_a_group_stay_within_the_app() -> Result<()> {
    let server = TestServer::start().await?;
    let mut people = everybody(&server).await?;
    for ((client, role), sees) in people.iter_mut().zip(ROLES).zip([true, true, true, true, false]) {
        client.call("createGroup", json!({ "groupName": "mine" })).await?;
        let id = client.next_id();
        let seen = client.ask(call(id, "getUserInfo", &json!({ "username": "alice001" }))).await?;
        match seen {
            Response::Data { .. } => assert!(sees, "{role}"),
            Response::Error { code, .. } => assert_eq!((sees, code), (false, 898_002), "{role}"),
            other => bail!("{}", describe(&other)),
        }
    }
    Ok(())
}
