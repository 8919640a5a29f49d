//! Nothing is lost: what a page was handed counts as received once its next poll says so.

use crate::{
    page::{A_WHILE, Page, bodies, list},
    site::Site,
};
use anyhow::Result;
use jmessage_testkit::{Client, Dice};
use serde_json::json;
use std::{pin::pin, time::Duration};
use tokio::time::{Instant, timeout};

/// What a page is told at its beginning.
fn new_messages(page: &Page) -> Vec<String> {
    bodies(&list(&page.told["new_messages"]))
}

async fn meeting() -> Result<(Site, Page, Client)> {
    let site = Site::start().await?;
    let (page, bobby) = (site.page("alice001").await?, site.native("bobby001").await?);
    Ok((site, page, bobby))
}

#[tokio::test]
async fn a_poll_waits_and_answers_at_once_when_something_comes() -> Result<()> {
    let (_site, page, mut bobby) = meeting().await?;
    let mut poll = pin!(page.poll());
    assert!(timeout(A_WHILE, &mut poll).await.is_err(), "there is nothing to answer");
    bobby.say("alice001", "Hello.").await?;
    let packets = timeout(Duration::from_secs(10), poll).await??;
    assert_eq!(bodies(&list(&packets["messages"])), ["Hello."]);
    Ok(())
}

#[tokio::test]
async fn a_poll_answers_at_once_when_something_waits() -> Result<()> {
    let (_site, page, mut bobby) = meeting().await?;
    bobby.say("alice001", "Hello.").await?;
    let packets = timeout(Duration::from_secs(10), page.poll()).await??;
    assert_eq!(bodies(&list(&packets["messages"])), ["Hello."]);
    Ok(())
}

#[tokio::test]
async fn a_poll_to_which_nothing_comes_answers_with_nothing_after_a_while() -> Result<()> {
    let hold = Duration::from_millis(200);
    let site = Site::start_with(|options| options.hold = hold).await?;
    let page = site.page("alice001").await?;
    let begun = Instant::now();
    let nothing = json!({ "status": "ok", "messages": [], "presences": [], "statuses": [] });
    assert_eq!(page.poll().await?, nothing);
    assert!(begun.elapsed() >= hold);
    Ok(())
}

#[tokio::test]
async fn a_second_poll_of_a_page_ends_the_first() -> Result<()> {
    let (_site, page, mut bobby) = meeting().await?;
    let (mut one, mut two) = (pin!(page.poll()), pin!(page.poll()));
    let (ended, waits) = tokio::select! {
        ended = &mut one => (ended?, two),
        ended = &mut two => (ended?, one),
    };
    assert_eq!(ended["messages"], json!([]));
    bobby.say("alice001", "Hello.").await?;
    assert_eq!(bodies(&list(&waits.await?["messages"])), ["Hello."]);
    Ok(())
}

#[tokio::test]
async fn polls_are_answered_when_the_server_stops() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let mut poll = pin!(page.poll());
    assert!(timeout(A_WHILE, &mut poll).await.is_err());
    let (packets, ()) = tokio::join!(poll, site.server.stop());
    assert_eq!(packets?["messages"], json!([]));
    Ok(())
}

#[tokio::test]
async fn what_the_next_poll_confirms_does_not_come_again() -> Result<()> {
    let (_site, page, mut bobby) = meeting().await?;
    bobby.say("alice001", "one").await?;
    assert_eq!(page.hear(1).await?, ["one"]);
    bobby.say("alice001", "two").await?;
    assert_eq!(page.hear(1).await?, ["two"]);
    let page = page.reload().await?;
    assert_eq!(new_messages(&page), ["two"]);
    Ok(())
}

#[tokio::test]
async fn what_was_handed_and_not_confirmed_comes_again_in_a_new_page() -> Result<()> {
    let (_site, page, mut bobby) = meeting().await?;
    bobby.say("alice001", "one").await?;
    assert_eq!(page.hear(1).await?, ["one"]);
    let reloaded = page.reload().await?;
    assert_eq!(new_messages(&reloaded), ["one"]);
    let again = reloaded.again().await?;
    assert_eq!(new_messages(&again), ["one"], "what online told is not confirmed either");
    Ok(())
}

#[tokio::test]
async fn what_any_page_confirmed_is_not_new_though_another_page_died_without_a_word() -> Result<()> {
    let (_site, dead, mut bobby) = meeting().await?;
    let page = dead.again().await?;
    for text in ["one", "two"] {
        bobby.say("alice001", text).await?;
        assert_eq!(page.hear(1).await?, [text]);
    }
    assert_eq!(new_messages(&page.reload().await?), ["two"]);
    Ok(())
}

#[tokio::test]
async fn what_a_user_said_itself_is_not_new_to_it() -> Result<()> {
    let (_site, page, _bobby) = meeting().await?;
    page.say("bobby001", "Hello.").await?;
    assert_eq!(new_messages(&page.again().await?), [] as [&str; 0]);
    Ok(())
}

