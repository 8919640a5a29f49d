//! The events of a group reach everyone concerned: once, in order, whether online or away, and those put out as well.

use anyhow::{Context, Result};
use jmessage_testkit::{Client, Heard, TestServer};
use serde_json::{Value, json};

/// An event on one line: what, by whom, about whom, and its description.
fn line(heard: &Heard) -> Result<String> {
    let event: Value = serde_json::from_str(&heard.json)?;
    let text = |name: &str| event[name].as_str().with_context(|| format!("{name} of {event}"));
    let list = event["to_username_list"].as_array().context("no to_username_list")?;
    let list: Vec<_> = list.iter().filter_map(Value::as_str).collect();
    let line = format!("{} by {}: {}", text("event_type")?, text("from_username")?, list.join(" "));
    Ok(match text("description")? {
        "" => line,
        description => format!("{line} ({description})"),
    })
}

/// Hears these events of a group, each following the one before.
async fn hears(client: &mut Client, who: &str, expected: &[&str]) -> Result<()> {
    let mut last = None;
    for line_expected in expected {
        let heard = client.hear().await.with_context(|| format!("{who} waits for {line_expected}"))?;
        assert_eq!(line(&heard)?, *line_expected, "{who}");
        let seq = heard.position.seq;
        assert!(last.is_none_or(|last| seq == last + 1), "{who}: seq {seq} after {last:?}");
        last = Some(seq);
        client.ack(&heard).await?;
    }
    Ok(())
}

const CREATED: &str = "create_group by alice001: alice001";
const ADDED: &str = "add_members by alice001: alice002 alice003 alice004 bobby001 bobby002";
const REMOVED: &str = "remove_members by alice001: alice002 alice003";
const LEFT: &str = "exit_group by alice004: alice004";
const DISSOLVED: &str = "exit_group by alice001: alice001 bobby001 bobby002 (administrator delete group)";

/// Who hears what of the story below. Everybody else hears nothing.
const TABLE: [(&str, &[&str]); 7] = [
    ("alice001", &[CREATED, ADDED, REMOVED, LEFT, DISSOLVED]),
    // Put out while online, and while away.
    ("alice002", &[ADDED, REMOVED]),
    ("alice003", &[ADDED, REMOVED]),
    // Leaves.
    ("alice004", &[ADDED, REMOVED, LEFT]),
    // There to the end, online and away.
    ("bobby001", &[ADDED, REMOVED, LEFT, DISSOLVED]),
    ("bobby002", &[ADDED, REMOVED, LEFT, DISSOLVED]),
    // An outsider.
    ("bobby003", &[]),
];

/// A group is made, filled, renamed, thinned, left and ended.
async fn story(owner: &mut Client, leaver: &mut Client) -> Result<()> {
    let made = owner.call("createGroup", json!({ "groupName": "tGroup" })).await?;
    let group = made["gid"].clone();
    let members = json!(["alice002", "alice003", "alice004", "bobby001", "bobby002"]);
    owner.call("addGroupMembers", json!({ "groupId": group, "memberUsernames": members })).await?;
    // Of a new name the original tells nothing.
    owner.call("updateGroupInfo", json!({ "groupId": group, "groupName": "m_name" })).await?;
    let two = json!(["alice002", "alice003"]);
    owner.call("removeGroupMembers", json!({ "groupId": group, "memberUsernames": two })).await?;
    leaver.call("exitGroup", json!({ "groupId": group })).await?;
    owner.call("exitGroup", json!({ "groupId": group })).await?;
    Ok(())
}

/// Everybody of the table hears their part, and then nothing more: not even at the next login.
async fn check(server: &TestServer, mut online: Vec<(&str, Client)>) -> Result<()> {
    let mut teller = server.enter("bobby020").await?;
    for (who, expected) in TABLE {
        let mut client = match online.iter().position(|(name, _)| *name == who) {
            Some(at) => online.swap_remove(at).1,
            None => server.enter(who).await?,
        };
        hears(&mut client, who, expected).await?;
        // Said only now: nothing is promised about the order of two conversations.
        teller.say(who, "end").await?;
        assert_eq!(client.hear().await?.text, "end", "{who} hears more than is expected");
        client.settle().await?;
        drop(client);
        let mut again = server.enter(who).await?;
        assert_eq!(again.hear().await?.text, "end", "{who} hears events again that were acknowledged");
    }
    Ok(())
}

#[tokio::test]
async fn everyone_online_hears_every_event_once() -> Result<()> {
    let server = TestServer::start().await?;
    let mut online = Vec::new();
    for (who, _) in TABLE {
        online.push((who, server.enter(who).await?));
    }
    let mut leaver = online.remove(3).1;
    story(&mut online[0].1, &mut leaver).await?;
    online.push(("alice004", leaver));
    check(&server, online).await
}

#[tokio::test]
async fn everyone_away_hears_every_event_once_on_coming_back() -> Result<()> {
    let server = TestServer::start().await?;
    let mut owner = server.enter("alice001").await?;
    let mut leaver = server.enter("alice004").await?;
    story(&mut owner, &mut leaver).await?;
    // The two who acted go without having acknowledged anything.
    drop((owner, leaver));
    check(&server, Vec::new()).await
}

/// As in real life: some are there, some are not.
#[tokio::test]
async fn those_online_and_those_away_hear_the_same() -> Result<()> {
    let server = TestServer::start().await?;
    let mut online = Vec::new();
    for who in ["alice001", "alice002", "bobby001"] {
        online.push((who, server.enter(who).await?));
    }
    let mut leaver = server.enter("alice004").await?;
    story(&mut online[0].1, &mut leaver).await?;
    online.push(("alice004", leaver));
    check(&server, online).await
}

/// What the original tells of a new name is nothing; members see it with the next message.
#[tokio::test]
async fn a_new_name_is_no_event_and_comes_with_the_next_message() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let group = alice.call("createGroup", json!({ "groupName": "tGroup" })).await?["gid"].clone();
    let add = json!({ "groupId": group, "memberUsernames": ["bobby001"] });
    alice.call("addGroupMembers", add).await?;
    alice.call("updateGroupInfo", json!({ "groupId": group, "groupName": "m_name" })).await?;
    alice.say_in(group.as_u64().context("no gid")?, "hello").await?;
    assert_eq!(bobby.hear().await?.text, "add_members");
    let heard = bobby.hear().await?;
    assert_eq!((heard.text.as_str(), heard.position.seq), ("hello", 3), "no entry between");
    assert_eq!(serde_json::from_str::<Value>(&heard.json)?["target_name"], "m_name");
    Ok(())
}
