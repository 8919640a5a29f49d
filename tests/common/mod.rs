//! A page: the face as it is published, on the SDK as it is compiled, and a record of what the page heard.
#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "tests")]

use jmessage_sign::{Fields, MasterSecret, sign};
use jmessage_wasm::Sdk;
use js_sys::{Array, Function, Object, Promise, Reflect};
use std::{cell::RefCell, rc::Rc};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

pub(crate) const APP_KEY: &str = "4f7aef34fb361292c566a1cd";
pub(crate) const SECRET: &str = "054d6103823a726fc12d0466";
pub(crate) const PASSWORD: &str = "pass1234";
pub(crate) const FIRST_RID: u32 = 201_503;
/// The registrars.
pub(crate) const EVENTS: [&str; 7] = [
    "ready",
    "error",
    "onConnected",
    "onDisconnected",
    "onMessageReceived",
    "notification",
    "onEventReceived",
];
/// The calls that take options, or nothing.
pub(crate) const CALLS: [&str; 15] = [
    "init",
    "config",
    "login",
    "logout",
    "sendTextMessage",
    "sendImageMessage",
    "resendMessage",
    "getUserInfo",
    "createGroup",
    "getGroupInfo",
    "updateGroupInfo",
    "addGroupMembers",
    "removeGroupMembers",
    "exitGroup",
    "getGroupList",
];

#[wasm_bindgen(module = "/pkg/src/face.js")]
extern "C" {
    fn face(load: &Function, server: &str, upload: &JsValue, page: JsValue) -> JsValue;
}

#[wasm_bindgen(module = "/pkg/src/page.js")]
extern "C" {
    #[wasm_bindgen(js_name = makePage)]
    fn make_page() -> JsValue;
}

#[wasm_bindgen(module = "/pkg/src/upload.js")]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = upload)]
    static UPLOAD: JsValue;
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &Function, millis: f64);
}

/// Something that the page heard: which callback, and with what.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    pub(crate) name: String,
    pub(crate) values: [JsValue; 3],
}

impl Heard {
    pub(crate) fn number(&self, at: usize) -> u32 {
        let number = self.values[at].as_f64().filter(|number| (0.0..4e9).contains(number));
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked in the line above"
        )]
        let number = number.map(|number| number as u32);
        number.unwrap_or_else(|| panic!("no number at {at}: {self:?}"))
    }

    pub(crate) fn text(&self, at: usize) -> String {
        self.values[at].as_string().unwrap_or_else(|| panic!("no text at {at}: {self:?}"))
    }

    /// Whether this is the given code.
    pub(crate) fn assert_code(&self, code: u32) -> &Self {
        assert_eq!(self.values[0], JsValue::from(code), "{self:?}");
        self
    }
}

#[derive(Clone)]
pub(crate) struct Page {
    pub(crate) jmessage: JsValue,
    heard: Rc<RefCell<Vec<Heard>>>,
}

/// A test server that the runner started, or a clear failure.
pub(crate) fn server() -> &'static str {
    let Some(url) = option_env!("JMESSAGE_TEST_SERVER") else {
        panic!("JMESSAGE_TEST_SERVER must be the URL of a test server when these tests are compiled");
    };
    url
}

fn class() -> JsValue {
    let nobody = Object::new().unchecked_into();
    get(&JsValue::from(Sdk::new(nobody, String::new(), 0)), "constructor")
}

impl Page {
    /// A page that listens to everything; the wasm is "loaded" a moment later.
    pub(crate) fn new(server: &str) -> Self {
        let load = Closure::<dyn Fn() -> Promise>::new(|| Promise::resolve(&class())).into_js_value();
        Self::loading(load.unchecked_ref(), server)
    }

    pub(crate) fn loading(load: &Function, server: &str) -> Self {
        let jmessage = UPLOAD.with(|upload| face(load, server, upload, make_page()));
        let page = Self { jmessage, heard: Rc::default() };
        for event in EVENTS {
            page.call(event, &[page.callback(event)]);
        }
        page
    }

    /// A page that has heard `ready`.
    pub(crate) async fn ready() -> Self {
        let page = Self::new(server());
        page.call("config", &[bag(&[("appKey", APP_KEY.into()), ("masterSecrect", SECRET.into())])]);
        page.hear("ready").await;
        page
    }

    /// A page of a user who is logged in.
    pub(crate) async fn of(username: &str) -> Self {
        let page = Self::ready().await;
        page.log_in(username, PASSWORD);
        page.hear("success").await;
        page
    }

    /// Calls `JMessage[name]`. No call may ever throw.
    pub(crate) fn call(&self, name: &str, arguments: &[JsValue]) -> JsValue {
        let function: Function = get(&self.jmessage, name).dyn_into().unwrap_or_else(|_| panic!("no {name}"));
        let arguments: Array = arguments.iter().collect();
        function.apply(&self.jmessage, &arguments).unwrap_or_else(|error| panic!("{name} threw {error:?}"))
    }

