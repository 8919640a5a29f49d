//! Configuration: a file, the environment and flags, each over the one before; then the defaults.

use jmessage_core::{HashCost, QueueLimits};
use jmessage_gateway::jmessage;
use jmessage_model::{Limits, Millis};
use serde::Deserialize;
use std::{fs, io, net::SocketAddr, path::PathBuf, time::Duration};
use thiserror::Error;

macro_rules! settings {
    ($($(#[doc = $doc:literal])* $(#[arg($($arg:tt)*)])? $name:ident: $type:ty, $env:literal;)*) => {
        /// Every setting, as given by one source. What is not given is left to the next source.
        #[derive(Clone, Debug, Default, Deserialize, clap::Args)]
        #[serde(deny_unknown_fields, rename_all = "kebab-case")]
        pub struct Settings {
            $(
                $(#[doc = $doc])*
                #[arg(long, env = $env, $($($arg)*)?)]
                pub $name: Option<$type>,
            )*
        }

        impl Settings {
            /// These settings, with what is missing taken from `other`.
            pub fn or(self, other: Self) -> Self {
                Self { $($name: self.$name.or(other.$name),)* }
            }
        }
    };
}

settings! {
    /// Directory of the database. Made if it is not there, readable by its owner only. [default: data]
    #[arg(value_name = "DIR")]
    data_dir: PathBuf, "JMESSAGE_DATA_DIR";
    /// Address to listen on. [default: 127.0.0.1:8080]
    #[arg(value_name = "IP:PORT")]
    listen: SocketAddr, "JMESSAGE_LISTEN";
    /// Serve /metrics here and not at the main address.
    #[arg(value_name = "IP:PORT")]
    metrics_listen: SocketAddr, "JMESSAGE_METRICS_LISTEN";
    /// Directory of files to serve at /, for a web page next to its chat server.
    #[arg(value_name = "DIR")]
    static_dir: PathBuf, "JMESSAGE_STATIC_DIR";
    /// Origins of pages that may connect, separated by commas. [default: every one]
    #[arg(value_name = "ORIGINS")]
    allow_origins: String, "JMESSAGE_ALLOW_ORIGINS";
    /// How far the timestamp of a signature may be from now. [default: 600]
    #[arg(value_name = "SECONDS")]
    signature_window: u64, "JMESSAGE_SIGNATURE_WINDOW";
    /// Connections in all. [default: 100000, at most what the limit of open files allows]
    #[arg(value_name = "COUNT")]
    max_connections: usize, "JMESSAGE_MAX_CONNECTIONS";
    /// Connections that have not logged in. [default: 10000]
    #[arg(value_name = "COUNT")]
    max_pending: usize, "JMESSAGE_MAX_PENDING";
    /// How long a connection may wait before config. [default: 30]
    #[arg(value_name = "SECONDS")]
    config_timeout: u64, "JMESSAGE_CONFIG_TIMEOUT";
    /// How long a configured connection may wait before login. [default: 600]
    #[arg(value_name = "SECONDS")]
    login_timeout: u64, "JMESSAGE_LOGIN_TIMEOUT";
    /// A connection quiet for so long is pinged, and cut after two and a half times as long. [default: 30]
    #[arg(value_name = "SECONDS")]
    heartbeat: u64, "JMESSAGE_HEARTBEAT";
    /// How long one write to a connection may take. [default: 15]
    #[arg(value_name = "SECONDS")]
    write_timeout: u64, "JMESSAGE_WRITE_TIMEOUT";
    /// How long after its login a session may be resumed without a password. [default: 604800]
    #[arg(value_name = "SECONDS")]
    resume_for: u64, "JMESSAGE_RESUME_FOR";
    /// Entries that may wait for one connection before it is cut. [default: 1024]
    #[arg(value_name = "COUNT")]
    queue_entries: usize, "JMESSAGE_QUEUE_ENTRIES";
    /// Bytes that may wait for one connection before it is cut. [default: 1048576]
    #[arg(value_name = "BYTES")]
    queue_bytes: usize, "JMESSAGE_QUEUE_BYTES";
    /// The content of one message. [default: 4096, at most 32768]
    #[arg(value_name = "BYTES")]
    max_message: usize, "JMESSAGE_MAX_MESSAGE";
    /// Memory of one password hash. [default: 19456]
    #[arg(value_name = "KIB")]
    argon2_memory: u32, "JMESSAGE_ARGON2_MEMORY";
    /// Passes of one password hash. [default: 2]
    #[arg(value_name = "COUNT")]
    argon2_passes: u32, "JMESSAGE_ARGON2_PASSES";
    /// Password hashes at a time. [default: the number of cores]
    #[arg(value_name = "COUNT")]
    hash_threads: usize, "JMESSAGE_HASH_THREADS";
    /// What to log: a level, or targets with levels. [default: info]
    #[arg(value_name = "FILTER")]
    log: String, "JMESSAGE_LOG";
    /// How to log. [default: text]
    #[arg(value_name = "text|json")]
    log_format: LogFormat, "JMESSAGE_LOG_FORMAT";
}

/// The shape of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For collectors: one JSON object a line.
    Json,
}

/// The settings in force.
#[derive(Clone, Debug)]
pub struct Config {
    /// Directory of the database.
    pub data_dir: PathBuf,
    /// Main address.
    pub listen: SocketAddr,
    /// Address of `/metrics`, if not the main one.
    pub metrics_listen: Option<SocketAddr>,
    /// Files to serve at `/`.
    pub static_dir: Option<PathBuf>,
    /// Bounds of the native wire.
    pub jmessage: jmessage::Options,
    /// Sizes the domain accepts.
    pub limits: Limits,
    /// Bounds of a session's queue.
    pub queue: QueueLimits,
    /// How long a session may be resumed.
    pub resume_for: Millis,
    /// What a password hash costs.
    pub hash_cost: HashCost,
    /// Password hashes at a time.
    pub hash_threads: usize,
    /// What to log.
    pub log: String,
    /// How to log.
    pub log_format: LogFormat,
}

/// Why a configuration cannot be used.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{file}: {1}", file = .0.display())]
    File(PathBuf, io::Error),
    /// The file is not TOML of our settings.
    #[error("{file}: {1}", file = .0.display())]
    Toml(PathBuf, Box<toml::de::Error>),
    /// A setting is outside its range.
    #[error("{0}")]
    Range(&'static str),
}

impl Settings {
    /// Reads a file of settings.
    pub fn from_file(path: &PathBuf) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(path).map_err(|error| ConfigError::File(path.clone(), error))?;
        toml::from_str(&text).map_err(|error| ConfigError::Toml(path.clone(), Box::new(error)))
    }

    /// Fills in the defaults and checks ranges.
    pub fn resolve(self) -> Result<Config, ConfigError> {
        let wire = jmessage::Options::default();
        let (queue, cost, limits) = (QueueLimits::default(), HashCost::default(), Limits::default());
        let seconds = |given: Option<u64>, default| given.map_or(default, Duration::from_secs);
        let config = Config {
            data_dir: self.data_dir.unwrap_or_else(|| "data".into()),
            listen: self.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 8080))),
            metrics_listen: self.metrics_listen,
            static_dir: self.static_dir,
            jmessage: jmessage::Options {
                signature_window: self.signature_window.unwrap_or(wire.signature_window),
                origins: origins(&self.allow_origins.unwrap_or_default()),
                connections: self.max_connections.unwrap_or(wire.connections),
                pending: self.max_pending.unwrap_or(wire.pending),
                config_within: seconds(self.config_timeout, wire.config_within),
                login_within: seconds(self.login_timeout, wire.login_within),
                heartbeat: seconds(self.heartbeat, wire.heartbeat),
                write_within: seconds(self.write_timeout, wire.write_within),
            },
            limits: Limits { message: self.max_message.unwrap_or(limits.message) },
            queue: QueueLimits {
                entries: self.queue_entries.unwrap_or(queue.entries),
                bytes: self.queue_bytes.unwrap_or(queue.bytes),
            },
            resume_for: Millis(self.resume_for.unwrap_or(7 * 24 * 60 * 60).saturating_mul(1000)),
            hash_cost: HashCost {
                memory_kib: self.argon2_memory.unwrap_or(cost.memory_kib),
                passes: self.argon2_passes.unwrap_or(cost.passes),
            },
            hash_threads: self
                .hash_threads
                .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from)),
            log: self.log.unwrap_or_else(|| "info".into()),
            log_format: self.log_format.unwrap_or_default(),
        };
        config.check()?;
        Ok(config)
    }
}

