//! Counting and timing, shared by all connections of a run.

use crate::{pairs::Players, target::Target};
use anyhow::{Context, Result, bail};
use jmessage_testkit::sys;
use std::{
    sync::Mutex,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Counts deliveries and, where messages carry a time, their latencies.
pub(crate) struct Meter {
    began: Instant,
    delivered: AtomicU64,
    latencies: Mutex<Vec<u64>>,
}

/// What one run came to.
#[derive(Clone, Default)]
pub(crate) struct Figures {
    /// Deliveries a second.
    pub(crate) rate: f64,
    /// The measured process's CPU time per delivery, in microseconds.
    pub(crate) cpu: f64,
    /// The share of one core that the measured process used, 0 to 1 (more with more cores).
    pub(crate) load: f64,
    /// The same of the load generator; near 1 it is the generator that limits the rate.
    pub(crate) generator_load: f64,
    /// Median and 99th percentile of the latency, in microseconds.
    pub(crate) latency: Option<(u64, u64)>,
    /// Messages in one transaction.
    pub(crate) batch: Option<f64>,
    /// Resident memory per connection, in bytes.
    pub(crate) memory: Option<f64>,
}

impl Meter {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), delivered: AtomicU64::new(0), latencies: Mutex::default() }
    }

    /// Microseconds since the run began.
    pub(crate) fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// One more message arrived.
    pub(crate) fn delivered(&self) {
        self.delivered.fetch_add(1, Ordering::Relaxed);
    }

    /// One more message arrived that was due at `stamp`.
    pub(crate) fn delivered_after(&self, stamp: u64) {
        self.delivered();
        let latency = self.now().saturating_sub(stamp);
        if let Ok(mut latencies) = self.latencies.lock() {
            latencies.push(latency);
        }
    }

    fn take_latencies(&self) -> Vec<u64> {
        self.latencies.lock().map(|mut all| std::mem::take(&mut *all)).unwrap_or_default()
    }

    /// Lets the players warm up, then measures for `time`; a player that fails ends the run.
    pub(crate) async fn measure(
        &self,
        target: &Target,
        players: &mut Players,
        warm_up: Duration,
        time: Duration,
    ) -> Result<Figures> {
        keep_playing(players, warm_up).await?;
        self.take_latencies();
        let stored = target.stored().await?;
        let (start, before) = (Instant::now(), self.delivered.load(Ordering::Relaxed));
        let cpu = [target.cpu_time()?, sys::cpu_time(std::process::id())?];
        keep_playing(players, time).await?;
        let used = [
            target.cpu_time()?.saturating_sub(cpu[0]),
            sys::cpu_time(std::process::id())?.saturating_sub(cpu[1]),
        ];
        let (took, after) = (start.elapsed().as_secs_f64(), self.delivered.load(Ordering::Relaxed));
        let stored =
            stored.zip(target.stored().await?).map(|(a, b)| (b.messages - a.messages, b.commits - a.commits));
        let messages = u32::try_from(after - before).map(f64::from)?;
        if messages < 1.0 {
            bail!("no message was delivered");
        }
        Ok(Figures {
            rate: messages / took,
            cpu: used[0].as_secs_f64() * 1e6 / messages,
            load: used[0].as_secs_f64() / took,
            generator_load: used[1].as_secs_f64() / took,
            latency: percentiles(self.take_latencies()),
            batch: stored.map(|(messages, commits)| messages / commits),
            memory: None,
        })
    }
}

async fn keep_playing(players: &mut Players, time: Duration) -> Result<()> {
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        Some(ended) = players.join_next() => ended?.context("a connection failed"),
    }
}

/// Median and 99th percentile.
pub(crate) fn percentiles(mut latencies: Vec<u64>) -> Option<(u64, u64)> {
    latencies.sort_unstable();
    let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied();
    Some((at(50)?, at(99)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_taken_from_the_sorted_latencies() {
        assert_eq!(percentiles((0..1000).rev().collect()), Some((500, 990)));
        assert_eq!(percentiles(vec![7]), Some((7, 7)));
        assert_eq!(percentiles(Vec::new()), None);
    }
}
