//! Users of WebIM and of JMessage, in one conversation.

use crate::{
    page::{bodies, list},
    site::Site,
};
use anyhow::Result;
use jmessage_testkit::{PATIENCE, samples};
use serde_json::{Value, json};
use tokio::time::timeout;

#[tokio::test]
async fn pages_of_both_kinds_chat() -> Result<()> {
    let site = Site::start().await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    page.say("bobby001", "你好").await?;
    let heard = bobby.hear().await?;
    assert_eq!((heard.from.as_str(), heard.text.as_str()), ("alice001", "你好"));
    let sent = bobby.say("alice001", "Hello, Alice.").await?;
    let heard = page.messages().await?;
    assert_eq!(heard.len(), 1);
    assert_eq!((&heard[0]["from"], &heard[0]["body"]), (&json!("bobby001"), &json!("Hello, Alice.")));
    assert_eq!(heard[0]["timestamp"].as_u64().map(|millis| millis / 1000), Some(sent.create_time));
    Ok(())
}

#[tokio::test]
async fn a_style_is_for_webim_alone() -> Result<()> {
    let site = Site::start().await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    let susan = site.page("bobby001").await?;
    let message = [("type", "chat"), ("to", "bobby001"), ("body", "Hello."), ("style", "color:red")];
    page.done("message", &message).await?;
    let heard = bobby.hear().await?;
    assert_eq!(heard.text, "Hello.");
    let body: Value = serde_json::from_str::<Value>(&heard.json)?["msg_body"].clone();
    assert_eq!(body, json!({ "text": "Hello." }));
    assert!(!heard.json.contains("color"), "{}", heard.json);
    assert_eq!(susan.messages().await?[0]["style"], "color:red");
    Ok(())
}

#[tokio::test]
async fn pages_of_both_kinds_talk_in_a_room() -> Result<()> {
    let site = Site::start().await?;
    let gid = site.group(&["alice001", "bobby001", "bobby002"]).await?;
    let room = format!("_{gid}");
    let (page, susan) = (site.page("alice001").await?, site.page("bobby002").await?);
    let mut bobby = site.native("bobby001").await?;
    assert_eq!(bobby.hear().await?.text, "add_members");
    page.say(&room, "Hello all.").await?;
    let heard = bobby.hear().await?;
    let message: Value = serde_json::from_str(&heard.json)?;
    assert_eq!((heard.text.as_str(), &message["target_id"]), ("Hello all.", &json!(gid.to_string())));
    bobby.say_in(gid, "Hello, Alice.").await?;
    assert_eq!(page.hear(1).await?, ["Hello, Alice."]);
    assert_eq!(susan.hear(2).await?, ["Hello all.", "Hello, Alice."]);
    assert_eq!(bodies(&susan.history(&room).await?), ["Hello all.", "Hello, Alice."]);
    Ok(())
}

#[tokio::test]
async fn a_history_has_what_both_said_wherever_they_said_it() -> Result<()> {
    let site = Site::start().await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    for turn in 0..3 {
        page.say("bobby001", &format!("page {turn}")).await?;
        bobby.say("alice001", &format!("native {turn}")).await?;
    }
    let expected = ["page 0", "native 0", "page 1", "native 1", "page 2", "native 2"];
    assert_eq!(bodies(&page.history("bobby001").await?), expected);
    let susan = site.page("bobby001").await?;
    assert_eq!(susan.history("alice001").await?, page.history("bobby001").await?);
    Ok(())
}

#[tokio::test]
async fn a_page_is_told_when_somebody_of_jmessage_comes_and_goes() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page_with("alice001", &[("buddy_ids", "bobby001")]).await?;
    let mut bobby = site.native("bobby001").await?;
    let packet = page.presence("online", "bobby001").await?;
    assert_eq!((&packet["to"], &packet["show"]), (&json!("alice001"), &json!("available")));
    assert_eq!(page.buddy("bobby001").await?["presence"], "online");
    bobby.logout().await?;
    assert_eq!(page.presence("offline", "bobby001").await?["show"], "unavailable");
    Ok(())
}

#[tokio::test]
async fn signals_are_nothing_to_jmessage() -> Result<()> {
    let site = Site::start().await?;
    site.let_broadcast("alice001").await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    page.done("status", &[("to", "bobby001"), ("show", "typing")]).await?;
    page.done("presence", &[("show", "away"), ("status", "I'm not here right now.")]).await?;
    page.done("message", &[("type", "broadcast"), ("body", "Tea is ready.")]).await?;
    page.say("bobby001", "Hello.").await?;
    assert_eq!(bobby.hear().await?.text, "Hello.");
    assert_eq!(page.history("bobby001").await?.len(), 1, "and they are in no log");
    Ok(())
}

