//! The route. In your own back end:
//!
//! 1. look whether this visitor may chat at all (your session cookie, your rate limit),
//! 2. take the time in **seconds** and a fresh random string,
//! 3. sign them with the master secret, which never leaves the server,
//! 4. answer the four fields that `JMessage.config` wants, and forbid caching: they soon expire.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::extract::{Query, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use jmessage_sign::{Fields, MasterSecret, sign};
use serde::Deserialize;
use serde_json::json;

use crate::callers::Callers;

/// One application and the pages that may use it.
pub(crate) struct Site {
    pub(crate) app_key: String,
    pub(crate) secret: MasterSecret,
    pub(crate) callers: Callers,
}

/// What stands behind the `?`. jQuery adds `_=…` against caches; unknown names do no harm.
#[derive(Deserialize)]
pub(crate) struct Parameters {
    callback: Option<String>,
}

/// `GET /signature[?callback=name]`.
pub(crate) async fn answer(
    State(site): State<Arc<Site>>,
    Query(parameters): Query<Parameters>,
    headers: HeaderMap,
) -> Response {
    // Step 1 of your own server goes here. This example only looks at which page asks.
    let (status, content_type, body) = match parameters.callback {
        None => match site.signature() {
            Ok(body) => (StatusCode::OK, "application/json", body),
            Err(problem) => refusal(StatusCode::INTERNAL_SERVER_ERROR, problem),
        },
        Some(name) if !is_callback(&name) => refusal(
            StatusCode::BAD_REQUEST,
            "callback must be a JavaScript name: a letter, _ or $, then up to 63 letters, digits, _ $ .",
        ),
        Some(_) if !site.callers.may_use_jsonp(&headers) => refusal(
            StatusCode::FORBIDDEN,
            "this page may not use JSONP here: its site is not given with --allow-origin, or it sends no Referer",
        ),
        Some(name) => match site.signature() {
            // The comment keeps the caller's name from being the first bytes of what could be taken for
            // another kind of file.
            Ok(body) => (StatusCode::OK, "text/javascript; charset=utf-8", format!("/**/{name}({body});")),
            Err(problem) => refusal(StatusCode::INTERNAL_SERVER_ERROR, problem),
        },
    };
    let fixed = [
        (CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (VARY, HeaderValue::from_static("Origin")),
    ];
    let allowed = site.callers.cors(&headers).map(|origin| [(ACCESS_CONTROL_ALLOW_ORIGIN, origin)]);
    (status, fixed, allowed.into_iter().flatten().collect::<HeaderMap>(), body).into_response()
}

/// `OPTIONS /signature`: browsers ask first when a page's library adds headers of its own.
pub(crate) async fn preflight(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let vary = [(VARY, HeaderValue::from_static("Origin"))];
    let Some(origin) = site.callers.cors(&headers) else {
        return (StatusCode::FORBIDDEN, vary).into_response();
    };
    let allowed = [
        (ACCESS_CONTROL_ALLOW_ORIGIN, origin),
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET")),
        (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("content-type, x-requested-with")),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
    ];
    (StatusCode::NO_CONTENT, vary, allowed).into_response()
}

impl Site {
    /// Steps 2 to 4: the JSON for the page. Both spellings of the timestamp are there, because pages of
    /// either kind exist; all values are strings.
    fn signature(&self) -> Result<String, &'static str> {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let timestamp = since.map_err(|_| "the clock of this server is wrong")?.as_secs().to_string();
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|_| "this server has no randomness")?;
        let random_str = format!("{:032x}", u128::from_be_bytes(random));
        let fields = Fields::new(&self.app_key, &timestamp, &random_str)
            .map_err(|_| "this server's application key is malformed")?;
        let signature = sign(&fields, &self.secret);
        Ok(json!({
            "appKey": self.app_key,
            "timestamp": timestamp,
            "timeStamp": timestamp,
            "randomStr": random_str,
            "signature": signature.as_str(),
        })
        .to_string())
    }
}

fn refusal(status: StatusCode, problem: &str) -> (StatusCode, &'static str, String) {
    (status, "application/json", json!({ "error": problem }).to_string())
}

/// The name comes back inside a script, so it must be nothing but a name: `[A-Za-z_$][\w$.]{0,63}`.
fn is_callback(name: &str) -> bool {
    let first = |b: u8| b.is_ascii_alphabetic() || matches!(b, b'_' | b'$');
    let later = |b: u8| first(b) || b.is_ascii_digit() || b == b'.';
    name.len() <= 64 && name.bytes().next().is_some_and(first) && name.bytes().all(later)
}
