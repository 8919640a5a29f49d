//! Frames as the load generator reads and writes them: by their shape, without parsing JSON.

use crate::wire::Wire;
use anyhow::{Context, Result, bail};
use jmessage_proto::Request;
use jmessage_testkit::{send, text_body};

/// The length of every text sent, in bytes.
pub(crate) const TEXT: usize = 200;
/// Digits at the start of a text: the time at which it was due, in microseconds since the run began.
const STAMP: usize = 12;

/// What came.
pub(crate) enum Frame {
    /// A message, with its place and its time stamp.
    Push { conversation: u64, seq: u64, stamp: u64 },
    /// The server has a message.
    Sent,
    /// Anything that needs no action.
    Other,
}

impl Frame {
    /// Reads a frame; an error from the server ends the run.
    pub(crate) fn read(text: &str) -> Result<Self> {
        if text.starts_with(r#"{"type":"push""#) {
            Self::push(text)
        } else if text.starts_with(r#"{"type":"sent""#) {
            Ok(Self::Sent)
        } else if text.starts_with(r#"{"type":"error""#) || text.starts_with(r#"{"type":"kicked""#) {
            bail!("the server says {text}")
        } else {
            Ok(Self::Other)
        }
    }

    /// Reads a frame that is known to carry a message.
    pub(crate) fn push(text: &str) -> Result<Self> {
        let conversation = digits(after(text, r#""conversation":"#)?)?;
        let seq = digits(after(text, r#""seq":"#)?)?;
        Ok(Self::Push { conversation, seq, stamp: stamp(text)? })
    }
}

/// A text of [`TEXT`] bytes, due at `stamp`.
pub(crate) fn text(stamp: u64) -> String {
    format!("{stamp:0STAMP$}{:x<1$}", "", TEXT - STAMP)
}

/// A message of [`TEXT`] bytes to `to`, due at `stamp`. `number` is both its id and its key.
pub(crate) fn message(number: u64, to: &str, stamp: u64) -> String {
    send(number, &number.to_string(), to, &text(stamp)).encode()
}

/// A message of [`TEXT`] bytes to a group. `number` is both its id and its key.
pub(crate) fn message_in(number: u64, group: u64) -> String {
    Request::Send {
        id: number,
        key: number.to_string(),
        target_type: "group".to_owned(),
        target_id: group.to_string(),
        msg_type: "text".to_owned(),
        msg_body: text_body(&text(0)),
    }
    .encode()
}

/// The time stamp in a frame that carries a message of ours.
pub(crate) fn stamp(text: &str) -> Result<u64> {
    digits(after(text, r#""text":""#)?)
}

/// Tells the server what has arrived.
pub(crate) fn ack(conversation: u64, seq: u64) -> String {
    format!(r#"{{"type":"ack","cursors":[[{conversation},{seq}]]}}"#)
}

/// When to acknowledge, as the SDK does it: after 64 messages or 200 ms, whichever comes first.
pub(crate) struct Acks {
    wire: Wire,
    unacknowledged: u32,
    first: u64,
}

impl Acks {
    const COUNT: u32 = 64;
    const MICROS: u64 = 200_000;

    pub(crate) fn over(wire: Wire) -> Self {
        Self { wire, unacknowledged: 0, first: 0 }
    }

    /// A message arrived at `now`; the acknowledgement to send with the next write, if it is time for one.
    pub(crate) fn arrived(&mut self, now: u64, conversation: u64, seq: u64) -> Option<String> {
        if self.unacknowledged == 0 {
            self.first = now;
        }
        self.unacknowledged += 1;
        if self.unacknowledged < Self::COUNT && now.saturating_sub(self.first) < Self::MICROS {
            return None;
        }
        self.unacknowledged = 0;
        self.wire.ack(conversation, seq)
    }
}

fn after<'a>(text: &'a str, name: &str) -> Result<&'a str> {
    let at = text.find(name).with_context(|| format!("no {name} in {text}"))?;
    Ok(&text[at + name.len()..])
}

/// The number at the start of a text.
pub(crate) fn digits(text: &str) -> Result<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    Ok(text[..end].parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_carries_200_bytes_and_its_stamp() {
        let frame = message(7, "bench0001", 123_456);
        let body: serde_json::Value = serde_json::from_str(&frame).unwrap();
        assert_eq!(body["msg_body"]["text"].as_str().unwrap().len(), TEXT);
        assert_eq!(stamp(&frame).unwrap(), 123_456);
    }

    #[test]
    fn pushes_are_read_and_errors_end_the_run() {
        let push =
            r#"{"type":"push","conversation":3,"seq":9,"message":{"msg_body":{"text":"000000000042x"}}}"#;
        let Frame::Push { conversation, seq, stamp } = Frame::read(push).unwrap() else { panic!("a push") };
        assert_eq!((conversation, seq, stamp), (3, 9, 42));
        assert!(Frame::read(r#"{"type":"error","code":872000,"message":"m"}"#).is_err());
    }

    #[test]
    fn acknowledgements_are_gathered() {
        let mut acks = Acks::over(Wire::Jmessage);
        assert_eq!(acks.arrived(0, 3, 1), None);
        assert_eq!(acks.arrived(199_999, 3, 2), None);
        assert_eq!(acks.arrived(200_000, 3, 3).as_deref(), Some(r#"{"type":"ack","cursors":[[3,3]]}"#));
        assert_eq!((4..67).find(|seq| acks.arrived(300_000, 3, *seq).is_some()), None);
        assert!(acks.arrived(300_000, 3, 67).is_some());
    }
}
