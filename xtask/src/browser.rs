//! Chromium with its WebDriver, for the wasm tests and the end-to-end tests.

use crate::run::Cmd;
use crate::workspace::Workspace;
use crate::{output, tools};
use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// A browser and the driver that fits it.
pub(crate) struct Browser {
    pub(crate) chromium: PathBuf,
    pub(crate) driver: PathBuf,
}

impl Browser {
    /// Finds both, by the environment variables `CHROMIUM` and `CHROMEDRIVER` or on the search
    /// path, or installs them; fonts with Chinese and emoji as well, so that pages are legible.
    pub(crate) fn find(ws: &Workspace) -> Result<Self> {
        let browser = match Self::present() {
            Some(browser) => browser,
            None if is_ubuntu() => Self::chrome_for_testing(ws)?,
            None => {
                tools::apt(
                    &["chromium", "chromium-driver"],
                    "the SDK and the demo are tested in a real browser",
                )?;
                Self::present().context("chromium was installed but cannot be found")?
            }
        };
        let version = Cmd::new(&browser.chromium).args(["--version"]).capture()?;
        output::note(&format!("{} at {}", version.trim(), browser.chromium.display()));
        let fonts = Cmd::new("fc-list").args([":lang=zh", "family"]).capture().unwrap_or_default();
        if fonts.trim().is_empty() && tools::which("apt-get").is_some() {
            tools::apt(
                &["fontconfig", "fonts-noto-cjk", "fonts-noto-color-emoji"],
                "the demo's texts are Chinese",
            )?;
        }
        Ok(browser)
    }

    fn present() -> Option<Self> {
        let named = |key: &str| std::env::var_os(key).map(PathBuf::from);
        let chromium = named("CHROMIUM").or_else(|| {
            ["chromium", "google-chrome", "google-chrome-stable"].into_iter().find_map(tools::which)
        })?;
        let driver = named("CHROMEDRIVER").or_else(|| tools::which("chromedriver"))?;
        Some(Self { chromium, driver })
    }

    /// Ubuntu's chromium packages only work where snaps do; Google's own builds for tests do everywhere.
    fn chrome_for_testing(ws: &Workspace) -> Result<Self> {
        let dir = ws.target.join("tools").join("browsers");
        output::install("Chrome for Testing", "the SDK and the demo are tested in a real browser");
        let install = |what: &str, extra: &[&str]| -> Result<PathBuf> {
            let printed = ws
                .cmd("npx")
                .args(["--yes", "@puppeteer/browsers@2", "install", what, "--path"])
                .args([&dir])
                .args(extra)
                .capture()?;
            // The last line reads `<name>@<version> <path of the program>`.
            let path =
                printed.lines().last().and_then(|line| line.split_once(' ')).map(|(_, path)| path.trim());
            path.map(PathBuf::from).with_context(|| format!("no path in:\n{printed}"))
        };
        let deps: &[&str] = if rustix::process::geteuid().is_root() { &["--install-deps"] } else { &[] };
        let browser =
            Self { chromium: install("chrome@stable", deps)?, driver: install("chromedriver@stable", &[])? };
        if !browser.chromium.exists() || !browser.driver.exists() {
            bail!(
                "no browser; install Chrome and chromedriver and set CHROMIUM and CHROMEDRIVER to their paths"
            );
        }
        Ok(browser)
    }

    /// Writes the WebDriver capabilities for wasm-bindgen's test runner: the tracked
    /// `webdriver.json` with this browser's path added. Returns the file's path.
    pub(crate) fn capabilities(&self, ws: &Workspace) -> Result<PathBuf> {
        let text =
            std::fs::read_to_string(ws.root.join("webdriver.json")).context("cannot read webdriver.json")?;
        let mut json: serde_json::Value =
            serde_json::from_str(&text).context("webdriver.json is not JSON")?;
        json["goog:chromeOptions"]["binary"] = self.chromium.to_string_lossy().into();
        let path = ws.target.join("webdriver.json");
        std::fs::create_dir_all(&ws.target)?;
        std::fs::write(&path, json.to_string())
            .with_context(|| format!("cannot write {}", path.display()))?;
        Ok(path)
    }
}

fn is_ubuntu() -> bool {
    std::fs::read_to_string(Path::new("/etc/os-release"))
        .is_ok_and(|text| text.lines().any(|line| line == "ID=ubuntu"))
}
