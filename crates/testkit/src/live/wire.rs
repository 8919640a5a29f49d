//! One WebSocket of a page: it opens, brings frames, and ends.

use crate::frames;
use anyhow::{Context, Result};
use futures_util::{SinkExt, StreamExt};
use jmessage_proto::{PATH, Response, SUBPROTOCOL};
use tokio::{net::TcpStream, sync::mpsc, task::AbortHandle};
use tokio_tungstenite::{
    client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, protocol::WebSocketConfig},
};

/// What comes of a connection.
pub(super) enum Got {
    Opened,
    Frame(Response<String>),
    /// The end, with its close code; 1006 when there was none.
    Closed(u16),
}

/// A connection, or an attempt at one. Dropping it breaks it.
pub(super) struct Wire {
    out: mpsc::UnboundedSender<String>,
    task: AbortHandle,
}

impl Wire {
    /// Connects to a base URL; what comes of it goes to `got` under this number.
    pub(super) fn connect(url: String, number: u64, got: mpsc::UnboundedSender<(u64, Got)>) -> Self {
        let (out, texts) = mpsc::unbounded_channel();
        let task = tokio::spawn(async move {
            let code = carry(&url, number, &got, texts).await.unwrap_or(1006);
            let _ = got.send((number, Got::Closed(code)));
        });
        Self { out, task: task.abort_handle() }
    }

    /// Sends a frame, without waiting.
    pub(super) fn send(&self, text: String) {
        let _ = self.out.send(text);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The close code with which the connection ended.
async fn carry(
    url: &str,
    number: u64,
    got: &mpsc::UnboundedSender<(u64, Got)>,
    mut texts: mpsc::UnboundedReceiver<String>,
) -> Result<u16> {
    let authority = url.strip_prefix("http://").context("the URL must start with http://")?;
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{authority}{PATH}").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let (mut sink, mut stream) = socket.split();
    got.send((number, Got::Opened))?;
    let writing = async {
        while let Some(text) = texts.recv().await {
            sink.send(Message::text(text)).await?;
        }
        anyhow::Ok(1000)
    };
    let reading = async {
        while let Some(message) = stream.next().await {
            match message? {
                Message::Text(text) => got.send((number, Got::Frame(frames::decode(&text)?)))?,
                Message::Close(frame) => return Ok(frame.map_or(1005, |frame| frame.code.into())),
                _ => {}
            }
        }
        anyhow::Ok(1006)
    };
    tokio::select! {
        code = writing => code,
        code = reading => code,
    }
}
