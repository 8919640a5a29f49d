//! The writer: takes what has queued up as one batch, again and again, on threads of its own that take turns, or when it is
//! told to.

use crate::{
    admission::{self, Admission},
    command::Command,
    engine::Engine,
    pace::Pace,
    port::Log,
};
use std::{
    io,
    pin::pin,
    sync::{Arc, Mutex},
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

/// How many threads write, one at a time; while the others sync what they have committed.
pub(crate) const WRITERS: usize = 4;

/// What waits for the engine, and whoever takes it.
struct Intake {
    commands: mpsc::Receiver<Command>,
    batch: Vec<Command>,
    admission: Arc<Admission>,
    stopped: bool,
}

/// The engine and what waits for it, for one thread that carries it out.
pub struct Driven {
    intake: Intake,
    engine: Engine,
    log: Box<dyn Log>,
}

/// The same for several threads.
struct Shared {
    intake: Mutex<Intake>,
    engine: Mutex<Engine>,
    pace: Pace,
}

impl Shared {
    /// Takes commands, commits them, and makes them durable while another thread takes the next. It ends at
    /// [`Command::Stop`] or when every sender is gone.
    fn work(&self, log: &mut dyn Log) {
        // After a panic nothing goes on.
        while let Ok(mut intake) = self.intake.lock() {
            if intake.stopped || !intake.wait(&self.pace) {
                break;
            }
            let Ok(mut engine) = self.engine.lock() else { break };
            let before = engine.unsynced();
            intake.carry_out(&mut engine, log);
            // What others have committed they sync themselves.
            let mine = engine.unsynced().filter(|last| before != Some(*last));
            let mine = mine.map(|last| (last, self.pace.begin()));
            drop((engine, intake));
            let Some((last, began)) = mine else { continue };
            let result = log.sync();
            let took = began.elapsed();
            let Ok(mut engine) = self.engine.lock() else { break };
            engine.synced(last, result);
            drop(engine);
            self.pace.end(began, took);
        }
    }
}

impl Driven {
    pub(crate) fn new(
        engine: Engine,
        log: Box<dyn Log>,
        admission: Arc<Admission>,
    ) -> (mpsc::Sender<Command>, Self) {
        let (sender, commands) = mpsc::channel(WAITING);
        let intake = Intake { commands, batch: Vec::with_capacity(BATCH), admission, stopped: false };
        (sender, Self { intake, engine, log })
    }

    /// Starts the threads.
    pub(crate) fn start(self, logs: Vec<Box<dyn Log>>) -> io::Result<Vec<thread::JoinHandle<()>>> {
        let shared = Arc::new(Shared {
            intake: Mutex::new(self.intake),
            engine: Mutex::new(self.engine),
            pace: Pace::default(),
        });
        let start = |(number, mut log): (usize, Box<dyn Log>)| {
            let shared = shared.clone();
            let name = format!("writer {number}");
            thread::Builder::new().name(name).spawn(move || shared.work(log.as_mut()))
        };
        logs.into_iter().chain([self.log]).enumerate().map(start).collect()
    }

    /// Waits for commands; false when none will come any more.
    pub async fn gather(&mut self) -> bool {
        self.intake.commands.recv_many(&mut self.intake.batch, BATCH).await > 0
    }

    /// Commits what was gathered, and what else waits, as one batch; false when it held [`Command::Stop`].
    pub fn run(&mut self) -> bool {
        self.intake.take_waiting();
        self.intake.carry_out(&mut self.engine, self.log.as_mut())
    }

    /// Makes durable what is committed, and tells it.
    pub fn settle(&mut self) {
        self.engine.settle(self.log.as_mut());
    }

    /// The last transaction that nobody was told of.
    pub fn unsynced(&self) -> Option<u64> {
        self.engine.unsynced()
    }

    /// Syncs, and tells what was committed up to this transaction: as one does who began before the others.
    pub fn sync(&mut self, upto: u64) {
        let result = self.log.sync();
        self.engine.synced(upto, result);
    }
}

impl Intake {
    /// Waits for commands, and for those that it is worth waiting for; false when none will come any more.
    fn wait(&mut self, pace: &Pace) -> bool {
        if self.commands.blocking_recv_many(&mut self.batch, BATCH) == 0 {
            return false;
        }
        self.wait_for_company();
        if self.batch.iter().any(Command::is_stored) {
            pace.wait(self.batch.len());
        }
        self.let_others_in();
        true
    }

    fn carry_out(&mut self, engine: &mut Engine, log: &mut dyn Log) -> bool {
        self.admission.leave(&self.batch);
        let goes_on = engine.run(&mut self.batch, log);
        self.stopped |= !goes_on;
        goes_on
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
}

/// Wakes a thread that waits for commands.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}
