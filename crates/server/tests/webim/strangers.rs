//! What is not the user's answers as what does not exist, byte for byte.

use crate::{
    page::{Page, Parameters},
    site::{Site, credentials},
};
use anyhow::Result;
use jmessage_testkit::Answer;
use serde_json::json;

/// Everything of an answer that a client sees, but the date.
fn seen(answer: &Answer) -> (u16, Vec<u8>, Vec<Option<String>>) {
    let headers = ["content-type", "content-length", "cache-control", "set-cookie", "retry-after", "vary"];
    let headers = headers.map(|name| answer.header(name).map(str::to_owned));
    (answer.status, answer.body.clone(), headers.into())
}

/// Makes a call with one id and with the other, by POST and as a script.
async fn are_alike(page: &Page, call: &str, name: &str, more: Parameters<'_>, ids: [&str; 2]) -> Result<()> {
    let [foreign, nowhere] = ids.map(|id| page.ask(call, more).with(&[(name, id)]).on_this_site());
    let answers = [foreign.clone().post().await?, nowhere.clone().post().await?];
    assert_eq!(seen(&answers[0]), seen(&answers[1]), "{call} of {ids:?}");
    assert_eq!(foreign.jsonp().await?, nowhere.jsonp().await?, "{call} of {ids:?}");
    Ok(())
}

