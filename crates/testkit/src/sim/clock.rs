//! The clocks and the randomness of one simulation, which has its thread to itself.

use super::random::Random;
use futures_util::future::BoxFuture;
use jmessage_core::Error;
use jmessage_model::Millis;
use std::{
    cell::{Cell, RefCell},
    time::Duration,
};
use tokio::time::Instant;

/// More pauses than any simulation needs: a server that goes round in circles is slowed down until it is found out.
const PAUSES_IN_ALL: u32 = 50_000;

/// What the server's clock shows when a simulation begins, in milliseconds since 1970.
const BEGIN: u64 = 1_700_000_000_000;

thread_local! {
    static START: Cell<Option<Instant>> = const { Cell::new(None) };
    static AHEAD: Cell<i64> = const { Cell::new(0) };
    static PAUSED: Cell<u32> = const { Cell::new(0) };
    static SECRETS: RefCell<Random> = RefCell::new(Random::new(0, "", 0));
}

tokio::task_local! {
    /// What a task of the server draws to decide how long it pauses: its own, so that tasks woken at the same moment
    /// draw the same whatever their order.
    static PAUSES: RefCell<Pauses>;
}

/// What decides how long a task pauses.
struct Pauses {
    random: Random,
    /// Others are in its way most of the time.
    is_slow: bool,
}

/// Starts the clocks; inside the runtime of the simulation.
pub(super) fn start(seed: u64) {
    START.set(Some(Instant::now()));
    AHEAD.set(0);
    PAUSED.set(0);
    SECRETS.set(Random::new(seed, "secrets", 0));
}

fn started() -> Instant {
    START.get().unwrap_or_else(Instant::now)
}

/// Milliseconds since the simulation began.
pub(super) fn now() -> u64 {
    u64::try_from(started().elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The moment at which so many milliseconds have passed.
pub(super) fn moment(at: u64) -> Instant {
    started() + Duration::from_millis(at)
}

/// The clock of the server, and of the developer's server that signs.
pub(super) fn wall() -> Millis {
    Millis((BEGIN + now()).saturating_add_signed(AHEAD.get()))
}

/// Moves the server's clock.
pub(super) fn jump(by: i64) {
    AHEAD.set(AHEAD.get() + by);
}

/// What the server takes for randomness.
#[expect(clippy::unnecessary_wraps, reason = "the shape of Options::random")]
pub(super) fn secrets(bytes: &mut [u8]) -> Result<(), Error> {
    SECRETS.with_borrow_mut(|random| bytes.fill_with(|| random.next().to_le_bytes()[0]));
    Ok(())
}

/// A task of the server with its own pauses.
pub(super) async fn pausing<F: Future>(mut random: Random, task: F) -> F::Output {
    let is_slow = random.percent(40);
    PAUSES.scope(RefCell::new(Pauses { random, is_slow }), task).await
}

/// Mostly nothing, now and then some time: what happens when a thread is busy, or a disk slow. Some tasks nearly always
/// pause.
pub(super) fn pause() -> BoxFuture<'static, ()> {
    let draw = |pauses: &RefCell<Pauses>| {
        let Pauses { random, is_slow } = &mut *pauses.borrow_mut();
        match random.next() % 100 {
            0..80 if *is_slow => random.between(1, 80),
            0..80 => 0,
            80..95 => random.between(1, 5),
            95..99 => random.between(5, 100),
            _ => random.between(100, 2000),
        }
    };
    PAUSED.set(PAUSED.get() + 1);
    let drawn = PAUSES.try_with(draw).unwrap_or(0);
    let millis = if PAUSED.get() > PAUSES_IN_ALL { 10_000 } else { drawn };
    Box::pin(async move {
        if millis > 0 {
            tokio::time::sleep(Duration::from_millis(millis)).await;
        }
    })
}