#[tokio::test]
async fn two_pages_type_to_each_other() -> Result<()> {
    let site = Site::start().await?;
    let (jack, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
    jack.done("status", &[("to", "bobby001"), ("show", "typing")]).await?;
    assert_eq!(susan.next("statuses").await?[0]["from"], "alice001");
    susan.done("status", &[("to", "alice001"), ("show", "typing")]).await?;
    assert_eq!(jack.next("statuses").await?[0]["from"], "bobby001");
    Ok(())
}

#[tokio::test]
async fn messages_wait_for_whoever_is_away_on_either_side() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    page.say("bobby001", "one").await?;
    page.done("offline", &[]).await?;
    let mut bobby = site.native("bobby001").await?;
    assert_eq!(bobby.hear().await?.text, "one");
    for text in ["two", "three"] {
        bobby.say("alice001", text).await?;
    }
    let page = site.page("alice001").await?;
    assert_eq!(bodies(&list(&page.told["new_messages"])), ["two", "three"]);
    Ok(())
}

#[tokio::test]
async fn a_broadcast_is_heard_by_the_pages_of_everybody_but_the_one_that_made_it() -> Result<()> {
    let site = Site::start().await?;
    site.let_broadcast("alice001").await?;
    let page = site.page("alice001").await?;
    let others = [site.page("bobby001").await?, site.page("bobby002").await?];
    page.done("message", &[("type", "broadcast"), ("body", "Tea is ready."), ("style", "color:red")]).await?;
    for other in &others {
        let heard = other.messages().await?;
        assert_eq!((&heard[0]["from"], &heard[0]["style"]), (&json!("alice001"), &json!("color:red")));
    }
    others[0].say("alice001", "Coming.").await?;
    assert_eq!(page.hear(1).await?, ["Coming."]);
    Ok(())
}

#[tokio::test]
async fn what_happens_to_a_group_of_jmessage_is_told_in_presences() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let mut bobby = site.native("bobby001").await?;
    let made = bobby.call("createGroup", json!({ "groupName": "Free space" })).await?;
    let (gid, room) = (made["gid"].clone(), format!("_{}", made["gid"]));
    let add = |user: &str| json!({ "groupId": gid, "memberUsernames": [user] });
    bobby.call("addGroupMembers", add("alice001")).await?;
    let packet = page.presence("invite", "bobby001").await?;
    assert_eq!((&packet["to"], &packet["nick"]), (&json!(room), &json!("bobby001")));
    assert_eq!(page.room(&room).await?["all_count"], 2);

    bobby.call("addGroupMembers", add("bobby002")).await?;
    assert_eq!(page.presence("join", "bobby002").await?["to"], room);
    bobby.call("removeGroupMembers", add("bobby002")).await?;
    assert_eq!(page.presence("leave", "bobby002").await?["to"], room);
    bobby.call("exitGroup", json!({ "groupId": gid })).await?;
    assert_eq!(page.presence("leave", "alice001").await?["to"], room, "its owner dissolved it");
    assert_eq!(page.get("rooms", &[]).await?, json!([]));
    Ok(())
}

#[tokio::test]
async fn who_looks_at_a_room_is_told_to_those_who_look_as_well() -> Result<()> {
    let site = Site::start().await?;
    let room = site.room(&["alice001", "bobby001"]).await?;
    let page = site.page("alice001").await?;
    let other = site.page("bobby001").await?;
    let packet = page.presence("grponline", "bobby001").await?;
    assert_eq!((&packet["to"], &packet["show"]), (&json!(room), &json!("available")));
    other.done("offline", &[]).await?;
    assert_eq!(page.presence("grpoffline", "bobby001").await?["to"], room);
    Ok(())
}

#[tokio::test]
async fn a_user_may_have_pages_of_both_kinds() -> Result<()> {
    let site = Site::start().await?;
    let mut native = site.native("alice001").await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    other.say("alice001", "Hello.").await?;
    assert_eq!(native.hear().await?.text, "Hello.");
    assert_eq!(page.hear(1).await?, ["Hello."]);
    native.say("bobby001", "Hello from here.").await?;
    assert_eq!(other.hear(1).await?, ["Hello from here."]);
    let shown = page.messages().await?;
    assert_eq!((&shown[0]["from"], &shown[0]["to"]), (&json!("alice001"), &json!("bobby001")));
    Ok(())
}

#[tokio::test]
async fn pages_of_2010_and_of_today_chat_and_each_reads_its_own_words() -> Result<()> {
    let site = Site::start().await?;
    let (old, new) = (site.old_page("alice001", &[]).await?, site.page("bobby001").await?);
    old.done("message", &[("type", "unicast"), ("to", "bobby001"), ("body", "one")]).await?;
    let heard = &new.messages().await?[0];
    assert_eq!((&heard["type"], heard["timestamp"].is_u64()), (&json!("chat"), true));
    new.say("alice001", "two").await?;
    let heard = &old.messages().await?[0];
    assert_eq!((&heard["type"], heard["timestamp"].is_string()), (&json!("unicast"), true));
    Ok(())
}

