//! Messages to someone who is not there: kept in order, told until acknowledged, never told again after that.

use anyhow::{Result, bail};
use jmessage_proto::Response;
use jmessage_testkit::{PASSWORD, TestServer};

#[tokio::test]
async fn offline_messages_come_in_order_exactly_once() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    for text in ["one", "two", "three"] {
        alice.say("bobby001", text).await?;
    }
    let mut bobby = server.enter("bobby001").await?;
    assert_eq!(bobby.hear_texts(3).await?, ["one", "two", "three"]);
    alice.say("bobby001", "four").await?;
    assert_eq!(bobby.hear().await?.text, "four", "nothing came twice before it");
    Ok(())
}

#[tokio::test]
async fn what_was_acknowledged_is_not_told_again() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    for text in ["one", "two", "three"] {
        alice.say("bobby001", text).await?;
    }
    let mut bobby = server.enter("bobby001").await?;
    bobby.hear().await?;
    let two = bobby.hear().await?;
    bobby.hear().await?;
    bobby.ack(&two).await?;
    bobby.settle().await?;
    drop(bobby);
    let mut bobby = server.enter("bobby001").await?;
    assert_eq!(bobby.hear().await?.text, "three");
    Ok(())
}

#[tokio::test]
async fn what_was_not_acknowledged_is_told_again() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    alice.say("bobby001", "one").await?;
    for _ in 0..3 {
        let mut bobby = server.enter("bobby001").await?;
        assert_eq!(bobby.hear().await?.text, "one");
    }
    let mut bobby = server.configured().await?;
    bobby.login("bobby001", PASSWORD).await?;
    assert_eq!(bobby.hear().await?.text, "one");
    Ok(())
}

#[tokio::test]
async fn nobody_is_told_their_own_words() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    alice.say("bobby001", "from alice").await?;
    bobby.say("alice001", "from bobby").await?;
    let heard = alice.hear().await?;
    alice.ack(&heard).await?;
    alice.settle().await?;
    drop(alice);
    let mut alice = server.enter("alice001").await?;
    bobby.say("alice001", "welcome back").await?;
    assert_eq!(alice.hear().await?.text, "welcome back");
    Ok(())
}

#[tokio::test]
async fn many_conversations_wait_side_by_side() -> Result<()> {
    let server = TestServer::start().await?;
    for number in 1..=20 {
        let mut alice = server.enter(&format!("alice{number:03}")).await?;
        for text in ["one", "two"] {
            alice.say("bobby001", &format!("{number} {text}")).await?;
        }
    }
    let mut bobby = server.enter("bobby001").await?;
    let mut texts = bobby.hear_texts(40).await?;
    for number in 1..=20 {
        let of_one: Vec<_> = texts.iter().filter(|text| text.starts_with(&format!("{number} "))).collect();
        assert_eq!(of_one, [&format!("{number} one"), &format!("{number} two")]);
    }
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 40, "each came once");
    Ok(())
}

/// More than the store reads at a time, more than a queue holds, while the sender goes on.
#[tokio::test]
async fn a_long_absence_is_caught_up_while_the_sender_goes_on() -> Result<()> {
    const BEFORE: usize = 1500;
    const DURING: usize = 1500;
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    for number in 0..BEFORE {
        alice.mumble(&format!("k{number}"), "bobby001", &number.to_string()).await?;
    }
    for _ in 0..BEFORE {
        alice.frame().await?;
    }
    let mut bobby = server.enter("bobby001").await?;
    let writing = tokio::spawn(async move {
        for number in BEFORE..BEFORE + DURING {
            alice.say("bobby001", &number.to_string()).await?;
        }
        anyhow::Ok(())
    });
    let expected: Vec<_> = (0..BEFORE + DURING).map(|number| number.to_string()).collect();
    let (heard, ()) = tokio::try_join!(bobby.hear_texts(BEFORE + DURING), async { writing.await? })?;
    assert_eq!(heard, expected);
    Ok(())
}

/// A page that shows how far it is needs to know of how much.
#[tokio::test]
async fn who_comes_back_is_told_how_much_waits_before_it_comes() -> Result<()> {
    const WAITING: u64 = 700;
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    for number in 0..WAITING {
        alice.mumble(&format!("k{number}"), "bobby001", &number.to_string()).await?;
    }
    for _ in 0..WAITING {
        alice.frame().await?;
    }
    let mut bobby = server.enter("bobby001").await?;
    let Response::Backlog { count } = bobby.frame().await? else { bail!("no backlog") };
    assert_eq!(count, WAITING);
    let mut last = bobby.hear().await?;
    for _ in 1..WAITING {
        last = bobby.hear().await?;
    }
    bobby.ack(&last).await?;
    bobby.settle().await?;
    let mut bobby = server.enter("bobby001").await?;
    alice.say("bobby001", "new").await?;
    assert!(
        matches!(bobby.frame().await?, Response::Push { .. }),
        "nothing waited, and nothing is said of it"
    );
    Ok(())
}

/// What is told again after a break is what the page has not named, and nothing else.
#[tokio::test]
async fn resuming_brings_exactly_what_is_missing() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    for number in 1..=20 {
        alice.say("bobby001", &number.to_string()).await?;
    }
    let mut heard = Vec::new();
    for _ in 1..=13 {
        heard.push(bobby.hear().await?);
    }
    let token = bobby.token()?;
    drop(bobby);
    let seen = heard.last().map(|heard| heard.position).into_iter().collect::<Vec<_>>();
    let mut bobby = server.connect().await?;
    bobby.resume(server.app(), &token, &seen).await?;
    alice.say("bobby001", "21").await?;
    let rest: Vec<_> = (14..=21).map(|number| number.to_string()).collect();
    assert_eq!(bobby.hear_texts(rest.len()).await?, rest);
    Ok(())
}
