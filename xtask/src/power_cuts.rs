//! `cargo xtask power-cuts`: a traced server's files after power cuts.

use crate::run::Cmd;
use crate::workspace::Workspace;
use crate::{output, tools};
use anyhow::Result;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How many cuts
    #[arg(long, default_value_t = 2000)]
    cuts: usize,
    /// What the cuts and the clients are made of [default: the time]
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    tools::c_compiler()?;
    tools::strace()?;
    let step = |cmd: Cmd| cmd.run();
    output::stage("Cutting the power");
    cut(&ws, args.cuts, args.seed, step)
}

/// Builds what is needed and cuts so many times; programs are run by `exec`.
pub(crate) fn cut(
    ws: &Workspace,
    cuts: usize,
    seed: Option<u64>,
    exec: impl Fn(Cmd) -> Result<()>,
) -> Result<()> {
    // Of the whole workspace, so that what other tests have built serves here too.
    exec(ws.cmd("cargo").args(["build", "--workspace", "--bin", "jmessage-server", "--bin", "powercuts"]))?;
    let program = Cmd::new(ws.binary("debug", "powercuts")).dir(&ws.root);
    let seed = seed.map(|seed| ["--seed".to_owned(), seed.to_string()]);
    exec(
        program
            .args(["--server".into(), ws.binary("debug", "jmessage-server")])
            .args(["--cuts".to_owned(), cuts.to_string()])
            .args(seed.into_iter().flatten()),
    )
}
