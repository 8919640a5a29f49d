//! Small helpers around frames.

use anyhow::{Result, anyhow};
use jmessage_proto::{Response, Sink, json::Text};

/// The `msg_body` of a text message, as JSON.
pub fn text_body(text: &str) -> String {
    let mut body = Text::new();
    body.text("text", text);
    body.finish()
}

/// A response as it stood on the wire, without the token that a session carries.
pub fn describe(response: &Response<String>) -> String {
    let shown = match response.clone() {
        Response::Session { id, username, nickname, .. } => {
            Response::Session { id, token: "***".into(), username, nickname }
        }
        other => other,
    };
    shown.encode()
}

/// Reads a frame of the server.
pub(crate) fn decode(text: &str) -> Result<Response<String>> {
    let read = Response::decode(text).map_err(|error| anyhow!("{error}: {text}"))?;
    Ok(read.map_message(|raw| raw.get().to_owned()))
}
