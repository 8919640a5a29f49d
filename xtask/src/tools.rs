//! Programs the commands need. Each function looks for one, says what it installs and why when it
//! is missing, and returns how to reach it. Rust programs go where `cargo install` puts them;
//! a second version of one goes to `target/tools`, so that the first is left alone.

use crate::output;
use crate::run::Cmd;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The oldest Node.js whose `zlib`, `fetch` and test runner the scripts rely on.
const NODE_MAJOR: u32 = 20;

/// The first executable file of that name on the search path.
pub(crate) fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(name)).find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// The wasm target and the components of `rust-toolchain.toml`: rustup does not add them to a
/// toolchain that was installed before they were asked for.
pub(crate) fn rust(ws: &Workspace) -> Result<()> {
    if which("rustup").is_none() {
        bail!("rustup is missing; install it from https://rustup.rs and run this again");
    }
    let missing = |kind: &str, wanted: &[&str]| -> Result<Vec<String>> {
        let installed = ws.cmd("rustup").args([kind, "list", "--installed"]).capture()?;
        let has = |name: &str| installed.lines().any(|line| line.starts_with(name));
        Ok(wanted.iter().filter(|name| !has(name)).map(ToString::to_string).collect())
    };
    for (kind, wanted, why) in [
        ("target", &["wasm32-unknown-unknown"][..], "the SDK is compiled for browsers"),
        (
            "component",
            &["rust-src", "clippy", "rustfmt"][..],
            "the published wasm rebuilds std for size; checks",
        ),
    ] {
        let names = missing(kind, wanted)?;
        if !names.is_empty() {
            output::install(&names.join(", "), why);
            ws.cmd("rustup").args([kind, "add"]).args(&names).run()?;
        }
    }
    Ok(())
}

/// A C compiler, for the SQLite that is built into the server.
pub(crate) fn c_compiler() -> Result<()> {
    if ["cc", "gcc", "clang"].into_iter().any(|name| which(name).is_some()) {
        return Ok(());
    }
    apt(&["build-essential"], "SQLite is compiled into the server")
}

/// Node.js and npm, which bundle the package and drive the browser tests.
pub(crate) fn node() -> Result<()> {
    let advice = format!("install Node.js {NODE_MAJOR} or newer with npm, see https://nodejs.org");
    if which("node").is_none() || which("npm").is_none() {
        bail!("node or npm is missing; {advice}");
    }
    let version = Cmd::new("node").args(["--version"]).capture()?;
    let major = version.trim().trim_start_matches('v').split('.').next().and_then(|n| n.parse::<u32>().ok());
    match major {
        Some(major) if major >= NODE_MAJOR => Ok(()),
        _ => bail!("node is {}; {advice}", version.trim()),
    }
}

/// wasm-pack, any version that knows custom profiles.
pub(crate) fn wasm_pack(ws: &Workspace) -> Result<()> {
    if which("wasm-pack").is_none() {
        output::install("wasm-pack", "it builds the SDK and runs its tests in a browser");
        ws.cmd("cargo").args(["install", "wasm-pack"]).run()?;
    }
    Ok(())
}

/// wasm-bindgen's program of exactly the version the SDK is compiled with.
///
/// Returns the `PATH` under which wasm-pack finds it.
pub(crate) fn wasm_bindgen(ws: &Workspace) -> Result<OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let wanted = ws.locked_version("wasm-bindgen")?;
    let found = |program: &Path| {
        Cmd::new(program).args(["--version"]).capture().is_ok_and(|text| text.trim().ends_with(&wanted))
    };
    let tools = ws.target.join("tools");
    let private = tools.join("bin");
    let mut dirs = vec![private.clone()];
    dirs.extend(std::env::split_paths(&path));
    let private_path = std::env::join_paths(dirs).context("PATH holds a colon inside a folder's name")?;

    let install = |extra: &[&str], why: &str| {
        output::install(&format!("wasm-bindgen-cli {wanted}"), why);
        ws.cmd("cargo").args(["install", "wasm-bindgen-cli", "--version", &wanted]).args(extra).run()
    };
    match which("wasm-bindgen") {
        Some(program) if found(&program) => Ok(path),
        Some(_) => {
            if !found(&private.join("wasm-bindgen")) {
                let root = tools.to_string_lossy();
                install(&["--root", &root], "the one on the PATH is of another version and stays as it is")?;
            }
            Ok(private_path)
        }
        None => {
            install(&[], "it must be of the version in Cargo.lock")?;
            Ok(path)
        }
    }
}

/// cargo-deny, which checks licences, duplicates and sources of the dependencies.
pub(crate) fn cargo_deny(ws: &Workspace) -> Result<()> {
    if which("cargo-deny").is_none() {
        output::install("cargo-deny", "it checks the licences and sources of the dependencies");
        ws.cmd("cargo").args(["install", "cargo-deny", "--locked"]).run()?;
    }
    Ok(())
}

/// strace, which records what the server writes and syncs, and makes its system calls fail.
pub(crate) fn strace() -> Result<()> {
    if which("strace").is_some() {
        return Ok(());
    }
    apt(&["strace"], "it records what the server writes and syncs, for power cuts and failing disks")
}

/// cargo-fuzz and a nightly toolchain, whose name is returned: the instrumentation is not part of stable compilers.
pub(crate) fn cargo_fuzz(ws: &Workspace) -> Result<String> {
    let toolchains = || ws.cmd("rustup").args(["toolchain", "list"]).capture();
    if !toolchains()?.lines().any(|line| line.starts_with("nightly")) {
        output::install("nightly", "fuzzing needs a compiler that instruments code");
        ws.cmd("rustup").args(["toolchain", "install", "nightly", "--profile", "minimal"]).run()?;
    }
    if which("cargo-fuzz").is_none() {
        output::install("cargo-fuzz", "it builds and runs the fuzz targets");
        ws.cmd("cargo").args(["install", "cargo-fuzz", "--locked"]).run()?;
    }
    Ok("nightly".to_owned())
}

/// Installs Debian or Ubuntu packages, as root or through sudo.
pub(crate) fn apt(packages: &[&str], why: &str) -> Result<()> {
    let names = packages.join(" ");
    if which("apt-get").is_none() {
        bail!("please install {names} with this system's package manager: {why}");
    }
    output::install(&names, why);
    if !is_root() && which("sudo").is_none() {
        bail!("please install {names} as root: {why}");
    }
    let apt_get = |args: &[&str]| {
        as_root(&[&["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "--quiet", "--yes"], args].concat())
    };
    apt_get(&["update"])?;
    apt_get(&[&["install", "--no-install-recommends"], packages].concat())
}

/// Runs a program as root or through sudo.
pub(crate) fn as_root(line: &[&str]) -> Result<()> {
    let line = if is_root() { line.to_vec() } else { [&["sudo"], line].concat() };
    Cmd::new(line[0]).args(&line[1..]).run()
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
