//! `cargo xtask size`: what a browser downloads, and the limit it must stay below.

use crate::run::Cmd;
use crate::workspace::Workspace;
use crate::{output, pkg, wasm_names};
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::fmt::Write;
use std::path::Path;

/// Bytes after gzip -9. The original web SDK 2.6 weighs 36,737.
const LIMIT: u64 = 36_700;

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Also tell which crates and functions the wasm's bytes are spent on.
    #[arg(long)]
    why: bool,
    /// Also make a plain `wasm-pack build` and print its size beside the published one.
    #[arg(long)]
    plain: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    if !ws.pkg().join("dist").join("jmessage.mjs").exists() {
        pkg::prepare(&ws)?;
        pkg::build(&ws, false, Cmd::run)?;
    }
    let plain = if args.plain { Some(pkg::plain_build(&ws, Cmd::run)?) } else { None };
    let verdict = measure(&ws, plain.as_deref());
    if args.why {
        let named = ws.target.join("jmessage_wasm.named.wasm");
        let bytes = std::fs::read(&named).with_context(|| format!("cannot read {}", named.display()))?;
        println!("{}", wasm_names::report(&bytes)?);
    }
    verdict.map(|table| println!("{table}"))
}

/// Measures the package as it was built last. Returns the table, or an error with the table when
/// a limit is exceeded.
pub(crate) fn measure(ws: &Workspace, plain: Option<&Path>) -> Result<String> {
    output::stage("Measuring what a browser downloads");
    let json = Cmd::new("node").args(["size.mjs"]).args(plain).dir(&ws.pkg()).capture()?;
    let rows: Vec<Value> = serde_json::from_str(&json).context("size.mjs printed no JSON")?;
    let rows: Vec<Row> = rows.iter().map(Row::read).collect::<Result<_>>()?;
    judge(&rows)
}

#[derive(Clone)]
struct Row {
    name: String,
    raw: u64,
    gzip: u64,
    brotli: u64,
}

impl Row {
    fn read(json: &Value) -> Result<Self> {
        let number = |key: &str| json[key].as_u64().with_context(|| format!("no {key} in {json}"));
        let name = json["name"].as_str().context("a row without a name")?.to_owned();
        Ok(Self { name, raw: number("raw")?, gzip: number("gzip")?, brotli: number("brotli")? })
    }
}

/// The rows are `wasm` and `glue`, whose sum is limited, then the shipped files, each limited.
fn judge(rows: &[Row]) -> Result<String> {
    let [wasm, glue, shipped @ ..] = rows else { bail!("size.mjs measured too little") };
    let sum = Row {
        name: "wasm + glue".to_owned(),
        raw: wasm.raw + glue.raw,
        gzip: wasm.gzip + glue.gzip,
        brotli: wasm.brotli + glue.brotli,
    };
    let mut table = format!("    {:<24}{:>10}{:>10}{:>12}\n", "", "raw", "gzip -9", "brotli -11");
    let mut over = Vec::new();
    for row in [wasm, glue, &sum].into_iter().chain(shipped) {
        let limited = row.name != "wasm" && row.name != "glue" && row.name != "plain wasm";
        let verdict = match (limited, row.gzip <= LIMIT) {
            (false, _) => String::new(),
            (true, true) => format!("  {} below {LIMIT}", LIMIT - row.gzip),
            (true, false) => {
                over.push(format!("{} by {}", row.name, row.gzip - LIMIT));
                format!("  {} ABOVE {LIMIT}", row.gzip - LIMIT)
            }
        };
        writeln!(table, "    {:<24}{:>10}{:>10}{:>12}{verdict}", row.name, row.raw, row.gzip, row.brotli)?;
    }
    if over.is_empty() { Ok(table) } else { bail!("too large after gzip -9: {}\n{table}", over.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(name: &str, gzip: u64) -> Row {
        Row { name: name.to_owned(), raw: 2 * gzip, gzip, brotli: gzip - 1 }
    }

    #[test]
    fn the_sum_of_wasm_and_glue_is_limited() {
        let fits = [row("wasm", LIMIT - 10), row("glue", 10), row("dist/jmessage.mjs", LIMIT)];
        assert!(judge(&fits).is_ok());
        let too_large = [row("wasm", LIMIT - 10), row("glue", 11), row("dist/jmessage.mjs", LIMIT)];
        assert!(judge(&too_large).is_err_and(|error| error.to_string().contains("wasm + glue by 1")));
    }

    #[test]
    fn each_shipped_file_is_limited_and_the_plain_wasm_is_not() {
        let rows = [row("wasm", 1), row("glue", 1), row("a.mjs", LIMIT + 2), row("plain wasm", LIMIT + 3)];
        assert!(judge(&rows).is_err_and(|error| {
            let text = error.to_string();
            text.starts_with("too large after gzip -9: a.mjs by 2\n")
        }));
    }
}
