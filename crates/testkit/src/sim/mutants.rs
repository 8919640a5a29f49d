//! The proof that the simulation has teeth: bugs put in by hand, and how many seeds it takes to see each.

use super::{Plan, Stage, run};
use crate::history::Promise;
use anyhow::{Result, anyhow};
use jmessage_model::Mutant;
use std::{
    fmt::Write,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

/// How a bug was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caught {
    /// How many seeds it took, from the first one on.
    pub seeds: u64,
    /// The promises that it broke there, each once.
    pub promises: Vec<Promise>,
    /// The first thing that was wrong.
    pub what: String,
}

/// Runs one seed after the other with the bug until it is found, or `most` of them. To be called in a thread that runs
/// nothing else meanwhile.
pub fn hunt(stage: &Stage, mutant: Mutant, most: u64) -> Result<Option<Caught>> {
    Mutant::switch(Some(mutant));
    let caught = (0..most).find_map(|seed| match run(stage, &Plan::of(seed), false) {
        Ok(outcome) if outcome.violations.is_empty() => None,
        Ok(outcome) => {
            let mut promises: Vec<_> = outcome.violations.iter().map(|found| found.promise).collect();
            promises.sort_unstable();
            promises.dedup();
            let what = outcome.violations.first().map(ToString::to_string).unwrap_or_default();
            Some(Ok(Caught { seeds: seed + 1, promises, what }))
        }
        Err(error) => Some(Err(error)),
    });
    Mutant::switch(None);
    caught.transpose()
}

/// Hunts every bug, so many at a time; in their order.
pub fn hunt_all(stage: &Stage, most: u64, threads: usize) -> Result<Vec<(Mutant, Option<Caught>)>> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || -> Result<()> {
        while let Some((mutant, _)) = Mutant::ALL.get(next.fetch_add(1, Relaxed)) {
            let caught = hunt(stage, *mutant, most)?;
            found.lock().unwrap_or_else(PoisonError::into_inner).push((*mutant, caught));
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a seed panicked"))?)
    })?;
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by_key(|(mutant, _)| Mutant::ALL.iter().position(|(other, _)| other == mutant));
    Ok(found)
}

/// The table of `docs/delivery.md`.
pub fn table(found: &[(Mutant, Option<Caught>)]) -> String {
    let mut text = String::from("| bug | what is wrong | breaks | found after |\n|---|---|---|---|\n");
    for (mutant, caught) in found {
        let what = Mutant::ALL.iter().find(|(other, _)| other == mutant).map_or("", |(_, what)| what);
        let what = what.trim().trim_end_matches('.');
        let (promises, seeds) = match caught {
            None => (String::new(), "not found".to_owned()),
            Some(caught) => {
                let promises: Vec<_> = caught.promises.iter().map(|promise| format!("{promise:?}")).collect();
                (
                    promises.join(", "),
                    format!("{} {}", caught.seeds, if caught.seeds == 1 { "seed" } else { "seeds" }),
                )
            }
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| `{mutant:?}` | {what} | {promises} | {seeds} |");
    }
    text
}
