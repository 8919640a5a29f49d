//! Where work that blocks is done.

use crate::Error;
use futures_util::future::BoxFuture;

/// What a task of a simulation waits for before and after work, so that others get in between.
pub type Pause = fn() -> BoxFuture<'static, ()>;

/// See the module.
#[derive(Clone, Copy)]
pub(crate) enum Executor {
    /// On threads that may block.
    Threads,
    /// In the task that asks, between two pauses: one thread carries everything out, in one order.
    Inline(Pause),
}

impl Executor {
    pub(crate) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        match self {
            Self::Threads => tokio::task::spawn_blocking(work).await.map_err(|_| Error::Unavailable),
            Self::Inline(pause) => {
                pause().await;
                let done = work();
                pause().await;
                Ok(done)
            }
        }
    }

    /// Before something that may be waited for at any length.
    pub(crate) async fn pause(self) {
        match self {
            Self::Threads => {}
            Self::Inline(pause) => pause().await,
        }
    }
}
