//! Carries out what the machine decides: socket, timer, signer, and news for the page.

use crate::calls::{Call, Calls};
use crate::frame::{Body, encode, get, json};
use crate::page::Listeners;
use crate::signer::Signer;
use crate::socket::Socket;
use jmessage_client::{Action, Client, Failure, Notice};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(callback: &JsValue, millis: f64) -> JsValue;
    #[wasm_bindgen(js_name = clearTimeout)]
    fn clear_timeout(timer: &JsValue);
    #[wasm_bindgen(js_name = queueMicrotask)]
    fn queue_microtask(callback: &JsValue);
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    fn performance_now() -> f64;
}

/// Milliseconds of a clock that never goes backwards.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a positive, moderate number")]
fn now() -> u64 {
    performance_now() as u64
}

/// Something that the page is to hear.
enum News {
    Notice(Notice<Body>),
    /// A call that never became a request: its callbacks, what `fail` gets as the number, and why.
    Refused(Call, JsValue, Failure),
}

/// The machine and its surroundings. Lives as long as the page; no part stays borrowed while the page's code runs.
pub(crate) struct Driver {
    /// The `JMessage` object: its `debug`, `requestTimeOut` and `loginTimeOut` are read whenever they matter.
    pub(crate) face: JsValue,
    client: RefCell<Client<Body>>,
    socket: RefCell<Option<Rc<Socket>>>,
    /// The address of the next connection.
    pub(crate) url: RefCell<String>,
    pub(crate) signer: RefCell<Option<Signer>>,
    pub(crate) calls: Calls,
    pub(crate) listeners: Listeners,
    news: RefCell<Vec<News>>,
    /// Whether somebody is on the way to deliver the news.
    delivering: Cell<bool>,
    timer: RefCell<JsValue>,
    /// When the timer fires; `u64::MAX` if it does not run.
    timer_at: Cell<u64>,
    on_timer: RefCell<JsValue>,
    on_news: RefCell<JsValue>,
}

impl Driver {
    pub(crate) fn new(face: JsValue, client: Client<Body>) -> &'static Self {
        let driver: &'static Self = Box::leak(Box::new(Self {
            face,
            client: RefCell::new(client),
            socket: RefCell::default(),
            url: RefCell::default(),
            signer: RefCell::default(),
            calls: Calls::default(),
            listeners: Listeners::default(),
            news: RefCell::default(),
            delivering: Cell::new(false),
            timer: RefCell::default(),
            timer_at: Cell::new(u64::MAX),
            on_timer: RefCell::default(),
            on_news: RefCell::default(),
        }));
        let on_timer = Closure::<dyn Fn()>::new(|| {
            driver.timer_at.set(u64::MAX);
            driver.deliver();
            driver.tell(Client::tick);
        });
        let on_news = Closure::<dyn Fn()>::new(|| driver.deliver());
        driver.on_timer.replace(on_timer.into_js_value());
        driver.on_news.replace(on_news.into_js_value());
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
        if get(&self.face, "debug").is_truthy() {
            web_sys::console::debug_2(&arrow.into(), &get(frame, "type"));
        }
    }

    fn act(&'static self) {
        let actions = self.client.borrow_mut().actions();
        for action in actions {
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
                Action::AskSigner(ticket) => {
                    if let Some(signer) = self.signer.borrow().clone() {
                        spawn_local(async move {
                            let answer = signer.sign().await;
                            self.tell(|client, now| client.signed(now, ticket, answer));
                        });
                    }
                }
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
            self.set_timer(at, at.saturating_sub(now));
        }
    }

    fn set_timer(&self, at: u64, millis: u64) {
        clear_timeout(&self.timer.borrow());
        #[expect(clippy::cast_precision_loss, reason = "a timeout is far below 2^53")]
        self.timer.replace(set_timeout(&self.on_timer.borrow(), millis as f64));
        self.timer_at.set(at);
    }

    /// News for the page, to be delivered when the present call has returned.
    pub(crate) fn announce(&self, notice: Notice<Body>) {
        self.news.borrow_mut().push(News::Notice(notice));
        self.wake();
    }

    /// Fails a call that cannot become a request, when it has returned.
    pub(crate) fn refuse(&self, call: Call, rid: JsValue, failure: Failure) {
        self.news.borrow_mut().push(News::Refused(call, rid, failure));
        self.wake();
    }

    /// Makes sure that what the page is to hear is delivered soon.
    pub(crate) fn wake(&self) {
        if !self.delivering.replace(true) {
            queue_microtask(&self.on_news.borrow());
        }
    }

    /// Delivers what is there. What the page's own calls add meanwhile waits for the timer: a page that calls again
    /// in every callback must not keep the browser from everything else.
    fn deliver(&self) {
        self.listeners.hear_messages();
        let news = self.news.take();
        for piece in news {
            match piece {
                News::Notice(notice) => self.listeners.hear(&self.calls, notice),
                News::Refused(call, rid, failure) => call.fail(&failure, &rid),
            }
        }
        let more = !self.news.borrow().is_empty();
        self.delivering.set(more);
        if more {
            self.set_timer(0, 0);
        }
    }
}
