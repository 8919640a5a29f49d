//! Calls that the library learned after seed 000: rooms with invited members, blocking, searching, and a history to keep.

use crate::{
    page::{Page, bodies, list, of_id, only},
    site::Site,
};
use anyhow::{Context, Result};
use serde_json::{Value, json};

/// What a page calls a room that it is about to make.
const OWN: &str = "d94781a658a1a939";

async fn invite(page: &Page, id: &str, nick: &str, members: &str) -> Result<Value> {
    page.make("invite", &[("id", id), ("nick", nick), ("members", members)]).await
}

fn id(room: &Value) -> Result<String> {
    Ok(room["id"].as_str().context("a room has an id")?.to_owned())
}

fn ids(people: &Value) -> Vec<Value> {
    list(people).iter().map(|one| one["id"].clone()).collect()
}

#[tokio::test]
async fn an_invitation_makes_a_room_with_its_members() -> Result<()> {
    let site = Site::start().await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    let room = invite(&page, OWN, "TestRoom", "bobby001,bobby002,nobody,alice001,bobby001").await?;
    let id = id(&room)?;
    assert!(id.starts_with('_'), "the id is ours: {id}");
    let expected = json!({
        "id": id, "nick": "TestRoom", "all_count": 3, "count": 2, "blocked": false,
        "members": [
            { "id": "alice001", "nick": "alice001", "presence": "online" },
            { "id": "bobby001", "nick": "bobby001", "presence": "online" },
            { "id": "bobby002", "nick": "bobby002", "presence": "offline" },
        ],
    });
    assert_eq!(room, expected);

    // The library of the other page joins by the event.
    let event = &other.messages().await?[0];
    let body = format!("webim-event:invite|,|{id}|,|TestRoom");
    assert_eq!(
        (&event["type"], &event["from"], &event["body"]),
        (&json!("chat"), &json!("alice001"), &json!(body))
    );
    let joined = other.make("join", &[("id", &id), ("nick", "TestRoom")]).await?;
    assert_eq!((&joined["id"], &joined["all_count"]), (&json!(id), &json!(3)));
    page.say(&id, "Welcome.").await?;
    assert_eq!(other.hear(1).await?, ["Welcome."]);
    other.say(&id, "Thank you.").await?;
    assert_eq!(page.hear(1).await?, ["Thank you."]);
    let away = site.page("bobby002").await?;
    assert_eq!(only(&away.told["rooms"])?["id"], id, "who was away finds it");
    assert_eq!(bodies(&list(&away.told["new_messages"])), ["Welcome.", "Thank you."]);
    Ok(())
}

#[tokio::test]
async fn an_invitation_to_a_room_that_is_there_takes_more_members_in() -> Result<()> {
    let site = Site::start().await?;
    let id = site.room(&["bobby001", "alice001"]).await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    let third = site.page("bobby002").await?;
    let room = invite(&page, &id, "Ignored", "bobby001,bobby002").await?;
    assert_eq!(
        (&room["id"], &room["nick"], &room["all_count"]),
        (&json!(id), &json!("Free space"), &json!(3))
    );
    assert_eq!(third.hear(1).await?, [format!("webim-event:invite|,|{id}|,|Free space")]);
    page.say("bobby001", "Hello.").await?;
    assert_eq!(other.hear(1).await?, ["Hello."], "who is in it already is not invited");
    Ok(())
}

