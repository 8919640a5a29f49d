//! All connections break at once, and all come back.

use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use jmessage_testkit::{
    Process,
    live::{Ending, Page},
    sys,
};
use std::{
    env,
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// The pages' clock runs so many times as fast as ours: their back-off leaves the server less time than in reality.
const HASTE: u64 = 5;
/// After so long, by our clock, a connection counts as good and its page's back-off begins anew.
const CALM: Duration = Duration::from_millis(10_000 / HASTE + 100);

/// Pages, and how often all of them are cut: few in a run of all tests, more by the environment.
fn size() -> Result<(usize, usize)> {
    let number = |name: &str, otherwise| match env::var(name) {
        Ok(text) => text.parse().with_context(|| name.to_owned()),
        Err(_) => Ok(otherwise),
    };
    Ok((number("JMESSAGE_STORM_PAGES", 2000)?, number("JMESSAGE_STORMS", 4)?))
}

#[tokio::test]
async fn storms_of_reconnecting_pages_lose_nothing_and_kick_nobody() -> Result<()> {
    let (crowd, storms) = size()?;
    sys::raise_open_files()?;
    let mut stage = Stage::new(crowd, HASTE).await?;
    let server = stage.serve(&["--max-group", "5000"]).await?;
    stage.open_pages();
    everybody_is_back(&stage, 0).await?;
    let before = memory(&server)?;
    let mut times = Vec::with_capacity(storms);
    for storm in 0..storms {
        let connections = stage.proxy.connections();
        let begun = Instant::now();
        stage.proxy.end_all(if storm % 2 == 0 { Ending::Reset } else { Ending::Cut });
        // Said while nobody is there, or only some are.
        stage.say_some(20);
        everybody_is_back(&stage, connections).await?;
        times.push(begun.elapsed());
        sleep(CALM).await;
    }
    stage.everything_is_heard().await?;
    let kicks: usize = stage.pages.iter().map(Page::kicks).sum();
    ensure!(kicks == 0, "{kicks} sessions were taken away");
    let after = memory(&server)?;
    ensure!(after < before + (32 << 20), "the server has grown from {before} to {after} bytes");
    // Every page writes down what it sees; that is little, since most of them only come back.
    stage.judge(server).await?;
    times.sort_unstable();
    println!(
        "ok: {storms} storms of {crowd} pages: back after {:.2?} (median), {:.2?} (longest); RSS {} MB before, {} MB after",
        times[times.len() / 2],
        times[times.len() - 1],
        before >> 20,
        after >> 20,
    );
    Ok(())
}

/// Waits until every page has a session on a connection made after the first `connections`.
async fn everybody_is_back(stage: &Stage, connections: u64) -> Result<()> {
    let all = connections + u64::try_from(stage.pages.len())?;
    let back = async || Ok(stage.proxy.connections() >= all && stage.pages.iter().all(Page::is_online));
    stage.until("everybody to be back", back).await
}

fn memory(server: &Process) -> Result<u64> {
    sys::resident_memory(server.pid()?)
}
