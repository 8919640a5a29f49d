//! Where things are, and which version of a package the lock file chose.

use crate::run::Cmd;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The checked-out tree.
pub(crate) struct Workspace {
    /// The folder of the root `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target folder, as configured.
    pub(crate) target: PathBuf,
    /// `cargo metadata --no-deps`: the members with the dependencies they declare.
    pub(crate) members: Vec<Value>,
}

impl Workspace {
    /// Asks cargo. Fails when a manifest is broken.
    pub(crate) fn load() -> Result<Self> {
        let json = Cmd::new("cargo")
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .dir(Path::new(env!("CARGO_MANIFEST_DIR")))
            .capture()?;
        let value: Value = serde_json::from_str(&json).context("cargo metadata printed no JSON")?;
        let path = |key: &str| value[key].as_str().map(PathBuf::from).with_context(|| format!("no {key}"));
        Ok(Self {
            root: path("workspace_root")?,
            target: path("target_directory")?,
            members: value["packages"].as_array().cloned().unwrap_or_default(),
        })
    }

    /// The npm package's folder.
    pub(crate) fn pkg(&self) -> PathBuf {
        self.root.join("pkg")
    }

    /// A program built by cargo in the given profile folder (`debug` or `release`).
    pub(crate) fn binary(&self, profile: &str, name: &str) -> PathBuf {
        self.target.join(profile).join(name)
    }

    /// A command run in the root folder.
    pub(crate) fn cmd(&self, program: &str) -> Cmd {
        Cmd::new(program).dir(&self.root)
    }

    /// The version of `package` in `Cargo.lock`, which cargo writes first when it is missing.
    pub(crate) fn locked_version(&self, package: &str) -> Result<String> {
        let path = self.root.join("Cargo.lock");
        if !path.exists() {
            self.cmd("cargo").args(["generate-lockfile"]).run()?;
        }
        let lock =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = format!("name = \"{package}\"");
        lock.lines()
            .skip_while(|line| *line != name)
            .nth(1)
            .and_then(|line| line.strip_prefix("version = \""))
            .and_then(|rest| rest.strip_suffix('"'))
            .map(str::to_owned)
            .with_context(|| format!("{package} is not in Cargo.lock"))
    }
}
