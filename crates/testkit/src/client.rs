//! A native client: one WebSocket and the frames of the native wire, in the words of a conversation.

use crate::{Heard, Media, PATIENCE, frames};
use anyhow::{Context, Result, anyhow, bail};
use futures_util::{SinkExt, StreamExt};
use jmessage_proto::{PATH, Request, Response, SUBPROTOCOL};
use std::collections::VecDeque;
use tokio::{net::TcpSocket, net::TcpStream, time::timeout};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{
        Bytes, Error, Message, Utf8Bytes,
        client::IntoClientRequest,
        protocol::{
            CloseFrame, WebSocketConfig,
            frame::{
                Frame,
                coding::{CloseCode, Data, OpCode},
            },
        },
    },
};

/// What a socket that broke without a close frame counts as.
const BROKEN: u16 = 1006;

/// One connection, and at most one session on it.
///
/// Every wait ends after [`PATIENCE`] with an error. Dropping the client breaks the connection without a goodbye.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    pub(crate) url: String,
    pub(crate) media: Option<Media>,
    last_id: u64,
    pub(crate) heard: VecDeque<Heard>,
    pub(crate) token: Option<String>,
}

/// What comes next on a connection.
pub enum Next {
    /// A frame.
    Frame(Response<String>),
    /// The connection has ended, with this code; 1006 when it broke without one.
    Closed(u16),
}

impl Client {
    /// Connects to a server's base URL, `http://host:port`.
    pub async fn connect(url: &str) -> Result<Self> {
        Self::connect_with_receive_buffer(url, None).await
    }

    /// Connects with a kernel receive buffer of about `bytes`, for clients that are to read slowly.
    pub async fn connect_with_receive_buffer(url: &str, bytes: Option<u32>) -> Result<Self> {
        let connected = Self::upgrade(url, bytes).await?;
        connected.map_err(|status| anyhow!("the server answers with status {status}"))
    }

    /// Connects, or returns the HTTP status with which the server refuses.
    pub async fn try_connect(url: &str) -> Result<Result<Self, u16>> {
        Self::upgrade(url, None).await
    }

