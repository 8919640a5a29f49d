//! Files in a bucket of an S3 server, through the whole server.

#[path = "../../../store/tests/s3/mod.rs"]
#[allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod s3;

use anyhow::Result;
use jmessage_model::Millis;
use jmessage_server::Bucket;
use jmessage_testkit::{TestServer, media_id, samples};

async fn server_with(bucket: Bucket) -> Result<TestServer> {
    TestServer::start_with(|config| {
        config.bucket = Some(bucket);
        config.unsent_for = Millis(0);
    })
    .await
}

#[tokio::test]
async fn files_go_to_the_bucket_and_come_from_it() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let bucket = Bucket {
        name: s3::BUCKET.to_owned(),
        endpoint: Some(s3::serve(directory.path()).await),
        region: None,
        access_key: Some(s3::ACCESS.to_owned()),
        secret_key: s3::SECRET.parse().ok(),
    };
    let server = server_with(bucket.clone()).await?;
    let (mut alice, mut bobby) = (server.enter("alice001").await?, server.enter("bobby001").await?);
    let sound = samples::mp3(3);
    let file = alice.upload(&sound).await?;
    alice.show("bobby001", &file).await?;
    let id = bobby.hear().await?.text;
    assert_eq!(bobby.fetch(&id).await?.body, sound);
    let part = bobby.fetch_with(&id, &[("Range", "bytes=100-199")]).await?;
    assert_eq!((part.status, part.body.as_slice()), (206, &sound[100..200]));

    let picture = alice.upload(&samples::png(60, 40)).await?;
    let id = media_id(&picture)?.to_owned();
    let small = alice.fetch(&format!("{id}?imageView2/1/w/10")).await?;
    assert_eq!(
        jmessage_testkit::inspect(&small.body)?.extent,
        jmessage_model::Extent::Image { width: 10, height: 10 }
    );
    let name = id.trim_start_matches("qiniu/image/");
    let place = directory.path().join(s3::BUCKET).join(&name[..2]).join(name);
    assert!(place.exists() && !server.data().join("media").join(&name[..2]).exists());
    while server.core().sweep().await? == 0 {}
    assert!(!place.exists());

    let wrong = server_with(Bucket { secret_key: "guess".parse().ok(), ..bucket }).await?;
    let mut alice = wrong.enter("alice001").await?;
    assert_eq!(
        alice.post(&sound).await?.refusal()?,
        (503, 872_000),
        "a store that refuses is told as one that fails"
    );
    Ok(())
}
