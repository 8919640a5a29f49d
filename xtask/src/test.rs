//! `cargo xtask test` and `cargo xtask ci`: the list of what is checked.

use crate::browser::Browser;
use crate::run::Cmd;
use crate::serve::Child;
use crate::steps::{self, Runner, Step};
use crate::workspace::Workspace;
use crate::{arrows, conformance, npm, output, peers, pkg, power_cuts, size, tools};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::path::PathBuf;
use std::time::Duration;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these steps, separated by commas: fmt, arrows, deny, clippy, native, sim, conformance, doc,
    /// power-cuts, pkg, size, plain, wasm, e2e.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
}

/// Power cuts in one run of all tests.
const CUTS: usize = 200;

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    let wants =
        |names: &[&str]| args.only.is_empty() || args.only.iter().any(|only| names.contains(&only.as_str()));
    output::stage("Looking for what the tests need");
    tools::rust(&ws)?;
    if wants(&["clippy", "native", "sim", "power-cuts", "wasm", "e2e"]) {
        tools::c_compiler()?;
    }
    if wants(&["native", "power-cuts"]) {
        tools::strace()?;
    }
    if wants(&["deny"]) {
        tools::cargo_deny(&ws)?;
    }
    if wants(&["wasm", "pkg", "size", "plain", "e2e"]) {
        pkg::prepare(&ws)?;
    }
    let browser = if wants(&["wasm", "e2e"]) { Some(Browser::find(&ws)?) } else { None };
    if wants(&["e2e"]) {
        npm::install(&e2e(&ws), "playwright-core drives the browser in the end-to-end tests")?;
    }
    let mut steps = checks(&ws);
    steps.extend(native(&ws));
    steps.extend(package(&ws));
    steps.extend(in_browser(&ws, browser.as_ref()));
    steps::run(&steps, &args.only)
}

/// The quick checks, without tests.
pub(crate) fn run_checks() -> Result<()> {
    let ws = Workspace::load()?;
    output::stage("Looking for what the checks need");
    tools::rust(&ws)?;
    tools::c_compiler()?;
    tools::cargo_deny(&ws)?;
    steps::run(&checks(&ws), &[])
}

fn step<'a>(
    name: &'static str,
    title: &'static str,
    needs: &'static [&'static str],
    work: impl Fn(&Runner) -> Result<()> + 'a,
) -> Step<'a> {
    Step { name, title, needs, work: Box::new(work) }
}

fn cargo(ws: &Workspace, args: &[&str]) -> Cmd {
    ws.cmd("cargo").args(args)
}

fn checks(ws: &Workspace) -> Vec<Step<'_>> {
    let features = "--features=jmessage-testkit/mutants";
    let workspace = ["clippy", "--workspace", "--all-targets", features, "--", "-D", "warnings"];
    let wasm = "clippy --package jmessage-wasm --all-targets --target wasm32-unknown-unknown -- -D warnings";
    vec![
        step("fmt", "every Rust file is formatted", &[], |runner| {
            runner.exec(cargo(ws, &["fmt", "--all", "--check"]))
        }),
        step("arrows", "each crate uses only what its room may", &[], |runner| {
            arrows::check(ws).map(|verdict| runner.say(&verdict))
        }),
        step("deny", "licences, banned crates and sources of the dependencies", &[], |runner| {
            runner.exec(cargo(
                ws,
                &["deny", "--workspace", "--all-features", "check", "bans", "licenses", "sources"],
            ))
        }),
        step("clippy", "no warning, natively and for the browser", &[], move |runner| {
            runner.exec(cargo(ws, &workspace))?;
            runner.exec(cargo(ws, &wasm.split(' ').collect::<Vec<_>>()))
        }),
    ]
}

