//! The life of one connection: frames in, events out, and never a wait for a socket that does not move.

use super::{Gateway, inbound, outbound, wire::Refused};
use axum::extract::ws::{CloseFrame, Message as Frame, Utf8Bytes, WebSocket};
use futures_util::{SinkExt, StreamExt, future};
use jmessage_core::{End, Event, Receipt, Session, Token, port::AppRecord};
use jmessage_model::{ConversationId, Seq};
use jmessage_proto::{Code, Request, Response, Source, close, json::Object};
use serde_json::value::RawValue;
use std::{future::poll_fn, sync::Arc, task::Poll, time::Duration};
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_tungstenite::tungstenite;

/// Frames that make no sense before the connection is closed.
const BAD_FRAMES: usize = 16;
/// Commands of one session under way; beyond, its socket is not read.
const UNDER_WAY: usize = 256;
/// Pages of a log that one `sync` brings at most.
const SYNC_PAGES: usize = 40;
/// How long a stopping server waits for answers that are due, and for a goodbye to be read.
const FAREWELL: Duration = Duration::from_secs(3);

/// What a connection reacts to.
enum Input {
    /// Events of its session are there, or none will come any more.
    Events(Option<End>),
    /// The client sent something.
    Frame(Option<Result<Frame, axum::Error>>),
    /// Time for a ping, or out of patience.
    Due,
    /// The server stops.
    Stop,
}

