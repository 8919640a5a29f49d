//! Measures a release server through its real protocol, with a bare WebSocket echo beside it as the yardstick.
//!
//! The measured process runs on the first CPU, the generator on the second; every scenario has a fresh process and a
//! fresh database. See `docs/performance.md` for what the figures mean.

mod backlog;
mod cold;
mod curves;
mod disk;
mod extra;
mod fanout;
mod frame;
mod idle;
mod link;
mod meter;
mod pairs;
mod peers;
mod plot;
mod polls;
mod rate;
mod report;
mod resume;
mod stalls;
mod stock;
mod target;
mod versus;
mod wire;

use anyhow::{Context, Result};
use clap::{Parser, ValueEnum};
use jmessage_testkit::sys;
use meter::{Figures, Meter};
use peers::Peer;
use report::Row;
use std::{future::Future, path::PathBuf, sync::Arc, time::Duration};
use target::Target;
use tokio::time::timeout;

#[derive(Parser)]
#[command(about = "Measures a release server, beside a bare WebSocket echo")]
struct Args {
    /// The server's binary
    #[arg(long)]
    server: PathBuf,
    /// The echo's binary
    #[arg(long)]
    echo: PathBuf,
    /// Only these scenarios
    #[arg(long, value_enum)]
    scenario: Vec<Scenario>,
    /// Seconds of each measurement
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Pairs of users who talk
    #[arg(long, default_value_t = 200)]
    pairs: usize,
    /// Members of the group that hears everything
    #[arg(long, default_value_t = 500)]
    members: usize,
    /// Idle connections
    #[arg(long, default_value_t = 5000)]
    connections: usize,
    /// Where the databases are made; a disk or, to leave the disk out, a memory file system
    #[arg(long, default_value_os_t = std::env::temp_dir())]
    data_in: PathBuf,
    /// Clients that come back in a resume storm
    #[arg(long, default_value_t = 2000)]
    clients: usize,
    /// Messages that wait for one client
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
    /// Messages in the database of a cold start, and at the end of the curve of stored messages. Such a database is made once
    /// and kept in --data-in
    #[arg(long, default_value_t = 1_000_000)]
    stored: u64,
    /// Where to write the curves as a picture
    #[arg(long)]
    svg: Option<PathBuf>,
    /// Also measures a server of others: socket.io=SCRIPT, ejabberd=LIBRARIES or prosody=PROGRAM
    #[arg(long = "peer", value_name = "NAME=PATH")]
    peers: Vec<Peer>,
    /// JSON on standard output instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, PartialEq, ValueEnum)]
enum Scenario {
    /// Pairs with one message on its way
    PingPong,
    /// Pairs with eight messages on their way
    Pipelined,
    /// 2,000 messages a second
    Rate,
    /// One user writes to a group that is online, one message on its way
    FanOut,
    /// The same with eight messages on their way
    FanOutPipelined,
    /// Logged-in connections that say nothing
    Idle,
    /// Clients that drop their connections and resume; only when named
    Resume,
    /// A client to which very many messages come; only when named
    Backlog,
    /// WebIM pages whose polls wait; only when named
    Polls,
    /// From the start to listening with very many messages; only when named
    ColdStart,
    /// What a message costs with more messages stored, members away and groups; only when named
    Curves,
}

impl Args {
    /// How long each measurement takes.
    fn time(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }
}

/// Messages a second of [`Scenario::Rate`].
const RATE: u32 = 2000;
const WARM_UP: Duration = Duration::from_secs(2);
/// More than any scenario takes besides its measurement.
const SLACK: Duration = Duration::from_mins(2);

fn main() -> Result<()> {
    let args = Args::parse();
    sys::raise_open_files()?;
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run(&args))
}

async fn run(args: &Args) -> Result<()> {
    let all = [
        Scenario::PingPong,
        Scenario::Pipelined,
        Scenario::Rate,
        Scenario::FanOut,
        Scenario::FanOutPipelined,
        Scenario::Idle,
    ];
    let cpus = Cpus::choose()?;
    eprintln!("load average before the run: {:.2}", sys::load_average()?);
    let mut rows = Vec::new();
    for scenario in all {
        if args.scenario.is_empty() || args.scenario.contains(&scenario) {
            rows.push(row(args, &cpus, scenario).await.with_context(|| scenario.name())?);
        }
    }
    let mut lines = Vec::new();
    for scenario in
        [Scenario::Resume, Scenario::Backlog, Scenario::Polls, Scenario::ColdStart, Scenario::Curves]
    {
        if args.scenario.contains(&scenario) {
            lines.extend(extra::run(args, &cpus, scenario).await.with_context(|| scenario.name())?);
        }
    }
    if args.json {
        println!("{:#}", report::json(&rows, &lines));
        return Ok(());
    }
    if !rows.is_empty() {
        let table = if args.peers.is_empty() { report::table(&rows) } else { versus::table(&rows) };
        println!("{table}");
    }
    if !lines.is_empty() {
        println!("{}", extra::table(&lines));
    }
    Ok(())
}

