//! Pages come and go: several of one user, at once, one after the other, and more than there is room for.

use crate::{
    page::{A_WHILE, Page, bodies, list},
    site::{Site, credentials},
};
use anyhow::Result;
use futures_util::future::try_join_all;
use jmessage_testkit::{PATIENCE, fresh_key};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

#[tokio::test]
async fn a_user_is_online_until_its_last_page_is_gone() -> Result<()> {
    let site = Site::start().await?;
    let other = site.page("bobby001").await?;
    let one = site.page("alice001").await?;
    let two = one.again().await?;
    one.done("offline", &[]).await?;
    assert_eq!(other.buddy("alice001").await?["presence"], "online");
    two.done("offline", &[]).await?;
    assert_eq!(other.buddy("alice001").await?["presence"], "offline");
    Ok(())
}

#[tokio::test]
async fn a_page_that_dies_while_its_poll_waits_is_gone_after_the_grace() -> Result<()> {
    let site = Site::start_with(|options| options.grace = A_WHILE).await?;
    let other = site.page_with("bobby001", &[("buddy_ids", "alice001")]).await?;
    let page = site.page("alice001").await?;
    other.presence("online", "alice001").await?;
    assert!(timeout(A_WHILE, page.poll()).await.is_err(), "it waits, and then its connection is closed");
    // Much sooner than a page that is silent, which has a minute.
    other.presence("offline", "alice001").await?;
    assert!(page.is_gone().await?);
    Ok(())
}

#[tokio::test]
async fn a_page_that_polls_again_after_a_cut_is_not_gone() -> Result<()> {
    let site = Site::start_with(|options| options.grace = 2 * A_WHILE).await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    // Together longer than the grace.
    for _ in 0..4 {
        assert!(timeout(A_WHILE, page.poll()).await.is_err());
    }
    other.say("alice001", "Hello.").await?;
    assert_eq!(page.hear(1).await?, ["Hello."]);
    Ok(())
}

#[tokio::test]
async fn a_page_may_go_offline_and_come_back_as_often_as_it_likes() -> Result<()> {
    let site = Site::start().await?;
    let mut bobby = site.native("bobby001").await?;
    let mut page = site.page("alice001").await?;
    for round in 0..20 {
        page.done("offline", &[]).await?;
        page = page.again().await?;
        let text = round.to_string();
        bobby.say("alice001", &text).await?;
        assert_eq!(page.hear(1).await?, [text]);
    }
    Ok(())
}

#[tokio::test]
async fn pages_that_begin_at_the_same_moment_all_hear() -> Result<()> {
    let site = Site::start().await?;
    let mut bobby = site.native("bobby001").await?;
    let pages = try_join_all((0..10).map(|_| site.page("alice001"))).await?;
    bobby.say("alice001", "Hello.").await?;
    let heard = try_join_all(pages.iter().map(|page| page.hear(1))).await?;
    assert!(heard.iter().all(|heard| heard == &["Hello."]), "{heard:?}");
    Ok(())
}

#[tokio::test]
async fn more_pages_than_there_is_room_for_are_asked_to_come_later() -> Result<()> {
    let site = Site::start_with(|options| options.pages = 2).await?;
    let (one, _two) = (site.page("alice001").await?, site.page("bobby001").await?);
    let refused = site.ask("online").with(&credentials("bobby002")).post().await?;
    assert_eq!((refused.status, &refused.json()?["success"]), (503, &json!(false)));
    assert!(refused.header("retry-after").is_some());
    one.done("offline", &[]).await?;
    site.page("bobby002").await?;
    Ok(())
}

#[tokio::test]
async fn a_long_absence_is_told_in_order_partly_at_once_and_the_rest_by_polls() -> Result<()> {
    const COUNT: usize = 700;
    let site = Site::start().await?;
    let mut bobby = site.native("bobby001").await?;
    let texts: Vec<_> = (0..COUNT).map(|number| number.to_string()).collect();
    let mut last = 0;
    for text in &texts {
        last = bobby.mumble(&fresh_key(), "alice001", text).await?;
    }
    while bobby.frame().await?.id() != Some(last) {}
    let page = site.page("alice001").await?;
    let mut heard = bodies(&list(&page.told["new_messages"]));
    assert!(!heard.is_empty() && heard.len() < COUNT, "{}", heard.len());
    while heard.len() < COUNT {
        heard.extend(page.hear(1).await?);
    }
    assert_eq!(heard, texts);
    Ok(())
}

#[tokio::test]
async fn a_blocked_room_is_silent_after_an_absence_as_well() -> Result<()> {
    let site = Site::start().await?;
    let room = site.room(&["alice001", "bobby001"]).await?;
    let (page, other) = (site.page("alice001").await?, site.page("bobby001").await?);
    page.done("leave", &[("id", &room)]).await?;
    page.done("offline", &[]).await?;
    other.say(&room, "Anybody?").await?;
    other.say("alice001", "Alice?").await?;
    let page: Page = site.page("alice001").await?;
    assert_eq!(bodies(&list(&page.told["new_messages"])), ["Alice?"]);
    other.say("alice001", "Still there?").await?;
    assert_eq!(page.hear(1).await?, ["Still there?"]);
    assert_eq!(bodies(&list(&page.reload().await?.told["new_messages"])), ["Still there?"]);
    Ok(())
}

#[tokio::test]
async fn who_gives_a_name_must_give_its_password_whatever_the_cookie_says() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    for user in ["bobby001", "alice001"] {
        let asking = page.ask_by_cookie("online", &[("username", user), ("password", "")]).on_this_site();
        assert_eq!(asking.post().await?.json()?["success"], false, "{user}");
    }
    let page = Page::begin(site.url(), crate::site::MOUNT, &credentials("bobby001")).await?;
    assert_eq!(page.told["user"]["id"], "bobby001");
    Ok(())
}

#[tokio::test]
async fn a_page_that_does_not_poll_is_given_up_and_loses_nothing() -> Result<()> {
    const COUNT: usize = 2500;
    let site = Site::start().await?;
    let mut bobby = site.native("bobby001").await?;
    let page = site.page("alice001").await?;
    let texts: Vec<_> = (0..COUNT).map(|number| number.to_string()).collect();
    for texts in texts.chunks(200) {
        let mut last = 0;
        for text in texts {
            last = bobby.mumble(&fresh_key(), "alice001", text).await?;
        }
        while bobby.frame().await?.id() != Some(last) {}
    }
    let given_up = async {
        while page.ask("rooms", &[]).get().await?.status != 401 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        anyhow::Ok(())
    };
    timeout(PATIENCE, given_up).await??;
    let page = page.again().await?;
    let mut heard = bodies(&list(&page.told["new_messages"]));
    while heard.len() < COUNT {
        heard.extend(page.hear(1).await?);
    }
    assert_eq!(heard, texts);
    Ok(())
}
