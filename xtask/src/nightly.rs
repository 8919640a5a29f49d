//! `cargo xtask nightly`: what takes too long for every change: fuzzing, and more of what `cargo xtask test` does a little of.

use crate::output;
use crate::steps::{self, Runner, Step};
use crate::workspace::Workspace;
use crate::{power_cuts, sim, storms, tools};
use anyhow::Result;
use std::fs;

/// The fuzz targets: the files of `fuzz/fuzz_targets`.
const TARGETS: [&str; 6] = ["call", "client", "request", "response", "signature", "websocket"];
/// Memory one input may take, in MiB; libFuzzer ends the run above it.
const MEMORY: u32 = 1024;
/// How often all pages lose their connections, and how many there are.
const STORMS: (usize, usize) = (50, 2000);
/// Seeds of the simulation, from 0 on.
const SEEDS: &str = "10000";
/// Power cuts: ten times as many as in a run of all tests.
const CUTS: usize = 2000;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds of fuzzing for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only these: fuzz targets, storms, sim, power-cuts
    steps: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    output::stage("Looking for what the night needs");
    let chosen = |name: &str| args.steps.is_empty() || args.steps.iter().any(|step| step == name);
    tools::c_compiler()?;
    if chosen("power-cuts") {
        tools::strace()?;
    }
    let fuzzes = TARGETS.into_iter().any(chosen);
    let toolchain = if fuzzes { tools::cargo_fuzz(&ws)? } else { String::new() };
    let mut steps: Vec<_> =
        TARGETS.into_iter().map(|name| fuzz(&ws, &toolchain, name, args.seconds)).collect();
    steps.extend(attacks(&ws));
    steps::run(&steps, &args.steps)
}

fn attacks(ws: &Workspace) -> [Step<'_>; 3] {
    let (count, pages) = STORMS;
    let seeds = ["--seeds", SEEDS, "--from", "0"].map(str::to_owned);
    [
        Step {
            name: "storms",
            title: "pages that lose their connections all at once lose nothing else",
            needs: &[],
            work: Box::new(move |runner| storms::strike(ws, count, pages, |cmd| runner.exec(cmd))),
        },
        Step {
            name: "sim",
            title: "simulated histories keep every promise",
            needs: &[],
            work: Box::new(move |runner| sim::simulate(ws, &seeds, |cmd| runner.exec(cmd))),
        },
        Step {
            name: "power-cuts",
            title: "what a traced server told its clients survives power cuts",
            needs: &[],
            work: Box::new(move |runner| power_cuts::cut(ws, CUTS, None, |cmd| runner.exec(cmd))),
        },
    ]
}

fn fuzz<'a>(ws: &'a Workspace, toolchain: &'a str, target: &'static str, seconds: u32) -> Step<'a> {
    // What is found stays out of the tree: a person chooses what becomes part of the corpus.
    let work = move |runner: &Runner| {
        let found = ws.target.join("fuzz-corpus").join(target);
        fs::create_dir_all(&found)?;
        let limits = [
            format!("-max_total_time={seconds}"),
            format!("-rss_limit_mb={MEMORY}"),
            "-timeout=10".to_owned(),
            "-print_final_stats=1".to_owned(),
        ];
        let seeds = ws.root.join("fuzz").join("corpus").join(target);
        let cmd = ws.cmd("cargo").args([&format!("+{toolchain}"), "fuzz", "run", target]);
        runner.exec(cmd.args([&found, &seeds]).args(["--"]).args(limits))
    };
    let title = "no input breaks a promise, panics or takes too much memory";
    Step { name: target, title, needs: &[], work: Box::new(work) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_is_fuzzed() {
        let ws = Workspace::load().unwrap();
        let files = fs::read_dir(ws.root.join("fuzz").join("fuzz_targets")).unwrap();
        let mut names: Vec<_> =
            files.map(|file| file.unwrap().path().file_stem().unwrap().to_owned()).collect();
        names.sort();
        assert_eq!(names, TARGETS);
    }
}
