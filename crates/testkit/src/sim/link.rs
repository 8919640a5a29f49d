//! The network: connections that carry frames with delays, stall, break, or swallow everything in silence.

use super::{clock, random::Random};
use bytes::Bytes;
use jmessage_gateway::socket::{Frame, Gone, Incoming, Socket};
use std::{
    collections::VecDeque,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Poll, Waker},
};
use tokio::sync::Notify;

/// Bytes that are on their way to one page at most; beyond, the server cannot write.
const WINDOW: usize = 16 << 10;

/// What travels.
#[derive(Clone, Debug)]
pub(super) enum Packet {
    /// A page asks for a connection.
    Hello,
    /// It stands.
    Welcome,
    /// It does not.
    Refused,
    Text(Bytes),
    Ping,
    Pong,
    /// A goodbye with its code.
    Close(u16),
    /// The other side is gone without a word.
    Reset,
}

/// One direction of a connection. Packets arrive in the order in which they were sent.
#[derive(Debug, Default)]
pub(super) struct Pipe {
    packets: VecDeque<(u64, Packet)>,
    /// Bytes sent and not taken.
    bytes: usize,
    last: u64,
    /// Nothing arrives before.
    stalled: u64,
    /// Nothing arrives any more, and nobody is told.
    hole: bool,
}

impl Pipe {
    fn send(&mut self, random: &mut Random, packet: Packet) {
        let delay = match random.next() % 100 {
            0..90 => random.between(1, 20),
            90..98 => random.between(20, 200),
            _ => random.between(200, 3000),
        };
        self.last = self.last.max(clock::now() + delay);
        self.bytes += size(&packet);
        self.packets.push_back((self.last, packet));
    }

    /// When the next packet arrives.
    pub(super) fn due(&self) -> Option<u64> {
        let (at, _) = self.packets.front().filter(|_| !self.hole)?;
        Some((*at).max(self.stalled))
    }

    fn take(&mut self) -> Option<Packet> {
        self.due().filter(|due| *due <= clock::now())?;
        let (_, packet) = self.packets.pop_front()?;
        self.bytes -= size(&packet);
        Some(packet)
    }

    /// Loses what is on its way.
    fn lose(&mut self) {
        (self.packets, self.bytes) = (VecDeque::new(), 0);
    }
}

fn size(packet: &Packet) -> usize {
    match packet {
        Packet::Text(text) => text.len() + 8,
        _ => 8,
    }
}

/// One connection, as long as somebody holds one of its ends.
#[derive(Debug)]
pub(super) struct Link {
    random: Random,
    pub(super) up: Pipe,
    pub(super) down: Pipe,
    /// What has arrived at the server and was not read.
    arrived: VecDeque<Incoming>,
    /// Nothing comes from the page any more.
    over: bool,
    /// The server holds its end.
    pub(super) served: bool,
    /// The page holds its end.
    pub(super) used: bool,
    reader: Option<Waker>,
    writer: Option<Waker>,
}

/// All connections of a simulation.
#[derive(Debug)]
pub(super) struct Net {
    seed: u64,
    pub(super) links: Vec<Link>,
    /// The power is out: nothing leaves the server any more.
    pub(super) dark: bool,
}

/// The network, as its parts share it.
#[derive(Clone, Debug)]
pub(super) struct Network {
    net: Arc<Mutex<Net>>,
    /// Says that something was sent, so that the scheduler looks again.
    pub(super) moved: Arc<Notify>,
}

