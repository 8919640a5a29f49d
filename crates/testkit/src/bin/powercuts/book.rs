//! What was said and what the server told of it.

use crate::trace::{Event, What};
use anyhow::{Context, Result, ensure};
use jmessage_testkit::Dice;
use serde_json::Value;
use std::{collections::HashMap, path::Path};

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum To {
    User(String),
    Group(u64),
}

/// A message that a client sends. Its number is the id of the request and the key at once.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) number: u64,
    pub(crate) from: String,
    pub(crate) to: To,
    pub(crate) text: String,
}

impl Message {
    /// A message whose text is `least` to `most` bytes long.
    pub(crate) fn new(number: u64, from: &str, to: To, dice: &mut Dice, least: usize, most: usize) -> Self {
        let mut text = format!("{number} ");
        let length = least + dice.below(most - least);
        while text.len() < length {
            text.push(char::from(b'a' + u8::try_from(dice.below(26)).unwrap_or_default()));
        }
        Self { number, from: from.to_owned(), to, text }
    }

    pub(crate) fn key(&self) -> String {
        self.number.to_string()
    }
}

/// Everything of one run.
#[derive(Default)]
pub(crate) struct Book {
    pub(crate) messages: HashMap<u64, Message>,
    /// The group's number and its owner.
    pub(crate) group: Option<(u64, String)>,
    /// Users, and the number of the event since which each is known to exist.
    pub(crate) users: Vec<(String, usize)>,
}

/// Where a message stands, as a client was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The number of the message; none when all that was told is its place.
    pub(crate) number: u64,
    pub(crate) id: u64,
    pub(crate) conversation: u64,
    pub(crate) seq: u64,
    /// It was an answer, not a push.
    pub(crate) answer: bool,
}

/// What the server told, each with the number of the event that completed it, in their order.
pub(crate) fn told(events: &[Event]) -> Result<Vec<(usize, Told)>> {
    let mut streams: HashMap<&Path, Vec<u8>> = HashMap::new();
    let mut all = Vec::new();
    for (number, event) in events.iter().enumerate() {
        let What::Said(bytes) = &event.what else { continue };
        let stream = streams.entry(&event.path).or_default();
        // The number of a socket may come back.
        if bytes.starts_with(b"HTTP/1.1 ") {
            stream.clear();
        }
        stream.extend_from_slice(bytes);
        let mut taken = 0;
        while let Some(start) = find(&stream[taken..], br#"{"type":""#) {
            let mut frames =
                serde_json::Deserializer::from_slice(&stream[taken + start..]).into_iter::<Value>();
            match frames.next() {
                Some(Ok(frame)) => {
                    taken += start + frames.byte_offset();
                    all.extend(read(&frame)?.map(|told| (number, told)));
                }
                Some(Err(error)) if error.is_eof() => {
                    taken += start;
                    break;
                }
                _ => taken += start + 1,
            }
        }
        stream.drain(..taken);
    }
    Ok(all)
}

fn read(frame: &Value) -> Result<Option<Told>> {
    let field = |of: &Value, name: &str| of[name].as_u64().with_context(|| format!("no {name} in a frame"));
    let place = |number, id, answer| {
        let (conversation, seq) = (field(frame, "conversation")?, field(frame, "seq")?);
        anyhow::Ok(Some(Told { number, id, conversation, seq, answer }))
    };
    match frame["type"].as_str() {
        Some("sent") => place(field(frame, "id")?, field(frame, "msg_id")?, true),
        Some("push") => {
            let message = &frame["message"];
            let text = message["msg_body"]["text"].as_str().context("a push without a text")?;
            let number = text.split(' ').next().and_then(|digits| digits.parse().ok());
            place(number.context("a push of no message of ours")?, field(message, "msg_id")?, false)
        }
        _ => Ok(None),
    }
}

fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// No message was answered with two places.
pub(crate) fn agree(told: &[(usize, Told)]) -> Result<()> {
    let mut places = HashMap::new();
    for (_, told) in told {
        let place = (told.id, told.conversation, told.seq);
        let first = *places.entry(told.number).or_insert(place);
        ensure!(first == place, "message {} was told as {first:?} and as {place:?}", told.number);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_counts_from_the_write_that_completes_it() {
        let said = |text: &str| Event { path: "socket:[1]".into(), what: What::Said(text.into()) };
        let events = [
            said("HTTP/1.1 101 Switching Protocols\r\n\r\n"),
            said("\u{1}{\"type\":\"pong\"}\u{2}{\"type\":\"sent\",\"id\":7,\"msg_id\":9,"),
            said("\"conversation\":3,\"seq\":4,\"create_time\":1}\u{1}"),
        ];
        let told = told(&events).unwrap();
        assert_eq!(told, [(2, Told { number: 7, id: 9, conversation: 3, seq: 4, answer: true })]);
    }
}
