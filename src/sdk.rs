//! The calls of `JMessage`, as the face makes them once this is loaded.

use crate::calls::Call;
use crate::driver::Driver;
use crate::frame::{Body, get, json, number, set};
use crate::options::{Options, Problem};
use crate::page::{Event, invoke, is_secure, warn};
use crate::server::socket_url;
use crate::signer;
use jmessage_client::{Client, Failure, Notice, Outgoing, Timeouts};
use jmessage_proto::{Code, MAX_FRAME, TargetType};
use js_sys::Object;
use wasm_bindgen::prelude::*;

/// The most that `msg_body` may weigh as JSON, in bytes: the rest of the frame fits beside it.
const MAX_BODY: usize = MAX_FRAME - 1024;

/// The options of [`Sdk::call`].
const PARAMS: [&str; 5] = ["username", "groupId", "groupName", "groupDescription", "memberUsernames"];

/// One chat client. The face holds one; more of them do not know of each other.
#[wasm_bindgen]
pub struct Sdk {
    driver: &'static Driver,
    /// The address when `config` names none; empty if unknown.
    server: String,
}

#[wasm_bindgen]
impl Sdk {
    /// `face` is the `JMessage` object, `next_rid` the first request number that it has not given away.
    #[wasm_bindgen(constructor)]
    pub fn new(face: JsValue, server: String, next_rid: u32) -> Self {
        let seed = u64::from_le_bytes(signer::random());
        Self { driver: Driver::new(face, Client::new(seed, next_rid.into())), server }
    }

    /// `JMessage.init()`: connects.
    pub fn init(&self) {
        match self.move_to(&self.server) {
            Ok(_) => self.driver.tell(Client::init),
            Err(problem) => self.driver.announce(Notice::ConfigError(problem.into())),
        }
    }

    /// `JMessage.config({…})` (`seeds/002 §配置与验证`): the four fields, or `appKey` with `signer` or `masterSecrect`.
    pub fn config(&self, options: JsValue) {
        self.driver.listeners.ready.set(false);
        if let Err(problem) = self.configure(&Options::new(options)) {
            self.driver.announce(Notice::ConfigError(problem.into()));
        }
    }

    /// A registrar: `event` is the index of an [`Event`]. The listener is the page's only one of its kind.
    pub fn on(&self, event: usize, listener: JsValue) {
        let Some(event) = Event::from_index(event) else { return };
        if !listener.is_function() {
            warn("JMessage: a listener must be a function");
        }
        self.driver.listeners.set(event, listener);
        match event {
            Event::Ready if self.driver.listeners.ready.get() => self.driver.announce(Notice::Ready),
            // Messages and events may have come before anybody listened.
            Event::Message | Event::Group => self.driver.wake(),
            _ => {}
        }
    }

