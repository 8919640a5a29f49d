//! Pages of sites come and go, and nothing is lost by it, nor told twice.

use super::site::{php, python};
use crate::{
    page::{bodies, list},
    site::{DOMAIN, Site},
};
use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use jmessage_testkit::PATIENCE;
use serde_json::{Value, json};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{client_async, tungstenite::Message};

#[tokio::test]
async fn what_waits_comes_with_the_first_poll_and_not_again() -> Result<()> {
    let site = Site::start().await?;
    let mut bobby = site.native("bobby001").await?;
    let jack = php(&site, "1").online("", "").await?;
    jack.offline().await?;
    for text in ["one", "two"] {
        bobby.say("1", text).await?;
    }
    let jack = php(&site, "1").online("", "").await?;
    assert_eq!(jack.hear(2).await?, ["one", "two"]);
    bobby.say("1", "three").await?;
    assert_eq!(jack.hear(1).await?, ["three"]);
    Ok(())
}

#[tokio::test]
async fn a_page_polls_by_scripts_from_its_own_site() -> Result<()> {
    let site = Site::start().await?;
    let mut bobby = site.native("bobby001").await?;
    let jack = php(&site, "1").online("", "").await?;
    bobby.say("1", "one").await?;
    let (status, packets) = jack.poll().await?;
    assert_eq!((status, &packets["status"]), (200, &json!("ok")));
    assert_eq!((&packets["presences"], &packets["statuses"]), (&json!([]), &json!([])));
    assert_eq!(bodies(&list(&packets["messages"])), ["one"]);
    bobby.say("1", "two").await?;
    assert_eq!(bodies(&list(&jack.poll().await?.1["messages"])), ["two"], "and the first is confirmed");
    Ok(())
}

/// Sites tell that a page is loaded anew by `offline`.
#[tokio::test]
async fn a_page_that_is_loaded_anew_stays_online_and_loses_nothing() -> Result<()> {
    let site = Site::start().await?;
    let susan = php(&site, "2").online("1", "").await?;
    let jack = php(&site, "1").online("", "").await?;
    susan.presence("online", "1").await?;
    susan.say("1", "one").await?;
    assert_eq!(jack.hear(1).await?, ["one"]);
    jack.offline().await?;
    susan.say("1", "two").await?;
    assert_eq!(susan.presences("1").await?, json!({ "1": "available" }));
    let jack = php(&site, "1").online("", "").await?;
    // The page was gone before its next poll could confirm the first.
    assert_eq!(jack.hear(2).await?, ["one", "two"]);
    susan.say("1", "three").await?;
    assert_eq!(jack.hear(1).await?, ["three"]);
    Ok(())
}

#[tokio::test]
async fn what_a_user_said_on_pages_of_its_site_is_not_told_to_the_next_one() -> Result<()> {
    let site = Site::start().await?;
    let mut native = site.native("alice001").await?;
    let susan = php(&site, "2").online("", "").await?;
    let page = php(&site, "alice001").online("", "").await?;
    page.say("2", "from the site").await?;
    native.say("2", "from JMessage").await?;
    susan.say("alice001", "one").await?;
    page.offline().await?;
    let page = php(&site, "alice001").online("", "").await?;
    assert_eq!(page.hear(2).await?, ["from JMessage", "one"], "the site has no history of the other one");
    let (server, page) = (site.server.restart().await?, page);
    let page = page.moved_to(server.url()).online("", "").await?;
    assert_eq!(page.hear(2).await?, ["from JMessage", "one"], "from the log as well");
    server.stop().await;
    Ok(())
}