    async fn upgrade(url: &str, receive_buffer: Option<u32>) -> Result<Result<Self, u16>> {
        let authority = url.strip_prefix("http://").context("the URL must start with http://")?;
        let address = authority.parse().with_context(|| format!("{authority} is no socket address"))?;
        let socket = TcpSocket::new_v4()?;
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        let stream = timeout(PATIENCE, socket.connect(address)).await??;
        stream.set_nodelay(true)?;
        let mut request = format!("ws://{authority}{PATH}").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", SUBPROTOCOL.parse()?);
        let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(0);
        match timeout(PATIENCE, client_async_with_config(request, stream, Some(config))).await? {
            Ok((socket, _)) => Ok(Ok(Self {
                socket,
                url: url.to_owned(),
                media: None,
                last_id: 0,
                heard: VecDeque::new(),
                token: None,
            })),
            Err(Error::Http(response)) => Ok(Err(response.status().as_u16())),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads until the connection ends and returns its close code; 1006 when it broke without one. Nothing but pushes
    /// may come before.
    pub async fn closed(&mut self) -> Result<u16> {
        loop {
            match self.next().await? {
                Next::Frame(frame) => self.keep(frame)?,
                Next::Closed(code) => return Ok(code),
            }
        }
    }

    /// Says goodbye with code 1000, waits for the server's, and returns its code.
    pub async fn leave(mut self) -> Result<u16> {
        let goodbye = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
        self.socket.close(Some(goodbye)).await?;
        self.closed().await
    }

    /// Sends any text as a frame.
    pub async fn raw_text(&mut self, text: impl Into<String>) -> Result<()> {
        self.transmit(Message::text(text.into())).await
    }

    /// Sends a binary frame.
    pub async fn raw_binary(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        self.transmit(Message::binary(bytes)).await
    }

    /// Sends one fragment of a text message, the first or a later one, that is not the last.
    pub async fn raw_fragment(&mut self, text: impl Into<String>, first: bool) -> Result<()> {
        let kind = OpCode::Data(if first { Data::Text } else { Data::Continue });
        self.transmit(Message::Frame(Frame::message(text.into(), kind, false))).await
    }

    /// Sends a WebSocket ping and reads nothing.
    pub async fn raw_ping(&mut self) -> Result<()> {
        self.transmit(Message::Ping(Bytes::from_static(&[b'?'; 125]))).await
    }

    /// Sends a WebSocket ping and waits for its pong. Frames that come meanwhile are kept, if they are pushes.
    pub async fn ping_socket(&mut self) -> Result<()> {
        self.transmit(Message::Ping(Bytes::from_static(b"?"))).await?;
        loop {
            match self.message().await?.context("the connection ended")?? {
                Message::Pong(_) => return Ok(()),
                Message::Text(text) => self.keep(frames::decode(&text)?)?,
                Message::Close(frame) => bail!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// Sends a request and does not wait.
    pub async fn tell(&mut self, request: Request<String>) -> Result<()> {
        self.raw_text(request.encode()).await
    }

    /// Sends a request and waits for the frame with its id. Pushes that come meanwhile are kept.
    pub async fn ask(&mut self, request: Request<String>) -> Result<Response<String>> {
        let wanted = request.id();
        self.tell(request).await?;
        self.answer(wanted).await
    }

    /// Waits for the answer to the request of this id.
    pub async fn answer(&mut self, id: Option<u64>) -> Result<Response<String>> {
        loop {
            let frame = self.frame().await?;
            if id.is_some() && frame.id() == id {
                return Ok(frame);
            }
            self.keep(frame)?;
        }
    }

    /// The next frame. An error when the connection ends instead.
    pub async fn frame(&mut self) -> Result<Response<String>> {
        match self.next().await? {
            Next::Frame(frame) => Ok(frame),
            Next::Closed(code) => bail!("closed with {code}"),
        }
    }

    /// The next frame or the end. Where files are is noted and passed over.
    pub async fn next(&mut self) -> Result<Next> {
        loop {
            match self.any().await? {
                Next::Frame(Response::Media { url, upload }) => self.media = Some(Media { url, upload }),
                other => return Ok(other),
            }
        }
    }

    /// The next frame, whatever it is, or the end.
    pub(crate) async fn any(&mut self) -> Result<Next> {
        loop {
            match self.message().await? {
                Some(Ok(Message::Text(text))) => return Ok(Next::Frame(frames::decode(&text)?)),
                Some(Ok(Message::Close(frame))) => {
                    return Ok(Next::Closed(frame.map_or(BROKEN, |frame| frame.code.into())));
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(Next::Closed(BROKEN)),
            }
        }
    }

    /// A request id not used before on this connection.
    pub fn next_id(&mut self) -> u64 {
        self.last_id += 1;
        self.last_id
    }

    pub(crate) fn keep(&mut self, frame: Response<String>) -> Result<()> {
        match frame {
            Response::Push { conversation, seq, message } => {
                self.heard.push_back(Heard::read(conversation, seq, message)?);
                Ok(())
            }
            Response::Event { conversation, seq, event } => {
                self.heard.push_back(Heard::read_event(conversation, seq, event)?);
                Ok(())
            }
            Response::Media { url, upload } => {
                self.media = Some(Media { url, upload });
                Ok(())
            }
            Response::From { .. } | Response::Backlog { .. } => Ok(()),
            other => bail!("did not expect {}", frames::describe(&other)),
        }
    }

    async fn transmit(&mut self, message: Message) -> Result<()> {
        timeout(PATIENCE, self.socket.send(message)).await.context("sending took too long")??;
        Ok(())
    }

    async fn message(&mut self) -> Result<Option<Result<Message, Error>>> {
        timeout(PATIENCE, self.socket.next()).await.context("nothing came in time")
    }
}
