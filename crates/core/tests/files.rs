//! Files in the domain: who may upload, read and send them on, and what becomes of those that nobody sends.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod fixture;

use bytes::Bytes;
use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream};
use jmessage_core::{
    Bearer, Core, Error, Event, FileKind, Options, Purpose, Session, To,
    port::{BlobStream, Blobs, Unavailable},
};
use jmessage_model::{
    AppId, AppKey, ClientKey, Content, Extent, Facts, FileId, Format, Limits, Media, Millis, Nickname,
    Password, Platform, Username,
};
use std::{
    cell::Cell,
    collections::HashMap,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
};

/// Bytes in memory, in a place that may fail.
#[derive(Default)]
struct Memory {
    files: Mutex<HashMap<FileId, Bytes>>,
    broken: AtomicBool,
}

impl Memory {
    fn work(&self) -> Result<(), Unavailable> {
        if self.broken.load(Relaxed) { Err(Unavailable("the disk is on fire".into())) } else { Ok(()) }
    }
}

impl Blobs for Memory {
    fn put(&self, id: FileId, bytes: Bytes) -> BoxFuture<'_, Result<(), Unavailable>> {
        async move { self.work().map(|()| drop(self.files.lock().unwrap().insert(id, bytes))) }.boxed()
    }

    fn get(
        &self,
        id: FileId,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'_, Result<Option<BlobStream>, Unavailable>> {
        assert_eq!(range, None);
        async move {
            self.work()?;
            let found = self.files.lock().unwrap().get(&id).cloned();
            Ok(found.map(|bytes| stream::iter([Ok(bytes)]).boxed()))
        }
        .boxed()
    }

    fn delete(&self, id: FileId) -> BoxFuture<'_, Result<(), Unavailable>> {
        async move { self.work().map(|()| drop(self.files.lock().unwrap().remove(&id))) }.boxed()
    }
}

struct Domain {
    core: Core,
    app: AppId,
    blobs: Arc<Memory>,
    _directory: tempfile::TempDir,
}

thread_local! {
    /// The time, in milliseconds: each test runs in a thread of its own, where the domain asks for the time.
    static NOW: Cell<u64> = const { Cell::new(1_000_000) };
}
const DAY: u64 = 1000;

fn days_pass(days: u64) {
    NOW.set(NOW.get() + days * DAY);
}

impl Domain {
    async fn new() -> Self {
        let directory = tempfile::TempDir::new().unwrap();
        let (writer, reader) = jmessage_store::sqlite::open(directory.path()).unwrap();
        let blobs = Arc::new(Memory::default());
        let options = Options {
            limits: Limits { upload: 60, storage: 100, ..Limits::default() },
            resume_for: Millis(0),
            media_for: Millis(DAY),
            unsent_for: Millis(DAY),
            blobs: blobs.clone(),
            now: || Millis(NOW.get()),
            random: |bytes| {
                static NEXT: AtomicU64 = AtomicU64::new(0);
                bytes.fill(0);
                bytes[..8].copy_from_slice(&NEXT.fetch_add(1, Relaxed).to_be_bytes());
                Ok(())
            },
            ..fixture::options(&directory)
        };
        let core = Core::start(Box::new(writer), reader, options).unwrap();
        let app = core.create_app(AppKey::new("app").unwrap(), "App".into(), "secret".into()).await.unwrap();
        for name in ["alice", "bobby", "carol"] {
            let (username, nickname) = (Username::new(name).unwrap(), Nickname::new(name).unwrap());
            core.create_user(app, username, nickname, Password::new("pass1234").unwrap()).await.unwrap();
        }
        Self { core, app, blobs, _directory: directory }
    }

    async fn login(&self, name: &str) -> (Arc<Session>, Bearer) {
        let password = Password::new("pass1234").unwrap();
        let (session, _) = self.core.login(self.app, name, password, Platform::Web).await.unwrap();
        let bearer = Bearer { app: self.app, user: session.user.id };
        (session, bearer)
    }

    async fn upload(&self, by: Bearer, size: u64) -> Result<Media, Error> {
        let extent = Extent::Image { width: 4, height: 3 };
        let facts = Facts { format: Format::Png, extent, crc32: 9, size };
        self.core.keep_file(by, facts, Bytes::from(vec![7; usize::try_from(size).unwrap()])).await
    }

