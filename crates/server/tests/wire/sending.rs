//! `send`: what is refused, and what a repetition means.

use anyhow::Result;
use jmessage_proto::Request;
use jmessage_testkit::{PASSWORD, TestServer, send, text_body};

const ARGUMENTS: u64 = 872_002;
const NO_SUCH_USER: u64 = 898_002;
const TOO_LONG: u64 = 803_007;

#[tokio::test]
async fn a_message_to_an_unknown_user_is_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    for nobody in ["nobody", "Bobby001", "bobby001 ", "b", "'; DROP TABLE users; --"] {
        assert_eq!(alice.refusal(|id| send(id, "k", nobody, "hello")).await?, NO_SUCH_USER, "{nobody}");
    }
    // Nothing was stored under the key.
    alice.say_as("k", "bobby001", "hello").await?;
    Ok(())
}

#[tokio::test]
async fn a_message_has_a_longest_size_in_bytes() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let longest = "你".repeat(1365) + "x";
    assert_eq!(longest.len(), 4096);
    assert_eq!(alice.refusal(|id| send(id, "k", "bobby001", &(longest.clone() + "x"))).await?, TOO_LONG);
    alice.say("bobby001", &longest).await?;
    assert_eq!(bobby.hear().await?.text, longest, "the first thing that bobby hears");
    Ok(())
}

#[tokio::test]
async fn an_empty_text_is_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    assert_eq!(alice.refusal(|id| send(id, "k", "bobby001", "")).await?, ARGUMENTS);
    Ok(())
}

#[tokio::test]
async fn arguments_outside_their_grammar_are_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let wrong = [
        ("", "single", "bobby001", "text", text_body("hello"), ARGUMENTS),
        (&"k".repeat(65), "single", "bobby001", "text", text_body("hello"), ARGUMENTS),
        ("a key", "single", "bobby001", "text", text_body("hello"), ARGUMENTS),
        ("k", "everyone", "bobby001", "text", text_body("hello"), ARGUMENTS),
        ("k", "single", "", "text", text_body("hello"), ARGUMENTS),
        ("k", "single", "bobby001", "telepathy", text_body("hello"), ARGUMENTS),
        ("k", "single", "bobby001", "text", "{}".to_owned(), ARGUMENTS),
        ("k", "single", "bobby001", "text", r#"{"text":7}"#.to_owned(), ARGUMENTS),
        ("k", "single", "bobby001", "text", r#""hello""#.to_owned(), ARGUMENTS),
        ("k", "single", "bobby001", "text", r#"{"text":"\ud800"}"#.to_owned(), ARGUMENTS),
        ("k", "group", "17", "text", text_body("hello"), 803_004),
    ];
    for (key, target_type, target_id, msg_type, msg_body, code) in wrong {
        let what = format!("{key} {target_type} {target_id} {msg_type} {msg_body}");
        let [key, target_type, target_id, msg_type] =
            [key, target_type, target_id, msg_type].map(ToOwned::to_owned);
        let refused =
            alice.refusal(|id| Request::Send { id, key, target_type, target_id, msg_type, msg_body }).await?;
        assert_eq!(refused, code, "{what}");
    }
    Ok(())
}

#[tokio::test]
async fn the_same_key_again_is_the_same_message() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    let first = alice.say_as("key-1", "bobby001", "hello").await?;
    assert_eq!(alice.say_as("key-1", "bobby001", "hello").await?, first);
    alice.say_as("key-2", "bobby001", "hello").await?;
    assert_eq!(bobby.hear().await?.msg_id, first.msg_id);
    let second = bobby.hear().await?;
    assert_ne!(second.msg_id, first.msg_id);
    assert_eq!(second.position.seq, 2, "another key is another message, and there was none between");
    Ok(())
}

#[tokio::test]
async fn the_same_key_for_another_message_is_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    alice.say_as("key-1", "bobby001", "hello").await?;
    assert_eq!(alice.refusal(|id| send(id, "key-1", "bobby001", "goodbye")).await?, ARGUMENTS);
    assert_eq!(alice.refusal(|id| send(id, "key-1", "bobby002", "hello")).await?, ARGUMENTS);
    alice.say("bobby001", "end").await?;
    assert_eq!(bobby.hear_texts(2).await?, ["hello", "end"]);
    Ok(())
}

#[tokio::test]
async fn keys_belong_to_their_sender() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut carol = server.enter("alice002").await?;
    let mut bobby = server.enter("bobby001").await?;
    let first = alice.say_as("1", "bobby001", "from alice").await?;
    let second = carol.say_as("1", "bobby001", "from carol").await?;
    assert_ne!(first.msg_id, second.msg_id);
    assert_eq!(bobby.hear_texts(2).await?, ["from alice", "from carol"]);
    Ok(())
}

#[tokio::test]
async fn a_key_is_remembered_across_connections_and_logins() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let first = alice.say_as("key-1", "bobby001", "hello").await?;
    drop(alice);
    let mut alice = server.enter("alice001").await?;
    assert_eq!(alice.say_as("key-1", "bobby001", "hello").await?, first);
    alice.logout().await?;
    alice.login("alice001", PASSWORD).await?;
    assert_eq!(alice.say_as("key-1", "bobby001", "hello").await?, first);
    alice.say("bobby001", "end").await?;
    let mut bobby = server.enter("bobby001").await?;
    assert_eq!(bobby.hear_texts(2).await?, ["hello", "end"]);
    Ok(())
}

#[tokio::test]
async fn the_same_key_twice_in_one_breath_is_one_message() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    for _ in 0..50 {
        alice.mumble("key-1", "bobby001", "hello").await?;
    }
    alice.mumble("key-2", "bobby001", "end").await?;
    assert_eq!(bobby.hear_texts(2).await?, ["hello", "end"]);
    Ok(())
}
