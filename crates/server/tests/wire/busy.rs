//! A store that does not get on for a while: what waits is bounded, and whoever comes then is asked to come back.

use anyhow::{Result, bail, ensure};
use futures_util::future;
use jmessage_proto::{Position, Request, Response};
use jmessage_testkit::{Client, PASSWORD, TestServer};
use std::{pin::pin, sync::atomic::Ordering};
use tokio::time::{Duration, sleep};

/// Somebody else holds the database, so that nothing is written until this is dropped. The writer waits for it already, with
/// what this client has said.
async fn hold(server: &TestServer, client: &mut Client) -> Result<rusqlite::Connection> {
    let database = rusqlite::Connection::open(server.data().join("jmessage.db"))?;
    database.execute_batch("BEGIN IMMEDIATE")?;
    client.mumble("held", "bobby001", "hello").await?;
    client.settle().await?;
    while server.core().waiting() > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    Ok(database)
}

/// Says so many things at once; how often the server was too busy, in all that it answered until it had read them.
async fn rush(client: &mut Client, count: usize) -> Result<usize> {
    for number in 0..count {
        client.mumble(&format!("k{number}"), "bobby001", "hello").await?;
    }
    client.tell(Request::Ping).await?;
    let mut refused = 0;
    loop {
        match client.frame().await? {
            Response::Pong => return Ok(refused),
            Response::Error { code, retry_after, .. } => {
                ensure!(
                    (code, retry_after) == (872_000, Some(500)),
                    "refused otherwise: {code} {retry_after:?}"
                );
                refused += 1;
            }
            other => bail!("not expected: {other:?}"),
        }
    }
}

#[tokio::test]
async fn too_much_waiting_is_answered_with_busy_at_once_and_taken_later() -> Result<()> {
    // One less than what pauses the reading of a connection.
    const EACH: usize = 255;
    let server = TestServer::start().await?;
    let mut crowd = Vec::new();
    for number in 1..=18 {
        crowd.push(server.enter(&format!("alice{number:03}")).await?);
    }
    let mut other = server.enter("bobby001").await?;
    let held = hold(&server, &mut other).await?;
    let (mut refused, mut of_last) = (0, 0);
    for (index, client) in crowd.iter_mut().enumerate() {
        let busy = rush(client, EACH).await?;
        assert!(busy == 0 || index >= 16, "4,080 find room: {index}");
        refused += busy;
        of_last = busy;
    }
    assert_eq!(refused, 18 * EACH - 4096);
    assert_eq!(server.core().stats().busy.load(Ordering::Relaxed), u64::try_from(refused)?);
    drop(held);
    let mut last = crowd.pop().expect("eighteen came");
    for _ in of_last..EACH {
        ensure!(matches!(last.frame().await?, Response::Sent { .. }), "what was taken is answered");
    }
    while server.core().waiting() > 0 {
        sleep(Duration::from_millis(1)).await;
    }
    last.say_as(&format!("k{}", EACH - 1), "bobby001", "hello").await?;
    Ok(())
}

#[tokio::test]
async fn a_connection_with_too_much_under_way_is_not_read() -> Result<()> {
    const RUSH: usize = 400;
    let server = TestServer::start().await?;
    let (mut alice, mut other) = (server.enter("alice001").await?, server.enter("alice002").await?);
    let held = hold(&server, &mut other).await?;
    for number in 0..RUSH {
        alice.mumble(&format!("k{number}"), "bobby001", "hello").await?;
    }
    alice.tell(Request::Ping).await?;
    while server.core().waiting() == 0 {
        sleep(Duration::from_millis(1)).await;
    }
    for _ in 0..50 {
        other.settle().await?;
    }
    assert!(server.core().waiting() <= 256, "{} wait", server.core().waiting());
    drop(held);
    let (mut answers, mut before) = (0, None);
    while answers < RUSH || before.is_none() {
        match alice.frame().await? {
            Response::Sent { .. } => answers += 1,
            Response::Pong => before = Some(answers),
            other => bail!("not expected: {other:?}"),
        }
    }
    assert!(before >= Some(RUSH - 256), "the ping was read while {before:?} were answered");
    Ok(())
}

#[tokio::test]
async fn acknowledgements_that_wait_for_another_are_bounded() -> Result<()> {
    let server = TestServer::start().await?;
    let (mut alice, mut other) = (server.enter("alice001").await?, server.enter("alice002").await?);
    let held = hold(&server, &mut other).await?;
    // The first is under way, the second fills what waits for it, and the third is not read.
    for first in [1, 1_001, 2_001] {
        let cursors = (first..first + 1_000).map(|conversation| Position { conversation, seq: 1 }).collect();
        alice.tell(Request::Ack { cursors }).await?;
    }
    alice.tell(Request::Ping).await?;
    for _ in 0..50 {
        other.settle().await?;
    }
    let mut early = pin!(alice.frame());
    assert!(future::poll_immediate(early.as_mut()).await.is_none(), "what comes after it is not read");
    drop(held);
    assert!(matches!(early.await?, Response::Pong));
    Ok(())
}

#[tokio::test]
async fn what_was_acknowledged_just_before_a_logout_counts() -> Result<()> {
    let server = TestServer::start().await?;
    let (mut alice, mut reader) = (server.enter("alice001").await?, server.enter("alice002").await?);
    let mut heard = Vec::new();
    for text in ["one", "two"] {
        alice.say("alice002", text).await?;
        heard.push(reader.hear().await?);
    }
    // The second waits for the first, which is under way when the page logs out.
    let held = hold(&server, &mut alice).await?;
    for message in &heard {
        reader.ack(message).await?;
    }
    let id = reader.next_id();
    reader.tell(Request::Logout { id }).await?;
    reader.settle().await?;
    drop(held);
    assert!(matches!(reader.answer(Some(id)).await?, Response::Done { .. }));
    assert!(matches!(alice.frame().await?, Response::Sent { .. }), "what was held");
    // The next session of the same connection can acknowledge as well.
    for text in ["three", "four"] {
        alice.say("alice002", text).await?;
        reader.login("alice002", PASSWORD).await?;
        let last = reader.hear().await?;
        assert_eq!(last.text, text, "what was acknowledged is not told again");
        reader.ack(&last).await?;
        reader.logout().await?;
    }
    Ok(())
}
