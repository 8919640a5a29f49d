//! One user comes back to very many messages: how fast they come.

use crate::{extra::Line, frame::Frame, target::Target};
use anyhow::{Result, ensure};
use jmessage_testkit::sys;
use std::{collections::HashMap, time::Instant};

/// How often the user comes back, without acknowledging anything.
const ROUNDS: usize = 5;

/// User 1 has `messages` waiting and reads them.
pub(crate) async fn measure(target: &Target, messages: u64) -> Result<Line> {
    let mut rates = Vec::new();
    let mut cpu = Vec::new();
    for _ in 0..ROUNDS {
        let before = sys::cpu_time(target.pid()?)?;
        let start = Instant::now();
        let (_writer, mut reader, early) = target.login(1).await?;
        let mut last: HashMap<u64, u64> = HashMap::new();
        let mut came = 0;
        let mut frames = early;
        loop {
            for text in &frames {
                let Frame::Push { conversation, seq, .. } = Frame::read(text)? else { continue };
                let last = last.entry(conversation).or_default();
                ensure!(seq == *last + 1, "seq {seq} came after {last}");
                *last = seq;
                came += 1;
            }
            if came >= messages {
                break;
            }
            reader.take(&mut frames).await?;
        }
        let count = f64::from(u32::try_from(came)?);
        rates.push(count / start.elapsed().as_secs_f64());
        cpu.push((sys::cpu_time(target.pid()?)?.saturating_sub(before)).as_secs_f64() * 1e6 / count);
    }
    rates.sort_by(f64::total_cmp);
    cpu.sort_by(f64::total_cmp);
    let (rate, best) = (rates[ROUNDS / 2], rates[ROUNDS - 1]);
    Ok(Line {
        name: format!("backlog of {messages} messages"),
        figures: vec![("messages/s", rate), ("best of 5", best), ("CPU µs/msg", cpu[ROUNDS / 2])],
    })
}
