use super::*;
use axum::body::to_bytes;
use jmessage_core::Error;
use proptest::prelude::*;
use serde_json::{Value, json};

fn jsonp() -> Manner {
    Manner::of(Some("jsonp1281443447248"), None).unwrap()
}

fn accepting(accept: &'static str) -> Manner {
    Manner::of(None, Some(&HeaderValue::from_static(accept))).unwrap()
}

/// Status, type and body.
async fn said(response: Response) -> (u16, String, String) {
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    let status = response.status().as_u16();
    let content_type = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
    let body = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, content_type, String::from_utf8(body.to_vec()).unwrap())
}

#[track_caller]
fn assert_said(said: &(u16, String, String), status: u16, content_type: &str, body: &str) {
    assert_eq!((said.0, said.1.as_str(), said.2.as_str()), (status, content_type, body));
}

#[tokio::test]
async fn ok_is_json_a_call_or_the_bare_word() {
    assert_said(&said(Manner::Json.ok()).await, 200, JSON, "\"ok\"");
    assert_said(&said(jsonp().ok()).await, 200, SCRIPT, "/**/jsonp1281443447248(\"ok\");");
    assert_said(&said(accepting("text/plain").ok()).await, 200, PLAIN, "ok");
}

#[tokio::test]
async fn a_value_is_json_or_the_argument_of_a_call() {
    let value = json!([{"id": "room1"}]);
    assert_said(&said(Manner::Json.value(&value)).await, 200, JSON, r#"[{"id":"room1"}]"#);
    assert_said(&said(Manner::Plain.value(&value)).await, 200, JSON, r#"[{"id":"room1"}]"#);
    let called = "/**/jsonp1281443447248([{\"id\":\"room1\"}]);";
    assert_said(&said(jsonp().value(&value)).await, 200, SCRIPT, called);
    assert_said(&said(jsonp().encoded(value.to_string())).await, 200, SCRIPT, called);
}

#[tokio::test]
async fn what_failed_has_its_status_except_in_a_call() {
    let failed = r#"{"success":false,"error_msg":"Not Authorized"}"#;
    let refused = Refused::not_authorized();
    assert_said(&said(Manner::Json.refused(&refused)).await, 401, JSON, failed);
    assert_said(&said(Manner::Plain.refused(&refused)).await, 401, JSON, failed);
    let called = format!("/**/jsonp1281443447248({failed});");
    assert_said(&said(jsonp().refused(&refused)).await, 200, SCRIPT, &called);
}

#[tokio::test]
async fn a_poll_with_an_unknown_ticket_has_its_status_in_a_call_too() {
    let failed = r#"{"status":"error","message":"Not Found"}"#;
    assert_said(&said(Manner::Json.no_packets("Not Found")).await, 400, JSON, failed);
    let called = format!("/**/jsonp1281443447248({failed});");
    assert_said(&said(jsonp().no_packets("Not Found")).await, 400, SCRIPT, &called);
}

#[test]
fn who_meets_a_busy_server_is_told_when_to_come_back() {
    for error in [Error::Busy, Error::Unavailable] {
        let response = Manner::Json.refused(&error.into());
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers()[header::RETRY_AFTER], RETRY_AFTER);
    }
    assert!(!Manner::Json.refused(&Refused::forbidden()).headers().contains_key(header::RETRY_AFTER));
}

#[test]
fn callbacks_of_the_libraries_are_taken() {
    let most = "a".repeat(MAX_NAME);
    let names = ["jsonp1281443447248", "jQuery171_123", "_", "$", "webim.jsonp.a1", "a.b.c", &most];
    for name in names {
        assert_eq!(Manner::of(Some(name), None), Ok(Manner::Call(name.to_owned())), "{name}");
    }
    let longest = format!("{most}.{}", "b".repeat(MAX_NAME - 1));
    assert_eq!(longest.len(), MAX_CALLBACK);
    assert!(Manner::of(Some(&longest), None).is_ok());
}

#[tokio::test]
async fn every_other_callback_is_refused_and_not_repeated() {
    let (long, longer) = ("a".repeat(MAX_NAME + 1), "ab.".repeat(43) + "a");
    let callbacks = [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "1a",
        "a-b",
        "a b",
        " a",
        "a\n",
        "a(",
        "alert(1)//",
        "a;b",
        "a[0]",
        "a['b']",
        "<script>",
        "a\"",
        "a'",
        "a\\u0062",
        "é",
        "ａ",
        "a\u{0}",
        "a/**/",
        "function",
        "this",
        "window.this",
        "new.a",
        "eval",
        "null",
        "undefined",
        "delete",
        "a.constructor.default",
        &long,
        &longer,
    ];
    for callback in callbacks {
        let refused = Manner::of(Some(callback), None).unwrap_err();
        let text = "callback must be the name of a function";
        assert_said(&said(plain(&refused)).await, 400, PLAIN, text);
    }
}

#[test]
fn reserved_words_are_each_there_once() {
    let distinct: std::collections::HashSet<_> = RESERVED.into_iter().collect();
    assert_eq!(distinct.len(), RESERVED.len());
}

#[test]
fn only_who_takes_nothing_but_plain_text_gets_the_bare_word() {
    for accept in
        ["text/plain", "TEXT/Plain; charset=utf-8", "text/plain, text/plain;q=0.5", "text/plain, */*;q=0"]
    {
        assert_eq!(accepting(accept), Manner::Plain, "{accept}");
    }
    let others = [
        "*/*",
        "",
        ",",
        "text/*",
        "application/json",
        "text/plain, */*",
        "text/plain, application/json;q=0.1",
        "text/plain;q=0",
        "text/html",
        "text/plainly",
        "application/json, text/javascript, */*; q=0.01",
    ];
    for accept in others {
        assert_eq!(accepting(accept), Manner::Json, "{accept}");
    }
    assert_eq!(Manner::of(None, None), Ok(Manner::Json));
    let bytes = HeaderValue::from_bytes(b"text/plain\xff").unwrap();
    assert_eq!(Manner::of(None, Some(&bytes)), Ok(Manner::Json));
}

#[tokio::test]
async fn a_text_cannot_end_the_script_or_its_line() {
    let value = json!({"body": "</script><!-- & \u{2028}\u{2029} \"\\"});
    let (_, _, script) = said(jsonp().value(&value)).await;
    let argument = script.strip_prefix("/**/jsonp1281443447248(").and_then(|s| s.strip_suffix(");")).unwrap();
    assert_eq!(argument, r#"{"body":"\u003c/script\u003e\u003c!-- \u0026 \u2028\u2029 \"\\"}"#);
}

proptest! {
    #[test]
    fn a_text_in_a_script_means_what_it_meant(
        text in any::<String>(),
        special in "[<>&\u{2028}\u{2029}\"\\\\a]{0,8}",
    ) {
        let value = json!({ text.as_str(): special });
        let script = in_script(&value.to_string());
        let is_whole = !script.contains(['<', '>', '&', '\u{2028}', '\u{2029}']);
        prop_assert!(is_whole);
        prop_assert_eq!(serde_json::from_str::<Value>(&script).unwrap(), value);
    }

    #[test]
    fn a_callback_that_is_taken_has_only_names_and_dots(callback in "[a-c0-9_$. ();\\[<é]{0,6}|\\PC{0,6}") {
        if Manner::of(Some(&callback), None).is_ok() {
            prop_assert!(callback.bytes().all(|b| b.is_ascii_alphanumeric() || b"_$.".contains(&b)));
        }
    }

    #[test]
    fn no_header_makes_it_panic(accept in prop::collection::vec(any::<u8>(), 0..40)) {
        if let Ok(accept) = HeaderValue::from_bytes(&accept) {
            prop_assert!(Manner::of(None, Some(&accept)).is_ok());
        }
    }
}
