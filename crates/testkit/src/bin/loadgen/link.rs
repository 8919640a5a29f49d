//! One connection of the load generator: frames in batches, so that its own cost stays small.

use anyhow::{Context, Result, bail};
use futures_util::{
    FutureExt, SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use jmessage_proto::{PATH, SUBPROTOCOL};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, client::IntoClientRequest, protocol::WebSocketConfig},
};

/// The half that writes. It collects what it is given until [`Writer::flush`].
pub(crate) struct Writer(SplitSink<WebSocketStream<TcpStream>, Message>);

/// The half that reads.
pub(crate) struct Reader(SplitStream<WebSocketStream<TcpStream>>);

/// Connects to a base URL, `http://host:port`.
pub(crate) async fn connect(url: &str) -> Result<(Writer, Reader)> {
    let authority = url.strip_prefix("http://").context("the URL must start with http://")?;
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    let mut request = format!("ws://{authority}{PATH}").into_client_request()?;
    request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(16 * 1024);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let (writer, reader) = socket.split();
    Ok((Writer(writer), Reader(reader)))
}

impl Writer {
    /// Adds a frame to the next write.
    pub(crate) async fn put(&mut self, frame: String) -> Result<()> {
        Ok(self.0.feed(Message::text(frame)).await?)
    }

    /// Writes what was collected.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        Ok(self.0.flush().await?)
    }
}

impl Reader {
    /// Waits for a frame, then takes what else is there already.
    pub(crate) async fn take(&mut self, frames: &mut Vec<Utf8Bytes>) -> Result<()> {
        frames.clear();
        let mut next = Some(self.0.next().await);
        while let Some(message) = next {
            match message.context("the connection ended")?? {
                Message::Text(text) => frames.push(text),
                Message::Close(frame) => bail!("closed by the server: {frame:?}"),
                _ => {}
            }
            next = self.0.next().now_or_never();
        }
        Ok(())
    }

    /// The one frame that is expected.
    pub(crate) async fn one(&mut self) -> Result<Utf8Bytes> {
        let mut frames = Vec::new();
        while frames.is_empty() {
            self.take(&mut frames).await?;
        }
        if frames.len() > 1 {
            bail!("one frame was expected, {} came", frames.len());
        }
        frames.pop().context("no frame")
    }
}
