//! The socket: gloo-net's, with the bounds and close codes that it lacks.

use crate::driver::Driver;
use crate::frame;
use futures::{Sink, StreamExt, future::poll_fn};
use gloo_net::websocket::{Message, State, WebSocketError, futures::WebSocket};
use jmessage_client::Client;
use jmessage_proto::{MAX_ANSWER, SUBPROTOCOL, close};
use std::{cell::RefCell, pin::Pin, rc::Rc};
use wasm_bindgen_futures::spawn_local;

/// More than this waiting in the browser to be sent means that nothing gets through.
const MAX_BUFFERED: u32 = 4 << 20;
/// Our close code when the browser cannot get rid of what we send, or when the server talks nonsense.
const STUCK: u16 = 4000;
/// What we make of a connection that ended without a close frame.
const ABNORMAL: u16 = 1006;

/// One connection. Once closed by us it is silent.
pub(crate) struct Socket(RefCell<Option<WebSocket>>);

/// What came out of the socket.
enum Received {
    Text(String),
    /// A frame that this wire does not have.
    Garbage,
    Closed(u16),
}

impl Socket {
    /// Opens a connection to `url` and reports to `driver` what happens on it.
    pub(crate) fn open(url: &str, driver: &'static Driver) -> Rc<Self> {
        let socket = Rc::new(Self(RefCell::new(WebSocket::open_with_protocol(url, SUBPROTOCOL).ok())));
        spawn_local(run(Rc::clone(&socket), driver));
        socket
    }

    /// Sends a frame. On a connection that is stuck it ends the connection instead; the machine notices the silence.
    pub(crate) fn send(&self, text: String) {
        let stuck = self.0.borrow_mut().as_mut().is_some_and(|socket| {
            socket.buffered_amount() > MAX_BUFFERED
                || Pin::new(socket).start_send(Message::Text(text)).is_err()
        });
        if stuck {
            self.close(STUCK);
        }
    }

    /// Closes with an explicit code: browsers accept 1000 and 3000–4999.
    pub(crate) fn close(&self, code: u16) {
        if let Some(socket) = self.0.take() {
            // Fails only for a code that browsers refuse.
            _ = socket.close(Some(code), None);
        }
    }

    /// Waits until the connection stands. False if it does not come to that.
    async fn opened(&self) -> bool {
        poll_fn(|context| {
            let mut socket = self.0.borrow_mut();
            let Some(socket) = socket.as_mut() else { return std::task::Poll::Ready(false) };
            let ready = Pin::new(&mut *socket).poll_ready(context);
            ready.map(|_| matches!(socket.state(), State::Open))
        })
        .await
    }

    async fn receive(&self) -> Received {
        let next = poll_fn(|context| match self.0.borrow_mut().as_mut() {
            Some(socket) => socket.poll_next_unpin(context),
            None => std::task::Poll::Ready(None),
        });
        match next.await {
            Some(Ok(Message::Text(text))) if text.len() <= MAX_ANSWER => Received::Text(text),
            Some(Ok(Message::Text(_) | Message::Bytes(_))) => Received::Garbage,
            Some(Err(WebSocketError::ConnectionClose(event))) => Received::Closed(event.code),
            Some(Err(_)) | None => Received::Closed(ABNORMAL),
        }
    }
}

async fn run(socket: Rc<Socket>, driver: &'static Driver) {
    // A close frame may say why even before the connection stood.
    if socket.opened().await {
        driver.from(&socket, Client::opened);
    }
    loop {
        match socket.receive().await {
            Received::Text(text) => {
                let frame = frame::parse(&text);
                driver.log("←", &frame);
                if let Some(response) = frame::decode(frame) {
                    driver.from(&socket, |client, now| client.received(now, response));
                }
            }
            Received::Garbage => {
                socket.close(STUCK);
                return driver.from(&socket, |client, now| client.closed(now, close::NORMAL));
            }
            Received::Closed(code) => {
                return driver.from(&socket, |client, now| client.closed(now, code));
            }
        }
    }
}