fn native(ws: &Workspace) -> Vec<Step<'_>> {
    vec![
        step("native", "unit and integration tests", &[], |runner| {
            let args: &[&str] = if tools::which("cargo-nextest").is_some() {
                &["nextest", "run", "--workspace", "--no-fail-fast"]
            } else {
                &["test", "--workspace", "--lib", "--bins", "--tests", "--no-fail-fast"]
            };
            runner.exec(cargo(ws, args).env("RUST_BACKTRACE", "1"))
        }),
        step("conformance", "Autobahn's WebSocket cases", &[], |runner| conformance::step(ws, runner)),
        step(
            "sim",
            "thousands of simulated histories keep every promise, and bugs are found",
            &[],
            |runner| {
                // Not in its own profile, which takes longer to build than so many seeds take to run.
                let test = "test --workspace --features jmessage-testkit/mutants --test sim -- --nocapture";
                runner.exec(cargo(ws, &test.split(' ').collect::<Vec<_>>()))
            },
        ),
        step("doc", "the examples in the documentation", &[], |runner| {
            runner.exec(cargo(ws, &["test", "--workspace", "--doc", "--no-fail-fast"]))
        }),
        step("power-cuts", "what a traced server told its clients survives power cuts", &[], |runner| {
            power_cuts::cut(ws, CUTS, None, |cmd| runner.exec(cmd))
        }),
    ]
}

fn package(ws: &Workspace) -> Vec<Step<'_>> {
    vec![
        step("pkg", "the npm package builds", &[], |runner| {
            npm::check_lock(&ws.pkg())?;
            npm::check_lock(&e2e(ws))?;
            npm::check_lock(&peers::socketio_dir(ws))?;
            pkg::build(ws, false, |cmd| runner.exec(cmd))
        }),
        step("size", "what a browser downloads stays below the limit", &["pkg"], |runner| {
            let table = size::measure(ws, None)?;
            table.lines().for_each(|line| runner.say(line));
            Ok(())
        }),
        step("plain", "a plain `wasm-pack build` works too", &[], |runner| {
            let wasm = pkg::plain_build(ws, |cmd| runner.exec(cmd))?;
            let bytes = wasm.metadata().with_context(|| format!("no {}", wasm.display()))?.len();
            runner.say(&format!("a plain build's wasm: {bytes} bytes"));
            Ok(())
        }),
    ]
}

fn in_browser<'a>(ws: &'a Workspace, browser: Option<&'a Browser>) -> Vec<Step<'a>> {
    let browser = move || browser.context("no browser was looked for");
    vec![
        step("wasm", "the SDK's own tests in a browser, against a real server", &[], move |runner| {
            wasm_tests(ws, browser()?, runner)
        }),
        step("e2e", "the demo and pages of the original in a browser", &["pkg"], move |runner| {
            runner.exec(cargo(
                ws,
                &["build", "--workspace", "--bin", "jmessage-server", "--bin", "signature-server"],
            ))?;
            let tests = Cmd::new("node")
                .args(["--test", "--test-reporter=spec"])
                .dir(&e2e(ws))
                .env("CHROMIUM", &browser()?.chromium)
                .env("JMESSAGE_SERVER_BIN", ws.binary("debug", "jmessage-server"))
                .env("JMESSAGE_SIGNER_BIN", ws.binary("debug", "signature-server"));
            runner.exec(tests)
        }),
    ]
}

/// Runs `tests/*.rs` of the SDK in headless Chromium. The address of the server is compiled in:
/// a page has no environment to read it from.
fn wasm_tests(ws: &Workspace, browser: &Browser, runner: &Runner) -> Result<()> {
    runner.exec(cargo(ws, &["build", "--workspace", "--bin", "testserver"]))?;
    let testserver = Cmd::new(ws.binary("debug", "testserver")).dir(&ws.root);
    let (_server, line) = Child::start("testserver", testserver, Duration::from_mins(1), |line| {
        line.starts_with('{').then(|| line.to_owned())
    })?;
    let ready: Value = serde_json::from_str(&line).context("testserver printed no JSON")?;
    let Some(url) = ready["url"].as_str() else { bail!("testserver told no url: {line}") };
    output::note(&format!("test server at {url}"));
    runner.exec(
        ws.cmd("wasm-pack")
            .env("PATH", tools::wasm_bindgen(ws)?)
            .env("JMESSAGE_TEST_SERVER", url)
            .env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", browser.capabilities(ws)?)
            .env("WASM_BINDGEN_TEST_TIMEOUT", "300")
            .args(["test", "--headless", "--chrome", "--mode", "no-install", "--chromedriver"])
            .args([&browser.driver, &ws.root]),
    )?;
    // wasm-pack is content when it finds nothing to run.
    anyhow::ensure!(runner.passed() > 0, "no test ran in the browser");
    Ok(())
}

fn e2e(ws: &Workspace) -> PathBuf {
    ws.root.join("tests").join("e2e")
}