#[tokio::test]
async fn a_file_of_jmessage_is_said_in_words() -> Result<()> {
    let site = Site::start().await?;
    let (page, mut bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    let picture = bobby.upload(&samples::png(2, 2)).await?;
    bobby.show("alice001", &picture).await?;
    let heard = &page.messages().await?[0];
    assert_eq!((&heard["type"], &heard["body"]), (&json!("chat"), &json!("[图片]")));
    assert_eq!(bodies(&page.history("bobby001").await?), ["[图片]"]);
    Ok(())
}

const INVITE: &str = "webim-event:invite|,|_1|,|Free space";

#[tokio::test]
async fn an_event_of_a_page_is_told_to_those_who_are_there_and_is_no_message() -> Result<()> {
    let site = Site::start().await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    let (second, mut bobby) = (page.again().await?, site.native("bobby001").await?);
    page.say("bobby001", INVITE).await?;
    let heard = &other.messages().await?[0];
    let expected = json!({
        "type": "chat", "to": "bobby001", "from": "alice001", "nick": "alice001", "body": INVITE,
        "timestamp": heard["timestamp"],
    });
    assert_eq!((heard, heard["timestamp"].is_u64()), (&expected, true));
    other.say("alice001", "Thank you.").await?;
    assert_eq!(second.hear(1).await?, ["Thank you."], "what its user told others is not told to it");
    page.say("bobby001", "Hello.").await?;
    assert_eq!(bobby.hear().await?.text, "Thank you.", "an event is nothing to JMessage");
    assert_eq!(bobby.hear().await?.text, "Hello.");
    assert_eq!(bodies(&page.history("bobby001").await?), ["Thank you.", "Hello."], "and is in no log");
    Ok(())
}

#[tokio::test]
async fn an_event_to_a_room_is_told_to_the_members_who_are_there() -> Result<()> {
    let site = Site::start().await?;
    let room = site.room(&["alice001", "bobby001", "bobby002"]).await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    let (deaf, outsider) = (site.page("bobby002").await?, site.page("bobby003").await?);
    deaf.done("leave", &[("id", &room)]).await?;
    page.say(&room, INVITE).await?;
    let heard = &other.messages().await?[0];
    assert_eq!(
        (&heard["type"], &heard["to"], &heard["body"]),
        (&json!("grpchat"), &json!(room), &json!(INVITE))
    );
    let refused = [("type", "grpchat"), ("to", room.as_str()), ("body", INVITE)];
    assert_eq!(outsider.post("message", &refused).await?.status, 404);
    for (page, user) in [(&deaf, "bobby002"), (&outsider, "bobby003")] {
        other.say(user, "Hello.").await?;
        assert_eq!(page.hear(1).await?, ["Hello."]);
    }
    Ok(())
}

#[tokio::test]
async fn an_event_is_for_nobody_who_is_not_there() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    page.say("bobby001", INVITE).await?;
    let other = site.page("bobby001").await?;
    assert_eq!(other.told["new_messages"], json!([]));
    page.say("bobby001", INVITE).await?;
    page.say("bobby001", "Hello.").await?;
    let told = async {
        loop {
            let new = bodies(&list(&other.again().await?.told["new_messages"]));
            if !new.is_empty() {
                return anyhow::Ok(new);
            }
        }
    };
    let new = timeout(PATIENCE, told).await??;
    assert_eq!(new, ["Hello."], "the library would show an event there as a message");
    assert_eq!(other.hear(2).await?, [INVITE, "Hello."]);
    Ok(())
}

#[tokio::test]
async fn an_event_is_refused_as_a_message_would_be() -> Result<()> {
    let site = Site::start().await?;
    site.let_broadcast("alice001").await?;
    let page = site.page("alice001").await?;
    let long = format!("webim-event:{}", "x".repeat(4097));
    let cases = [
        (("chat", "nobody", INVITE), 404),
        (("grpchat", "_9", INVITE), 404),
        (("chat", "", INVITE), 400),
        (("broadcast", "", INVITE), 400),
        (("chat", "bobby001", "webim-event:"), 400),
        (("chat", "bobby001", &long), 400),
    ];
    for ((kind, to, body), status) in cases {
        let answer = page.post("message", &[("type", kind), ("to", to), ("body", body)]).await?;
        assert_eq!(answer.status, status, "{kind} {to} {}", &body[..body.len().min(40)]);
    }
    Ok(())
}