#[tokio::test]
async fn rooms_of_others_answer_as_rooms_that_do_not_exist() -> Result<()> {
    let site = Site::start().await?;
    let foreign = site.room(&["bobby001", "bobby002"]).await?;
    site.page("bobby001").await?.say(&foreign, "A secret.").await?;
    let page = site.page("alice001").await?;
    let ids = [foreign.as_str(), "_9"];
    let said = [("type", "grpchat"), ("body", "Let me in.")];
    let calls: [(&str, &str, Parameters<'_>); 16] = [
        ("members", "id", &[]),
        ("join", "id", &[]),
        ("leave", "id", &[]),
        ("history", "id", &[("type", "grpchat")]),
        ("history", "ids", &[("type", "grpchat")]),
        ("clear_history", "id", &[("type", "grpchat")]),
        ("message", "to", &said),
        ("rooms", "ids", &[]),
        ("buddies", "ids", &[]),
        ("status", "to", &[("show", "typing")]),
        ("message", "to", &[("type", "chat"), ("body", "Let me in.")]),
        ("members", "id", &[("type", "grpchat")]),
        ("block", "id", &[]),
        ("unblock", "id", &[]),
        ("invite", "id", &[("nick", "Mine"), ("members", "bobby003")]),
        ("download", "id", &[("type", "grpchat")]),
    ];
    for (call, name, more) in calls {
        are_alike(&page, call, name, more, ids).await?;
    }
    let kept = page.ask_by_cookie("online", &[("presence_rooms", "")]).on_this_site().post().await?.json()?;
    assert_eq!(kept["setting"], json!({}), "to leave it leaves no trace");
    Ok(())
}

#[tokio::test]
async fn rooms_of_others_answer_as_rooms_that_do_not_exist_in_2010() -> Result<()> {
    let site = Site::start().await?;
    // As long as the id of no room, which is repeated.
    let (foreign, nowhere) = (site.room(&["bobby001", "bobby002"]).await?, "_9");
    site.page("bobby001").await?.say(&foreign, "A secret.").await?;
    let page = site.old_page("alice001", &[]).await?;
    for (call, name) in [("members", "ids"), ("histories", "ids"), ("rooms", "ids"), ("join", "id")] {
        let [mut one, other] = [
            page.ask(call, &[(name, &foreign)]).post().await?,
            page.ask(call, &[(name, nowhere)]).post().await?,
        ];
        one.body = String::from_utf8(one.body)?.replace(&foreign, nowhere).into_bytes();
        assert_eq!(seen(&one), seen(&other), "{call}");
    }
    Ok(())
}

#[tokio::test]
async fn users_of_another_app_answer_as_users_that_do_not_exist() -> Result<()> {
    let site = Site::start().await?;
    site.server.add_app("5f7aef34fb361292c566a1cd", "154d6103823a726fc12d0466", &["stranger"]).await?;
    let page = site.page("alice001").await?;
    let ids = ["stranger", "nobody01"];
    let calls: [(&str, &str, Parameters<'_>); 9] = [
        ("history", "id", &[("type", "chat")]),
        ("history", "ids", &[]),
        ("clear_history", "id", &[("type", "chat")]),
        ("message", "to", &[("type", "chat"), ("body", "Hello.")]),
        ("buddies", "ids", &[]),
        ("status", "to", &[("show", "typing")]),
        ("search", "nick", &[]),
        ("remove_buddy", "id", &[]),
        ("download", "id", &[("type", "chat")]),
    ];
    for (call, name, more) in calls {
        are_alike(&page, call, name, more, ids).await?;
    }
    let logins =
        [site.try_online("stranger", "pass1234").await?, site.try_online("nobody01", "pass1234").await?];
    assert_eq!(seen(&logins[0]), seen(&logins[1]));
    assert_eq!(
        seen(&logins[0]),
        seen(&site.try_online("alice001", "pass12345").await?),
        "a wrong password as well"
    );
    Ok(())
}

#[tokio::test]
async fn what_two_others_said_is_nobody_elses_history() -> Result<()> {
    let site = Site::start().await?;
    site.page("bobby001").await?.say("bobby002", "A secret.").await?;
    let page = site.page("alice001").await?;
    let ids = ["bobby002", "bobby003"];
    are_alike(&page, "history", "id", &[("type", "chat")], ids).await?;
    are_alike(&page, "download", "id", &[("type", "chat")], ids).await?;
    are_alike(&page, "clear_history", "id", &[("type", "chat")], ids).await
}

#[tokio::test]
async fn nothing_that_is_told_to_everybody_leaves_its_app() -> Result<()> {
    const KEY: &str = "5f7aef34fb361292c566a1cd";
    let site = Site::start_with(|options| {
        let mut other = options.mounts[0].clone();
        other.prefix = "/other".to_owned();
        other.app = jmessage_model::AppKey::new(KEY).unwrap();
        options.mounts.push(other);
    })
    .await?;
    site.server.add_app(KEY, "154d6103823a726fc12d0466", &["alice001", "bobby001"]).await?;
    site.let_broadcast("alice001").await?;
    let elsewhere = async |user| {
        let parameters = [&credentials(user)[..], &[("buddy_ids", "alice001"), ("show", "away")]].concat();
        Page::begin(site.url(), "/other", &parameters).await
    };
    let (namesake, other) = (elsewhere("bobby001").await?, elsewhere("alice001").await?);
    assert_eq!(namesake.presence("online", "alice001").await?["show"], "away");
    let (page, susan) = (site.page("alice001").await?, site.page("bobby001").await?);
    page.done("message", &[("type", "broadcast"), ("body", "Tea is ready.")]).await?;
    page.done("presence", &[("show", "dnd"), ("status", "A secret.")]).await?;
    page.done("status", &[("to", "bobby001"), ("show", "typing")]).await?;
    page.say("bobby001", "webim-event:invite|,|_1|,|A secret.").await?;
    page.say("bobby001", "A secret.").await?;
    while !susan.messages().await?.iter().any(|message| message["body"] == "A secret.") {}
    other.say("bobby001", "Hello.").await?;
    let mut heard = namesake.poll().await?;
    while heard["messages"] == json!([]) {
        assert_eq!((&heard["presences"], &heard["statuses"]), (&json!([]), &json!([])));
        heard = namesake.poll().await?;
    }
    assert_eq!(heard["messages"][0]["body"], "Hello.");
    assert_eq!(heard["messages"].as_array().map(Vec::len), Some(1));
    Ok(())
}
