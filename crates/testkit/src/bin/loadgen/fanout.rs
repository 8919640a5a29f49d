//! A group in which one user writes and everybody else listens. The next message leaves when an earlier one has reached
//! every listener, so that nobody falls behind.

use crate::{
    frame::{Acks, Frame},
    link::{Reader, Writer},
    meter::Meter,
    pairs::Players,
    peers::{socketio, xmpp},
    target::Target,
    wire::Wire,
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
    let (mut writer, mut reader) = target.enter_room(0).await?;
    // One after the other, 10,000 of them would wait for a commit each.
    let mut entering =
        stream::iter(1..members).map(|index| target.enter_room(index)).buffer_unordered(AT_ONCE);
    while let Some(link) = entering.next().await {
        players.spawn(listen(link?, Arc::clone(meter), Arc::clone(&progress)));
    }
    let names: Vec<_> = (1..members).map(Target::user).collect();
    let group = match writer.wire() {
        Wire::Jmessage => make_group(&mut writer, &mut reader, &names).await?,
        Wire::SocketIo => socketio::make_group(&mut writer, &mut reader, &names).await?,
        Wire::Xmpp => xmpp::ROOM,
    };
    let listeners = u64::try_from(names.len())?;
    players.spawn(watch_answers(reader));
    players.spawn(speak(writer, group, listeners, in_flight, progress));
    Ok(players)
}

async fn make_group(writer: &mut Writer, reader: &mut Reader, names: &[String]) -> Result<u64> {
    let made = ask(writer, reader, "createGroup", &json!({ "groupName": "bench" })).await?;
    let group = made["data"]["gid"].as_u64().context("no gid")?;
    for names in names.chunks(NAMES) {
        let params = json!({ "groupId": group, "memberUsernames": names });
        ask(writer, reader, "addGroupMembers", &params).await?;
    }
    Ok(group)
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
            writer.put(writer.wire().message_in(number, group)).await?;
        }
        writer.flush().await?;
        progress.wanted.store((number - in_flight + 1) * listeners, Ordering::Relaxed);
        progress.reached.notified().await;
    }
}

async fn listen(link: (Writer, Reader), meter: Arc<Meter>, progress: Arc<Progress>) -> Result<()> {
    let (mut writer, mut reader) = link;
    let wire = writer.wire();
    let (mut frames, mut acks) = (Vec::new(), Acks::over(wire));
    loop {
        reader.take(&mut frames).await?;
        for text in &frames {
            let Frame::Push { conversation, seq, .. } = wire.read(text)? else { continue };
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
            reader.wire().read(text)?;
        }
    }
}
