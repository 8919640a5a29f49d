//! The server as a process: killed, stopped, crowded.

use crate::house::House;
use anyhow::{Context, Result, ensure};
use jmessage_proto::{MAX_FRAME, Response, close};
use jmessage_testkit::{Client, Next, get, metric, sys};
use std::{collections::BTreeSet, fs::File, time::Duration};
use tokio::time::sleep;

#[tokio::test]
async fn what_was_accepted_survives_a_kill() -> Result<()> {
    let house = House::new().await?;
    let server = house.serve(&[]).await?;
    let mut alice = house.enter(&server, "alice001").await?;
    let token = alice.token()?;
    let sent = alice.say_as("key-1", "bobby001", "hello").await?;
    server.kill().await?;

    let server = house.serve(&[]).await?;
    let mut bobby = house.enter(&server, "bobby001").await?;
    let heard = bobby.hear().await?;
    assert_eq!((heard.text.as_str(), heard.msg_id), ("hello", sent.msg_id));
    // The page comes back by itself and repeats what it is not sure of.
    let mut alice = Client::connect(server.url()).await?;
    alice.resume(&house.app, &token, &[]).await?;
    assert_eq!(alice.say_as("key-1", "bobby001", "hello").await?, sent);
    alice.say("bobby001", "end").await?;
    assert_eq!(bobby.hear().await?.text, "end", "the repetition was not told again");
    Ok(())
}

/// Kills in the middle of a stream of messages, again and again. The sender repeats whatever had no answer; the
/// recipient must have heard each message once and in order.
#[tokio::test]
async fn a_stream_survives_kills_in_its_middle() -> Result<()> {
    const MESSAGES: usize = 300;
    const KILLS: usize = 5;
    let house = House::new().await?;
    let mut answered = BTreeSet::new();
    for round in 1..=KILLS {
        let server = house.serve(&[]).await?;
        let mut alice = house.enter(&server, "alice001").await?;
        let open: Vec<_> = (0..MESSAGES).filter(|number| !answered.contains(number)).collect();
        let mut ids = Vec::new();
        for number in &open {
            ids.push(alice.mumble(&format!("key-{number}"), "bobby001", &number.to_string()).await?);
        }
        while answered.len() < MESSAGES * round / KILLS {
            let Response::Sent { id, .. } = alice.frame().await? else { continue };
            let at = ids.iter().position(|asked| *asked == id).context("an answer to nothing")?;
            answered.insert(open[at]);
        }
        server.kill().await?;
        // What the server had answered before it died counts, too.
        while let Next::Frame(frame) = alice.next().await? {
            if let Response::Sent { id, .. } = frame {
                let at = ids.iter().position(|asked| *asked == id).context("an answer to nothing")?;
                answered.insert(open[at]);
            }
        }
    }
    let server = house.serve(&[]).await?;
    let mut bobby = house.enter(&server, "bobby001").await?;
    let expected: Vec<_> = (0..MESSAGES).map(|number| number.to_string()).collect();
    assert_eq!(bobby.hear_texts(MESSAGES).await?, expected);
    let mut alice = house.enter(&server, "alice001").await?;
    alice.say("bobby001", "end").await?;
    assert_eq!(bobby.hear().await?.text, "end");
    Ok(())
}

/// SIGTERM while messages pour in: the process ends by itself with success, clients are told that the server goes,
/// and what is stored is exactly what was answered.
#[tokio::test]
async fn a_graceful_stop_answers_everything_it_took() -> Result<()> {
    let house = House::new().await?;
    let mut server = house.serve(&[]).await?;
    let mut alice = house.enter(&server, "alice001").await?;
    let mut answered = 0;
    for number in 0..200 {
        alice.mumble(&format!("key-{number}"), "bobby001", &number.to_string()).await?;
    }
    alice.frame().await?;
    answered += 1;
    server.ask_to_stop()?;
    let code = loop {
        match alice.next().await? {
            Next::Frame(Response::Sent { .. }) => answered += 1,
            Next::Frame(other) => anyhow::bail!("did not expect {}", jmessage_testkit::describe(&other)),
            Next::Closed(code) => break code,
        }
    };
    assert_eq!(code, close::GOING_AWAY);
    assert!(server.ended().await?.success());

    let server = house.serve(&[]).await?;
    let mut bobby = house.enter(&server, "bobby001").await?;
    let mut alice = house.enter(&server, "alice001").await?;
    alice.say("bobby001", "end").await?;
    for number in 0..answered {
        assert_eq!(bobby.hear().await?.text, number.to_string());
    }
    assert_eq!(bobby.hear().await?.text, "end", "nothing was stored without an answer");
    server.stop().await
}

