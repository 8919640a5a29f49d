//! Somebody on a page of a site and somebody on a page of JMessage: one long conversation, for each kind of site.

use super::site::{Tongue, Visitor};
use crate::site::{Site, at_once};
use anyhow::{Context, Result};
use serde_json::{Value, json};

#[tokio::test]
async fn somebody_on_a_php_site_talks_with_somebody_on_jmessage() -> Result<()> {
    talk(Tongue::Php).await
}

#[tokio::test]
async fn somebody_on_a_python_site_talks_with_somebody_on_jmessage() -> Result<()> {
    talk(Tongue::Python).await
}

async fn talk(tongue: Tongue) -> Result<()> {
    let site = Site::start_with(at_once).await?;
    let mut bobby = site.native("bobby001").await?;
    let jack = Visitor::new(&site, tongue, "1").called("Jack").online("bobby001,2", "room1").await?;
    assert_eq!(jack.told["presences"], json!({ "bobby001": "available" }));

    // A chat, both ways.
    jack.say("bobby001", "你好").await?;
    let heard = bobby.hear().await?;
    bobby.ack(&heard).await?;
    let message: Value = serde_json::from_str(&heard.json)?;
    assert_eq!((heard.from.as_str(), heard.text.as_str()), ("1", "你好"));
    assert_eq!(message["from_name"], "Jack");
    bobby.say("1", "Hello, Jack.").await?;
    let heard = &jack.messages().await?[0];
    assert_eq!((&heard["from"], &heard["to"]), (&json!("bobby001"), &json!("1")));
    assert_eq!((&heard["type"], &heard["body"]), (&json!("chat"), &json!("Hello, Jack.")));

    // Signals are nothing to JMessage, and do no harm.
    jack.done("statuses", &[("nick", "Jack"), ("to", "bobby001"), ("show", "typing")]).await?;
    jack.done("presences/show", &[("nick", "Jack"), ("show", "away"), ("status", "back soon")]).await?;

    // He goes, and is seen to; what is said meanwhile waits on either side.
    bobby.settle().await?;
    bobby.logout().await?;
    assert_eq!(jack.presence("offline", "bobby001").await?["show"], "unavailable");
    jack.say("bobby001", "Are you there?").await?;
    jack.offline().await?;
    let mut bobby = site.native("bobby001").await?;
    assert_eq!(bobby.hear_texts(2).await?, ["Hello, Jack.", "Are you there?"], "his own words among them");
    bobby.say("1", "I am.").await?;
    let jack = jack.online("bobby001", "room1").await?;
    assert_eq!(jack.told["presences"], json!({ "bobby001": "available" }));
    assert_eq!(jack.hear(1).await?, ["I am."]);

    // A room of the site, into which a member takes him.
    let mut helper = site.native("alice001").await?;
    let hers = Visitor::new(&site, tongue, "alice001").online("", "room1").await?;
    let gid = helper.hear().await?;
    let gid = serde_json::from_str::<Value>(&gid.json)?["gid"].as_u64().context("a number")?;
    helper.call("addGroupMembers", json!({ "groupId": gid, "memberUsernames": ["bobby001"] })).await?;
    assert_eq!(bobby.hear().await?.text, "add_members");
    assert_eq!(jack.presence("join", "bobby001").await?["to"], "room1");
    bobby.say_in(gid, "Hello all.").await?;
    let heard = &jack.messages().await?[0];
    assert_eq!((&heard["type"], &heard["to"]), (&json!("grpchat"), &json!("room1")));
    jack.say_in("room1", "Hello, Bobby.").await?;
    assert_eq!(bobby.hear().await?.text, "Hello, Bobby.");
    assert_eq!(hers.hear(2).await?, ["Hello all.", "Hello, Bobby."]);
    bobby.call("exitGroup", json!({ "groupId": gid })).await?;
    assert_eq!(jack.presence("leave", "bobby001").await?["to"], "room1");
    Ok(())
}
