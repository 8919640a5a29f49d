//! Rooms of sites, which are groups of users of JMessage as well.

use super::site::{php, python};
use crate::site::Site;
use anyhow::{Context, Result};
use serde_json::{Value, json};

#[tokio::test]
async fn a_room_comes_into_being_with_its_first_member() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "").await?;
    assert_eq!(jack.members("room1").await?, json!({}), "nobody is in a room that is not there");
    assert_eq!(jack.join("room1").await?, json!({ "id": "room1", "count": 1 }));
    let susan = python(&site, "2").online("", "room1").await?;
    assert_eq!(susan.told["groups"], json!({ "room1": 2 }));
    assert_eq!(susan.join("room1").await?["count"], 2, "who is in it stays as it is");
    assert_eq!(jack.members("room1").await?, json!({ "1": "available", "2": "available" }));
    let packet = jack.presence("join", "2").await?;
    assert_eq!((&packet["to"], &packet["nick"]), (&json!("room1"), &json!("Nick 2")));
    jack.say_in("room1", "Hello all.").await?;
    let heard = &susan.messages().await?[0];
    assert_eq!((&heard["type"], &heard["to"]), (&json!("grpchat"), &json!("room1")));
    assert_eq!((&heard["from"], &heard["body"]), (&json!("1"), &json!("Hello all.")));
    Ok(())
}

#[tokio::test]
async fn members_are_those_who_are_to_be_seen() -> Result<()> {
    let site = Site::start_with(crate::site::at_once).await?;
    let jack = php(&site, "1").online("", "room1").await?;
    let susan = php(&site, "2").online("", "room1").await?;
    susan.done("presences/show", &[("show", "away")]).await?;
    assert_eq!(jack.members("room1").await?, json!({ "1": "available", "2": "away" }));
    let packet = jack.presence("grponline", "2").await?;
    assert_eq!(packet["to"], "room1");
    susan.offline().await?;
    assert_eq!(jack.presence("grpoffline", "2").await?["to"], "room1");
    assert_eq!(jack.members("room1").await?, json!({ "1": "available" }));
    Ok(())
}

#[tokio::test]
async fn who_leaves_is_in_the_room_no_more() -> Result<()> {
    let site = Site::start().await?;
    let (jack, susan) =
        (php(&site, "1").online("", "room1").await?, php(&site, "2").online("", "room1").await?);
    // Whose room it was makes no difference.
    jack.leave("room1").await?;
    assert_eq!(susan.presence("leave", "1").await?["to"], "room1");
    assert_eq!(susan.members("room1").await?, json!({ "2": "available" }));
    let message = [("type", "grpchat"), ("to", "room1"), ("body", "x")];
    assert_eq!(jack.refusal("messages", &message).await?.0, 404);
    jack.leave("room1").await?;
    jack.leave("nowhere").await?;
    jack.leave("_99").await?;
    susan.say_in("room1", "alone").await?;
    susan.leave("room1").await?;
    assert_eq!(susan.members("room1").await?, json!({}));
    jack.join("room1").await?;
    assert_eq!(jack.members("room1").await?, json!({ "1": "available" }), "the key was free");
    Ok(())
}

#[tokio::test]
async fn users_of_jmessage_are_in_rooms_of_sites() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "room1").await?;
    let mut bobby = site.native("bobby001").await?;
    // The site's word makes a member of a user of JMessage too.
    let his = python(&site, "bobby001").online("", "room1").await?;
    let event: Value = serde_json::from_str(&bobby.hear().await?.json)?;
    assert_eq!(
        (&event["event_type"], &event["to_username_list"]),
        (&json!("add_members"), &json!(["bobby001"]))
    );
    let gid = event["gid"].as_u64().context("a number")?;
    let listed = bobby.call("getGroupList", json!({})).await?;
    assert_eq!((&listed[0]["gid"], &listed[0]["groupName"]), (&json!(gid), &json!("room1")), "{listed}");
    assert_eq!(listed[0]["ownerUsername"], "1");
    jack.say_in("room1", "Hello, Bobby.").await?;
    assert_eq!(bobby.hear().await?.text, "Hello, Bobby.");
    bobby.say_in(gid, "Hello, Jack.").await?;
    let heard = &jack.messages().await?[0];
    assert_eq!((&heard["to"], &heard["body"]), (&json!("room1"), &json!("Hello, Jack.")));
    assert_eq!(his.hear(2).await?, ["Hello, Bobby.", "Hello, Jack."], "on his own page as well");
    jack.leave("room1").await?;
    let event: Value = serde_json::from_str(&bobby.hear().await?.json)?;
    assert_eq!(
        (&event["event_type"], &event["description"]),
        (&json!("exit_group"), &json!("")),
        "it goes on"
    );
    let info = bobby.call("getGroupInfo", json!({ "groupId": gid })).await?;
    assert_eq!(info["ownerUsername"], "bobby001", "and belongs to whoever was there longest");
    let back = php(&site, "1").online("", "room1").await?;
    bobby.call("exitGroup", json!({ "groupId": gid })).await?;
    back.say_in("room1", "still here").await?;
    assert_eq!(back.members("room1").await?, json!({ "1": "available" }));
    Ok(())
}

