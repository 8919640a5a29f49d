//! Small helpers around frames.

use anyhow::{Result, anyhow};
use jmessage_proto::{Request, Response, Sink, json::Text};

/// The `msg_body` of a text message, as JSON.
pub fn text_body(text: &str) -> String {
    let mut body = Text::new();
    body.text("text", text);
    body.finish()
}

/// A response as it stood on the wire, without the token that a session carries.
pub fn describe(response: &Response<String>) -> String {
    match response.clone() {
        Response::Session { id, username, nickname, .. } => {
            Response::Session { id, token: "***".into(), username, nickname }.encode()
        }
        other => other.encode(),
    }
}

/// Reads a frame of the server.
pub(crate) fn decode(text: &str) -> Result<Response<String>> {
    let read = Response::decode(text).map_err(|error| anyhow!("{error}: {text}"))?;
    Ok(read.map_message(|raw| raw.get().to_owned()))
}

/// The id by which a request is answered, if it is answered.
pub(crate) fn id_of_request<V>(request: &Request<V>) -> Option<u64> {
    match request {
        Request::Config { id, .. }
        | Request::Login { id, .. }
        | Request::Resume { id, .. }
        | Request::Logout { id }
        | Request::Send { id, .. }
        | Request::Call { id, .. } => Some(*id),
        Request::Ack { .. } | Request::Sync { .. } | Request::Ping => None,
    }
}

/// The request that a response answers.
pub(crate) fn id_of_response<V>(response: &Response<V>) -> Option<u64> {
    match response {
        Response::Configured { id }
        | Response::Session { id, .. }
        | Response::Sent { id, .. }
        | Response::Done { id }
        | Response::Data { id, .. } => Some(*id),
        Response::Error { id, .. } => *id,
        Response::Push { .. }
        | Response::Event { .. }
        | Response::From { .. }
        | Response::Kicked { .. }
        | Response::Pong => None,
    }
}
