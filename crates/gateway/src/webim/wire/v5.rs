//! What the servers of sites are told (v5).

use super::{ById, Success, Text, Told};
use serde::Serialize;

/// The answer of `presences/online`. Clients of 5.4 and later read `presences`, those of 5.0 to 5.2 `buddies` and `groups`.
#[derive(Debug, Serialize)]
pub(in crate::webim) struct SiteOnline<'a> {
    pub(in crate::webim) success: Success<true>,
    /// The right to poll: a secret of the page.
    pub(in crate::webim) ticket: Text<'a>,
    /// The address of the poll, absolute; clients read `jsonpd`.
    pub(in crate::webim) server: &'a str,
    pub(in crate::webim) jsonpd: &'a str,
    /// A page that is given one connects there instead of polling.
    pub(in crate::webim) websocket: Text<'a>,
    /// The show of each of the user's contacts that is to be seen, by its id: an object, and never a list, when there is none.
    pub(in crate::webim) presences: &'a ById<'a, Told>,
    /// The same.
    pub(in crate::webim) buddies: &'a ById<'a, Told>,
    /// How many members of each of the rooms that were named are to be seen.
    pub(in crate::webim) groups: ById<'a, usize>,
}

/// That it is done: an object, since the clients in Java and C# read no other JSON.
#[derive(Debug, Serialize)]
#[serde(tag = "status", rename = "ok")]
pub(in crate::webim) struct SiteDone {}

/// The answer of `rooms/{id}/join`.
#[derive(Debug, Serialize)]
pub(in crate::webim) struct SiteJoined<'a> {
    pub(in crate::webim) id: &'a str,
    /// Members that are to be seen.
    pub(in crate::webim) count: usize,
}

/// A member in the answer of the older `group/members`.
#[derive(Debug, Serialize)]
pub(in crate::webim) struct SiteMember<'a> {
    pub(in crate::webim) id: Text<'a>,
    pub(in crate::webim) nick: Text<'a>,
}
