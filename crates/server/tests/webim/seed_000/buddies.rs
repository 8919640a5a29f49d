//! Contacts.

use crate::{
    page::{bodies, list},
    site::{Site, at_once},
};
use serde_json::{Value, json};

rows! {
    async fn the_id_of_a_contact_is_its_username("buddyInfo.id") {
        let site = Site::start().await?;
        assert_eq!(site.page("alice001").await?.buddy("bobby001").await?["id"], "bobby001");
    }

    async fn the_nick_of_a_contact_is_its_nickname("buddyInfo.nick") {
        let site = Site::start().await?;
        site.dress("bobby001", "Susan").await?;
        assert_eq!(site.page("alice001").await?.buddy("bobby001").await?["nick"], "Susan");
    }

    async fn the_presence_of_a_contact_is_online_or_offline("buddyInfo.presence") {
        let site = Site::start().await?;
        let jack = site.page("alice001").await?;
        assert_eq!(jack.buddy("bobby001").await?["presence"], "offline");
        let susan = site.page("bobby001").await?;
        assert_eq!(jack.buddy("bobby001").await?["presence"], "online");
        susan.done("presence", &[("show", "invisible")]).await?;
        assert_eq!(jack.buddy("bobby001").await?["presence"], "offline", "who hides is told from nobody");
    }

    async fn the_group_of_a_contact_is_its_label_in_the_list("buddyInfo.group") {
        let site = Site::start().await?;
        site.befriend("alice001", "bobby001", "friend").await?;
        let page = site.page("alice001").await?;
        assert_eq!(page.buddy("bobby001").await?["group"], "friend");
        assert_eq!(page.buddy("bobby002").await?["group"], Value::Null, "it is not in the list");
    }

    async fn the_picture_of_a_contact_is_where_its_site_has_it("buddyInfo.pic_url") {
        let site = Site::start_dressed().await?;
        site.dress("bobby001", "Susan").await?;
        assert_eq!(site.page("alice001").await?.buddy("bobby001").await?["pic_url"], "/avatar/a/b.png");
    }

    async fn the_default_picture_of_a_contact_is_the_sites("buddyInfo.default_pic_url") {
        let site = Site::start_dressed().await?;
        assert_eq!(site.page("alice001").await?.buddy("bobby001").await?["default_pic_url"], "/default.gif");
    }

    async fn the_url_of_a_contact_is_its_page_of_the_site("buddyInfo.url") {
        let site = Site::start_dressed().await?;
        assert_eq!(site.page("alice001").await?.buddy("bobby001").await?["url"], "space.php?uid=bobby001");
    }

    async fn the_status_of_a_contact_is_what_it_says_of_itself("buddyInfo.status") {
        let site = Site::start().await?;
        site.dress("bobby001", "Susan").await?;
        let jack = site.page("alice001").await?;
        assert_eq!(jack.buddy("bobby001").await?["status"], "I'm free.");
        let susan = site.page("bobby001").await?;
        susan.done("presence", &[("show", "dnd"), ("status", "I'm busy.")]).await?;
        assert_eq!(jack.buddy("bobby001").await?["status"], "I'm busy.");
    }

    async fn the_show_of_a_contact_is_what_it_chose("buddyInfo.show") {
        let site = Site::start().await?;
        let (jack, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
        for (given, shown) in
            [("available", "available"), ("away", "away"), ("chat", "chat"), ("dnd", "dnd"), ("buzy", "dnd")]
        {
            susan.done("presence", &[("show", given)]).await?;
            assert_eq!(jack.buddy("bobby001").await?["show"], shown);
        }
        susan.done("presence", &[("show", "invisible")]).await?;
        assert_eq!(jack.buddy("bobby001").await?["show"], "unavailable");
    }

    async fn the_status_time_of_a_contact_is_hours_and_minutes("buddyInfo.status_time") {
        let site = Site::start().await?;
        let jack = site.page("alice001").await?;
        assert_eq!(jack.buddy("bobby001").await?["status_time"], Value::Null);
        site.page("bobby001").await?;
        let time = jack.buddy("bobby001").await?["status_time"].clone();
        let time = time.as_str().unwrap_or_default();
        assert!(time.len() == "10:55".len() && time.as_bytes()[2] == b':', "{time}");
    }

    async fn a_contact_is_told_completely("buddyInfo.incomplete") {
        let site = Site::start_dressed().await?;
        site.dress("bobby001", "Susan").await?;
        site.befriend("alice001", "bobby001", "friend").await?;
        let page = site.page("alice001").await?;
        let told = crate::page::of_id(&page.told["buddies"], "bobby001")?;
        assert!(matches!(told["incomplete"], Value::Null | Value::Bool(false)), "{told}");
        assert_eq!(told, page.buddy("bobby001").await?, "asking again brings nothing more");
    }

    async fn the_history_with_a_contact_is_with_it_or_asked_for("buddyInfo.history") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        page.say("bobby001", "Hello.").await?;
        let buddy = page.again_with(&[("buddy_ids", "bobby001")]).await?.told["buddies"][0].clone();
        let history = match buddy.get("history") {
            Some(history) => list(history),
            None => page.history("bobby001").await?,
        };
        assert_eq!(bodies(&history), ["Hello."]);
    }

    async fn contacts_are_a_list("buddies") {
        let site = Site::start().await?;
        site.befriend("alice001", "bobby002", "friend").await?;
        site.befriend("alice001", "bobby003", "work").await?;
        let buddies = site.page("alice001").await?.get("buddies", &[]).await?;
        let ids: Vec<_> = list(&buddies).iter().map(|buddy| buddy["id"].clone()).collect();
        assert_eq!(ids, ["bobby002", "bobby003"], "without ids it is the user's list");
    }

    async fn contacts_are_asked_for_by_ids("buddies(ids)") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        let buddies = page.get("buddies", &[("ids", "bobby001, bobby002,,nobody,bobby001,_1,<>")]).await?;
        let mut ids: Vec<_> = list(&buddies).iter().map(|buddy| buddy["id"].to_string()).collect();
        ids.sort();
        assert_eq!(ids, [r#""bobby001""#, r#""bobby002""#]);
    }

    async fn strangers_of_a_page_are_told_when_they_come_and_go("online(chatlink_ids)") {
        let site = Site::start_with(at_once).await?;
        let page = site.page_with("alice001", &[("chatlink_ids", "bobby001,bobby002")]).await?;
        assert_eq!(page.told["buddies"], json!([]), "nothing is added to the answer");
        let stranger = site.page("bobby001").await?;
        assert_eq!(page.presence("online", "bobby001").await?["show"], "available");
        stranger.done("offline", &[]).await?;
        assert_eq!(page.presence("offline", "bobby001").await?["show"], "unavailable");
    }
}