#[tokio::test]
async fn an_invitation_without_a_name_or_members_makes_nothing() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let long = "x".repeat(65);
    for (nick, members) in
        [("", "bobby001"), ("Room", ""), ("Room", ","), (long.as_str(), "bobby001"), ("a\nb", "bobby001")]
    {
        let answer = page.post("invite", &[("id", OWN), ("nick", nick), ("members", members)]).await?;
        assert_eq!((answer.status, &answer.json()?["success"]), (400, &json!(false)), "{nick} {members}");
    }
    assert_eq!(
        page.ask_by_cookie("invite", &[("nick", "Room"), ("members", "bobby001")]).post().await?.status,
        400
    );
    assert_eq!(page.get("rooms", &[]).await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn a_room_that_is_too_small_for_those_who_are_invited_is_not_made() -> Result<()> {
    let site = Site::start_configured(|config| {
        config.limits.group = 2;
        config.limits.owned = 1;
    })
    .await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    let refused = async |id: &str, members: &str| {
        let given = [("id", id), ("nick", "TestRoom"), ("members", members)];
        let answer = page.post("invite", &given).await?;
        anyhow::Ok((answer.status, answer.json()?["error_msg"].clone()))
    };
    assert_eq!(refused(OWN, "bobby001,bobby002").await?, (400, json!("the room is full")));
    for page in [&page, &other] {
        assert_eq!(page.get("rooms", &[]).await?, json!([]), "nothing is left of it");
    }
    let room = id(&invite(&page, OWN, "TestRoom", "bobby001").await?)?;
    assert_eq!(refused(&room, "bobby002").await?, (400, json!("the room is full")));
    assert_eq!(refused(OWN, "bobby001").await?, (400, json!("too many groups")));
    assert_eq!(page.room(&room).await?["all_count"], 2);
    Ok(())
}

#[tokio::test]
async fn users_of_another_app_cannot_be_invited() -> Result<()> {
    let site = Site::start().await?;
    site.server.add_app("5f7aef34fb361292c566a1cd", "154d6103823a726fc12d0466", &["stranger"]).await?;
    let page = site.page("alice001").await?;
    let room = invite(&page, OWN, "TestRoom", "stranger,nobody").await?;
    assert_eq!(ids(&room["members"]), ["alice001"]);
    Ok(())
}

#[tokio::test]
async fn a_page_of_2010_is_answered_in_its_words() -> Result<()> {
    let site = Site::start().await?;
    let page = site.old_page("alice001", &[]).await?;
    let room = invite(&page, OWN, "TestRoom", "bobby001").await?;
    assert_eq!((&room["name"], &room["members"][1]["name"]), (&json!("TestRoom"), &json!("bobby001")));
    let found = page.make("search", &[("nick", "bobby001")]).await?;
    assert_eq!(only(&found)?["name"], "bobby001");
    Ok(())
}

#[tokio::test]
async fn a_room_is_blocked_and_unblocked() -> Result<()> {
    let site = Site::start().await?;
    let room = site.room(&["alice001", "bobby001"]).await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    page.done("block", &[("id", &room)]).await?;
    assert_eq!(page.room(&room).await?["blocked"], true);
    other.say(&room, "Anybody?").await?;
    page.done("unblock", &[("id", &room)]).await?;
    assert_eq!(page.room(&room).await?["blocked"], false);
    other.say(&room, "Alice?").await?;
    assert_eq!(page.hear(1).await?, ["Alice?"]);
    for call in ["block", "unblock"] {
        let status = async |id: &str| page.post(call, &[("id", id)]).await.map(|answer| answer.status);
        assert_eq!((status("").await?, status("_9").await?, status("bobby001").await?), (400, 404, 404));
    }
    Ok(())
}

#[tokio::test]
async fn who_removes_a_buddy_hears_no_more_of_it() -> Result<()> {
    let site = Site::start().await?;
    site.befriend("alice001", "bobby001", "friend").await?;
    site.befriend("alice001", "bobby002", "friend").await?;
    site.befriend("bobby001", "alice001", "friend").await?;
    let page = site.page("alice001").await?;
    assert_eq!(ids(&page.told["buddies"]), ["bobby001", "bobby002"]);
    // The library brings no ticket along.
    let remove = page.ask_by_cookie("remove_buddy", &[("id", "bobby001"), ("csrf_token", "")]);
    for _ in 0..2 {
        assert_eq!(remove.clone().on_this_site().post().await?.json()?, "ok");
    }
    assert_eq!(ids(&page.get("buddies", &[]).await?), ["bobby002"]);
    let removed = site.page("bobby001").await?;
    assert_eq!(ids(&removed.told["buddies"]), ["alice001"], "its own list stays");
    site.page("bobby002").await?;
    let told = page.next("presences").await?;
    assert_eq!((told.len(), &told[0]["from"]), (1, &json!("bobby002")), "{told:?}");
    for nobody in ["nobody", "_1", "a b"] {
        page.done("remove_buddy", &[("id", nobody)]).await?;
    }
    assert_eq!(page.post("remove_buddy", &[]).await?.status, 400);
    Ok(())
}

#[tokio::test]
async fn a_search_finds_users_by_id_and_by_nickname() -> Result<()> {
    let site = Site::start_dressed().await?;
    site.server.add_app("5f7aef34fb361292c566a1cd", "154d6103823a726fc12d0466", &["susanna1"]).await?;
    site.dress("bobby001", "Susan").await?;
    site.befriend("alice001", "bobby002", "friend").await?;
    let page = site.page("alice001").await?;
    let other = site.page("bobby001").await?;
    // The library brings no ticket along.
    let search = async |nick: &str| {
        page.ask_by_cookie("search", &[("nick", nick), ("csrf_token", "")])
            .on_this_site()
            .post()
            .await?
            .json()
    };
    let found = search("susan").await?;
    assert_eq!(only(&found)?, page.buddy("bobby001").await?, "told as by buddies, and nobody of another App");
    assert_eq!(only(&found)?["presence"], "online");
    other.done("presence", &[("show", "invisible")]).await?;
    assert_eq!(only(&search("bobby001").await?)?["presence"], "offline", "who hides is not found out");
    assert_eq!(of_id(&search("BOBBY").await?, "bobby002")?["group"], "friend");
    for nick in ["alice001", "%", "nobody", "susan%"] {
        assert_eq!(search(nick).await?, json!([]), "{nick}");
    }
    let long = "x".repeat(65);
    for nick in ["", " ", "undefined", &long] {
        assert_eq!(page.post("search", &[("nick", nick)]).await?.status, 400, "{nick}");
    }
    Ok(())
}

#[tokio::test]
async fn who_is_found_is_not_watched() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    page.make("search", &[("nick", "bobby001")]).await?;
    page.get("buddies", &[("ids", "bobby002")]).await?;
    let _others = (site.page("bobby001").await?, site.page("bobby002").await?);
    let told = page.next("presences").await?;
    assert_eq!((told.len(), &told[0]["from"]), (1, &json!("bobby002")), "{told:?}");
    Ok(())
}

