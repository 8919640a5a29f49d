//! The simulation: the same every time, no promise broken in thousands of seeds, and no bug that it does not see.
//!
//! `cargo xtask test` runs this in the profile `sim`; in a debug build it takes some minutes.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use jmessage_testkit::sim::{Plan, Stage, hunt_all, many, report, run, table};
use std::{thread, time::Duration};

/// Seeds that `cargo xtask test` runs.
const SEEDS: u64 = 2_000;
/// Every bug is found within so many seeds.
const ENOUGH: u64 = 400;

fn threads() -> usize {
    thread::available_parallelism().map_or(2, std::num::NonZero::get)
}

#[test]
fn the_same_seed_gives_the_same_history_to_the_byte() {
    let stage = Stage::new().unwrap();
    let hashes = || (0..20).map(|seed| run(&stage, &Plan::of(seed), false).unwrap().hash).collect::<Vec<_>>();
    let (here, elsewhere) = (hashes(), thread::scope(|scope| scope.spawn(hashes).join().unwrap()));
    assert_eq!(here, elsewhere);
    let another = Stage::new().unwrap();
    assert_eq!(run(&another, &Plan::of(0), false).unwrap().hash, here[0]);
}

#[test]
fn a_plan_that_was_printed_and_read_again_is_the_same_simulation() {
    let stage = Stage::new().unwrap();
    for seed in 0..5 {
        let plan = Plan::of(seed);
        let read = Plan::read(&format!("# a comment\n\n{}", plan.write())).unwrap();
        assert_eq!(read, plan);
        assert_eq!(run(&stage, &read, false).unwrap().hash, run(&stage, &plan, false).unwrap().hash);
    }
}

#[test]
fn thousands_of_seeds_keep_every_promise() {
    let stage = Stage::new().unwrap();
    let ran = many(&stage, 0..SEEDS, threads(), |_| {}).unwrap();
    println!("{} seeds: {}", ran.seeds, ran.counts);
    if let Some((plan, outcome)) = ran.failed {
        panic!("{}", report(&stage, &plan, &outcome, Duration::from_mins(1)));
    }
    let counts = ran.counts;
    for (count, what) in [
        (counts.messages, "messages"),
        (counts.failures, "failures"),
        (counts.kicks, "kicks"),
        (counts.cuts, "slow readers that were cut"),
        (counts.failed_commits, "commits that failed"),
        (counts.server_starts - ran.seeds, "starts after a crash or a stop"),
    ] {
        assert!(count > ran.seeds / 10, "too few {what} to prove anything: {count}");
    }
}

#[test]
fn every_bug_that_is_put_in_by_hand_is_found() {
    let stage = Stage::new().unwrap();
    let found = hunt_all(&stage, ENOUGH, threads()).unwrap();
    println!("{}", table(&found));
    let missed: Vec<_> =
        found.iter().filter(|(_, caught)| caught.is_none()).map(|(mutant, _)| mutant).collect();
    assert!(missed.is_empty(), "not found within {ENOUGH} seeds: {missed:?}");
    assert!(found.len() >= 10);
}
