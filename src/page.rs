//! What the page hears: listeners, messages as the page expects them, and errors of its own code.

use crate::calls::Calls;
use crate::frame::{Body, get, number, set};
use jmessage_client::{Failure, Notice};
use js_sys::{Array, Function, Object, Reflect};
use std::cell::{Cell, RefCell};
use wasm_bindgen::prelude::*;

/// How many messages and events wait for a page that has not called `onMessageReceived` or `onEventReceived` yet.
const MAX_UNHEARD: usize = 1000;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = reportError, catch)]
    fn report_error(error: &JsValue) -> Result<(), JsValue>;
    #[wasm_bindgen(js_namespace = JSON, js_name = stringify, thread_local_v2)]
    static STRINGIFY: Function;
}

/// What a page can listen to, in the order of the face's registrars.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Event {
    Ready,
    Error,
    Connected,
    Disconnected,
    Message,
    Notification,
    Group,
}

impl Event {
    pub(crate) fn from_index(index: usize) -> Option<Self> {
        use Event::{Connected, Disconnected, Error, Group, Message, Notification, Ready};
        [Ready, Error, Connected, Disconnected, Message, Notification, Group].get(index).copied()
    }
}

/// The page's listeners, one for each [`Event`]; the last one wins.
#[derive(Default)]
pub(crate) struct Listeners {
    registered: RefCell<[JsValue; 7]>,
    /// `ready` was said, and holds for those who ask later.
    pub(crate) ready: Cell<bool>,
    /// Messages and events that nobody has heard yet.
    unheard: RefCell<Vec<(Event, JsValue)>>,
}

impl Listeners {
    pub(crate) fn set(&self, event: Event, listener: JsValue) {
        if let Some(slot) = self.registered.borrow_mut().get_mut(event as usize) {
            *slot = listener;
        }
    }

    fn get(&self, event: Event) -> JsValue {
        self.registered.borrow().get(event as usize).cloned().unwrap_or_default()
    }

    fn tell(&self, event: Event, arguments: &[JsValue]) {
        invoke(&self.get(event), arguments);
    }

    /// Tells the page one piece of news.
    pub(crate) fn hear(&self, calls: &Calls, notice: Notice<Body>) {
        match notice {
            Notice::Ready => {
                self.ready.set(true);
                self.tell(Event::Ready, &[]);
            }
            Notice::ConfigError(failure) => self.tell(Event::Error, &failure_arguments(&failure)),
            Notice::Connected => self.tell(Event::Connected, &[]),
            Notice::Disconnected => self.tell(Event::Disconnected, &[]),
            Notice::LoginDone(rid) => calls.succeed(rid, &JsValue::UNDEFINED),
            Notice::LoginFailed(rid, failure) | Notice::CallFailed(rid, failure) => {
                calls.fail(rid, &failure, &JsValue::UNDEFINED);
            }
            Notice::Sent(rid) => calls.succeed(rid, &number(rid)),
            Notice::SendFailed(rid, failure) => calls.fail(rid, &failure, &number(rid)),
            Notice::Answered(rid, data) => {
                calls.succeed(rid, &data.map_or(JsValue::UNDEFINED, |Body(data)| present(data)));
            }
            Notice::Media { .. } => {}
            Notice::Event(Body(event)) => {
                self.keep(Event::Group, event);
                self.hear_messages();
            }
            Notice::Notification(failure) => self.tell(Event::Notification, &failure_arguments(&failure)),
            Notice::Message(Body(message)) => {
                self.keep(Event::Message, message);
                self.hear_messages();
            }
        }
    }

    fn keep(&self, event: Event, value: JsValue) {
        let mut unheard = self.unheard.borrow_mut();
        if unheard.len() >= MAX_UNHEARD && unheard.remove(0).0 == Event::Message {
            warn("JMessage: messages are lost because onMessageReceived was not called");
        }
        unheard.push((event, present(value)));
    }

    /// Hands over the messages and events that wait for a listener, if there is one now.
    pub(crate) fn hear_messages(&self) {
        loop {
            let heard = |(event, _): &(Event, JsValue)| self.get(*event).is_function();
            let Some(at) = self.unheard.borrow().iter().position(heard) else { return };
            let (event, value) = self.unheard.borrow_mut().remove(at);
            self.tell(event, &[value]);
        }
    }
}

pub(crate) fn failure_arguments(failure: &Failure) -> [JsValue; 2] {
    [number(failure.code), JsValue::from_str(&failure.message)]
}

/// Calls a callback of the page, if it is one. What it throws is reported as if the browser had called it.
pub(crate) fn invoke(callback: &JsValue, arguments: &[JsValue]) {
    let Some(callback) = callback.dyn_ref::<Function>() else { return };
    if let Err(error) = callback.apply(&JsValue::UNDEFINED, &arguments.iter().collect::<Array>())
        && report_error(&error).is_err()
    {
        web_sys::console::error_1(&error);
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

/// The keys of the published protocol in the spelling of its documents and in that of the original SDK.
const SPELLINGS: [(&str, &str); 13] = [
    ("target_type", "targetType"),
    ("target_id", "targetId"),
    ("target_name", "targetName"),
    ("from_type", "fromType"),
    ("from_id", "fromId"),
    ("from_name", "fromName"),
    ("from_platform", "fromPlatform"),
    ("create_time", "createTime"),
    ("msg_id", "msgId"),
    ("msg_type", "msgType"),
    ("msg_body", "msgBody"),
    ("from_username", "fromUsername"),
    ("to_username_list", "toUsernameList"),
];

/// A message, an event or an answer for pages of both kinds: those written for camelCase keys and those for snake_case, those that use it
/// as an object and those that call `JSON.parse` on it (which asks for its string first).
fn present(message: JsValue) -> JsValue {
    for (snake, camel) in SPELLINGS {
        let value = get(&message, snake);
        if !value.is_undefined() {
            set(&message, camel, &value);
        }
    }
    let json = STRINGIFY.with(|stringify| stringify.bind1(&JsValue::NULL, &message));
    let hidden = Object::new();
    set(&hidden, "value", &json);
    // Not enumerable, since the descriptor does not say so; fails only for what is no object.
    _ = Reflect::define_property(message.unchecked_ref::<Object>(), &"toString".into(), &hidden);
    message
}
