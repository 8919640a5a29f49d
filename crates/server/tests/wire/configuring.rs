//! `config` and `login`: who gets in, and the code for everyone else.

use anyhow::Result;
use jmessage_proto::{Request, close};
use jmessage_testkit::{App, Client, PASSWORD, TestServer, login, now_seconds, send};

const CONFIG_FAILED: u64 = 872_004;
const SIGNATURE_INVALID: u64 = 872_005;

#[tokio::test]
async fn a_wrong_signature_is_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let stranger = App::new(&server.app().key, "0123456789abcdef01234567");
    let mut page = server.connect().await?;
    let request = stranger.config(1)?;
    assert_eq!(page.refusal(|_| request).await?, CONFIG_FAILED);
    // The page may ask its developer's server again and repeat the call.
    page.config(server.app()).await?;
    page.login("alice001", PASSWORD).await?;
    Ok(())
}

#[tokio::test]
async fn an_unknown_app_is_refused_like_a_wrong_signature() -> Result<()> {
    let server = TestServer::start().await?;
    let request = App::new("ffffffffffffffffffffffff", server.app().secret()).config(1)?;
    assert_eq!(server.connect().await?.refusal(|_| request).await?, CONFIG_FAILED);
    Ok(())
}

#[tokio::test]
async fn a_timestamp_outside_the_window_is_refused() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.connect().await?;
    for timestamp in [0, now_seconds() - 3600, now_seconds() + 3600] {
        let request = server.app().config_signed_at(1, timestamp)?;
        assert_eq!(page.refusal(|_| request).await?, SIGNATURE_INVALID, "{timestamp}");
    }
    Ok(())
}

#[tokio::test]
async fn a_signature_does_not_vouch_for_other_fields() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.connect().await?;
    let Request::Config { app_key, timestamp, random_str, signature, .. } = server.app().config(1)? else {
        anyhow::bail!("no config");
    };
    let tampered = [
        (timestamp.clone(), "another".to_owned()),
        ((now_seconds() + 1).to_string(), random_str.clone()),
        // Moved across the border between two fields, the text that is signed stays the same.
        (format!("{timestamp}&randomStr={random_str}"), String::new()),
        ("0".repeat(5) + &timestamp, random_str),
    ];
    for (timestamp, random_str) in tampered {
        let (app_key, signature) = (app_key.clone(), signature.clone());
        let code =
            page.refusal(|id| Request::Config { id, app_key, timestamp, random_str, signature }).await?;
        assert_eq!(code, CONFIG_FAILED);
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_have_codes_of_their_own() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.configured().await?;
    assert_eq!(page.refusal(|id| login(id, "alice001", "pass1235")).await?, 801_004);
    assert_eq!(page.refusal(|id| login(id, "alice", PASSWORD)).await?, 801_003);
    assert_eq!(page.refusal(|id| login(id, "", "")).await?, 801_003);
    assert_eq!(page.refusal(|id| login(id, "ALICE001", PASSWORD)).await?, 801_003);
    let session = page.login("alice001", PASSWORD).await?;
    assert_eq!(session.username, "alice001");
    Ok(())
}

#[tokio::test]
async fn a_user_of_one_app_is_nobody_in_another() -> Result<()> {
    let server = TestServer::start().await?;
    let other = server.add_app("0a0a0a0a0a0a0a0a0a0a0a0a", "0b0b0b0b0b0b0b0b0b0b0b0b", &["carol"]).await?;
    let mut carol = Client::configured(server.url(), &other).await?;
    assert_eq!(carol.refusal(|id| login(id, "alice001", PASSWORD)).await?, 801_003);
    carol.login("carol", PASSWORD).await?;
    assert_eq!(carol.refusal(|id| send(id, "k", "alice001", "hello")).await?, 898_002);
    Ok(())
}

#[tokio::test]
async fn the_order_is_config_then_login_then_send() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.connect().await?;
    assert_eq!(page.refusal(|id| login(id, "alice001", PASSWORD)).await?, SIGNATURE_INVALID);
    assert_eq!(page.refusal(|id| send(id, "k", "bobby001", "hello")).await?, 872_001);
    assert_eq!(page.refusal(|id| Request::Logout { id }).await?, 872_001);
    page.config(server.app()).await?;
    assert_eq!(page.refusal(|id| send(id, "k", "bobby001", "hello")).await?, 872_001);
    page.login("alice001", PASSWORD).await?;
    page.say("bobby001", "hello").await?;
    Ok(())
}

#[tokio::test]
async fn logout_keeps_the_connection_configured() -> Result<()> {
    let server = TestServer::start().await?;
    let mut page = server.enter("alice001").await?;
    page.logout().await?;
    assert_eq!(page.refusal(|id| send(id, "k", "bobby001", "hello")).await?, 872_001);
    page.login("alice002", PASSWORD).await?;
    page.say("bobby001", "hello").await?;
    assert_eq!(page.leave().await?, close::NORMAL);
    Ok(())
}
