//! A fixed rate, whatever comes back: messages leave when they are due, and their latency counts from that moment.

use crate::{
    frame::{self, Acks, Frame},
    link::{Reader, Writer},
    meter::Meter,
    pairs::Players,
    target::Target,
};
use anyhow::Result;
use std::{sync::Arc, thread, time::Duration};
use tokio::{sync::Notify, task::JoinSet};

/// Starts `pairs` conversations, in each of which one side writes, together `per_second` messages a second.
pub(crate) async fn start(
    target: &Target,
    pairs: usize,
    per_second: u32,
    meter: &Arc<Meter>,
) -> Result<Players> {
    let mut players = JoinSet::new();
    let mut writers = Vec::with_capacity(pairs);
    for pair in 0..pairs {
        let (a, b) = (2 * pair, 2 * pair + 1);
        let (writer, reader) = target.enter(a).await?;
        players.spawn(watch_answers(reader));
        players.spawn(receive(target.enter(b).await?, Arc::clone(meter)));
        writers.push((writer, Target::user(b)));
    }
    players.spawn(drive(writers, per_second, Arc::clone(meter)));
    Ok(players)
}

/// Starts `connections` connections to an echo, over which `per_second` frames a second go.
pub(crate) async fn start_echo(
    target: &Target,
    connections: usize,
    per_second: u32,
    meter: &Arc<Meter>,
) -> Result<Players> {
    let mut players = JoinSet::new();
    let mut writers = Vec::with_capacity(connections);
    for _ in 0..connections {
        let (writer, reader) = target.connect().await?;
        players.spawn(receive_echo(reader, Arc::clone(meter)));
        writers.push((writer, Target::user(0)));
    }
    players.spawn(drive(writers, per_second, Arc::clone(meter)));
    Ok(players)
}

/// Writes in turn on every connection.
async fn drive(mut writers: Vec<(Writer, String)>, per_second: u32, meter: Arc<Meter>) -> Result<()> {
    let (mut clock, start) = (Clock::start(&meter)?, meter.now());
    let mut number = 0;
    loop {
        for (writer, peer) in &mut writers {
            let due = start + number * 1_000_000 / u64::from(per_second);
            clock.wait_until(due).await?;
            number += 1;
            writer.put(writer.wire().message(number, peer, due)).await?;
            writer.flush().await?;
        }
    }
}

/// So long before a message is due, its thread is awake: to wake a virtual CPU takes longer than to send a message.
const AWAKE: Duration = Duration::from_micros(60);

/// Wakes a task at a microsecond, from a thread that sleeps until then. Tokio's timers are late by up to a millisecond; and
/// a task that looks at the time without end is put to sleep by the system now and then, for longer than a message takes.
struct Clock {
    meter: Arc<Meter>,
    due: std::sync::mpsc::Sender<u64>,
    rung: Arc<Notify>,
}

impl Clock {
    fn start(meter: &Arc<Meter>) -> Result<Self> {
        let (due, orders) = std::sync::mpsc::channel::<u64>();
        let (rung, meter) = (Arc::new(Notify::new()), Arc::clone(meter));
        let (bell, time) = (Arc::clone(&rung), Arc::clone(&meter));
        // Otherwise the system lets up to 50 µs more go by. A new thread has its maker's setting.
        if let Err(error) = std::fs::write("/proc/self/timerslack_ns", "1") {
            eprintln!("sleeps are less exact: {error}");
        }
        let work = move || {
            for due in orders {
                let ahead = Duration::from_micros(due.saturating_sub(time.now()));
                thread::sleep(ahead.saturating_sub(AWAKE));
                while time.now() < due {
                    std::hint::spin_loop();
                }
                bell.notify_one();
            }
        };
        thread::Builder::new().name("clock".into()).spawn(work)?;
        Ok(Self { meter, due, rung })
    }

    async fn wait_until(&mut self, due: u64) -> Result<()> {
        if self.meter.now() < due {
            self.due.send(due)?;
            self.rung.notified().await;
        }
        Ok(())
    }
}

async fn receive(link: (Writer, Reader), meter: Arc<Meter>) -> Result<()> {
    let (mut writer, mut reader) = link;
    let wire = writer.wire();
    let (mut frames, mut acks) = (Vec::new(), Acks::over(wire));
    loop {
        reader.take(&mut frames).await?;
        for text in &frames {
            let Frame::Push { conversation, seq, stamp } = wire.read(text)? else { continue };
            meter.delivered_after(stamp);
            if let Some(ack) = acks.arrived(meter.now(), conversation, seq) {
                writer.put(ack).await?;
            }
        }
        writer.flush().await?;
    }
}

async fn receive_echo(mut reader: Reader, meter: Arc<Meter>) -> Result<()> {
    let mut frames = Vec::new();
    loop {
        reader.take(&mut frames).await?;
        for text in &frames {
            meter.delivered_after(frame::stamp(text)?);
        }
    }
}

async fn watch_answers(mut reader: Reader) -> Result<()> {
    let mut frames = Vec::new();
    loop {
        reader.take(&mut frames).await?;
        for text in &frames {
            reader.wire().read(text)?;
        }
    }
}
