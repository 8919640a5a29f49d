//! `cargo xtask storms`: all pages of a server lose their connections at once, again and again.

use crate::run::Cmd;
use crate::workspace::Workspace;
use crate::{output, tools};
use anyhow::Result;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// How often
    #[arg(long, default_value_t = 50)]
    count: usize,
    /// How many pages
    #[arg(long, default_value_t = 2000)]
    pages: usize,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    tools::c_compiler()?;
    output::stage("Cutting all connections");
    strike(&ws, args.count, args.pages, Cmd::run)
}

/// Cuts so many pages off so many times; programs are run by `exec`.
pub(crate) fn strike(
    ws: &Workspace,
    count: usize,
    pages: usize,
    exec: impl Fn(Cmd) -> Result<()>,
) -> Result<()> {
    exec(
        ws.cmd("cargo")
            .env("JMESSAGE_STORMS", count.to_string())
            .env("JMESSAGE_STORM_PAGES", pages.to_string())
            .args([
                "test",
                "--package",
                "jmessage-server",
                "--test",
                "attack",
                "storms",
                "--",
                "--nocapture",
            ]),
    )
}
