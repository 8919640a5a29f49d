//! What the disk alone takes: one page written and synced at a time, as for a transaction of one message.

use crate::meter::percentiles;
use anyhow::Result;
use std::{
    os::unix::fs::FileExt,
    path::Path,
    thread,
    time::{Duration, Instant},
};

/// A page, and what a log says of it.
const PAGE: usize = 4096 + 24;
/// Written over again and again, so that nothing of the file but its content has to be synced.
const PAGES: usize = 2048;

/// Syncs `per_second` pages a second to a file in `directory`: median and 99th percentile, in microseconds.
pub(crate) fn measure(directory: &Path, per_second: u32, time: Duration) -> Result<Option<(u64, u64)>> {
    let file = tempfile::tempfile_in(directory)?;
    file.write_all_at(&vec![1; PAGE * PAGES], 0)?;
    file.sync_all()?;
    let (began, step) = (Instant::now(), Duration::from_secs(1) / per_second);
    let mut latencies = Vec::new();
    let (mut due, mut at) = (began, 0);
    while due.duration_since(began) < time {
        thread::sleep(due.saturating_duration_since(Instant::now()));
        let start = Instant::now();
        file.write_all_at(&[2; PAGE], at)?;
        file.sync_data()?;
        latencies.push(u64::try_from(start.elapsed().as_micros())?);
        at = (at + PAGE as u64) % (PAGE * PAGES) as u64;
        due += step;
    }
    Ok(percentiles(latencies))
}