#[tokio::test]
async fn a_history_is_downloaded_as_a_document_that_does_nothing() -> Result<()> {
    let site = Site::start().await?;
    site.dress("bobby001", "<i>Susan</i>").await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    let styled = [("type", "chat"), ("to", "bobby001"), ("body", "Hello.\nJack."), ("style", "color:red")];
    page.done("message", &styled).await?;
    other.say("alice001", "<script>alert(\"1\" & '2')</script>").await?;
    // An <iframe> loads it, with the cookie.
    let by_frame = [("id", "bobby001"), ("type", "chat"), ("time", "1394540113156"), ("date", "2014-3-11")];
    let asking =
        page.ask_by_cookie("download", &by_frame).on_this_site().header("Sec-Fetch-Mode", "navigate");
    let answer = asking.get().await?;
    assert_eq!(answer.status, 200);
    for (header, value) in [
        ("content-type", "text/html; charset=utf-8"),
        ("content-disposition", "attachment; filename=\"histories-2014-3-11.html\""),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("x-content-type-options", "nosniff"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(answer.header(header), Some(value));
    }
    let html = String::from_utf8(answer.body)?;
    let rows: Vec<_> = html.split("<tr>").skip(2).collect();
    assert_eq!(rows.len(), 2, "{html}");
    assert!(rows[0].contains("<td>alice001</td>") && rows[0].contains(">Hello.\nJack.</td>"), "{html}");
    assert!(rows[1].contains("<td>&lt;i&gt;Susan&lt;/i&gt;</td>"), "{html}");
    assert!(
        rows[1].contains(">&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;</td>"),
        "{html}"
    );
    Ok(())
}

#[tokio::test]
async fn a_room_is_downloaded_and_a_name_of_a_file_is_not_the_pages() -> Result<()> {
    let site = Site::start().await?;
    let room = site.room(&["alice001", "bobby001"]).await?;
    let page = site.page("alice001").await?;
    for number in 0..60 {
        page.say(&room, &format!("<{number}>")).await?;
    }
    let answer =
        page.ask("download", &[("id", &room), ("type", "grpchat"), ("date", "\"; x=../y")]).get().await?;
    let name = answer.header("content-disposition").context("a name")?;
    let date =
        name.strip_prefix("attachment; filename=\"histories-").and_then(|rest| rest.strip_suffix(".html\""));
    assert!(date.is_some_and(|date| date.len() == 10 && !date.contains('x')), "{name}");
    let html = String::from_utf8(answer.body)?;
    assert!(
        (0..60).all(|number| html.contains(&format!("&lt;{number}&gt;"))),
        "more than a page shows: {html}"
    );
    assert_eq!(page.ask("download", &[("type", "chat")]).get().await?.status, 400);
    let (_, refused) = page.ask("download", &[("id", &room)]).on_this_site().jsonp().await?;
    assert_eq!(refused, json!({ "success": false, "error_msg": "a file is no script" }));
    assert_eq!(page.ask("download_history", &[("id", &room)]).get().await?.status, 200, "as servers call it");
    Ok(())
}

#[tokio::test]
async fn files_are_not_uploaded_here() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    assert_eq!(page.post("upload", &[]).await?.status, 404);
    Ok(())
}
