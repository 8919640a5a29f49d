//! How the published clients form their requests, and what they make of the answers.

use super::site::{php, python};
use crate::site::Site;
use anyhow::Result;
use serde_json::{Value, json};

/// The clients in Java and C# read every answer as an object, and throw at anything else.
#[tokio::test]
async fn every_answer_is_an_object() -> Result<()> {
    let site = Site::start().await?;
    for visitor in [php(&site, "1"), python(&site, "1")] {
        let visitor = visitor.online("2", "room1").await?;
        assert!(visitor.told.is_object());
        let posts: [(&str, &[(&str, &str)]); 6] = [
            ("presences/show", &[("show", "away")]),
            ("messages", &[("to", "bobby001"), ("body", "Hello.")]),
            ("statuses", &[("to", "bobby001"), ("show", "typing")]),
            ("rooms/room2/join", &[]),
            ("rooms/room2/leave", &[]),
            ("presences/offline", &[]),
        ];
        for (call, given) in posts {
            let answer = visitor.call("POST", call, given).await?;
            assert_eq!((answer.status, answer.json()?.is_object()), (200, true), "{call}");
            assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        }
        for call in ["presences", "rooms/room1/members"] {
            assert!(visitor.get(call, &[("ids", "nobody")]).await?.is_object(), "{call}");
        }
    }
    Ok(())
}

/// The client in Java adds the secret to its addresses beside the header, which is where it counts.
#[tokio::test]
async fn a_secret_in_an_address_beside_the_header_does_no_harm() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "").await?;
    let seen = jack.get("presences", &[("apikey", "whatever"), ("ids", "1")]).await?;
    assert_eq!(seen, json!({ "1": "available" }));
    Ok(())
}

/// What only one protocol understands is not handed to another: pages are told of it, and it is in no log.
#[tokio::test]
async fn events_of_pages_are_no_messages() -> Result<()> {
    const EVENT: &str = "webim-event:invite|,|room1|,|Free space";
    let site = Site::start().await?;
    let (jack, mut bobby) = (php(&site, "1").online("", "").await?, site.native("bobby001").await?);
    let susan = php(&site, "2").online("", "").await?;
    for to in ["bobby001", "2"] {
        jack.done("messages", &[("type", "chat"), ("to", to), ("body", EVENT)]).await?;
        jack.say(to, "Hello.").await?;
    }
    assert_eq!(bobby.hear().await?.text, "Hello.");
    assert_eq!(susan.hear(2).await?, [EVENT, "Hello."]);
    let absent = [("from", "3"), ("type", "chat"), ("to", "2"), ("body", EVENT)];
    jack.done("messages", &absent).await?;
    assert_eq!(susan.hear(1).await?, [EVENT], "by a user who is not online");
    for (refused, status) in
        [([("type", "broadcast"), ("to", "all")], 400), ([("type", "chat"), ("to", "nobody")], 404)]
    {
        let given = [&refused[..], &[("body", EVENT)]].concat();
        assert_eq!(jack.refusal("messages", &given).await?.0, status, "{refused:?}");
    }
    Ok(())
}

#[tokio::test]
async fn a_body_may_be_json_as_well() -> Result<()> {
    let site = Site::start().await?;
    let secret = jmessage_testkit::App::published().secret().to_owned();
    let body: Value = json!({
        "domain": crate::site::DOMAIN, "apikey": secret, "name": "1", "nick": "Jack", "buddies": ["2", 3], "rooms": ["room1"],
    });
    let asking = site.ask("v5/presences/online").at("");
    let told = asking.post_body("application/json", body.to_string().as_bytes()).await?.json()?;
    assert_eq!((&told["success"], &told["groups"]), (&json!(true), &json!({ "room1": 1 })));
    Ok(())
}
