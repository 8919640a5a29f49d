//! Frames as JSON text: for the server and for clients that are not a page.

mod known;
mod text;

pub use known::Known;
pub use text::{Nested, Text};

use crate::{
    Position, Request, Response,
    field::{FrameError, Source},
};
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// The largest number JavaScript carries exactly.
const MAX_NUMBER: u64 = (1 << 53) - 1;
/// Fields beyond this many are a mistake or an attack, not a frame.
const MAX_FIELDS: usize = 32;

/// A JSON object of which only the outer layer was parsed. A repeated field counts once: the last one.
pub struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    /// Parses the outer layer of `text`.
    pub fn parse(text: &'a str) -> Result<Self, FrameError> {
        let mut parser = serde_json::Deserializer::from_str(text);
        let object = parser.deserialize_map(Fields).map_err(|_| FrameError::NotAnObject)?;
        parser.end().map_err(|_| FrameError::NotAnObject)?;
        Ok(object)
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let (_, raw) = self.0.iter().rev().find(|(field, _)| field == name)?;
        Some(raw.get()).filter(|raw| *raw != "null")
    }

    fn parsed<T: serde::de::DeserializeOwned>(&self, name: &'static str) -> Result<Option<T>, FrameError> {
        let parse = |raw| serde_json::from_str(raw).map_err(|_| FrameError::Invalid(name));
        self.get(name).map(parse).transpose()
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut fields = Vec::with_capacity(8);
        while fields.len() < MAX_FIELDS {
            let Some(name) = map.next_key::<Name<'de>>()? else { return Ok(Object(fields)) };
            fields.push((name.0, map.next_value()?));
        }
        match map.next_key::<IgnoredAny>()? {
            None => Ok(Object(fields)),
            Some(_) => Err(serde::de::Error::custom("too many fields")),
        }
    }
}

/// A field's name, borrowed unless it was written with escapes.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'a> Source for Object<'a> {
    type Value = &'a RawValue;

    fn text(&self, name: &'static str) -> Result<Option<String>, FrameError> {
        self.parsed(name)
    }

    fn number(&self, name: &'static str) -> Result<Option<u64>, FrameError> {
        match self.parsed(name)? {
            Some(number) if number > MAX_NUMBER => Err(FrameError::Invalid(name)),
            number => Ok(number),
        }
    }

    fn positions(&self, name: &'static str) -> Result<Option<Vec<Position>>, FrameError> {
        let Some(pairs) = self.parsed::<Vec<(u64, u64)>>(name)? else { return Ok(None) };
        let fits = |&(conversation, seq): &(u64, u64)| conversation <= MAX_NUMBER && seq <= MAX_NUMBER;
        if pairs.len() > crate::MAX_POSITIONS || !pairs.iter().all(fits) {
            return Err(FrameError::Invalid(name));
        }
        Ok(Some(pairs.into_iter().map(|(conversation, seq)| Position { conversation, seq }).collect()))
    }

    fn value(&self, name: &'static str) -> Result<Option<&'a RawValue>, FrameError> {
        let found = self.0.iter().rev().find(|(field, _)| field == name);
        Ok(found.map(|(_, raw)| *raw).filter(|raw| raw.get() != "null"))
    }
}

impl<'a> Request<&'a RawValue> {
    /// Decodes a request from text.
    pub fn decode(text: &'a str) -> Result<Self, FrameError> {
        Self::read(&Object::parse(text)?)
    }
}

impl<'a> Response<&'a RawValue> {
    /// Decodes a response from text.
    pub fn decode(text: &'a str) -> Result<Self, FrameError> {
        Self::read(&Object::parse(text)?)
    }
}

#[cfg(test)]
mod tests;
