//! What the machine alone takes: how often its CPUs stand still, for the programs of others on the same host.

use crate::Cpus;
use anyhow::Result;
use jmessage_testkit::sys;
use std::{
    panic::resume_unwind,
    thread,
    time::{Duration, Instant},
};

/// So much later than it was due would a message be.
const LATE: Duration = Duration::from_micros(500);

/// The share of all moments from which on a CPU does nothing for [`LATE`] or longer although there is something to do, both CPUs
/// together: a message passes through both.
pub(crate) fn measure(cpus: &Cpus, time: Duration) -> Result<f64> {
    let still = thread::scope(|scope| {
        let watching = [cpus.measured, cpus.generator].map(|cpu| scope.spawn(move || watch(cpu, time)));
        watching
            .into_iter()
            .map(|watching| watching.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect::<Result<Vec<_>>>()
    })?;
    Ok(still.iter().sum::<Duration>().as_secs_f64() / time.as_secs_f64())
}

fn watch(cpu: usize, time: Duration) -> Result<Duration> {
    sys::run_on(cpu)?;
    let (began, mut still) = (Instant::now(), Duration::ZERO);
    let mut before = began;
    while before - began < time {
        let now = Instant::now();
        still += (now - before).saturating_sub(LATE);
        before = now;
    }
    Ok(still)
}
