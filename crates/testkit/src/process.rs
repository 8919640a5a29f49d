//! A program in a process of its own: started, found, killed, stopped.

use crate::PATIENCE;
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdin, ChildStdout, Command},
    time::{sleep, timeout},
};

/// A running program that said where it listens. It is killed when dropped.
pub struct Process {
    child: Child,
    url: String,
    /// Programs that run until their standard input closes shall not see it closed before.
    _stdin: Option<ChildStdin>,
}

impl Process {
    /// Starts `command` and waits until a line of its standard output names an `http://` address. Later output is
    /// read and thrown away; standard error stays the caller's.
    pub async fn start(mut command: Command) -> Result<Self> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let mut lines = BufReader::new(child.stdout.take().context("no standard output")?).lines();
        let url = timeout(PATIENCE, find_url(&mut lines))
            .await
            .with_context(|| format!("{name} does not say where it listens"))?
            .with_context(|| format!("{name} ended before it listened"))?;
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let stdin = child.stdin.take();
        Ok(Self { child, url, _stdin: stdin })
    }

    /// Starts `command`, which listens on a port of the loopback without saying so, and waits until it answers there. What it
    /// prints is thrown away.
    pub async fn on_port(mut command: Command, port: u16) -> Result<Self> {
        let name = command.as_std().get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("cannot start {name}"))?;
        let listening = async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::select! {
            answered = timeout(PATIENCE, listening) => answered.with_context(|| format!("{name} does not listen"))?,
            ended = child.wait() => bail!("{name} ended with {} before it listened", ended?),
        }
        Ok(Self { child, url: format!("http://127.0.0.1:{port}"), _stdin: None })
    }

    /// The base URL, `http://host:port`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process id. An error once it has ended.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the process has ended")
    }

    /// SIGKILL: the process ends without another instruction.
    pub async fn kill(mut self) -> Result<()> {
        self.child.start_kill()?;
        self.ended().await.map(|_| ())
    }

    /// SIGTERM: the process is asked to stop.
    pub fn ask_to_stop(&self) -> Result<()> {
        let pid = i32::try_from(self.pid()?).ok().and_then(Pid::from_raw).context("no process id")?;
        Ok(kill_process(pid, Signal::TERM)?)
    }

    /// Waits for the end.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        timeout(PATIENCE, self.child.wait()).await.context("the process does not end")?.map_err(Into::into)
    }

    /// SIGTERM, and the process must end with success.
    pub async fn stop(mut self) -> Result<()> {
        self.ask_to_stop()?;
        let status = self.ended().await?;
        if !status.success() {
            bail!("the process ended with {status}");
        }
        Ok(())
    }
}

async fn find_url(lines: &mut Lines<BufReader<ChildStdout>>) -> Option<String> {
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(url) = url_in(&line) {
            return Some(url.to_owned());
        }
    }
    None
}

fn url_in(line: &str) -> Option<&str> {
    let start = line.find("http://")?;
    let rest = line.get(start..)?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || ":/.[]-".contains(c))).unwrap_or(rest.len());
    rest.get(..end).map(|url| url.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_any_line() {
        assert_eq!(url_in(r#"{"url":"http://127.0.0.1:4000"}"#), Some("http://127.0.0.1:4000"));
        assert_eq!(url_in("listening on http://[::1]:80/ now"), Some("http://[::1]:80"));
        assert_eq!(url_in("starting"), None);
    }
}
