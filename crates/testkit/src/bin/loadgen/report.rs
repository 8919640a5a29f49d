//! The figures as a table and as JSON.

use crate::{
    extra::{self, Line},
    meter::Figures,
    peers::Kind,
};
use serde_json::{Value, json};

/// One scenario: the server and, in the same run, the echo.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) server: Figures,
    pub(crate) echo: Figures,
    /// At a fixed rate: how long the disk alone takes, as in [`Figures::latency`].
    pub(crate) disk: Option<(u64, u64)>,
    /// There too: the share of moments at which the machine stands still, as in [`crate::stalls`].
    pub(crate) stalls: Option<f64>,
    /// Servers of others, or why one of them could not be measured.
    pub(crate) peers: Vec<(Kind, Result<Figures, String>)>,
}

/// A table for people. Ratios are server ÷ echo.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut lines = vec![
        "| scenario | of | msg/s | CPU µs/msg | p50 / p99 µs | kB/connection | messages/commit | core used | generator |"
            .to_owned(),
        "|---|---|---:|---:|---:|---:|---:|---:|---:|".to_owned(),
    ];
    for row in rows {
        lines.push(line(row.name, "server", &row.server));
        lines.push(line("", "echo", &row.echo));
        if let Some((p50, p99)) = row.disk {
            lines.push(format!("| | disk alone | – | – | {p50} / {p99} | – | – | – | – |"));
        }
        if let Some(share) = row.stalls {
            lines.push(format!("| | machine alone | – | – | late: {:.2} % | – | – | – | – |", share * 100.0));
        }
        lines.push(ratios(row));
    }
    lines.join("\n")
}

fn line(name: &str, of: &str, figures: &Figures) -> String {
    let latency = figures.latency.map_or_else(dash, |(p50, p99)| format!("{p50} / {p99}"));
    let memory = figures.memory.map_or_else(dash, |bytes| format!("{:.1}", bytes / 1000.0));
    let batch = figures.batch.map_or_else(dash, |messages| format!("{messages:.1}"));
    if figures.rate == 0.0 {
        return format!("| {name} | {of} | – | – | – | {memory} | – | – | – |");
    }
    format!(
        "| {name} | {of} | {:.0} | {:.1} | {latency} | {memory} | {batch} | {:.0} % | {:.0} % |",
        figures.rate,
        figures.cpu,
        figures.load * 100.0,
        figures.generator_load * 100.0,
    )
}

fn ratios(row: &Row) -> String {
    let (server, echo) = (&row.server, &row.echo);
    let ratio = |a: f64, b: f64| if b > 0.0 { format!("{:.2}×", a / b) } else { dash() };
    let latency = match (server.latency, echo.latency) {
        (Some(a), Some(b)) => {
            format!("{} / {}", ratio(micros(a.0), micros(b.0)), ratio(micros(a.1), micros(b.1)))
        }
        _ => dash(),
    };
    let memory = server.memory.zip(echo.memory).map_or_else(dash, |(a, b)| ratio(a, b));
    let (rate, cpu) = (ratio(server.rate, echo.rate), ratio(server.cpu, echo.cpu));
    format!("| | ratio | {rate} | {cpu} | {latency} | {memory} | | | |")
}

fn micros(latency: u64) -> f64 {
    u32::try_from(latency).map_or(f64::MAX, f64::from)
}

fn dash() -> String {
    "–".to_owned()
}

/// The same for programs. Times in microseconds, memory in bytes.
pub(crate) fn json(rows: &[Row], lines: &[Line]) -> Value {
    let rows = rows.iter().map(|row| {
        let mut value =
            json!({ "scenario": row.name, "server": json_of(&row.server), "echo": json_of(&row.echo) });
        if let Some((p50, p99)) = row.disk {
            value["disk"] = json!({ "p50_us": p50, "p99_us": p99 });
        }
        if let Some(share) = row.stalls {
            value["stalls"] = share.into();
        }
        for (kind, figures) in &row.peers {
            value[kind.name()] = match figures {
                Ok(figures) => json_of(figures),
                Err(why) => json!({ "error": why }),
            };
        }
        value
    });
    rows.chain(extra::json(lines)).collect()
}

fn json_of(figures: &Figures) -> Value {
    json!({
        "messages_per_second": figures.rate,
        "cpu_us_per_message": figures.cpu,
        "core_share": figures.load,
        "generator_core_share": figures.generator_load,
        "messages_per_commit": figures.batch,
        "p50_us": figures.latency.map(|(p50, _)| p50),
        "p99_us": figures.latency.map(|(_, p99)| p99),
        "bytes_per_connection": figures.memory,
    })
}
