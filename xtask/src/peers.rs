//! Chat servers of others beside which ours is measured: what is installed of them, and where it is.

use crate::run::Cmd;
use crate::workspace::Workspace;
use crate::{npm, output, tools};
use anyhow::{Context, Result, bail};
use std::fs;
use std::path::{Path, PathBuf};

/// Debian's policy says here whether a package may start its service.
const POLICY: &str = "/usr/sbin/policy-rc.d";

const EJABBERDCTL: &str = "/usr/sbin/ejabberdctl";

/// The folder of the socket.io server.
pub(crate) fn socketio_dir(ws: &Workspace) -> PathBuf {
    ws.root.join("crates").join("testkit").join("peers").join("socketio")
}

/// The load generator's arguments for every server that could be installed; for each other one, a line says why it is left out.
pub(crate) fn arguments(ws: &Workspace) -> Vec<String> {
    let found = [("socket.io", socketio(ws)), ("ejabberd", ejabberd()), ("prosody", prosody())];
    let mut arguments = Vec::new();
    for (name, path) in found {
        match path {
            Ok(path) => arguments.extend(["--peer".to_owned(), format!("{name}={}", path.display())]),
            Err(why) => output::note(&format!("{name} is left out: {why:#}")),
        }
    }
    arguments
}

fn socketio(ws: &Workspace) -> Result<PathBuf> {
    tools::node()?;
    tools::c_compiler()?;
    if tools::which("python3").is_none() {
        tools::apt(&["python3"], "node-gyp, which compiles SQLite for Node.js, is written in it")?;
    }
    let dir = socketio_dir(ws);
    let mut environment = vec![("npm_config_build_from_source", "true".into())];
    // Compiled, because the binaries lie where not every machine can reach them; so do the headers, unless Node.js has its own.
    let prefix = Cmd::new("node").args(["--print", "path.resolve(process.execPath, '../..')"]).capture()?;
    let prefix = Path::new(prefix.trim());
    if prefix.join("include/node/node.h").is_file() {
        environment.push(("npm_config_nodedir", prefix.into()));
    }
    npm::install_with(&dir, "a server on socket.io and SQLite is measured beside ours", &environment)?;
    Ok(dir.join("server.mjs"))
}

fn prosody() -> Result<PathBuf> {
    if tools::which("prosody").is_none() {
        apt("prosody")?;
    }
    tools::which("prosody").context("it is not on the PATH")
}

/// Where the Erlang modules of ejabberd and of what it uses are, as its own script says.
fn ejabberd() -> Result<PathBuf> {
    if !Path::new(EJABBERDCTL).exists() {
        // What resolves the names of Erlang nodes is a service too. Who had Erlang before may use it.
        let epmd = tools::which("epmd").is_some();
        apt("ejabberd")?;
        if !epmd && tools::which("systemctl").is_some() {
            tools::as_root(&["systemctl", "disable", "epmd.service", "epmd.socket"])?;
        }
    }
    let script = fs::read_to_string(EJABBERDCTL).context(EJABBERDCTL)?;
    let line = script.lines().find_map(|line| line.trim().strip_prefix("ERL_LIBS="));
    let path = line.context("ejabberdctl does not say where its libraries are")?.trim_matches(['\'', '"']);
    if !Path::new(path).is_dir() {
        bail!("{path} is no directory");
    }
    Ok(path.into())
}

/// Installs a package of a server, whose service shall not run, neither now nor after the next start of the system.
fn apt(package: &str) -> Result<()> {
    if tools::which("apt-get").is_none() {
        bail!("this system has no apt-get to install it with");
    }
    let policy = !Path::new(POLICY).exists();
    if policy {
        let deny = format!("printf '#!/bin/sh\\nexit 101\\n' > {POLICY} && chmod 755 {POLICY}");
        tools::as_root(&["sh", "-c", &deny])?;
    }
    let installed = tools::apt(&[package], "it is measured beside ours; its service is not started");
    if policy {
        tools::as_root(&["rm", POLICY])?;
    }
    installed?;
    tools::as_root(&["update-rc.d", package, "disable"])
}
