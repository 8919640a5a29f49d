//! The WebSocket in place of the poll.

use crate::{
    page::{A_WHILE, Page, bodies, list},
    site::{DOMAIN, Site},
};
use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use jmessage_testkit::PATIENCE;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// A subscription.
struct Wire(WebSocketStream<TcpStream>);

impl Wire {
    /// Connects where the page was told to.
    async fn open(page: &Page) -> Result<Self> {
        let url = page.told["connection"]["websocket"].as_str().context("an address")?;
        let host = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).context("a host")?;
        let (socket, _) = client_async(url, TcpStream::connect(host).await?).await?;
        Ok(Self(socket))
    }

    async fn subscribe(page: &Page) -> Result<Self> {
        let mut wire = Self::open(page).await?;
        wire.say(&format!("subscribe {DOMAIN} {}", page.ticket)).await?;
        Ok(wire)
    }

    async fn say(&mut self, text: &str) -> Result<()> {
        Ok(self.0.send(Message::text(text)).await?)
    }

    /// The next frame with something in it, or none when the server has closed the connection.
    async fn frame(&mut self) -> Result<Option<Value>> {
        loop {
            match timeout(PATIENCE, self.0.next()).await? {
                Some(Ok(Message::Text(text))) => return Ok(Some(serde_json::from_str(&text)?)),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(None),
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next messages; what else comes is passed over.
    async fn messages(&mut self) -> Result<Vec<Value>> {
        while let Some(frame) = self.frame().await? {
            assert_eq!(frame["status"], "ok");
            let messages = list(&frame["messages"]);
            if !messages.is_empty() {
                return Ok(messages);
            }
        }
        bail!("closed")
    }
}

#[tokio::test]
async fn frames_are_the_objects_of_the_poll() -> Result<()> {
    let site = Site::start().await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    let mut wire = Wire::subscribe(&page).await?;
    let message = [("type", "chat"), ("to", "alice001"), ("body", "Hello."), ("style", "color:red")];
    other.done("message", &message).await?;
    let frame = wire.frame().await?.context("a frame")?;
    let expected = json!([{
        "type": "chat", "to": "alice001", "from": "bobby001", "nick": "bobby001", "style": "color:red", "body": "Hello.",
        "timestamp": frame["messages"][0]["timestamp"],
    }]);
    assert_eq!(frame, json!({ "status": "ok", "messages": expected, "presences": [], "statuses": [] }));
    assert!(frame["messages"][0]["timestamp"].is_u64());
    other.done("status", &[("to", "alice001"), ("show", "typing")]).await?;
    assert_eq!(wire.frame().await?.context("a frame")?["statuses"][0]["show"], "typing");
    Ok(())
}

#[tokio::test]
async fn frames_come_one_after_the_other_in_order() -> Result<()> {
    let site = Site::start().await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    let mut wire = Wire::subscribe(&page).await?;
    let texts: Vec<_> = (0..50).map(|number| number.to_string()).collect();
    for text in &texts {
        bobby.say("alice001", text).await?;
    }
    let mut heard = Vec::new();
    while heard.len() < texts.len() {
        heard.extend(bodies(&wire.messages().await?));
    }
    assert_eq!(heard, texts);
    Ok(())
}

#[tokio::test]
async fn a_frame_that_was_not_received_comes_again_on_the_next_connection() -> Result<()> {
    let site = Site::start().await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    for round in 0..5 {
        let deaf = Wire::subscribe(&page).await?;
        let text = round.to_string();
        bobby.say("alice001", &text).await?;
        // It never read, so it never said that it has received anything.
        drop(deaf);
        let mut wire = Wire::subscribe(&page).await?;
        let mut heard = bodies(&wire.messages().await?);
        while heard.last() != Some(&text) {
            heard.extend(bodies(&wire.messages().await?));
        }
        assert!(heard.len() <= 2, "of the rounds before, at most the last word comes again: {heard:?}");
        // What comes next shows that the frame before was confirmed.
        bobby.say("alice001", "next").await?;
        assert_eq!(bodies(&wire.messages().await?), ["next"]);
    }
    Ok(())
}

#[tokio::test]
async fn a_frame_that_was_not_received_comes_again_in_a_new_page() -> Result<()> {
    let site = Site::start().await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    let deaf = Wire::subscribe(&page).await?;
    bobby.say("alice001", "Hello.").await?;
    drop(deaf);
    // At once, or by the first poll if it had not come to the pages by then.
    let again = page.reload().await?;
    match &bodies(&list(&again.told["new_messages"]))[..] {
        [] => assert_eq!(again.hear(1).await?, ["Hello."]),
        told => assert_eq!(told, ["Hello."]),
    }
    Ok(())
}

#[tokio::test]
async fn a_page_may_go_on_with_the_poll() -> Result<()> {
    let site = Site::start().await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    let mut wire = Wire::subscribe(&page).await?;
    bobby.say("alice001", "one").await?;
    assert_eq!(bodies(&wire.messages().await?), ["one"]);
    bobby.say("alice001", "two").await?;
    assert_eq!(bodies(&wire.messages().await?), ["two"]);
    drop(wire);
    bobby.say("alice001", "three").await?;
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last| last != "three") {
        heard.extend(page.hear(1).await?);
    }
    assert!(!heard.contains(&"one".to_owned()), "it was confirmed: {heard:?}");
    Ok(())
}

#[tokio::test]
async fn who_subscribes_with_what_is_no_ticket_is_told_so_and_sent_away() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let good = &page.ticket;
    for first in [
        format!("subscribe {DOMAIN} x"),
        format!("subscribe {good}"),
        format!("SUBSCRIBE {DOMAIN} {good}"),
        format!("subscribe {DOMAIN} {good} x"),
        String::new(),
    ] {
        let mut wire = Wire::open(&page).await?;
        wire.say(&first).await?;
        let frame = wire.frame().await?;
        assert_eq!(frame, Some(json!({ "status": "error", "message": "unknown ticket" })), "{first}");
        assert_eq!(wire.frame().await?, None, "{first}");
    }
    Ok(())
}

#[tokio::test]
async fn a_subscription_ends_with_its_page() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let mut wire = Wire::subscribe(&page).await?;
    page.done("offline", &[]).await?;
    assert_eq!(wire.frame().await?, None);
    Ok(())
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_a_connection_and_not_the_page() -> Result<()> {
    let site = Site::start().await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    let mut wire = Wire::subscribe(&page).await?;
    wire.say(&"x".repeat(5000)).await?;
    while wire.frame().await?.is_some() {}
    bobby.say("alice001", "Hello.").await?;
    assert_eq!(page.hear(1).await?, ["Hello."]);
    Ok(())
}

#[tokio::test]
async fn a_page_whose_connection_broke_is_gone_after_the_grace() -> Result<()> {
    let site = Site::start_with(|options| options.grace = A_WHILE).await?;
    let other = site.page_with("bobby001", &[("buddy_ids", "alice001")]).await?;
    let page = site.page("alice001").await?;
    other.presence("online", "alice001").await?;
    let mut wire = Wire::subscribe(&page).await?;
    other.say("alice001", "Hello.").await?;
    assert_eq!(bodies(&wire.messages().await?), ["Hello."]);
    drop(wire);
    other.presence("offline", "alice001").await?;
    Ok(())
}
