//! WebIM (nextalk): pages and sites that speak the protocol of seed 000 or, of 2010, of seed 001.
//!
//! Each mount serves the pages of one App below a prefix: short calls, and a long poll or a WebSocket that brings what is new.
//! Servers of sites call at `/v5`, below a prefix or at the root.

mod answer;
mod inbound;
mod outbound;
mod packets;
mod pages;
mod session;
mod wire;

use axum::{Router, routing::any};
use inbound::v5::Sites;
use jmessage_core::Core;
use jmessage_model::AppKey;
use pages::Pages;
use std::{sync::Arc, time::Duration};
use tokio::sync::watch;

/// One place where WebIM is served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// What paths begin with, such as `/webim`: no slash at the end.
    pub prefix: String,
    /// Whose users.
    pub app: AppKey,
    /// What pages are told as their domain.
    pub domain: String,
    /// Whether its pages speak the protocol of 2010, whatever their parameters look like.
    pub old: bool,
}

/// How pages of a site are shown users and rooms: patterns of addresses, with `{id}` for the user or room and `{avatar}` for
/// the path of a user's picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sights {
    /// The picture of a user.
    pub picture: Option<String>,
    /// What is shown where a picture cannot be loaded.
    pub default_picture: Option<String>,
    /// The page of a user.
    pub user: Option<String>,
    /// The picture of a room.
    pub room_picture: Option<String>,
    /// The page of a room.
    pub room: Option<String>,
}

/// A link that pages show in their menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MenuLink {
    /// What it is called.
    pub title: String,
    /// Its picture.
    pub icon: String,
    /// Where it leads.
    pub link: String,
}

/// What an operator may set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where it is served, and for whom.
    pub mounts: Vec<Mount>,
    /// Where browsers find this server, such as `https://chat.example`; by default where the request found it.
    pub url: Option<String>,
    /// Origins of pages, beside the server's own, that may do more than read.
    pub origins: Vec<String>,
    /// What pages are shown.
    pub sights: Sights,
    /// Their menu.
    pub menu: Vec<MenuLink>,
    /// How long a poll waits for something to answer.
    pub hold: Duration,
    /// A page that was not heard of for so long is gone.
    pub idle: Duration,
    /// How long a user stays online after its last page is gone: as long as a page may take to be loaded anew.
    pub grace: Duration,
    /// Pages at a time, of each mount.
    pub pages: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            mounts: Vec::new(),
            url: None,
            origins: Vec::new(),
            sights: Sights::default(),
            menu: Vec::new(),
            hold: Duration::from_secs(25),
            idle: Duration::from_mins(1),
            grace: Duration::from_secs(15),
            pages: 100_000,
        }
    }
}

/// One mount: the core it fronts, its pages, and the signal that it stops.
pub(crate) struct Gateway {
    core: Core,
    options: Arc<Options>,
    mount: Mount,
    pages: Arc<Pages>,
    stop: watch::Receiver<bool>,
}

/// The routes of all mounts, and of their sites at the root. Polls are answered once `stop` turns true. Needs a Tokio runtime.
pub fn routes(core: &Core, options: Options, stop: &watch::Receiver<bool>) -> Router {
    let options = Arc::new(options);
    let (mut router, mut gateways) = (Router::new(), Vec::new());
    for mount in &options.mounts {
        let pages = Pages::new(core.clone(), stop.clone());
        tokio::spawn(pages.clone().sweep(options.clone()));
        let gateway = Arc::new(Gateway {
            core: core.clone(),
            options: options.clone(),
            mount: mount.clone(),
            pages,
            stop: stop.clone(),
        });
        let path = format!("{}/{{call}}", mount.prefix);
        router = router.route(&path, any(inbound::serve).with_state(gateway.clone()));
        router = router.merge(sites(&mount.prefix, std::slice::from_ref(&gateway)));
        gateways.push(gateway);
    }
    if gateways.is_empty() { router } else { router.merge(sites("", &gateways)) }
}

/// The routes by which the sites of these mounts call.
fn sites(at: &str, gateways: &[Arc<Gateway>]) -> Router {
    let sites = Sites::new(at, gateways);
    Router::new().route(&format!("{at}/v5/{{*path}}"), any(inbound::v5::serve).with_state(sites))
}
