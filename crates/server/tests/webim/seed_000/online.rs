//! `online`.

use crate::{
    page::{bodies, list, now, of_id},
    site::Site,
};
use serde_json::{Value, json};

rows! {
    async fn a_page_begins_with_everything_it_needs("online") {
        let site = Site::start().await?;
        let all = [
            ("show", "away"),
            ("buddy_ids", "bobby001,bobby002"),
            ("room_ids", "_1,_34"),
            ("question", "name"),
            ("answer", "jack"),
        ];
        let told = site.page_with("alice001", &all).await?.told;
        let mut names: Vec<_> =
            told.as_object().into_iter().flatten().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        let expected =
            ["buddies", "connection", "new_messages", "presences", "rooms", "server_time", "success", "user"];
        assert_eq!(names, expected);
    }

    async fn a_page_begins_with_what_its_user_shows("online(show)") {
        let site = Site::start().await?;
        site.page_with("alice001", &[("show", "dnd")]).await?;
        assert_eq!(site.page("bobby001").await?.buddy("alice001").await?["show"], "dnd");
    }

    async fn a_page_is_told_of_the_contacts_in_its_tabs("online(buddy_ids)") {
        let site = Site::start().await?;
        let page = site.page_with("alice001", &[("buddy_ids", "bobby001,bobby002,nobody,1,34")]).await?;
        for id in ["bobby001", "bobby002"] {
            of_id(&page.told["buddies"], id)?;
        }
        assert_eq!(list(&page.told["buddies"]).len(), 2);
        site.page("bobby002").await?;
        page.presence("online", "bobby002").await?;
    }

    async fn a_page_is_told_of_the_rooms_in_its_tabs("online(room_ids)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let foreign = site.room(&["bobby001"]).await?;
        let page = site.page_with("alice001", &[("room_ids", &format!("{room},{foreign},_34"))]).await?;
        assert_eq!(crate::page::only(&page.told["rooms"])?["id"], room);
    }

    async fn a_user_logs_in_with_its_name("online(username)") {
        let site = Site::start().await?;
        assert_eq!(site.page("alice002").await?.told["user"]["id"], "alice002");
        assert_eq!(site.try_online("nobody", "pass1234").await?.json()?["success"], false);
    }

    async fn a_user_logs_in_with_its_password("online(password)") {
        let site = Site::start().await?;
        assert_eq!(site.try_online("alice001", "pass1234").await?.json()?["success"], true);
        for password in ["pass12345", "", " pass1234", "x"] {
            assert_eq!(
                site.try_online("alice001", password).await?.json()?["success"],
                false,
                "{password:?}"
            );
        }
    }

    async fn a_question_is_taken_and_asks_for_nothing_more("online(question)") {
        let site = Site::start().await?;
        let page = site.page_with("alice001", &[("question", "name")]).await?;
        assert_eq!(page.told["success"], true);
        let asking = site.ask("online").with(&[("username", "alice001"), ("question", "name")]);
        assert_eq!(asking.post().await?.json()?["success"], false, "it is no password");
    }

    async fn an_answer_to_it_is_taken_and_replaces_no_password("online(answer)") {
        let site = Site::start().await?;
        let page = site.page_with("alice001", &[("question", "name"), ("answer", "jack")]).await?;
        assert_eq!(page.told["success"], true);
        let asking = site.ask("online").with(&[("username", "alice001"), ("answer", "pass1234")]);
        assert_eq!(asking.post().await?.json()?["success"], false);
    }

    async fn success_says_whether_the_page_is_online("online -> success") {
        let site = Site::start().await?;
        assert_eq!(site.page("alice001").await?.told["success"], true);
        assert_eq!(site.try_online("alice001", "wrong-one").await?.json()?["success"], false);
    }

    async fn the_time_of_the_server_is_in_milliseconds("online -> server_time") {
        let before = now();
        let site = Site::start().await?;
        let time = site.page("alice001").await?.told["server_time"].as_u64().unwrap_or_default();
        assert!((before..=now()).contains(&time), "{time}");
    }

    async fn the_user_is_who_logged_in("online -> user") {
        let site = Site::start().await?;
        site.dress("alice001", "Jack").await?;
        let user = site.page_with("alice001", &[("show", "chat")]).await?.told["user"].clone();
        assert_eq!(
            (&user["id"], &user["nick"], &user["show"]),
            (&json!("alice001"), &json!("Jack"), &json!("chat"))
        );
    }

    async fn the_connection_is_for_this_page_alone("online -> connection") {
        let site = Site::start().await?;
        let (one, two) = (site.page("alice001").await?, site.page("alice001").await?);
        assert_ne!(one.told["connection"]["ticket"], two.told["connection"]["ticket"]);
        assert_eq!(one.told["connection"]["server"], two.told["connection"]["server"]);
    }

    async fn the_contacts_are_those_asked_for_and_those_who_wrote("online -> buddies") {
        let site = Site::start().await?;
        site.page("bobby002").await?.say("alice001", "Hello.").await?;
        let page = site.page_with("alice001", &[("buddy_ids", "bobby001")]).await?;
        let mut ids: Vec<_> =
            list(&page.told["buddies"]).iter().map(|buddy| buddy["id"].to_string()).collect();
        ids.sort();
        assert_eq!(ids, [r#""bobby001""#, r#""bobby002""#]);
        assert_eq!(of_id(&page.told["buddies"], "bobby002")?["presence"], "online");
        assert_eq!(page.told["presences"], json!({ "bobby002": "available" }));
    }

    async fn the_rooms_are_all_of_the_users("online -> rooms") {
        let site = Site::start().await?;
        let one = site.room(&["alice001", "bobby001"]).await?;
        let two = site.room(&["bobby001", "alice001"]).await?;
        site.room(&["bobby001"]).await?;
        let rooms = site.page("alice001").await?.told["rooms"].clone();
        let mut ids: Vec<_> = list(&rooms).iter().map(|room| room["id"].clone()).collect();
        ids.sort_by_key(Value::to_string);
        assert_eq!(ids, [one, two]);
    }

    async fn new_messages_are_those_that_came_meanwhile("online -> new_messages") {
        let site = Site::start().await?;
        let room = site.room(&["bobby001", "alice001"]).await?;
        let other = site.page("bobby001").await?;
        other.say("alice001", "Hello.").await?;
        other.say(&room, "Hello all.").await?;
        let page = site.page("alice001").await?;
        let new = list(&page.told["new_messages"]);
        assert_eq!(bodies(&new), ["Hello.", "Hello all."]);
        assert_eq!(
            (&new[0]["type"], &new[1]["type"], &new[1]["to"]),
            (&json!("chat"), &json!("grpchat"), &json!(room))
        );
    }

    async fn an_error_says_what_is_wrong("online -> error_msg") {
        let site = Site::start().await?;
        let refused = json!({ "success": false, "error_msg": "Not Authorized" });
        for (user, password) in
            [("alice001", "wrong-one"), ("nobody", "pass1234"), ("", ""), ("_1", "pass1234")]
        {
            let answer = site.try_online(user, password).await?;
            assert_eq!((answer.status, answer.json()?), (200, refused.clone()), "{user}");
        }
    }
}