#[tokio::test]
async fn a_group_of_jmessage_has_its_number_for_an_id() -> Result<()> {
    let site = Site::start().await?;
    let gid = site.group(&["alice001", "bobby001"]).await?;
    let room = format!("_{gid}");
    let mut bobby = site.native("bobby001").await?;
    assert_eq!(bobby.hear().await?.text, "add_members");
    // Its members hear of it although the site never named it.
    let alice = php(&site, "alice001").online("", "").await?;
    bobby.say_in(gid, "Hello.").await?;
    let heard = &alice.messages().await?[0];
    assert_eq!((&heard["to"], &heard["body"]), (&json!(room), &json!("Hello.")));
    alice.say_in(&room, "Hello, Bobby.").await?;
    assert_eq!(bobby.hear().await?.text, "Hello, Bobby.");
    // And the site brings others in, and out.
    let jack = php(&site, "1").online("", &format!("{room},_99")).await?;
    assert_eq!(jack.told["groups"], json!({ &room: 3, "_99": 0 }));
    assert_eq!(bobby.hear().await?.text, "add_members");
    assert_eq!(jack.refusal("rooms/_99/join", &[]).await?.0, 404);
    alice.leave(&room).await?;
    assert_eq!(bobby.hear().await?.text, "exit_group");
    assert_eq!(jack.members(&room).await?, json!({ "1": "available", "bobby001": "available" }));
    Ok(())
}

#[tokio::test]
async fn pages_of_a_mount_know_a_room_of_a_site_by_its_number() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online("", "alice001,room1").await?;
    // A key may look like the name of a user, so it is no id there.
    let his = php(&site, "alice001").online("", "alice001").await?;
    let page = site.page("alice001").await?;
    let rooms = page.get("rooms", &[]).await?;
    let room = rooms[0]["id"].as_str().context("an id")?.to_owned();
    assert!(room.starts_with('_'), "{room}");
    assert_eq!((&rooms[0]["nick"], &rooms[0]["all_count"]), (&json!("alice001"), &json!(2)));
    jack.say_in("alice001", "Hello all.").await?;
    assert_eq!(page.messages().await?[0]["to"], room);
    assert_eq!(his.messages().await?[0]["to"], "alice001", "her page of the site has the site's id");
    page.say(&room, "Hello, Jack.").await?;
    assert_eq!(jack.messages().await?[0]["to"], "alice001");
    assert_eq!(his.messages().await?[0]["to"], "alice001", "what she said elsewhere as well");
    Ok(())
}

#[tokio::test]
async fn a_room_may_be_called_anything_that_a_list_holds() -> Result<()> {
    let site = Site::start().await?;
    let rooms = ["1", "gid:7", "自由空间", "a b", "_x", "_012"];
    let jack = php(&site, "1").online("", &rooms.join(",")).await?;
    let susan = php(&site, "2").online("", &rooms.join(",")).await?;
    for room in rooms {
        jack.say_in(room, "Hello.").await?;
        assert_eq!(susan.messages().await?[0]["to"], room);
        assert_eq!(jack.told["groups"][room], 1);
    }
    let path = "rooms/%E8%87%AA%E7%94%B1%E7%A9%BA%E9%97%B4/members";
    assert_eq!(jack.get(path, &[]).await?, json!({ "1": "available", "2": "available" }));
    assert_eq!(jack.refusal("rooms/a%2Cb/join", &[]).await?.0, 400);
    let odd = php(&site, "3").online("", &format!("{},room1", "x".repeat(129))).await?;
    assert_eq!(odd.told["groups"]["room1"], 1, "a room that can be none is passed over");
    Ok(())
}

#[tokio::test]
async fn a_room_that_is_full_is_passed_over_at_online_and_refused_at_join() -> Result<()> {
    let site = Site::start_small().await?;
    let jack = php(&site, "1").online("", "room1").await?;
    let susan = php(&site, "2").online("", "room1,room2").await?;
    assert_eq!(susan.told["groups"]["room2"], 1);
    assert_eq!(jack.members("room1").await?, json!({ "1": "available" }));
    assert_eq!(susan.refusal("rooms/room1/join", &[]).await?, (400, "the room is full".to_owned()));
    Ok(())
}

/// As the clients of 5.0 to 5.2 say it.
#[tokio::test]
async fn older_clients_say_group() -> Result<()> {
    let site = Site::start().await?;
    let jack = php(&site, "1").online_with(&[("groups", "room1")]).await?;
    assert_eq!(jack.told["groups"], json!({ "room1": 1 }));
    let joined = jack.call("POST", "group/join", &[("room", "room2"), ("group", "room2")]).await?;
    assert_eq!(joined.json()?, json!({ "room2": 1 }));
    let members = jack.get("group/members", &[("group", "room1")]).await?;
    assert_eq!(members, json!([{ "id": "1", "nick": "Nick 1" }]));
    jack.done("group/leave", &[("group", "room2")]).await?;
    assert_eq!(jack.get("group/members", &[("room", "room2")]).await?, json!([]));
    assert_eq!(jack.refusal("group/join", &[]).await?, (400, "room is missing".to_owned()));
    Ok(())
}
