//! The calls of `JMessage`, as the face makes them once this is loaded.

use crate::calls::Call;
use crate::driver::Driver;
use crate::frame::{Body, get, json, number, set};
use crate::options::{CallOptions, ConfigOptions, argument, read};
use crate::page::{Event, complain, invoke, is_secure};
use crate::server::socket_url;
use crate::signer;
use jmessage_client::{Client, Failure, Notice, Outgoing, Timeouts};
use jmessage_proto::{Code, MAX_FRAME, TargetType};
use js_sys::Object;
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// The most that `msg_body` may weigh as JSON, in bytes: the rest of the frame fits beside it.
const MAX_BODY: usize = MAX_FRAME - 1024;

/// One chat client. The face holds one; more of them do not know of each other.
#[wasm_bindgen]
pub struct Sdk {
    driver: Rc<Driver>,
    /// The `JMessage` object: its `requestTimeOut` and `loginTimeOut` are read at each call.
    face: JsValue,
    /// The address when `config` names none; empty if unknown.
    server: String,
}

#[wasm_bindgen]
impl Sdk {
    /// `next_rid` is the first request number that the face has not given away.
    #[wasm_bindgen(constructor)]
    pub fn new(face: JsValue, server: String, next_rid: u32) -> Self {
        let seed = u64::from_le_bytes(signer::random());
        Self { driver: Driver::new(Client::new(seed, next_rid.into())), face, server }
    }

    /// `JMessage.init()`: connects.
    pub fn init(&self) {
        match self.move_to(&self.server, "server") {
            Ok(_) => self.driver.tell(Client::init),
            Err(failure) => self.driver.announce(Notice::ConfigError(failure)),
        }
    }

    /// `JMessage.config({…})` (`seeds/002 §配置与验证`): the four fields, or `appKey` with `signer` or `masterSecrect`.
    pub fn config(&self, options: JsValue) {
        self.driver.listeners.ready.set(false);
        if let Err(failure) = self.configure(&read(options)) {
            self.driver.announce(Notice::ConfigError(failure));
        }
    }

    /// A registrar: `event` is the index of an [`Event`]. The listener is the page's only one of its kind.
    pub fn on(&self, event: usize, listener: JsValue) {
        let Some(event) = Event::from_index(event) else { return };
        if !listener.is_function() {
            complain("JMessage: a listener must be a function");
        }
        self.driver.listeners.set(event, listener);
        match event {
            Event::Ready if self.driver.listeners.ready.get() => self.driver.announce(Notice::Ready),
            // Messages may have come before anybody listened.
            Event::Message => self.driver.wake(),
            _ => {}
        }
    }

    /// `JMessage.login({username, password, success, fail})` (`seeds/002 §用户登陆`).
    pub fn login(&self, options: JsValue) {
        self.set_timeouts();
        let options: CallOptions = read(options);
        let names =
            options.username.text("username").and_then(|name| Ok((name, options.password.text("password")?)));
        match names {
            Ok((username, password)) => {
                let rid = self.driver.tell(|client, now| client.login(now, username, password));
                self.driver.calls.add(call(rid, options));
            }
            Err(failure) => self.driver.refuse(call(0, options), JsValue::UNDEFINED, failure),
        }
    }

    /// The browser has its network back.
    pub fn online(&self) {
        self.driver.tell(Client::online);
    }

    /// `JMessage.logout()`.
    pub fn logout(&self) {
        self.driver.tell(Client::logout);
    }

    /// `JMessage.sendTextMessage({…})` (`seeds/002 §发送文本消息`). With `rid`, the face has given this number to the
    /// page already.
    #[wasm_bindgen(js_name = sendTextMessage)]
    pub fn send_text_message(&self, options: JsValue, rid: Option<u32>) {
        self.set_timeouts();
        let options: CallOptions = read(options);
        let rid = if let Some(rid) = rid {
            rid.into()
        } else {
            let rid = self.driver.tell(|client, _| client.take_rid());
            invoke(&options.id_generated.0, &[number(rid)]);
            rid
        };
        match text_message(&options) {
            Ok(message) => {
                self.driver.calls.add(call(rid, options));
                self.driver.tell(|client, now| client.send(now, Some(rid), message));
            }
            Err(failure) => self.driver.refuse(call(rid, options), number(rid), failure),
        }
    }

    /// `JMessage.resendMessage({rid, success, fail})` (`seeds/002 §重发消息`).
    #[wasm_bindgen(js_name = resendMessage)]
    pub fn resend_message(&self, options: JsValue) {
        self.set_timeouts();
        let options: CallOptions = read(options);
        let rid = options.rid.rid();
        let Some(rid) = rid.filter(|rid| !self.driver.tell(|client, _| client.is_sending(*rid))) else {
            let problem = if rid.is_some() { " is still being sent" } else { " must be a number" };
            let given = options.rid.0.clone();
            return self.driver.refuse(call(0, options), given, argument("rid", problem));
        };
        self.driver.calls.add(call(rid, options));
        self.driver.tell(|client, now| client.resend(now, rid));
    }

    fn configure(&self, options: &ConfigOptions) -> Result<(), Failure> {
        self.set_timeouts();
        let (credentials, signer) = signer::credentials(options)?;
        let moved = if options.server.is_absent() {
            self.move_to(&self.server, "server")?
        } else {
            self.move_to(&options.server.text("server")?, "server")?
        };
        self.driver.signer.replace(signer);
        self.driver.tell(|client, now| client.configure(now, credentials, moved));
        Ok(())
    }

    /// Makes `server` the address of the next connection. True if another was in use before.
    fn move_to(&self, server: &str, option: &str) -> Result<bool, Failure> {
        if server.is_empty() {
            return Err(argument(option, " is missing, and there is no page to take it from"));
        }
        let url =
            socket_url(server, is_secure()).ok_or_else(|| argument(option, " must be a host or an URL"))?;
        let before = self.driver.url.replace(url);
        Ok(!before.is_empty() && before != *self.driver.url.borrow())
    }

    fn set_timeouts(&self) {
        let mut timeouts = Timeouts::default();
        let millis = |name| get(&self.face, name).as_f64().filter(|millis| *millis >= 1.0);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let limit = |millis: f64| (millis as u64).min(1 << 40);
        if let Some(request) = millis("requestTimeOut") {
            timeouts.request = limit(request);
        }
        if let Some(login) = millis("loginTimeOut") {
            timeouts.login = limit(login);
        }
        self.driver.tell(|client, _| client.set_timeouts(timeouts));
    }
}

fn call(rid: u64, options: CallOptions) -> Call {
    Call { rid, success: options.success.0, fail: options.fail.0 }
}

fn text_message(options: &CallOptions) -> Result<Outgoing<Body>, Failure> {
    let target_type = options.target_type.text("targetType")?;
    if TargetType::parse(&target_type).is_none() {
        return Err(argument("targetType", " must be single or group"));
    }
    let target_id = options.target_id.text("targetId")?;
    let text = options.text.message_text("text", MAX_BODY)?;
    let body = Object::new();
    set(&body, "text", &text.into());
    let size = json(&body).len();
    if size > MAX_BODY {
        return Err(Code::MessageTooLong.into());
    }
    Ok(Outgoing { target_type, target_id, msg_type: "text".into(), body: Body(body.into()), size })
}
