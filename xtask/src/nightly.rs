//! `cargo xtask nightly`: what takes too long for every change. Fuzzing, for now.

use crate::output;
use crate::steps::{self, Runner, Step};
use crate::tools;
use crate::workspace::Workspace;
use anyhow::Result;
use std::fs;

/// The fuzz targets: the files of `fuzz/fuzz_targets`.
const TARGETS: [&str; 6] = ["call", "client", "request", "response", "signature", "websocket"];
/// Memory one input may take, in MiB; libFuzzer ends the run above it.
const MEMORY: u32 = 1024;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Seconds of fuzzing for each target
    #[arg(long, default_value_t = 60)]
    seconds: u32,
    /// Only these targets
    targets: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    output::stage("Looking for what fuzzing needs");
    let toolchain = tools::cargo_fuzz(&ws)?;
    let steps = TARGETS.map(|name| step(&ws, &toolchain, name, args.seconds));
    steps::run(&steps, &args.targets)
}

fn step<'a>(ws: &'a Workspace, toolchain: &'a str, target: &'static str, seconds: u32) -> Step<'a> {
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
