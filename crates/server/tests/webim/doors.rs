//! Who may come in, and by which door: passwords, tickets, cookies, and pages of other sites.

use crate::{
    page::{Page, Parameters, bodies},
    site::{MOUNT, OLD, Site, at_once, credentials},
};
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::{collections::HashSet, time::Duration};

const EVIL: &str = "https://evil.example";

/// The calls that change something, each with what it needs.
pub(crate) const WRITES: [(&str, Parameters<'_>); 13] = [
    ("message", &[("type", "chat"), ("to", "bobby001"), ("body", "Hello.")]),
    ("clear_history", &[("id", "bobby001"), ("type", "chat")]),
    ("presence", &[("show", "dnd")]),
    ("status", &[("to", "bobby001"), ("show", "typing")]),
    ("setting", &[("data", r#"{"play_sound":true}"#)]),
    ("join", &[("id", "_1")]),
    ("leave", &[("id", "_1")]),
    ("block", &[("id", "_1")]),
    ("unblock", &[("id", "_1")]),
    ("invite", &[("id", "d94781a658a1a939"), ("nick", "TestRoom"), ("members", "bobby001")]),
    ("remove_buddy", &[("id", "bobby001")]),
    ("refresh", &[]),
    ("offline", &[]),
];

/// The calls that tell something of the user.
pub(crate) const READS: [(&str, Parameters<'_>); 7] = [
    ("buddies", &[("ids", "bobby001")]),
    ("rooms", &[]),
    ("history", &[("id", "bobby001"), ("type", "chat")]),
    ("notification", &[]),
    ("search", &[("nick", "bobby")]),
    ("download", &[("id", "bobby001"), ("type", "chat")]),
    ("members", &[("id", "_1")]),
];

fn forbidden() -> Value {
    json!({ "success": false, "error_msg": "Forbidden" })
}

#[tokio::test]
async fn a_password_in_an_address_is_refused_though_it_is_right() -> Result<()> {
    let site = Site::start().await?;
    let asking = site.ask("online").with(&credentials("alice001")).on_this_site();
    let answer = asking.clone().get().await?;
    let said = answer.json()?;
    assert_eq!((answer.status, &said["success"], &said["connection"]), (200, &json!(false), &Value::Null));
    assert_eq!(answer.header("set-cookie"), None);
    let (_, said) = asking.jsonp().await?;
    assert_eq!((&said["success"], &said["connection"]), (&json!(false), &Value::Null));
    Ok(())
}

#[tokio::test]
async fn pages_of_other_sites_log_nobody_in() -> Result<()> {
    let site = Site::start().await?;
    for origin in [EVIL, "null"] {
        let asking = site.ask("online").with(&credentials("alice001")).header("Origin", origin);
        let answer = asking.post().await?;
        assert_eq!((answer.json()?, answer.header("set-cookie")), (forbidden(), None), "{origin}");
    }
    Ok(())
}

#[tokio::test]
async fn a_script_may_write_for_pages_of_this_server_and_of_allowed_sites_alone() -> Result<()> {
    let site =
        Site::start_with(|options| options.origins = vec!["https://www.uchome.com".to_owned()]).await?;
    let page = site.page("alice001").await?;
    for (call, parameters) in WRITES {
        let asking = || page.ask(call, parameters);
        let foreign = [
            asking(),
            asking().header("Referer", &format!("{EVIL}/page")),
            asking().header("Origin", EVIL),
            asking().header("Origin", "null"),
            asking().header("Referer", "https://www.uchome.com.evil.example/"),
            asking().header("Referer", &format!("{EVIL}/?{}", site.url())),
            asking().header("Sec-Fetch-Site", "cross-site"),
        ];
        for (number, asking) in foreign.into_iter().enumerate() {
            assert_eq!(asking.jsonp().await?, (200, forbidden()), "{call} {number}");
        }
        assert_eq!(asking().get().await?.status, 403, "{call} without a callback");
    }
    assert_eq!(page.history("bobby001").await?, [] as [Value; 0], "nothing was said");
    let message = WRITES[0].1;
    let allowed = page.ask("message", message).header("Referer", "https://www.uchome.com/home.php");
    assert_eq!(allowed.jsonp().await?, (200, json!("ok")));
    assert_eq!(page.ask("message", message).on_this_site().jsonp().await?, (200, json!("ok")));
    assert_eq!(page.history("bobby001").await?.len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_cookie_is_worth_nothing_in_the_hands_of_another_site() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    page.say("bobby001", "Hello.").await?;
    let writes = [("clear_history", WRITES[1].1), ("setting", WRITES[4].1), ("remove_buddy", WRITES[10].1)];
    for (call, parameters) in writes {
        for (header, value) in
            [("Origin", EVIL), ("Origin", "null"), ("Referer", EVIL), ("Sec-Fetch-Site", "cross-site")]
        {
            let answer = page.ask_by_cookie(call, parameters).header(header, value).post().await?;
            assert_eq!((answer.status, answer.json()?), (403, forbidden()), "{call} {header}");
        }
    }
    for (call, parameters) in READS {
        let asking = || page.ask_by_cookie(call, parameters);
        assert_eq!(asking().header("Referer", EVIL).jsonp().await?.1, forbidden(), "{call}");
        assert_eq!(asking().jsonp().await?.1, forbidden(), "{call} of a script that hides where it is");
        assert_eq!(asking().header("Origin", EVIL).get().await?.status, 403, "{call}");
    }
    let online = page.ask_by_cookie("online", &[]);
    for asking in [online.clone().header("Origin", EVIL), online.clone().header("Referer", EVIL)] {
        assert_eq!(asking.clone().post().await?.json()?["success"], false);
        assert_eq!(asking.jsonp().await?.1["success"], false);
    }
    assert_eq!(online.jsonp().await?.1["success"], false, "a script that hides where it is");
    assert_eq!(bodies(&page.history("bobby001").await?), ["Hello."], "nothing was cleared");
    Ok(())
}

#[tokio::test]
async fn a_cookie_is_enough_for_a_page_of_this_server() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    page.say("bobby001", "Hello.").await?;
    let history = page.ask_by_cookie("history", &[("id", "bobby001"), ("type", "chat")]).on_this_site();
    assert_eq!(history.clone().get().await?.json()?[0]["body"], "Hello.");
    assert_eq!(history.jsonp().await?.1[0]["body"], "Hello.");
    let clear = page.ask_by_cookie("clear_history", &[("id", "bobby001")]).on_this_site();
    assert_eq!(clear.post().await?.json()?, "ok");
    assert_eq!(page.history("bobby001").await?, [] as [Value; 0]);
    Ok(())
}

#[tokio::test]
async fn a_cookie_is_out_of_the_reach_of_scripts_and_of_other_paths() -> Result<()> {
    let site = Site::start().await?;
    let answer = site.ask("online").with(&credentials("alice001")).post().await?;
    let cookie = answer.header("set-cookie").context("a cookie")?;
    let has = |attribute: &str| cookie.split("; ").any(|part| part == attribute);
    assert!(has("HttpOnly") && has("SameSite=Lax") && has(&format!("Path={MOUNT}/")), "{cookie}");
    assert!(!has("Secure"), "it was asked for without TLS");
    let asking = site.ask("online").with(&credentials("alice001")).header("X-Forwarded-Proto", "https");
    let answer = asking.post().await?;
    assert!(answer.header("set-cookie").is_some_and(|cookie| cookie.ends_with("; Secure")));
    assert!(answer.json()?["connection"]["server"].as_str().is_some_and(|url| url.starts_with("https://")));
    Ok(())
}

#[tokio::test]
async fn a_cookie_that_is_none_opens_nothing() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let mut wrong = page.cookie.clone();
    let last = wrong.pop().context("a cookie")?;
    wrong.push(if last == '0' { '1' } else { '0' });
    for cookie in [wrong.as_str(), "webim=", "webim=x", "other=1", "webim=1.2.3;;=", ""] {
        for call in ["online", "buddies"] {
            let answer = site.ask(call).header("Cookie", cookie).on_this_site().post().await?;
            let said = answer.json()?;
            assert_eq!(
                (&said["success"], &said["error_msg"]),
                (&json!(false), &json!("Not Authorized")),
                "{cookie}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn tickets_are_128_random_bits() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let mut tickets = vec![page.ticket.clone()];
    for _ in 0..15 {
        tickets.push(page.again().await?.ticket);
    }
    for ticket in &tickets {
        assert!(ticket.len() == 32 && ticket.bytes().all(|byte| byte.is_ascii_hexdigit()), "{ticket}");
    }
    for digit in 0..32 {
        let digits: HashSet<_> = tickets.iter().map(|ticket| ticket.as_bytes()[digit]).collect();
        assert!(digits.len() > 1, "digit {digit} of {} tickets is the same", tickets.len());
    }
    assert_eq!(tickets.iter().collect::<HashSet<_>>().len(), tickets.len());
    Ok(())
}

#[tokio::test]
async fn a_ticket_that_nobody_uses_expires() -> Result<()> {
    let site = Site::start_with(|options| {
        options.idle = Duration::from_secs(1);
        at_once(options);
    })
    .await?;
    let mut bobby = site.native("bobby001").await?;
    let page = site.page("alice001").await?;
    // Whoever is asked by a page keeps it; so the test looks by other means whether the user is gone.
    let other = site.page("bobby001").await?;
    bobby.say("alice001", "Hello.").await?;
    other.buddy("alice001").await?;
    let watching = async {
        while other.buddy("alice001").await?["presence"] == "online" {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(jmessage_testkit::PATIENCE, watching).await??;
    assert!(page.is_gone().await?);
    assert_eq!(page.post("presence", &[("show", "away")]).await?.status, 401);
    let again = page.again().await?;
    assert_eq!(again.told["new_messages"][0]["body"], "Hello.", "what it did not hear waits");
    Ok(())
}

#[tokio::test]
async fn a_page_that_polls_does_not_expire() -> Result<()> {
    let site = Site::start_with(|options| {
        options.idle = Duration::from_secs(1);
        options.hold = Duration::from_secs(3);
    })
    .await?;
    let page = site.page("alice001").await?;
    page.poll().await?;
    page.say("bobby001", "Still here.").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_no_ticket_is_refused_in_every_call() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let mut wrong = page.ticket.clone();
    let last = wrong.pop().context("a ticket")?;
    wrong.push(if last == '0' { '1' } else { '0' });
    for ticket in [wrong.as_str(), &page.ticket[..31], "0"] {
        for (call, parameters) in WRITES.into_iter().chain(READS) {
            let answer = site.ask(call).with(&[("ticket", ticket)]).with(parameters).post().await?;
            let refused = json!({ "success": false, "error_msg": "Not Authorized" });
            assert_eq!((answer.status, answer.json()?), (401, refused), "{call}");
        }
        let packets = site.ask("packets").with(&[("ticket", ticket)]);
        let unknown = json!({ "status": "error", "message": "unknown ticket" });
        let answer = packets.clone().get().await?;
        assert_eq!((answer.status, answer.json()?), (400, unknown.clone()));
        assert_eq!(packets.jsonp().await?, (400, unknown), "with a callback as well");
    }
    Ok(())
}

#[tokio::test]
async fn a_ticket_is_good_at_its_own_mount_alone() -> Result<()> {
    const KEY: &str = "5f7aef34fb361292c566a1cd";
    const OTHER: &str = "/other";
    let site = Site::start_with(|options| {
        let mut other = options.mounts[0].clone();
        other.prefix = OTHER.to_owned();
        other.app = jmessage_model::AppKey::new(KEY).unwrap();
        options.mounts.push(other);
    })
    .await?;
    site.server.add_app(KEY, "154d6103823a726fc12d0466", &["alice001"]).await?;
    let page = site.page("alice001").await?;
    let namesake = Page::begin(site.url(), OTHER, &credentials("alice001")).await?;
    for (page, mount) in [(&page, OLD), (&page, OTHER), (&namesake, MOUNT)] {
        assert_eq!(page.ask("packets", &[]).at(mount).get().await?.status, 400);
        for (call, parameters) in WRITES.into_iter().chain(READS) {
            assert_eq!(page.ask(call, parameters).at(mount).post().await?.status, 401, "{call} at {mount}");
        }
    }
    for (page, mount) in [(&page, OTHER), (&namesake, MOUNT)] {
        let by_cookie = page.ask_by_cookie("online", &[]).at(mount).on_this_site().post().await?;
        assert_eq!(by_cookie.json()?["success"], false, "a cookie is of one App");
        assert_eq!(page.ask_by_cookie("rooms", &[]).at(mount).on_this_site().post().await?.status, 401);
    }
    namesake.say("alice001", "To myself.").await?;
    page.say("bobby001", "Hello.").await?;
    assert_eq!(namesake.history("bobby001").await?, [] as [Value; 0]);
    Ok(())
}

#[tokio::test]
async fn who_shows_nothing_is_told_nothing() -> Result<()> {
    let site = Site::start().await?;
    for (call, parameters) in WRITES.into_iter().chain(READS).chain([("online", &[][..])]) {
        for asking in [site.ask(call).with(parameters), site.ask(call).with(parameters).on_this_site()] {
            let answer = asking.post().await?;
            let said = answer.json()?;
            assert_eq!(
                (&said["success"], &said["error_msg"]),
                (&json!(false), &json!("Not Authorized")),
                "{call}"
            );
            assert_eq!(answer.status, if call == "online" { 200 } else { 401 }, "{call}");
            assert_eq!(answer.header("set-cookie"), None);
        }
    }
    assert_eq!(site.ask("packets").get().await?.status, 400);
    assert_eq!(site.ask("nonsense").get().await?.status, 404);
    Ok(())
}

#[tokio::test]
async fn a_user_who_goes_to_another_mount_takes_its_session_along() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let old = site.old_page("alice001", &[]).await?;
    site.page("bobby001").await?.say("alice001", "Hello.").await?;
    assert_eq!(old.hear(1).await?, ["Hello."]);
    assert!(page.is_gone().await?, "it is told so, and does not wait for nothing");
    Ok(())
}

/// A page of an allowed site that can only load scripts posts its password by a form, and begins by the cookie.
#[tokio::test]
async fn a_form_logs_in_and_opens_no_page() -> Result<()> {
    let site = Site::start().await?;
    let online = site.ask("online").with(&credentials("alice001")).header("Origin", site.url());
    let by_form = online.clone().header("Sec-Fetch-Mode", "navigate").post().await?;
    assert!(by_form.header("set-cookie").is_some_and(|cookie| cookie.starts_with("webim=")));
    let by_page = online.header("Sec-Fetch-Mode", "cors").post().await?;
    for (answer, status) in [(by_form, 401), (by_page, 200)] {
        let told = answer.json()?;
        let ticket = told["connection"]["ticket"].as_str().context("a ticket")?;
        let presence = site.ask("presence").with(&[("ticket", ticket), ("show", "away")]);
        assert_eq!(presence.post().await?.status, status);
    }
    Ok(())
}

#[tokio::test]
async fn a_link_of_a_notice_that_would_leave_its_attribute_is_not_told() -> Result<()> {
    let site = Site::start().await?;
    site.notify("alice001", "Good", "/s?id=5").await?;
    site.notify("alice001", "Bad", "/x\"onclick=\"evil()").await?;
    let told = site.page("alice001").await?.get("notifications", &[]).await?;
    let links = |text: &str| {
        told.as_array().into_iter().flatten().find(|one| one["text"] == text).map(|one| one["link"].clone())
    };
    assert_eq!((links("Good"), links("Bad")), (Some(json!("/s?id=5")), Some(json!(""))));
    Ok(())
}