#[tokio::test]
async fn every_online_is_one_more_page() -> Result<()> {
    let site = Site::start().await?;
    let one = php(&site, "1").online("", "").await?;
    let two = python(&site, "1").online("", "").await?;
    let susan = php(&site, "2").online("", "").await?;
    assert_ne!(one.ticket, two.ticket);
    susan.say("1", "Hello.").await?;
    assert_eq!(
        (one.hear(1).await?, two.hear(1).await?),
        (vec!["Hello.".to_owned()], vec!["Hello.".to_owned()])
    );
    one.say("2", "Hello, Susan.").await?;
    let shown = &two.messages().await?[0];
    assert_eq!((&shown["from"], &shown["to"]), (&json!("1"), &json!("2")), "what the other page said");
    one.offline().await?;
    susan.say("1", "Still there?").await?;
    assert_eq!(two.hear(1).await?, ["Still there?"]);
    Ok(())
}

#[tokio::test]
async fn a_page_of_a_site_and_one_of_a_mount_share_a_session() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let his = php(&site, "alice001").online("", "").await?;
    let mut bobby = site.native("bobby001").await?;
    bobby.say("alice001", "Hello.").await?;
    assert_eq!(
        (page.hear(1).await?, his.hear(1).await?),
        (vec!["Hello.".to_owned()], vec!["Hello.".to_owned()])
    );
    page.say("bobby001", "from the mount").await?;
    assert_eq!(his.hear(1).await?, ["from the mount"]);
    his.say("bobby001", "from the site").await?;
    assert_eq!(page.hear(1).await?, ["from the site"]);
    assert_eq!(bobby.hear_texts(2).await?, ["from the mount", "from the site"]);
    Ok(())
}

#[tokio::test]
async fn after_a_restart_the_site_logs_its_pages_in_again() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "room1").await?;
    let susan = python(&site, "2").online("", "room1").await?;
    susan.say("1", "one").await?;
    assert_eq!(jack.hear(1).await?, ["one"]);
    susan.say("1", "two").await?;
    let server = site.server.restart().await?;
    let (jack, susan) = (jack.moved_to(server.url()), susan.moved_to(server.url()));
    assert_eq!(jack.poll().await?.0, 400, "so the page goes offline");
    assert_eq!(jack.refusal("messages", &[("to", "2"), ("body", "x")]).await?.0, 404);
    let susan = susan.online("", "room1").await?;
    let jack = jack.online("2", "room1").await?;
    assert_eq!(jack.told["presences"], json!({ "2": "available" }));
    // The poll that would have confirmed the first never came.
    assert_eq!(jack.hear(2).await?, ["one", "two"]);
    jack.say_in("room1", "Here we are again.").await?;
    let heard = &susan.messages().await?;
    assert_eq!(heard.last().context("a message")?["to"], "room1");
    server.stop().await;
    Ok(())
}

#[tokio::test]
async fn more_pages_than_there_is_room_for_are_asked_to_come_later() -> Result<()> {
    let site = Site::start_with(|options| options.pages = 2).await?;
    let (one, _two) = (php(&site, "1").online("", "").await?, php(&site, "2").online("", "").await?);
    let refused = php(&site, "3").try_online(&[]).await?;
    assert_eq!((refused.status, &refused.json()?["status"]), (503, &json!("error")));
    assert!(refused.header("retry-after").is_some());
    one.offline().await?;
    assert_eq!(php(&site, "3").try_online(&[]).await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn a_page_may_have_a_websocket_instead_of_polls() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "").await?;
    let mut bobby = site.native("bobby001").await?;
    bobby.say("1", "one").await?;
    let url = jack.told["websocket"].as_str().context("an address")?;
    let host = url.strip_prefix("ws://").and_then(|rest| rest.split('/').next()).context("a host")?;
    let (mut socket, _) = client_async(url, TcpStream::connect(host).await?).await?;
    socket.send(Message::text(format!("subscribe {DOMAIN} {}", jack.ticket))).await?;
    let mut heard = Vec::new();
    while heard.len() < 2 {
        if let Message::Text(text) = timeout(PATIENCE, socket.next()).await?.context("a frame")?? {
            let frame: Value = serde_json::from_str(&text)?;
            let messages = bodies(&list(&frame["messages"]));
            if heard.is_empty() && !messages.is_empty() {
                bobby.say("1", "two").await?;
            }
            heard.extend(messages);
        }
    }
    assert_eq!(heard, ["one", "two"]);
    Ok(())
}
