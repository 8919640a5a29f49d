//! The simulation: the same every time, no promise broken in thousands of seeds, and no bug that it does not see.
//!
//! It takes some minutes; `cargo xtask sim` runs more seeds, faster, in a profile of its own.

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
    let hashes =
        || (0..200).map(|seed| run(&stage, &Plan::of(seed), false).unwrap().hash).collect::<Vec<_>>();
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

/// How many messages are stored in the end when a page has sent one in each of some commits, none of which was synced
/// before this happened; and how many commits were lost.
fn stored_after(stage: &Stage, fault: &str) -> (usize, u64) {
    let sends: Vec<_> = (10_000..12_000)
        .step_by(200)
        .map(|at| format!("{{\"at\":{at},\"do\":\"send\",\"page\":0,\"to\":1,\"count\":1,\"size\":8}}"))
        .collect();
    // It sends nothing again.
    let text = format!(
        r#"{{"seed":1,"pages":[0],"queue":64,"unindexed":64,"patient":false,"steps":[]}}
{{"at":0,"do":"open","page":0}}
{{"at":9900,{fault}}}
{}
{{"at":13000,"do":"close","page":0,"dies":true}}
{{"at":60000,"do":"open","page":0}}"#,
        sends.join("\n")
    );
    let outcome = run(stage, &Plan::read(&text).unwrap(), true).unwrap();
    assert!(outcome.violations.is_empty(), "{fault}: {:?}", outcome.violations);
    let stored = outcome.lines.iter().map(|line| line.matches("Stored {").count()).sum();
    (stored, outcome.counts.lost_commits)
}

#[test]
fn a_power_cut_loses_the_last_commits_that_were_not_synced() {
    let stage = Stage::new().unwrap();
    let cut = |kept: usize| {
        let fault = r#""do":"power_in_sync","after":0,"ms":2500,"down":9000"#;
        stored_after(&stage, &format!("{fault},\"kept\":{kept}"))
    };
    let (all, lost) = cut(100);
    assert!(all > 2 && lost == 0, "{all} commits, {lost} lost");
    for kept in 0..=all {
        assert_eq!(cut(kept), (kept, (all - kept) as u64));
    }
}

#[test]
fn after_a_failed_sync_everything_is_there_unless_the_power_goes_too() {
    let stage = Stage::new().unwrap();
    let fail = |rest: &str| {
        let fault = r#""do":"fail_sync","after":0,"ms":2500,"down":9000"#;
        stored_after(&stage, &format!("{fault},{rest}"))
    };
    let (all, lost) = fail(r#""power":null,"kept":0"#);
    assert!(all > 2 && lost == 0, "{all} commits, {lost} lost");
    assert_eq!(fail(r#""power":200,"kept":0"#), (0, all as u64));
    assert_eq!(fail(r#""power":200,"kept":2"#), (2, all as u64 - 2));
    // What a start has found is durable.
    assert_eq!(fail(r#""power":20000,"kept":0"#), (all, 0));
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
        (counts.lost_commits, "commits that were lost with the power"),
        (counts.failed_syncs, "syncs that failed"),
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