    /// A callback that is recorded under `name`.
    pub(crate) fn callback(&self, name: &str) -> JsValue {
        self.reaction(name, |_| {})
    }

    /// A callback that is recorded, and then does something.
    pub(crate) fn reaction(&self, name: &str, react: impl Fn(&Heard) + 'static) -> JsValue {
        let (name, record) = (name.to_owned(), Rc::clone(&self.heard));
        let callback = Closure::<dyn Fn(JsValue, JsValue, JsValue)>::new(move |a, b, c| {
            let heard = Heard { name: name.clone(), values: [a, b, c] };
            record.borrow_mut().push(heard.clone());
            react(&heard);
        });
        callback.into_js_value()
    }

    pub(crate) fn log_in(&self, username: &str, password: &str) {
        let options = [
            ("username", username.into()),
            ("password", password.into()),
            ("success", self.callback("success")),
            ("fail", self.callback("fail")),
        ];
        self.call("login", &[bag(&options)]);
    }

    /// Sends with all callbacks; `options` come on top.
    pub(crate) fn send(&self, options: &[(&str, JsValue)]) {
        let options = bag(&[options, &self.callbacks()].concat());
        self.call("sendTextMessage", &[options]);
    }

    pub(crate) fn send_text(&self, to: &str, text: &str) {
        self.send(&[("targetType", "single".into()), ("targetId", to.into()), ("text", text.into())]);
    }

    pub(crate) fn callbacks(&self) -> [(&'static str, JsValue); 3] {
        [
            ("idGenerated", self.callback("idGenerated")),
            ("success", self.callback("sent")),
            ("fail", self.callback("unsent")),
        ]
    }

    /// Takes the first record of `name`; waits for it if need be.
    pub(crate) async fn hear(&self, name: &str) -> Heard {
        for _ in 0..2000 {
            if let Some(heard) = self.take(name) {
                return heard;
            }
            pause(10.0).await;
        }
        panic!("{name} was not heard, but {:?}", self.heard.borrow());
    }

    /// Takes the first record of `name`, if there is one.
    pub(crate) fn take(&self, name: &str) -> Option<Heard> {
        let mut record = self.heard.borrow_mut();
        let at = record.iter().position(|heard| heard.name == name)?;
        Some(record.remove(at))
    }

    /// The names of all that was heard and not taken, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        self.heard.borrow().iter().map(|heard| heard.name.clone()).collect()
    }

    pub(crate) fn forget(&self) {
        self.heard.borrow_mut().clear();
    }
}

/// What a JavaScript function body makes, asynchronously, of its argument `a`.
pub(crate) async fn js(body: &str, argument: &JsValue) -> JsValue {
    let wrapped = format!("return (async () => {{ {body} }})()");
    let promise = Function::new_with_args("a", &wrapped).call1(&JsValue::UNDEFINED, argument).unwrap();
    JsFuture::from(Promise::resolve(&promise)).await.unwrap_or_else(|error| panic!("{body}: {error:?}"))
}

/// Gives the browser time; what is to be awaited is looked for again and again, never assumed after a pause.
pub(crate) async fn pause(millis: f64) {
    let promise = Promise::new(&mut |resolve, _| set_timeout(&resolve, millis));
    JsFuture::from(promise).await.expect("a timer does not fail");
}

pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_else(|error| panic!("{name}: {error:?}"))
}

pub(crate) fn set(object: &JsValue, name: &str, value: &JsValue) {
    Reflect::set(object, &name.into(), value).expect("settable");
}

/// An option bag; later options replace earlier ones of the same name.
pub(crate) fn bag(options: &[(&str, JsValue)]) -> JsValue {
    let bag = Object::new();
    for (name, value) in options {
        set(&bag, name, value);
    }
    bag.into()
}

pub(crate) fn now() -> u64 {
    let seconds = js_sys::Date::now() / 1000.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970")]
    let seconds = seconds as u64;
    seconds
}

/// The four fields, signed for `seconds`.
pub(crate) fn signature(seconds: u64) -> [(&'static str, JsValue); 4] {
    let timestamp = seconds.to_string();
    let fields = Fields::new(APP_KEY, &timestamp, "random").expect("inside the grammar");
    let signature = sign(&fields, &MasterSecret::new(SECRET).expect("inside the grammar"));
    [
        ("appKey", APP_KEY.into()),
        ("timestamp", timestamp.into()),
        ("randomStr", "random".into()),
        ("signature", signature.as_str().into()),
    ]
}

/// A JavaScript function that returns `value`.
pub(crate) fn returning(value: impl Fn() -> JsValue + 'static) -> JsValue {
    Closure::<dyn Fn() -> JsValue>::new(value).into_js_value()
}
