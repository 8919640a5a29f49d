//! What pages send and are told, as JSON text, and what it says.

use crate::history::{Body as Said, GroupNews};
use jmessage_client::Payload;
use jmessage_proto::{DISSOLVED, Request, Response};
use serde_json::{Value, json, value::RawValue};

/// A nested value of a frame. Read once, when it arrives.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Body(pub(super) Value);

impl Payload for Body {
    fn is_own_copy(&self, username: &str) -> bool {
        // As in the SDK.
        let is_me = |name: &str| self.0[name].as_str() == Some(username);
        is_me("from_id") && !is_me("target_id")
    }
}

impl Body {
    /// The body of a text message.
    pub(super) fn text(text: &str) -> Self {
        Self(json!({ "text": text }))
    }

    /// Who says what.
    pub(super) fn said(&self) -> (String, Said) {
        let text = |name: &str| self.0[name].as_str().unwrap_or_default().to_owned();
        if self.0["event_type"].is_null() {
            let words = self.0["msg_body"]["text"].as_str().unwrap_or_default();
            return (text("from_id"), Said::Text(words.to_owned()));
        }
        let from = text("from_username");
        let listed = self.0["to_username_list"].as_array().into_iter().flatten();
        let users: Vec<_> = listed.filter_map(|name| name.as_str().map(str::to_owned)).collect();
        let news = match self.0["event_type"].as_str() {
            Some("create_group") => GroupNews::Created,
            Some("add_members") => GroupNews::Added,
            Some("remove_members") => GroupNews::Removed,
            _ if text("description") == DISSOLVED => GroupNews::Dissolved,
            _ => GroupNews::Left,
        };
        (from, Said::Group(news, users))
    }
}

/// A frame on its way to the server.
pub(super) fn encode(request: Request<Body>) -> String {
    request.map_body(|body| body.0.to_string()).encode()
}

/// A frame from the server; none if it makes no sense, which the history will show.
pub(super) fn decode(text: &str) -> Option<Response<Body>> {
    let read = |raw: &RawValue| Body(serde_json::from_str(raw.get()).unwrap_or_default());
    Response::decode(text).ok().map(|response| response.map_message(read))
}
