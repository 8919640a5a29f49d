//! One connection of the load generator: frames in batches, so that its own cost stays small.

use crate::{peers::Cutter, wire::Wire};
use anyhow::{Context, Result, bail, ensure};
use futures_util::{
    FutureExt, SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use jmessage_proto::{PATH, SUBPROTOCOL};
use std::io::ErrorKind;
use tokio::{
    io::AsyncWriteExt,
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, Utf8Bytes, client::IntoClientRequest, protocol::WebSocketConfig},
};

/// The half that writes. It collects what it is given until [`Writer::flush`].
pub(crate) struct Writer {
    wire: Wire,
    sink: Sink,
}

enum Sink {
    Web(SplitSink<WebSocketStream<TcpStream>, Message>),
    Plain(OwnedWriteHalf, Vec<u8>),
}

/// The half that reads.
pub(crate) struct Reader {
    wire: Wire,
    source: Source,
}

enum Source {
    Web(SplitStream<WebSocketStream<TcpStream>>),
    Plain(OwnedReadHalf, Cutter),
}

/// Connects to our server at a base URL, `http://host:port`.
pub(crate) async fn connect(url: &str) -> Result<(Writer, Reader)> {
    connect_to(url, PATH, Some(SUBPROTOCOL), Wire::Jmessage).await
}

/// Connects to a WebSocket of a base URL.
pub(crate) async fn connect_to(
    url: &str,
    path: &str,
    subprotocol: Option<&str>,
    wire: Wire,
) -> Result<(Writer, Reader)> {
    let (stream, authority) = tcp(url).await?;
    let mut request = format!("ws://{authority}{path}").into_client_request()?;
    if let Some(name) = subprotocol {
        request.headers_mut().insert("sec-websocket-protocol", name.parse()?);
    }
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(16 * 1024);
    let (socket, _) = client_async_with_config(request, stream, Some(config)).await?;
    let (sink, source) = socket.split();
    Ok((Writer { wire, sink: Sink::Web(sink) }, Reader { wire, source: Source::Web(source) }))
}

/// Connects to an XMPP server at `http://host:port`, without any HTTP.
pub(crate) async fn connect_plain(url: &str) -> Result<(Writer, Reader)> {
    let (reader, writer) = tcp(url).await?.0.into_split();
    let (wire, cutter) = (Wire::Xmpp, Cutter::default());
    Ok((
        Writer { wire, sink: Sink::Plain(writer, Vec::new()) },
        Reader { wire, source: Source::Plain(reader, cutter) },
    ))
}

async fn tcp(url: &str) -> Result<(TcpStream, &str)> {
    let authority = url.strip_prefix("http://").context("the URL must start with http://")?;
    let stream = TcpStream::connect(authority).await?;
    stream.set_nodelay(true)?;
    Ok((stream, authority))
}

impl Writer {
    /// The protocol that is spoken here.
    pub(crate) fn wire(&self) -> Wire {
        self.wire
    }

    /// Adds a frame to the next write.
    pub(crate) async fn put(&mut self, frame: String) -> Result<()> {
        match &mut self.sink {
            Sink::Web(sink) => sink.feed(Message::text(frame)).await?,
            Sink::Plain(_, bytes) => bytes.extend_from_slice(frame.as_bytes()),
        }
        Ok(())
    }

    /// Writes what was collected.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        match &mut self.sink {
            Sink::Web(sink) => sink.flush().await?,
            Sink::Plain(stream, bytes) => {
                stream.write_all(bytes).await?;
                bytes.clear();
            }
        }
        Ok(())
    }
}

impl Reader {
    /// The protocol that is spoken here.
    pub(crate) fn wire(&self) -> Wire {
        self.wire
    }

    /// Waits for a frame, then takes what else is there already.
    pub(crate) async fn take(&mut self, frames: &mut Vec<Utf8Bytes>) -> Result<()> {
        frames.clear();
        match &mut self.source {
            Source::Web(source) => take_frames(source, frames).await,
            Source::Plain(stream, cutter) => take_stanzas(stream, cutter, frames).await,
        }
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

    /// The next stanza of a plain stream; what came with it is left for later.
    pub(crate) async fn stanza(&mut self) -> Result<String> {
        let Source::Plain(stream, cutter) = &mut self.source else { bail!("there are no stanzas here") };
        loop {
            if let Some(stanza) = cutter.stanza()? {
                return Ok(stanza);
            }
            stream.readable().await?;
            fill(stream, cutter)?;
        }
    }

    /// A plain stream begins anew after a login.
    pub(crate) fn restart(&mut self) {
        if let Source::Plain(_, cutter) = &mut self.source {
            *cutter = Cutter::default();
        }
    }
}

async fn take_frames(
    source: &mut SplitStream<WebSocketStream<TcpStream>>,
    frames: &mut Vec<Utf8Bytes>,
) -> Result<()> {
    let mut next = Some(source.next().await);
    while let Some(message) = next {
        match message.context("the connection ended")?? {
            Message::Text(text) => frames.push(text),
            Message::Close(frame) => bail!("closed by the server: {frame:?}"),
            _ => {}
        }
        next = source.next().now_or_never();
    }
    Ok(())
}

async fn take_stanzas(
    stream: &OwnedReadHalf,
    cutter: &mut Cutter,
    frames: &mut Vec<Utf8Bytes>,
) -> Result<()> {
    loop {
        while let Some(stanza) = cutter.stanza()? {
            frames.push(stanza.into());
        }
        if !frames.is_empty() {
            return Ok(());
        }
        stream.readable().await?;
        fill(stream, cutter)?;
    }
}

/// Adds all that has come to what waits to be cut.
fn fill(stream: &OwnedReadHalf, cutter: &mut Cutter) -> Result<()> {
    let mut bytes = [0; 16 * 1024];
    loop {
        match stream.try_read(&mut bytes) {
            Ok(count) => {
                ensure!(count > 0, "the connection ended");
                cutter.add(&bytes[..count]);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
