//! The calls of `JMessage`, as the face makes them once this is loaded.

use crate::driver::Driver;
use crate::frame::{Body, get, json, set};
use crate::options::{Options, Problem};
use crate::page::{Face, is_secure};
use crate::server::socket_url;
use crate::signer;
use jmessage_client::{Client, Failure, Notice, Outgoing, Timeouts};
use jmessage_proto::{Code, MAX_FRAME, TargetType};
use js_sys::Object;
use wasm_bindgen::prelude::*;

/// The most that `msg_body` may weigh as JSON, in bytes: the rest of the frame fits beside it.
const MAX_BODY: usize = MAX_FRAME - 1024;

/// The options of [`Sdk::call`].
const PARAMS: [&str; 6] =
    ["username", "groupId", "groupName", "groupDescription", "memberUsernames", "start"];

/// One chat client. The face holds one; more of them do not know of each other. The face numbers the calls (`rid`),
/// no two under way alike, and hears what comes of each.
#[wasm_bindgen]
pub struct Sdk {
    driver: &'static Driver,
    /// The address when `config` names none; empty if unknown.
    server: String,
}

#[wasm_bindgen]
impl Sdk {
    /// `seed` is random and the page's own. An SDK that takes the place of a broken one gets the same seed, and repeats
    /// what was not confirmed without sending it twice.
    #[wasm_bindgen(constructor)]
    pub fn new(face: Face, server: String, seed: u64) -> Self {
        Self { driver: Driver::new(face, Client::new(seed)), server }
    }

    /// Time limits of requests and logins in milliseconds, for the calls from now on; what is no number is left alone.
    #[wasm_bindgen(js_name = setTimeouts)]
    pub fn set_timeouts(&self, request: f64, login: f64) {
        let mut timeouts = Timeouts::default();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let set = |limit: &mut u64, millis: f64| {
            if millis >= 1.0 {
                *limit = (millis as u64).min(1 << 40);
            }
        };
        set(&mut timeouts.request, request);
        set(&mut timeouts.login, login);
        self.driver.tell(|client, _| client.set_timeouts(timeouts));
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
        if let Err(problem) = self.configure(&Options::new(options)) {
            self.driver.announce(Notice::ConfigError(problem.into()));
        }
    }

    /// What the page's signer answered when it was asked with this ticket; undefined if it failed.
    pub fn signed(&self, ticket: u32, answer: JsValue) {
        self.driver.tell(|client, now| {
            let answer = signer::answered(answer, client.named_app());
            client.signed(now, ticket.into(), answer);
        });
    }

    /// `JMessage.login({username, password})` (`seeds/002 §用户登陆`).
    pub fn login(&self, rid: u32, options: JsValue) {
        let options = Options::new(options);
        let names = options.text("username").and_then(|username| Ok((username, options.text("password")?)));
        match names {
            Ok((username, password)) => {
                self.driver.tell(|client, now| client.login(now, rid.into(), username, password));
            }
            Err(problem) => self.refuse(rid, problem.into()),
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

    /// `JMessage.sendTextMessage({…})` (`seeds/002 §发送文本消息`) if `image` is undefined, else
    /// `JMessage.sendImageMessage({…})` (`§发送图片消息`): null asks whether the image may be uploaded, an object is
    /// what the server said of it then. `serial` is never that of another message of this seed.
    pub fn send(&self, rid: u32, serial: u32, options: JsValue, image: JsValue) {
        match outgoing(&Options::new(options), image) {
            Ok(Some(message)) => {
                self.driver.tell(|client, now| client.send(now, rid.into(), serial.into(), message));
            }
            Ok(None) => match self.driver.tell(|client, _| client.may_send()) {
                Ok(()) => self.driver.face.let_upload(rid.into()),
                Err(failure) => self.refuse(rid, failure),
            },
            Err(failure) => self.refuse(rid, failure),
        }
    }

    /// `JMessage.resendMessage({rid})` (`seeds/002 §重发消息`), of a message that failed.
    pub fn resend(&self, rid: u32) {
        self.driver.tell(|client, now| client.resend(now, rid.into()));
    }

    /// Any other call of the API (`seeds/002 §获取用户信息`, `§群组类`): what the page gave goes to the server as it is,
    /// and so does the answer to the page.
    pub fn call(&self, rid: u32, method: String, options: JsValue) {
        let options = Options::new(options);
        let params = Object::new();
        for name in PARAMS {
            if let Some(value) = options.given(name) {
                set(&params, name, &value);
            }
        }
        let problem = match json(&params).len() {
            0 => " cannot be written as JSON",
            1..=MAX_BODY => {
                let params = Body(params.into());
                return self.driver.tell(|client, now| client.call(now, rid.into(), method, params));
            }
            _ => " are too large",
        };
        self.refuse(rid, Problem("options", problem).into());
    }

    fn refuse(&self, rid: u32, failure: Failure) {
        self.driver.face.refuse(rid.into(), failure);
    }

    fn configure(&self, options: &Options) -> Result<(), Problem> {
        let (credentials, secret) = signer::credentials(options)?;
        let moved = if options.has("server") {
            self.move_to(&options.text("server")?)?
        } else {
            self.move_to(&self.server)?
        };
        self.driver.secret.replace(secret);
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
}

/// The message to send; nothing when its image is to be uploaded first.
fn outgoing(options: &Options, image: JsValue) -> Result<Option<Outgoing<Body>>, Failure> {
    let target_type = options.text("targetType")?;
    if TargetType::parse(&target_type).is_none() {
        return Err(Problem("targetType", " must be single or group").into());
    }
    let target_id = options.text("targetId")?;
    if image.is_null() {
        return Ok(None);
    }
    let (msg_type, body) = if image.is_undefined() {
        if options.is_longer("text", MAX_BODY) {
            return Err(Code::MessageTooLong.into());
        }
        let body = Object::new();
        set(&body, "text", &options.any_text("text")?.into());
        ("text", body.into())
    } else {
        ("image", image)
    };
    let size = json(&body).len();
    if size > MAX_BODY {
        return Err(Code::MessageTooLong.into());
    }
    Ok(Some(Outgoing { target_type, target_id, msg_type: msg_type.into(), body: Body(body), size }))
}
