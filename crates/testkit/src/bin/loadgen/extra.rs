//! Scenarios that stand for themselves, without an echo beside them.

use crate::{Args, Cpus, Scenario, backlog, cold, curves, plot, polls, resume, stock::Stock, target::Target};
use anyhow::{Context, Result};
use serde_json::{Map, Value, json};
use std::{fs, time::Duration};

/// What one of them came to.
pub(crate) struct Line {
    pub(crate) name: String,
    pub(crate) figures: Vec<(&'static str, f64)>,
}

/// Runs one of them.
pub(crate) async fn run(args: &Args, cpus: &Cpus, scenario: Scenario) -> Result<Vec<Line>> {
    let time = Duration::from_secs(args.seconds);
    match scenario {
        Scenario::Resume => {
            let users = args.clients;
            let target = cpus.start(Target::server(&args.server, &args.data_in, users)).await?;
            let line = resume::measure(&target, users, time).await?;
            target.stop().await?;
            Ok(vec![line])
        }
        Scenario::Polls => {
            let target = cpus.start(Target::webim(&args.server, &args.data_in, args.connections)).await?;
            let line = polls::measure(&target, args.connections, time).await?;
            target.stop().await?;
            Ok(vec![line])
        }
        Scenario::Backlog => {
            let data = Target::prepare(&args.data_in, 2).await?;
            Stock::open(data.path(), &Target::app(), 2)?.messages(0, 1..=1, args.messages)?;
            let target = cpus.start(Target::on(&args.server, data)).await?;
            let line = backlog::measure(&target, args.messages).await?;
            target.stop().await?;
            Ok(vec![line])
        }
        Scenario::ColdStart => {
            let data = cold::database(&args.data_in, args.stored).await?;
            let measured = cpus.start(cold::measure(&args.server, &data, args.stored)).await?;
            Ok(vec![measured])
        }
        Scenario::Curves => {
            let panels = curves::measure(args, cpus).await?;
            if let Some(file) = &args.svg {
                fs::write(file, plot::svg(&panels)).with_context(|| file.display().to_string())?;
            }
            Ok(panels.iter().flat_map(curves::Panel::lines).collect())
        }
        Scenario::PingPong
        | Scenario::Pipelined
        | Scenario::Rate
        | Scenario::FanOut
        | Scenario::FanOutPipelined
        | Scenario::Idle => Ok(Vec::new()),
    }
}

/// A table for people.
pub(crate) fn table(lines: &[Line]) -> String {
    let row = |line: &Line| {
        let figures: Vec<_> = line.figures.iter().map(|(name, value)| format!("{value:.1} {name}")).collect();
        format!("| {} | {} |", line.name, figures.join(" · "))
    };
    let rows: Vec<_> = lines.iter().map(row).collect();
    format!("| scenario | figures |\n|---|---|\n{}", rows.join("\n"))
}

/// The same for programs.
pub(crate) fn json(lines: &[Line]) -> Vec<Value> {
    let of = |line: &Line| {
        let figures: Map<_, _> =
            line.figures.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({ "scenario": line.name, "figures": figures })
    };
    lines.iter().map(of).collect()
}
