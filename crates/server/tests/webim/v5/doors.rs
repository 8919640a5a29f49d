//! By what right: the App's secret for what is written, a ticket for what is read.

use super::site::{php, python, refusal};
use crate::{
    page::{bodies, list},
    site::{DOMAIN, Site},
};
use anyhow::Result;
use data_encoding::BASE64;
use jmessage_testkit::App;
use serde_json::{Value, json};

/// The calls that write, each with what it needs.
const WRITES: [&str; 7] = [
    "presences/online",
    "presences/offline",
    "presences/show",
    "messages",
    "statuses",
    "rooms/room1/join",
    "rooms/room1/leave",
];

fn refused() -> (u16, String) {
    (401, "Not Authorized".to_owned())
}

#[tokio::test]
async fn whoever_has_not_the_secret_does_nothing() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "").await?;
    let secret = App::published().secret().to_owned();
    let wrong = [
        (DOMAIN, ""),
        (DOMAIN, "guess"),
        (DOMAIN, &secret[1..]),
        ("www.example.com", secret.as_str()),
        ("", secret.as_str()),
    ];
    let given = [("name", "2"), ("nick", "x"), ("to", "bobby001"), ("body", "x"), ("show", "away")];
    for (domain, key) in wrong {
        for visitor in [php(&site, "2"), python(&site, "2")] {
            let mut visitor = visitor.of(domain, key);
            visitor.ticket.clone_from(&jack.ticket);
            for call in WRITES {
                assert_eq!(visitor.refusal(call, &given).await?, refused(), "{call} {domain}");
            }
            let answer = visitor.call("GET", "presences", &[("ids", "1")]).await?;
            assert_eq!(refusal(&answer)?, refused(), "a wrong secret is not a right of the ticket");
        }
    }
    assert_eq!(jack.presences("2").await?, json!({}), "nobody came");
    assert_eq!(jack.presences("1").await?, json!({ "1": "available" }), "and nothing was changed");
    Ok(())
}

#[tokio::test]
async fn a_refusal_says_how_to_authorize() -> Result<()> {
    let site = Site::start().await?;
    let answer = php(&site, "1").of(DOMAIN, "guess").call("POST", "presences/online", &[]).await?;
    assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"v5\", charset=\"UTF-8\""));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    Ok(())
}

/// As the clients in Java and C#, and the older ones in PHP: no header, but both as parameters.
#[tokio::test]
async fn domain_and_apikey_may_stand_in_a_form_and_never_in_an_address() -> Result<()> {
    let site = Site::start().await?;
    let secret = App::published().secret().to_owned();
    let key = [("domain", DOMAIN), ("apikey", secret.as_str())];
    let name = [("version", "v5"), ("name", "1"), ("nick", "Jack")];
    let asking = || site.ask("v5/presences/online").at("").with(&name);
    let told = asking().with(&key).post().await?.json()?;
    let ticket = told["ticket"].as_str().unwrap_or_default().to_owned();
    assert_eq!(ticket.len(), 32, "{told}");
    let in_the_address = site.ask("v5/presences/online").at("").with(&key).address();
    let (path, query) = in_the_address.split_once('?').unwrap_or_default();
    let call = format!("{}?{query}", path.trim_start_matches('/'));
    let answer = site.ask(&call).at("").with(&name).post().await?;
    assert_eq!(refusal(&answer)?, refused());
    let wrong = asking().with(&[("domain", DOMAIN), ("apikey", "guess")]).post().await?;
    assert_eq!(refusal(&wrong)?, refused());
    // What only reads has the ticket, so such clients read as well.
    let asking =
        |ticket: &str| site.ask("v5/presences").at("").with(&key).with(&[("ids", "1"), ("ticket", ticket)]);
    assert_eq!(asking(&ticket).get().await?.json()?, json!({ "1": "available" }));
    assert_eq!(refusal(&asking("guess").get().await?)?, refused());
    assert_eq!(refusal(&asking("").get().await?)?, refused());
    Ok(())
}

#[tokio::test]
async fn a_header_that_is_none_is_not_made_up_for_by_the_form() -> Result<()> {
    let site = Site::start().await?;
    let secret = App::published().secret().to_owned();
    let form = [("domain", DOMAIN), ("apikey", secret.as_str()), ("name", "1")];
    let right = BASE64.encode(format!("{DOMAIN}:{secret}").as_bytes());
    for header in ["", "Basic", "Basic !!!", &format!("Bearer {right}"), &BASE64.encode(b"no colon")] {
        let asking = site.ask("v5/presences/online").at("").with(&form).header("Authorization", header);
        assert_eq!(refusal(&asking.post().await?)?, refused(), "{header}");
    }
    Ok(())
}

