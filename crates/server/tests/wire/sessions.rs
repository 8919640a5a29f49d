//! One session per user: logging in elsewhere ends it, coming back does not.

use anyhow::Result;
use jmessage_proto::{Position, Request, close};
use jmessage_testkit::{Client, Next, TestServer};

const ELSEWHERE: u64 = 872_008;

#[tokio::test]
async fn a_login_elsewhere_ends_the_older_session() -> Result<()> {
    let server = TestServer::start().await?;
    let mut old = server.enter("alice001").await?;
    let mut new = server.enter("alice001").await?;
    assert_eq!(old.kicked().await?, ELSEWHERE);
    assert_eq!(old.closed().await?, close::ELSEWHERE);
    let mut bobby = server.enter("bobby001").await?;
    bobby.say("alice001", "hello").await?;
    assert_eq!(new.hear().await?.text, "hello");
    Ok(())
}

/// The old session writes as fast as it can while the new one logs in. What it wrote before the login is stored;
/// nothing of it is stored after.
#[tokio::test]
async fn an_ended_session_cannot_write_any_more() -> Result<()> {
    let server = TestServer::start().await?;
    let mut bobby = server.enter("bobby001").await?;
    for round in 0..10 {
        let mut old = server.enter("alice001").await?;
        old.say("bobby001", &format!("old {round}")).await?;
        let url = server.url().to_owned();
        let writing = tokio::spawn(async move {
            let mut number = 0;
            // Until the server closes the connection, and fewer than bobby's queue holds.
            while old.mumble(&format!("r{round}-{number}"), "bobby001", "old").await.is_ok() && number < 800 {
                number += 1;
            }
            old
        });
        let mut new = Client::configured(&url, server.app()).await?;
        new.login("alice001", jmessage_testkit::PASSWORD).await?;
        new.say("bobby001", &format!("new {round}")).await?;
        drop(writing.await?);
        new.say("bobby001", &format!("end {round}")).await?;
        while bobby.hear().await?.text != format!("new {round}") {}
        assert_eq!(bobby.hear().await?.text, format!("end {round}"), "nothing old after the new login");
    }
    Ok(())
}

#[tokio::test]
async fn a_session_is_resumed_on_a_new_connection() -> Result<()> {
    let server = TestServer::start().await?;
    let mut bobby = server.enter("bobby001").await?;
    let alice = server.enter("alice001").await?;
    let token = alice.token()?;
    drop(alice);
    bobby.say("alice001", "are you there?").await?;
    let mut alice = server.connect().await?;
    let session = alice.resume(server.app(), &token, &[]).await?;
    assert_eq!((session.username.as_str(), session.nickname.as_str()), ("alice001", "alice001"));
    assert_eq!(alice.hear().await?.text, "are you there?");
    alice.say("bobby001", "yes").await?;
    assert_eq!(bobby.hear().await?.text, "yes");
    Ok(())
}

/// The page came back before the server noticed that the old connection is dead.
#[tokio::test]
async fn resuming_does_not_kick_the_same_page() -> Result<()> {
    let server = TestServer::start().await?;
    let mut half_dead = server.enter("alice001").await?;
    let token = half_dead.token()?;
    let mut alice = server.connect().await?;
    alice.resume(server.app(), &token, &[]).await?;
    // `closed` would not accept a kick before it.
    assert_eq!(half_dead.closed().await?, close::NORMAL);
    let mut bobby = server.enter("bobby001").await?;
    bobby.say("alice001", "hello").await?;
    assert_eq!(alice.hear().await?.text, "hello");
    alice.say("bobby001", "hello").await?;
    // And once more with the same token.
    let mut again = server.connect().await?;
    again.resume(server.app(), &token, &[]).await?;
    again.say("bobby001", "again").await?;
    assert_eq!(bobby.hear_texts(2).await?, ["hello", "again"]);
    Ok(())
}

