//! What can be set, what the command line says of it, and the defaults.

use crate::Secret;
use jmessage_core::{HashCost, QueueLimits};
use jmessage_gateway::jmessage;
use jmessage_model::Limits;
use serde::{Deserialize, Serialize};
use std::{net::SocketAddr, path::PathBuf};

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

impl Settings {
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
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
