//! A group in which one user writes and everybody else listens. The next message leaves when an earlier one has reached
//! every listener, so that nobody falls behind.

use crate::{
    frame::{self, Acks, Frame},
    link::{Reader, Writer},
    meter::Meter,
    pairs::Players,
    target::Target,
};
use anyhow::{Context, Result, bail};
use futures_util::{StreamExt, stream};
use jmessage_testkit::call;
use serde_json::{Value, json};
use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};
use tokio::{sync::Notify, task::JoinSet};

/// Usernames in one call at most.
const NAMES: usize = 256;
/// Logins under way at the same time.
const AT_ONCE: usize = 32;

/// How far the listeners are, and how far they must be before the sender is woken.
#[derive(Default)]
struct Progress {
    heard: AtomicU64,
    wanted: AtomicU64,
    reached: Notify,
}

/// Makes a group of `members` users, all of them online; the first one sends, with `in_flight` messages on their way.
pub(crate) async fn start(
    target: &Target,
    members: usize,
    in_flight: u64,
    meter: &Arc<Meter>,
) -> Result<Players> {
    let mut players = JoinSet::new();
    let progress = Arc::new(Progress::default());
    // One after the other, 10,000 of them would wait for a commit each.
    let mut entering = stream::iter(1..members).map(|index| target.enter(index)).buffer_unordered(AT_ONCE);
    while let Some(link) = entering.next().await {
        players.spawn(listen(link?, Arc::clone(meter), Arc::clone(&progress)));
    }
    let (mut writer, mut reader) = target.enter(0).await?;
    let made = ask(&mut writer, &mut reader, "createGroup", &json!({ "groupName": "bench" })).await?;
    let group = made["data"]["gid"].as_u64().context("no gid")?;
    let names: Vec<_> = (1..members).map(Target::user).collect();
    for names in names.chunks(NAMES) {
        let params = json!({ "groupId": group, "memberUsernames": names });
        ask(&mut writer, &mut reader, "addGroupMembers", &params).await?;
    }
    let listeners = u64::try_from(names.len())?;
    players.spawn(watch_answers(reader));
    players.spawn(speak(writer, group, listeners, in_flight, progress));
    Ok(players)
}

/// Makes a call and waits for its answer.
async fn ask(writer: &mut Writer, reader: &mut Reader, method: &str, params: &Value) -> Result<Value> {
    writer.put(call(1, method, params).encode()).await?;
    writer.flush().await?;
    let mut frames = Vec::new();
    loop {
        reader.take(&mut frames).await?;
        for text in &frames {
            if text.starts_with(r#"{"type":"data""#) {
                return Ok(serde_json::from_str(text)?);
            } else if text.starts_with(r#"{"type":"error""#) {
                bail!("{method}: {text}");
            }
        }
    }
}

async fn speak(
    mut writer: Writer,
    group: u64,
    listeners: u64,
    in_flight: u64,
    progress: Arc<Progress>,
) -> Result<()> {
    let mut number = 0;
    loop {
        while number < progress.heard.load(Ordering::Relaxed) / listeners + in_flight {
            number += 1;
            writer.put(frame::message_in(number, group)).await?;
        }
        writer.flush().await?;
        progress.wanted.store((number - in_flight + 1) * listeners, Ordering::Relaxed);
        progress.reached.notified().await;
    }
}

async fn listen(link: (Writer, Reader), meter: Arc<Meter>, progress: Arc<Progress>) -> Result<()> {
    let (mut writer, mut reader) = link;
    let (mut frames, mut acks) = (Vec::new(), Acks::default());
    loop {
        reader.take(&mut frames).await?;
        for text in &frames {
            let Frame::Push { conversation, seq, .. } = Frame::read(text)? else { continue };
            meter.delivered();
            if progress.heard.fetch_add(1, Ordering::Relaxed) + 1 >= progress.wanted.load(Ordering::Relaxed) {
                progress.reached.notify_one();
            }
            if let Some(ack) = acks.arrived(meter.now(), conversation, seq) {
                writer.put(ack).await?;
            }
        }
        writer.flush().await?;
    }
}

async fn watch_answers(mut reader: Reader) -> Result<()> {
    let mut frames = Vec::new();
    loop {
        reader.take(&mut frames).await?;
        for text in &frames {
            Frame::read(text)?;
        }
    }
}
