//! Servers that run beside a command: started, awaited, and stopped gracefully whatever happens.

use crate::output;
use crate::run::Cmd;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::process::CommandExt;
use std::process::{ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// How long a server may take to finish what it accepted.
const GRACE: Duration = Duration::from_secs(15);

/// A running program. Dropping it asks it to end, waits, and in the end kills it.
pub(crate) struct Child {
    name: &'static str,
    child: std::process::Child,
}

impl Child {
    /// Starts a program and waits until `ready` recognises one of the lines it prints on standard
    /// output; returns what was recognised. Later lines are dropped. Standard error is passed on.
    ///
    /// The program gets a process group of its own, so that Ctrl-C reaches it only through us,
    /// and an open standard input, which closes when we end in any way.
    pub(crate) fn start<T: Send + 'static>(
        name: &'static str,
        cmd: Cmd,
        patience: Duration,
        ready: impl Fn(&str) -> Option<T> + Send + 'static,
    ) -> Result<(Self, T)> {
        let mut command = cmd.into_inner();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).process_group(0);
        let child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let mut this = Self { name, child };
        let stdout = this.child.stdout.take().context("standard output is piped")?;
        let (sender, receiver) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(found) = ready(&line) {
                    // The receiver is gone after the first one.
                    let _ = sender.send(found);
                }
            }
        });
        match receiver.recv_timeout(patience) {
            Ok(found) => Ok((this, found)),
            Err(mpsc::RecvTimeoutError::Timeout) => {
                bail!("{name} was not ready after {} s", patience.as_secs())
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => {
                bail!("{name} ended before it was ready, with {}", this.child.wait()?)
            }
        }
    }

    /// The exit status, once the program has ended.
    pub(crate) fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("cannot ask for {}", self.name))
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    fn stop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        output::note(&format!("stopping {}", self.name));
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let started = Instant::now();
        while started.elapsed() < GRACE {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        output::note(&format!("{} did not stop within {} s and is killed", self.name, GRACE.as_secs()));
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The address in a line such as `listening on http://127.0.0.1:8080`.
pub(crate) fn listening(line: &str) -> Option<String> {
    let start = line.find("http://")?;
    let url: &str = line[start..].split([' ', '"', ',']).next()?;
    Some(url.trim_end_matches('/').to_owned())
}

/// Asks `GET path` until it answers 200.
pub(crate) fn wait_healthy(address: SocketAddr, path: &str, patience: Duration) -> Result<()> {
    let started = Instant::now();
    loop {
        match get_status(address, path) {
            Ok(200) => return Ok(()),
            answer if started.elapsed() > patience => {
                bail!("http://{address}{path} did not answer 200 within {} s: {answer:?}", patience.as_secs())
            }
            _ => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}

fn get_status(address: SocketAddr, path: &str) -> Result<u16> {
    let mut stream = TcpStream::connect_timeout(&address, Duration::from_secs(1))?;
    stream.set_read_timeout(Some(Duration::from_secs(2)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut head = [0; 12];
    stream.read_exact(&mut head)?;
    let text = String::from_utf8_lossy(&head);
    text.strip_prefix("HTTP/1.1 ").and_then(|code| code.trim().parse().ok()).context("not an HTTP answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_in_a_line() {
        assert_eq!(listening("listening on http://127.0.0.1:8080").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(listening(r#"{"url":"http://[::1]:1/"}"#).as_deref(), Some("http://[::1]:1"));
        assert_eq!(listening("starting"), None);
    }

    #[test]
    fn a_program_is_awaited_and_ends_with_its_owner() {
        let cmd = Cmd::new("sh").args(["-c", "echo on; echo ready 7; cat"]);
        let (mut child, seven) = Child::start("sh", cmd, Duration::from_secs(20), |line| {
            line.strip_prefix("ready ").map(str::to_owned)
        })
        .unwrap();
        assert_eq!(seven, "7");
        assert!(child.ended().unwrap().is_none());
        child.stop();
        assert!(child.ended().unwrap().is_some());
    }

    #[test]
    fn a_program_that_ends_early_is_an_error() {
        let cmd = Cmd::new("sh").args(["-c", "exit 3"]);
        let error = Child::start("sh", cmd, Duration::from_secs(20), |_| Some(())).err().unwrap();
        assert!(error.to_string().contains("ended before it was ready"), "{error}");
    }
}
