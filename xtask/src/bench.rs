//! `cargo xtask bench`: a release server under the load generator.

use crate::output;
use crate::workspace::Workspace;
use crate::{peers, run::Cmd, tools};
use anyhow::Result;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also measure a server on socket.io and SQLite, and those of ejabberd and prosody that apt can install
    #[arg(long)]
    peers: bool,
    /// Passed on to the load generator; `--help` among them prints its own.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    rest: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    tools::c_compiler()?;
    output::stage("Building the server and the load generator");
    ws.cmd("cargo")
        .args([
            "build",
            "--release",
            "--bins",
            "--package",
            "jmessage-server",
            "--package",
            "jmessage-testkit",
        ])
        .run()?;
    let peers = if args.peers {
        output::stage("Installing servers of others");
        peers::arguments(&ws)
    } else {
        Vec::new()
    };
    output::stage("Measuring");
    let binary = |name| ws.binary("release", name);
    Cmd::new(binary("loadgen"))
        .dir(&ws.root)
        .args(["--server".into(), binary("jmessage-server"), "--echo".into(), binary("echo")])
        .args(peers)
        .args(&args.rest)
        .run()
}