#[tokio::test]
async fn a_session_that_was_replaced_elsewhere_is_not_resumed() -> Result<()> {
    let server = TestServer::start().await?;
    let old = server.enter("alice001").await?;
    let token = old.token()?;
    drop(old);
    let mut new = server.enter("alice001").await?;
    let mut back = server.connect().await?;
    assert_eq!(back.refusal(|id| resume(&server, id, &token)).await?, ELSEWHERE);
    // The living session is not disturbed.
    new.say("bobby001", "hello").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_no_token_of_a_session_resumes_nothing() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let token = alice.token()?;
    alice.logout().await?;
    let mut back = server.connect().await?;
    assert_eq!(back.refusal(|id| resume(&server, id, &token)).await?, 872_001, "after logout");
    let forged = token.replace(|c: char| c.is_ascii_alphabetic(), "0");
    for nonsense in
        ["", "nonsense", &forged, &token.to_uppercase(), &format!("{token}0"), &"9".repeat(60_000)]
    {
        let code = back.refusal(|id| resume(&server, id, nonsense)).await?;
        assert!([872_001, ELSEWHERE].contains(&code), "{code} for a token of {} bytes", nonsense.len());
    }
    Ok(())
}

#[tokio::test]
async fn a_token_is_bound_to_its_app() -> Result<()> {
    let server = TestServer::start().await?;
    let other = server.add_app("0a0a0a0a0a0a0a0a0a0a0a0a", "0b0b0b0b0b0b0b0b0b0b0b0b", &["alice001"]).await?;
    let alice = server.enter("alice001").await?;
    let token = alice.token()?;
    let mut thief = server.connect().await?;
    let app_key = other.key.clone();
    let code = thief
        .refusal(|id| Request::Resume { id, app_key, token: token.clone(), cursors: Vec::new() })
        .await?;
    assert_eq!(code, 872_001);
    let app_key = "ffffffffffffffffffffffff".to_owned();
    let code = thief.refusal(|id| Request::Resume { id, app_key, token, cursors: Vec::new() }).await?;
    assert_eq!(code, 872_004);
    Ok(())
}

#[tokio::test]
async fn resuming_acknowledges_what_the_page_has_seen() -> Result<()> {
    let server = TestServer::start().await?;
    let mut alice = server.enter("alice001").await?;
    let mut bobby = server.enter("bobby001").await?;
    for text in ["one", "two", "three"] {
        alice.say("bobby001", text).await?;
    }
    let one = bobby.hear().await?;
    let two = bobby.hear().await?;
    assert_eq!((one.text.as_str(), two.text.as_str()), ("one", "two"));
    let token = bobby.token()?;
    drop(bobby);
    let mut bobby = server.connect().await?;
    bobby.resume(server.app(), &token, &[two.position]).await?;
    assert_eq!(bobby.hear().await?.text, "three");
    // A cursor never moves back, and never beyond the end of the log.
    let token = bobby.token()?;
    let strange =
        [one.position, Position { seq: 1000, ..one.position }, Position { conversation: 999_999, seq: 1 }];
    for cursor in strange {
        let mut back = server.connect().await?;
        back.resume(server.app(), &token, &[cursor]).await?;
        back.settle().await?;
    }
    let mut bobby = server.connect().await?;
    bobby.resume(server.app(), &token, &[]).await?;
    alice.say("bobby001", "four").await?;
    assert_eq!(bobby.hear().await?.text, "four");
    Ok(())
}

/// Whoever logs in twice on one connection has one session.
#[tokio::test]
async fn another_login_on_the_same_connection_takes_the_place_of_the_first() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.enter("alice001").await?;
    page.login("alice002", jmessage_testkit::PASSWORD).await?;
    let mut bobby = server.enter("bobby001").await?;
    bobby.say("alice001", "to the first").await?;
    bobby.say("alice002", "to the second").await?;
    assert_eq!(page.hear().await?.text, "to the second");
    page.say("bobby001", "who am I?").await?;
    assert_eq!(bobby.hear().await?.from, "alice002");
    Ok(())
}

#[tokio::test]
async fn users_who_take_the_session_from_each_other_leave_one_alive() -> Result<()> {
    let server = TestServer::start().await?;
    let mut pages = Vec::new();
    for _ in 0..8 {
        pages.push(server.enter("alice001").await?);
    }
    let mut last = pages.pop();
    for mut page in pages {
        assert_eq!(page.kicked().await?, ELSEWHERE);
        assert!(matches!(page.next().await?, Next::Closed(close::ELSEWHERE)));
    }
    if let Some(page) = &mut last {
        page.settle().await?;
    }
    Ok(())
}

fn resume(server: &TestServer, id: u64, token: &str) -> Request<String> {
    let (app_key, token) = (server.app().key.clone(), token.to_owned());
    Request::Resume { id, app_key, token, cursors: Vec::new() }
}
