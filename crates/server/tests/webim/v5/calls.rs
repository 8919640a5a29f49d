//! Each call and field of the clients.

use super::site::{php, python};
use crate::site::{DOMAIN, Site, at_once};
use anyhow::{Context, Result};
use serde_json::json;

#[tokio::test]
async fn online_answers_what_every_client_reads() -> Result<()> {
    let site = Site::start().await?;
    let susan = php(&site, "2").online("", "").await?;
    for visitor in [php(&site, "1"), python(&site, "1")] {
        let visitor = visitor.online("2,3", "room1").await?;
        let told = &visitor.told;
        let server = format!("{}/v5/packets", site.url());
        assert_eq!((&told["success"], &told["presences"]), (&json!(true), &json!({ "2": "available" })));
        assert_eq!((&told["jsonpd"], &told["server"]), (&json!(server), &json!(server)));
        assert_eq!(told["websocket"], server.replace("http", "ws"));
        assert_eq!((&told["buddies"], &told["groups"]), (&told["presences"], &json!({ "room1": 1 })));
        assert_eq!(visitor.ticket.len(), 32);
    }
    assert_eq!(susan.told["presences"], json!({}), "an object when there is nobody");
    Ok(())
}

#[tokio::test]
async fn pages_are_sent_to_where_browsers_find_the_server() -> Result<()> {
    let url = "https://chat.example.com";
    let site = Site::start_with(|options| options.url = Some(url.to_owned())).await?;
    let visitor = php(&site, "1").online("", "").await?;
    assert_eq!(visitor.told["jsonpd"], format!("{url}/v5/packets"));
    assert_eq!(visitor.told["websocket"], "wss://chat.example.com/v5/packets");
    Ok(())
}

#[tokio::test]
async fn name_makes_a_user_and_nick_is_its_name_on_the_screen() -> Result<()> {
    let site = Site::start().await?;
    for name in ["1", "vid:5f3a", "uid:1"] {
        php(&site, name).called("小明 O'Hara").online("", "").await?;
        let mut bobby = site.native("bobby001").await?;
        let profile = bobby.call("getUserInfo", json!({ "username": name })).await?;
        assert_eq!((&profile["username"], &profile["nickname"]), (&json!(name), &json!("小明 O'Hara")));
    }
    let page = php(&site, "1").called("Jacky").online("", "").await?;
    let mut bobby = site.native("bobby001").await?;
    assert_eq!(bobby.call("getUserInfo", json!({ "username": "1" })).await?["nickname"], "Jacky");
    page.offline().await?;
    let long = "明".repeat(30);
    php(&site, "1").called(&long).online("", "").await?;
    let nickname = bobby.call("getUserInfo", json!({ "username": "1" })).await?["nickname"].clone();
    assert_eq!(nickname, "明".repeat(21), "as far as there is room");
    php(&site, "1").called("").online("", "").await?;
    let kept = bobby.call("getUserInfo", json!({ "username": "1" })).await?["nickname"].clone();
    assert_eq!(kept, nickname, "what is not given stays");
    Ok(())
}

#[tokio::test]
async fn nobody_logs_in_as_a_user_of_a_site_by_a_password() -> Result<()> {
    let site = Site::start().await?;
    php(&site, "1").online("", "").await?;
    for guess in ["!", "!!!!", "pass1234"] {
        assert_eq!(site.try_online("1", guess).await?.json()?["success"], false, "{guess}");
        let mut client = site.server.configured().await?;
        assert!(client.login("1", guess).await.is_err(), "{guess}");
    }
    Ok(())
}