#[tokio::test]
async fn a_key_is_remembered_across_restarts() -> Result<()> {
    let house = House::new().await?;
    let server = house.serve(&[]).await?;
    let sent = house.enter(&server, "alice001").await?.say_as("key-1", "bobby001", "hello").await?;
    server.stop().await?;
    let server = house.serve(&[]).await?;
    let mut alice = house.enter(&server, "alice001").await?;
    assert_eq!(alice.say_as("key-1", "bobby001", "hello").await?, sent);
    let other = alice.refusal(|id| jmessage_testkit::send(id, "key-1", "bobby001", "goodbye")).await?;
    assert_eq!(other, 872_002);
    server.stop().await
}

#[tokio::test]
async fn a_server_that_just_began_to_listen_stops_gracefully() -> Result<()> {
    let house = House::new().await?;
    for _ in 0..5 {
        house.serve(&[]).await?.stop().await?;
    }
    Ok(())
}

#[tokio::test]
async fn two_servers_do_not_share_a_data_directory() -> Result<()> {
    let house = House::new().await?;
    let server = house.serve(&[]).await?;
    assert!(house.serve(&[]).await.is_err());
    house.enter(&server, "alice001").await?.say("bobby001", "hello").await?;
    server.stop().await
}

/// A thousand connections that say nothing cost a bounded amount of memory.
#[tokio::test]
async fn memory_stays_bounded_under_a_silent_crowd() -> Result<()> {
    const PLACES: usize = 500;
    let house = House::new().await?;
    let server = house.serve(&["--max-pending", &PLACES.to_string()]).await?;
    let mut talker = house.enter(&server, "alice001").await?;
    let before = sys::resident_memory(server.pid()?)?;
    let mut admitted = Vec::new();
    for _ in 0..1000 {
        if let Ok(client) = Client::try_connect(server.url()).await? {
            admitted.push(client);
        }
    }
    assert_eq!(admitted.len(), PLACES);
    for silent in &mut admitted {
        silent.settle().await?;
    }
    let grown = sys::resident_memory(server.pid()?)?.saturating_sub(before);
    ensure!(grown < PLACES as u64 * 40_000, "{grown} bytes for {PLACES} connections");
    talker.say("bobby001", "still served").await?;
    Ok(())
}

/// Connections that begin a message and never end it hold no more than the largest frame, and a little.
#[tokio::test]
async fn memory_stays_bounded_under_unfinished_messages() -> Result<()> {
    const CONNECTIONS: usize = 200;
    let house = House::new().await?;
    let server = house.serve(&[]).await?;
    let before = sys::resident_memory(server.pid()?)?;
    let mut crowd = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut client = Client::connect(server.url()).await?;
        client.raw_fragment("x".repeat(MAX_FRAME), true).await?;
        client.ping_socket().await?;
        crowd.push(client);
    }
    let grown = sys::resident_memory(server.pid()?)?.saturating_sub(before);
    ensure!(grown < (CONNECTIONS * 3 * MAX_FRAME) as u64, "{grown} bytes for {CONNECTIONS} connections");
    house.enter(&server, "alice001").await?.say("bobby001", "still served").await?;
    Ok(())
}

/// An operator's command keeps the data while it works and no server does.
#[tokio::test]
async fn a_server_waits_for_a_command_to_end_and_not_for_another_server() -> Result<()> {
    let house = House::new().await?;
    let lock = File::create(house.data.path().join("lock"))?;
    lock.lock()?;
    let release = async {
        sleep(Duration::from_millis(200)).await;
        lock.unlock()
    };
    let (server, released) = tokio::join!(house.serve(&[]), release);
    released?;
    let server = server?;
    ensure!(house.serve(&[]).await.is_err(), "two servers on the same data");
    house.enter(&server, "alice001").await?.say("bobby001", "the first one serves").await?;
    server.stop().await
}

#[tokio::test]
async fn health_and_counters_are_served_over_http() -> Result<()> {
    let house = House::new().await?;
    let server = house.serve(&[]).await?;
    assert_eq!(get(server.url(), "/healthz").await?, (200, "ok\n".to_owned()));
    let mut alice = house.enter(&server, "alice001").await?;
    alice.say_as("key-1", "bobby001", "hello").await?;
    alice.say_as("key-1", "bobby001", "hello").await?;
    let expected =
        [("jmessage_sessions", 1.0), ("jmessage_messages_total", 1.0), ("jmessage_repeats_total", 1.0)];
    for (name, value) in expected {
        assert_eq!(metric(server.url(), name).await?.to_string(), value.to_string(), "{name}");
    }
    assert_eq!(get(server.url(), "/nothing-here").await?.0, 404);
    server.stop().await
}
