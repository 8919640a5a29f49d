//! Frames as JSON text: for the server and for clients that are not a page.

use crate::{
    Event, Message, MessageBody, Position, Request, Response,
    field::{FrameError, Sink, Source},
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

/// A JSON object being written as text. Nested values are JSON text already.
pub struct Text {
    out: String,
}

impl Text {
    /// An object without fields so far.
    pub fn new() -> Self {
        let mut out = String::with_capacity(256);
        out.push('{');
        Self { out }
    }

    /// The finished object.
    pub fn finish(mut self) -> String {
        self.out.push('}');
        self.out
    }

    fn name(&mut self, name: &str) {
        if self.out.len() > 1 {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    fn push_number(&mut self, number: u64) {
        self.out.push_str(itoa::Buffer::new().format(number));
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

impl Sink for Text {
    type Value = String;

    fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        push_quoted(&mut self.out, value);
    }

    fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        self.push_number(value);
    }

    fn positions(&mut self, name: &'static str, value: &[Position]) {
        self.name(name);
        self.out.push('[');
        for (index, position) in value.iter().enumerate() {
            self.out.push_str(if index == 0 { "[" } else { ",[" });
            self.push_number(position.conversation);
            self.out.push(',');
            self.push_number(position.seq);
            self.out.push(']');
        }
        self.out.push(']');
    }

    fn value(&mut self, name: &'static str, value: String) {
        self.out.reserve(name.len() + value.len() + 64);
        self.name(name);
        self.out.push_str(&value);
    }
}

/// Appends `text` as a JSON string: quotes, backslashes and control characters escaped, the rest as it is.
fn push_quoted(out: &mut String, text: &str) {
    out.reserve(text.len() + 2);
    out.push('"');
    let mut rest = text;
    loop {
        let (plain, special) = rest.split_at(plain(rest.as_bytes()));
        out.push_str(plain);
        let Some(&byte) = special.as_bytes().first() else { break };
        match byte {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ => {
                out.push_str("\\u00");
                for digit in [byte >> 4, byte & 15] {
                    out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
                }
            }
        }
        rest = &special[1..];
    }
    out.push('"');
}

/// How many bytes come before the first that is to be escaped; most texts have none, so they are looked at in blocks.
fn plain(bytes: &[u8]) -> usize {
    let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let (blocks, _) = bytes.as_chunks::<32>();
    let plain = blocks.iter().take_while(|block| !block.iter().fold(false, |any, byte| any | special(*byte)));
    let start = 32 * plain.count();
    let rest = &bytes[start..];
    start + rest.iter().position(|byte| special(*byte)).unwrap_or(rest.len())
}

impl<'a> Request<&'a RawValue> {
    /// Decodes a request from text.
    pub fn decode(text: &'a str) -> Result<Self, FrameError> {
        Self::read(&Object::parse(text)?)
    }
}

impl Request<String> {
    /// Encodes a request as text. `msg_body` is JSON text.
    pub fn encode(self) -> String {
        let mut text = Text::new();
        self.write(&mut text);
        text.finish()
    }
}

impl<'a> Response<&'a RawValue> {
    /// Decodes a response from text.
    pub fn decode(text: &'a str) -> Result<Self, FrameError> {
        Self::read(&Object::parse(text)?)
    }
}

impl Response<String> {
    /// Encodes a response as text. `message` is JSON text.
    pub fn encode(self) -> String {
        let mut text = Text::new();
        self.write(&mut text);
        text.finish()
    }
}

impl Event<'_> {
    /// The whole event as JSON text; `users` are the names of `to_username_list`.
    pub fn encode<'a>(&self, users: impl IntoIterator<Item = &'a str>) -> String {
        let mut list = String::from("[");
        for user in users {
            if list.len() > 1 {
                list.push(',');
            }
            push_quoted(&mut list, user);
        }
        list.push(']');
        let mut text = Text::new();
        self.write(&mut text);
        text.value("to_username_list", list);
        text.finish()
    }
}

impl Message<'_> {
    /// The whole message as JSON text.
    pub fn encode(&self) -> String {
        let mut text = Text::new();
        self.write(&mut text);
        text.value("msg_body", self.body.encode());
        text.finish()
    }
}

impl MessageBody<'_> {
    /// `msg_body` as JSON text.
    pub fn encode(&self) -> String {
        let mut text = Text::new();
        self.write(&mut text);
        text.finish()
    }
}

#[cfg(test)]
mod tests;