    /// `JMessage.login({username, password, success, fail})` (`seeds/002 §用户登陆`).
    pub fn login(&self, options: JsValue) {
        self.set_timeouts();
        let options = Options::new(options);
        let names = options.text("username").and_then(|username| Ok((username, options.text("password")?)));
        match names {
            Ok((username, password)) => {
                let rid = self.driver.tell(|client, now| client.login(now, username, password));
                self.driver.calls.add(call(rid, &options));
            }
            Err(problem) => self.driver.refuse(call(0, &options), JsValue::UNDEFINED, problem.into()),
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
        let options = Options::new(options);
        let rid = rid.map_or_else(|| self.give_rid(&options), u64::from);
        let call = call(rid, &options);
        match text_message(&options) {
            Ok(message) => {
                self.driver.calls.add(call);
                self.driver.tell(|client, now| client.send(now, Some(rid), message));
            }
            Err(failure) => self.driver.refuse(call, number(rid), failure),
        }
    }

    /// `JMessage.resendMessage({rid, success, fail})` (`seeds/002 §重发消息`).
    #[wasm_bindgen(js_name = resendMessage)]
    pub fn resend_message(&self, options: JsValue) {
        self.set_timeouts();
        let options = Options::new(options);
        let rid = options.rid();
        let call = call(rid.unwrap_or_default(), &options);
        let problem = match rid {
            None => " must be a number",
            Some(rid) if self.driver.tell(|client, _| client.is_sending(rid)) => " is still being sent",
            Some(rid) => {
                self.driver.calls.add(call);
                return self.driver.tell(|client, now| client.resend(now, rid));
            }
        };
        self.driver.refuse(call, options.get("rid"), Problem("rid", problem).into());
    }

    /// Any other call of the API (`seeds/002 §获取用户信息`, `§群组类`): what the page gave goes to the server as it is,
    /// and so does the answer to the page.
    pub fn call(&self, method: String, options: JsValue) {
        self.set_timeouts();
        let options = Options::new(options);
        let params = Object::new();
        for name in PARAMS {
            if let Some(value) = options.given(name) {
                set(&params, name, &value);
            }
        }
        let problem = match json(&params).len() {
            0 => Some(" cannot be written as JSON"),
            1..=MAX_BODY => None,
            _ => Some(" are too large"),
        };
        if let Some(problem) = problem {
            let failure = Problem("options", problem).into();
            return self.driver.refuse(call(0, &options), JsValue::UNDEFINED, failure);
        }
        let rid = self.driver.tell(|client, now| client.call(now, method, Body(params.into())));
        self.driver.calls.add(call(rid, &options));
    }

    /// Takes the next request number and tells the page.
    fn give_rid(&self, options: &Options) -> u64 {
        let rid = self.driver.tell(|client, _| client.take_rid());
        invoke(&options.get("idGenerated"), &[number(rid)]);
        rid
    }

    fn configure(&self, options: &Options) -> Result<(), Problem> {
        self.set_timeouts();
        let (credentials, signer) = signer::credentials(options)?;
        let moved = if options.has("server") {
            self.move_to(&options.text("server")?)?
        } else {
            self.move_to(&self.server)?
        };
        self.driver.signer.replace(signer);
        self.driver.tell(|client, now| client.configure(now, credentials, moved));
        Ok(())
    }

    /// Makes `server` the address of the next connection. True if another was in use before.
    fn move_to(&self, server: &str) -> Result<bool, Problem> {
        if get(&js_sys::global(), "WebSocket").is_undefined() {
            return Err(Problem("server", " cannot be reached: there is no WebSocket here"));
        }
        let problem = if server.is_empty() {
            " is missing, and there is no page to take it from"
        } else {
            " must be a host or an URL"
        };
        let url = socket_url(server, is_secure()).ok_or(Problem("server", problem))?;
        let before = self.driver.url.replace(url);
        Ok(!before.is_empty() && before != *self.driver.url.borrow())
    }

    fn set_timeouts(&self) {
        let mut timeouts = Timeouts::default();
        let millis = |name| get(&self.driver.face, name).as_f64().filter(|millis| *millis >= 1.0);
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

fn call(rid: u64, options: &Options) -> Call {
    Call { rid, success: options.get("success"), fail: options.get("fail") }
}

fn text_message(options: &Options) -> Result<Outgoing<Body>, Failure> {
    let target_type = options.text("targetType")?;
    if TargetType::parse(&target_type).is_none() {
        return Err(Problem("targetType", " must be single or group").into());
    }
    let target_id = options.text("targetId")?;
    if options.is_longer("text", MAX_BODY) {
        return Err(Code::MessageTooLong.into());
    }
    let body = Object::new();
    set(&body, "text", &options.any_text("text")?.into());
    let size = json(&body).len();
    if size > MAX_BODY {
        return Err(Code::MessageTooLong.into());
    }
    Ok(Outgoing { target_type, target_id, msg_type: "text".into(), body: Body(body.into()), size })
}
