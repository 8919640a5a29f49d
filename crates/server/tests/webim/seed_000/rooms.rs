//! Rooms.

use crate::{
    page::{bodies, list, of_id, only},
    site::Site,
};
use serde_json::{Value, json};

rows! {
    async fn the_id_of_a_member_is_its_username("roomMemberInfo.id") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let members = site.page("alice001").await?.get("members", &[("id", &room)]).await?;
        let ids: Vec<_> = list(&members).iter().map(|member| member["id"].clone()).collect();
        assert_eq!(ids, ["alice001", "bobby001"]);
    }

    async fn the_nick_of_a_member_is_its_nickname("roomMemberInfo.nick") {
        let site = Site::start().await?;
        site.dress("bobby001", "Susan").await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let members = site.page("alice001").await?.get("members", &[("id", &room)]).await?;
        assert_eq!(of_id(&members, "bobby001")?["nick"], "Susan");
    }

    async fn members_tell_who_is_there("members") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let page = site.page("alice001").await?;
        let members = page.get("members", &[("id", &room)]).await?;
        assert_eq!(of_id(&members, "alice001")?["presence"], "online");
        assert_eq!(of_id(&members, "bobby001")?["presence"], "offline");
    }

    async fn members_are_asked_for_by_the_id_of_their_room("members(id)") {
        let site = Site::start().await?;
        let one = site.room(&["alice001", "bobby001"]).await?;
        let two = site.room(&["alice001", "bobby002"]).await?;
        let page = site.page("alice001").await?;
        for (room, other) in [(&one, "bobby001"), (&two, "bobby002")] {
            of_id(&page.get("members", &[("id", room)]).await?, other)?;
        }
        assert_eq!(page.ask("members", &[]).get().await?.status, 400);
    }

    async fn the_id_of_a_room_is_never_that_of_a_user("roomInfo.id") {
        let site = Site::start().await?;
        let gid = site.group(&["alice001", "bobby001"]).await?;
        let page = site.page("alice001").await?;
        let room = only(&page.get("rooms", &[]).await?)?;
        assert_eq!(room["id"], format!("_{gid}"));
    }

    async fn the_nick_of_a_room_is_its_name("roomInfo.nick") {
        let site = Site::start().await?;
        let room = site.room(&["alice001"]).await?;
        assert_eq!(site.page("alice001").await?.room(&room).await?["nick"], "Free space");
    }

    async fn the_picture_of_a_room_is_where_its_site_has_it("roomInfo.pic_url") {
        let site = Site::start_dressed().await?;
        let room = site.room(&["alice001"]).await?;
        assert_eq!(site.page("alice001").await?.room(&room).await?["pic_url"], format!("/rooms/{room}.png"));
    }

    async fn the_default_picture_of_a_room_is_the_sites("roomInfo.default_pic_url") {
        let site = Site::start_dressed().await?;
        let room = site.room(&["alice001"]).await?;
        assert_eq!(site.page("alice001").await?.room(&room).await?["default_pic_url"], "/default.gif");
    }

    async fn the_url_of_a_room_is_its_page_of_the_site("roomInfo.url") {
        let site = Site::start_dressed().await?;
        let room = site.room(&["alice001"]).await?;
        assert_eq!(site.page("alice001").await?.room(&room).await?["url"], format!("group.php?id={room}"));
    }

    async fn the_all_count_of_a_room_is_of_all_its_members("roomInfo.all_count") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001", "bobby002"]).await?;
        assert_eq!(site.page("alice001").await?.room(&room).await?["all_count"], 3);
    }

    async fn the_count_of_a_room_is_of_those_who_are_there("roomInfo.count") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001", "bobby002"]).await?;
        let page = site.page("alice001").await?;
        assert_eq!(page.room(&room).await?["count"], 1);
        let other = site.page("bobby001").await?;
        assert_eq!(page.room(&room).await?["count"], 2);
        other.done("presence", &[("show", "invisible")]).await?;
        assert_eq!(page.room(&room).await?["count"], 1, "who hides is not counted");
    }

    async fn a_room_is_blocked_once_its_user_left_it("roomInfo.blocked") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let page = site.page("alice001").await?;
        assert_eq!(page.room(&room).await?["blocked"], false);
        page.done("leave", &[("id", &room)]).await?;
        assert_eq!(page.room(&room).await?["blocked"], true);
        let again = page.again().await?;
        assert_eq!(of_id(&again.told["rooms"], &room)?["blocked"], true, "it is kept");
        assert_eq!(
            site.page("bobby001").await?.room(&room).await?["blocked"],
            false,
            "it is the user's own affair"
        );
    }

    async fn the_members_of_a_room_are_with_it_or_asked_for("roomInfo.members") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let page = site.page_with("alice001", &[("room_ids", &room)]).await?;
        let members = match of_id(&page.told["rooms"], &room)?.get("members") {
            Some(members) => members.clone(),
            None => page.get("members", &[("id", &room)]).await?,
        };
        assert_eq!(of_id(&members, "alice001")?["presence"], "online");
    }

    async fn the_history_of_a_room_is_with_it_or_asked_for("roomInfo.history") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let page = site.page("alice001").await?;
        page.say(&room, "Hello all.").await?;
        let page = page.again_with(&[("room_ids", &room)]).await?;
        let history = match of_id(&page.told["rooms"], &room)?.get("history") {
            Some(history) => list(history),
            None => page.history(&room).await?,
        };
        assert_eq!(bodies(&history), ["Hello all."]);
    }

    async fn rooms_are_a_list("rooms") {
        let site = Site::start().await?;
        let one = site.room(&["alice001", "bobby001"]).await?;
        let two = site.room(&["bobby001", "alice001"]).await?;
        site.room(&["bobby001", "bobby002"]).await?;
        let rooms = site.page("alice001").await?.get("rooms", &[]).await?;
        let mut ids: Vec<_> = list(&rooms).iter().map(|room| room["id"].clone()).collect();
        ids.sort_by_key(Value::to_string);
        assert_eq!(ids, [one, two], "those of others are not among them");
    }

    async fn rooms_are_asked_for_by_ids("rooms(ids)") {
        let site = Site::start().await?;
        let one = site.room(&["alice001"]).await?;
        let two = site.room(&["alice001"]).await?;
        let foreign = site.room(&["bobby001"]).await?;
        let page = site.page("alice001").await?;
        let rooms = page.get("rooms", &[("ids", &format!("{two},{foreign},_999,alice001"))]).await?;
        assert_eq!(only(&rooms)?["id"], two);
        assert_eq!(page.room(&one).await?["id"], one);
    }

    async fn who_joins_a_room_hears_of_it_again("join(id)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
        page.done("leave", &[("id", &room)]).await?;
        let joined = page.make("join", &[("id", &room), ("nick", "Free space")]).await?;
        assert_eq!(
            (&joined["id"], &joined["blocked"], &joined["all_count"]),
            (&json!(room), &json!(false), &json!(2))
        );
        other.say(&room, "Welcome back.").await?;
        assert_eq!(page.hear(1).await?, ["Welcome back."]);
    }

    async fn who_leaves_a_room_hears_of_it_no_more_and_stays_a_member("leave(id)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
        page.done("leave", &[("id", &room), ("nick", "undefined"), ("temporary", "undefined")]).await?;
        other.say(&room, "Anybody?").await?;
        other.say("alice001", "Alice?").await?;
        assert_eq!(page.hear(1).await?, ["Alice?"]);
        assert_eq!(bodies(&page.history(&room).await?), ["Anybody?"], "it may still read");
        assert_eq!(page.room(&room).await?["all_count"], 2);
    }
}
