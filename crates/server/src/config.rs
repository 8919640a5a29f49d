//! Configuration: a file, the environment and flags, each over the one before; then the defaults.

use crate::{
    bucket::{Bucket, Secret},
    webim,
};
use jmessage_core::{HashCost, QueueLimits, Retention};
use jmessage_gateway::jmessage;
use jmessage_model::{Limits, Millis};
use serde::{Deserialize, Serialize};
use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use thiserror::Error;

macro_rules! settings {
    ($($(#[doc = $doc:literal])* $(#[arg($($arg:tt)*)])? $name:ident: $type:ty, $env:literal;)*) => {
        /// Every setting, as given by one source. What is not given is left to the next source.
        #[derive(Clone, Debug, Default, Deserialize, Serialize, clap::Args)]
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
    /// Where WebIM is served: PREFIX=APPKEY, maybe followed by @DOMAIN and by #2010; separated by commas. [default: nowhere]
    #[arg(value_name = "MOUNTS")]
    webim: String, "JMESSAGE_WEBIM";
    /// Where browsers find this server, for WebIM pages. [default: where their requests found it]
    #[arg(value_name = "URL")]
    webim_url: String, "JMESSAGE_WEBIM_URL";
    /// Address of a user's picture for WebIM pages, with {id} and {avatar} put in. [default: none]
    #[arg(value_name = "PATTERN")]
    webim_picture_url: String, "JMESSAGE_WEBIM_PICTURE_URL";
    /// What WebIM pages show where a picture cannot be loaded. [default: none]
    #[arg(value_name = "PATTERN")]
    webim_default_picture_url: String, "JMESSAGE_WEBIM_DEFAULT_PICTURE_URL";
    /// Address of a user's own page for WebIM pages, with {id} put in. [default: none]
    #[arg(value_name = "PATTERN")]
    webim_user_url: String, "JMESSAGE_WEBIM_USER_URL";
    /// Address of a room's picture for WebIM pages, with {id} put in. [default: none]
    #[arg(value_name = "PATTERN")]
    webim_room_picture_url: String, "JMESSAGE_WEBIM_ROOM_PICTURE_URL";
    /// Address of a room's own page for WebIM pages, with {id} put in. [default: none]
    #[arg(value_name = "PATTERN")]
    webim_room_url: String, "JMESSAGE_WEBIM_ROOM_URL";
    /// The menu of WebIM pages: a JSON list of title, icon and link. [default: empty]
    #[arg(value_name = "JSON")]
    webim_menu: String, "JMESSAGE_WEBIM_MENU";
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
    /// Members of a new group, its owner included. [default: 500, at most 10000]
    #[arg(value_name = "COUNT")]
    max_group: usize, "JMESSAGE_MAX_GROUP";
    /// The largest file that may be uploaded. [default: 10485760, at most 104857600]
    #[arg(value_name = "BYTES")]
    max_upload: u64, "JMESSAGE_MAX_UPLOAD";
    /// What the files of one user may take together. [default: 1073741824]
    #[arg(value_name = "BYTES")]
    upload_quota: u64, "JMESSAGE_UPLOAD_QUOTA";
    /// Uploads at a time; each may hold a whole file in memory. [default: 16]
    #[arg(value_name = "COUNT")]
    max_uploads: usize, "JMESSAGE_MAX_UPLOADS";
    /// How long an upload may stand still. [default: 20]
    #[arg(value_name = "SECONDS")]
    upload_timeout: u64, "JMESSAGE_UPLOAD_TIMEOUT";
    /// How long an address to read or upload files is good at most, and half of that at least. [default: 86400]
    #[arg(value_name = "SECONDS")]
    media_lifetime: u64, "JMESSAGE_MEDIA_LIFETIME";
    /// How long a file is kept that is uploaded and not sent. [default: 86400, at least 3600]
    #[arg(value_name = "SECONDS")]
    keep_unsent: u64, "JMESSAGE_KEEP_UNSENT";
    /// How long messages are kept. [default: for good, at least 1]
    #[arg(value_name = "DAYS")]
    retain_for: u64, "JMESSAGE_RETAIN_FOR";
    /// Messages of one conversation that are kept; those of the last day are kept anyway. [default: all]
    #[arg(value_name = "COUNT")]
    retain_messages: u64, "JMESSAGE_RETAIN_MESSAGES";
    /// Groups that one user may own at a time. [default: 200, at most 10000]
    #[arg(value_name = "COUNT")]
    max_groups: usize, "JMESSAGE_MAX_GROUPS";
    /// Keep files in this bucket of an S3-compatible store, and not in the data directory.
    #[arg(value_name = "NAME")]
    s3_bucket: String, "JMESSAGE_S3_BUCKET";
    /// The store's URL. [default: Amazon's]
    #[arg(value_name = "URL")]
    s3_endpoint: String, "JMESSAGE_S3_ENDPOINT";
    /// The store's region. [default: AWS_REGION, else us-east-1]
    #[arg(value_name = "REGION")]
    s3_region: String, "JMESSAGE_S3_REGION";
    /// Who asks the store. [default: AWS_ACCESS_KEY_ID, or the role of the machine]
    #[arg(value_name = "KEY")]
    s3_access_key: String, "JMESSAGE_S3_ACCESS_KEY";
    /// The secret that belongs to it; keep it off the command line. [default: AWS_SECRET_ACCESS_KEY]
    #[arg(value_name = "SECRET", hide_env_values = true)]
    s3_secret_key: Secret, "JMESSAGE_S3_SECRET_KEY";
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, clap::ValueEnum)]
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

    /// The value of every setting that has a default.
    fn defaults() -> Self {
        let wire = jmessage::Options::default();
        let (queue, cost) = (QueueLimits::default(), HashCost::default());
        Self {
            data_dir: Some("data".into()),
            listen: Some(SocketAddr::from(([127, 0, 0, 1], 8080))),
            metrics_listen: None,
            static_dir: None,
            allow_origins: None,
            webim: None,
            webim_url: None,
            webim_picture_url: None,
            webim_default_picture_url: None,
            webim_user_url: None,
            webim_room_picture_url: None,
            webim_room_url: None,
            webim_menu: None,
            signature_window: Some(wire.signature_window),
            max_connections: Some(wire.connections),
            max_pending: Some(wire.pending),
            config_timeout: Some(wire.config_within.as_secs()),
            login_timeout: Some(wire.login_within.as_secs()),
            heartbeat: Some(wire.heartbeat.as_secs()),
            write_timeout: Some(wire.write_within.as_secs()),
            resume_for: Some(7 * 24 * 60 * 60),
            queue_entries: Some(queue.entries),
            queue_bytes: Some(queue.bytes),
            max_message: Some(Limits::default().message),
            max_group: Some(Limits::default().group),
            max_upload: Some(Limits::default().upload),
            upload_quota: Some(Limits::default().storage),
            max_uploads: Some(wire.uploads),
            upload_timeout: Some(wire.upload_stall.as_secs()),
            media_lifetime: Some(24 * 60 * 60),
            keep_unsent: Some(24 * 60 * 60),
            retain_for: None,
            retain_messages: None,
            max_groups: Some(Limits::default().owned),
            s3_bucket: None,
            s3_endpoint: None,
            s3_region: None,
            s3_access_key: None,
            s3_secret_key: None,
            argon2_memory: Some(cost.memory_kib),
            argon2_passes: Some(cost.passes),
            hash_threads: Some(std::thread::available_parallelism().map_or(1, usize::from)),
            log: Some("info".into()),
            log_format: Some(LogFormat::Text),
        }
    }

    /// These settings with the defaults filled in.
    pub fn in_force(self) -> Self {
        self.or(Self::defaults())
    }

    /// The settings as a file that says the same.
    pub fn to_toml(&self) -> Result<String, toml::ser::Error> {
        toml::to_string(self)
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
    fn an_unknown_setting_is_an_error_that_names_it() {
        let error = toml::from_str::<Settings>("lisen = 1").unwrap_err().to_string();
        assert!(error.contains("lisen"), "{error}");
    }

    #[test]
    fn the_settings_in_force_are_a_file_that_says_the_same() {
        let text = Settings { heartbeat: Some(7), ..Settings::default() }.in_force().to_toml().unwrap();
        let again: Settings = toml::from_str(&text).unwrap();
        assert_eq!(again.heartbeat, Some(7));
        assert_eq!(again.in_force().to_toml().unwrap(), text);
    }

    /// The table in the manual is what the command line says of itself.
    #[test]
    fn the_manual_lists_every_setting() {
        let manual = include_str!("../../../docs/configuration.md");
        let command = <Settings as clap::Args>::augment_args(clap::Command::new("x"));
        for arg in command.get_arguments() {
            let flag = arg.get_long().unwrap();
            let variable = arg.get_env().unwrap().to_string_lossy();
            let help = arg.get_help().unwrap().to_string();
            let [value, help] =
                [arg.get_value_names().unwrap()[0].as_str(), &help].map(|text| text.replace('|', r"\|"));
            let row = format!("| `{flag}` | `{variable}` | {value} | {help} |");
            assert!(manual.contains(&row), "docs/configuration.md lacks\n{row}");
        }
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
