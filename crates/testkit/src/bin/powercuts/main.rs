//! Power cuts on real files: a real server under real clients is traced, its files are put together again as a power cut
//! at some moment may have left them, and the real store must find in them whatever clients were told before.

mod book;
mod disk;
mod load;
mod trace;
mod verify;

use anyhow::{Context, Result, ensure};
use book::Told;
use clap::Parser;
use disk::{Disk, Luck};
use jmessage_testkit::Dice;
use load::Life;
use std::{
    path::{Path, PathBuf},
    time::{Instant, SystemTime, UNIX_EPOCH},
};
use trace::What;
use verify::Known;

#[derive(Parser)]
#[command(about = "Cuts the power of a traced server and looks for what it told its clients")]
struct Args {
    /// The server's binary
    #[arg(long)]
    server: PathBuf,
    /// How many cuts
    #[arg(long, default_value_t = 250)]
    cuts: usize,
    /// What the cuts and the clients are made of [default: the time]
    #[arg(long)]
    seed: Option<u64>,
    /// Where the server runs and the files are put together
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    work_in: PathBuf,
}

/// Cuts that must find a loss when no sync of the trace counts.
const CONTROLS: usize = 20;

fn main() -> Result<()> {
    let args = Args::parse();
    let seed = args.seed.unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        since.as_secs()
    });
    println!("power cuts, seed {seed}");
    let directory = tempfile::tempdir_in(&args.work_in)?;
    let server = args.server.canonicalize().context("no server")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let begun = Instant::now();
    let mut life = runtime.block_on(load::live(&server, directory.path(), seed))?;
    let told = book::told(&life.events)?;
    book::agree(&told)?;
    let answers = told.iter().filter(|(_, told)| told.answer).count();
    ensure!(answers >= life.answers, "{} answers came, {answers} are in the record", life.answers);
    println!(
        "{} events, {answers} answers and {} pushes recorded in {:.1?}",
        life.events.len(),
        told.len() - answers,
        begun.elapsed()
    );

    let begun = Instant::now();
    let failures = cut(&life, &told, args.cuts, seed, &args.work_in)?;
    for failure in failures.iter().take(10) {
        println!("{failure}");
    }
    let cuts = args.cuts;
    ensure!(failures.is_empty(), "{} of {cuts} cuts: again with --seed {seed}", failures.len());
    println!("ok: {cuts} power cuts, nothing lost, {:.1?}", begun.elapsed());

    for event in &mut life.events {
        if let What::Synced { done, .. } = &mut event.what {
            *done = false;
        }
    }
    let found = cut(&life, &told, CONTROLS, seed, &args.work_in)?.len();
    ensure!(found > CONTROLS / 4, "without syncs only {found} of {CONTROLS} cuts find a loss");
    println!("ok: {found} of {CONTROLS} cuts find a loss when no sync counts");
    Ok(())
}

/// What the cuts found wrong.
fn cut(life: &Life, told: &[(usize, Told)], cuts: usize, seed: u64, work_in: &Path) -> Result<Vec<String>> {
    let mut dice = Dice::new(seed);
    let mut moments: Vec<_> = (0..cuts).map(|_| moment(life, told, &mut dice)).collect();
    moments.sort_unstable();
    let mut disk = Disk::default();
    let (mut applied, mut heard) = (0, 0);
    let mut failures = Vec::new();
    for (number, at) in moments.into_iter().enumerate() {
        while applied < at {
            disk.apply(applied, &life.events[applied]);
            applied += 1;
        }
        while told.get(heard).is_some_and(|(event, _)| *event < at) {
            heard += 1;
        }
        let mut dice = Dice::new(seed).fork(u64::try_from(number)?);
        let luck = dice.pick(&Luck::EVERY).copied().unwrap_or(Luck::None);
        let known = Known { book: &life.book, told: &told[..heard], at };
        let left = tempfile::tempdir_in(work_in)?;
        let directory = left.path().join("data");
        disk.cut(&mut dice, luck, life.root.parent().unwrap_or(&life.root), left.path())?;
        if let Err(error) = verify::check(&directory, &known, &mut dice) {
            failures
                .push(format!("cut {number} at event {at} of {}, {luck:?}: {error:#}", life.events.len()));
        }
    }
    Ok(failures)
}

/// Just behind something told, before a sync, behind a write to the database itself, or anywhere.
fn moment(life: &Life, told: &[(usize, Told)], dice: &mut Dice) -> usize {
    let anywhere = dice.below(life.events.len() + 1);
    let later = |wanted: &dyn Fn(&What, &Path) -> bool| {
        let tail = &life.events[anywhere.min(life.events.len())..];
        tail.iter().position(|event| wanted(&event.what, &event.path)).map(|at| anywhere + at)
    };
    let found = match dice.below(10) {
        0..=4 => dice.pick(told).map(|(event, _)| event + 1),
        5 | 6 => later(&|what, _| matches!(what, What::Synced { .. })),
        7 => later(&|what, path| matches!(what, What::Wrote { .. }) && path.ends_with("jmessage.db")),
        _ => None,
    };
    found.unwrap_or(anywhere)
}
