//! What the page hears of the SDK, by way of the face, and what of the page's surroundings matters here.

use crate::frame::{Body, get, number};
use jmessage_client::{Failure, Notice};
use jmessage_proto::Position;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// The page's side of the SDK (`pkg/src/face.js`), where listeners and callbacks are.
    pub type Face;

    /// Takes a piece of news and tells the page once the present call has returned. Never throws.
    #[wasm_bindgen(method)]
    fn hear(this: &Face, what: u32, a: JsValue, b: JsValue, c: JsValue);

    /// `JMessage.debug`.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn debug(this: &Face) -> bool;
}

/// The kinds of news, numbered as in the face.
#[derive(Clone, Copy)]
enum News {
    Ready,
    /// Code and message.
    Error,
    /// The URL of the socket.
    Connected,
    Disconnected,
    /// The message, its conversation and its position there.
    Message,
    /// Code and message.
    Notification,
    /// The event, its conversation and its position there.
    Event,
    /// Which chat is concerned, its conversation and the position up to which it is.
    Resync,
    /// How many entries of those that waited have come, and how many waited.
    Backlog,
    /// The number of a call, and what it led to.
    Done,
    /// The number of a call, code and message.
    Failed,
    /// Where to read media, and where to upload them.
    Media,
    /// The number of a message whose image is to be uploaded now.
    Upload,
    /// The ticket with which the signer is asked.
    Sign,
}

impl Face {
    fn say(&self, what: News, a: JsValue, b: JsValue, c: JsValue) {
        self.hear(what as u32, a, b, c);
    }

    fn say_failure(&self, what: News, Failure { code, message }: Failure) {
        self.say(what, number(code), message.into(), JsValue::UNDEFINED);
    }

    fn say_entry(&self, what: News, Position { conversation, seq }: Position, Body(value): Body) {
        self.say(what, value, number(conversation), number(seq));
    }

    fn say_done(&self, rid: u64, value: JsValue) {
        self.say(News::Done, number(rid), value, JsValue::UNDEFINED);
    }

    /// The call of this number failed.
    pub(crate) fn refuse(&self, rid: u64, Failure { code, message }: Failure) {
        self.say(News::Failed, number(rid), number(code), message.into());
    }

    /// The image of this message may be uploaded.
    pub(crate) fn let_upload(&self, rid: u64) {
        self.say(News::Upload, number(rid), JsValue::UNDEFINED, JsValue::UNDEFINED);
    }

    /// The page's signer is to sign.
    pub(crate) fn ask_signer(&self, ticket: u64) {
        self.say(News::Sign, number(ticket), JsValue::UNDEFINED, JsValue::UNDEFINED);
    }

    /// `url` is that of the socket.
    pub(crate) fn tell(&self, notice: Notice<Body>, url: &str) {
        let nothing = JsValue::UNDEFINED;
        match notice {
            Notice::Ready => self.say(News::Ready, nothing.clone(), nothing.clone(), nothing),
            Notice::ConfigError(failure) => self.say_failure(News::Error, failure),
            Notice::Connected => self.say(News::Connected, url.into(), nothing.clone(), nothing),
            Notice::Disconnected => self.say(News::Disconnected, nothing.clone(), nothing.clone(), nothing),
            Notice::LoginDone(rid) | Notice::Sent(rid) => self.say_done(rid, nothing),
            Notice::Answered(rid, data) => self.say_done(rid, data.map_or(nothing, |Body(data)| data)),
            Notice::LoginFailed(rid, failure)
            | Notice::SendFailed(rid, failure)
            | Notice::CallFailed(rid, failure) => self.refuse(rid, failure),
            Notice::Message(at, message) => self.say_entry(News::Message, at, message),
            Notice::Event(at, event) => self.say_entry(News::Event, at, event),
            Notice::Resync(at, lost) => self.say_entry(News::Resync, at, lost),
            Notice::Backlog(done, total) => self.say(News::Backlog, number(done), number(total), nothing),
            Notice::Media { url, upload } => self.say(News::Media, url.into(), upload.into(), nothing),
            Notice::Notification(failure) => self.say_failure(News::Notification, failure),
        }
    }
}

fn location(part: &str) -> String {
    get(&get(&js_sys::global(), "location"), part).as_string().unwrap_or_default()
}

/// Whether the page came over https.
pub(crate) fn is_secure() -> bool {
    location("protocol") == "https:"
}

/// Whether this is a page that others than its developer may see. Node has no location.
pub(crate) fn is_public() -> bool {
    !matches!(location("hostname").as_str(), "" | "localhost" | "127.0.0.1" | "[::1]")
}

pub(crate) fn warn(text: &str) {
    web_sys::console::warn_1(&text.into());
}
