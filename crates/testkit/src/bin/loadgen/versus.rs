//! Our server, the echo and servers of others in one table.

use crate::{meter::Figures, report::Row};
use std::fmt::Write as _;

/// A table for people, with a line below it for each that failed. Ratios are ours ÷ theirs of what is better high, and theirs ÷
/// ours of what is better low: above 1 ours is better.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = "| scenario | of | stored | msg/s | CPU µs/msg | p50 / p99 µs | kB/connection | core used | generator | \
                     ours is better by: msg/s | CPU | p50 / p99 | memory |\n\
                     |---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
        .to_owned();
    let mut failed = String::new();
    for row in rows {
        let ours = &row.server;
        table += &line(row.name, "ours", "synced", ours, None);
        table += &line("", "echo", "nothing", &row.echo, Some(ours));
        for (kind, figures) in &row.peers {
            match figures {
                Ok(figures) => table += &line("", kind.name(), kind.stored(), figures, Some(ours)),
                Err(why) => {
                    let _ = write!(failed, "\n{}: {} is left out: {why}", row.name, kind.name());
                }
            }
        }
    }
    table + &failed
}

fn line(scenario: &str, name: &str, stored: &str, figures: &Figures, ours: Option<&Figures>) -> String {
    let cells = [
        number(Some(figures.rate), 0, ""),
        number(Some(figures.cpu), 1, ""),
        figures.latency.map_or_else(dash, |(p50, p99)| format!("{p50} / {p99}")),
        number(figures.memory.map(|bytes| bytes / 1000.0), 1, ""),
        number(Some(figures.load * 100.0), 0, " %"),
        number(Some(figures.generator_load * 100.0), 0, " %"),
    ];
    let ratios = ours.map_or_else(|| [const { String::new() }; 4], |ours| ratios(ours, figures));
    format!("\n| {scenario} | {name} | {stored} | {} | {} |", cells.join(" | "), ratios.join(" | "))
}

fn ratios(ours: &Figures, theirs: &Figures) -> [String; 4] {
    let ratio = |a: f64, b: f64| number((b > 0.0).then(|| a / b), 2, "×");
    let latency = ours.latency.zip(theirs.latency).map_or_else(dash, |(ours, theirs)| {
        format!("{} / {}", ratio(float(theirs.0), float(ours.0)), ratio(float(theirs.1), float(ours.1)))
    });
    let memory = ours.memory.zip(theirs.memory).map_or_else(dash, |(ours, theirs)| ratio(theirs, ours));
    [ratio(ours.rate, theirs.rate), ratio(theirs.cpu, ours.cpu), latency, memory]
}

/// A figure, or a dash where it was not measured.
fn number(value: Option<f64>, digits: usize, unit: &str) -> String {
    value.filter(|value| *value > 0.0).map_or_else(dash, |value| format!("{value:.digits$}{unit}"))
}

fn float(latency: u64) -> f64 {
    u32::try_from(latency).map_or(f64::MAX, f64::from)
}

fn dash() -> String {
    "–".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::Kind;

    #[test]
    fn a_server_is_compared_with_ours_and_one_that_failed_says_why() {
        let server = Figures { rate: 3000.0, cpu: 20.0, latency: Some((100, 400)), ..Figures::default() };
        let theirs = Figures { rate: 1000.0, cpu: 30.0, latency: Some((150, 200)), ..Figures::default() };
        let peers = vec![(Kind::SocketIo, Ok(theirs)), (Kind::Prosody, Err("it would not".to_owned()))];
        let table =
            table(&[Row { name: "talk", server, echo: Figures::default(), disk: None, stalls: None, peers }]);
        let lines: Vec<_> = table.lines().skip(2).collect();
        assert_eq!(
            lines[2],
            "|  | socket.io | synced | 1000 | 30.0 | 150 / 200 | – | – | – | 3.00× | 1.50× | 1.50× / 0.50× | – |"
        );
        assert_eq!(lines[3], "talk: prosody is left out: it would not");
        let columns = |line: &str| line.matches('|').count();
        assert!(table.lines().take(5).all(|line| columns(line) == 14), "{table}");
    }
}