#[tokio::test]
async fn a_ticket_reads_and_does_not_write() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "room1").await?;
    let susan = php(&site, "2").online("", "room2").await?;
    let ticket = [("ticket", jack.ticket.as_str())];
    let ask = |call| site.ask(call).at("").with(&ticket);
    assert_eq!(ask("v5/presences").with(&[("ids", "2")]).get().await?.json()?, json!({ "2": "available" }));
    assert_eq!(ask("v5/rooms/room1/members").get().await?.json()?, json!({ "1": "available" }));
    assert_eq!(ask("v5/rooms/room2/members").get().await?.json()?, json!({}), "not into rooms of others");
    for call in WRITES {
        let path = format!("v5/{call}");
        let asking = || site.ask(&path).at("").with(&ticket);
        let given = [("to", "2"), ("body", "x"), ("name", "1")];
        assert_eq!(refusal(&asking().with(&given).post().await?)?, refused(), "{call}");
        assert_eq!(asking().get().await?.status, 405, "{call} by an address");
    }
    susan.say("1", "Hello.").await?;
    assert_eq!(jack.hear(1).await?, ["Hello."], "and the page is as it was");
    Ok(())
}

/// A site speaks for its pages by its own rules, which no page walks around by asking here what pages of a mount may ask.
#[tokio::test]
async fn a_page_of_a_site_does_nothing_at_the_mount_but_poll() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "room1").await?;
    let susan = php(&site, "2").online("1", "").await?;
    let ticket = [("ticket", jack.ticket.as_str())];
    for (call, given) in crate::doors::WRITES.iter().chain(&crate::doors::READS) {
        let asking = site.ask(call).with(&ticket).with(given).on_this_site();
        assert_eq!(asking.post().await?.status, 403, "{call}");
    }
    assert_eq!(susan.presences("1").await?, json!({ "1": "available" }), "it did not even leave");
    susan.say("1", "Hello.").await?;
    let mut messages = Vec::new();
    // Who is here may come first.
    while messages.is_empty() {
        let polled = site.ask("packets").with(&ticket).get().await?.json()?;
        assert_eq!(polled["status"], "ok");
        messages = bodies(&list(&polled["messages"]));
    }
    assert_eq!(messages, ["Hello."]);
    Ok(())
}

/// A browser that was given the secret once would send it for any page that makes it.
#[tokio::test]
async fn the_secret_counts_for_nothing_in_a_browser() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "").await?;
    let basic =
        format!("Basic {}", BASE64.encode(format!("{DOMAIN}:{}", App::published().secret()).as_bytes()));
    let given = [("from", "2"), ("type", "chat"), ("to", "1"), ("body", "evil")];
    for (name, value) in [("Origin", "https://evil.example"), ("Origin", "null"), ("Sec-Fetch-Site", "none")]
    {
        let asking = site.ask("v5/messages").at("").header("Authorization", &basic).header(name, value);
        let answer = asking.with(&given).post().await?;
        assert_eq!(refusal(&answer)?, refused(), "{name}: {value}");
        assert_eq!(answer.header("www-authenticate"), None, "and none is asked for it");
    }
    let answer =
        site.ask("v5/messages").at("").header("Authorization", &basic).with(&given[1..]).post().await?;
    assert_eq!(answer.status, 400, "without a ticket: {}", answer.json()?);
    jack.say("1", "done").await?;
    let others = jack.presences("2").await?;
    assert_eq!(others, json!({}), "nobody has come into being");
    Ok(())
}

#[tokio::test]
async fn two_sites_see_nothing_of_each_other() -> Result<()> {
    let site = Site::start_two().await?;
    let other = site.server.add_app("other", "othersecret", &[]).await?;
    let theirs = |name| php(&site, name).of("www.example.com", other.secret());
    let (jack, susan) =
        (php(&site, "1").online("2", "room1").await?, theirs("2").online("1", "room1").await?);
    assert_eq!(susan.told["presences"], json!({}));
    assert_eq!((jack.presences("2").await?, susan.presences("1").await?), (json!({}), json!({})));
    assert_eq!(jack.members("room1").await?, json!({ "1": "available" }));
    assert_eq!(susan.members("room1").await?, json!({ "2": "available" }), "the same key, another room");
    assert_eq!(jack.refusal("messages", &[("to", "2"), ("body", "x")]).await?.0, 404);
    jack.say_in("room1", "among us").await?;
    susan.say_in("room1", "among them").await?;
    // Two who are of one name are two.
    let their_jack = theirs("1").online("", "").await?;
    susan.say("1", "Hello, Jack.").await?;
    assert_eq!(their_jack.hear(1).await?, ["Hello, Jack."]);
    let tab = php(&site, "1").online("", "").await?;
    jack.say("1", "to myself").await?;
    assert_eq!(tab.hear(1).await?, ["to myself"]);
    // A ticket is good at its own site only.
    let mut thief = theirs("1");
    thief.ticket.clone_from(&jack.ticket);
    assert_eq!(thief.refusal("messages", &[("to", "2"), ("body", "x")]).await?.0, 404);
    thief.offline().await?;
    assert_eq!(jack.presences("1").await?, json!({ "1": "available" }));
    // The first room of all, whose number its own site can use.
    assert_eq!(jack.members("_1").await?, json!({ "1": "available" }));
    let seen: Value = thief.members("_1").await?;
    assert_eq!(seen, json!({}), "nor by its number");
    Ok(())
}

#[tokio::test]
async fn where_nothing_is_mounted_no_site_is_served() -> Result<()> {
    let server = jmessage_testkit::TestServer::start().await?;
    let (status, _) = jmessage_testkit::get(server.url(), "/v5/presences?ids=1").await?;
    assert_eq!(status, 404);
    Ok(())
}