#[tokio::test]
async fn what_comes_to_a_poll_that_was_cut_comes_to_the_next_one() -> Result<()> {
    let (_site, page, mut bobby) = meeting().await?;
    for round in 0..10 {
        let text = round.to_string();
        page.cut_poll().await?;
        bobby.say("alice001", &text).await?;
        assert_eq!(page.hear(1).await?, [text]);
    }
    Ok(())
}

#[tokio::test]
async fn a_page_that_is_loaded_anew_misses_nothing_said_meanwhile() -> Result<()> {
    let (_site, page, mut bobby) = meeting().await?;
    bobby.say("alice001", "one").await?;
    page.done("refresh", &[]).await?;
    bobby.say("alice001", "two").await?;
    let page = page.again().await?;
    let mut heard = new_messages(&page);
    // What was just stored may be on its way to the list of the user's pages.
    while heard.len() < 2 {
        heard.extend(page.hear(1).await?);
    }
    assert_eq!(heard, ["one", "two"]);
    bobby.say("alice001", "three").await?;
    assert_eq!(page.hear(1).await?, ["three"]);
    Ok(())
}

#[tokio::test]
async fn messages_and_the_cookie_outlive_the_server() -> Result<()> {
    let (site, page, mut bobby) = meeting().await?;
    bobby.say("alice001", "one").await?;
    assert_eq!(page.hear(1).await?, ["one"]);
    bobby.leave().await?;
    let server = site.server.restart().await?;
    let page = page.moved_to(server.url());
    assert!(page.is_gone().await?, "tickets do not outlive it");
    assert_eq!(new_messages(&page.again().await?), ["one"]);
    Ok(())
}

#[tokio::test]
async fn two_pages_of_a_user_hear_everything() -> Result<()> {
    let (_site, one, mut bobby) = meeting().await?;
    let two = one.again().await?;
    let texts: Vec<_> = (0..20).map(|number| number.to_string()).collect();
    for text in &texts {
        bobby.say("alice001", text).await?;
    }
    let (first, second) = tokio::join!(one.hear(texts.len()), two.hear(texts.len()));
    assert_eq!((&first?, &second?), (&texts, &texts));
    Ok(())
}

#[tokio::test]
async fn what_one_page_of_a_user_says_the_other_shows_as_well() -> Result<()> {
    let (_site, one, mut bobby) = meeting().await?;
    let two = one.again().await?;
    one.say("bobby001", "Hello.").await?;
    let shown = two.messages().await?;
    assert_eq!((&shown[0]["from"], &shown[0]["to"]), (&json!("alice001"), &json!("bobby001")));
    bobby.say("alice001", "Hello, Alice.").await?;
    assert_eq!(one.hear(1).await?, ["Hello, Alice."], "and not what it said itself");
    Ok(())
}

#[tokio::test]
async fn what_a_page_said_itself_does_not_hold_up_what_comes() -> Result<()> {
    let (_site, page, mut bobby) = meeting().await?;
    for number in 0..300 {
        page.say("bobby002", &number.to_string()).await?;
    }
    bobby.say("alice001", "Hello.").await?;
    let packets = timeout(Duration::from_secs(10), page.poll()).await??;
    assert_eq!(bodies(&list(&packets["messages"])), ["Hello."]);
    Ok(())
}

#[tokio::test]
async fn two_hundred_messages_arrive_through_reloads_at_any_moment() -> Result<()> {
    const COUNT: usize = 200;
    let site = Site::start_with(|options| options.hold = Duration::from_millis(100)).await?;
    let mut page = site.page("alice001").await?;
    let mut bobby = site.native("bobby001").await?;
    let texts: Vec<_> = (0..COUNT).map(|number| number.to_string()).collect();
    let talking = async {
        for text in &texts {
            bobby.say("alice001", text).await?;
        }
        anyhow::Ok(())
    };
    let listening = async {
        let mut dice = Dice::new(1);
        let mut heard: Vec<String> = Vec::new();
        while heard.last() != texts.last() {
            let reloaded = match dice.below(8) {
                0 => Some(page.reload().await?),
                1 => Some(page.again().await?),
                2 => {
                    page.cut_poll().await?;
                    Some(page.again().await?)
                }
                3 => {
                    let moment = Duration::from_micros(dice.throw() % 4000);
                    match timeout(moment, page.poll()).await {
                        Ok(packets) => {
                            heard.extend(bodies(&list(&packets?["messages"])));
                            None
                        }
                        Err(_) => Some(page.again().await?),
                    }
                }
                _ => {
                    heard.extend(bodies(&list(&page.poll().await?["messages"])));
                    None
                }
            };
            if let Some(reloaded) = reloaded {
                page = reloaded;
                heard.extend(new_messages(&page));
            }
        }
        anyhow::Ok(heard)
    };
    let (talked, heard) = tokio::join!(talking, listening);
    talked?;
    let mut first = Vec::new();
    for text in heard? {
        if !first.contains(&text) {
            first.push(text);
        }
    }
    assert_eq!(first, texts, "each at least once, and for the first time in order");
    Ok(())
}
