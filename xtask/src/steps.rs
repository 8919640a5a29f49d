//! A list of steps, run one after the other; a failure does not hide the results of the others.

use crate::output;
use crate::run::{Cmd, Record};
use anyhow::{Result, bail};
use std::fmt::Write;
use std::time::{Duration, Instant};

/// What a step does.
type Work<'a> = Box<dyn Fn(&Runner) -> Result<()> + 'a>;

/// One thing that is checked.
pub(crate) struct Step<'a> {
    /// The word for `--only`.
    pub(crate) name: &'static str,
    /// What is proved, for the heading.
    pub(crate) title: &'static str,
    /// Steps without which this one cannot work.
    pub(crate) needs: &'static [&'static str],
    /// Does it; programs are run through [`Runner::exec`] so that their last words can be repeated.
    pub(crate) work: Work<'a>,
}

/// What a step runs programs with.
#[derive(Default)]
pub(crate) struct Runner {
    record: Record,
}

impl Runner {
    pub(crate) fn exec(&self, cmd: Cmd) -> Result<()> {
        cmd.record(&self.record)
    }

    /// How many tests the runners have reported as passed so far in this step.
    pub(crate) fn passed(&self) -> usize {
        let count = |line: &String| passed(line).unwrap_or(0);
        self.record.lines().iter().map(count).sum()
    }

    /// Prints a line and keeps it for the summary when it is one of a summary's kind.
    pub(crate) fn say(&self, line: &str) {
        println!("{line}");
        self.record.push(line.to_owned());
    }
}

enum Outcome {
    Passed,
    Failed(String),
    NotRun(&'static str),
}

struct Done {
    name: &'static str,
    outcome: Outcome,
    took: Duration,
    summary: Vec<String>,
    /// What was printed last, of a step that failed.
    end: Vec<String>,
}

/// Lines that are repeated of a step that failed.
const LAST_WORDS: usize = 20;

/// Runs the steps named in `only`, or all when it is empty, and prints a table at the end.
/// Errs when one failed or was not run because of another.
pub(crate) fn run(steps: &[Step<'_>], only: &[String]) -> Result<()> {
    let known: Vec<&str> = steps.iter().map(|step| step.name).collect();
    if let Some(unknown) = only.iter().find(|name| !known.contains(&name.as_str())) {
        bail!("there is no step `{unknown}`; the steps are {}", known.join(", "));
    }
    let chosen: Vec<&Step<'_>> =
        steps.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)).collect();
    let started = Instant::now();
    let mut done: Vec<Done> = Vec::new();
    for (index, step) in chosen.iter().enumerate() {
        output::stage(&format!("[{}/{}] {}: {}", index + 1, chosen.len(), step.name, step.title));
        done.push(one(step, &done));
    }
    println!("{}", table(&done, started.elapsed()));
    let bad: Vec<&str> =
        done.iter().filter(|done| !matches!(done.outcome, Outcome::Passed)).map(|done| done.name).collect();
    if bad.is_empty() { Ok(()) } else { bail!("{} of {} steps: {}", bad.len(), done.len(), bad.join(", ")) }
}

fn one(step: &Step<'_>, before: &[Done]) -> Done {
    let broken = |need: &&&'static str| {
        before.iter().any(|done| done.name == **need && !matches!(done.outcome, Outcome::Passed))
    };
    if let Some(need) = step.needs.iter().find(broken) {
        output::note(&format!("not run, because {need} failed"));
        return Done {
            name: step.name,
            outcome: Outcome::NotRun(need),
            took: Duration::ZERO,
            summary: Vec::new(),
            end: Vec::new(),
        };
    }
    let started = Instant::now();
    let runner = Runner::default();
    let outcome = match (step.work)(&runner) {
        Ok(()) => Outcome::Passed,
        Err(error) => {
            let text = format!("{error:#}");
            output::failure(&text);
            Outcome::Failed(text)
        }
    };
    let mut end = runner.record.lines();
    let summary = end.iter().filter(|line| is_summary(line)).cloned().collect();
    match outcome {
        Outcome::Failed(_) => drop(end.drain(..end.len().saturating_sub(LAST_WORDS))),
        _ => end.clear(),
    }
    Done { name: step.name, outcome, took: started.elapsed(), summary, end }
}

