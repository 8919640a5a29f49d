//! `cargo xtask storms`: all pages of a server lose their connections at once, again and again.

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
    ws.cmd("cargo")
        .env("JMESSAGE_STORMS", args.count.to_string())
        .env("JMESSAGE_STORM_PAGES", args.pages.to_string())
        .args(["test", "--package", "jmessage-server", "--test", "attack", "storms", "--", "--nocapture"])
        .run()
}
