//! The demo's application and accounts, made through the server's own command line.

use crate::output;
use crate::run::Cmd;
use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use std::fmt::Write as _;
use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The demo's application.
pub(crate) const APP_KEY: &str = "demo00000000000000000001";
/// The password of every demo account.
pub(crate) const PASSWORD: &str = "demo1234";
/// Usernames with the nicknames they show.
pub(crate) const ACCOUNTS: [(&str, &str); 4] =
    [("alice", "爱丽丝"), ("bobby", "鲍比"), ("carol", "卡罗尔"), ("david", "大卫")];
/// What else they show, in the same order: gender, region, signature.
const PROFILES: [[&str; 3]; 4] = [
    ["2", "深圳", "周末去爬山"],
    ["1", "广州", "Coffee first."],
    ["2", "上海", "在路上"],
    ["1", "北京", "Reading, mostly."],
];

/// Where the demo's application lives.
pub(crate) struct App {
    pub(crate) data_dir: PathBuf,
    pub(crate) master_secret: String,
}

/// Makes what is missing; run again, it changes nothing.
pub(crate) fn prepare(ws: &Workspace, profile: &str) -> Result<App> {
    let dir = ws.target.join("demo");
    let data_dir = dir.join("data");
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(&data_dir)
        .with_context(|| format!("cannot make {}", data_dir.display()))?;
    let app = App { master_secret: secret(&dir.join("master-secret"))?, data_dir };
    let server = ws.binary(profile, "jmessage-server");
    let admin = |args: &[&str]| Cmd::new(&server).args(args).args([Path::new("--data-dir"), &app.data_dir]);

    if !lists(&admin(&["app", "list"]).capture()?, APP_KEY) {
        admin(&["app", "create", "--key", APP_KEY, "--name", "JMessage demo"])
            .env("JMESSAGE_MASTER_SECRET", &app.master_secret)
            .capture()?;
        output::note("created the demo's application");
    }
    let present = admin(&["user", "list", "--app", APP_KEY]).capture()?;
    for ((username, nickname), [gender, region, signature]) in ACCOUNTS.into_iter().zip(PROFILES) {
        if !lists(&present, username) {
            let args = ["user", "add", "--app", APP_KEY, "--username", username, "--nickname", nickname];
            admin(&[&args[..], &["--password-stdin"]].concat()).capture_with_input(PASSWORD)?;
            let user = ["user", "edit", "--app", APP_KEY, "--username", username];
            let shown = ["--gender", gender, "--region", region, "--signature", signature];
            admin(&[user, shown].concat()).capture()?;
            output::note(&format!("created the account {username}"));
        }
    }
    Ok(app)
}

/// Whether a line of a listing has the word.
fn lists(listing: &str, word: &str) -> bool {
    listing.lines().any(|line| line.split([' ', '\t', '"', ',']).any(|column| column == word))
}

/// The demo's master secret: drawn once, then read from a file that only its owner can read.
fn secret(path: &Path) -> Result<String> {
    if let Ok(text) = std::fs::read_to_string(path) {
        let text = text.trim();
        if text.len() == 24 {
            return Ok(text.to_owned());
        }
        bail!("{} does not hold a secret; remove it together with the folder data beside it", path.display());
    }
    let mut bytes = [0; 12];
    getrandom::fill(&mut bytes).context("no randomness from the system")?;
    let text = bytes.iter().try_fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}")?;
        anyhow::Ok(text)
    })?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot create {}", path.display()))?;
    file.write_all(text.as_bytes()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_a_whole_column() {
        assert!(lists("1 alice 爱丽丝\n2\tbobby", "bobby"));
        assert!(!lists("1 alice001", "alice"));
    }
}
