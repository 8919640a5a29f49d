//! Running programs: in the foreground, captured, recorded, or as a child that is stopped later.

use crate::output;
use anyhow::{Context, Result, bail};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

/// A program with its arguments; printed as it is run.
pub(crate) struct Cmd {
    command: Command,
}

impl Cmd {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        // Where an error was made says nothing to who reads it, and hides the lines before; a panic still tells.
        command.stdin(Stdio::null()).env("RUST_LIB_BACKTRACE", "0");
        Self { command }
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Runs with inherited output; an exit code other than zero is an error.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.announce();
        let status = self.command.status().with_context(|| format!("cannot run `{line}`"))?;
        if status.success() { Ok(()) } else { bail!("`{line}` ended with {status}") }
    }

    /// Runs silently and returns standard output; the error carries standard error.
    pub(crate) fn capture(mut self) -> Result<String> {
        let line = self.line();
        let out = self.command.output().with_context(|| format!("cannot run `{line}`"))?;
        if !out.status.success() {
            let err = String::from_utf8_lossy(&out.stderr);
            bail!("`{line}` ended with {}\n{}", out.status, err.trim_end());
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Like [`Cmd::capture`], with `input` on standard input.
    pub(crate) fn capture_with_input(mut self, input: &str) -> Result<String> {
        let line = self.line();
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().with_context(|| format!("cannot run `{line}`"))?;
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its input says so by its exit code.
            let _ = stdin.write_all(input.as_bytes());
        }
        let out = child.wait_with_output().with_context(|| format!("cannot wait for `{line}`"))?;
        if !out.status.success() {
            let err = String::from_utf8_lossy(&out.stderr);
            bail!("`{line}` ended with {}\n{}", out.status, err.trim_end());
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// Runs, passing every line on to the terminal and to `record`. Returns whether it succeeded.
    pub(crate) fn record(mut self, record: &Record) -> Result<()> {
        let line = self.announce();
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().with_context(|| format!("cannot run `{line}`"))?;
        let readers = [
            child.stdout.take().map(|pipe| record.follow(pipe, std::io::stdout())),
            child.stderr.take().map(|pipe| record.follow(pipe, std::io::stderr())),
        ];
        let status = child.wait().with_context(|| format!("cannot wait for `{line}`"))?;
        for reader in readers.into_iter().flatten() {
            let _ = reader.join();
        }
        if status.success() { Ok(()) } else { bail!("`{line}` ended with {status}") }
    }

    /// The bare command, for a caller that keeps the child.
    pub(crate) fn into_inner(self) -> Command {
        output::command(&self.line());
        self.command
    }

    fn announce(&self) -> String {
        let line = self.line();
        output::command(&line);
        line
    }

    /// Program and arguments as one could type them; environment variables are left out,
    /// because secrets travel there.
    fn line(&self) -> String {
        let mut line = self.command.get_program().to_string_lossy().into_owned();
        for arg in self.command.get_args() {
            let arg = arg.to_string_lossy();
            let quote = if arg.contains([' ', '"', '[', ']']) { "'" } else { "" };
            for part in [" ", quote, &arg, quote] {
                line.push_str(part);
            }
        }
        line
    }
}

/// The lines that recorded programs printed, in order of arrival.
#[derive(Clone, Default)]
pub(crate) struct Record(Arc<Mutex<Vec<String>>>);

impl Record {
    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().map(|lines| lines.clone()).unwrap_or_default()
    }

    /// Adds a line of our own.
    pub(crate) fn push(&self, line: String) {
        if let Ok(mut lines) = self.0.lock() {
            lines.push(line);
        }
    }

    fn follow(
        &self,
        pipe: impl Read + Send + 'static,
        mut copy: impl Write + Send + 'static,
    ) -> std::thread::JoinHandle<()> {
        let record = self.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                let line = String::from_utf8_lossy(&line).into_owned();
                let _ = writeln!(copy, "{line}");
                record.push(line);
            }
        })
    }
}
