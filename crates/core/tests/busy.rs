//! A writer that does not get on: what waits is bounded, and whoever comes then is told so at once.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod fixture;

use futures_util::FutureExt;
use jmessage_core::{Core, Driven, Error, Event, Options, QueueLimits, Receipt, Session, To};
use jmessage_model::{
    AppKey, ClientKey, Content, ConversationId, Nickname, Password, Platform, Seq, SettingName, Username,
};
use std::{
    future::Future,
    pin::pin,
    sync::{Arc, atomic::Ordering::Relaxed},
};
use tokio::task::yield_now;

/// Carries commands out until `work` is done.
async fn drive<T>(driven: &mut Driven, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => return done,
            _ = driven.gather() => { driven.run(); driven.settle(); }
        }
    }
}

fn send(core: &Core, from: &Arc<Session>, key: usize) -> impl Future<Output = Result<(), Error>> {
    let to = To::User(Username::new("bobby").unwrap());
    let client_key = ClientKey::new(&format!("k{key}")).unwrap();
    let (core, from) = (core.clone(), from.clone());
    async move { core.send(&from, key as u64, to, client_key, Content::Text("hello".into())).await }
}

fn driven(directory: &tempfile::TempDir, queue: QueueLimits) -> (Core, Driven) {
    let (writer, reader) = jmessage_store::sqlite::open(directory.path()).unwrap();
    let options = Options { queue, ..fixture::options(directory) };
    let pause = || -> futures_util::future::BoxFuture<'static, ()> { Box::pin(yield_now()) };
    Core::driven(Box::new(writer), reader, options, pause).unwrap()
}

#[tokio::test]
async fn too_much_waiting_is_refused_at_once_and_taken_later_under_the_same_key() {
    const WAITING: usize = 4096;
    let directory = tempfile::TempDir::new().unwrap();
    let queue = QueueLimits { entries: 2 * WAITING, bytes: 64 << 20 };
    let (core, mut driven) = driven(&directory, queue);
    let alice = drive(&mut driven, async {
        let app = core.create_app(AppKey::new("app").unwrap(), "App".into(), "secret".into()).await.unwrap();
        let password = || Password::new("pass1234").unwrap();
        for name in ["alice", "bobby"] {
            let (username, nickname) = (Username::new(name).unwrap(), Nickname::new(name).unwrap());
            core.create_user(app, username, nickname, password()).await.unwrap();
        }
        core.login(app, "alice", password(), Platform::Web).await.unwrap().0
    })
    .await;

    for key in 0..WAITING {
        assert_eq!(send(&core, &alice, key).await, Ok(()));
    }
    assert_eq!(core.waiting(), WAITING);
    assert_eq!(send(&core, &alice, WAITING).await, Err(Error::Busy), "nobody carries anything out");
    assert_eq!(core.stats().busy.load(Relaxed), 1);
    let name = SettingName::new("webim").unwrap();
    assert_eq!(core.keep_setting(&alice, name, "x".into()).await, Err(Error::Busy), "nor what a user keeps");
    let position = (ConversationId(1), Seq(1));
    assert_eq!(core.acknowledge(&alice, vec![position]).await, Ok(()), "an acknowledgement is let in");

    let mut stored = 0;
    let mut events = Vec::new();
    drive(&mut driven, async {
        while stored < WAITING {
            assert_eq!(alice.queue.take(&mut events).await, None);
            stored += events.drain(..).filter(is_stored).count();
        }
    })
    .await;
    assert_eq!((stored, core.waiting()), (WAITING, 1), "behind them is the acknowledgement");
    assert_eq!(send(&core, &alice, WAITING).await, Ok(()), "the same key again");
    drive(&mut driven, alice.queue.take(&mut events)).await;
    assert!(events.iter().any(is_stored), "{events:?}");
}

fn is_stored(event: &Event) -> bool {
    matches!(event, Event::Reply { result: Ok(Receipt::Sent(_)), .. })
}

#[tokio::test]
async fn users_whom_sites_bring_are_refused_while_too_many_come_at_once() {
    const COMING: usize = 1024;
    let directory = tempfile::TempDir::new().unwrap();
    let (core, mut driven) = driven(&directory, QueueLimits::default());
    let made = core.create_app(AppKey::new("app").unwrap(), "App".into(), "secret".into());
    let app = drive(&mut driven, made).await.unwrap();
    let name = Username::new("alice").unwrap();
    let mut coming: Vec<_> = (0..COMING).map(|_| Box::pin(core.enrol(app, name.clone(), None))).collect();
    for one in &mut coming {
        assert!(one.now_or_never().is_none());
    }
    assert_eq!(core.enrol(app, name.clone(), None).await.err(), Some(Error::Busy));
    drop(coming);
    assert!(drive(&mut driven, core.enrol(app, name.clone(), None)).await.is_ok());
}
