//! The writer: takes what has queued up as one batch, again and again, on a thread of its own or when it is told to.

use crate::{
    admission::{self, Admission},
    command::Command,
    engine::Engine,
};
use std::{
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Wake},
    thread,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;

/// Commands in one transaction at most.
const BATCH: usize = 512;
/// Commands waiting at most. The last part is for those that are not refused; beyond, they wait.
const WAITING: usize = admission::COMMANDS + 4096;

/// How long acknowledgements wait for something that they can be committed with. Nobody waits for them, and one that is
/// lost does no harm; a transaction costs as much for one as for many.
const COMPANY: Duration = Duration::from_millis(5);

/// The engine and what waits for it, for one thread that carries it out.
pub struct Driven {
    engine: Engine,
    commands: mpsc::Receiver<Command>,
    batch: Vec<Command>,
    admission: Arc<Admission>,
}

impl Driven {
    pub(crate) fn new(engine: Engine, admission: Arc<Admission>) -> (mpsc::Sender<Command>, Self) {
        let (sender, commands) = mpsc::channel(WAITING);
        (sender, Self { engine, commands, batch: Vec::with_capacity(BATCH), admission })
    }

    /// Starts the thread. It ends at [`Command::Stop`] or when every sender is gone.
    pub(crate) fn start(mut self) -> io::Result<thread::JoinHandle<()>> {
        thread::Builder::new().name("writer".into()).spawn(move || {
            while self.commands.blocking_recv_many(&mut self.batch, BATCH) > 0 {
                self.wait_for_company();
                self.let_others_in();
                if !self.carry_out() {
                    break;
                }
            }
        })
    }

    /// While there are only acknowledgements, waits for something else for a moment.
    fn wait_for_company(&mut self) {
        let until = Instant::now() + COMPANY;
        let is_acknowledgement = |command: &Command| matches!(command, Command::Acknowledge { .. });
        while self.batch.len() < BATCH && self.batch.iter().all(is_acknowledgement) {
            if !self.receive(until) {
                break;
            }
        }
    }

    /// Lets those go on who are about to send something. A transaction and its sync cost as much for one message as for many,
    /// and whoever was answered by the last one is just writing the next. Where nothing else is to be done it takes a
    /// microsecond.
    fn let_others_in(&mut self) {
        thread::yield_now();
        self.take_waiting();
    }

    /// Takes what waits already.
    fn take_waiting(&mut self) {
        while self.batch.len() < BATCH
            && let Ok(command) = self.commands.try_recv()
        {
            self.batch.push(command);
        }
    }

    /// Waits for commands until then; false when none came.
    fn receive(&mut self, until: Instant) -> bool {
        let waker = Arc::new(Unpark(thread::current())).into();
        let mut context = Context::from_waker(&waker);
        let room = BATCH - self.batch.len();
        let mut received = pin!(self.commands.recv_many(&mut self.batch, room));
        loop {
            if let Poll::Ready(received) = received.as_mut().poll(&mut context) {
                return received > 0;
            }
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            thread::park_timeout(left);
        }
    }

    /// Waits for commands; false when none will come any more.
    pub async fn gather(&mut self) -> bool {
        self.commands.recv_many(&mut self.batch, BATCH).await > 0
    }

    /// Carries out what was gathered, and what else waits, as one batch; false when it held [`Command::Stop`].
    pub fn run(&mut self) -> bool {
        self.take_waiting();
        self.carry_out()
    }

    fn carry_out(&mut self) -> bool {
        self.admission.leave(&self.batch);
        self.engine.run(&mut self.batch)
    }
}

/// Wakes a thread that waits for commands.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
