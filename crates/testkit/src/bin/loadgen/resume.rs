//! Connections that break and come back, as many at a time as can: how many sessions are taken up again a second.

use crate::{extra::Line, target::Target};
use anyhow::Result;
use futures_util::{StreamExt, TryStreamExt, stream};
use jmessage_testkit::sys;
use std::{
    cell::Cell,
    time::{Duration, Instant},
};
use tokio::sync::Mutex;

/// Connections that come back at the same time.
const AT_ONCE: usize = 128;

/// Logs `users` users in; then each of them drops its connection and resumes on a new one, again and again.
pub(crate) async fn measure(target: &Target, users: usize, time: Duration) -> Result<Line> {
    let opened = stream::iter(0..users)
        .map(async |index| {
            let (writer, reader, early) = target.login(index).await?;
            anyhow::Ok((Target::token(&early)?, (writer, reader)))
        })
        .buffer_unordered(32)
        .try_collect::<Vec<_>>()
        .await?;
    let sessions: Vec<_> = opened.into_iter().map(Mutex::new).collect();
    let (start, before) = (Instant::now(), sys::cpu_time(target.pid()?)?);
    let resumed = Cell::new(0_u32);
    stream::iter((0..users).cycle())
        .take_while(|_| std::future::ready(start.elapsed() < time))
        .map(Ok::<_, anyhow::Error>)
        .try_for_each_concurrent(AT_ONCE, async |index| {
            // One that is still coming back from its last break is left alone.
            let Ok(mut session) = sessions[index].try_lock() else {
                tokio::task::yield_now().await;
                return Ok(());
            };
            let (writer, reader, _) = target.resume(&session.0).await?;
            session.1 = (writer, reader);
            resumed.set(resumed.get() + 1);
            Ok(())
        })
        .await?;
    let count = f64::from(resumed.get());
    let used = sys::cpu_time(target.pid()?)?.saturating_sub(before).as_secs_f64();
    Ok(Line {
        name: format!("resume storm of {users} clients"),
        figures: vec![
            ("resumes/s", count / start.elapsed().as_secs_f64()),
            ("CPU µs/resume", used * 1e6 / count),
        ],
    })
}
