//! Many seeds at a time, each in one thread; and what is said of one that fails.

use super::{Counts, Outcome, Plan, Stage, run, shrink_violation};
use anyhow::{Context, Result, anyhow};
use std::{
    fmt::Write,
    ops::Range,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

/// Violations that are told of one seed.
const TOLD: usize = 12;

/// What came of many seeds.
#[derive(Debug, Default)]
pub struct Many {
    /// How many were run.
    pub seeds: u64,
    /// What they were made of.
    pub counts: Counts,
    /// The lowest of those that failed before all stopped.
    pub failed: Option<(Plan, Outcome)>,
}

/// Runs these seeds, so many at a time, until one fails. `progress` hears how many are done.
pub fn many(stage: &Stage, seeds: Range<u64>, threads: usize, progress: impl Fn(u64) + Sync) -> Result<Many> {
    let (next, stop, all) =
        (AtomicU64::new(seeds.start), AtomicBool::new(false), Mutex::new(Many::default()));
    let work = || -> Result<()> {
        while !stop.load(Relaxed) {
            let seed = next.fetch_add(1, Relaxed);
            if seed >= seeds.end {
                break;
            }
            let plan = Plan::of(seed);
            let outcome = run(stage, &plan, false).with_context(|| format!("seed {seed}"))?;
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.seeds += 1;
            all.counts.add(&outcome.counts);
            progress(all.seeds);
            if !outcome.violations.is_empty() {
                stop.store(true, Relaxed);
                if all.failed.as_ref().is_none_or(|(other, _)| seed < other.seed) {
                    all.failed = Some((plan, outcome));
                }
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a seed panicked"))?)
    })?;
    Ok(all.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What a plan breaks, and the plan itself, made smaller for at most so long.
pub fn report(stage: &Stage, plan: &Plan, outcome: &Outcome, within: Duration) -> String {
    // Writing to a string cannot fail.
    let mut text = format!("seed {} breaks promises:\n", plan.seed);
    for violation in outcome.violations.iter().take(TOLD) {
        let _ = writeln!(text, "  {violation}");
    }
    let smaller = shrink_violation(stage, plan, within);
    let _ = writeln!(
        text,
        "\n{} of the {} steps of its plan are enough; `cargo xtask sim --plan FILE --trace` replays them:\n\n{}",
        smaller.steps.len(),
        plan.steps.len(),
        smaller.write()
    );
    if let Ok(outcome) = run(stage, &smaller, false) {
        for violation in outcome.violations.iter().take(TOLD) {
            let _ = writeln!(text, "# {violation}");
        }
    }
    text
}