#[tokio::test]
async fn show_and_status_are_shown_to_contacts() -> Result<()> {
    let site = Site::start().await?;
    let susan = php(&site, "2").online("1", "").await?;
    let jack =
        python(&site, "1").online_with(&[("show", "away"), ("status", "I'm not here right now.")]).await?;
    let packet = susan.presence("online", "1").await?;
    assert_eq!((&packet["show"], &packet["status"]), (&json!("away"), &json!("I'm not here right now.")));
    assert_eq!((&packet["to"], &packet["nick"]), (&json!("2"), &json!("Nick 1")));
    jack.done("presences/show", &[("nick", "Nick 1"), ("type", "show"), ("show", "dnd"), ("status", "")])
        .await?;
    let packet = susan.presence("show", "1").await?;
    assert_eq!((&packet["show"], &packet["status"]), (&json!("dnd"), &json!(null)));
    assert_eq!(susan.presences("1").await?, json!({ "1": "dnd" }));
    jack.done("presences/show", &[("show", "invisible")]).await?;
    assert_eq!(susan.presence("offline", "1").await?["show"], "unavailable");
    assert_eq!(susan.presences("1").await?, json!({}), "who hides is not to be seen");
    Ok(())
}

#[tokio::test]
async fn a_contact_is_seen_who_comes_for_the_first_time_ever() -> Result<()> {
    let site = Site::start().await?;
    let susan = php(&site, "2").online("1,3", "").await?;
    assert_eq!(susan.told["presences"], json!({}));
    let jack = python(&site, "1").online("", "").await?;
    assert_eq!(susan.presence("online", "1").await?["nick"], "Nick 1");
    jack.done("presences/show", &[("show", "dnd")]).await?;
    assert_eq!(susan.presence("show", "1").await?["show"], "dnd", "and from then on");
    Ok(())
}

#[tokio::test]
async fn a_status_of_any_length_does_not_keep_a_user_away() -> Result<()> {
    let site = Site::start().await?;
    let susan = php(&site, "2").online("1", "").await?;
    php(&site, "1").online_with(&[("status", &"忙".repeat(200))]).await?;
    assert_eq!(susan.presence("online", "1").await?["status"], "忙".repeat(83));
    Ok(())
}

#[tokio::test]
async fn presences_are_of_those_who_are_to_be_seen() -> Result<()> {
    let site = Site::start().await?;
    let _susan = php(&site, "2").online("", "").await?;
    let _bobby = site.native("bobby001").await?;
    for visitor in [php(&site, "1"), python(&site, "1")] {
        // Before it is online as well: the site asks, and not the page.
        let seen = visitor.presences("2, bobby001,3,_1,,nobody").await?;
        assert_eq!(seen, json!({ "2": "available", "bobby001": "available" }));
        let visitor = visitor.online("", "").await?;
        assert_eq!(visitor.presences("2").await?, json!({ "2": "available" }));
        assert_eq!(visitor.presences("").await?, json!({}));
    }
    Ok(())
}

#[tokio::test]
async fn offline_takes_a_user_away_after_a_while() -> Result<()> {
    let site = Site::start_with(at_once).await?;
    let susan = php(&site, "2").online("1", "").await?;
    let jack = python(&site, "1").online("", "").await?;
    susan.presence("online", "1").await?;
    jack.offline().await?;
    assert_eq!(susan.presence("offline", "1").await?["show"], "unavailable");
    assert_eq!(jack.poll().await?.0, 400, "the ticket is none any more");
    jack.offline().await?;
    Ok(())
}

#[tokio::test]
async fn messages_have_a_type_a_style_and_the_moment_they_were_stored() -> Result<()> {
    let site = Site::start().await?;
    let (jack, susan) = (php(&site, "1").online("", "").await?, python(&site, "2").online("", "").await?);
    let given = [("nick", "Nick 1"), ("type", "chat"), ("to", "2"), ("body", "<b>你好</b> & more")];
    jack.done("messages", &[&given[..], &[("style", "color:red;behavior:url(x)")]].concat()).await?;
    let heard = &susan.messages().await?[0];
    assert_eq!((&heard["type"], &heard["from"], &heard["to"]), (&json!("chat"), &json!("1"), &json!("2")));
    assert_eq!((&heard["nick"], &heard["style"]), (&json!("Nick 1"), &json!("color:red")));
    assert_eq!(heard["body"], "<b>你好</b> & more");
    assert!(heard["timestamp"].as_u64().context("a moment")? > 1_500_000_000_000);
    jack.done("messages", &[("to", "2"), ("body", "a chat, if nothing is said")]).await?;
    jack.say_as("unicast", "2", "the same in older words").await?;
    assert_eq!(susan.hear(2).await?, ["a chat, if nothing is said", "the same in older words"]);
    assert_eq!(jack.refusal("messages", &[("type", "shout"), ("to", "2"), ("body", "x")]).await?.0, 400);
    assert_eq!(jack.refusal("messages", &[("type", "chat"), ("to", "3"), ("body", "x")]).await?.0, 404);
    assert_eq!(jack.refusal("messages", &[("type", "chat"), ("body", "x")]).await?.0, 400);
    assert_eq!(jack.refusal("messages", &[("type", "chat"), ("to", "2"), ("body", "")]).await?.0, 400);
    Ok(())
}

