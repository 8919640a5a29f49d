//! Objects written as JSON text: each byte once, into one buffer, however deep an object is nested.

use crate::{Event, Message, MessageBody, Position, Request, Response, field::Sink};
use std::marker::PhantomData;

/// Room that is made for a frame beside its nested value.
const ROOM: usize = 192;

/// What can stand as a nested value: JSON text already, or an object that writes itself where it stands.
pub trait Nested {
    /// Appends the value as JSON.
    fn write_onto(&self, out: &mut String);

    /// About how many bytes that will be.
    fn size(&self) -> usize;
}

impl Nested for String {
    fn write_onto(&self, out: &mut String) {
        out.push_str(self);
    }

    fn size(&self) -> usize {
        self.len()
    }
}

/// A JSON object being written as text.
pub struct Text<V = String> {
    /// Every field is written with a comma behind it; the last one gives way to the end of the object.
    out: String,
    nested: PhantomData<fn(V)>,
}

impl Text {
    /// An object without fields so far. Nested values are JSON text.
    pub fn new() -> Self {
        Self::onto(String::with_capacity(ROOM))
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::new()
    }
}

impl<V> Text<V> {
    /// An object behind what is written already.
    fn onto(mut out: String) -> Self {
        out.push('{');
        Self { out, nested: PhantomData }
    }

    /// The finished object, and what was before it.
    pub fn finish(mut self) -> String {
        if self.out.ends_with(',') {
            self.out.pop();
        }
        self.out.push('}');
        self.out
    }

    #[inline(always)]
    #[expect(clippy::inline_always, reason = "see below")]
    fn name(&mut self, name: &'static str) {
        self.out.push('"');
        self.out.push_str(name);
        self.out.push_str("\":");
    }

    fn push_number(&mut self, number: u64) {
        self.out.push_str(itoa::Buffer::new().format(number));
    }
}

/// Names are known where a frame is described; written in place they are a few moves each.
#[expect(clippy::inline_always, reason = "a third fewer instructions for each frame, counted")]
impl<V: Nested> Sink for Text<V> {
    type Value = V;

    #[inline(always)]
    fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        push_quoted(&mut self.out, value);
        self.out.push(',');
    }

    #[inline(always)]
    fn word(&mut self, name: &'static str, value: &'static str) {
        self.name(name);
        self.out.push('"');
        self.out.push_str(value);
        self.out.push_str("\",");
    }

    #[inline(always)]
    fn number(&mut self, name: &'static str, value: u64) {
        self.name(name);
        self.push_number(value);
        self.out.push(',');
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
        self.out.push_str("],");
    }

    #[inline]
    fn value(&mut self, name: &'static str, value: V) {
        self.name(name);
        value.write_onto(&mut self.out);
        self.out.push(',');
    }
}

/// Appends an object whose fields `write` writes.
#[inline]
fn object<V>(out: &mut String, write: impl FnOnce(&mut Text<V>)) {
    let mut text = Text::onto(std::mem::take(out));
    write(&mut text);
    *out = text.finish();
}

fn encoded(value: &impl Nested) -> String {
    let mut out = String::with_capacity(value.size());
    value.write_onto(&mut out);
    out
}

/// Appends `text` as a JSON string: quotes, backslashes and control characters escaped, the rest as it is.
pub(super) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    if plain(text.as_bytes()) == text.len() {
        out.push_str(text);
    } else {
        push_escaped(out, text);
    }
    out.push('"');
}

#[cold]
fn push_escaped(out: &mut String, text: &str) {
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
}

/// How many bytes come before the first that stands escaped in a JSON string, or ends one. Most texts have none, so they are
/// looked at in blocks, and the rest eight bytes at a time; the last eight may have been looked at in part before.
pub(super) fn plain(bytes: &[u8]) -> usize {
    let special = |byte: u8| byte < 0x20 || byte == b'"' || byte == b'\\';
    let (blocks, _) = bytes.as_chunks::<32>();
    let is_plain = |block: &&[u8; 32]| block.iter().fold(0, |any, byte| any | u8::from(special(*byte))) == 0;
    let start = 32 * blocks.iter().take_while(is_plain).count();
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.iter().position(|byte| special(*byte)).unwrap_or(bytes.len());
    };
    let (words, _) = bytes[start..].as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        if let Some(at) = special_in(*word) {
            return start + 8 * index + at;
        }
    }
    special_in(*last).map_or(bytes.len(), |at| bytes.len() - 8 + at)
}

/// The first byte of eight that is special, found in all of them at once: the highest bit of each byte of a difference tells
/// whether it fell below zero, and nothing but a byte before it could have made that wrong.
#[inline]
fn special_in(word: [u8; 8]) -> Option<usize> {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let word = u64::from_le_bytes(word);
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let found = (below(word, 0x20) | is(b'"') | is(b'\\')) & HIGH;
    (found != 0).then(|| found.trailing_zeros() as usize / 8)
}

impl Request<String> {
    /// Encodes a request as text. The nested value is JSON text.
    pub fn encode(self) -> String {
        let mut out = String::with_capacity(ROOM);
        object(&mut out, |text| self.write(text));
        out
    }
}

impl<V: Nested> Response<V> {
    /// Encodes a response as text.
    pub fn encode(self) -> String {
        let nested = match &self {
            Self::Push { message: value, .. }
            | Self::Event { event: value, .. }
            | Self::Resync { lost: value, .. }
            | Self::Data { data: Some(value), .. } => value.size(),
            _ => 0,
        };
        let mut out = String::with_capacity(ROOM + nested);
        self.encode_onto(&mut out);
        out
    }

    /// Appends the response as text.
    pub fn encode_onto(self, out: &mut String) {
        object(out, |text| self.write(text));
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
        encoded(self)
    }
}

impl Nested for Message<'_> {
    fn write_onto(&self, out: &mut String) {
        object(out, |text| {
            self.write(text);
            text.value("msg_body", self.body);
        });
    }

    fn size(&self) -> usize {
        let names = [self.target_id, self.target_name, self.from_id, self.from_name];
        256 + names.map(str::len).iter().sum::<usize>() + self.body.size()
    }
}

impl MessageBody<'_> {
    /// `msg_body` as JSON text.
    pub fn encode(&self) -> String {
        encoded(self)
    }
}

impl Nested for MessageBody<'_> {
    fn write_onto(&self, out: &mut String) {
        object::<String>(out, |text| self.write(text));
    }

    fn size(&self) -> usize {
        match self {
            Self::Text(text) => 16 + text.len(),
            Self::Image { .. } | Self::Voice { .. } => 192,
        }
    }
}
