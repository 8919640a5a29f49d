//! What pages send: messages, what they show, and that they type.

use crate::{page::bodies, site::Site};
use serde_json::{Value, json};

rows! {
    async fn a_message_that_is_sent_is_heard_and_kept("message") {
        let site = Site::start().await?;
        let (jack, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
        let message = [
            ("type", "chat"),
            ("offline", "false"),
            ("to", "bobby001"),
            ("body", "sdf"),
            ("style", "color:red"),
        ];
        jack.done("message", &message).await?;
        let heard = susan.messages().await?;
        let mut item = heard[0].clone();
        let stamp = item.as_object_mut().and_then(|item| item.remove("timestamp"));
        assert!(stamp.as_ref().is_some_and(Value::is_u64), "{stamp:?}");
        let expected = json!({
            "type": "chat", "to": "bobby001", "from": "alice001", "nick": "alice001", "body": "sdf", "style": "color:red",
        });
        assert_eq!((heard.len(), item), (1, expected));
        assert_eq!(susan.history("alice001").await?, heard, "a log has what was heard");
    }

    async fn a_chat_is_heard_by_one("message(type: chat)") {
        let site = Site::start().await?;
        let (jack, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
        let third = site.page("bobby002").await?;
        jack.done("message", &[("type", "chat"), ("to", "bobby001"), ("body", "For you.")]).await?;
        jack.say("bobby002", "And for you.").await?;
        assert_eq!(
            (susan.hear(1).await?, third.hear(1).await?),
            (vec!["For you.".into()], vec!["And for you.".into()])
        );
    }

    async fn a_grpchat_is_heard_by_all_members_of_a_room("message(type: grpchat)") {
        let site = Site::start().await?;
        let room = site.room(&["alice001", "bobby001", "bobby002"]).await?;
        let jack = site.page("alice001").await?;
        let others = [site.page("bobby001").await?, site.page("bobby002").await?];
        let outsider = site.page("bobby003").await?;
        jack.done("message", &[("type", "grpchat"), ("to", &room), ("body", "For all.")]).await?;
        jack.say("bobby003", "For you.").await?;
        for page in &others {
            let heard = page.messages().await?;
            assert_eq!(
                (&heard[0]["body"], &heard[0]["to"], &heard[0]["from"]),
                (&json!("For all."), &json!(room), &json!("alice001"))
            );
        }
        assert_eq!(outsider.hear(1).await?, ["For you."]);
    }

    async fn a_broadcast_is_heard_by_everybody_who_is_there_and_is_for_those_who_may("message(type: broadcast)") {
        let site = Site::start().await?;
        let jack = site.page("alice001").await?;
        let others = [site.page("bobby001").await?, site.page("bobby002").await?];
        let message = [("type", "broadcast"), ("to", ""), ("body", "Tea is ready.")];
        let refused = jack.post("message", &message).await?;
        assert_eq!((refused.status, &refused.json()?["error_msg"]), (403, &json!("Forbidden")));
        site.let_broadcast("alice001").await?;
        jack.done("message", &message).await?;
        for page in &others {
            let heard = page.messages().await?;
            assert_eq!(
                (&heard[0]["type"], &heard[0]["body"]),
                (&json!("broadcast"), &json!("Tea is ready."))
            );
        }
    }

    async fn a_message_to_who_is_not_there_waits_whether_it_is_said_or_not("message(offline)") {
        let site = Site::start().await?;
        let jack = site.page("alice001").await?;
        for offline in ["false", "true", "0", "1"] {
            jack.done(
                "message",
                &[("type", "chat"), ("offline", offline), ("to", "bobby001"), ("body", offline)],
            )
            .await?;
        }
        let susan = site.page("bobby001").await?;
        assert_eq!(bodies(&crate::page::list(&susan.told["new_messages"])), ["false", "true", "0", "1"]);
    }

    async fn a_message_is_for_somebody("message(to)") {
        let site = Site::start().await?;
        let jack = site.page("alice001").await?;
        let status = async |to: &str| {
            jack.post("message", &[("type", "chat"), ("to", to), ("body", "?")])
                .await
                .map(|answer| answer.status)
        };
        assert_eq!(status("bobby001").await?, 200);
        assert_eq!((status("").await?, status("nobody").await?, status("_1").await?), (400, 404, 404));
    }

    async fn a_style_is_kept_as_far_as_it_is_harmless("message(style)") {
        let site = Site::start().await?;
        let (jack, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
        for (given, kept) in [
            ("color:red", json!("color:red")),
            ("color:#bbb;", json!("color:#bbb")),
            ("position:fixed;font-size:12px", json!("font-size:12px")),
            ("background:url(//evil.example/x)", Value::Null),
            ("", Value::Null),
        ] {
            jack.done("message", &[("type", "chat"), ("to", "bobby001"), ("body", "sdf"), ("style", given)])
                .await?;
            assert_eq!(susan.messages().await?[0]["style"], kept, "{given}");
        }
    }

    async fn a_body_is_any_text_but_none("message(body)") {
        let site = Site::start().await?;
        let (jack, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
        for body in ["你好 😀", " a  b ", "<b>&amp;'\"</b>", "undefined", "line\nline", "a+b=c&d%20"] {
            jack.say("bobby001", body).await?;
            assert_eq!(susan.hear(1).await?, [body]);
        }
        let status = async |body: &str| {
            jack.post("message", &[("type", "chat"), ("to", "bobby001"), ("body", body)])
                .await
                .map(|answer| answer.status)
        };
        assert_eq!((status("").await?, status(&"x".repeat(4097)).await?), (400, 400));
    }

    async fn contacts_are_told_what_a_user_shows("presence(show)") {
        let site = Site::start().await?;
        let susan = site.page_with("bobby001", &[("buddy_ids", "alice001")]).await?;
        let jack = site.page("alice001").await?;
        assert_eq!(susan.presence("online", "alice001").await?["show"], "available");
        jack.done("presence", &[("show", "away")]).await?;
        let packet = susan.presence("show", "alice001").await?;
        assert_eq!(
            (&packet["show"], &packet["to"], &packet["nick"]),
            (&json!("away"), &json!("bobby001"), &json!("alice001"))
        );
        jack.done("presence", &[("show", "invisible")]).await?;
        assert_eq!(susan.presence("offline", "alice001").await?["show"], "unavailable");
        assert_eq!(jack.post("presence", &[("show", "nonsense")]).await?.status, 400);
    }

    async fn contacts_are_told_what_a_user_says_of_itself("presence(status)") {
        let site = Site::start().await?;
        let susan = site.page_with("bobby001", &[("buddy_ids", "alice001")]).await?;
        let jack = site.page("alice001").await?;
        jack.done("presence", &[("show", "away"), ("status", "I'm not here right now.")]).await?;
        assert_eq!(susan.presence("show", "alice001").await?["status"], "I'm not here right now.");
    }

    async fn who_types_is_told_to_one("status(to)") {
        let site = Site::start().await?;
        let (jack, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
        let third = site.page("bobby002").await?;
        jack.done("status", &[("to", "bobby001"), ("show", "typing")]).await?;
        jack.done("status", &[("to", "bobby002"), ("show", "clear")]).await?;
        let told = json!({ "from": "alice001", "nick": "alice001", "to": "bobby001", "show": "typing" });
        assert_eq!(susan.next("statuses").await?, [told]);
        assert_eq!(third.next("statuses").await?.len(), 1);
        assert_eq!(jack.post("status", &[("show", "typing")]).await?.status, 400);
    }

    async fn what_is_told_is_that_a_user_types_or_stops("status(show)") {
        let site = Site::start().await?;
        let (jack, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
        for show in ["typing", "clear"] {
            jack.done("status", &[("to", "bobby001"), ("show", show)]).await?;
            assert_eq!(susan.next("statuses").await?[0]["show"], show);
        }
        assert_eq!(jack.post("status", &[("to", "bobby001"), ("show", "nonsense")]).await?.status, 400);
    }
}
