//! `cargo xtask sim`: pages, server, store and network in one thread, under seeds.

use crate::output;
use crate::workspace::Workspace;
use crate::{run::Cmd, tools};
use anyhow::Result;

/// How the simulator is built: quick to run, quick to build, with the bugs that can be switched on.
const BUILD: [&str; 6] =
    ["--profile", "sim", "--package", "jmessage-testkit", "--features", "jmessage-testkit/mutants"];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Passed on to the simulator: --seeds N, --from S, --seed S, --plan FILE, --trace, --mutants; `--help` among them
    /// prints its own.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    tools::c_compiler()?;
    output::stage("Simulating");
    simulate(&ws, &args.rest, Cmd::run)
}

/// Builds the simulator and runs it with these arguments; programs are run by `exec`.
pub(crate) fn simulate(ws: &Workspace, args: &[String], exec: impl Fn(Cmd) -> Result<()>) -> Result<()> {
    exec(ws.cmd("cargo").args(["build"]).args(BUILD).args(["--bin", "sim"]))?;
    // Where the user is: a plan's file is named from there.
    exec(Cmd::new(ws.binary("sim", "sim")).args(args))
}
