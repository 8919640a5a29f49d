//! A group of ten thousand: everything works, and what does not fit in a frame is told in parts that say so.

use anyhow::{Context, Result};
use jmessage_testkit::{Client, TestServer};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const MEMBERS: usize = 10_000;

/// The names of everybody in a group, asked for part by part as `memberCount` says that there are more.
async fn everybody(client: &mut Client, group: &Value) -> Result<(BTreeSet<String>, usize)> {
    let (mut names, mut parts) = (BTreeSet::new(), 0);
    loop {
        let params = json!({ "groupId": group, "start": names.len() });
        let info = client.call("getGroupInfo", params).await?;
        let members = info["members"].as_array().context("no members")?;
        names.extend(members.iter().filter_map(|member| member["username"].as_str().map(str::to_owned)));
        parts += 1;
        if info["memberCount"].as_u64().is_none_or(|count| names.len() as u64 >= count) || members.is_empty()
        {
            return Ok((names, parts));
        }
    }
}

#[tokio::test]
async fn a_group_of_ten_thousand_lives_like_any_other() -> Result<()> {
    let server = TestServer::start_with(|config| config.limits.group = MEMBERS).await?;
    let crowd: Vec<_> = (1..MEMBERS).map(|number| format!("crowd{number:05}")).collect();
    server.add_crowd(&crowd).await?;
    let mut alice = server.enter("alice001").await?;
    let mut newest = server.enter("crowd09999").await?;
    let group = alice.call("createGroup", json!({ "groupName": "tGroup" })).await?["gid"].clone();
    for names in crowd.chunks(256) {
        alice.call("addGroupMembers", json!({ "groupId": group, "memberUsernames": names })).await?;
    }
    let one_more = json!({ "groupId": group, "memberUsernames": ["bobby001"] });
    assert_eq!(alice.call_refused("addGroupMembers", one_more).await?, 810_008);

    let (names, parts) = everybody(&mut alice, &group).await?;
    assert_eq!(names.len(), MEMBERS);
    assert!(parts > 1, "that many do not fit in one frame");
    let list = newest.call("getGroupList", json!({})).await?;
    assert_eq!(list[0]["memberCount"], MEMBERS);
    assert_eq!(list[0]["membersUsername"].as_array().map(Vec::len), Some(500));

    alice.say_in(group.as_u64().context("no gid")?, "大家好").await?;
    assert_eq!(newest.hear_texts(2).await?, ["add_members", "大家好"]);
    alice.call("exitGroup", json!({ "groupId": group })).await?;
    let end: Value = serde_json::from_str(&newest.hear().await?.json)?;
    assert_eq!(end["description"], "administrator delete group");
    assert_eq!(end["to_username_list"].as_array().map(Vec::len), Some(256), "as many as an event names");
    let mut away = server.enter("crowd00001").await?;
    assert!(away.call("getGroupList", json!({})).await?.as_array().is_some_and(Vec::is_empty));
    assert_eq!(away.hear_texts(42).await?.last().map(String::as_str), Some("exit_group"));
    Ok(())
}
