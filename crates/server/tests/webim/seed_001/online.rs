//! `online` of 2010.

use crate::{
    page::{bodies, list, now, of_id},
    site::Site,
};
use serde_json::json;

rows! {
    async fn a_page_begins_with_everything_it_needs("online") {
        let site = Site::start().await?;
        let all = [
            ("buddies", "1,34,34"),
            ("rooms", "1,34,34"),
            ("presence_buddies", "34,23"),
            ("presence_rooms", "1,3"),
        ];
        let told = site.old_page("alice001", &all).await?.told;
        for name in [
            "server_time",
            "user",
            "connection",
            "setting",
            "online_buddies",
            "presence_buddies",
            "presence_rooms",
            "histories",
            "new_messages",
        ] {
            assert!(!told[name].is_null(), "{name} is not in {told}");
        }
    }

    async fn of_the_contacts_a_page_knows_it_is_told_who_is_there("online(buddies)") {
        let site = Site::start().await?;
        let susan = site.page("bobby001").await?;
        let page = site.old_page("alice001", &[("buddies", "bobby001,bobby002,34")]).await?;
        assert_eq!(page.told["online_buddies"], "bobby001");
        assert_eq!(page.told["presence_buddies"], json!([]), "it does not ask to be told more of them");
        susan.done("presence", &[("show", "away")]).await?;
        assert_eq!(page.presence("show", "bobby001").await?["show"], "away");
    }

    async fn of_the_rooms_a_page_knows_it_hears("online(rooms)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let page = site.old_page("alice001", &[("rooms", &room)]).await?;
        assert_eq!(page.told["presence_rooms"], json!([]), "it does not ask to be told more of them");
        site.page("bobby001").await?.say(&room, "Hello all.").await?;
        assert_eq!(page.messages().await?[0]["to"], room);
    }

    async fn a_page_is_told_of_the_contacts_it_shows("online(presence_buddies)") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[("presence_buddies", "bobby001,bobby002,34")]).await?;
        for id in ["bobby001", "bobby002"] {
            of_id(&page.told["presence_buddies"], id)?;
        }
        assert_eq!(list(&page.told["presence_buddies"]).len(), 2);
        site.page("bobby002").await?;
        page.presence("online", "bobby002").await?;
    }

    async fn a_page_is_told_of_the_rooms_it_shows("online(presence_rooms)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let foreign = site.room(&["bobby001"]).await?;
        let parameters = [("presence_rooms", format!("{room},{foreign},3"))];
        let page = site
            .old_page("alice001", &parameters.each_ref().map(|(name, value)| (*name, value.as_str())))
            .await?;
        assert_eq!(list(&page.told["presence_rooms"]).len(), 1);
        of_id(&page.told["presence_rooms"], &room)?;
    }

    async fn strangers_of_a_page_are_told_when_they_come("online(stranger_ids)") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[("stranger_ids", "bobby001")]).await?;
        site.page("bobby001").await?;
        page.presence("online", "bobby001").await?;
    }

    async fn the_time_of_the_server_is_in_milliseconds("online -> server_time") {
        let before = now();
        let site = Site::start().await?;
        let time = site.old_page("alice001", &[]).await?.told["server_time"].as_u64().unwrap_or_default();
        assert!((before..=now()).contains(&time), "{time}");
    }

    async fn the_user_is_who_logged_in("online -> user") {
        let site = Site::start().await?;
        let user = site.old_page("alice001", &[]).await?.told["user"].clone();
        assert_eq!((&user["id"], &user["name"]), (&json!("alice001"), &json!("alice001")));
    }

    async fn the_connection_is_for_this_page_alone("online -> connection") {
        let site = Site::start().await?;
        let (one, two) = (site.old_page("alice001", &[]).await?, site.old_page("alice001", &[]).await?);
        assert_ne!(one.told["connection"]["ticket"], two.told["connection"]["ticket"]);
    }

    async fn the_setting_is_what_the_user_set("online -> setting") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        assert_eq!(page.told["setting"], json!({}));
        page.done("setting", &[("play_sound", "false")]).await?;
        assert_eq!(page.again().await?.told["setting"], json!({ "play_sound": false }));
    }

    async fn the_online_contacts_are_ids_with_commas("online -> online_buddies") {
        let site = Site::start().await?;
        for other in ["bobby001", "bobby002", "bobby003"] {
            site.befriend("alice001", other, "friend").await?;
        }
        let page = site.old_page("alice001", &[]).await?;
        assert_eq!((&page.told["online_buddies"], &page.told["presence_buddies"]), (&json!(""), &json!([])));
        site.page("bobby001").await?;
        site.page("bobby003").await?;
        site.page_with("bobby002", &[("show", "invisible")]).await?;
        assert_eq!(site.old_page("alice001", &[]).await?.told["online_buddies"], "bobby001,bobby003");
    }

    async fn the_shown_contacts_are_those_asked_for_and_those_who_wrote("online -> presence_buddies") {
        let site = Site::start().await?;
        site.page("bobby002").await?.say("alice001", "\u{ff1f}").await?;
        let page = site.old_page("alice001", &[("presence_buddies", "bobby001")]).await?;
        for id in ["bobby001", "bobby002"] {
            of_id(&page.told["presence_buddies"], id)?;
        }
        assert_eq!(list(&page.told["presence_buddies"]).len(), 2);
    }

    async fn the_shown_rooms_are_those_asked_for("online -> presence_rooms") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        site.room(&["alice001", "bobby001"]).await?;
        let page = site.old_page("alice001", &[("presence_rooms", &room)]).await?;
        assert_eq!(list(&page.told["presence_rooms"]).len(), 1);
        of_id(&page.told["presence_rooms"], &room)?;
    }

    async fn the_histories_are_of_whom_and_what_the_page_shows_and_of_who_wrote("online -> histories") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let other = site.page("bobby001").await?;
        other.say("alice001", "One.").await?;
        other.say(&room, "Two.").await?;
        let page =
            site.old_page("alice001", &[("presence_buddies", "bobby002"), ("presence_rooms", &room)]).await?;
        let histories = &page.told["histories"];
        let said = |id: &str| bodies(&list(&histories[id]));
        assert_eq!((said("bobby001"), said(&room)), (vec!["One.".into()], vec!["Two.".into()]));
        assert_eq!(histories["bobby002"], json!([]));
    }

    async fn the_new_messages_are_those_that_came_meanwhile("online -> new_messages") {
        let site = Site::start().await?;
        site.page("bobby001").await?.say("alice001", "\u{ff1f}").await?;
        let page = site.old_page("alice001", &[]).await?;
        let new = list(&page.told["new_messages"]);
        assert_eq!((bodies(&new), &new[0]["type"]), (vec!["\u{ff1f}".into()], &json!("unicast")));
        assert_eq!(site.old_page("bobby002", &[]).await?.told["new_messages"], json!([]));
    }
}
