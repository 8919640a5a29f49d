//! What pages keep.

use crate::{page::Page, site::Site};
use anyhow::Result;
use serde_json::{Value, json};

/// What is kept, as pages of 2010 are told.
async fn kept(page: &Page) -> Result<Value> {
    let parameters = [("presence_buddies", ""), ("csrf_token", "")];
    let answer = page.ask_by_cookie("online", &parameters).on_this_site().post().await?;
    Ok(answer.json()?["setting"].clone())
}

/// Sets one thing and finds it again.
async fn is_kept(name: &str, values: [Value; 2]) -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    page.done("setting", &[("data", r#"{"other":1}"#)]).await?;
    for value in values {
        page.done("setting", &[("data", &json!({ name: value }).to_string())]).await?;
        assert_eq!(kept(&page).await?, json!({ name: value, "other": 1 }));
    }
    Ok(())
}

rows! {
    async fn settings_are_one_object_as_text("setting(data)") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        assert_eq!(kept(&page).await?, json!({}), "nothing at first");
        page.done("setting", &[("data", r#"{"play_sound":true,"buddy_sticky":true}"#)]).await?;
        assert_eq!(kept(&page).await?, json!({ "play_sound": true, "buddy_sticky": true }));
        for data in ["{play_sound: true}", "[]", "true", "", "{"] {
            let answer = page.post("setting", &[("data", data)]).await?;
            assert_eq!((answer.status, &answer.json()?["success"]), (400, &json!(false)), "{data}");
        }
        assert_eq!(
            kept(&page).await?,
            json!({ "play_sound": true, "buddy_sticky": true }),
            "it is as it was"
        );
        let other = site.page("bobby001").await?;
        assert_eq!(kept(&other).await?, json!({}), "it is the user's own");
    }

    async fn whether_a_sound_is_played_is_kept("setting(play_sound)") {
        is_kept("play_sound", [json!(true), json!(false)]).await?;
    }

    async fn whether_windows_stay_open_is_kept("setting(buddy_sticky)") {
        is_kept("buddy_sticky", [json!(true), json!(false)]).await?;
    }

    async fn whether_the_bar_is_small_is_kept("setting(minimize_layout)") {
        is_kept("minimize_layout", [json!(true), json!(false)]).await?;
    }

    async fn whether_windows_open_by_themselves_is_kept("setting(msg_auto_pop)") {
        is_kept("msg_auto_pop", [json!(true), json!(false)]).await?;
    }

    async fn which_rooms_are_blocked_is_kept_and_done("setting(blocked_rooms)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
        page.done("setting", &[("data", &json!({ "blocked_rooms": [room] }).to_string())]).await?;
        assert_eq!(page.room(&room).await?["blocked"], true);
        other.say(&room, "Anybody?").await?;
        page.done("setting", &[("data", r#"{"blocked_rooms":[]}"#)]).await?;
        assert_eq!(page.room(&room).await?["blocked"], false);
        other.say(&room, "Now?").await?;
        assert_eq!(page.hear(1).await?, ["Now?"]);
        page.done("leave", &[("id", &room)]).await?;
        assert_eq!(kept(&page).await?["blocked_rooms"], json!([room]), "to leave is to block");
    }
}
