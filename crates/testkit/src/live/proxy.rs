//! A network that misbehaves: between clients and a server, as it is told or by dice.

use crate::Dice;
use anyhow::Result;
use std::{
    convert::Infallible,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt,
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{broadcast, watch},
    task::{JoinHandle, yield_now},
    time::sleep,
};

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Closed to both sides.
    Cut,
    /// Reset to both sides.
    Reset,
    /// Closed to the server at once, to the client some time later.
    SlowClose(Duration),
}

/// What is done to connections, so many in a hundred of each; the rest are left in peace.
#[derive(Clone, Copy, Debug, Default)]
pub struct Habits {
    /// Closed or reset in the middle of something.
    pub breaks: usize,
    /// After some bytes, nothing goes on in either direction, and nobody is told.
    pub stalls: usize,
    /// After some bytes, nothing goes on in one direction.
    pub half_open: usize,
    /// Everything comes in small pieces.
    pub slices: usize,
    /// Everything comes late.
    pub delays: usize,
}

/// A proxy that listens on a port of its own. It ends, with all its connections, when dropped.
pub struct Proxy {
    url: String,
    shared: Arc<Shared>,
    listener: JoinHandle<()>,
}

struct Shared {
    target: watch::Sender<Option<SocketAddr>>,
    habits: Mutex<Habits>,
    dice: Dice,
    connections: AtomicU64,
    end: broadcast::Sender<Ending>,
}

/// What becomes of one connection.
struct Plan {
    up: Way,
    down: Way,
    ending: Ending,
}

/// What becomes of one direction.
#[derive(Clone, Copy, Default)]
struct Way {
    /// Bytes at a time.
    piece: Option<usize>,
    delay: Option<Duration>,
    /// After so many bytes, that happens.
    then: Option<(usize, Then)>,
}

#[derive(Clone, Copy)]
enum Then {
    End,
    /// Whatever comes is taken and thrown away.
    Vanish,
    /// Nothing is taken.
    Stall,
}

impl Proxy {
    /// A proxy without a target and with good habits; connections are refused until it has one.
    pub async fn start(seed: u64) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            target: watch::channel(None).0,
            habits: Mutex::default(),
            dice: Dice::new(seed),
            connections: AtomicU64::new(0),
            end: broadcast::channel(16).0,
        });
        let listener = tokio::spawn(listen(listener, shared.clone()));
        Ok(Self { url, shared, listener })
    }

    /// The base URL for clients, `http://host:port`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// From now on connections go to this base URL; `None`: nowhere.
    pub fn lead_to(&self, url: Option<&str>) {
        let address =
            url.and_then(|url| url.strip_prefix("http://")).and_then(|address| address.parse().ok());
        self.shared.target.send_replace(address);
    }

    /// The habits towards connections that are made from now on.
    pub fn behave(&self, habits: Habits) {
        *self.shared.habits.lock().unwrap_or_else(PoisonError::into_inner) = habits;
    }

    /// Ends every connection there is.
    pub fn end_all(&self, ending: Ending) {
        let _ = self.shared.end.send(ending);
    }

    /// How many connections were taken so far.
    pub fn connections(&self) -> u64 {
        self.shared.connections.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.listener.abort();
        self.end_all(Ending::Reset);
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else { continue };
        let number = shared.connections.fetch_add(1, Ordering::Relaxed);
        let habits = *shared.habits.lock().unwrap_or_else(PoisonError::into_inner);
        let plan = Plan::new(habits, &mut shared.dice.fork(number));
        let (target, end) = (*shared.target.borrow(), shared.end.subscribe());
        tokio::spawn(async move {
            if let Some(target) = target {
                // Whatever goes wrong is the end of the connection, which is what this is for.
                let _ = carry(client, target, plan, end).await;
            }
        });
    }
}

async fn carry(
    mut client: TcpStream,
    target: SocketAddr,
    plan: Plan,
    mut end: broadcast::Receiver<Ending>,
) -> io::Result<()> {
    let mut server = TcpStream::connect(target).await?;
    for side in [&client, &server] {
        side.set_nodelay(true)?;
    }
    let ending = {
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        tokio::select! {
            _ = pump(from_client, to_server, plan.up) => plan.ending,
            _ = pump(from_server, to_client, plan.down) => plan.ending,
            ending = end.recv() => ending.unwrap_or(Ending::Cut),
        }
    };
    match ending {
        Ending::Cut => {}
        Ending::Reset => {
            client.set_zero_linger()?;
            server.set_zero_linger()?;
        }
        Ending::SlowClose(time) => {
            drop(server);
            sleep(time).await;
        }
    }
    Ok(())
}

