//! The WebSocket of axum as a [`Socket`].

use crate::socket::{Frame, Gone, Incoming, Socket};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite;

impl Socket for WebSocket {
    async fn next(&mut self) -> Incoming {
        match StreamExt::next(self).await {
            Some(Ok(Message::Text(text))) => Incoming::Text(text.as_str().to_owned()),
            Some(Ok(Message::Binary(bytes))) => Incoming::Binary(bytes),
            Some(Ok(Message::Ping(_))) => Incoming::Ping,
            Some(Ok(Message::Pong(_))) => Incoming::Pong,
            Some(Ok(Message::Close(_))) => Incoming::Closed,
            Some(Err(error)) if is_too_large(&error) => Incoming::TooLarge,
            None | Some(Err(_)) => Incoming::Broken,
        }
    }

    async fn feed(&mut self, frame: Frame) -> Result<(), Gone> {
        let message = match frame {
            // It was text when it was encoded; the type has forgotten it.
            Frame::Text(bytes) => Message::Text(Utf8Bytes::try_from(bytes).unwrap_or_default()),
            Frame::Binary(bytes) => Message::Binary(bytes),
            Frame::Ping => Message::Ping(Bytes::new()),
        };
        SinkExt::feed(self, message).await.map_err(|_| Gone)
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        SinkExt::flush(self).await.map_err(|_| Gone)
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Gone> {
        let goodbye = CloseFrame { code, reason: Utf8Bytes::from(reason) };
        self.send(Message::Close(Some(goodbye))).await.map_err(|_| Gone)
    }
}

fn is_too_large(error: &axum::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<tungstenite::Error>());
    matches!(cause, Some(tungstenite::Error::Capacity(_)))
}
