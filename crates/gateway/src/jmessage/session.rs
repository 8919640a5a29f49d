//! The life of one connection: frames in, events out, and never a wait for a socket that does not move.

use super::{
    Gateway,
    alarm::{Alarm, stopped},
    media, outbound,
    wire::Refused,
};
use crate::socket::{Frame, Gone, Incoming, Socket};
use futures_util::future;
use jmessage_core::{End, Event, Receipt, Session, port::AppRecord};
use jmessage_model::{ConversationId, Seq};
use jmessage_proto::{Code, MAX_POSITIONS, Response, close};
use std::{
    cell::Cell, collections::HashMap, future::poll_fn, pin::pin, sync::Arc, task::Poll, time::Duration,
};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep_until, timeout},
};

/// Commands of one session under way; beyond, its socket is not read.
const UNDER_WAY: usize = 256;
/// How long a stopping server waits for answers that are due, and for a goodbye to be read.
const FAREWELL: Duration = Duration::from_secs(3);

/// Bytes of a buffer that serves again.
const KEPT: usize = 64 << 10;

thread_local! {
    /// Where a frame for one session is encoded before it stands among what its socket writes.
    static SCRATCH: Cell<String> = const { Cell::new(String::new()) };
}

/// What a connection reacts to.
enum Input {
    /// Events of its session are there, or none will come any more.
    Events(Option<End>),
    /// The client sent something.
    Frame(Incoming),
    /// Something may be due, or the server stops.
    Other,
}

