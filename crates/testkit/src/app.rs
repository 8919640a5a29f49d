//! The App that tests belong to.

use anyhow::Result;
use jmessage_proto::Request;
use jmessage_sign::{Fields, MasterSecret, sign};
use std::time::{SystemTime, UNIX_EPOCH};

/// An App's key and master secret, as its developer knows them.
#[derive(Clone)]
pub struct App {
    /// The public key.
    pub key: String,
    secret: String,
}

impl App {
    /// The App of the published test vector of the signature.
    pub fn published() -> Self {
        Self::new("4f7aef34fb361292c566a1cd", "054d6103823a726fc12d0466")
    }

    /// An App with its master secret.
    pub fn new(key: &str, secret: &str) -> Self {
        Self { key: key.to_owned(), secret: secret.to_owned() }
    }

    /// The master secret.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// A `config` that is right at this moment.
    pub fn config(&self, id: u64) -> Result<Request<String>> {
        self.config_signed_at(id, now_seconds())
    }

    /// A `config` signed at `timestamp`, in seconds since 1970.
    pub fn config_signed_at(&self, id: u64, timestamp: u64) -> Result<Request<String>> {
        let (timestamp, random_str) = (timestamp.to_string(), "testkit".to_owned());
        let fields = Fields::new(&self.key, &timestamp, &random_str)?;
        let signature = sign(&fields, &MasterSecret::new(&self.secret)?).to_string();
        Ok(Request::Config { id, app_key: self.key.clone(), timestamp, random_str, signature })
    }
}

/// The clock, in seconds since 1970.
pub fn now_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
