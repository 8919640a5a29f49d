//! Configuration: a file, the environment and flags, each over the one before; then the defaults. Here they are read and checked.

use crate::{Bucket, Settings, settings::LogFormat, webim};
use jmessage_core::{HashCost, QueueLimits, Retention};
use jmessage_gateway::jmessage;
use jmessage_model::{Limits, Millis};
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use thiserror::Error;

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
    /// The WebIM gateway.
    pub webim: jmessage_gateway::webim::Options,
    /// Sizes the domain accepts.
    pub limits: Limits,
    /// Bounds of a session's queue.
    pub queue: QueueLimits,
    /// How long a session may be resumed.
    pub resume_for: Millis,
    /// For how long an address of files is good at most.
    pub media_for: Millis,
    /// For how long a file may wait to be sent.
    pub unsent_for: Millis,
    /// What logs keep.
    pub retention: Retention,
    /// Where files are, if not in the data directory.
    pub bucket: Option<Bucket>,
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

    fn bucket(&self) -> Result<Option<Bucket>, ConfigError> {
        let more = self.s3_endpoint.is_some() || self.s3_region.is_some() || self.s3_access_key.is_some();
        let Some(name) = self.s3_bucket.clone() else {
            return if more || self.s3_secret_key.is_some() {
                Err(ConfigError::Range("the settings of S3 need s3-bucket"))
            } else {
                Ok(None)
            };
        };
        if self.s3_access_key.is_some() != self.s3_secret_key.is_some() {
            return Err(ConfigError::Range("s3-access-key and s3-secret-key belong together"));
        }
        let is_url = |url: &String| url.starts_with("http://") || url.starts_with("https://");
        if !self.s3_endpoint.as_ref().is_none_or(is_url) {
            return Err(ConfigError::Range("s3-endpoint must start with https:// or http://"));
        }
        Ok(Some(Bucket {
            name,
            endpoint: self.s3_endpoint.clone(),
            region: self.s3_region.clone(),
            access_key: self.s3_access_key.clone(),
            secret_key: self.s3_secret_key.clone(),
        }))
    }

    /// Fills in the defaults and checks ranges.
    pub fn resolve(self) -> Result<Config, ConfigError> {
        let given = self.in_force();
        let bucket = given.bucket()?;
        let origins = origins(given.allow_origins.as_deref().unwrap_or_default());
        let webim = webim::options(&given, &origins)?;
        let seconds = |given: Option<u64>| Duration::from_secs(given.unwrap_or_default());
        let millis = |given: Option<u64>| Millis(given.unwrap_or_default().saturating_mul(1000));
        let config = Config {
            data_dir: given.data_dir.unwrap_or_default(),
            listen: given.listen.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))),
            metrics_listen: given.metrics_listen,
            static_dir: given.static_dir,
            jmessage: jmessage::Options {
                signature_window: given.signature_window.unwrap_or_default(),
                origins,
                connections: given.max_connections.unwrap_or_default(),
                pending: given.max_pending.unwrap_or_default(),
                config_within: seconds(given.config_timeout),
                login_within: seconds(given.login_timeout),
                heartbeat: seconds(given.heartbeat),
                write_within: seconds(given.write_timeout),
                uploads: given.max_uploads.unwrap_or_default(),
                upload_stall: seconds(given.upload_timeout),
                downloads: jmessage::Options::default().downloads,
            },
            webim,
            limits: Limits {
                message: given.max_message.unwrap_or_default(),
                group: given.max_group.unwrap_or_default(),
                upload: given.max_upload.unwrap_or_default(),
                storage: given.upload_quota.unwrap_or_default(),
                owned: given.max_groups.unwrap_or_default(),
            },
            queue: QueueLimits {
                entries: given.queue_entries.unwrap_or_default(),
                bytes: given.queue_bytes.unwrap_or_default(),
            },
            resume_for: millis(given.resume_for),
            media_for: millis(given.media_lifetime),
            unsent_for: millis(given.keep_unsent),
            retention: Retention {
                age: given.retain_for.map(|days| Millis(days.saturating_mul(24 * 60 * 60 * 1000))),
                entries: given.retain_messages,
            },
            bucket,
            hash_cost: HashCost {
                memory_kib: given.argon2_memory.unwrap_or_default(),
                passes: given.argon2_passes.unwrap_or_default(),
            },
            hash_threads: given.hash_threads.unwrap_or_default(),
            log: given.log.unwrap_or_default(),
            log_format: given.log_format.unwrap_or_default(),
        };
        config.check()?;
        Ok(config)
    }
}

