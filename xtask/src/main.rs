//! Project commands, run as `cargo xtask <command>`.
//!
//! Owns everything between a clean machine and a tested tree or a running demo: what is
//! installed and why, how the npm package is built, which checks run and in what order.
//! Knows programs, paths and ports. Must never depend on a crate of the workspace: it
//! drives them the way a user would, through `cargo`, `npm` and their command lines.

mod arrows;
mod bench;
mod browser;
mod conformance;
mod demo;
mod demo_data;
mod nightly;
mod npm;
mod output;
mod peers;
mod pkg;
mod power_cuts;
mod run;
mod serve;
mod sim;
mod site;
mod size;
mod steps;
mod storms;
mod test;
mod tools;
mod wasm_names;
mod workspace;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Project commands. Each one says what it installs and why before it does so.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything and run the demo: a server, a signature server and a web page.
    Demo(demo::Args),
    /// Run every check and test, installing what is missing.
    Test(test::Args),
    /// The quick checks only: dependency arrows, formatting, clippy, licences.
    Ci,
    /// Build the npm package in `pkg/`.
    Pkg(pkg::Args),
    /// Print what a browser downloads and fail above the limit.
    Size(size::Args),
    /// Run the WebSocket cases of Autobahn against the server's sockets and compare with the baseline.
    Conformance(conformance::Args),
    /// What takes long: fuzz each target for a while, 50 storms, 10,000 simulated seeds, 2,000 power cuts.
    Nightly(nightly::Args),
    /// Build a release server and run the load generator; other arguments are passed on to it.
    Bench(bench::Args),
    /// Trace a server and look for what it told in its files after power cuts.
    PowerCuts(power_cuts::Args),
    /// Run pages, server, store and network in one thread under thousands of seeds; arguments are passed on.
    Sim(sim::Args),
    /// Cut all connections of a server's pages at once, again and again.
    Storms(storms::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Test(args) => test::run(&args),
        Command::Ci => test::run_checks(),
        Command::Pkg(args) => pkg::run(&args),
        Command::Size(args) => size::run(&args),
        Command::Conformance(args) => conformance::run(&args),
        Command::Nightly(args) => nightly::run(&args),
        Command::Bench(args) => bench::run(&args),
        Command::PowerCuts(args) => power_cuts::run(&args),
        Command::Sim(args) => sim::run(&args),
        Command::Storms(args) => storms::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(&format!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}
