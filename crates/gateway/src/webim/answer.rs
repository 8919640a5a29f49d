//! How calls answer: as JSON, as a script that calls a function of the page (JSONP), or, where it is only `ok`, as a bare word.

use super::wire::{Failed, NoPackets, Refused};
use axum::{
    body::Body,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;

/// Characters of a callback at most, and of each name in it.
const MAX_CALLBACK: usize = 128;
const MAX_NAME: usize = 64;
/// After how many seconds somebody who met a server that cannot answer should try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

const JSON: &str = "application/json; charset=utf-8";
const SCRIPT: &str = "application/javascript; charset=utf-8";
const PLAIN: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";

/// On every answer: nothing keeps it, and nothing guesses what it is.
const ALWAYS: [(HeaderName, HeaderValue); 2] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
];

/// What a page wants its answers to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Manner {
    /// JSON.
    Json,
    /// JSON, and the bare word for `ok`.
    Plain,
    /// A script that calls this function, whose name was checked. The status of such an answer is 200: a page that loads a
    /// script hears of no other.
    Call(String),
}

impl Manner {
    /// From the parameter `callback` and the header `Accept`. A callback is refused unless it is a name of JavaScript, or names
    /// with dots between them, in ASCII and without reserved words; [`plain`] is for that refusal.
    pub(super) fn of(callback: Option<&str>, accept: Option<&HeaderValue>) -> Result<Self, Refused> {
        match callback {
            Some(name) if is_function(name) => Ok(Self::Call(name.to_owned())),
            Some(_) => Err(Refused::bad("callback must be the name of a function")),
            None if accept.is_some_and(is_plain_only) => Ok(Self::Plain),
            None => Ok(Self::Json),
        }
    }

    /// That it is done. With quotes where JSON is read, as the library cannot read the bare word of the seeds.
    pub(super) fn ok(&self) -> Response {
        match self {
            Self::Plain => typed(StatusCode::OK, PLAIN, "ok".into()),
            Self::Json | Self::Call(_) => self.encoded("\"ok\"".into()),
        }
    }

    /// What was asked for.
    pub(super) fn value(&self, value: &impl Serialize) -> Response {
        self.with_status(StatusCode::OK, value)
    }

    /// What was asked for, as JSON already.
    pub(super) fn encoded(&self, json: String) -> Response {
        self.wrapped(StatusCode::OK, json)
    }

    /// That it was not done. With a callback the status is 200.
    pub(super) fn failed(&self, status: StatusCode, message: &str) -> Response {
        let shown = if matches!(self, Self::Call(_)) { StatusCode::OK } else { status };
        self.with_status(shown, &Failed::new(message))
    }

    /// [`Self::failed`] for a refusal.
    pub(super) fn refused(&self, refused: &Refused) -> Response {
        self.failed(refused.status, &refused.message)
    }

    /// To a poll with a ticket that is none: 400, with a callback as well.
    pub(super) fn no_packets(&self, message: &str) -> Response {
        self.problem(StatusCode::BAD_REQUEST, message)
    }

    /// That it was not done, in the words of packets.
    pub(super) fn problem(&self, status: StatusCode, message: &str) -> Response {
        self.with_status(status, &NoPackets { message })
    }

    fn with_status(&self, status: StatusCode, value: &impl Serialize) -> Response {
        match serde_json::to_string(value) {
            Ok(json) => self.wrapped(status, json),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                plain(&Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer cannot be written"))
            }
        }
    }

    fn wrapped(&self, status: StatusCode, json: String) -> Response {
        match self {
            // The comment, so that the answer does not begin with bytes that the caller chose.
            Self::Call(function) => typed(status, SCRIPT, format!("/**/{function}({});", in_script(&json))),
            Self::Json | Self::Plain => typed(status, JSON, json),
        }
    }
}

/// A refusal in plain words, whatever the page wanted.
pub(super) fn plain(refused: &Refused) -> Response {
    typed(refused.status, PLAIN, refused.message.clone().into_owned())
}

/// A document to be kept, which no browser shows or runs in this server's name. The name is of ASCII without quotes.
pub(super) fn file(name: &str, html: String) -> Response {
    let mut response = typed(StatusCode::OK, HTML, html);
    let disposition = HeaderValue::try_from(format!("attachment; filename=\"{name}\""));
    let disposition = disposition.unwrap_or(HeaderValue::from_static("attachment"));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'; sandbox"));
    response
}

fn typed(status: StatusCode, content_type: &'static str, body: String) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, content_type)], Body::from(body)).into_response();
    let headers = response.headers_mut();
    headers.extend(ALWAYS);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}

/// JSON as a script may hold it. These characters stand in texts only, where an escape means the same: two end a line in older
/// JavaScript, the others could end a script in a page or open one.
fn in_script(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

fn is_function(name: &str) -> bool {
    name.len() <= MAX_CALLBACK && name.split('.').all(is_name)
}

fn is_name(name: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b'$';
    let mut bytes = name.bytes();
    bytes.next().is_some_and(is_letter)
        && bytes.all(|b| is_letter(b) || b.is_ascii_digit())
        && name.len() <= MAX_NAME
        && !RESERVED.contains(&name)
}

/// Reserved in some mode of some edition of JavaScript.
const RESERVED: [&str; 66] = [
    "abstract",
    "arguments",
    "await",
    "boolean",
    "break",
    "byte",
    "case",
    "catch",
    "char",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "double",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "final",
    "finally",
    "float",
    "for",
    "function",
    "goto",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "int",
    "interface",
    "let",
    "long",
    "native",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "short",
    "static",
    "super",
    "switch",
    "synchronized",
    "this",
    "throw",
    "throws",
    "transient",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "volatile",
    "while",
    "with",
    "yield",
    "async",
];

/// Whether the client takes `text/plain` and nothing else.
fn is_plain_only(accept: &HeaderValue) -> bool {
    let Ok(accept) = accept.to_str() else { return false };
    let mut ranges =
        accept.split(',').map(str::trim).filter(|range| !range.is_empty() && !is_refused(range)).peekable();
    let is_plain = |range: &str| {
        range.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/plain"))
    };
    ranges.peek().is_some() && ranges.all(is_plain)
}

/// A range with a weight of nothing says what the client does not take.
fn is_refused(range: &str) -> bool {
    range.split(';').skip(1).any(|parameter| {
        let weight = parameter.trim().to_ascii_lowercase();
        weight
            .strip_prefix("q=")
            .is_some_and(|weight| weight.parse::<f32>().is_ok_and(|weight| weight <= 0.0))
    })
}

#[cfg(test)]
mod tests;
