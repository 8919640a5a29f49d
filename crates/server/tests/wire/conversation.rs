//! Two people talk.

use anyhow::Result;
use jmessage_testkit::{TestServer, now_seconds};
use serde_json::{Value, json};

#[tokio::test]
async fn two_people_talk() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;

    let text = "你好, 世界 👋 <b>&amp;\"\\\n";
    let before = now_seconds();
    let sent = alice.say("bobby001", text).await?;
    let heard = bobby.hear().await?;
    assert_eq!((heard.from.as_str(), heard.text.as_str()), ("alice001", text));
    assert_eq!((heard.msg_id, heard.position.conversation), (sent.msg_id, sent.conversation));
    assert_eq!((heard.position.seq, sent.seq), (1, 1));
    assert!((before..=now_seconds()).contains(&sent.create_time));

    let answer = bobby.say("alice001", "hello").await?;
    assert_eq!((answer.conversation, answer.seq), (sent.conversation, 2), "both talk in one conversation");
    assert_eq!(alice.hear().await?.text, "hello");
    Ok(())
}

#[tokio::test]
async fn a_message_arrives_with_the_fields_of_the_seed() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let sent = alice.say("bobby001", "Hello, JPush IM!").await?;
    let message: Value = serde_json::from_str(&bobby.hear().await?.json)?;
    assert_eq!(
        message,
        json!({
            "version": 1,
            "target_type": "single",
            "target_id": "bobby001",
            "target_name": "bobby001",
            "from_type": "user",
            "from_id": "alice001",
            "from_name": "alice001",
            "from_platform": "web",
            "create_time": sent.create_time,
            "msg_id": sent.msg_id,
            "msg_type": "text",
            "msg_body": { "text": "Hello, JPush IM!" },
        })
    );
    Ok(())
}

#[tokio::test]
async fn everyone_hears_one_order() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    for number in 0..200 {
        alice.mumble(&format!("a{number}"), "bobby001", &format!("alice {number}")).await?;
        bobby.mumble(&format!("b{number}"), "alice001", &format!("bobby {number}")).await?;
    }
    for (listener, speaker) in [(&mut alice, "bobby"), (&mut bobby, "alice")] {
        let mut last = 0;
        for number in 0..200 {
            let heard = listener.hear().await?;
            assert_eq!(heard.text, format!("{speaker} {number}"));
            assert!(heard.position.seq > last, "seq grows");
            last = heard.position.seq;
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_message_to_oneself_comes_back() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    alice.say("alice001", "milk, bread").await?;
    assert_eq!(alice.hear().await?.text, "milk, bread");
    Ok(())
}

#[tokio::test]
async fn nobody_else_hears_it() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let mut eve = server.enter("bobby002").await?;
    let secret = alice.say("bobby001", "a secret").await?;
    bobby.hear().await?;
    // Not by asking for it either.
    eve.tell(jmessage_proto::Request::Sync { conversation: secret.conversation, after: 0 }).await?;
    eve.settle().await?;
    alice.say("bobby002", "hello").await?;
    assert_eq!(eve.hear().await?.text, "hello", "the first thing that eve hears");
    Ok(())
}

#[tokio::test]
async fn a_gap_is_filled_on_request() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    for text in ["one", "two", "three"] {
        alice.say("bobby001", text).await?;
    }
    let first = bobby.hear().await?;
    bobby.hear().await?;
    bobby.hear().await?;
    let position = first.position;
    bobby
        .tell(jmessage_proto::Request::Sync { conversation: position.conversation, after: position.seq })
        .await?;
    assert_eq!(bobby.hear().await?.text, "two");
    assert_eq!(bobby.hear().await?.text, "three");
    Ok(())
}