    /// Sends a file to one user and returns the answer.
    async fn send(&self, from: &Arc<Session>, to: &str, file: FileId) -> Result<(), Error> {
        let (to, key) = (To::User(Username::new(to).unwrap()), ClientKey::new(&file.to_string()).unwrap());
        self.core.send_file(from, 1, to, key, (FileKind::Image, file)).await?;
        let mut events = Vec::new();
        while events.is_empty() {
            assert_eq!(from.queue.take(&mut events).await, None);
        }
        match events.remove(0) {
            Event::Reply { result, .. } => result.map(drop),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_capability_of_a_session_names_its_user() {
    let domain = Domain::new().await;
    let (session, bearer) = domain.login("alice").await;
    let grants = domain.core.grants(&session);
    assert_eq!(domain.core.bearer(&grants.read, Purpose::Read), Ok(bearer));
    assert_eq!(domain.core.bearer(&grants.upload, Purpose::Upload), Ok(bearer));
    assert_eq!(domain.core.bearer(&grants.read, Purpose::Upload), Err(Error::NotEntitled));
    assert_eq!(domain.core.bearer(&grants.upload, Purpose::Read), Err(Error::NotEntitled));
    assert!((1..=DAY / 2).contains(&grants.renew_in.0), "{:?}", grants.renew_in);
}

#[tokio::test]
async fn a_file_is_for_its_uploader_until_it_is_sent_and_for_the_receiver_then() {
    let domain = Domain::new().await;
    let (alice, by_alice) = domain.login("alice").await;
    let (bobby, by_bobby) = domain.login("bobby").await;
    let (_, by_carol) = domain.login("carol").await;
    let media = domain.upload(by_alice, 10).await.unwrap();
    assert_eq!(domain.core.file(by_alice, media.file).await, Ok(media));
    assert_eq!(domain.core.file(by_bobby, media.file).await, Err(Error::NoSuchFile));
    assert_eq!(domain.send(&bobby, "carol", media.file).await, Err(Error::NoSuchFile));
    assert_eq!(domain.send(&alice, "bobby", media.file).await, Ok(()));
    assert_eq!(domain.core.file(by_bobby, media.file).await, Ok(media));
    assert_eq!(domain.core.file(by_carol, media.file).await, Err(Error::NoSuchFile));
    assert_eq!(domain.send(&bobby, "carol", media.file).await, Ok(()), "who may read it may send it on");
    assert_eq!(domain.core.file(by_carol, media.file).await, Ok(media));
    let other_app = Bearer { app: AppId(99), ..by_alice };
    assert_eq!(domain.core.file(other_app, media.file).await, Err(Error::NoSuchFile));
}

#[tokio::test]
async fn a_message_cannot_call_a_picture_a_sound() {
    let domain = Domain::new().await;
    let (alice, by_alice) = domain.login("alice").await;
    let media = domain.upload(by_alice, 10).await.unwrap();
    let (to, key) = (To::User(Username::new("bobby").unwrap()), ClientKey::new("k").unwrap());
    let sent = domain.core.send_file(&alice, 1, to, key, (FileKind::Voice, media.file)).await;
    assert_eq!(sent, Err(Error::NoSuchFile));
}

#[tokio::test]
async fn a_file_has_a_largest_size_and_a_user_a_storage() {
    let domain = Domain::new().await;
    let (_, alice) = domain.login("alice").await;
    assert_eq!(domain.upload(alice, 61).await, Err(Error::FileTooLarge(60)));
    domain.upload(alice, 60).await.unwrap();
    assert_eq!(domain.upload(alice, 41).await, Err(Error::StorageFull));
    domain.upload(alice, 40).await.unwrap();
    assert_eq!(domain.blobs.files.lock().unwrap().len(), 2, "what is refused is not stored");
}

#[tokio::test]
async fn what_could_not_be_stored_takes_no_room_for_long() {
    let domain = Domain::new().await;
    let (_, alice) = domain.login("alice").await;
    domain.blobs.broken.store(true, Relaxed);
    assert_eq!(domain.upload(alice, 60).await, Err(Error::Unavailable));
    assert_eq!(domain.upload(alice, 60).await, Err(Error::StorageFull), "nor could it be deleted");
    domain.blobs.broken.store(false, Relaxed);
    days_pass(2);
    assert_eq!(domain.core.sweep().await, Ok(1));
    domain.upload(alice, 60).await.unwrap();
}

#[tokio::test]
async fn files_that_nobody_sent_are_swept_after_a_day_and_others_stay() {
    let domain = Domain::new().await;
    let (alice, by_alice) = domain.login("alice").await;
    let sent = domain.upload(by_alice, 10).await.unwrap();
    let unsent = domain.upload(by_alice, 10).await.unwrap();
    domain.send(&alice, "bobby", sent.file).await.unwrap();
    days_pass(2);
    let young = domain.upload(by_alice, 10).await.unwrap();
    assert_eq!(domain.core.sweep().await, Ok(1));
    assert_eq!(domain.core.sweep().await, Ok(0));
    assert_eq!(domain.core.file(by_alice, unsent.file).await, Err(Error::NoSuchFile));
    assert_eq!(domain.send(&alice, "bobby", unsent.file).await, Err(Error::NoSuchFile));
    let left: Vec<_> = domain.blobs.files.lock().unwrap().keys().copied().collect();
    assert_eq!(left.len(), 2);
    assert!(left.contains(&sent.file) && left.contains(&young.file));
    let content = Content::Media(sent);
    assert_eq!(content.check(domain.core.limits()), Ok(()));
}