async fn row(args: &Args, cpus: &Cpus, scenario: Scenario) -> Result<Row> {
    let limit = SLACK + args.time();
    eprintln!("{}: server", scenario.name());
    let users = match scenario {
        Scenario::PingPong | Scenario::Pipelined | Scenario::Rate => 2 * args.pairs,
        Scenario::FanOut | Scenario::FanOutPipelined => args.members,
        Scenario::Idle => args.connections,
        Scenario::Resume | Scenario::Backlog | Scenario::Polls | Scenario::ColdStart | Scenario::Curves => {
            return Err(extra());
        }
    };
    let target = cpus.start(Target::server(&args.server, &args.data_in, users)).await?;
    let server = timeout(limit, measure(args, scenario, &target)).await.context("took too long")??;
    target.stop().await?;
    eprintln!("{}: echo", scenario.name());
    let target = cpus.start(Target::echo(&args.echo)).await?;
    let echo = timeout(limit, measure_echo(args, scenario, &target)).await.context("took too long")??;
    let disk = match scenario {
        Scenario::Rate => cpus.start(async { disk::measure(&args.data_in, RATE, args.time()) }).await?,
        Scenario::PingPong
        | Scenario::Pipelined
        | Scenario::FanOut
        | Scenario::FanOutPipelined
        | Scenario::Idle
        | Scenario::Resume
        | Scenario::Backlog
        | Scenario::Polls
        | Scenario::ColdStart
        | Scenario::Curves => None,
    };
    let mut peers = Vec::new();
    for peer in &args.peers {
        eprintln!("{}: {}", scenario.name(), peer.kind.name());
        // One that fails is a line in the report: the others are worth as much without it.
        let figures = measure_peer(args, cpus, scenario, peer, users).await;
        peers.push((peer.kind, figures.map_err(|error| format!("{error:#}"))));
    }
    // With a single CPU there is nothing to compare.
    let stalls = match disk {
        Some(_) if cpus.measured != cpus.generator => Some(stalls::measure(cpus, args.time())?),
        _ => None,
    };
    Ok(Row { name: scenario.name(), server, echo, disk, stalls, peers })
}

async fn measure_peer(
    args: &Args,
    cpus: &Cpus,
    scenario: Scenario,
    peer: &Peer,
    users: usize,
) -> Result<Figures> {
    let target = cpus.start(Target::peer(peer, &args.data_in, users)).await?;
    timeout(SLACK, target.register(users)).await.context("registering users took too long")??;
    let limit = SLACK + args.time();
    let figures = timeout(limit, measure(args, scenario, &target)).await.context("took too long")??;
    target.stop().await?;
    Ok(figures)
}

async fn measure(args: &Args, scenario: Scenario, target: &Target) -> Result<Figures> {
    let meter = Arc::new(Meter::new());
    let mut players = match scenario {
        Scenario::PingPong => pairs::start(target, args.pairs, 1, &meter).await?,
        Scenario::Pipelined => pairs::start(target, args.pairs, 8, &meter).await?,
        Scenario::Rate => rate::start(target, args.pairs, RATE, &meter).await?,
        Scenario::FanOut => fanout::start(target, args.members, 1, &meter).await?,
        Scenario::FanOutPipelined => fanout::start(target, args.members, 8, &meter).await?,
        Scenario::Idle => return idle::logged_in(target, args.connections).await,
        Scenario::Resume | Scenario::Backlog | Scenario::Polls | Scenario::ColdStart | Scenario::Curves => {
            return Err(extra());
        }
    };
    meter.measure(target, &mut players, WARM_UP, args.time()).await
}

async fn measure_echo(args: &Args, scenario: Scenario, target: &Target) -> Result<Figures> {
    let meter = Arc::new(Meter::new());
    let mut players = match scenario {
        Scenario::PingPong => pairs::start_echo(target, args.pairs, 1, &meter).await?,
        Scenario::Pipelined => pairs::start_echo(target, args.pairs, 8, &meter).await?,
        Scenario::Rate => rate::start_echo(target, args.pairs, RATE, &meter).await?,
        Scenario::FanOut => pairs::start_echo(target, args.members, 1, &meter).await?,
        Scenario::FanOutPipelined => pairs::start_echo(target, args.members, 8, &meter).await?,
        Scenario::Idle => return idle::echo(target, args.connections).await,
        Scenario::Resume | Scenario::Backlog | Scenario::Polls | Scenario::ColdStart | Scenario::Curves => {
            return Err(extra());
        }
    };
    meter.measure(target, &mut players, WARM_UP, args.time()).await
}

fn extra() -> anyhow::Error {
    anyhow::anyhow!("this scenario stands for itself")
}

/// The CPU of the measured process and that of the generator. With a single CPU both share it, and the figures are
/// worth less.
struct Cpus {
    measured: usize,
    generator: usize,
}

impl Cpus {
    fn choose() -> Result<Self> {
        let cpus = sys::allowed_cpus()?;
        let measured = *cpus.first().context("no CPU")?;
        let generator = *cpus.get(1).unwrap_or(&measured);
        if generator == measured {
            eprintln!("only one CPU: the measured process and the generator share it");
        }
        Ok(Self { measured, generator })
    }

    /// Runs `start` on the CPU of the measured process, where what it starts stays, and comes back.
    async fn start<T>(&self, start: impl Future<Output = Result<T>>) -> Result<T> {
        sys::run_on(self.measured)?;
        let started = start.await;
        sys::run_on(self.generator)?;
        started
    }
}

impl Scenario {
    fn name(self) -> &'static str {
        match self {
            Self::PingPong => "pairs ping-pong, 1 in flight",
            Self::Pipelined => "pairs pipelined, 8 in flight",
            Self::Rate => "2,000 messages/s",
            Self::FanOut => "group of 500, 1 in flight",
            Self::FanOutPipelined => "group of 500, 8 in flight",
            Self::Idle => "idle connections",
            Self::Resume => "resume storm",
            Self::Backlog => "backlog",
            Self::Polls => "polls that wait",
            Self::ColdStart => "cold start",
            Self::Curves => "curves",
        }
    }
}
