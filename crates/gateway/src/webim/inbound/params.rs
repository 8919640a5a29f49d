//! The parameters of a request: its query, then its body, as a form or as a JSON object.

use crate::webim::wire::{Edition, MessageType, Refused, read_show};
use axum::http::{HeaderValue, StatusCode};
use jmessage_model::{Description, Show};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use std::{collections::HashSet, fmt};

/// Parameters of one request at most.
const MAX_COUNT: usize = 64;
/// Bytes of a query, and of a body, at most.
pub(in crate::webim) const MAX_LENGTH: usize = 128 * 1024;
/// Parts of a list at most.
const MAX_PARTS: usize = 500;

/// Names and values; names are case-sensitive, and the first value of a name counts. Bytes that are no UTF-8 become `U+FFFD`.
pub(in crate::webim) struct Params(Vec<(String, String)>);

/// Values may be secrets.
impl fmt::Debug for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, _)| (name, "***"))).finish()
    }
}

impl Params {
    /// Reads the query of an address (without its `?`) and a body. A body without a type is a form; in a JSON object `null` is
    /// absent, an array of plain values is a list, and what is deeper is its own JSON.
    pub(in crate::webim) fn read(
        query: Option<&str>,
        content_type: Option<&HeaderValue>,
        body: &[u8],
    ) -> Result<Self, Refused> {
        let query = query.unwrap_or_default().as_bytes();
        if query.len() > MAX_LENGTH || body.len() > MAX_LENGTH {
            return Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "too long"));
        }
        let mut params = form(query);
        params.extend(match Kind::of(content_type) {
            _ if body.is_empty() => Vec::new(),
            Some(Kind::Form) => form(body),
            Some(Kind::Json) => json(body)?,
            None => {
                let message = "the body must be a form or a JSON object";
                return Err(Refused::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message));
            }
        });
        if params.len() > MAX_COUNT {
            return Err(Refused::bad("too many parameters"));
        }
        Ok(Self(params))
    }

    /// The value as it was given: for what people write (`body`, `status`, `password`), where every text has its meaning.
    pub(in crate::webim) fn verbatim(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// A value that names something, without the blanks around it. What scripts make of a value they do not have (the empty
    /// text, `undefined`, `null`) is absent.
    pub(in crate::webim) fn text(&self, name: &str) -> Option<&str> {
        let value = self.verbatim(name)?.trim();
        (!matches!(value, "" | "undefined" | "null")).then_some(value)
    }

    /// A [`Self::text`] that must be there.
    pub(in crate::webim) fn required(&self, name: &str) -> Result<&str, Refused> {
        self.text(name).ok_or_else(|| Refused::bad(format!("{name} is missing")))
    }

    /// Values with commas between them, each once, in the order given; empty if it is absent.
    pub(in crate::webim) fn list(&self, name: &str) -> Result<Vec<&str>, Refused> {
        let mut known = HashSet::new();
        let parts = self.text(name).unwrap_or_default().split(',').map(str::trim);
        let parts: Vec<_> = parts.filter(|part| !part.is_empty() && known.insert(*part)).collect();
        if parts.len() > MAX_PARTS {
            return Err(Refused::bad(format!("{name} has more than {MAX_PARTS} parts")));
        }
        Ok(parts)
    }

    /// As [`Self::list`], of which the first count: for lists of people, where more than can be told of are passed over.
    pub(in crate::webim) fn first_of(&self, name: &str, most: usize) -> Vec<&str> {
        let mut known = HashSet::new();
        let parts = self.text(name).unwrap_or_default().split(',').map(str::trim);
        parts.filter(|part| !part.is_empty() && known.insert(*part)).take(most).collect()
    }

    /// `true` or `1`; whatever else is there is no.
    pub(in crate::webim) fn flag(&self, name: &str) -> bool {
        matches!(self.text(name), Some("true" | "1"))
    }

    /// `show`, if it is there. A word that is none is refused: whoever wants to hide must not be seen for a slip.
    pub(in crate::webim) fn show(&self) -> Result<Option<Show>, Refused> {
        let read = |word| read_show(word).ok_or_else(|| Refused::bad("no such show"));
        self.text("show").map(read).transpose()
    }

    /// `status`: the line a user shows; an empty one is none.
    pub(in crate::webim) fn status(&self) -> Result<Option<Description>, Refused> {
        let status = self.verbatim("status").filter(|status| !status.is_empty()).map(Description::new);
        status.transpose().map_err(|error| Refused::bad(format!("status {error}")))
    }

    /// `ticket`, or `connection[ticket]` as jQuery sends the object of the seeds.
    pub(in crate::webim) fn ticket(&self) -> Option<&str> {
        self.text("ticket").or_else(|| self.text("connection[ticket]"))
    }

    /// `type`: whom a message is for, or a history is of.
    pub(in crate::webim) fn message_type(&self) -> Result<MessageType, Refused> {
        let read = MessageType::read(self.required("type")?);
        read.map(|(kind, _)| kind).ok_or_else(|| Refused::bad("no such type"))
    }

    /// The contacts `online` is to tell of: `buddy_ids`, in seed 001 `presence_buddies`.
    pub(in crate::webim) fn buddies_to_tell(&self) -> Result<Vec<&str>, Refused> {
        self.list(self.given(["buddy_ids", "presence_buddies"]))
    }

    /// The rooms `online` is to tell of: `room_ids`, in seed 001 `presence_rooms`.
    pub(in crate::webim) fn rooms_to_tell(&self) -> Result<Vec<&str>, Refused> {
        self.list(self.given(["room_ids", "presence_rooms"]))
    }

    /// `id`, or `ids`: which of the two, differs between the seeds and within seed 000.
    pub(in crate::webim) fn ids(&self) -> Result<Vec<&str>, Refused> {
        let ids = self.list(self.given(["ids", "id"]))?;
        if ids.is_empty() { Err(Refused::bad("id is missing")) } else { Ok(ids) }
    }

    fn given<'a>(&self, [first, second]: [&'a str; 2]) -> &'a str {
        if self.text(first).is_some() { first } else { second }
    }

    /// The edition as far as parameters tell: they do in `online` and where there is a `type`. Where they do not, the current
    /// one.
    pub(in crate::webim) fn edition(&self) -> Edition {
        const OLD: [&str; 4] = ["presence_buddies", "presence_rooms", "buddies", "rooms"];
        const CURRENT: [&str; 2] = ["buddy_ids", "room_ids"];
        let has = |names: &[&str]| names.iter().any(|name| self.verbatim(name).is_some());
        let said = self.text("type").and_then(MessageType::read).and_then(|(_, edition)| edition);
        match said {
            Some(edition) => edition,
            None if has(&OLD) && !has(&CURRENT) => Edition::Old,
            None => Edition::Current,
        }
    }
}

/// How a body is written.
enum Kind {
    Form,
    Json,
}

impl Kind {
    fn of(content_type: Option<&HeaderValue>) -> Option<Self> {
        let Some(content_type) = content_type else { return Some(Self::Form) };
        let kind = content_type.to_str().ok()?.split(';').next()?.trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Some(Self::Form),
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// One more than allowed at most, so that the caller sees that it is too many.
fn form(bytes: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(bytes)
        .take(MAX_COUNT + 1)
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

fn json(bytes: &[u8]) -> Result<Vec<(String, String)>, Refused> {
    let Entries(entries) =
        serde_json::from_slice(bytes).map_err(|_| Refused::bad("the body must be a JSON object"))?;
    Ok(entries.into_iter().filter_map(|(name, value)| Some((name, plain(value)?))).collect())
}

/// A value as a form would have it.
fn plain(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        Value::Array(values) if !values.iter().any(|v| v.is_array() || v.is_object()) => {
            Some(values.into_iter().filter_map(plain).collect::<Vec<_>>().join(","))
        }
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => Some(value.to_string()),
    }
}

/// An object in the order written, names that come twice included.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests;
