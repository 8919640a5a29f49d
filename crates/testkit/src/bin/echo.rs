//! A bare WebSocket echo on the server's stack, axum: the yardstick beside which the server is measured.
//!
//! Prints `{"url":"http://…"}` once it listens, and runs until standard input closes.

use anyhow::Result;
use axum::{
    Router,
    extract::ws::{Message, WebSocket, WebSocketUpgrade},
    routing::get,
};
use futures_util::{FutureExt, SinkExt};
use std::io::Read;
use tokio::net::TcpListener;

/// The same as the server gives a connection, in bytes.
const BUFFER: usize = 4096;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let app = Router::new().route(
        jmessage_proto::PATH,
        get(async |upgrade: WebSocketUpgrade| {
            upgrade
                .protocols([jmessage_proto::SUBPROTOCOL])
                .read_buffer_size(BUFFER)
                .write_buffer_size(BUFFER)
                .max_message_size(jmessage_proto::MAX_FRAME)
                .on_upgrade(echo)
        }),
    );
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{{\"url\":\"http://{}\"}}", listener.local_addr()?);
    tokio::select! {
        served = async { axum::serve(listener, app).await } => served?,
        closed = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())) => { closed??; }
    }
    Ok(())
}

/// Sends back what came, and answers together what came together.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(first)) = socket.recv().await {
        let mut next = Some(first);
        while let Some(message) = next {
            if matches!(message, Message::Text(_)) && socket.feed(message).await.is_err() {
                return;
            }
            next = socket.recv().now_or_never().flatten().and_then(Result::ok);
        }
        if socket.flush().await.is_err() {
            return;
        }
    }
}
