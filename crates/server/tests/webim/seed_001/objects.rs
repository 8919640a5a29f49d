//! The objects of 2010.

use crate::{
    page::{Page, list, now, only},
    site::{DOMAIN, OLD, Site},
};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// Somebody whom a page of 2010 shows.
async fn buddy(site: &Site) -> Result<Value> {
    only(&site.old_page("alice001", &[]).await?.get("buddies", &[("ids", "bobby001")]).await?)
}

/// A room that a page of 2010 shows; its other member is online.
async fn room(site: &Site) -> Result<(String, Value)> {
    let id = site.room(&["alice001", "bobby001", "bobby002"]).await?;
    site.page("bobby001").await?;
    let page = site.old_page("alice001", &[]).await?;
    let room = only(&page.get("rooms", &[("ids", &id)]).await?)?;
    Ok((id, room))
}

/// A message in the log of a page of 2010.
async fn logged(site: &Site) -> Result<Value> {
    let page = site.old_page("alice001", &[]).await?;
    let message = [
        ("type", "unicast"),
        ("offline", "1"),
        ("to", "bobby001"),
        ("body", "\u{ff1f}"),
        ("style", "color:#bbb;"),
    ];
    page.done("message", &message).await?;
    let histories = page.get("histories", &[("ids", "bobby001")]).await?;
    list(&histories["bobby001"]).pop().context("nothing is logged")
}

/// The page's user.
async fn user(site: &Site, more: &[(&str, &str)]) -> Result<Value> {
    Ok(site.old_page("alice001", more).await?.told["user"].clone())
}

async fn member(site: &Site) -> Result<Value> {
    let room = site.room(&["bobby001", "alice001"]).await?;
    let page = site.old_page("alice001", &[]).await?;
    let members = page.get("members", &[("ids", &room)]).await?;
    list(&members[&room]).into_iter().next().context("no member")
}

fn is_clock(value: &Value) -> bool {
    value.as_str().is_some_and(|time| time.len() == "10:55".len() && time.as_bytes()[2] == b':')
}

