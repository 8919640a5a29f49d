//! A bare WebSocket echo on the server's own listener and sockets: the yardstick beside which the server is measured, and what
//! conformance is tested on.
//!
//! Prints `{"url":"http://…"}` once it listens, and runs until standard input closes.

use anyhow::Result;
use axum::{Router, extract::Request, response::Response, routing::get};
use futures_util::FutureExt;
use jmessage_gateway::socket::{Frame, Handshake, Incoming, Socket};
use std::io::Read;
use tokio::{net::TcpListener, sync::watch};

/// Bytes of a message at most: the largest of the conformance cases.
const MAX: usize = 16 << 20;
/// Handshakes at a time.
const ARRIVING: usize = 4096;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let app = Router::new().route(jmessage_proto::PATH, get(upgrade));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{{\"url\":\"http://{}\"}}", listener.local_addr()?);
    let (_stop, stopped) = watch::channel(false);
    tokio::select! {
        () = jmessage_server::listen(listener, app, ARRIVING, stopped) => {}
        closed = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())) => { closed??; }
    }
    Ok(())
}

async fn upgrade(request: Request) -> Response {
    match Handshake::of(request, jmessage_proto::SUBPROTOCOL) {
        Ok(handshake) => handshake.accept(MAX, echo),
        Err(answer) => answer,
    }
}

/// Sends back what came, and answers together what came together.
async fn echo(mut socket: impl Socket) {
    loop {
        let mut next = Some(socket.next().await);
        let mut over = false;
        while let Some(incoming) = next {
            let frame = match incoming {
                Incoming::Text(text) => Some(Frame::from(text)),
                Incoming::Binary(bytes) => Some(Frame::Binary(bytes)),
                Incoming::Ping | Incoming::Pong => None,
                Incoming::TooLarge | Incoming::Closed | Incoming::Broken => {
                    over = true;
                    None
                }
            };
            if let Some(frame) = frame
                && socket.feed(frame).await.is_err()
            {
                return;
            }
            next = if over { None } else { socket.next().now_or_never() };
        }
        let _ = socket.flush().await;
        if over {
            // What breaks the rules is told so, and then waited for.
            socket.next().await;
            return;
        }
    }
}
