//! What the core relies on where the bytes of files lie, checked against every place.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "s3")]
mod s3;

use bytes::Bytes;
use futures_util::TryStreamExt;
use jmessage_core::port::Blobs;
use jmessage_model::FileId;
use std::ops::Range;

async fn read(blobs: &dyn Blobs, id: FileId, range: Option<Range<u64>>) -> Option<Vec<u8>> {
    let stream = blobs.get(id, range).await.unwrap()?;
    let parts: Vec<Bytes> = stream.try_collect().await.unwrap();
    Some(parts.concat())
}

/// What every place for bytes must do.
async fn keeps_files(blobs: &dyn Blobs) {
    let (id, other) = (FileId([0xab; 16]), FileId([0xcd; 16]));
    let bytes: Vec<u8> = (0..100_000_u32).map(|n| n.to_le_bytes()[0] ^ n.to_le_bytes()[1]).collect();
    assert_eq!(read(blobs, id, None).await, None);
    blobs.put(id, Bytes::from(bytes.clone())).await.unwrap();
    blobs.put(other, Bytes::from_static(b"other")).await.unwrap();
    assert_eq!(read(blobs, id, None).await, Some(bytes.clone()));
    assert_eq!(read(blobs, id, Some(10..70_000)).await, Some(bytes[10..70_000].to_vec()));
    for _ in 0..2 {
        blobs.delete(id).await.unwrap();
    }
    assert_eq!(read(blobs, id, None).await, None);
    assert_eq!(read(blobs, other, None).await.as_deref(), Some(b"other".as_slice()));
}

#[tokio::test]
async fn a_directory_keeps_files() {
    let directory = tempfile::TempDir::new().unwrap();
    let place = directory.path().join("media");
    keeps_files(&jmessage_store::blobs::local(&place).unwrap()).await;
    // Only the file that was not deleted is left, under a name of the server's own.
    let name = format!("cd/{}", "cd".repeat(16));
    assert_eq!(std::fs::read(place.join(name)).unwrap(), b"other");
}

#[cfg(feature = "s3")]
#[tokio::test]
async fn a_bucket_keeps_files_for_who_has_its_keys() {
    use jmessage_store::blobs::{Bucket, bucket};
    let directory = tempfile::TempDir::new().unwrap();
    let right = Bucket {
        name: s3::BUCKET.into(),
        endpoint: Some(s3::serve(directory.path()).await),
        region: Some("us-east-1".into()),
        access_key: Some(s3::ACCESS.into()),
        secret_key: Some(s3::SECRET.into()),
    };
    keeps_files(&bucket(&right).unwrap()).await;
    let name = format!("{}/cd/{}", s3::BUCKET, "cd".repeat(16));
    assert_eq!(std::fs::read(directory.path().join(name)).unwrap(), b"other");

    let wrong = Bucket { secret_key: Some("guess".into()), ..right };
    let refused = bucket(&wrong).unwrap().put(FileId([1; 16]), Bytes::from_static(b"x")).await;
    let told = refused.unwrap_err().to_string();
    assert!(!told.contains("guess"), "{told}");
}
