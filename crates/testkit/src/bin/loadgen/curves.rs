//! What a message costs as there is more of what it should not depend on: stored messages, members who are away, groups.

use crate::{
    Args, Cpus, WARM_UP, cold,
    extra::Line,
    frame::{self, Frame},
    link::{Reader, Writer},
    meter::Meter,
    pairs::{self, Players},
    stock::Stock,
    target::Target,
};
use anyhow::{Context, Result};
use std::{collections::BTreeMap, fmt::Write as _, fs, sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// Messages on their way from the one who writes.
const IN_FLIGHT: u64 = 8;

/// One curve: CPU microseconds of the server for each delivered message.
pub(crate) struct Panel {
    pub(crate) title: &'static str,
    pub(crate) points: Vec<(u64, f64)>,
}

impl Panel {
    pub(crate) fn lines(&self) -> Vec<Line> {
        let line = |(x, cpu): &(u64, f64)| Line {
            name: format!("{}: {x}", self.title),
            figures: vec![("CPU µs/msg", *cpu)],
        };
        self.points.iter().map(line).collect()
    }
}

pub(crate) async fn measure(args: &Args, cpus: &Cpus) -> Result<Vec<Panel>> {
    let time = Duration::from_secs(args.seconds);
    Ok(vec![
        stored(args, cpus, time).await?,
        away(args, cpus, time).await?,
        groups(args, cpus, time, "groups, ten of them written to", 10).await?,
        groups(args, cpus, time, "groups written to in turn", usize::MAX).await?,
    ])
}

async fn stored(args: &Args, cpus: &Cpus, time: Duration) -> Result<Panel> {
    let mut points = Vec::new();
    for messages in [10_000, 100_000, args.stored] {
        eprintln!("{messages} stored messages");
        let full = cold::database(&args.data_in, messages).await?;
        let data = tempfile::tempdir_in(&args.data_in)?;
        for file in fs::read_dir(full)? {
            let file = file?;
            if file.file_type()?.is_file() {
                fs::copy(file.path(), data.path().join(file.file_name()))?;
            }
        }
        let target = cpus.start(Target::on(&args.server, data)).await?;
        let meter = Arc::new(Meter::new());
        let mut players = pairs::start(&target, args.pairs.min(cold::USERS / 5), 8, &meter).await?;
        let figures = meter.measure(&target, &mut players, WARM_UP, time).await?;
        points.push((messages, figures.cpu));
        drop(players);
        target.stop().await?;
    }
    Ok(Panel { title: "stored messages", points })
}

async fn away(args: &Args, cpus: &Cpus, time: Duration) -> Result<Panel> {
    const AWAY: [usize; 5] = [0, 10, 100, 1000, 9998];
    let most = AWAY.into_iter().max().context("no points")? + 2;
    let data = Target::prepare(&args.data_in, most).await?;
    let mut stock = Stock::open(data.path(), &Target::app(), most)?;
    let mut made = Vec::new();
    for away in AWAY {
        made.push((away, stock.group(0, &(1..away + 2).collect::<Vec<_>>())?));
    }
    drop(stock);
    let target = cpus.start(Target::on(&args.server, data)).await?;
    let mut points = Vec::new();
    for (away, group) in made {
        eprintln!("{away} members away");
        points.push((u64::try_from(away)?, one_to_one(&target, vec![group], time).await?));
    }
    target.stop().await?;
    Ok(Panel { title: "members away", points })
}

/// With so many groups of the same two users, `written` of which are written to in turn.
async fn groups(
    args: &Args,
    cpus: &Cpus,
    time: Duration,
    title: &'static str,
    written: usize,
) -> Result<Panel> {
    let mut points = Vec::new();
    for count in [10, 100, 1000, 10_000] {
        eprintln!("{count} groups");
        let data = Target::prepare(&args.data_in, 2).await?;
        let mut groups = Stock::open(data.path(), &Target::app(), 2)?.many_groups(0, count, &[1])?;
        groups.truncate(written);
        let target = cpus.start(Target::on(&args.server, data)).await?;
        points.push((u64::try_from(count)?, one_to_one(&target, groups, time).await?));
        target.stop().await?;
    }
    Ok(Panel { title, points })
}

/// User 0 writes to the groups in turn and user 1 hears it; the cost of each message.
async fn one_to_one(target: &Target, groups: Vec<u64>, time: Duration) -> Result<f64> {
    let meter = Arc::new(Meter::new());
    let mut players: Players = JoinSet::new();
    let (writer, reader, _) = target.login(0).await?;
    players.spawn(speak(writer, reader, groups));
    let (writer, reader, _) = target.login(1).await?;
    players.spawn(listen(writer, reader, Arc::clone(&meter)));
    Ok(meter.measure(target, &mut players, WARM_UP, time).await?.cpu)
}

/// The next message leaves when an earlier one is stored.
async fn speak(mut writer: Writer, mut reader: Reader, groups: Vec<u64>) -> Result<()> {
    // Keys that no earlier point of the curve has used.
    let first = groups.first().context("no groups")? * 1_000_000_000;
    let (mut number, mut answered) = (first, first);
    let mut groups = groups.iter().cycle();
    let mut frames = Vec::new();
    loop {
        while number < answered + IN_FLIGHT {
            number += 1;
            let group = groups.next().context("no groups")?;
            writer.put(frame::message_in(number, *group)).await?;
        }
        writer.flush().await?;
        reader.take(&mut frames).await?;
        for text in &frames {
            answered += u64::from(matches!(Frame::read(text)?, Frame::Sent));
        }
    }
}

/// Acknowledges as the SDK does, all conversations together.
async fn listen(mut writer: Writer, mut reader: Reader, meter: Arc<Meter>) -> Result<()> {
    let mut frames = Vec::new();
    let mut unacknowledged = BTreeMap::new();
    let (mut count, mut first) = (0, 0);
    loop {
        reader.take(&mut frames).await?;
        for text in &frames {
            let Frame::Push { conversation, seq, .. } = Frame::read(text)? else { continue };
            meter.delivered();
            if count == 0 {
                first = meter.now();
            }
            count += 1;
            unacknowledged.insert(conversation, seq);
        }
        if count >= 64 || (count > 0 && meter.now().saturating_sub(first) >= 200_000) {
            count = 0;
            let mut cursors = String::new();
            for (conversation, seq) in std::mem::take(&mut unacknowledged) {
                let comma = if cursors.is_empty() { "" } else { "," };
                write!(cursors, "{comma}[{conversation},{seq}]")?;
            }
            writer.put(format!(r#"{{"type":"ack","cursors":[{cursors}]}}"#)).await?;
            writer.flush().await?;
        }
    }
}