/// Why a connection ends: a close code and a word for the log. `None` when the socket is gone already.
pub(super) type Leave = Option<(u16, &'static str)>;

/// How far the client has proven who it is.
pub(super) enum Standing {
    New,
    Configured(Box<AppRecord>),
    Open(Box<AppRecord>, Arc<Session>),
}

impl Standing {
    fn session(&self) -> Option<&Arc<Session>> {
        match self {
            Self::Open(_, session) => Some(session),
            Self::Configured(_) | Self::New => None,
        }
    }
}

/// One connection.
pub(super) struct Connection<S> {
    socket: S,
    pub(super) gateway: Arc<Gateway>,
    pub(super) standing: Standing,
    /// Held while nobody is logged in.
    pub(super) pending: Option<OwnedSemaphorePermit>,
    pub(super) under_way: usize,
    pub(super) bad_frames: usize,
    /// The change of a group that is under way. Each is a transaction of its own, so there is one at a time.
    pub(super) changing: Option<u64>,
    /// Whether an acknowledgement is under way, and what is to be acknowledged after it. Where that is much, the socket is
    /// not read.
    pub(super) acknowledging: bool,
    pub(super) acknowledged: HashMap<ConversationId, Seq>,
    heard: Instant,
    pinged: bool,
    /// When the session is told anew where its files are.
    renew: Option<Instant>,
    pub(super) since: Instant,
}

/// Serves the connection to its end.
pub(super) async fn run<S: Socket>(socket: S, gateway: Arc<Gateway>, pending: OwnedSemaphorePermit) {
    let now = Instant::now();
    let mut connection = Connection {
        socket,
        gateway,
        standing: Standing::New,
        pending: Some(pending),
        under_way: 0,
        bad_frames: 0,
        changing: None,
        acknowledging: false,
        acknowledged: HashMap::new(),
        heard: now,
        pinged: false,
        renew: None,
        since: now,
    };
    let leave = connection.serve().await;
    Box::pin(connection.finish(leave)).await;
}

impl<S: Socket> Connection<S> {
    async fn serve(&mut self) -> Leave {
        let mut events = Vec::new();
        let mut stopping: Option<Instant> = None;
        let gateway = self.gateway.clone();
        let (bell, stopped) = (pin!(sleep_until(self.due())), pin!(stopped(gateway.stop.clone())));
        let mut alarm = Alarm::new(bell, stopped, &gateway.stop);
        loop {
            if alarm.tells_stop() {
                stopping = Some(Instant::now() + FAREWELL);
            }
            match stopping {
                Some(until) if self.under_way == 0 || Instant::now() >= until => {
                    return Some((close::GOING_AWAY, "the server is stopping"));
                }
                // Looked at here too, since a peer that never stops sending is always served first below.
                None if alarm.rings() && Instant::now() >= self.due() => {
                    if let Err(leave) = self.tick().await {
                        return leave;
                    }
                }
                Some(_) | None => {}
            }
            alarm.ring_by(stopping.unwrap_or_else(|| self.due()));
            let reads = stopping.is_none()
                && self.under_way < UNDER_WAY
                && self.changing.is_none()
                && self.acknowledged.len() < MAX_POSITIONS;
            let session = self.standing.session();
            let socket = reads.then_some(&mut self.socket);
            let result = match input(session, &mut events, socket, &mut alarm).await {
                Input::Events(None) => self.write_events(&mut events).await,
                Input::Events(Some(end)) => Err(Some(self.farewell(end).await)),
                Input::Frame(frame) => self.read(frame).await,
                Input::Other => Ok(()),
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
            Standing::Open(..) => self.renew.map_or(quiet, |renew| quiet.min(renew)),
        }
    }

    /// The frame that says where the session's files are, for the time being.
    pub(super) fn media(&mut self, session: &Session) -> Frame {
        let (frame, renew_in) = media::frame(&self.gateway, session);
        self.renew = Some(Instant::now() + renew_in);
        outbound::frame(frame)
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
            self.write([Frame::Ping]).await?;
        }
        if self.renew.is_some_and(|renew| now >= renew)
            && let Ok(session) = self.session()
        {
            let media = self.media(&session);
            return self.write([media]).await;
        }
        Ok(())
    }

    async fn read(&mut self, frame: Incoming) -> Result<(), Leave> {
        self.heard = Instant::now();
        self.pinged = false;
        match frame {
            // The pong is flushed here, so that a peer which does not read runs into the time limit of a write.
            Incoming::Ping => self.write([]).await,
            Incoming::Pong => Ok(()),
            Incoming::Text(text) => self.text(&text).await,
            Incoming::Binary(_) => {
                self.refuse(None, Refused::argument("frames are text, not binary")).await?;
                Err(Some((close::UNSUPPORTED, "binary frame")))
            }
            Incoming::TooLarge => {
                let limit = format!("a frame has at most {} bytes", jmessage_proto::MAX_FRAME);
                self.refuse(None, Refused::argument(limit)).await?;
                Err(Some((close::TOO_LARGE, "frame too large")))
            }
            Incoming::Closed | Incoming::Broken => Err(None),
        }
    }

    pub(super) fn session(&self) -> Result<Arc<Session>, Refused> {
        self.standing.session().cloned().ok_or_else(|| Code::NotLoggedIn.into())
    }

    async fn write_events(&mut self, events: &mut Vec<Event>) -> Result<(), Leave> {
        let (mut ended, mut acknowledged, mut changed) = (false, false, None);
        for event in events.iter() {
            match event {
                Event::Reply { request, result } => {
                    self.under_way = self.under_way.saturating_sub(1);
                    ended |= *result == Ok(Receipt::Ended);
                    changed = changed.or(self.changing.take_if(|change| change == request));
                }
                Event::Acknowledged => acknowledged = true,
                Event::Entry(_) | Event::Signal(_) => {}
            }
        }
        if acknowledged {
            self.acknowledging = false;
            self.acknowledge().await;
        }
        let (session, socket) = (self.standing.session(), &mut self.socket);
        let writing = async {
            let mut text = SCRATCH.take();
            for event in events.drain(..) {
                text.clear();
                let encoded = match event {
                    Event::Reply { request, result } => {
                        outbound::reply(&mut text, request, result, changed == Some(request));
                        None
                    }
                    // Its session never asks for signals.
                    Event::Acknowledged | Event::Signal(_) => continue,
                    Event::Entry(shared) => outbound::shared(&mut text, &shared),
                };
                match encoded {
                    Some(encoded) => socket.feed(Frame::Text(encoded)).await?,
                    None => socket.feed_text(&text).await?,
                }
            }
            if text.capacity() <= KEPT {
                SCRATCH.set(text);
            }
            socket.flush().await
        };
        in_time(self.gateway.options.write_within, session, writing).await?;
        if !ended {
            return Ok(());
        }
        if let Standing::Open(app, _) = std::mem::replace(&mut self.standing, Standing::New) {
            self.standing = Standing::Configured(app);
        }
        self.forget_under_way();
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

    /// Submits what is to be acknowledged, unless some of it is under way: then it follows together.
    pub(super) async fn acknowledge(&mut self) {
        if self.acknowledging || self.acknowledged.is_empty() {
            return;
        }
        if let Ok(session) = self.session() {
            self.acknowledging = self.acknowledge_all(&session).await;
        }
    }

    /// The same, whatever is under way; whether it was taken.
    pub(super) async fn acknowledge_all(&mut self, session: &Arc<Session>) -> bool {
        let positions: Vec<_> = self.acknowledged.drain().collect();
        // A cursor that could not be moved only means that something comes again.
        !positions.is_empty() && self.gateway.core.acknowledge(session, positions).await.is_ok()
    }

    pub(super) async fn refuse(&mut self, id: Option<u64>, refused: Refused) -> Result<(), Leave> {
        self.write([outbound::frame(refused.frame(id))]).await
    }

    /// Writes frames as one: fed together, flushed once. Ends the connection when the peer does not read,
    /// or when its session was cut meanwhile.
    pub(super) async fn write(&mut self, frames: impl IntoIterator<Item = Frame>) -> Result<(), Leave> {
        let (session, socket) = (self.standing.session(), &mut self.socket);
        let writing = async {
            for frame in frames {
                socket.feed(frame).await?;
            }
            socket.flush().await
        };
        in_time(self.gateway.options.write_within, session, writing).await
    }

    /// Another login on the same connection takes the place of its session.
    pub(super) async fn leave_session(&mut self) {
        match std::mem::replace(&mut self.standing, Standing::New) {
            Standing::Open(app, session) => {
                self.gateway.core.leave(session).await;
                self.forget_under_way();
                self.pending = self.gateway.pending.clone().try_acquire_owned().ok();
                self.standing = Standing::Configured(app);
            }
            other => self.standing = other,
        }
    }

    /// Nothing of a session that is over is answered any more.
    fn forget_under_way(&mut self) {
        (self.under_way, self.changing, self.acknowledging) = (0, None, false);
        self.acknowledged.clear();
    }

    async fn finish(&mut self, leave: Leave) {
        if let Ok(session) = self.session() {
            self.gateway.core.leave(session).await;
        }
        let Some((code, reason)) = leave else {
            // The answer to the client's goodbye, if there was one, is still in the buffer.
            let ending = async {
                let _ = self.socket.flush().await;
                self.socket.next().await
            };
            let _ = timeout(FAREWELL, ending).await;
            return;
        };
        tracing::debug!(code, reason, "connection closed");
        let closing = async {
            if self.socket.close(code, reason).await.is_ok() {
                // The peer's answer, so that the last frames are not lost to a reset.
                let last = [Incoming::Closed, Incoming::TooLarge, Incoming::Broken];
                while !last.contains(&self.socket.next().await) {}
            }
        };
        let _ = timeout(FAREWELL, closing).await;
    }
}

/// Waits for what comes next: events first, since they free what new frames take.
async fn input<S: Socket, F: Future<Output = ()>>(
    session: Option<&Arc<Session>>,
    events: &mut Vec<Event>,
    socket: Option<&mut S>,
    alarm: &mut Alarm<'_, F>,
) -> Input {
    let mut frame = pin!(socket.map(Socket::next));
    poll_fn(|cx| {
        alarm.arm(cx);
        if let Some(Poll::Ready(end)) = session.map(|session| session.queue.poll(cx, events)) {
            return Poll::Ready(Input::Events(end));
        }
        if let Some(Poll::Ready(frame)) = frame.as_mut().as_pin_mut().map(|frame| frame.poll(cx)) {
            return Poll::Ready(Input::Frame(frame));
        }
        if alarm.wakes() { Poll::Ready(Input::Other) } else { Poll::Pending }
    })
    .await
}

/// Waits for `writing`, until its time is over or the session was cut.
async fn in_time(
    within: Duration,
    session: Option<&Arc<Session>>,
    writing: impl Future<Output = Result<(), Gone>>,
) -> Result<(), Leave> {
    let mut writing = pin!(writing);
    let mut written = future::poll_immediate(writing.as_mut()).await;
    // Mostly the socket takes everything at once, and there is nothing to wait for.
    if written.is_none() {
        written = tokio::select! {
            biased;
            written = timeout(within, writing) => written.ok(),
            () = cut(session) => None,
        };
    }
    match written {
        Some(Ok(())) => Ok(()),
        Some(Err(Gone)) => Err(None),
        None => Err(Some((close::TOO_SLOW, "too slow"))),
    }
}

/// Completes when the session was cut or replaced: what its socket does not take at once is not waited for. The queue keeps
/// one waker: whoever waits for this belongs to the task that waits for events, which it does not do at the same time.
async fn cut(session: Option<&Arc<Session>>) {
    let Some(session) = session else { return future::pending().await };
    poll_fn(|cx| match session.queue.poll_end(cx) {
        Some(End::TooSlow | End::Kicked | End::Replaced) => Poll::Ready(()),
        Some(End::Left) | None => Poll::Pending,
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::WebSocket;
    use tokio::net::TcpStream;

    fn size<F>(_: impl FnOnce(WebSocket<TcpStream>, Arc<Gateway>, OwnedSemaphorePermit) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn a_connection_at_rest_is_small() {
        let (future, connection) = (size(run), size_of::<Connection<WebSocket<TcpStream>>>());
        println!("{future} bytes, of which the connection {connection}");
        assert!(future <= 3072, "{future} bytes");
    }
}
