//! npm dependencies of a folder, installed from its lock file.

use crate::output;
use crate::run::Cmd;
use anyhow::{Context, Result, bail};
use std::ffi::OsString;
use std::path::Path;

/// Runs `npm ci` in `dir` unless what is installed already matches the lock file.
pub(crate) fn install(dir: &Path, why: &str) -> Result<()> {
    install_with(dir, why, &[])
}

/// The same with these environment variables, for packages that are compiled.
pub(crate) fn install_with(dir: &Path, why: &str, environment: &[(&str, OsString)]) -> Result<()> {
    let lock = dir.join("package-lock.json");
    let wanted = std::fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    let stamp = dir.join("node_modules").join(".installed-lock.json");
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    output::install(&format!("npm packages in {}", dir.display()), why);
    let npm = Cmd::new("npm").args(["ci", "--no-audit", "--no-fund"]).dir(dir);
    environment.iter().fold(npm, |npm, (key, value)| npm.env(key, value)).run()?;
    if wanted.contains("\"node_modules/") {
        std::fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))?;
    }
    Ok(())
}

/// Fails when a lock file names the host its packages came from: the file must suit every mirror.
pub(crate) fn check_lock(dir: &Path) -> Result<()> {
    let lock = dir.join("package-lock.json");
    let text = std::fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    if text.contains("\"resolved\"") {
        bail!(
            "{} names hosts; set omit-lockfile-registry-resolved=true in .npmrc and write it anew",
            lock.display()
        );
    }
    Ok(())
}