/// Why a connection ends: a close code and a word for the log. `None` when the socket is gone already.
type Leave = Option<(u16, &'static str)>;

/// How far the client has proven who it is.
enum Standing {
    New,
    Configured(Box<AppRecord>),
    Open(Box<AppRecord>, Arc<Session>),
}

struct Connection {
    socket: WebSocket,
    gateway: Arc<Gateway>,
    standing: Standing,
    /// Held while nobody is logged in.
    pending: Option<OwnedSemaphorePermit>,
    under_way: usize,
    bad_frames: usize,
    heard: Instant,
    pinged: bool,
    since: Instant,
}

/// Serves the connection to its end.
pub(super) async fn run(socket: WebSocket, gateway: Arc<Gateway>, pending: OwnedSemaphorePermit) {
    let now = Instant::now();
    let mut connection = Connection {
        socket,
        gateway,
        standing: Standing::New,
        pending: Some(pending),
        under_way: 0,
        bad_frames: 0,
        heard: now,
        pinged: false,
        since: now,
    };
    let leave = connection.serve().await;
    connection.finish(leave).await;
}

impl Connection {
    async fn serve(&mut self) -> Leave {
        let mut events = Vec::new();
        let mut stop = self.gateway.stop.clone();
        let mut stopping: Option<Instant> = None;
        loop {
            if stopping.is_some_and(|until| self.under_way == 0 || Instant::now() >= until) {
                return Some((close::GOING_AWAY, "the server is stopping"));
            }
            let due = stopping.unwrap_or_else(|| self.due());
            let reads = stopping.is_none() && self.under_way < UNDER_WAY;
            let session = self.session().ok();
            let input = tokio::select! {
                biased;
                end = next_events(session.as_deref(), &mut events) => Input::Events(end),
                frame = self.socket.next(), if reads => Input::Frame(frame),
                () = sleep_until(due) => Input::Due,
                () = stopped(&mut stop), if stopping.is_none() => Input::Stop,
            };
            let result = match input {
                Input::Events(None) => self.write_events(&mut events).await,
                Input::Events(Some(end)) => Err(Some(self.farewell(end).await)),
                Input::Frame(frame) => self.read(frame).await,
                Input::Due => self.tick().await,
                Input::Stop => {
                    stopping = Some(Instant::now() + FAREWELL);
                    Ok(())
                }
            };
            if let Err(leave) = result {
                return leave;
            }
        }
    }

    /// When something is due: the next ping, or the end of patience.
    fn due(&self) -> Instant {
        let options = &self.gateway.options;
        let quiet = if self.pinged { options.heartbeat * 5 / 2 } else { options.heartbeat };
        let quiet = self.heard + quiet;
        match self.standing {
            Standing::New => quiet.min(self.since + options.config_within),
            Standing::Configured(_) => quiet.min(self.since + options.login_within),
            Standing::Open(..) => quiet,
        }
    }

    async fn tick(&mut self) -> Result<(), Leave> {
        let (now, options) = (Instant::now(), &self.gateway.options);
        let patience = match self.standing {
            Standing::New => Some(options.config_within),
            Standing::Configured(_) => Some(options.login_within),
            Standing::Open(..) => None,
        };
        if patience.is_some_and(|patience| now >= self.since + patience) {
            return Err(Some((close::IDLE, "nobody logged in")));
        }
        if now >= self.heard + options.heartbeat * 5 / 2 {
            return Err(None);
        }
        if now >= self.heard + options.heartbeat && !self.pinged {
            self.pinged = true;
            return self.write([Frame::Ping(bytes::Bytes::new())]).await;
        }
        Ok(())
    }

    async fn read(&mut self, frame: Option<Result<Frame, axum::Error>>) -> Result<(), Leave> {
        self.heard = Instant::now();
        self.pinged = false;
        match frame {
            Some(Ok(Frame::Ping(_) | Frame::Pong(_))) => Ok(()),
            Some(Ok(Frame::Text(text))) => self.text(text.as_str()).await,
            Some(Ok(Frame::Binary(_))) => {
                self.refuse(None, Refused::argument("frames are text, not binary")).await?;
                Err(Some((close::UNSUPPORTED, "binary frame")))
            }
            Some(Err(error)) if is_too_large(&error) => {
                let limit = format!("a frame has at most {} bytes", jmessage_proto::MAX_FRAME);
                self.refuse(None, Refused::argument(limit)).await?;
                Err(Some((close::TOO_LARGE, "frame too large")))
            }
            None | Some(Ok(Frame::Close(_)) | Err(_)) => Err(None),
        }
    }

    async fn text(&mut self, text: &str) -> Result<(), Leave> {
        match Request::decode(text) {
            Ok(request) => self.request(request).await,
            Err(error) => {
                let id = Object::parse(text).and_then(|object| object.number("id")).ok().flatten();
                self.refuse(id, Refused::argument(error.to_string())).await?;
                self.bad_frames += 1;
                if self.bad_frames < BAD_FRAMES {
                    return Ok(());
                }
                Err(Some((close::BAD_FRAMES, "too many frames that make no sense")))
            }
        }
    }

    async fn request(&mut self, request: Request<&RawValue>) -> Result<(), Leave> {
        match request {
            Request::Config { id, app_key, timestamp, random_str, signature } => {
                let app = inbound::config(&self.gateway, &app_key, &timestamp, &random_str, &signature).await;
                match app {
                    Ok(app) => self.configured(id, app).await,
                    Err(refused) => self.refuse(Some(id), refused).await,
                }
            }
            Request::Login { id, username, password } => self.login(id, &username, &password).await,
            Request::Resume { id, app_key, token, cursors } => {
                self.leave_session().await;
                match inbound::resume(&self.gateway, &app_key, &token, cursors).await {
                    Ok((app, session, token)) => self.open(id, app, session, &token).await,
                    Err(refused) => self.refuse(Some(id), refused).await,
                }
            }
            Request::Logout { id } => {
                let submitted = match self.session() {
                    Ok(session) => self.gateway.core.end(&session, id).await.map_err(Refused::from),
                    Err(refused) => Err(refused),
                };
                self.submitted(id, submitted).await
            }
            Request::Send { id, key, target_type, target_id, msg_type, msg_body } => {
                let frame = inbound::Send { id, key, target_type, target_id, msg_type, msg_body };
                let submitted = match self.session() {
                    Ok(session) => inbound::send(&self.gateway, &session, frame).await,
                    Err(refused) => Err(refused),
                };
                self.submitted(id, submitted).await
            }
            Request::Ack { cursors } => match self.session() {
                // A cursor that could not be moved only means that something comes again.
                Ok(session) => {
                    let _ = self.gateway.core.acknowledge(&session, inbound::positions(cursors)).await;
                    Ok(())
                }
                Err(refused) => self.refuse(None, refused).await,
            },
            Request::Sync { conversation, after } => match self.session() {
                Ok(session) => self.sync(&session, ConversationId(conversation), Seq(after)).await,
                Err(refused) => self.refuse(None, refused).await,
            },
            Request::Ping => self.write([outbound::frame(Response::Pong)]).await,
        }
    }

    /// The answer to what was submitted comes through the queue; to what was not, at once.
    async fn submitted(&mut self, id: u64, submitted: Result<(), Refused>) -> Result<(), Leave> {
        match submitted {
            Ok(()) => {
                self.under_way += 1;
                Ok(())
            }
            Err(refused) => self.refuse(Some(id), refused).await,
        }
    }

    fn session(&self) -> Result<Arc<Session>, Refused> {
        match &self.standing {
            Standing::Open(_, session) => Ok(session.clone()),
            Standing::Configured(_) | Standing::New => Err(Code::NotLoggedIn.into()),
        }
    }

    async fn configured(&mut self, id: u64, app: AppRecord) -> Result<(), Leave> {
        match &self.standing {
            Standing::Open(current, _) if current.id != app.id => {
                let refused = Refused::new(Code::ConfigFailed, "log out before changing the app");
                return self.refuse(Some(id), refused).await;
            }
            Standing::Open(..) => {}
            Standing::New | Standing::Configured(_) => {
                self.standing = Standing::Configured(Box::new(app));
                self.since = Instant::now();
            }
        }
        self.write([outbound::frame(Response::Configured { id })]).await
    }

    async fn login(&mut self, id: u64, username: &str, password: &str) -> Result<(), Leave> {
        let app = match &self.standing {
            Standing::Configured(app) | Standing::Open(app, _) => AppRecord::clone(app),
            Standing::New => {
                let refused = Refused::new(Code::SignatureInvalid, "config comes before login");
                return self.refuse(Some(id), refused).await;
            }
        };
        match inbound::login(&self.gateway, &app, username, password).await {
            Ok((session, token)) => {
                self.leave_session().await;
                self.open(id, app, session, &token).await
            }
            Err(refused) => self.refuse(Some(id), refused).await,
        }
    }

    /// The session is open: answers, then brings it level with the logs.
    async fn open(
        &mut self,
        id: u64,
        app: AppRecord,
        session: Arc<Session>,
        token: &Token,
    ) -> Result<(), Leave> {
        self.pending = None;
        self.under_way = 0;
        self.standing = Standing::Open(Box::new(app), session.clone());
        self.write([outbound::session(id, &session, token)]).await?;
        let mut catch_up = self.gateway.core.catch_up(&session);
        loop {
            match catch_up.next().await {
                Ok(Some(page)) => self.write(page.iter().map(outbound::entry)).await?,
                Ok(None) => return Ok(()),
                // Nothing is lost: the client comes back and resumes from its cursor.
                Err(_) => return Err(Some((close::GOING_AWAY, "the log could not be read"))),
            }
            if session.queue.end().is_some() {
                return Ok(());
            }
        }
    }

    async fn sync(
        &mut self,
        session: &Session,
        conversation: ConversationId,
        after: Seq,
    ) -> Result<(), Leave> {
        let mut after = after;
        for _ in 0..SYNC_PAGES {
            match self.gateway.core.entries_after(session, conversation, after).await {
                Ok(page) => match page.last() {
                    Some(last) => {
                        after = last.seq;
                        self.write(page.iter().map(outbound::entry)).await?;
                    }
                    None => return Ok(()),
                },
                Err(error) => return self.refuse(None, error.into()).await,
            }
        }
        Ok(())
    }

    async fn write_events(&mut self, events: &mut Vec<Event>) -> Result<(), Leave> {
        let mut ended = false;
        let mut answered = 0;
        let frames: Vec<_> = events
            .drain(..)
            .map(|event| match event {
                Event::Reply { request, result } => {
                    answered += 1;
                    ended |= result == Ok(Receipt::Ended);
                    outbound::reply(request, result)
                }
                Event::Entry(shared) => outbound::shared(&shared),
            })
            .collect();
        self.under_way = self.under_way.saturating_sub(answered);
        self.write(frames).await?;
        if !ended {
            return Ok(());
        }
        if let Standing::Open(app, _) = std::mem::replace(&mut self.standing, Standing::New) {
            self.standing = Standing::Configured(app);
        }
        self.since = Instant::now();
        self.pending = self.gateway.pending.clone().try_acquire_owned().ok();
        if self.pending.is_some() { Ok(()) } else { Err(Some((close::IDLE, "too many connections"))) }
    }

    /// Tells the client why its session has ended.
    async fn farewell(&mut self, end: End) -> (u16, &'static str) {
        match end {
            End::Kicked => {
                let code = Code::LoggedInElsewhere;
                let frame =
                    Response::Kicked { code: u64::from(code.number()), message: code.message().into() };
                let _ = self.write([outbound::frame(frame)]).await;
                (close::ELSEWHERE, "logged in elsewhere")
            }
            End::Replaced => (close::NORMAL, "resumed on another connection"),
            End::TooSlow => (close::TOO_SLOW, "too slow"),
            End::Left => (close::NORMAL, "left"),
        }
    }

    async fn refuse(&mut self, id: Option<u64>, refused: Refused) -> Result<(), Leave> {
        self.write([outbound::frame(refused.frame(id))]).await
    }

    /// Writes frames as one: fed together, flushed once. Ends the connection when the peer does not read,
    /// or when its session was cut meanwhile.
    async fn write(&mut self, frames: impl IntoIterator<Item = Frame>) -> Result<(), Leave> {
        let within = self.gateway.options.write_within;
        let session = self.session().ok();
        let socket = &mut self.socket;
        let writing = async {
            for frame in frames {
                socket.feed(frame).await?;
            }
            socket.flush().await
        };
        let cut = async {
            match session {
                Some(session) => cut(&session).await,
                None => future::pending().await,
            }
        };
        tokio::select! {
            biased;
            written = timeout(within, writing) => match written {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) => Err(None),
                Err(_) => Err(Some((close::TOO_SLOW, "too slow"))),
            },
            () = cut => Err(Some((close::TOO_SLOW, "too slow"))),
        }
    }

    /// Another login on the same connection takes the place of its session.
    async fn leave_session(&mut self) {
        match std::mem::replace(&mut self.standing, Standing::New) {
            Standing::Open(app, session) => {
                self.gateway.core.leave(session).await;
                self.standing = Standing::Configured(app);
            }
            other => self.standing = other,
        }
    }

    async fn finish(mut self, leave: Leave) {
        if let Standing::Open(_, session) = self.standing {
            self.gateway.core.leave(session).await;
        }
        let Some((code, reason)) = leave else { return };
        tracing::debug!(code, reason, "connection closed");
        let goodbye = Frame::Close(Some(CloseFrame { code, reason: Utf8Bytes::from_static(reason) }));
        let closing = async {
            if self.socket.send(goodbye).await.is_ok() {
                // The peer's answer, so that the last frames are not lost to a reset.
                while let Some(Ok(_)) = self.socket.next().await {}
            }
        };
        let _ = timeout(FAREWELL, closing).await;
    }
}

/// The next events of a session; forever pending without one.
async fn next_events(session: Option<&Session>, events: &mut Vec<Event>) -> Option<End> {
    match session {
        Some(session) => session.queue.take(events).await,
        None => future::pending().await,
    }
}

/// Completes when the server stops, or has forgotten to say so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Completes when the session was cut for being too slow. The queue keeps one waker: this future and
/// [`next_events`] belong to the same task and never wait at the same time.
async fn cut(session: &Session) {
    poll_fn(|cx| match session.queue.poll_end(cx) {
        Some(End::TooSlow) => Poll::Ready(()),
        _ => Poll::Pending,
    })
    .await;
}

fn is_too_large(error: &axum::Error) -> bool {
    let cause = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<tungstenite::Error>());
    matches!(cause, Some(tungstenite::Error::Capacity(_)))
}
