//! Chat servers of others, started with as little in their configuration as the workload needs, each on a port of its own with
//! its files in a temporary directory.

mod cutter;
mod programs;
pub(crate) mod socketio;
pub(crate) mod xmpp;

pub(crate) use cutter::Cutter;

use anyhow::{Result, anyhow};
use jmessage_testkit::Process;
use std::{path::Path, path::PathBuf, str::FromStr};

/// A server to measure, and where it is.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) kind: Kind,
    /// The script of socket.io, the program of prosody, the directory of ejabberd's libraries.
    path: PathBuf,
}

#[derive(Clone, Copy)]
pub(crate) enum Kind {
    SocketIo,
    Ejabberd,
    Prosody,
}

impl Kind {
    const ALL: [Self; 3] = [Self::SocketIo, Self::Ejabberd, Self::Prosody];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SocketIo => "socket.io",
            Self::Ejabberd => "ejabberd",
            Self::Prosody => "prosody",
        }
    }

    /// What has happened to a message when it is delivered.
    pub(crate) fn stored(self) -> &'static str {
        match self {
            Self::SocketIo => "synced",
            Self::Ejabberd | Self::Prosody => "archived, not synced",
        }
    }
}

impl Peer {
    /// Starts it with an empty database in `data`; `users` users are, or may become, known to it.
    pub(crate) async fn start(&self, data: &Path, users: usize) -> Result<Process> {
        match self.kind {
            Kind::SocketIo => Process::start(programs::socketio(&self.path, data, users)).await,
            Kind::Ejabberd => {
                let port = programs::free_port()?;
                Process::on_port(programs::ejabberd(&self.path, data, port)?, port).await
            }
            Kind::Prosody => {
                let port = programs::free_port()?;
                Process::on_port(programs::prosody(&self.path, data, port)?, port).await
            }
        }
    }
}

impl FromStr for Peer {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('=');
        let known = |name: &str| Kind::ALL.into_iter().find(|kind| kind.name() == name);
        parts
            .and_then(|(name, path)| Some(Self { kind: known(name)?, path: path.into() }))
            .ok_or_else(|| anyhow!("expected socket.io=PATH, ejabberd=PATH or prosody=PATH"))
    }
}
