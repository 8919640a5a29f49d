//! A server with two mounts of WebIM for the same App, as a site runs it.

use crate::page::{Asking, Page};
use anyhow::{Context, Result};
use jmessage_gateway::webim::{Mount, Options};
use jmessage_model::{AppId, AppKey, AvatarPath, ContactLabel, Description, Nickname, Notice, ProfileEdit};
use jmessage_server::Config;
use jmessage_testkit::{Answer, App, Client, PASSWORD, TestServer};
use serde_json::json;
use std::time::Duration;

/// Where pages of seed 000 find it.
pub(crate) const MOUNT: &str = "/webim";
/// Where pages of 2010 find it.
pub(crate) const OLD: &str = "/old/im";
/// The domain of [`MOUNT`].
pub(crate) const DOMAIN: &str = "www.uchome.com";

/// The server of a site.
pub(crate) struct Site {
    pub(crate) server: TestServer,
}

impl Site {
    pub(crate) async fn start() -> Result<Self> {
        Self::start_with(|_| {}).await
    }

    /// With some options of the gateway changed.
    pub(crate) async fn start_with(change: impl FnOnce(&mut Options)) -> Result<Self> {
        Self::start_configured(|config| change(&mut config.webim)).await
    }

    /// With some settings of the server changed.
    pub(crate) async fn start_configured(change: impl FnOnce(&mut Config)) -> Result<Self> {
        let key = AppKey::new(&App::published().key)?;
        let mount = |prefix: &str, old| Mount {
            prefix: prefix.to_owned(),
            app: key.clone(),
            domain: DOMAIN.to_owned(),
            old,
        };
        let mounts = vec![mount(MOUNT, false), mount(OLD, true)];
        Self::serve(mounts, change).await
    }

    async fn serve(mounts: Vec<Mount>, change: impl FnOnce(&mut Config)) -> Result<Self> {
        let server = TestServer::start_with(|config| {
            config.webim.mounts = mounts;
            change(config);
        });
        Ok(Self { server: server.await? })
    }

    /// With a second App, `other`, at a mount and under a domain of its own.
    pub(crate) async fn start_two() -> Result<Self> {
        let mount = |prefix: &str, app: &str, domain: &str| -> Result<Mount> {
            let (prefix, domain) = (prefix.to_owned(), domain.to_owned());
            Ok(Mount { prefix, app: AppKey::new(app)?, domain, old: false })
        };
        let mounts =
            vec![mount(MOUNT, &App::published().key, DOMAIN)?, mount("/other", "other", "www.example.com")?];
        Self::serve(mounts, |_| {}).await
    }

    /// With rooms in which nobody has company.
    pub(crate) async fn start_small() -> Result<Self> {
        let app = AppKey::new(&App::published().key)?;
        let mount = Mount { prefix: MOUNT.to_owned(), app, domain: DOMAIN.to_owned(), old: false };
        Self::serve(vec![mount], |config| config.limits.group = 1).await
    }

    /// A site that tells where its pictures and pages are.
    pub(crate) async fn start_dressed() -> Result<Self> {
        let some = |text: &str| Some(text.to_owned());
        Self::start_with(|options| {
            options.sights.picture = some("/avatar/{avatar}");
            options.sights.default_picture = some("/default.gif");
            options.sights.user = some("space.php?uid={id}");
            options.sights.room_picture = some("/rooms/{id}.png");
            options.sights.room = some("group.php?id={id}");
        })
        .await
    }

    pub(crate) fn url(&self) -> &str {
        self.server.url()
    }

    /// Asks what a page does not ask by itself.
    pub(crate) fn ask<'a>(&'a self, call: &'a str) -> Asking<'a> {
        Asking::new(self.url(), MOUNT, call)
    }

    /// A page whose user has just logged in.
    pub(crate) async fn page(&self, user: &str) -> Result<Page> {
        self.page_with(user, &[]).await
    }

    /// The same, and more said at its beginning.
    pub(crate) async fn page_with(&self, user: &str, more: &[(&str, &str)]) -> Result<Page> {
        Page::begin(self.url(), MOUNT, &[&credentials(user), more].concat()).await
    }

    /// A page of 2010.
    pub(crate) async fn old_page(&self, user: &str, more: &[(&str, &str)]) -> Result<Page> {
        Page::begin(self.url(), OLD, &[&credentials(user), more].concat()).await
    }

    /// A login that is to fail.
    pub(crate) async fn try_online(&self, user: &str, password: &str) -> Result<Answer> {
        self.ask("online").with(&[("username", user), ("password", password)]).post().await
    }

    /// A page of JMessage.
    pub(crate) async fn native(&self, user: &str) -> Result<Client> {
        self.server.enter(user).await
    }

    pub(crate) async fn app(&self) -> Result<AppId> {
        Ok(self.server.core().app(&AppKey::new(&self.server.app().key)?).await?.id)
    }

    /// A group, made by a page of JMessage that has gone since; its members, the owner first.
    pub(crate) async fn group(&self, members: &[&str]) -> Result<u64> {
        let (owner, others) = members.split_first().context("a group has an owner")?;
        let mut client = self.native(owner).await?;
        let made = client.call("createGroup", json!({ "groupName": "Free space" })).await?;
        let gid = made["gid"].as_u64().context("a group has a number")?;
        if !others.is_empty() {
            client.call("addGroupMembers", json!({ "groupId": gid, "memberUsernames": others })).await?;
        }
        client.logout().await?;
        Ok(gid)
    }

    /// The id of such a group on this wire.
    pub(crate) async fn room(&self, members: &[&str]) -> Result<String> {
        Ok(format!("_{}", self.group(members).await?))
    }

    /// Puts somebody into a user's list.
    pub(crate) async fn befriend(&self, user: &str, other: &str, label: &str) -> Result<()> {
        let label = ContactLabel::new(label)?;
        Ok(self.server.core().keep_contact(self.app().await?, user, other, Some(label)).await?)
    }

    /// Gives a user a name, a picture and a line about itself.
    pub(crate) async fn dress(&self, user: &str, nick: &str) -> Result<()> {
        let edit = ProfileEdit {
            nickname: Some(Nickname::new(nick)?),
            avatar: Some(AvatarPath::new("a/b.png")?),
            signature: Some(Description::new("I'm free.")?),
            ..ProfileEdit::default()
        };
        Ok(self.server.core().edit_user(self.app().await?, user, edit).await?)
    }

    pub(crate) async fn let_broadcast(&self, user: &str) -> Result<()> {
        Ok(self.server.core().let_broadcast(self.app().await?, user, true).await?)
    }

    pub(crate) async fn notify(&self, user: &str, text: &str, link: &str) -> Result<()> {
        Ok(self.server.core().notify(self.app().await?, user, Notice::new(text, link)?).await?)
    }
}

pub(crate) fn credentials(user: &str) -> [(&str, &str); 2] {
    [("username", user), ("password", PASSWORD)]
}

/// Nobody waits this long for a page that is loaded anew.
pub(crate) fn at_once(options: &mut Options) {
    options.grace = Duration::ZERO;
}
