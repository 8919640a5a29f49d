//! Runs seeds of the simulation, or one plan; `cargo xtask sim` calls it.

use anyhow::{Context, Result, bail};
use clap::Parser;
use jmessage_testkit::sim::{Plan, Stage, many, report, run};
use std::{
    fs,
    io::{IsTerminal, Write},
    path::PathBuf,
    process::ExitCode,
    thread,
    time::{Duration, Instant},
};

/// How long a failing plan is made smaller at most.
const SHRINK: Duration = Duration::from_secs(90);

/// Pages, server, store and network under one seeded scheduler.
#[derive(Parser)]
struct Args {
    /// How many seeds; with `--mutants`, how many for each bug at most.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This seed alone.
    #[arg(long)]
    seed: Option<u64>,
    /// The plan in this file instead of seeds.
    #[arg(long)]
    plan: Option<PathBuf>,
    /// Prints everything that happens; for one seed or a plan.
    #[arg(long)]
    trace: bool,
    /// Instead of looking for bugs, puts them in one by one and says how many seeds find each.
    #[arg(long)]
    mutants: bool,
    /// Leaves a failing plan as it is.
    #[arg(long)]
    no_shrink: bool,
    /// Seeds at a time; as many as there are cores by default.
    #[arg(long)]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = match (&args.plan, args.seed) {
        _ if args.mutants => mutants(&args),
        (Some(file), _) => read(file).and_then(|plan| one(&args, &plan)),
        (None, Some(seed)) => one(&args, &Plan::of(seed)),
        (None, None) => all(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

impl Args {
    fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| thread::available_parallelism().map_or(2, std::num::NonZero::get))
    }

    fn shrink(&self) -> Duration {
        if self.no_shrink { Duration::ZERO } else { SHRINK }
    }
}

fn read(file: &PathBuf) -> Result<Plan> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    Plan::read(&text)
}

fn one(args: &Args, plan: &Plan) -> Result<()> {
    let stage = Stage::new()?;
    let outcome = run(&stage, plan, args.trace)?;
    for line in &outcome.lines {
        println!("{line}");
    }
    println!("history {:016x}, {} steps: {}", outcome.hash, plan.steps.len(), outcome.counts);
    if outcome.violations.is_empty() {
        return Ok(());
    }
    println!("\n{}", report(&stage, plan, &outcome, args.shrink()));
    bail!("seed {} breaks promises", plan.seed)
}

fn all(args: &Args) -> Result<()> {
    let (stage, started) = (Stage::new()?, Instant::now());
    let progress = |done: u64| {
        if std::io::stdout().is_terminal() && done.is_multiple_of(50) {
            print!("\r{done} of {} seeds, {:.0} s", args.seeds, started.elapsed().as_secs_f64());
            let _ = std::io::stdout().flush();
        }
    };
    let ran = many(&stage, args.from..args.from + args.seeds, args.threads(), progress)?;
    let seconds = started.elapsed().as_secs_f64();
    println!("\n{} seeds in {seconds:.1} s: {}", ran.seeds, ran.counts);
    let Some((plan, outcome)) = ran.failed else { return Ok(()) };
    println!("\n{}", report(&stage, &plan, &outcome, args.shrink()));
    bail!("seed {} breaks promises", plan.seed)
}

/// Prints the table of `docs/delivery.md`; fails if a bug was not found.
#[cfg(feature = "mutants")]
fn mutants(args: &Args) -> Result<()> {
    use jmessage_testkit::sim::{hunt_all, table};
    let found = hunt_all(&Stage::new()?, args.seeds, args.threads())?;
    println!("{}", table(&found));
    let missed: Vec<_> =
        found.iter().filter(|(_, caught)| caught.is_none()).map(|(mutant, _)| mutant).collect();
    if missed.is_empty() { Ok(()) } else { bail!("not found within {} seeds: {missed:?}", args.seeds) }
}

#[cfg(not(feature = "mutants"))]
fn mutants(_: &Args) -> Result<()> {
    bail!("this program was built without the feature `mutants`")
}