impl Network {
    pub(super) fn new(seed: u64) -> Self {
        let net = Net { seed, links: Vec::new(), dark: false };
        Self { net: Arc::new(Mutex::new(net)), moved: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Net> {
        self.net.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Net {
    /// A new connection, which the server does not know of yet.
    pub(super) fn connect(&mut self) -> usize {
        let random = Random::new(self.seed, "link", self.links.len() as u64);
        let mut link = Link {
            random,
            up: Pipe::default(),
            down: Pipe::default(),
            arrived: VecDeque::new(),
            over: false,
            served: false,
            used: true,
            reader: None,
            writer: None,
        };
        link.up.send(&mut link.random, Packet::Hello);
        self.links.push(link);
        self.links.len() - 1
    }

    pub(super) fn send_up(&mut self, link: usize, packet: Packet) {
        let Link { up, random, .. } = &mut self.links[link];
        up.send(random, packet);
    }

    pub(super) fn send_down(&mut self, link: usize, packet: Packet) {
        let Link { down, random, .. } = &mut self.links[link];
        down.send(random, packet);
    }

    /// What arrives at the server now. A `Hello` is left to the caller.
    pub(super) fn arrive_up(&mut self, link: usize) -> Option<Packet> {
        let link = &mut self.links[link];
        let packet = link.up.take()?;
        let incoming = match &packet {
            Packet::Hello | Packet::Welcome | Packet::Refused => return Some(packet),
            Packet::Text(text) => Incoming::Text(String::from_utf8_lossy(text).into_owned()),
            Packet::Ping => Incoming::Ping,
            Packet::Pong => Incoming::Pong,
            Packet::Close(_) => Incoming::Closed,
            Packet::Reset => Incoming::Broken,
        };
        link.over |= matches!(incoming, Incoming::Closed | Incoming::Broken);
        link.arrived.push_back(incoming);
        wake(&mut link.reader);
        Some(packet)
    }

    /// What arrives at the page now.
    pub(super) fn arrive_down(&mut self, link: usize) -> Option<Packet> {
        let link = &mut self.links[link];
        let packet = link.down.take()?;
        wake(&mut link.writer);
        Some(packet)
    }

    /// The connection breaks: what is on its way is lost, and both sides hear of it.
    pub(super) fn cut(&mut self, link: usize) {
        let Link { up, down, .. } = &mut self.links[link];
        up.lose();
        down.lose();
        self.send_up(link, Packet::Reset);
        self.send_down(link, Packet::Reset);
        wake(&mut self.links[link].writer);
    }

    /// The connection swallows everything, and nobody hears of it.
    pub(super) fn swallow(&mut self, link: usize, up: bool, down: bool) {
        self.links[link].up.hole |= up;
        self.links[link].down.hole |= down;
    }

    /// Nothing arrives until then.
    pub(super) fn stall(&mut self, link: usize, up: bool, down: bool, until: u64) {
        let Link { up: pipe_up, down: pipe_down, .. } = &mut self.links[link];
        for (pipe, is_meant) in [(pipe_up, up), (pipe_down, down)] {
            if is_meant {
                pipe.stalled = pipe.stalled.max(until);
            }
        }
    }

    /// Until when something does not pass on the connection.
    pub(super) fn struck(&self, link: usize) -> u64 {
        let Link { up, down, .. } = &self.links[link];
        if up.hole || down.hole { u64::MAX } else { up.stalled.max(down.stalled) }
    }

    /// Every fault that has an end ends now.
    pub(super) fn heal(&mut self) {
        for link in &mut self.links {
            (link.up.stalled, link.down.stalled) = (0, 0);
        }
    }

    /// When something arrives next.
    pub(super) fn due(&self) -> Option<u64> {
        let of = |link: &Link| {
            let up = link.up.due();
            let down = link.down.due().filter(|_| link.used);
            up.into_iter().chain(down).min()
        };
        self.links.iter().filter_map(of).min()
    }
}

fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

/// The server's end of a connection.
pub(super) struct ServerEnd {
    network: Network,
    link: usize,
    fed: VecDeque<Packet>,
}

impl ServerEnd {
    pub(super) fn new(network: Network, link: usize) -> Self {
        network.lock().links[link].served = true;
        Self { network, link, fed: VecDeque::new() }
    }
}

impl Socket for ServerEnd {
    async fn next(&mut self) -> Incoming {
        poll_fn(|cx| {
            let mut net = self.network.lock();
            let dark = net.dark;
            let link = &mut net.links[self.link];
            match link.arrived.pop_front() {
                Some(_) if dark => Poll::Pending,
                Some(incoming) => Poll::Ready(incoming),
                None if link.over => Poll::Ready(Incoming::Broken),
                None => {
                    link.reader = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    async fn feed(&mut self, frame: Frame) -> Result<(), Gone> {
        self.fed.push_back(match frame {
            Frame::Text(text) | Frame::Binary(text) => Packet::Text(text),
            Frame::Ping => Packet::Ping,
        });
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        poll_fn(|cx| {
            let mut net = self.network.lock();
            if net.dark {
                return Poll::Pending;
            }
            let Link { down, random, over, writer, .. } = &mut net.links[self.link];
            while let Some(packet) = self.fed.pop_front() {
                if *over {
                    return Poll::Ready(Err(Gone));
                }
                if down.bytes > WINDOW {
                    self.fed.push_front(packet);
                    *writer = Some(cx.waker().clone());
                    return Poll::Pending;
                }
                down.send(random, packet);
                self.network.moved.notify_one();
            }
            Poll::Ready(Ok(()))
        })
        .await
    }

    async fn close(&mut self, code: u16, _: &str) -> Result<(), Gone> {
        self.fed.push_back(Packet::Close(code));
        self.flush().await
    }
}

impl Drop for ServerEnd {
    fn drop(&mut self) {
        let mut net = self.network.lock();
        if std::mem::take(&mut net.links[self.link].served) && !net.dark {
            net.send_down(self.link, Packet::Reset);
            self.network.moved.notify_one();
        }
    }
}