/// The longest time that may be configured.
const A_YEAR: Duration = Duration::from_hours(365 * 24);

/// Whether a directory lies in another, as far as both can be resolved.
fn is_inside(inner: &Path, outer: &Path) -> bool {
    let resolved = |path: &Path| path.canonicalize().or_else(|_| std::path::absolute(path)).ok();
    resolved(inner).zip(resolved(outer)).is_some_and(|(inner, outer)| inner.starts_with(outer))
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
            (wire.upload_stall.is_zero(), "upload-timeout must be at least 1 second"),
            (
                [wire.heartbeat, wire.write_within, wire.config_within, wire.login_within, wire.upload_stall]
                    .iter()
                    .any(|time| *time > A_YEAR),
                "heartbeat and timeouts must be at most 31536000 seconds",
            ),
            (
                self.static_dir.as_ref().is_some_and(|files| is_inside(&self.data_dir, files)),
                "data-dir must not lie in static-dir: everybody could read it",
            ),
            (wire.connections == 0, "max-connections must be at least 1"),
            (wire.pending == 0, "max-pending must be at least 1"),
            (self.queue.entries == 0, "queue-entries must be at least 1"),
            (self.queue.bytes < 64 * 1024, "queue-bytes must be at least 65536"),
            (!(1..=32 * 1024).contains(&self.limits.message), "max-message must be 1 to 32768"),
            (!(2..=10_000).contains(&self.limits.group), "max-group must be 2 to 10000"),
            (!(1..=10_000).contains(&self.limits.owned), "max-groups must be 1 to 10000"),
            (!(1..=100 << 20).contains(&self.limits.upload), "max-upload must be 1 to 104857600"),
            (wire.uploads == 0, "max-uploads must be at least 1"),
            (
                !(60_000..=A_YEAR.as_millis()).contains(&u128::from(self.media_for.0)),
                "media-lifetime must be 60 to 31536000",
            ),
            (self.retention.age == Some(Millis(0)), "retain-for must be at least 1"),
            (self.retention.entries == Some(0), "retain-messages must be at least 1"),
            (self.unsent_for.0 < 3_600_000, "keep-unsent must be at least 3600"),
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
    fn a_secret_is_read_from_the_file_and_never_printed() {
        let file = "s3-bucket = \"media\"\ns3-access-key = \"who\"\ns3-secret-key = \"whisper\"\n";
        let settings: Settings = toml::from_str(file).unwrap();
        let printed = format!("{settings:?} {}", settings.clone().in_force().to_toml().unwrap());
        assert!(printed.contains("who") && printed.contains("s3-secret-key = \"***\""), "{printed}");
        assert!(!printed.contains("whisper"));
        let config = settings.resolve().unwrap();
        assert!(!format!("{config:?}").contains("whisper"));
        assert_eq!(config.bucket.unwrap().secret_key, "whisper".parse().ok());
    }

    #[test]
    fn ranges_are_checked() {
        let refused = |settings: Settings| settings.resolve().unwrap_err().to_string();
        assert!(refused(Settings { heartbeat: Some(0), ..Settings::default() }).contains("heartbeat"));
        assert!(refused(Settings { retain_for: Some(0), ..Settings::default() }).contains("retain-for"));
        let kept = Settings { retain_for: Some(2), retain_messages: Some(9), ..Settings::default() };
        let kept = kept.resolve().unwrap().retention;
        assert_eq!((kept.age, kept.entries), (Some(Millis(172_800_000)), Some(9)));
        assert!(
            refused(Settings { max_message: Some(40_000), ..Settings::default() }).contains("max-message")
        );
        let origins = Some("https://a.example, b.example".into());
        assert!(
            refused(Settings { allow_origins: origins, ..Settings::default() }).contains("allow-origins")
        );
        let lifetime = Settings { media_lifetime: Some(59), ..Settings::default() };
        assert!(refused(lifetime).contains("media-lifetime"));
        let unsent = Settings { keep_unsent: Some(3599), ..Settings::default() };
        assert!(refused(unsent).contains("keep-unsent"));
        let region = Settings { s3_region: Some("x".into()), ..Settings::default() };
        assert!(refused(region).contains("s3-bucket"));
        let bucket = Settings { s3_bucket: Some("media".into()), ..Settings::default() };
        let half = Settings { s3_access_key: Some("who".into()), ..bucket.clone() };
        assert!(refused(half).contains("s3-secret-key"));
        let bare = Settings { s3_endpoint: Some("store.example".into()), ..bucket };
        assert!(refused(bare).contains("s3-endpoint"));
    }
}
