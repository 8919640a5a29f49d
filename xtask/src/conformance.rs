//! `cargo xtask conformance`: the WebSocket cases of Autobahn against the sockets of the server.
//!
//! The cases ask for an echo, which the server is not. What is tested is the echo of the testkit: the server's own
//! handshake and frames with a loop that sends back what came, and a larger limit of a message.

use crate::output;
use crate::run::Cmd;
use crate::serve::Child;
use crate::steps::Runner;
use crate::tools;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

/// The program with the cases, and its version: other versions may have other cases.
const KOSOKU: &str = "kosoku==0.1.0";
/// Cases about compression, which the server does not offer.
const LEFT_OUT: [&str; 2] = ["12.*", "13.*"];
/// Verdicts of Autobahn that are no failure.
const PASSED: [&str; 3] = ["OK", "NON-STRICT", "INFORMATIONAL"];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Write the verdicts to the baseline instead of comparing them with it
    #[arg(long)]
    accept: bool,
}

/// Each case with how the server behaved and how it closed.
type Verdicts = BTreeMap<String, (String, String)>;

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    let runner = Runner::default();
    let verdicts = verdicts(&ws, &runner)?;
    if args.accept {
        let file = baseline(&ws);
        fs::write(&file, text(&verdicts)).with_context(|| format!("cannot write {}", file.display()))?;
        output::note(&format!("{} cases written to {}", verdicts.len(), file.display()));
    }
    compare(&ws, &runner, &verdicts)
}

/// The same as a step of `cargo xtask test`.
pub(crate) fn step(ws: &Workspace, runner: &Runner) -> Result<()> {
    compare(ws, runner, &verdicts(ws, runner)?)
}

fn compare(ws: &Workspace, runner: &Runner, verdicts: &Verdicts) -> Result<()> {
    let file = baseline(ws);
    let known = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let worse = regressions(&read(&known), verdicts);
    if let [first, ..] = &worse[..] {
        for line in &worse {
            runner.say(line);
        }
        bail!("{} cases: {first}", worse.len());
    }
    let strict = verdicts.values().filter(|(behaviour, _)| behaviour == "OK").count();
    runner.say(&format!("conformance: {} cases, none failed, {strict} without any remark", verdicts.len()));
    Ok(())
}

/// Runs every case.
fn verdicts(ws: &Workspace, runner: &Runner) -> Result<Verdicts> {
    let kosoku = kosoku(ws)?;
    runner.exec(ws.cmd("cargo").args(["build", "--workspace", "--bin", "echo"]))?;
    let echo = Cmd::new(ws.binary("debug", "echo")).dir(&ws.root);
    let (_echo, line) = Child::start("echo", echo, Duration::from_mins(1), |line| {
        line.starts_with('{').then(|| line.to_owned())
    })?;
    let ready: Value = serde_json::from_str(&line).context("the echo printed no JSON")?;
    let url = ready["url"].as_str().context("the echo told no url")?;
    let url = format!("{}/jmessage/v1", url.replacen("http", "ws", 1));
    let reports = ws.target.join("conformance");
    if reports.exists() {
        fs::remove_dir_all(&reports)?;
    }
    let leave_out = LEFT_OUT.iter().flat_map(|case| ["-x", case]);
    let cases = Cmd::new(kosoku).args([&url]).args(leave_out).args(["-p", "4"]);
    // Its exit code only says whether a case failed, which the report says as well.
    let ran = runner.exec(cases.args(["-o".as_ref(), reports.as_os_str()]));
    let index = reports.join("index.json");
    let report = fs::read_to_string(&index).map_err(|_| match ran {
        Ok(()) => anyhow::anyhow!("no report in {}", index.display()),
        Err(error) => error,
    })?;
    let report: Value = serde_json::from_str(&report)?;
    let cases = report.as_object().and_then(|agents| agents.values().next()).and_then(Value::as_object);
    let cases = cases.context("the report has no cases")?;
    let word = |case: &Value, key: &str| case[key].as_str().unwrap_or("?").to_owned();
    let verdicts: Verdicts = cases
        .iter()
        .map(|(id, case)| (id.clone(), (word(case, "behavior"), word(case, "behaviorClose"))))
        .collect();
    ensure!(!verdicts.is_empty(), "no case ran");
    Ok(verdicts)
}

