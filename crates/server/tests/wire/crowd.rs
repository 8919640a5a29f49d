//! Many connections, and connections that do not do their part: bounded, cut, and nothing lost.

use anyhow::{Context, Result, ensure};
use jmessage_core::QueueLimits;
use jmessage_proto::close;
use jmessage_testkit::{Client, PASSWORD, TestServer};
use std::{sync::atomic::Ordering, time::Duration};
use tokio::time::timeout;

const CROWD: usize = 1000;

#[tokio::test]
async fn connections_that_never_log_in_are_closed() -> Result<()> {
    let server =
        TestServer::start_with(|config| config.jmessage.config_within = Duration::from_secs(1)).await?;
    let mut crowd = Vec::with_capacity(CROWD);
    for _ in 0..CROWD {
        crowd.push(server.connect().await?);
    }
    for mut silent in crowd {
        assert_eq!(silent.closed().await?, close::IDLE);
    }
    server.enter("alice001").await?.say("bobby001", "hello").await?;
    Ok(())
}

#[tokio::test]
async fn connections_that_configure_and_never_log_in_are_closed() -> Result<()> {
    let server =
        TestServer::start_with(|config| config.jmessage.login_within = Duration::from_secs(1)).await?;
    let mut talker = server.enter("alice001").await?;
    let mut silent = server.configured().await?;
    assert_eq!(silent.closed().await?, close::IDLE);
    talker.say("bobby001", "who has logged in may stay").await?;
    Ok(())
}

#[tokio::test]
async fn no_more_than_so_many_connections_wait_for_a_login() -> Result<()> {
    const PLACES: usize = 300;
    let server = TestServer::start_with(|config| config.jmessage.pending = PLACES).await?;
    let mut talker = server.enter("alice001").await?;
    let mut admitted = Vec::new();
    for _ in 0..CROWD {
        match Client::try_connect(server.url()).await? {
            Ok(client) => admitted.push(client),
            Err(status) => assert_eq!(status, 503),
        }
    }
    assert_eq!(admitted.len(), PLACES);
    talker.say("bobby001", "who has logged in is not disturbed").await?;
    // A place is free again when its holder logs in.
    let mut lucky = admitted.pop().context("nobody was admitted")?;
    lucky.config(server.app()).await?;
    lucky.login("bobby001", PASSWORD).await?;
    let next = Client::try_connect(server.url()).await?;
    assert!(next.is_ok(), "the place of a connection that logged in");
    assert!(Client::try_connect(server.url()).await?.is_err());
    Ok(())
}

/// A reader that stops reading is cut as soon as its queue is full, the sender never waits for it, and after resuming
/// it has everything, once and in order.
#[tokio::test]
async fn a_slow_reader_is_cut_and_loses_nothing() -> Result<()> {
    let server = TestServer::start_with(|config| {
        config.queue = QueueLimits { entries: 64, bytes: 256 * 1024 };
    })
    .await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = Client::connect_with_receive_buffer(server.url(), Some(4096)).await?;
    bobby.config(server.app()).await?;
    bobby.login("bobby001", PASSWORD).await?;
    let token = bobby.token()?;

    let filler = "x".repeat(4000);
    let mut said = Vec::new();
    while server.core().stats().cuts.load(Ordering::Relaxed) == 0 {
        ensure!(said.len() < 20_000, "bobby is never cut");
        said.push(format!("{} {filler}", said.len()));
        alice.say("bobby001", said.last().context("nothing said")?).await?;
    }
    assert_eq!(bobby.closed().await?, close::TOO_SLOW);
    let before = bobby.overheard();
    ensure!(before.len() < said.len(), "bobby had everything and was cut all the same");

    let seen: Vec<_> = before.last().map(|heard| heard.position).into_iter().collect();
    let mut bobby = server.connect().await?;
    bobby.resume(server.app(), &token, &seen).await?;
    alice.say("bobby001", "end").await?;
    said.push("end".to_owned());
    let mut heard: Vec<_> = before.into_iter().map(|heard| heard.text).collect();
    while heard.len() < said.len() {
        heard.push(bobby.hear().await?.text);
    }
    assert!(heard == said, "what bobby heard in two parts is what alice said");
    Ok(())
}

/// The sender's answers, and what others hear, never wait for a recipient whose socket takes nothing more: they come long
/// before the server gives up writing to it, for as long as its queue fills up.
#[tokio::test]
async fn a_recipient_that_does_not_read_delays_nobody() -> Result<()> {
    const SOON: Duration = Duration::from_secs(5);
    let server = TestServer::start_with(|config| {
        config.jmessage.write_within = Duration::from_mins(2);
        config.jmessage.heartbeat = Duration::from_mins(2);
    })
    .await?;
    let mut alice = server.enter("alice001").await?;
    let mut listener = server.enter("bobby002").await?;
    let mut deaf = Client::connect_with_receive_buffer(server.url(), Some(4096)).await?;
    deaf.config(server.app()).await?;
    deaf.login("bobby001", PASSWORD).await?;

    let filler = "x".repeat(4000);
    let mut said = 0;
    let cuts = || server.core().stats().cuts.load(Ordering::Relaxed);
    while cuts() == 0 {
        ensure!(said < 20_000, "bobby001 is never cut");
        said += 1;
        let talk = async {
            alice.say("bobby001", &format!("{said} {filler}")).await?;
            alice.say("bobby002", &said.to_string()).await?;
            listener.hear().await
        };
        let heard =
            timeout(SOON, talk).await.with_context(|| format!("round {said} waits for bobby001"))??;
        assert_eq!(heard.text, said.to_string());
    }
    Ok(())
}

/// Pongs that nobody reads must not pile up in the server: the connection is cut instead.
#[tokio::test]
async fn a_flood_of_pings_by_a_peer_that_does_not_read_is_cut() -> Result<()> {
    let server = TestServer::start_with(|config| {
        config.jmessage.write_within = std::time::Duration::from_secs(1);
    })
    .await?;
    let mut peer = Client::connect_with_receive_buffer(server.url(), Some(4096)).await?;
    for _ in 0..1_000_000 {
        if peer.raw_ping().await.is_err() {
            return Ok(());
        }
    }
    anyhow::bail!("the server took every ping")
}
