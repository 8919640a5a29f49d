//! The calls of 2010.

use crate::{
    page::{bodies, list, of_id, only},
    site::{DOMAIN, Site},
};
use serde_json::json;

rows! {
    async fn a_page_that_goes_offline_is_gone("offline") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        page.done("offline", &[("domain", DOMAIN), ("server", "http://ucim.webim20.cn:8000")]).await?;
        assert!(page.is_gone().await?);
        assert_eq!(site.page("bobby001").await?.buddy("alice001").await?["presence"], "offline");
    }

    async fn a_page_that_is_loaded_anew_comes_back("refresh") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        page.done("refresh", &[("domain", DOMAIN)]).await?;
        assert!(page.is_gone().await?);
        assert_eq!(site.page("bobby001").await?.buddy("alice001").await?["presence"], "online");
        assert_eq!(page.again().await?.told["user"]["name"], "alice001");
    }

    async fn contacts_are_asked_for_by_ids("buddies(ids)") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        let buddies = page.get("buddies", &[("ids", "bobby001,2")]).await?;
        assert_eq!(only(&buddies)?["name"], "bobby001");
    }

    async fn rooms_are_asked_for_by_ids("rooms(ids)") {
        let site = Site::start().await?;
        let one = site.room(&["alice001"]).await?;
        let two = site.room(&["alice001"]).await?;
        let page = site.old_page("alice001", &[]).await?;
        assert_eq!(only(&page.get("rooms", &[("ids", &two)]).await?)?["id"], two);
        let both = page.get("rooms", &[("ids", &format!("{one},{two}"))]).await?;
        assert_eq!(list(&both).len(), 2);
    }

    async fn who_joins_a_room_is_told_of_it("join(id)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let page = site.old_page("alice001", &[]).await?;
        page.done("leave", &[("id", &room)]).await?;
        let joined = page.make("join", &[("id", &room)]).await?;
        assert_eq!(
            (&joined["id"], &joined["name"], &joined["blocked"]),
            (&json!(room), &json!("Free space"), &json!(false))
        );
    }

    async fn who_leaves_a_room_hears_of_it_no_more("leave(id)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let (page, other) = (site.old_page("alice001", &[]).await?, site.old_page("bobby001", &[]).await?);
        page.done("leave", &[("id", &room)]).await?;
        other.done("message", &[("type", "multicast"), ("to", &room), ("body", "Anybody?")]).await?;
        other.done("message", &[("type", "unicast"), ("to", "alice001"), ("body", "Alice?")]).await?;
        assert_eq!(page.hear(1).await?, ["Alice?"]);
    }

    async fn members_are_lists_by_the_id_of_their_room("members(ids)") {
        let site = Site::start().await?;
        let one = site.room(&["alice001", "bobby001"]).await?;
        let two = site.room(&["alice001", "bobby002"]).await?;
        let page = site.old_page("alice001", &[]).await?;
        let members = page.get("members", &[("ids", &format!("{one},{two},_999"))]).await?;
        assert_eq!(members.as_object().map(serde_json::Map::len), Some(2));
        of_id(&members[&one], "bobby001")?;
        of_id(&members[&two], "bobby002")?;
    }

    async fn histories_are_asked_for_by_ids_of_users_and_rooms("histories(ids)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let page = site.old_page("alice001", &[]).await?;
        page.done("message", &[("type", "unicast"), ("to", "bobby001"), ("body", "One.")]).await?;
        page.done("message", &[("type", "multicast"), ("to", &room), ("body", "Two.")]).await?;
        let histories = page.get("histories", &[("ids", &format!("bobby001,{room}"))]).await?;
        let said = |id: &str| bodies(&list(&histories[id]));
        assert_eq!((said("bobby001"), said(&room)), (vec!["One.".into()], vec!["Two.".into()]));
    }

    async fn unicast_is_for_one("message(type: unicast)") {
        let site = Site::start().await?;
        let (page, other) = (site.old_page("alice001", &[]).await?, site.old_page("bobby001", &[]).await?);
        page.done("message", &[("type", "unicast"), ("offline", "0"), ("to", "bobby001"), ("body", "sdf")])
            .await?;
        let heard = other.messages().await?;
        assert_eq!((&heard[0]["type"], &heard[0]["body"]), (&json!("unicast"), &json!("sdf")));
    }

    async fn multicast_is_for_a_room("message(type: multicast)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let (page, other) = (site.old_page("alice001", &[]).await?, site.old_page("bobby001", &[]).await?);
        page.done("message", &[("type", "multicast"), ("to", &room), ("body", "sdf")]).await?;
        let heard = other.messages().await?;
        assert_eq!((&heard[0]["type"], &heard[0]["to"]), (&json!("multicast"), &json!(room)));
    }

    async fn a_message_to_who_is_not_there_waits("message(offline)") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        page.done("message", &[("type", "unicast"), ("offline", "1"), ("to", "bobby001"), ("body", "sdf")])
            .await?;
        let told = site.old_page("bobby001", &[]).await?.told;
        assert_eq!(bodies(&list(&told["new_messages"])), ["sdf"]);
    }

    async fn a_message_is_to_an_id("message(to)") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        for (to, status) in [("bobby001", 200), ("11", 404), ("", 400)] {
            let answer = page.post("message", &[("type", "unicast"), ("to", to), ("body", "sdf")]).await?;
            assert_eq!(answer.status, status, "{to}");
        }
    }

    async fn a_message_has_a_body("message(body)") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        for (body, status) in [("sdf", 200), ("", 400)] {
            let answer =
                page.post("message", &[("type", "unicast"), ("to", "bobby001"), ("body", body)]).await?;
            assert_eq!(answer.status, status, "{body}");
        }
    }

    async fn a_message_may_have_a_style("message(style)") {
        let site = Site::start().await?;
        let (page, other) = (site.old_page("alice001", &[]).await?, site.old_page("bobby001", &[]).await?);
        page.done(
            "message",
            &[("type", "unicast"), ("to", "bobby001"), ("body", "sdf"), ("style", "color:red")],
        )
        .await?;
        assert_eq!(other.messages().await?[0]["style"], "color:red");
    }

    async fn histories_are_cleared_by_ids("clear_history(ids)") {
        let site = Site::start().await?;
        let page = site.old_page("alice001", &[]).await?;
        for to in ["bobby001", "bobby002", "bobby003"] {
            page.done("message", &[("type", "unicast"), ("to", to), ("body", "sdf")]).await?;
        }
        page.done("clear_history", &[("ids", "bobby001,bobby002")]).await?;
        let histories = page.get("histories", &[("ids", "bobby001,bobby002,bobby003")]).await?;
        assert_eq!((&histories["bobby001"], &histories["bobby002"]), (&json!([]), &json!([])));
        assert_eq!(bodies(&list(&histories["bobby003"])), ["sdf"]);
    }

    async fn a_status_is_to_one("status(to)") {
        let site = Site::start().await?;
        let (page, other) = (site.old_page("alice001", &[]).await?, site.old_page("bobby001", &[]).await?);
        page.done("status", &[("to", "bobby001"), ("show", "typing")]).await?;
        assert_eq!(other.next("statuses").await?[0]["from"], "alice001");
    }

    async fn a_status_shows_who_types("status(show)") {
        let site = Site::start().await?;
        let (page, other) = (site.old_page("alice001", &[]).await?, site.old_page("bobby001", &[]).await?);
        page.done("status", &[("to", "bobby001"), ("show", "typing")]).await?;
        assert_eq!(other.next("statuses").await?[0]["show"], "typing");
    }

    async fn whether_a_sound_is_played_is_a_parameter("setting(play_sound)") {
        is_kept("play_sound").await?;
    }

    async fn whether_windows_stay_open_is_a_parameter("setting(buddy_sticky)") {
        is_kept("buddy_sticky").await?;
    }

    async fn whether_the_bar_is_small_is_a_parameter("setting(minimize_layout)") {
        is_kept("minimize_layout").await?;
    }

    async fn whether_windows_open_by_themselves_is_a_parameter("setting(msg_auto_pop)") {
        is_kept("msg_auto_pop").await?;
    }
}

/// Sets one thing and finds it again.
async fn is_kept(name: &str) -> anyhow::Result<()> {
    let site = Site::start().await?;
    let page = site.old_page("alice001", &[]).await?;
    for value in [true, false] {
        page.done("setting", &[(name, &value.to_string())]).await?;
        assert_eq!(page.again().await?.told["setting"], json!({ name: value }));
    }
    Ok(())
}
