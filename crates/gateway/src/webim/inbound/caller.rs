//! Who asks, and from where.
//!
//! Whoever has a ticket is its page. Whoever has none, but the cookie that `online` gave it, is its user; but since browsers send
//! cookies whoever makes them ask, a page of another site gets nothing by it.

use super::params::Params;
use crate::webim::{
    Gateway, Options,
    session::{Page, Poller},
    wire::Refused,
};
use axum::http::{HeaderMap, HeaderName, Method, header, request::Parts};
use jmessage_core::Token;
use std::sync::Arc;

/// The cookie that holds the token of a session; its path is the mount's prefix.
pub(super) const COOKIE: &str = "webim";

pub(super) const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Where the page comes from that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// From this server, or a site that the operator allows.
    Ours,
    /// From another site.
    Foreign,
    /// Nothing is said: a program, or a browser that tells nobody.
    Unknown,
}

impl Source {
    fn of(headers: &HeaderMap, allowed: &[String]) -> Self {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let origin = match text(header::ORIGIN) {
            Some(origin) => Some(origin),
            None => text(header::REFERER).map(origin_of),
        };
        match (origin, text(FETCH_SITE)) {
            (Some(origin), _) => {
                let own = origin.split_once("://").is_some_and(|(_, host)| Some(host) == text(header::HOST));
                let is_ours = own || allowed.iter().any(|allowed| allowed == origin);
                if is_ours { Self::Ours } else { Self::Foreign }
            }
            (None, Some("same-origin")) => Self::Ours,
            (None, Some("cross-site" | "same-site")) => Self::Foreign,
            (None, Some(_) | None) => Self::Unknown,
        }
    }
}

/// Scheme, host and port of an address.
fn origin_of(address: &str) -> &str {
    let host = address.find("://").map_or(0, |at| at + 3);
    let end = address[host..].find(['/', '?', '#']).map_or(address.len(), |at| host + at);
    &address[..end]
}

/// A request, as far as it says who asks.
pub(super) struct Asked {
    pub(super) params: Params,
    pub(super) source: Source,
    /// Whether it is a GET, which any page can make a browser do.
    pub(super) is_get: bool,
    /// Whether the answer is shown as a document, as that of a form is: no script reads it.
    pub(super) is_document: bool,
    cookie: Option<Token>,
    /// What the server is called, as the browser sees it.
    pub(super) base: Option<String>,
}

/// Whether a call changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Reads,
    Writes,
}

/// Who asks.
pub(super) struct Caller {
    pub(super) poller: Arc<Poller>,
    /// Which of the user's pages, if it said so.
    pub(super) page: Option<Arc<Page>>,
}

impl Asked {
    pub(super) fn new(gateway: &Gateway, parts: &Parts, params: Params) -> Self {
        let headers = &parts.headers;
        Self {
            params,
            source: Source::of(headers, &gateway.options.origins),
            is_get: parts.method == Method::GET,
            is_document: headers.get(FETCH_MODE).is_some_and(|mode| mode == "navigate"),
            cookie: cookie(headers),
            base: base_of(&gateway.options, headers),
        }
    }

    /// Whether a cookie, or the address alone, is enough for a call.
    pub(super) fn is_trusted(&self, kind: Kind) -> bool {
        let is_script = self.params.text("callback").is_some();
        match self.source {
            Source::Ours => true,
            Source::Foreign => false,
            // A browser names the origin of every POST of another site, and gives nobody but a script's page what it read.
            Source::Unknown => !is_script && (kind == Kind::Reads || !self.is_get),
        }
    }

    /// Who asks; a GET that writes must come from a page that may.
    pub(super) fn caller(&self, gateway: &Gateway, kind: Kind) -> Result<Caller, Refused> {
        if let Some(ticket) = self.params.ticket() {
            let page = gateway.pages.page(ticket).ok_or_else(Refused::not_authorized)?;
            if page.of_site {
                // Its site speaks for it, by its own rules.
                return Err(Refused::forbidden());
            }
            if kind == Kind::Writes && self.is_get && self.source != Source::Ours {
                return Err(Refused::forbidden());
            }
            return Ok(Caller { poller: page.poller.clone(), page: Some(page) });
        }
        if !self.is_trusted(kind) {
            return Err(Refused::forbidden());
        }
        let poller = self.cookie.as_ref().and_then(|token| gateway.pages.poller(token));
        Ok(Caller { poller: poller.ok_or_else(Refused::not_authorized)?, page: None })
    }

    /// The page that asks, for calls that belong to one.
    pub(super) fn page(&self, gateway: &Gateway) -> Result<Arc<Page>, Refused> {
        self.caller(gateway, Kind::Writes)?.page.ok_or_else(|| Refused::bad("ticket is missing"))
    }

    /// The token of an earlier session, from a page that may use it.
    pub(super) fn token(&self) -> Option<&Token> {
        self.cookie.as_ref().filter(|_| self.is_trusted(Kind::Writes))
    }
}

fn cookie(headers: &HeaderMap) -> Option<Token> {
    let values = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    let mut pairs = values.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(name, _)| *name == COOKIE).and_then(|(_, value)| Token::parse(value))
}

/// Where browsers find this server.
pub(super) fn base_of(options: &Options, headers: &HeaderMap) -> Option<String> {
    options.url.clone().or_else(|| base(headers))
}

/// Where the browser found this server. A proxy in front of it says whether that was by TLS.
fn base(headers: &HeaderMap) -> Option<String> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(is_plain) {
        return None;
    }
    let secure = headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https");
    Some(format!("{}://{host}", if secure { "https" } else { "http" }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn source(given: &[(&'static str, &'static str)]) -> Source {
        let headers = given
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        Source::of(&headers.collect(), &["https://site.example".to_owned()])
    }

    #[test]
    fn pages_of_the_server_and_of_allowed_sites_are_ours() {
        let host = ("host", "chat.example:8080");
        assert_eq!(source(&[host, ("origin", "http://chat.example:8080")]), Source::Ours);
        assert_eq!(source(&[host, ("referer", "http://chat.example:8080/page?x")]), Source::Ours);
        assert_eq!(source(&[host, ("referer", "https://site.example/")]), Source::Ours);
        assert_eq!(source(&[host, ("sec-fetch-site", "same-origin")]), Source::Ours);
        for foreign in
            ["http://chat.example", "https://site.example.evil", "null", "http://chat.example:8080@evil"]
        {
            assert_eq!(source(&[host, ("origin", foreign)]), Source::Foreign, "{foreign}");
        }
        assert_eq!(
            source(&[host, ("origin", "null"), ("referer", "https://site.example/")]),
            Source::Foreign
        );
        assert_eq!(source(&[host, ("referer", "https://evil/?https://site.example")]), Source::Foreign);
        assert_eq!(source(&[host, ("sec-fetch-site", "cross-site")]), Source::Foreign);
        assert_eq!(source(&[host]), Source::Unknown);
    }

    #[test]
    fn a_host_that_is_none_is_not_repeated() {
        let of = |host| base(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static(host))]));
        assert_eq!(of("chat.example:8080").as_deref(), Some("http://chat.example:8080"));
        assert_eq!(of("a/b\"<"), None);
    }
}
