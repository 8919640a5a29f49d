//! A server in this process, on a port of its own and a database of its own.

use crate::{App, Client, PASSWORD, cast, prepare};
use anyhow::{Context, Result};
use futures_util::future::try_join_all;
use jmessage_core::Core;
use jmessage_model::{AppKey, Nickname, Password, Username};
use jmessage_server::{Config, Running, Settings, serve};
use std::net::SocketAddr;
use tempfile::TempDir;

/// A running server that knows [`App::published`] and the [`cast`]. Its data is deleted with it.
pub struct TestServer {
    running: Running,
    url: String,
    app: App,
    config: Config,
    data: TempDir,
}

impl TestServer {
    /// Starts a server with default settings.
    pub async fn start() -> Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// Starts a server with some settings changed.
    pub async fn start_with(change: impl FnOnce(&mut Config)) -> Result<Self> {
        let data = tempfile::tempdir()?;
        let app = App::published();
        prepare(data.path(), &app, cast()).await?;
        let settings = Settings {
            data_dir: Some(data.path().to_owned()),
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            argon2_memory: Some(8),
            argon2_passes: Some(1),
            ..Settings::default()
        };
        let mut config = settings.resolve()?;
        change(&mut config);
        Self::serve(config, app, data).await
    }

    /// Stops the server gracefully and starts another on the same data. The address changes.
    pub async fn restart(self) -> Result<Self> {
        let Self { running, app, config, data, .. } = self;
        running.stop().await;
        Self::serve(config, app, data).await
    }

    async fn serve(config: Config, app: App, data: TempDir) -> Result<Self> {
        let running = serve(config.clone()).await?;
        let url = format!("http://{}", running.addr);
        Ok(Self { running, url, app, config, data })
    }

    /// Stops the server gracefully.
    pub async fn stop(self) {
        self.running.stop().await;
    }

    /// The base URL, `http://host:port`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The App that the cast belongs to.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// The domain behind the server, for what no client can see.
    pub fn core(&self) -> &Core {
        &self.running.core
    }

    /// Where the data is.
    pub fn data(&self) -> &std::path::Path {
        self.data.path()
    }

    /// A bare connection.
    pub async fn connect(&self) -> Result<Client> {
        Client::connect(&self.url).await
    }

    /// A connection that has proven its App.
    pub async fn configured(&self) -> Result<Client> {
        Client::configured(&self.url, &self.app).await
    }

    /// A connection on which one of the cast is logged in.
    pub async fn enter(&self, username: &str) -> Result<Client> {
        let mut client = self.configured().await?;
        client.login(username, PASSWORD).await.with_context(|| format!("{username} enters"))?;
        Ok(client)
    }

    /// Creates a user of the published App whose password is hashed already.
    pub async fn add_user_hashed(&self, name: &str, hash: &str) -> Result<()> {
        let app = self.core().app(&AppKey::new(&self.app.key)?).await?.id;
        let (username, nickname) = (Username::new(name)?, Nickname::new(name)?);
        self.core().create_user_hashed(app, username, nickname, hash.to_owned()).await?;
        Ok(())
    }

    /// Creates many users of the published App who share [`PASSWORD`], and its hash, which is made once.
    pub async fn add_crowd(&self, names: &[String]) -> Result<()> {
        let core = self.core();
        let app = core.app(&AppKey::new(&self.app.key)?).await?.id;
        let hash = core.hash(Password::new(PASSWORD)?).await?;
        try_join_all(names.iter().map(async |name| -> Result<()> {
            let (username, nickname) = (Username::new(name)?, Nickname::new(name)?);
            core.create_user_hashed(app, username, nickname, hash.clone()).await?;
            Ok(())
        }))
        .await?;
        Ok(())
    }

    /// Creates another App with users of its own.
    pub async fn add_app(&self, key: &str, secret: &str, users: &[&str]) -> Result<App> {
        let core = self.core();
        let app = core.create_app(AppKey::new(key)?, "another".to_owned(), secret.to_owned()).await?;
        for name in users {
            let (username, nickname) = (Username::new(name)?, Nickname::new(name)?);
            core.create_user(app, username, nickname, Password::new(PASSWORD)?).await?;
        }
        Ok(App::new(key, secret))
    }
}
