//! `cargo xtask pkg`: the npm package. Rust → wasm and glue (`pkg/wasm`, wasm-pack) → smaller
//! wasm (wasm-opt) → the two files a page loads (`pkg/build.mjs`, esbuild).

use crate::run::Cmd;
use crate::workspace::Workspace;
use crate::{npm, output, tools};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// WebAssembly features that rustc's wasm32 target and wasm-bindgen use; wasm-opt must know them
/// all, and must not be given more, or it would emit what older browsers refuse.
const FEATURES: [&str; 6] = [
    "--enable-bulk-memory",
    "--enable-multivalue",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

/// Fewest bytes after gzip, which finds less that repeats when functions are merged into their
/// callers or equal expressions are kept in locals. Measured: 4 % below `-Oz` alone. Nothing of
/// Rust's lies in the first KiB of the memory, which is the far end of the stack.
const OPTIMISE: [&str; 5] = [
    "-Oz",
    "--one-caller-inline-max-function-size=20",
    "--skip-pass=local-cse",
    "--skip-pass=simplify-locals",
    "--low-memory-unused",
];

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Compile with the standard library as it is shipped: faster to build, larger to load.
    #[arg(long)]
    plain: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ws = Workspace::load()?;
    prepare(&ws)?;
    build(&ws, args.plain, Cmd::run)
}

/// Installs what building the package needs.
pub(crate) fn prepare(ws: &Workspace) -> Result<()> {
    output::stage("Looking for what the package is built with");
    tools::node()?;
    tools::rust(ws)?;
    tools::wasm_pack(ws)?;
    tools::wasm_bindgen(ws)?;
    npm::install(&ws.pkg(), "esbuild bundles the package, binaryen's wasm-opt makes it smaller")
}

/// Builds the package; `exec` runs each program.
pub(crate) fn build(ws: &Workspace, plain: bool, exec: impl Fn(Cmd) -> Result<()>) -> Result<()> {
    output::stage(if plain { "Building the package, plainly" } else { "Building the package, for size" });
    let out = ws.pkg().join("wasm");
    exec(wasm_pack(ws, &out, plain)?)?;
    let wasm = out.join("jmessage_wasm_bg.wasm");
    // The names are of use to `size --why` and of none to a browser.
    let named = ws.target.join("jmessage_wasm.named.wasm");
    exec(wasm_opt(ws, &wasm, &named, &["--debuginfo"]))?;
    let small = wasm.with_extension("small");
    let strip = ["--strip-debug", "--strip-producers", "--strip-target-features"];
    exec(wasm_opt(ws, &wasm, &small, &strip))?;
    std::fs::rename(&small, &wasm).with_context(|| format!("cannot replace {}", wasm.display()))?;
    exec(Cmd::new("node").args(["shorten.mjs"]).dir(&ws.pkg()))?;
    pack(&wasm)?;
    exec(Cmd::new("node").args(["build.mjs"]).dir(&ws.pkg()))
}

/// Writes the wasm's gzip beside it, for the bundles. Zopfli finds 5 % more than zlib at its best.
fn pack(wasm: &Path) -> Result<()> {
    let bytes = std::fs::read(wasm).with_context(|| format!("cannot read {}", wasm.display()))?;
    let mut packed = Vec::new();
    zopfli::compress(zopfli::Options::default(), zopfli::Format::Gzip, &bytes[..], &mut packed)?;
    output::note(&format!("wasm: {} bytes, {} packed", bytes.len(), packed.len()));
    let path = wasm.with_extension("wasm.gz");
    std::fs::write(&path, packed).with_context(|| format!("cannot write {}", path.display()))
}

/// wasm-pack with the size recipe, or without it.
///
/// The recipe is given on the command line so that the manifests stay those of a stable toolchain
/// and a plain `wasm-pack build` works: std is rebuilt for size, a panic aborts at once instead of
/// composing a message, neither `Debug` output nor source locations are kept, and rustc's own
/// optimiser does its whole work (5 % here).
/// `RUSTC_BOOTSTRAP` lets the pinned stable compiler accept these flags.
fn wasm_pack(ws: &Workspace, out: &Path, plain: bool) -> Result<Cmd> {
    let cmd = ws
        .cmd("wasm-pack")
        .env("PATH", tools::wasm_bindgen(ws)?)
        .args(["build", "--target", "web", "--no-pack", "--mode", "no-install", "--profile", "wasm-release"])
        .args([OsString::from("--out-dir"), out.into(), ws.root.clone().into()]);
    if plain {
        return Ok(cmd);
    }
    Ok(cmd
        .env("RUSTC_BOOTSTRAP", "1")
        // The bootstrap variable is part of every fingerprint: a folder of its own keeps the others warm.
        .env("CARGO_TARGET_DIR", ws.target.join("wasm-size"))
        .args(["--", "-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"])
        .args(["-Zpanic-immediate-abort", "--config", "profile.wasm-release.panic=\"immediate-abort\""])
        .args([
            "--config",
            "target.wasm32-unknown-unknown.rustflags=[\"-Zfmt-debug=none\",\"-Zlocation-detail=none\",\"-Zmir-opt-level=3\"]",
        ]))
}

fn wasm_opt(ws: &Workspace, from: &Path, to: &Path, extra: &[&str]) -> Cmd {
    ws.cmd("node")
        .args([ws.pkg().join("node_modules").join("binaryen").join("bin").join("wasm-opt")])
        .args(OPTIMISE)
        .args(FEATURES)
        .args(extra)
        .args([from, Path::new("-o"), to])
}

/// A `wasm-pack build` as anybody would type it, into a folder outside of the package; with the
/// package's wasm-opt on the path, as wasm-pack would otherwise download one.
/// Returns the wasm file it made.
pub(crate) fn plain_build(ws: &Workspace, exec: impl Fn(Cmd) -> Result<()>) -> Result<PathBuf> {
    let out = ws.target.join("plain-pkg");
    let path = tools::wasm_bindgen(ws)?;
    let scripts = ws.pkg().join("node_modules").join(".bin");
    let path = std::env::join_paths(std::iter::once(scripts).chain(std::env::split_paths(&path)))?;
    exec(
        ws.cmd("wasm-pack")
            .env("PATH", path)
            .args(["build", "--target", "web", "--mode", "no-install"])
            .args([OsString::from("--out-dir"), out.clone().into(), ws.root.clone().into()]),
    )?;
    Ok(out.join("jmessage_wasm_bg.wasm"))
}
