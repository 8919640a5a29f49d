//! Carries out what the machine decides: socket, timer, signer, and news for the page.

use crate::frame::{Body, encode, get, json};
use crate::page::Face;
use crate::signer::{self, Secret};
use crate::socket::Socket;
use jmessage_client::{Action, Client, Notice};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, millis: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Milliseconds of a clock that never goes backwards.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive, moderate number")]
fn now() -> u64 {
    performance_now() as u64
}

/// The machine and its surroundings. Lives as long as the page; no part stays borrowed while the page's code runs.
pub(crate) struct Driver {
    pub(crate) face: Face,
    client: RefCell<Client<Body>>,
    socket: RefCell<Option<Rc<Socket>>>,
    /// The address of the next connection.
    pub(crate) url: RefCell<String>,
    /// What to sign with, if `config` gave it.
    pub(crate) secret: RefCell<Option<Secret>>,
    timer: RefCell<JsValue>,
    /// When the timer fires; `u64::MAX` if it does not run.
    timer_at: Cell<u64>,
    on_timer: RefCell<JsValue>,
}

impl Driver {
    pub(crate) fn new(face: Face, client: Client<Body>) -> &'static Self {
        let driver: &'static Self = Box::leak(Box::new(Self {
            face,
            client: RefCell::new(client),
            socket: RefCell::default(),
            url: RefCell::default(),
            secret: RefCell::default(),
            timer: RefCell::default(),
            timer_at: Cell::new(u64::MAX),
            on_timer: RefCell::default(),
        }));
        let on_timer = Closure::<dyn Fn()>::new(|| {
            driver.timer_at.set(u64::MAX);
            driver.tell(Client::tick);
        });
        driver.on_timer.replace(on_timer.into_js_value());
        driver
    }

    /// Tells the machine something, then does what it wants done.
    pub(crate) fn tell<T>(&'static self, input: impl FnOnce(&mut Client<Body>, u64) -> T) -> T {
        let result = input(&mut self.client.borrow_mut(), now());
        self.act();
        result
    }

    /// As [`Driver::tell`], for what happened on `socket`; nothing if another has taken its place.
    pub(crate) fn from(&'static self, socket: &Rc<Socket>, input: impl FnOnce(&mut Client<Body>, u64)) {
        let current = self.socket.borrow().as_ref().is_some_and(|current| Rc::ptr_eq(current, socket));
        if current {
            self.tell(input);
        }
    }

    /// With `JMessage.debug`, says which frames come and go; never what is in them, since some carry secrets.
    pub(crate) fn log(&self, arrow: &str, frame: &JsValue) {
        if self.face.debug() {
            web_sys::console::debug_2(&arrow.into(), &get(frame, "type"));
        }
    }

    fn act(&'static self) {
        loop {
            let Some(action) = self.client.borrow_mut().next_action() else { break };
            match action {
                Action::Connect => {
                    let socket = Socket::open(&self.url.borrow(), self);
                    self.socket.replace(Some(socket));
                }
                Action::Close(code) => {
                    if let Some(socket) = self.socket.take() {
                        socket.close(code);
                    }
                }
                Action::Transmit(request) => {
                    let frame = encode(request);
                    self.log("→", &frame);
                    if let Some(socket) = &*self.socket.borrow() {
                        socket.send(json(&frame));
                    }
                }
                Action::AskSigner(ticket) => match &*self.secret.borrow() {
                    Some(secret) => {
                        let signature = signer::sign_with(secret);
                        self.client.borrow_mut().signed(now(), ticket, signature);
                    }
                    None => self.face.ask_signer(ticket),
                },
                Action::Notify(notice) => self.announce(notice),
            }
        }
        self.arm();
    }

    /// Sets the timer, unless it fires early enough anyway.
    fn arm(&self) {
        let now = now();
        let Some(at) = self.client.borrow().deadline(now) else { return };
        if at < self.timer_at.get() {
            clear_timeout(&self.timer.borrow());
            #[expect(clippy::cast_precision_loss, reason = "a timeout is far below 2^53")]
            let millis = at.saturating_sub(now) as f64;
            self.timer.replace(set_timeout(&self.on_timer.borrow(), millis));
            self.timer_at.set(at);
        }
    }

    /// News for the page, which hears it when the present call has returned.
    pub(crate) fn announce(&self, notice: Notice<Body>) {
        self.face.tell(notice, &self.url.borrow());
    }
}