rows! {
    async fn ids_of_rooms_begin_as_no_username_can("a room has another id than a user") {
        let site = Site::start().await?;
        let (id, _) = room(&site).await?;
        let name = jmessage_model::Username::new(&id);
        assert!(name.is_err(), "{id} is a username");
    }

    async fn a_connection_has_a_domain("connection.domain") {
        let site = Site::start().await?;
        assert_eq!(site.old_page("alice001", &[]).await?.told["connection"]["domain"], DOMAIN);
    }

    async fn a_connection_has_a_ticket("connection.ticket") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        site.page("bobby001").await?.say("alice001", "\u{ff1f}").await?;
        assert_eq!(page.hear(1).await?, ["\u{ff1f}"]);
    }

    async fn a_connection_has_a_server("connection.server") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        assert_eq!(page.told["connection"]["server"], format!("{}{OLD}/packets", site.url()));
    }

    async fn a_user_has_an_id("userInfo.id") {
        let site = Site::start().await?;
        assert_eq!(user(&site, &[]).await?["id"], "alice001");
    }

    async fn a_user_has_a_name_and_no_nick("userInfo.name") {
        let site = Site::start().await?;
        site.dress("alice001", "test").await?;
        let user = user(&site, &[]).await?;
        assert_eq!((&user["name"], &user["nick"]), (&json!("test"), &Value::Null));
    }

    async fn a_user_has_a_picture("userInfo.pic_url") {
        let avatar = "http://www.uchome.com/uc/ucenter/avatar.php?uid={id}&size=small&type=virtual";
        let site = Site::start_with(|options| options.sights.picture = Some(avatar.to_owned())).await?;
        assert_eq!(user(&site, &[]).await?["pic_url"], avatar.replace("{id}", "alice001"));
    }

    async fn a_user_has_a_url("userInfo.url") {
        let site = Site::start_dressed().await?;
        assert_eq!(user(&site, &[]).await?["url"], "space.php?uid=alice001");
    }

    async fn a_user_has_a_show("userInfo.show") {
        let site = Site::start().await?;
        for show in ["available", "away", "chat", "dnd", "invisible"] {
            assert_eq!(user(&site, &[("show", show)]).await?["show"], show);
        }
    }

    async fn who_is_busy_is_not_to_be_disturbed("userInfo.show: busy") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        page.done("presence", &[("show", "busy")]).await?;
        assert_eq!(site.page("bobby001").await?.buddy("alice001").await?["show"], "dnd");
        assert_eq!(user(&site, &[("show", "busy")]).await?["show"], "dnd");
    }

    async fn a_user_has_a_status("userInfo.status") {
        let site = Site::start().await?;
        let status = "I'm not here right now.";
        assert_eq!(user(&site, &[("status", status)]).await?["status"], status);
    }

    async fn a_user_has_a_status_time("userInfo.status_time") {
        let site = Site::start().await?;
        let user = user(&site, &[]).await?;
        assert!(is_clock(&user["status_time"]), "{user}");
    }

    async fn a_contact_has_an_id("buddyInfo.id") {
        let site = Site::start().await?;
        assert_eq!(buddy(&site).await?["id"], "bobby001");
    }

    async fn a_contact_has_a_name_and_no_nick("buddyInfo.name") {
        let site = Site::start().await?;
        site.dress("bobby001", "test").await?;
        let buddy = buddy(&site).await?;
        assert_eq!((&buddy["name"], &buddy["nick"]), (&json!("test"), &Value::Null));
    }

    async fn a_contact_has_a_group("buddyInfo.group") {
        let site = Site::start().await?;
        site.befriend("alice001", "bobby001", "friend").await?;
        assert_eq!(buddy(&site).await?["group"], "friend");
    }

    async fn a_contact_has_a_picture("buddyInfo.pic_url") {
        let site = Site::start_dressed().await?;
        site.dress("bobby001", "test").await?;
        assert_eq!(buddy(&site).await?["pic_url"], "/avatar/a/b.png");
    }

    async fn a_contact_has_a_default_picture("buddyInfo.default_pic_url") {
        let site = Site::start_dressed().await?;
        assert_eq!(buddy(&site).await?["default_pic_url"], "/default.gif");
    }

    async fn a_contact_has_a_url("buddyInfo.url") {
        let site = Site::start_dressed().await?;
        assert_eq!(buddy(&site).await?["url"], "space.php?uid=bobby001");
    }

    async fn a_contact_is_online_or_offline("buddyInfo.presence") {
        let site = Site::start().await?;
        assert_eq!(buddy(&site).await?["presence"], "offline");
        site.page("bobby001").await?;
        assert_eq!(buddy(&site).await?["presence"], "online");
    }

    async fn a_contact_has_a_show("buddyInfo.show") {
        let site = Site::start().await?;
        for (given, shown) in [
            ("available", "available"),
            ("away", "away"),
            ("chat", "chat"),
            ("busy", "dnd"),
            ("invisible", "unavailable"),
        ] {
            site.page_with("bobby001", &[("show", given)]).await?;
            assert_eq!(buddy(&site).await?["show"], shown);
        }
    }

    async fn a_contact_has_a_status("buddyInfo.status") {
        let site = Site::start().await?;
        site.page_with("bobby001", &[("status", "I'm not here right now.")]).await?;
        assert_eq!(buddy(&site).await?["status"], "I'm not here right now.");
    }

    async fn a_contact_has_a_status_time("buddyInfo.status_time") {
        let site = Site::start().await?;
        site.page("bobby001").await?;
        let buddy = buddy(&site).await?;
        assert!(is_clock(&buddy["status_time"]), "{buddy}");
    }

    async fn a_member_has_an_id("roomUserInfo.id") {
        let site = Site::start().await?;
        assert_eq!(member(&site).await?["id"], "bobby001");
    }

    async fn a_member_has_a_name_and_no_nick("roomUserInfo.name") {
        let site = Site::start().await?;
        site.dress("bobby001", "test").await?;
        let member = member(&site).await?;
        assert_eq!((&member["name"], &member["nick"]), (&json!("test"), &Value::Null));
    }

    async fn a_room_has_an_id("roomInfo.id") {
        let site = Site::start().await?;
        let (id, room) = room(&site).await?;
        assert_eq!(room["id"], id);
    }

    async fn a_room_has_a_name_and_no_nick("roomInfo.name") {
        let site = Site::start().await?;
        let (_, room) = room(&site).await?;
        assert_eq!((&room["name"], &room["nick"]), (&json!("Free space"), &Value::Null));
    }

    async fn a_room_has_a_picture("roomInfo.pic_url") {
        let site = Site::start_dressed().await?;
        let (id, room) = room(&site).await?;
        assert_eq!(room["pic_url"], format!("/rooms/{id}.png"));
    }

    async fn a_room_has_a_default_picture("roomInfo.default_pic_url") {
        let site = Site::start_dressed().await?;
        assert_eq!(room(&site).await?.1["default_pic_url"], "/default.gif");
    }

    async fn a_room_has_a_url("roomInfo.url") {
        let site = Site::start_dressed().await?;
        let (id, room) = room(&site).await?;
        assert_eq!(room["url"], format!("group.php?id={id}"));
    }

    async fn a_room_counts_its_members("roomInfo.all_count") {
        let site = Site::start().await?;
        assert_eq!(room(&site).await?.1["all_count"], 3);
    }

    async fn a_room_counts_who_is_there("roomInfo.count") {
        let site = Site::start().await?;
        assert_eq!(room(&site).await?.1["count"], 2);
    }

    async fn a_room_is_blocked_or_not("roomInfo.blocked") {
        let site = Site::start().await?;
        let (id, told) = room(&site).await?;
        assert_eq!(told["blocked"], false);
        let page = site.old_page("alice001", &[]).await?;
        page.done("leave", &[("id", &id)]).await?;
        assert_eq!(page.room(&id).await?["blocked"], true);
    }

    async fn the_members_of_a_room_are_with_it_or_asked_for("roomInfo.members") {
        let site = Site::start().await?;
        let (id, room) = room(&site).await?;
        let members = match room.get("members") {
            Some(members) => members.clone(),
            None => site.old_page("alice001", &[]).await?.get("members", &[("ids", &id)]).await?[&id].clone(),
        };
        let there: Vec<_> =
            list(&members).into_iter().filter(|member| member["presence"] == "online").collect();
        assert_eq!(there.len(), 2);
    }

    async fn contacts_are_a_list("buddies") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        let buddies = page.get("buddies", &[("ids", "bobby001,bobby002")]).await?;
        assert_eq!(buddies.as_array().map(Vec::len), Some(2));
    }

    async fn rooms_are_a_list("rooms") {
        let site = Site::start().await?;
        room(&site).await?;
        room(&site).await?;
        let rooms = site.old_page("alice001", &[]).await?.get("rooms", &[]).await?;
        assert_eq!(rooms.as_array().map(Vec::len), Some(2));
    }

    async fn what_is_logged_is_of_type_msg("logItem.type") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?["type"], "msg");
    }

    async fn what_is_logged_is_to_an_id("logItem.to") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?["to"], "bobby001");
    }

    async fn what_is_logged_is_from_an_id("logItem.from") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?["from"], "alice001");
    }

    async fn what_is_logged_has_a_style("logItem.style") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?["style"], "color:#bbb");
    }

    async fn what_is_logged_has_a_body("logItem.body") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?["body"], "\u{ff1f}");
    }

    async fn what_is_logged_has_a_timestamp_of_digits_in_a_text("logItem.timestamp") {
        let before = now();
        let site = Site::start().await?;
        let item = logged(&site).await?;
        let stamp: u64 = item["timestamp"].as_str().context("a text")?.parse()?;
        assert!((before..=now()).contains(&stamp), "{item}");
    }

    async fn histories_are_lists_by_id("histories") {
        let site = Site::start().await?;
        let item = logged(&site).await?;
        let page = site.old_page("alice001", &[]).await?;
        let histories = page.get("histories", &[("ids", "bobby001,bobby002")]).await?;
        assert_eq!(histories, json!({ "bobby001": [item], "bobby002": [] }));
    }
}

/// Beyond the rows: a page of 2010 may be told by its parameters alone.
#[tokio::test]
async fn a_page_of_2010_is_known_by_its_parameters() -> Result<()> {
    let site = Site::start().await?;
    for parameter in ["presence_buddies", "presence_rooms", "buddies", "rooms"] {
        let page: Page = site.page_with("alice001", &[(parameter, "")]).await?;
        assert_eq!(page.told["user"]["name"], "alice001", "{parameter}");
    }
    assert_eq!(site.page_with("alice001", &[("buddy_ids", "")]).await?.told["user"]["nick"], "alice001");
    Ok(())
}
