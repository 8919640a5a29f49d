//! The writer thread: takes what has queued up as one batch, again and again.

use crate::engine::{Command, Engine};
use std::{io, thread};
use tokio::sync::mpsc;

/// Commands in one transaction at most.
const BATCH: usize = 256;
/// Commands waiting at most; beyond, senders wait and stop reading their sockets.
const WAITING: usize = 4096;

/// Starts the thread. It ends at [`Command::Stop`] or when every sender is gone.
pub(crate) fn start(mut engine: Engine) -> io::Result<(mpsc::Sender<Command>, thread::JoinHandle<()>)> {
    let (sender, mut receiver) = mpsc::channel(WAITING);
    let thread = thread::Builder::new().name("writer".into()).spawn(move || {
        let mut batch = Vec::with_capacity(BATCH);
        while receiver.blocking_recv_many(&mut batch, BATCH) > 0 {
            if !engine.run(&mut batch) {
                break;
            }
        }
    })?;
    Ok((sender, thread))
}