#[tokio::test]
async fn a_site_speaks_to_everybody() -> Result<()> {
    let site = Site::start().await?;
    let (jack, susan) = (php(&site, "1").online("", "").await?, php(&site, "2").online("", "").await?);
    let other = site.page("bobby001").await?;
    jack.say_as("broadcast", "", "Tea is ready.").await?;
    assert_eq!(susan.messages().await?[0]["type"], "broadcast");
    assert_eq!(other.hear(1).await?, ["Tea is ready."]);
    susan.say("1", "Coming.").await?;
    assert_eq!(jack.hear(1).await?, ["Coming."], "who says it does not hear it");
    Ok(())
}

#[tokio::test]
async fn a_site_says_something_in_a_users_name_who_is_not_there() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "").await?;
    let mut bobby = site.native("bobby001").await?;
    let push = [
        ("from", "sid:robot"),
        ("nick", "Nick 1"),
        ("type", "chat"),
        ("to", "1"),
        ("body", "How may I help?"),
    ];
    php(&site, "1").done("messages", &push).await?;
    let heard = &jack.messages().await?[0];
    assert_eq!((&heard["from"], &heard["body"]), (&json!("sid:robot"), &json!("How may I help?")));
    assert_eq!(heard["nick"], "sid:robot", "the client gives the nick of somebody else here");
    // With the ticket of another user as well: the site means what it says.
    jack.done("messages", &[("from", "3"), ("to", "bobby001"), ("body", "Hello.")]).await?;
    assert_eq!(bobby.hear().await?.from, "3");
    jack.done("messages", &[("from", "1"), ("to", "bobby001"), ("body", "It is me.")]).await?;
    assert_eq!(bobby.hear().await?.from, "1");
    assert_eq!(jack.refusal("messages", &[("from", "_"), ("to", "1"), ("body", "x")]).await?.0, 400);
    Ok(())
}

#[tokio::test]
async fn what_is_said_for_a_user_is_heard_on_its_pages() -> Result<()> {
    let site = Site::start().await?;
    let (jack, susan) = (php(&site, "1").online("", "").await?, php(&site, "2").online("", "").await?);
    php(&site, "1").done("messages", &[("from", "1"), ("to", "2"), ("body", "from the office")]).await?;
    assert_eq!(susan.hear(1).await?, ["from the office"]);
    let own = &jack.messages().await?[0];
    assert_eq!((&own["from"], &own["to"]), (&json!("1"), &json!("2")));
    Ok(())
}

#[tokio::test]
async fn statuses_tell_who_is_typing() -> Result<()> {
    let site = Site::start().await?;
    let (jack, susan) = (php(&site, "1").online("", "").await?, python(&site, "2").online("", "").await?);
    for show in ["typing", "clear"] {
        jack.done("statuses", &[("nick", "Nick 1"), ("to", "2"), ("show", show)]).await?;
        let status = &susan.next("statuses").await?[0];
        assert_eq!(
            (&status["from"], &status["to"], &status["show"]),
            (&json!("1"), &json!("2"), &json!(show))
        );
    }
    jack.done("statuses", &[("to", "nobody"), ("show", "typing")]).await?;
    assert_eq!(jack.refusal("statuses", &[("to", "2"), ("show", "singing")]).await?.0, 400);
    Ok(())
}

