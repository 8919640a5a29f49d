//! How calls answer.

use crate::{
    page::{Parameters, list},
    site::Site,
};
use serde_json::json;
use std::time::Duration;

rows! {
    async fn an_answer_is_json("json") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        let answer = page.ask("rooms", &[]).get().await?;
        assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.json()?, json!([]));
    }

    async fn what_is_done_answers_ok_as_the_client_reads_it("ok") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        let done = async |accept: &str| {
            let asking = page.ask("presence", &[("show", "away")]).header("Accept", accept);
            asking.post().await.map(|answer| answer.body)
        };
        assert_eq!(done("application/json, text/javascript, */*").await?, br#""ok""#);
        assert_eq!(done("text/plain").await?, b"ok");
    }

    async fn with_a_callback_every_call_answers_a_script_that_calls_it("callback") {
        let site = Site::start_with(|options| options.hold = Duration::from_millis(100)).await?;
        let page = site.page("alice001").await?;
        let room = site.room(&["alice001", "bobby001"]).await?;
        let calls: [(&str, Parameters<'_>); 15] = [
            ("buddies", &[("ids", "bobby001")]),
            ("rooms", &[]),
            ("join", &[("id", &room)]),
            ("leave", &[("id", &room)]),
            ("members", &[("id", &room)]),
            ("message", &[("type", "chat"), ("to", "bobby001"), ("body", "Hello.")]),
            ("history", &[("id", "bobby001"), ("type", "chat")]),
            ("clear_history", &[("id", "bobby001")]),
            ("presence", &[("show", "away")]),
            ("status", &[("to", "bobby001"), ("show", "typing")]),
            ("setting", &[("data", r#"{"play_sound":true}"#)]),
            ("notification", &[]),
            ("menu", &[]),
            ("packets", &[]),
            ("refresh", &[]),
        ];
        for (call, parameters) in calls {
            let (status, value) = page.ask(call, parameters).on_this_site().jsonp().await?;
            assert!(status == 200 && value["success"] != false, "{call}: {status} {value}");
        }
        let (_, told) = page.ask_by_cookie("online", &[]).on_this_site().jsonp().await?;
        assert_eq!(told["success"], true);
        let again = list(&told["rooms"]);
        assert_eq!(again.len(), 1);
    }

    async fn with_a_callback_a_failure_has_the_status_of_success("callback: no status") {
        let site = Site::start().await?;
        let page = site.page("alice001").await?;
        let asking = page.ask("join", &[("id", "_999")]).on_this_site();
        assert_eq!(asking.clone().post().await?.status, 404);
        let (status, value) = asking.jsonp().await?;
        assert_eq!(
            (status, &value["success"], &value["error_msg"]),
            (200, &json!(false), &json!("Not Found"))
        );
    }
}
