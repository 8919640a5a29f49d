//! A bucket of an S3-compatible object store.

use super::StoredBlobs;
use jmessage_core::port::Unavailable;
use object_store::{
    RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
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

/// The files of a bucket. Does not ask the server yet.
pub fn bucket(bucket: &Bucket) -> Result<StoredBlobs, Unavailable> {
    // Fails when the program has chosen already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Ok(StoredBlobs(Arc::new(connect(AmazonS3Builder::from_env(), bucket)?)))
}

fn connect(environment: AmazonS3Builder, bucket: &Bucket) -> Result<AmazonS3, Unavailable> {
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRY_WITHIN, ..RetryConfig::default() };
    let mut builder = environment.with_bucket_name(&bucket.name).with_retry(retry);
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

#[cfg(test)]
mod tests {
    use super::*;

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
