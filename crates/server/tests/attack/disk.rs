//! Disks that fail and disks that are full.

use crate::stage::Stage;
use anyhow::{Context, Result, ensure};
use jmessage_testkit::{Process, metric, sys};
use std::time::Duration;
use tokio::time::sleep;

const FAILURES: &str = "jmessage_commit_failures_total";

/// Pages talk until so many commits have failed.
async fn fail(stage: &mut Stage, server: &Process, commits: f64) -> Result<()> {
    for _ in 0..60 {
        stage.say(1);
        if metric(server.url(), FAILURES).await? >= commits {
            return Ok(());
        }
        // Not all at once: each commit shall be small.
        sleep(Duration::from_millis(20)).await;
    }
    stage.until("commits to fail", async || Ok(metric(server.url(), FAILURES).await? >= commits)).await
}

/// The server's system calls fail as `inject` says, under load, until it is killed; afterwards the disk is well.
async fn survives(inject: &str) -> Result<()> {
    let mut stage = Stage::new(8, 5).await?;
    let server = stage.serve_with(inject).await?;
    stage.open_pages();
    fail(&mut stage, &server, 5.0).await?;
    stage.say(2);
    let some = stage.waiting() / 2;
    stage.until("some answers", async || Ok(stage.waiting() <= some)).await?;
    stage.kill(server).await?;
    let server = stage.serve(&[]).await?;
    stage.say(2);
    stage.judge(server).await
}

/// A sync fails, the server says so and ends, is started again, and so on.
async fn outlives_syncs(error: &str) -> Result<()> {
    let mut stage = Stage::new(8, 5).await?;
    for round in 0..6 {
        // Counted for each thread.
        let server =
            stage.serve_with(&format!("fsync,fdatasync:error={error}:when={}", 9 + 7 * round)).await?;
        if round == 0 {
            stage.open_pages();
        }
        stage.say_until_it_ends(server).await?;
    }
    let server = stage.serve(&[]).await?;
    stage.say(2);
    stage.judge(server).await
}

#[tokio::test]
async fn syncs_that_fail_are_never_taken_for_success() -> Result<()> {
    outlives_syncs("EIO").await
}

/// Where room is given to what was written only when it is synced.
#[tokio::test]
async fn syncs_that_find_no_space_are_never_taken_for_success() -> Result<()> {
    outlives_syncs("ENOSPC").await
}

#[tokio::test]
async fn writes_that_fail_are_never_taken_for_success() -> Result<()> {
    survives("pwrite64:error=EIO:when=60+41").await
}

#[tokio::test]
async fn writes_that_find_no_space_are_never_taken_for_success() -> Result<()> {
    survives("pwrite64:error=ENOSPC:when=60+41").await
}

/// Every sync fails from some moment on: the server says so to everybody and ends, and does not come back before the disk is
/// well.
async fn ends_without_syncs(error: &str) -> Result<()> {
    let mut stage = Stage::new(6, 5).await?;
    let inject = |first| format!("fsync,fdatasync:error={error}:when={first}+");
    let server = stage.serve_with(&inject(12)).await?;
    stage.open_pages();
    stage.say_until_it_ends(server).await?;
    ensure!(stage.serve_with(&inject(1)).await.is_err(), "it serves what it cannot sync");
    let server = stage.serve(&[]).await?;
    stage.judge(server).await
}

#[tokio::test]
async fn a_disk_that_syncs_no_more_stores_nothing_and_says_so() -> Result<()> {
    ends_without_syncs("EIO").await
}

#[tokio::test]
async fn a_disk_without_space_for_a_sync_stores_nothing_and_says_so() -> Result<()> {
    ends_without_syncs("ENOSPC").await
}

/// There is no space (ENOSPC) for forty writes of each thread, one after the other, nor to make a file longer; then there is
/// room again, and everything goes on by itself.
#[tokio::test]
async fn a_disk_without_space_refuses_and_goes_on_when_there_is_room() -> Result<()> {
    let mut stage = Stage::new(8, 5).await?;
    let server = stage.serve_with("pwrite64,ftruncate,fallocate:error=ENOSPC:when=60..99").await?;
    stage.open_pages();
    fail(&mut stage, &server, 5.0).await?;
    stage.say(10);
    stage.until("all answers", async || Ok(stage.waiting() == 0)).await?;
    stage.judge(server).await
}

/// No file may grow (EFBIG), under load; when there is room again, everything goes on by itself.
#[tokio::test]
async fn a_full_disk_refuses_and_goes_on_when_there_is_room() -> Result<()> {
    let mut stage = Stage::new(8, 5).await?;
    let server = stage.serve_without_size_signal().await?;
    stage.open_pages();
    stage.say(10);
    for _ in 0..3 {
        sys::limit_file_size(server.pid()?, Some(4096))?;
        stage.say(10);
        let failed = metric(server.url(), FAILURES).await? + 3.0;
        stage.until("commits to fail", async || Ok(metric(server.url(), FAILURES).await? >= failed)).await?;
        sys::limit_file_size(server.pid()?, None)?;
        stage.until("all answers", async || Ok(stage.waiting() == 0)).await?;
    }
    stage.judge(server).await
}

/// The file system itself is full (ENOSPC from tmpfs), under load; when there is room again, everything goes on by itself.
#[tokio::test]
async fn a_full_file_system_refuses_and_goes_on_when_there_is_room() -> Result<()> {
    let mut stage = Stage::new(8, 5).await?;
    let Some(server) = stage.serve_on_small_disk(64 << 20).await? else {
        println!("not tried: nobody may mount a file system here");
        return Ok(());
    };
    stage.open_pages();
    stage.say(10);
    for _ in 0..3 {
        let failed = metric(server.url(), FAILURES).await? + 3.0;
        stage.small.as_ref().context("no small disk")?.fill()?;
        fail(&mut stage, &server, failed).await?;
        stage.small.as_ref().context("no small disk")?.make_room()?;
        stage.until("all answers", async || Ok(stage.waiting() == 0)).await?;
    }
    stage.judge(server).await
}
