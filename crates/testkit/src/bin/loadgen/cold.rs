//! From nothing to listening, on a database that is full.

use crate::{extra::Line, stock::Stock, target::Target};
use anyhow::Result;
use jmessage_testkit::{App, Process, prepare};
use std::{fs, path::Path, time::Instant};

const ROUNDS: usize = 11;
/// Users who share the messages; the first 400 have none, for those who talk meanwhile.
pub(crate) const USERS: usize = 1000;

/// A database with so many messages, made if it is not there. It is kept: making it takes longer than any measurement.
pub(crate) async fn database(data_in: &Path, messages: u64) -> Result<std::path::PathBuf> {
    let made = data_in.join(format!("jmessage-bench-{messages}"));
    if !made.exists() {
        let making = tempfile::tempdir_in(data_in)?;
        let app = App::published();
        prepare(making.path(), &app, (0..USERS).map(Target::user)).await?;
        eprintln!("making a database of {messages} messages, once, in {}", made.display());
        Stock::open(making.path(), &app, USERS)?.messages(USERS - 1, 400..=USERS - 2, messages)?;
        fs::rename(making.keep(), &made)?;
    }
    Ok(made)
}

/// How long a start takes until the server says that it listens.
pub(crate) async fn measure(binary: &Path, data: &Path, messages: u64) -> Result<Line> {
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let process = Process::start(Target::command(binary, data)).await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
        // Nothing was written, so nothing is left to be put right by the next start.
        process.kill().await?;
    }
    times.sort_by(f64::total_cmp);
    Ok(Line {
        name: format!("cold start with {messages} messages"),
        figures: vec![("median ms", times[ROUNDS / 2]), ("slowest ms", times[ROUNDS - 1])],
    })
}
