//! Which pages may ask. A signature is no user's credential, but it is what tells your page from a copy of
//! it on somebody else's site, so it is not for everybody.

use std::str::FromStr;

use axum::http::header::{HOST, ORIGIN, REFERER};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// `scheme://host[:port]` as browsers write it: lower case, no path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin(String);

impl Origin {
    /// The origin of a whole URL.
    fn of_url(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let authority = rest.split(['/', '?', '#']).next()?;
        format!("{scheme}://{authority}").parse().ok()
    }

    fn authority(&self) -> &str {
        self.0.split_once("://").map_or("", |(_, authority)| authority)
    }
}

impl FromStr for Origin {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.to_ascii_lowercase();
        let authority = text.strip_prefix("http://").or_else(|| text.strip_prefix("https://"));
        let part_of_host = |b: u8| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b);
        match authority {
            Some(authority) if !authority.is_empty() && authority.bytes().all(part_of_host) => Ok(Self(text)),
            Some(_) | None => {
                Err("an origin is http:// or https://, a host, and perhaps :port; nothing after")
            }
        }
    }
}

/// The allow-list.
pub(crate) struct Callers {
    origins: Vec<Origin>,
}

impl Callers {
    pub(crate) const fn new(origins: Vec<Origin>) -> Self {
        Self { origins }
    }

    /// For fetch and XMLHttpRequest: the asking origin as the value of `Access-Control-Allow-Origin`, if it is
    /// on the list. Without that header the browser keeps the answer from the page.
    pub(crate) fn cors(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        let origin = headers.get(ORIGIN)?;
        self.lists(&text(headers, &ORIGIN)?.parse().ok()?).then(|| origin.clone())
    }

    /// For JSONP, where no browser would keep anything back: the page's address must be on the list or be
    /// ours. A page that hides its address (`Referrer-Policy: no-referrer`) has to use fetch, unless the
    /// browser vouches that the request comes from our own pages or from the address bar.
    pub(crate) fn may_use_jsonp(&self, headers: &HeaderMap) -> bool {
        if let Some(page) = text(headers, &REFERER) {
            return Origin::of_url(page).is_some_and(|page| {
                self.lists(&page) || text(headers, &HOST).is_some_and(|host| page.authority() == host)
            });
        }
        let site = text(headers, &HeaderName::from_static("sec-fetch-site"));
        matches!(site, Some("same-origin" | "none"))
    }

    fn lists(&self, origin: &Origin) -> bool {
        self.origins.contains(origin)
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
