//! The folder the demo is served from: the page of `www/`, the package's files under `pkg/`, and
//! `config.json`, which tells the page its application, its signature server and the demo accounts.

use crate::demo_data;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde_json::json;
use std::path::{Path, PathBuf};

/// Copies everything anew to `target/demo/site`.
pub(crate) fn assemble(ws: &Workspace) -> Result<PathBuf> {
    let site = ws.target.join("demo").join("site");
    if site.exists() {
        std::fs::remove_dir_all(&site).with_context(|| format!("cannot empty {}", site.display()))?;
    }
    copy(&ws.root.join("www"), &site, &|_| true)?;
    copy(&ws.pkg().join("dist"), &site.join("pkg"), &|_| true)?;
    copy(&ws.pkg(), &site.join("pkg"), &|name| name.ends_with(".min.js"))?;
    Ok(site)
}

/// Writes `config.json`; the passwords in it are those of the demo accounts.
pub(crate) fn write_config(
    site: &Path,
    app_key: &str,
    signer: &str,
    accounts: &[(&str, &str)],
) -> Result<()> {
    let accounts: Vec<_> = accounts
        .iter()
        .map(|(username, nickname)| {
            json!({"username": username, "nickname": nickname, "password": demo_data::PASSWORD})
        })
        .collect();
    let config = json!({"appKey": app_key, "signer": signer, "accounts": accounts});
    let path = site.join("config.json");
    std::fs::write(&path, format!("{config:#}\n")).with_context(|| format!("cannot write {}", path.display()))
}

/// Copies the files whose names pass; folders below are copied whole, but only when all names pass.
fn copy(from: &Path, to: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<()> {
    std::fs::create_dir_all(to).with_context(|| format!("cannot make {}", to.display()))?;
    let entries = std::fs::read_dir(from).with_context(|| format!("cannot read {}", from.display()))?;
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name();
        if !wanted(&name.to_string_lossy()) {
            continue;
        }
        let (source, target) = (entry.path(), to.join(&name));
        if entry.file_type()?.is_dir() {
            copy(&source, &target, wanted)?;
        } else {
            std::fs::copy(&source, &target).with_context(|| format!("cannot copy {}", source.display()))?;
        }
    }
    Ok(())
}
