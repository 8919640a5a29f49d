//! The domain without threads: nothing happens until whoever drives it says so.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod fixture;

use jmessage_core::Core;
use jmessage_model::AppKey;
use std::pin::pin;
use tokio::task::yield_now;

#[tokio::test]
async fn commands_are_carried_out_when_the_driver_says_so_and_in_the_callers_thread() {
    let directory = tempfile::TempDir::new().unwrap();
    let (writer, reader) = jmessage_store::sqlite::open(directory.path()).unwrap();
    let options = fixture::options(&directory);
    let pause = || -> futures_util::future::BoxFuture<'static, ()> { Box::pin(yield_now()) };
    let (core, mut driven) = Core::driven(Box::new(writer), reader, options, pause).unwrap();
    let mut creating = pin!(core.create_app(AppKey::new("app").unwrap(), "App".into(), "secret".into()));
    for _ in 0..10 {
        let waiting = tokio::select! { biased; _ = &mut creating => false, () = yield_now() => true };
        assert!(waiting, "nobody has carried it out");
    }
    assert!(core.apps().await.unwrap().is_empty(), "a read needs no driver");
    assert!(driven.gather().await && driven.run());
    let mut reading = pin!(core.apps());
    for _ in 0..10 {
        let waiting = tokio::select! {
            biased;
            _ = &mut creating => false,
            _ = &mut reading => false,
            () = yield_now() => true,
        };
        assert!(waiting, "what is committed and not synced is told to nobody");
    }
    driven.settle();
    creating.await.unwrap();
    assert_eq!(reading.await.unwrap().len(), 1);

    let ((), goes_on) = tokio::join!(core.stop(), async { driven.gather().await && driven.run() });
    assert!(!goes_on, "it was stopped");
}