/// Ends with an error or when one side is at its end.
async fn pump(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, way: Way) -> io::Result<Infallible> {
    let mut buffer = vec![0; 16 << 10];
    let mut left = way.then.map(|(bytes, _)| bytes);
    loop {
        let wanted = buffer.len().min(left.unwrap_or(usize::MAX).max(1));
        let read = tokio::io::AsyncReadExt::read(&mut from, &mut buffer[..wanted]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if let Some(delay) = way.delay {
            sleep(delay).await;
        }
        match (&mut left, way.then) {
            (Some(0), Some((_, Then::End))) => return Err(io::ErrorKind::ConnectionAborted.into()),
            (Some(0), Some((_, Then::Stall))) => std::future::pending().await,
            (Some(0), Some((_, Then::Vanish))) => continue,
            (Some(left), _) => *left = left.saturating_sub(read),
            (None, _) => {}
        }
        for piece in buffer[..read].chunks(way.piece.unwrap_or(usize::MAX)) {
            to.write_all(piece).await?;
            if way.piece.is_some() {
                yield_now().await;
            }
        }
    }
}

impl Plan {
    fn new(habits: Habits, dice: &mut Dice) -> Self {
        let ending = match dice.below(3) {
            0 => Ending::Cut,
            1 => Ending::Reset,
            _ => Ending::SlowClose(Duration::from_millis(50)),
        };
        let (mut up, mut down) = (Way::default(), Way::default());
        let after = |dice: &mut Dice| 500 + dice.below(20_000);
        if dice.percent(habits.slices) {
            up.piece = Some(1 + dice.below(200));
            down.piece = Some(1 + dice.below(200));
        }
        if dice.percent(habits.delays) {
            up.delay = Some(Duration::from_millis(1 + u64::try_from(dice.below(20)).unwrap_or(0)));
            down.delay = Some(Duration::from_millis(1 + u64::try_from(dice.below(20)).unwrap_or(0)));
        }
        let way = if dice.percent(50) { &mut up } else { &mut down };
        if dice.percent(habits.breaks) {
            way.then = Some((after(dice), Then::End));
        } else if dice.percent(habits.half_open) {
            way.then = Some((after(dice), Then::Vanish));
        } else if dice.percent(habits.stalls) {
            let bytes = after(dice);
            up.then = Some((bytes, Then::Stall));
            down.then = Some((bytes, Then::Stall));
        }
        Self { up, down, ending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::AsyncReadExt;

    /// A proxy in front of an echo, and a connection through it.
    async fn echo(habits: Habits) -> (Proxy, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let (mut read, mut write) = stream.split();
                    tokio::io::copy(&mut read, &mut write).await
                });
            }
        });
        let proxy = Proxy::start(1).await.unwrap();
        proxy.behave(habits);
        proxy.lead_to(Some(&url));
        let stream = TcpStream::connect(proxy.url().strip_prefix("http://").unwrap()).await.unwrap();
        (proxy, stream)
    }

    #[tokio::test]
    async fn pieces_and_delays_change_nothing_of_what_is_said() {
        let (_proxy, mut stream) = echo(Habits { slices: 100, delays: 100, ..Habits::default() }).await;
        let said: Vec<u8> = (0..5000_u32).map(|number| number.to_le_bytes()[0]).collect();
        stream.write_all(&said).await.unwrap();
        let mut heard = vec![0; said.len()];
        stream.read_exact(&mut heard).await.unwrap();
        assert!(heard == said);
    }

    #[tokio::test]
    async fn a_reset_is_seen_as_one_and_a_cut_as_an_end() {
        for (ending, reset) in [(Ending::Reset, true), (Ending::Cut, false)] {
            let (proxy, mut stream) = echo(Habits::default()).await;
            stream.write_all(b"x").await.unwrap();
            stream.read_exact(&mut [0]).await.unwrap();
            proxy.end_all(ending);
            let end = stream.read(&mut [0]).await;
            assert_eq!(end.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset), reset);
        }
    }

    #[tokio::test]
    async fn a_connection_that_is_to_break_does() {
        let (_proxy, mut stream) = echo(Habits { breaks: 100, ..Habits::default() }).await;
        let broken = async {
            loop {
                stream.write_all(&[0; 1000]).await?;
                stream.read_exact(&mut [0; 1000]).await?;
            }
        };
        let end: io::Result<()> = tokio::time::timeout(crate::PATIENCE, broken).await.unwrap();
        assert!(end.is_err());
    }

    #[tokio::test]
    async fn without_a_target_nobody_gets_through() {
        let (proxy, _) = echo(Habits::default()).await;
        proxy.lead_to(None);
        let mut stream = TcpStream::connect(proxy.url().strip_prefix("http://").unwrap()).await.unwrap();
        assert!(!matches!(stream.read(&mut [0]).await, Ok(1..)));
        assert_eq!(proxy.connections(), 2);
    }
}
