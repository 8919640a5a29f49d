//! A bucket for files, as an operator names it.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A secret among the settings. Prints as `***`, also where the settings in force are printed.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl std::str::FromStr for Secret {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Serialize for Secret {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str("***")
    }
}

/// A bucket for files, as given.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The store's URL.
    pub endpoint: Option<String>,
    /// The store's region.
    pub region: Option<String>,
    /// Who asks.
    pub access_key: Option<String>,
    /// The secret that belongs to it.
    pub secret_key: Option<Secret>,
}

impl Bucket {
    /// The secret itself, for who signs with it.
    #[cfg(feature = "s3")]
    pub(crate) fn secret(&self) -> Option<String> {
        self.secret_key.as_ref().map(|secret| secret.0.clone())
    }
}
