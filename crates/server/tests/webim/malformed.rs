//! Requests that make no sense: they are refused, and nothing breaks.

use crate::site::{MOUNT, Site};
use anyhow::Result;
use jmessage_testkit::request;
use serde_json::json;

const CALLS: [&str; 29] = [
    "online",
    "offline",
    "refresh",
    "deactivate",
    "buddies",
    "rooms",
    "join",
    "leave",
    "members",
    "history",
    "histories",
    "message",
    "clear_history",
    "clear",
    "presence",
    "status",
    "setting",
    "notification",
    "notifications",
    "menu",
    "packets",
    "invite",
    "block",
    "unblock",
    "remove_buddy",
    "search",
    "download",
    "upload",
    "nonsense",
];

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[tokio::test]
async fn no_body_makes_a_server_fail() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let ticket = format!("ticket={}", page.ticket);
    let bodies: Vec<(&str, Vec<u8>)> = vec![
        (FORM, Vec::new()),
        (FORM, b"&&&===&%&%%&%zz&a".to_vec()),
        (
            FORM,
            [b"ticket=\xff\xfe\x00&type=\xff&id=\xc0\xaf&body=\x80".as_slice(), ticket.as_bytes()].concat(),
        ),
        (
            FORM,
            format!("{ticket}&id=_&ids=_,,_0,_-1,_99999999999999999999&type=chat&to=_&show=x&body=%00")
                .into_bytes(),
        ),
        (
            FORM,
            format!("{ticket}&type=grpchat&to=_18446744073709551615&id=_18446744073709551615&body=x")
                .into_bytes(),
        ),
        (FORM, format!("{ticket}&type[]=chat&to[a][b]=x&id[]=1").into_bytes()),
        (FORM, "a=1&".repeat(2000).into_bytes()),
        (FORM, format!("{ticket}&body={}", "x".repeat(70_000)).into_bytes()),
        (FORM, format!("{ticket}&ids={}", "a,".repeat(20_000)).into_bytes()),
        (JSON, b"{".to_vec()),
        (JSON, b"[]".to_vec()),
        (JSON, b"null".to_vec()),
        (JSON, b"\xff\xfe".to_vec()),
        (JSON, "[".repeat(60_000).into_bytes()),
        (JSON, format!("{}1{}", r#"{"a":"#.repeat(5000), "}".repeat(5000)).into_bytes()),
        (
            JSON,
            json!({ "ticket": page.ticket, "type": 1, "to": [[]], "id": {}, "show": false, "data": 1e308 })
                .to_string()
                .into_bytes(),
        ),
        (
            JSON,
            json!({ "username": {}, "password": [], "buddy_ids": [1, null, "x"] }).to_string().into_bytes(),
        ),
        ("multipart/form-data; boundary=x", b"--x\r\n".to_vec()),
        ("text/plain", ticket.clone().into_bytes()),
        ("\u{1}", ticket.into_bytes()),
    ];
    for (kind, body) in &bodies {
        // A page that is refreshed is gone, which is not what is asked here.
        for call in CALLS
            .into_iter()
            .filter(|call| !matches!(*call, "offline" | "refresh" | "deactivate" | "packets"))
        {
            let answer = site.ask(call).post_body(kind, body).await;
            let status = answer.map_or(400, |answer| answer.status);
            assert!(
                status < 500,
                "{call} answers {status} to {kind} {}",
                String::from_utf8_lossy(&body[..body.len().min(60)])
            );
        }
    }
    for call in ["offline", "refresh", "deactivate", "packets"] {
        for (kind, body) in
            bodies.iter().filter(|(_, body)| !body.windows(32).any(|part| part == page.ticket.as_bytes()))
        {
            let status = site.ask(call).post_body(kind, body).await.map_or(400, |answer| answer.status);
            assert!((400..500).contains(&status), "{call} answers {status}");
        }
    }
    page.say("bobby001", "Still here.").await
}

#[tokio::test]
async fn no_query_makes_a_server_fail() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let queries = [
        "",
        "&",
        "%",
        "%zz=%zz",
        "a[]=1",
        "ticket=%ff",
        "_=x&_=y",
        "callback=",
        "id=%00&type=%00&to=%00&ids=%2C",
    ];
    for call in CALLS {
        for query in queries {
            let path = format!("{MOUNT}/{call}?{query}");
            let answer = request(site.url(), "GET", &path, &[("Cookie", page.cookie.as_str())], &[]).await?;
            assert!(answer.status < 500, "{path} answers {}", answer.status);
        }
        for method in ["PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"] {
            let answer = request(site.url(), method, &format!("{MOUNT}/{call}"), &[], &[]).await?;
            assert!(answer.status < 500, "{method} {call} answers {}", answer.status);
        }
    }
    let long = format!("{MOUNT}/rooms?ids={}", "x".repeat(60_000));
    let answer = request(site.url(), "GET", &long, &[], &[]).await;
    assert!(answer.map_or(414, |answer| answer.status) < 500);
    page.say("bobby001", "Still here.").await
}