/// The program that drives the cases, in an environment of its own.
fn kosoku(ws: &Workspace) -> Result<PathBuf> {
    let home = ws.target.join("tools").join("kosoku");
    let program = home.join("bin").join("kosoku");
    if !program.exists() {
        if tools::which("python3").is_none() {
            tools::apt(&["python3", "python3-venv"], "the WebSocket cases of Autobahn are a Python program")?;
        }
        output::install(KOSOKU, "it drives the WebSocket cases of Autobahn");
        Cmd::new("python3").args(["-m".as_ref(), "venv".as_ref(), home.as_os_str()]).run()?;
        Cmd::new(home.join("bin").join("pip")).args(["install", "--quiet", KOSOKU]).run()?;
    }
    Ok(program)
}

fn baseline(ws: &Workspace) -> PathBuf {
    ws.root.join(Path::new("tests/conformance/baseline.txt"))
}

/// One case a line: its number, how the server behaved, how it closed.
fn text(verdicts: &Verdicts) -> String {
    let mut cases: Vec<_> = verdicts.iter().collect();
    let number = |id: &str| id.split('.').map(|part| part.parse::<u32>().unwrap_or(0)).collect::<Vec<_>>();
    cases.sort_by_key(|(id, _)| number(id));
    cases.iter().fold(String::new(), |mut text, (id, (behaviour, close))| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{id}\t{behaviour}\t{close}");
        text
    })
}

fn read(text: &str) -> Verdicts {
    let line = |line: &str| {
        let mut words = line.split('\t').map(str::to_owned);
        Some((words.next()?, (words.next()?, words.next()?)))
    };
    text.lines().filter_map(line).collect()
}

/// What is worse than the baseline, failed, is missing, or is not in the baseline; one line for each.
fn regressions(known: &Verdicts, now: &Verdicts) -> Vec<String> {
    let rank = |word: &str| PASSED.iter().position(|passed| *passed == word).unwrap_or(PASSED.len());
    let mut lines = Vec::new();
    for (id, (behaviour, close)) in now {
        let failed = [behaviour, close].into_iter().any(|word| rank(word) == PASSED.len());
        match known.get(id) {
            _ if failed => lines.push(format!("{id} failed: {behaviour}, close {close}")),
            None => lines.push(format!("{id} is not in the baseline")),
            Some((before, before_close))
                if rank(behaviour) > rank(before) || rank(close) > rank(before_close) =>
            {
                lines.push(format!("{id} was {before}, close {before_close}: {behaviour}, close {close}"));
            }
            Some(_) => {}
        }
    }
    lines.extend(known.keys().filter(|id| !now.contains_key(*id)).map(|id| format!("{id} did not run")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(text: &str) -> Verdicts {
        read(&text.replace(' ', "\t"))
    }

    #[test]
    fn what_is_worse_missing_or_new_is_a_regression() {
        let known = verdicts("1.1.1 OK OK\n1.1.2 OK OK\n6.4.1 NON-STRICT OK\n7.1.1 OK OK");
        assert_eq!(regressions(&known, &known), [""; 0]);
        let now = verdicts("1.1.1 NON-STRICT OK\n1.1.2 FAILED OK\n6.4.1 OK OK\n9.1.1 OK OK");
        let lines = regressions(&known, &now);
        assert_eq!(
            lines,
            [
                "1.1.1 was OK, close OK: NON-STRICT, close OK",
                "1.1.2 failed: FAILED, close OK",
                "9.1.1 is not in the baseline",
                "7.1.1 did not run",
            ]
        );
    }

    #[test]
    fn a_failed_case_fails_even_if_it_always_did() {
        let known = verdicts("1.1.1 FAILED OK");
        assert_eq!(regressions(&known, &known).len(), 1);
    }

    #[test]
    fn the_baseline_is_in_the_order_of_the_cases() {
        let known = verdicts("10.1.1 OK OK\n9.1.1 OK OK");
        assert_eq!(text(&known), "9.1.1\tOK\tOK\n10.1.1\tOK\tOK\n");
        assert_eq!(read(&text(&known)), known);
    }
}
