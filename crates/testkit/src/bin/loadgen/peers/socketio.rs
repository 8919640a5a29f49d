//! The server in `peers/socketio`, over socket.io's protocol: packets of engine.io 4 (`0` open, `2` ping, `3` pong, `4` message),
//! in which packets of socket.io stand (`0` connect, `2` event, `3` answer, `4` refused connection).

use crate::{
    frame::{self, Frame},
    link::{self, Reader, Writer},
    wire::Wire,
};
use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

const PATH: &str = "/socket.io/?EIO=4&transport=websocket";

/// See [`Wire::alive`].
pub(crate) const ALIVE: (&str, &str) = (r#"427["alive"]"#, "437[");

/// Connects and logs in.
pub(crate) async fn enter(url: &str, user: &str, password: &str) -> Result<(Writer, Reader)> {
    let (mut writer, mut reader) = link::connect_to(url, PATH, None, Wire::SocketIo).await?;
    let opened = reader.one().await?;
    ensure!(opened.starts_with('0'), "engine.io opens with {opened}");
    writer.put(format!("40{}", json!({ "name": user, "password": password }))).await?;
    writer.flush().await?;
    let connected = reader.one().await?;
    ensure!(connected.starts_with("40"), "login: {connected}");
    Ok((writer, reader))
}

/// Makes a group of these users and the one who asks; its number.
pub(crate) async fn make_group(writer: &mut Writer, reader: &mut Reader, users: &[String]) -> Result<u64> {
    writer.put(format!("420{}", json!(["group", users]))).await?;
    writer.flush().await?;
    let answer = reader.one().await?;
    let body = answer.strip_prefix("430").with_context(|| format!("making a group: {answer}"))?;
    let body: Value = serde_json::from_str(body)?;
    body[0]["group"].as_u64().with_context(|| format!("making a group: {answer}"))
}

/// See [`Wire::message`].
pub(crate) fn message(number: u64, to: &str, stamp: u64) -> String {
    format!(r#"42{number}["send",{{"to":"{to}","text":"{}"}}]"#, frame::text(stamp))
}

/// See [`Wire::message_in`].
pub(crate) fn message_in(number: u64, group: u64) -> String {
    format!(r#"42{number}["send",{{"group":{group},"text":"{}"}}]"#, frame::text(0))
}

/// See [`Wire::ack`].
pub(crate) fn ack(conversation: u64, seq: u64) -> String {
    format!(r#"42["seen",{conversation},{seq}]"#)
}

/// See [`Wire::read`].
pub(crate) fn read(text: &str) -> Result<Frame> {
    if text.starts_with(r#"42["message","#) {
        Frame::push(text)
    } else if text.starts_with("43") {
        ensure!(!text.contains(r#"[{"error""#), "the server says {text}");
        Ok(Frame::Sent)
    } else {
        // Among them a ping, which falls due every five minutes at this server: a run is over by then.
        bail!("the server says {text}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(packet: &str, head: &str) -> Value {
        serde_json::from_str(packet.strip_prefix(head).unwrap()).unwrap()
    }

    #[test]
    fn a_message_is_an_event_that_asks_for_an_answer() {
        let event = body(&message(7, "bench00001", 42), "427");
        assert_eq!((&event[0], &event[1]["to"]), (&json!("send"), &json!("bench00001")));
        assert_eq!(event[1]["text"].as_str().unwrap().len(), frame::TEXT);
        let event = body(&message_in(8, 3), "428");
        assert_eq!((&event[0], &event[1]["group"]), (&json!("send"), &json!(3)));
        assert_eq!(body(&ack(3, 9), "42"), json!(["seen", 3, 9]));
    }

    #[test]
    fn events_and_answers_are_read_and_anything_else_ends_the_run() {
        let push = r#"42["message",{"conversation":3,"seq":9,"from":"a","text":"000000000042x"}]"#;
        let Frame::Push { conversation, seq, stamp } = read(push).unwrap() else { panic!("a push") };
        assert_eq!((conversation, seq, stamp), (3, 9, 42));
        assert!(matches!(read(r#"437[{"conversation":3,"seq":9}]"#), Ok(Frame::Sent)));
        for bad in [r#"437[{"error":"no such user"}]"#, "2", "41", r#"44{"message":"wrong"}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
