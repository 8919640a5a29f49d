//! Answers that come late, on connections that HTTP has let go: what the peer gets, and what the handler is told.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use axum::{Router, extract::Request, response::IntoResponse, routing::get};
use futures_util::future::pending;
use jmessage_gateway::{Fate, Late, Taken, Takeover, keeps_alive};
use jmessage_server::listen;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Mutex, Notify, mpsc, watch},
};

/// A server with `/late`, whose answers come when they are let go, and `/now`.
struct Server {
    addr: SocketAddr,
    go: Arc<Notify>,
    fates: Mutex<mpsc::UnboundedReceiver<Fate>>,
    _stop: watch::Sender<bool>,
}

impl Server {
    async fn start() -> Self {
        let (stop, stopped) = watch::channel(false);
        let (sender, fates) = mpsc::unbounded_channel();
        let go = Arc::new(Notify::new());
        let late = {
            let go = go.clone();
            move |request: Request| {
                let (go, sender) = (go.clone(), sender.clone());
                async move {
                    let takeover = request.extensions().get::<Takeover>().unwrap().clone();
                    let keeps = keeps_alive(request.version(), request.headers());
                    let answer = Box::pin(async move {
                        go.notified().await;
                        let told = Box::new(move |fate| sender.send(fate).unwrap());
                        Late { response: "late".into_response(), told }
                    });
                    assert!(takeover.take(Taken::Answer { answer, keeps }).is_ok());
                    pending::<&str>().await
                }
            }
        };
        let router = Router::new().route("/late", get(late)).route("/now", get(|| async { "now" }));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        tokio::spawn(listen(listener, router, 16, stopped));
        Self { addr, go, fates: Mutex::new(fates), _stop: stop }
    }

    async fn ask(&self, text: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        stream
    }

    async fn fate(&self) -> Option<Fate> {
        self.fates.lock().await.recv().await
    }
}

/// Reads until the text ends so.
async fn read_to(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        assert!(stream.read_buf(&mut bytes).await.unwrap() > 0, "{}", String::from_utf8_lossy(&bytes));
    }
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn http_goes_on_after_a_late_answer() {
    let server = Server::start().await;
    let mut stream = server.ask("GET /late HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.go.notify_one();
    let late = read_to(&mut stream, "late").await;
    assert!(late.starts_with("HTTP/1.1 200 OK\r\n") && late.contains("content-length: 4\r\n"), "{late}");
    assert!(late.contains(" GMT\r\n") && !late.contains("connection: close"), "{late}");
    assert_eq!(server.fate().await, Some(Fate::Written));
    for path in ["/now", "/late", "/now"] {
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes()).await.unwrap();
        server.go.notify_one();
        read_to(&mut stream, &path[1..]).await;
    }
    drop(stream);
    assert_eq!(server.fate().await, Some(Fate::Written), "whoever asked for something else had the answer");
    assert!(server.fates.lock().await.try_recv().is_err());
}

#[tokio::test]
async fn an_answer_whose_connection_breaks_is_in_doubt() {
    let server = Server::start().await;
    for close in ["", "Connection: close\r\n"] {
        let stream = server.ask(&format!("GET /late HTTP/1.1\r\nHost: x\r\n{close}\r\n")).await;
        server.go.notify_one();
        // It is there, and not read when the connection is closed: that resets it.
        stream.readable().await.unwrap();
        drop(stream);
        assert_eq!(server.fate().await, Some(Fate::Written), "{close}");
        assert_eq!(server.fate().await, Some(Fate::Doubtful), "{close}");
    }
}

#[tokio::test]
async fn who_wants_the_connection_closed_hears_the_end_of_the_answer() {
    let server = Server::start().await;
    for request in
        ["GET /late HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", "GET /late HTTP/1.0\r\n\r\n"]
    {
        let mut stream = server.ask(request).await;
        server.go.notify_one();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.contains("connection: close\r\n") && answer.ends_with("late"), "{answer}");
        assert_eq!(server.fate().await, Some(Fate::Written));
    }
}