#[tokio::test]
async fn a_callback_is_the_name_of_a_function_and_is_not_repeated_otherwise() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let long = "a".repeat(129);
    for callback in [
        "alert(1)//",
        "<script>",
        "a;b",
        "a b",
        "a-b",
        "1a",
        "a..b",
        ".a",
        "a.",
        "a[0]",
        "\u{e9}",
        "a\u{2028}b",
        "eval",
        "this",
        "a.new",
        "a/**/",
        "a%0a",
        "\"",
        &long,
    ] {
        let answer = page.ask("rooms", &[("callback", callback)]).get().await?;
        assert_eq!(answer.status, 400, "{callback}");
        assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"), "{callback}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.body, b"callback must be the name of a function", "{callback}");
    }
    for callback in ["jsonp1281443447248", "webim.callback", "$", "_a.$1.b"] {
        let answer = page.ask("rooms", &[("callback", callback)]).get().await?;
        assert_eq!(answer.body, format!("/**/{callback}([]);").as_bytes());
    }
    Ok(())
}

#[tokio::test]
async fn a_script_holds_nothing_that_ends_it() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    let body = "</script><!--\u{2028}\u{2029}&'\"\\";
    page.say("bobby001", body).await?;
    let asking = page.ask("history", &[("type", "chat"), ("id", "bobby001")]);
    let script = asking.clone().with(&[("callback", "jsonp1")]).get().await?;
    let text = String::from_utf8(script.body)?;
    assert!(!text.contains(['<', '>', '&', '\u{2028}', '\u{2029}']), "{text}");
    assert_eq!(asking.jsonp().await?.1[0]["body"], body);
    Ok(())
}

#[tokio::test]
async fn addresses_that_are_none_are_not_handed_to_pages() -> Result<()> {
    for pattern in [
        "javascript:alert('{id}')",
        "//evil.example/{id}",
        "data:text/html,{id}",
        "x\" onerror=\"{id}",
        " /{id}",
    ] {
        let site = Site::start_with(|options| {
            options.sights.picture = Some(pattern.to_owned());
            options.sights.default_picture = Some(pattern.to_owned());
            options.sights.user = Some(pattern.to_owned());
            options.sights.room = Some(pattern.to_owned());
            options.sights.room_picture = Some(pattern.to_owned());
        })
        .await?;
        let room = site.room(&["alice001"]).await?;
        let page = site.page("alice001").await?;
        for object in [page.told["user"].clone(), page.buddy("bobby001").await?, page.room(&room).await?] {
            for field in ["pic_url", "default_pic_url", "url"] {
                assert!(object[field].is_null(), "{field} of {object}");
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_style_cannot_leave_its_attribute() -> Result<()> {
    let site = Site::start().await?;
    let page = site.page("alice001").await?;
    for style in [
        "color:red\" onmouseover=\"alert(1)",
        "color:expression(alert(1))",
        "behavior:url(x.htc)",
        "color:red</style>",
        "background-image:url(javascript:alert(1))",
        "position:fixed;top:0",
        &"color:red;".repeat(100),
    ] {
        page.done("message", &[("type", "chat"), ("to", "bobby001"), ("body", "x"), ("style", style)])
            .await?;
    }
    for message in page.history("bobby001").await? {
        assert!(message["style"].is_null(), "{message}");
    }
    Ok(())
}

#[tokio::test]
async fn a_host_that_is_none_is_not_told_to_pages() -> Result<()> {
    let site = Site::start().await?;
    let credentials = crate::site::credentials("alice001");
    let form = crate::page::encoded(&credentials.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let length = form.len().to_string();
    let head =
        [("Content-Type", FORM), ("Content-Length", length.as_str()), ("X-Forwarded-Host", "evil.example")];
    let answer = request(site.url(), "POST", &format!("{MOUNT}/online"), &head, form.as_bytes()).await?;
    assert_eq!(answer.json()?["connection"]["server"], format!("{}{MOUNT}/packets", site.url()));
    Ok(())
}