#[tokio::test]
async fn a_ticket_that_is_none_is_told_from_one_that_is_missing() -> Result<()> {
    let site = Site::start().await?;
    let mut jack = php(&site, "1").online("", "").await?;
    let ticket = std::mem::replace(&mut jack.ticket, "8633d182-b7fe-42a3-8466-0c4134cfebf2".to_owned());
    let message = [("type", "chat"), ("to", "bobby001"), ("body", "x")];
    let calls: [(&str, &[(&str, &str)]); 5] = [
        ("presences/show", &[("show", "away")]),
        ("messages", &message),
        ("statuses", &[("to", "2"), ("show", "typing")]),
        ("rooms/room1/join", &[]),
        ("rooms/room1/leave", &[]),
    ];
    for (call, given) in calls {
        assert_eq!(jack.refusal(call, given).await?, (404, "unknown ticket".to_owned()), "{call}");
    }
    jack.offline().await?;
    let (status, said) = jack.poll().await?;
    assert_eq!((status, &said["status"], &said["message"]), (400, &json!("error"), &json!("unknown ticket")));
    jack.ticket.clear();
    for (call, given) in calls {
        assert_eq!(jack.refusal(call, given).await?, (400, "ticket is missing".to_owned()), "{call}");
    }
    jack.ticket = ticket;
    jack.say("bobby001", "Hello.").await?;
    Ok(())
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_the_reason() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1");
    let online = async |given: &[(&str, &str)]| super::site::refusal(&jack.try_online(given).await?);
    assert_eq!(online(&[("name", "")]).await?, (400, "name is missing".to_owned()));
    assert_eq!(online(&[("name", "_1")]).await?, (400, "name must start with a letter or digit".to_owned()));
    assert_eq!(online(&[("show", "loud")]).await?, (400, "no such show".to_owned()));
    let rooms: Vec<_> = (0..501).map(|number| format!("room{number}")).collect();
    assert_eq!(online(&[("rooms", &rooms.join(","))]).await?.0, 400);
    assert_eq!(online(&[("buddies", &"1,".repeat(40_000))]).await?.0, 413);
    assert_eq!(jack.call("GET", "messages", &[]).await?.status, 405);
    for path in ["nothing", "rooms/room1/dissolve", "chats/open"] {
        assert_eq!(jack.refusal(path, &[]).await?, (404, "Not Found".to_owned()), "{path}");
    }
    assert_eq!(site.app().await.map(|_| ()).ok(), Some(()), "and the server is well");
    Ok(())
}

#[tokio::test]
async fn as_many_contacts_as_a_user_may_have_do_not_keep_it_away() -> Result<()> {
    let site = Site::start().await?;
    let _susan = php(&site, "2").online("", "").await?;
    let buddies: Vec<_> = (0..3000).map(|number| number.to_string()).collect();
    let jack = php(&site, "1").online(&buddies.join(","), "").await?;
    assert_eq!(jack.told["presences"]["2"], "available");
    Ok(())
}

#[tokio::test]
async fn a_site_is_served_below_the_prefix_of_its_mount_as_well() -> Result<()> {
    let site = Site::start().await?;
    let credentials = data_encoding::BASE64
        .encode(format!("{DOMAIN}:{}", jmessage_testkit::App::published().secret()).as_bytes());
    let asking = site.ask("v5/presences/online").with(&[("name", "1"), ("nick", "Jack")]);
    let told = asking.header("Authorization", &format!("Basic {credentials}")).post().await?.json()?;
    assert_eq!(told["jsonpd"], format!("{}/webim/v5/packets", site.url()));
    let ticket = told["ticket"].as_str().context("a ticket")?;
    let mut bobby = site.native("bobby001").await?;
    bobby.say("1", "Hello.").await?;
    let packets =
        site.ask("v5/packets").with(&[("ticket", ticket), ("domain", DOMAIN)]).get().await?.json()?;
    assert_eq!(packets["messages"][0]["body"], "Hello.", "and JSON without a callback");
    Ok(())
}
