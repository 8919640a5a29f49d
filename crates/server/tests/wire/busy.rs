//! A store that does not get on for a while: what waits is bounded, and whoever comes then is asked to come back.

use anyhow::{Result, bail, ensure};
use jmessage_proto::{Request, Response};
use jmessage_testkit::{Client, TestServer};
use std::sync::atomic::Ordering;
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
