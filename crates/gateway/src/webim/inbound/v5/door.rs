//! Who calls: a site, by its domain and its App's secret; or, where something is only read, a page by its ticket.

use super::{super::caller::FETCH_SITE, Params};
use crate::webim::{Gateway, packets, session::Page, wire::Refused};
use axum::http::{HeaderMap, StatusCode, header};
use data_encoding::BASE64;
use jmessage_core::{Core, Error};
use jmessage_model::AppId;
use std::{fmt, sync::Arc};

/// What a site gave to prove which one it is. Prints without the secret.
pub(super) struct Given(Option<(String, String)>);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Given").field(&self.0.as_ref().map(|(domain, _)| (domain, "***"))).finish()
    }
}

impl Given {
    /// From `Authorization`, or else from the body as older clients do; an address is no place for a secret. A browser that was once
    /// given the secret would send it whoever makes it ask, so what comes from one counts for nothing.
    pub(super) fn of(headers: &HeaderMap, body: &Params) -> Result<Self, Refused> {
        if is_of_browser(headers) {
            return Ok(Self(None));
        }
        let Some(authorization) = headers.get(header::AUTHORIZATION) else {
            let given = (body.text("domain"), body.text("apikey"));
            return Ok(Self(match given {
                (Some(domain), Some(key)) => Some((domain.to_owned(), key.to_owned())),
                _ => None,
            }));
        };
        basic(authorization.to_str().unwrap_or_default())
            .map(|given| Self(Some(given)))
            .ok_or_else(Refused::not_authorized)
    }
}

/// Whether a page of today's browsers asks.
pub(super) fn is_of_browser(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.contains_key(FETCH_SITE)
}

/// The two halves of `Basic`.
fn basic(authorization: &str) -> Option<(String, String)> {
    let (scheme, encoded) = authorization.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64.decode(encoded.trim().as_bytes()).ok()?).ok()?;
    let (domain, key) = decoded.split_once(':')?;
    Some((domain.to_owned(), key.to_owned()))
}

/// A call, as far as it says who makes it and what it wants.
pub(super) struct Asked {
    pub(super) params: Params,
    pub(super) given: Given,
    /// Where browsers find this server.
    pub(super) base: Option<String>,
}

/// The site that calls, and its mount.
pub(super) struct Site {
    pub(super) gateway: Arc<Gateway>,
    pub(super) app: AppId,
}

impl Asked {
    /// The ticket, which must be there.
    pub(super) fn ticket(&self) -> Result<&str, Refused> {
        self.params.ticket().ok_or_else(|| Refused::bad("ticket is missing"))
    }

    /// The site, if it has proven which one it is. Two Apps may share a domain: their secrets differ.
    pub(super) async fn site(&self, gateways: &[Arc<Gateway>]) -> Result<Site, Refused> {
        let (domain, key) = self.given.0.as_ref().ok_or_else(Refused::not_authorized)?;
        for gateway in gateways.iter().filter(|gateway| gateway.mount.domain == *domain) {
            match gateway.core.app(&gateway.mount.app).await {
                Ok(app) if app.has_secret(key) => return Ok(Site { gateway: gateway.clone(), app: app.id }),
                Ok(_) | Err(Error::NoSuchApp) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Refused::not_authorized())
    }

    /// Who only wants to see something: a site, or else a page of one.
    pub(super) async fn reader(
        &self,
        gateways: &[Arc<Gateway>],
    ) -> Result<(Site, Option<Arc<Page>>), Refused> {
        if self.given.0.is_some() {
            return Ok((self.site(gateways).await?, None));
        }
        let found = self.params.ticket().and_then(|ticket| packets::find(gateways, ticket));
        let (gateway, page) = found.ok_or_else(Refused::not_authorized)?;
        let app = page.poller.session.user.app;
        Ok((Site { gateway, app }, Some(page)))
    }
}

/// The ticket is none, or none any more.
pub(super) fn unknown() -> Refused {
    Refused::new(StatusCode::NOT_FOUND, packets::UNKNOWN)
}

impl Site {
    pub(super) fn core(&self) -> &Core {
        &self.gateway.core
    }

    /// The page of the ticket.
    pub(super) fn page(&self, asked: &Asked) -> Result<Arc<Page>, Refused> {
        self.gateway.pages.page(asked.ticket()?).ok_or_else(unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_is_domain_and_secret() {
        let of = |text: &str| basic(&format!("Basic {}", BASE64.encode(text.as_bytes())));
        assert_eq!(of("www.example.com:a:b"), Some(("www.example.com".into(), "a:b".into())));
        assert_eq!(of("www.example.com"), None);
        assert_eq!(basic("basic YTpi"), Some(("a".into(), "b".into())), "the scheme's case does not matter");
        for wrong in ["", "Basic", "Basic !", "Bearer YTpi", "Basic //8="] {
            assert_eq!(basic(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_read_from_a_body_and_never_printed() {
        let body = Params::read(None, None, b"domain=d&apikey=whisper").unwrap();
        let given = Given::of(&HeaderMap::new(), &body).unwrap();
        assert_eq!(given.0, Some(("d".into(), "whisper".into())));
        assert!(!format!("{given:?}").contains("whisper"));
    }
}