fn origins(list: &str) -> Vec<String> {
    list.split(',').map(str::trim).filter(|origin| !origin.is_empty()).map(str::to_owned).collect()
}

impl Config {
    fn check(&self) -> Result<(), ConfigError> {
        let wire = &self.jmessage;
        let rules = [
            (wire.heartbeat.is_zero(), "heartbeat must be at least 1 second"),
            (wire.write_within.is_zero(), "write-timeout must be at least 1 second"),
            (wire.config_within.is_zero(), "config-timeout must be at least 1 second"),
            (wire.login_within.is_zero(), "login-timeout must be at least 1 second"),
            (wire.connections == 0, "max-connections must be at least 1"),
            (wire.pending == 0, "max-pending must be at least 1"),
            (self.queue.entries == 0, "queue-entries must be at least 1"),
            (self.queue.bytes < 64 * 1024, "queue-bytes must be at least 65536"),
            (!(1..=32 * 1024).contains(&self.limits.message), "max-message must be 1 to 32768"),
            (!(8..=1024 * 1024).contains(&self.hash_cost.memory_kib), "argon2-memory must be 8 to 1048576"),
            (!(1..=100).contains(&self.hash_cost.passes), "argon2-passes must be 1 to 100"),
            (self.hash_threads == 0, "hash-threads must be at least 1"),
            (
                wire.origins.iter().any(|o| !o.contains("://") || o.ends_with('/')),
                "allow-origins must be origins such as https://chat.example.com, without a path",
            ),
        ];
        match rules.iter().find(|(broken, _)| *broken) {
            Some((_, rule)) => Err(ConfigError::Range(rule)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let file: Settings = toml::from_str("listen = \"0.0.0.0:9000\"\nheartbeat = 7\n").unwrap();
        let flags = Settings { heartbeat: Some(9), ..Settings::default() };
        let config = flags.or(file).resolve().unwrap();
        assert_eq!(config.listen.port(), 9000);
        assert_eq!(config.jmessage.heartbeat, Duration::from_secs(9));
        assert_eq!(config.data_dir, PathBuf::from("data"));
    }

    #[test]
    fn an_unknown_setting_is_an_error_that_names_it() {
        let error = toml::from_str::<Settings>("lisen = 1").unwrap_err().to_string();
        assert!(error.contains("lisen"), "{error}");
    }

    #[test]
    fn ranges_are_checked() {
        let refused = |settings: Settings| settings.resolve().unwrap_err().to_string();
        assert!(refused(Settings { heartbeat: Some(0), ..Settings::default() }).contains("heartbeat"));
        assert!(
            refused(Settings { max_message: Some(40_000), ..Settings::default() }).contains("max-message")
        );
        let origins = Some("https://a.example, b.example".into());
        assert!(
            refused(Settings { allow_origins: origins, ..Settings::default() }).contains("allow-origins")
        );
    }
}
