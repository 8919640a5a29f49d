//! What is not kept any more: who had it goes on as before, who had not is told.

use anyhow::{Context, Result, bail, ensure};
use jmessage_core::Retention;
use jmessage_model::Millis;
use jmessage_proto::{Position, Request, Response};
use jmessage_testkit::{Client, PASSWORD, TestServer};
use serde_json::{Value, json};

const MESSAGES: u64 = 1200;

/// Says so many things.
async fn chat(alice: &mut Client, to: &str) -> Result<u64> {
    for number in 1..=MESSAGES {
        alice.mumble(&format!("k{number}"), to, &number.to_string()).await?;
    }
    for _ in 0..MESSAGES {
        alice.frame().await?;
    }
    Ok(MESSAGES)
}

/// Cuts what may be cut, as often as it takes to reach most of it; how much there was.
async fn forget(server: &TestServer) -> Result<u64> {
    let mut cut = 0;
    for _ in 0..40 {
        let mut round = server.core().trimming(Retention { age: Some(Millis(0)), entries: None });
        while let Some(entries) = round.step().await? {
            cut += entries;
        }
    }
    ensure!(cut > 1000, "little was cut: {cut}");
    Ok(u64::try_from(cut)?)
}

/// The next frame, which tells of a loss: its position, and what it says.
async fn resync(client: &mut Client) -> Result<(Position, Value)> {
    match client.frame().await? {
        Response::Resync { conversation, seq, lost } => {
            Ok((Position { conversation, seq }, serde_json::from_str(&lost)?))
        }
        other => bail!("expected a resync, got {other:?}"),
    }
}

#[tokio::test]
async fn who_was_away_is_told_what_was_lost_and_hears_the_rest() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let all = chat(&mut alice, "bobby001").await?;
    let cut = forget(&server).await?;
    let mut bobby = server.enter("bobby001").await?;
    let Response::Backlog { count } = bobby.frame().await? else { bail!("no backlog") };
    assert_eq!(count, all - cut, "what waits still");
    let (place, lost) = resync(&mut bobby).await?;
    let told = json!({ "target_type": "single", "target_id": "alice001", "from": 1, "to": cut });
    assert_eq!((place.seq, lost), (cut, told));
    for number in cut + 1..=all {
        assert_eq!(bobby.hear().await?.text, number.to_string());
    }
    bobby.tell(Request::Ack { cursors: vec![Position { seq: all, ..place }] }).await?;
    bobby.settle().await?;
    let mut bobby = server.enter("bobby001").await?;
    alice.say("bobby001", "again").await?;
    assert_eq!(bobby.hear().await?.text, "again", "and is told once");
    Ok(())
}

#[tokio::test]
async fn who_was_there_loses_nothing_and_a_gap_in_what_was_cut_is_named() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let all = chat(&mut alice, "bobby001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let mut newest = None;
    for number in 1..=all {
        let heard = bobby.hear().await?;
        assert_eq!(heard.text, number.to_string());
        newest = Some(heard);
    }
    let newest = newest.context("nothing was heard")?;
    bobby.ack(&newest).await?;
    bobby.settle().await?;
    let cut = forget(&server).await?;
    let conversation = newest.position.conversation;
    bobby.tell(Request::Sync { conversation, after: 5 }).await?;
    let (place, lost) = resync(&mut bobby).await?;
    assert_eq!((place.seq, &lost["from"], &lost["to"]), (cut, &json!(6), &json!(cut)));
    assert_eq!(bobby.hear().await?.position.seq, cut + 1);
    let token = bobby.token()?;
    drop(bobby);
    let mut bobby = server.connect().await?;
    bobby.resume(server.app(), &token, &[newest.position]).await?;
    alice.say("bobby001", "end").await?;
    assert_eq!(bobby.hear().await?.text, "end");
    Ok(())
}

#[tokio::test]
async fn positions_and_numbers_go_on_after_a_restart() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let all = chat(&mut alice, "bobby001").await?;
    let before = alice.say("bobby001", "before").await?;
    forget(&server).await?;
    let server = server.restart().await?;
    let mut alice = server.configured().await?;
    alice.login("alice001", PASSWORD).await?;
    let after = alice.say("bobby001", "after").await?;
    assert_eq!((before.seq, after.seq), (all + 1, all + 2));
    assert!(after.msg_id > before.msg_id);
    Ok(())
}
