//! Pairs that answer each other: whoever receives a message sends one back, so that the number of messages on their
//! way stays the same.

use crate::{
    frame::{self, Acks, Frame},
    link::{Reader, Writer},
    meter::Meter,
    target::Target,
};
use anyhow::{Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Logins under way at the same time.
const AT_ONCE: usize = 32;

/// Starts `pairs` conversations with `in_flight` messages on their way in each.
pub(crate) async fn start(
    target: &Target,
    pairs: usize,
    in_flight: usize,
    meter: &Arc<Meter>,
) -> Result<Players> {
    // All before the first plays: a server that is busy answers logins late.
    let enter = |index| target.enter(index);
    let links: Vec<_> = stream::iter(0..2 * pairs).map(enter).buffered(AT_ONCE).try_collect().await?;
    let mut players = JoinSet::new();
    for (index, link) in links.into_iter().enumerate() {
        let (peer, opening) = if index % 2 == 0 { (index + 1, in_flight) } else { (index - 1, 0) };
        players.spawn(play(link, Target::user(peer), opening, Arc::clone(meter)));
    }
    Ok(players)
}

/// Starts `connections` connections to an echo, each with `in_flight` frames on their way.
pub(crate) async fn start_echo(
    target: &Target,
    connections: usize,
    in_flight: usize,
    meter: &Arc<Meter>,
) -> Result<Players> {
    let mut players = JoinSet::new();
    for _ in 0..connections {
        let link = target.connect().await?;
        players.spawn(repeat(link, in_flight, Arc::clone(meter)));
    }
    Ok(players)
}

/// The tasks of one run. None of them ends by itself except with an error.
pub(crate) type Players = JoinSet<Result<()>>;

async fn play(link: (Writer, Reader), peer: String, opening: usize, meter: Arc<Meter>) -> Result<()> {
    let (mut writer, mut reader) = link;
    let wire = writer.wire();
    let (mut number, mut last_seq, mut acks) = (0, 0, Acks::over(wire));
    let mut frames = Vec::new();
    for _ in 0..opening {
        number += 1;
        writer.put(wire.message(number, &peer, 0)).await?;
    }
    loop {
        writer.flush().await?;
        reader.take(&mut frames).await?;
        for text in &frames {
            let Frame::Push { conversation, seq, .. } = wire.read(text)? else { continue };
            ensure!(seq > last_seq, "seq {seq} came after {last_seq}");
            last_seq = seq;
            meter.delivered();
            if let Some(ack) = acks.arrived(meter.now(), conversation, seq) {
                writer.put(ack).await?;
            }
            number += 1;
            writer.put(wire.message(number, &peer, 0)).await?;
        }
    }
}

async fn repeat(link: (Writer, Reader), in_flight: usize, meter: Arc<Meter>) -> Result<()> {
    let (mut writer, mut reader) = link;
    let mut frames = Vec::new();
    for _ in 0..in_flight {
        writer.put(frame::message(1, &Target::user(0), 0)).await?;
    }
    loop {
        writer.flush().await?;
        reader.take(&mut frames).await?;
        for _ in &frames {
            meter.delivered();
            writer.put(frame::message(1, &Target::user(0), 0)).await?;
        }
    }
}
