//! Logged messages.

use crate::{
    page::{Page, bodies, now},
    site::Site,
};
use anyhow::{Context, Result};
use serde_json::Value;

/// What susan has in her log after jack said something.
async fn logged(site: &Site) -> Result<(Page, Value)> {
    site.dress("alice001", "Jack").await?;
    let jack = site.page("alice001").await?;
    let message = [
        ("type", "chat"),
        ("offline", "false"),
        ("to", "bobby001"),
        ("body", "Hello."),
        ("style", "color:#bbb;"),
    ];
    jack.done("message", &message).await?;
    let susan = site.page("bobby001").await?;
    let item = susan.history("alice001").await?.pop().context("nothing is logged")?;
    Ok((susan, item))
}

rows! {
    async fn a_message_to_one_is_of_type_chat("logItem.type: chat") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?.1["type"], "chat");
    }

    async fn a_message_in_a_room_is_of_type_grpchat("logItem.type: grpchat") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let page = site.page("alice001").await?;
        page.say(&room, "Hello all.").await?;
        let items = page.history(&room).await?;
        assert_eq!((items.len(), &items[0]["type"], &items[0]["to"]), (1, &"grpchat".into(), &room.into()));
    }

    async fn a_message_to_everybody_is_of_type_broadcast("logItem.type: broadcast") {
        let site = Site::start().await?;
        site.let_broadcast("alice001").await?;
        let (jack, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
        jack.done("message", &[("type", "broadcast"), ("body", "Tea is ready.")]).await?;
        let items = susan.messages().await?;
        assert_eq!((&items[0]["type"], &items[0]["body"]), (&"broadcast".into(), &"Tea is ready.".into()));
    }

    async fn a_message_is_to_the_id_of_who_gets_it("logItem.to") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?.1["to"], "bobby001");
    }

    async fn a_message_is_from_the_id_of_who_sent_it("logItem.from") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?.1["from"], "alice001");
    }

    async fn a_message_has_the_nick_of_who_sent_it("logItem.nick") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?.1["nick"], "Jack");
    }

    async fn a_message_has_the_style_it_was_sent_with("logItem.style") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?.1["style"], "color:#bbb");
    }

    async fn a_message_has_the_body_it_was_sent_with("logItem.body") {
        let site = Site::start().await?;
        assert_eq!(logged(&site).await?.1["body"], "Hello.");
    }

    async fn the_timestamp_of_a_message_is_the_milliseconds_of_javascript("logItem.timestamp") {
        let before = now();
        let site = Site::start().await?;
        let stamp = logged(&site).await?.1["timestamp"].as_u64().context("a number")?;
        assert!((before..=now()).contains(&stamp), "{stamp}");
    }

    async fn a_history_is_a_list_with_the_oldest_first("history") {
        let site = Site::start().await?;
        let (susan, _) = logged(&site).await?;
        susan.say("alice001", "Hello, Jack.").await?;
        assert_eq!(bodies(&susan.history("alice001").await?), ["Hello.", "Hello, Jack."]);
        assert_eq!(susan.history("bobby002").await?, [] as [Value; 0]);
    }

    async fn a_history_is_asked_for_by_id("history(id)") {
        let site = Site::start().await?;
        let (susan, item) = logged(&site).await?;
        let answer = susan.get("history", &[("type", "chat"), ("id", "alice001")]).await?;
        assert_eq!(answer, Value::Array(vec![item]));
    }

    async fn a_history_is_asked_for_by_ids_as_the_table_has_it("history(ids)") {
        let site = Site::start().await?;
        let (susan, item) = logged(&site).await?;
        let answer = susan.get("history", &[("type", "chat"), ("ids", "alice001")]).await?;
        assert_eq!(answer, Value::Array(vec![item]));
    }

    async fn a_history_is_of_a_contact_or_of_a_room("history(type)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let page = site.page("alice001").await?;
        page.say(&room, "Hello all.").await?;
        page.say("bobby001", "Hello.").await?;
        let bodies_of = async |kind: &str, id: &str| {
            page.get("history", &[("type", kind), ("id", id)]).await.map(|log| crate::page::list(&log).len())
        };
        assert_eq!((bodies_of("chat", "bobby001").await?, bodies_of("grpchat", &room).await?), (1, 1));
        assert_eq!((bodies_of("grpchat", "bobby001").await?, bodies_of("chat", &room).await?), (0, 0));
    }

    async fn a_history_that_is_cleared_is_empty_for_who_cleared_it("clear_history(id)") {
        let site = Site::start().await?;
        let (susan, _) = logged(&site).await?;
        susan.done("clear_history", &[("id", "alice001")]).await?;
        assert_eq!(susan.history("alice001").await?, [] as [Value; 0]);
        let jack = site.page("alice001").await?;
        assert_eq!(bodies(&jack.history("bobby001").await?), ["Hello."], "it is not the other's");
        jack.say("bobby001", "Still there?").await?;
        assert_eq!(bodies(&susan.history("alice001").await?), ["Still there?"]);
    }
}