/// The number in `test result: ok. 12 passed; …`.
fn passed(line: &str) -> Option<usize> {
    line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok()
}

/// The lines in which the runners sum up: cargo test and wasm-bindgen-test, nextest, node's test
/// runner, cargo-deny, libFuzzer, and our own of sizes and conformance.
fn is_summary(line: &str) -> bool {
    let line = line.trim_start();
    let node = ["ℹ tests ", "ℹ pass ", "ℹ fail ", "ℹ skipped ", "ℹ todo "];
    (line.starts_with("test result: ") && !line.contains(" 0 passed; 0 failed; 0 ignored"))
        || line.starts_with("Summary [")
        || line.starts_with("ok: ")
        || line.ends_with(" sources ok")
        || line.starts_with("wasm + glue")
        || line.starts_with("conformance: ")
        || (line.starts_with("Done ") && line.contains(" runs in "))
        || node.iter().any(|start| line.starts_with(start))
}

fn table(done: &[Done], total: Duration) -> String {
    let mut text = String::from("\n==> Summary\n");
    for step in done {
        let verdict = match &step.outcome {
            Outcome::Passed => "ok".to_owned(),
            Outcome::Failed(why) => format!("FAILED  {}", why.lines().next().unwrap_or_default()),
            Outcome::NotRun(need) => format!("NOT RUN  because {need} failed"),
        };
        // Writing to a string cannot fail.
        let _ = writeln!(text, "    {:<10}{:>9}  {verdict}", step.name, seconds(step.took));
        for line in &step.summary {
            let _ = writeln!(text, "                       {}", line.trim());
        }
        for line in &step.end {
            let _ = writeln!(text, "                     | {line}");
        }
    }
    let _ = write!(text, "    {:<10}{:>9}", "total", seconds(total));
    text
}

fn seconds(time: Duration) -> String {
    format!("{}:{:02} min", time.as_secs() / 60, time.as_secs() % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    fn step<'a>(
        name: &'static str,
        needs: &'static [&'static str],
        ran: &'a RefCell<Vec<&'static str>>,
        fails: bool,
    ) -> Step<'a> {
        let work = move |_: &Runner| {
            ran.borrow_mut().push(name);
            anyhow::ensure!(!fails, "broken");
            Ok(())
        };
        Step { name, title: "", needs, work: Box::new(work) }
    }

    #[test]
    fn a_failure_stops_only_what_needs_it() {
        let ran = RefCell::new(Vec::new());
        let steps = [
            step("a", &[], &ran, true),
            step("b", &["a"], &ran, false),
            step("c", &["b"], &ran, false),
            step("d", &[], &ran, false),
        ];
        let error = run(&steps, &[]).unwrap_err().to_string();
        assert_eq!(error, "3 of 4 steps: a, b, c");
        assert_eq!(*ran.borrow(), ["a", "d"]);
    }

    #[test]
    fn only_chooses_and_refuses_unknown_names() {
        let ran = RefCell::new(Vec::new());
        let steps = [step("a", &[], &ran, true), step("b", &["a"], &ran, false)];
        assert!(run(&steps, &["b".to_owned()]).is_ok());
        assert_eq!(*ran.borrow(), ["b"]);
        assert!(run(&steps, &["x".to_owned()]).is_err());
    }

    #[test]
    fn runners_last_words_are_recognised() {
        assert!(is_summary("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"));
        assert!(!is_summary("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out"));
        assert!(is_summary("     Summary [   4.2s] 12 tests run: 12 passed, 0 skipped"));
        assert!(is_summary("ℹ pass 9"));
        assert_eq!(passed("test result: ok. 16 passed; 0 failed; 0 ignored; 0 filtered out"), Some(16));
        assert_eq!(passed("test result: FAILED. 1 passed; 1 failed"), None);
        assert!(!is_summary("running 12 tests"));
    }
}
