//! The chat server: configuration, listeners, limits, metrics, static files, graceful stop.
//!
//! The only place where all crates meet. Tests start it in process with [`serve`]; the binary adds the command line.

mod admin;
mod bucket;
mod cli;
mod config;
mod http;
mod listener;
mod lock;
mod metrics;
mod run;
mod settings;
mod webim;

pub use bucket::{Bucket, Secret};
pub use cli::main;
pub use config::{Config, ConfigError};
pub use listener::serve as listen;
pub use run::{Running, StartError, open_core, serve};
pub use settings::Settings;
