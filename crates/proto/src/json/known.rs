//! The two frames that come most, read in one pass if they are written as the SDK and [`Request::encode`] write them: fields
//! in that order, no blanks. Whatever looks otherwise is left to [`Request::decode`], which reads these alike.

use super::{MAX_NUMBER, text::plain};
use crate::Position;
#[cfg(doc)]
use crate::Request;

/// A frame of a known shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known<'a> {
    /// A [`Request::Send`] of type `text` whose body is a text and nothing else.
    #[expect(missing_docs, reason = "the fields are named as on the wire")]
    Text { id: u64, key: &'a str, target_type: &'a str, target_id: &'a str, text: String },
    /// A [`Request::Ack`] of at least one position.
    #[expect(missing_docs, reason = "the fields are named as on the wire")]
    Ack { cursors: Vec<Position> },
}

impl<'a> Known<'a> {
    /// Reads a frame; `None` if it must be decoded.
    pub fn read(frame: &'a str) -> Option<Self> {
        let rest = frame.strip_prefix("{\"type\":\"")?;
        match rest.strip_prefix("send\",\"id\":") {
            Some(rest) => send(rest),
            None => ack(rest.strip_prefix("ack\",\"cursors\":[")?),
        }
    }
}

fn send(rest: &str) -> Option<Known<'_>> {
    let (id, rest) = number(rest)?;
    let (key, rest) = word(rest.strip_prefix(",\"key\":\"")?)?;
    let (target_type, rest) = word(rest.strip_prefix(",\"target_type\":\"")?)?;
    let (target_id, rest) = word(rest.strip_prefix(",\"target_id\":\"")?)?;
    let rest = rest.strip_prefix(",\"msg_type\":\"text\",\"msg_body\":{\"text\":")?;
    let (text, rest) = text(rest)?;
    (rest == "}}").then_some(Known::Text { id, key, target_type, target_id, text })
}

fn ack(mut rest: &str) -> Option<Known<'_>> {
    let mut cursors = Vec::new();
    loop {
        let (conversation, behind) = number(rest.strip_prefix('[')?)?;
        let (seq, behind) = number(behind.strip_prefix(',')?)?;
        cursors.push(Position { conversation, seq });
        match behind.strip_prefix("],") {
            Some(behind) if cursors.len() < crate::MAX_POSITIONS => rest = behind,
            _ => return (behind == "]]}").then_some(Known::Ack { cursors }),
        }
    }
}

/// A number as JavaScript writes it, and what follows.
fn number(text: &str) -> Option<(u64, &str)> {
    let mut number = 0_u64;
    let mut digits = 0;
    for byte in text.bytes().take_while(u8::is_ascii_digit) {
        number = number.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        digits += 1;
    }
    let leads_with_zero = digits > 1 && text.starts_with('0');
    (digits > 0 && number <= MAX_NUMBER && !leads_with_zero).then(|| (number, &text[digits..]))
}

/// What is left of a string without escapes behind its first quote, and what follows the last.
fn word(text: &str) -> Option<(&str, &str)> {
    let (word, rest) = text.split_at(plain(text.as_bytes()));
    Some((word, rest.strip_prefix('"')?))
}

/// Any string with its quotes, and what follows it.
fn text(quoted: &str) -> Option<(String, &str)> {
    if let Some((word, rest)) = word(quoted.strip_prefix('"')?) {
        return Some((word.to_owned(), rest));
    }
    let mut values = serde_json::Deserializer::from_str(quoted).into_iter();
    let text = values.next()?.ok()?;
    Some((text, &quoted[values.byte_offset()..]))
}
