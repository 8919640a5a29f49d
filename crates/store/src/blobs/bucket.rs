//! A bucket of an S3-compatible object store.

use super::StoredBlobs;
use jmessage_core::port::Unavailable;
use object_store::{
    ClientConfigKey, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder, AmazonS3ConfigKey},
};
use std::{fmt, sync::Arc, time::Duration};

/// Which bucket, and by what right. What is not given is taken from the environment as by other tools of S3
/// (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN`, `AWS_REGION`, roles of the machine).
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// The server's URL; none for Amazon's.
    pub endpoint: Option<String>,
    /// The region.
    pub region: Option<String>,
    /// Who asks.
    pub access_key: Option<String>,
    /// The secret that belongs to it.
    pub secret_key: Option<String>,
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, endpoint, region, .. } = self;
        write!(f, "Bucket({name}, {endpoint:?}, {region:?}, keys ***)")
    }
}

/// A page waits for its upload, so a bucket that does not answer is not asked for minutes.
const RETRY_WITHIN: Duration = Duration::from_secs(30);
/// Times that a request is sent again.
const RETRIES: usize = 3;

/// The time of a whole exchange, which a page that reads slowly may draw out; and that between two reads, which cuts a
/// bucket that stands still. In the notation of the settings they replace, so that others of the environment stay.
const TIMES: [(ClientConfigKey, &str); 2] =
    [(ClientConfigKey::Timeout, "1 day"), (ClientConfigKey::ReadTimeout, "30 seconds")];

/// The files of a bucket. Does not ask the server yet.
pub fn bucket(bucket: &Bucket) -> Result<StoredBlobs, Unavailable> {
    // Fails when the program has chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(StoredBlobs(Arc::new(connect(AmazonS3Builder::from_env(), bucket)?)))
}

fn connect(environment: AmazonS3Builder, bucket: &Bucket) -> Result<AmazonS3, Unavailable> {
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_WITHIN, ..RetryConfig::default() };
    let mut builder = with_times(environment).with_bucket_name(&bucket.name).with_retry(retry);
    if let Some(endpoint) = &bucket.endpoint {
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some(region) = &bucket.region {
        builder = builder.with_region(region);
    }
    if let (Some(access), Some(secret)) = (&bucket.access_key, &bucket.secret_key) {
        builder = builder.with_access_key_id(access).with_secret_access_key(secret);
    }
    builder.build().map_err(|error| Unavailable(format!("bucket {}: {error}", bucket.name)))
}

fn with_times(builder: AmazonS3Builder) -> AmazonS3Builder {
    TIMES
        .into_iter()
        .fold(builder, |builder, (key, time)| builder.with_config(AmazonS3ConfigKey::Client(key), time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_reader_is_not_cut_and_a_bucket_that_stands_still_is() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let environment = AmazonS3Builder::new()
            .with_config(AmazonS3ConfigKey::Client(ClientConfigKey::ProxyUrl), "http://127.0.0.1:9")
            .with_region("here");
        let builder = with_times(environment);
        let said = |key| builder.get_config_value(&AmazonS3ConfigKey::Client(key));
        assert_eq!(said(ClientConfigKey::ProxyUrl).as_deref(), Some("http://127.0.0.1:9"));
        assert_eq!(said(ClientConfigKey::Timeout).as_deref(), Some("1 day"));
        assert_eq!(said(ClientConfigKey::ReadTimeout).as_deref(), Some("30 seconds"));
        assert!(builder.with_bucket_name("media").build().is_ok(), "the times can be read");
    }

    #[test]
    fn a_bucket_prints_no_secret() {
        let bucket = Bucket {
            name: "media".into(),
            access_key: Some("who".into()),
            secret_key: Some("whisper".into()),
            ..Bucket::default()
        };
        let printed = format!("{bucket:?}");
        assert!(printed.contains("media") && !printed.contains("whisper") && !printed.contains("who"));
    }
}
