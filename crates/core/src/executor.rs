//! Where work that blocks is done.

use crate::Error;
use futures_util::future::BoxFuture;
use std::{io, sync::Arc};
use tokio::{
    runtime::{Builder, Handle, Runtime},
    task::spawn_blocking,
};

/// What a task of a simulation waits for before and after work, so that others get in between.
pub type Pause = fn() -> BoxFuture<'static, ()>;

/// See the module.
#[derive(Clone)]
pub(crate) enum Executor {
    /// On the threads of whoever asks that may block; there can be very many.
    Shared,
    /// On a few threads that do nothing else.
    Own(Arc<Threads>),
    /// In the task that asks, between two pauses: one thread carries everything out, in one order.
    Inline(Pause),
}

/// Some threads. Work that finds all of them busy waits for its turn.
pub(crate) struct Threads {
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

impl Executor {
    /// So many threads.
    pub(crate) fn own(threads: usize) -> io::Result<Self> {
        let runtime =
            Builder::new_current_thread().max_blocking_threads(threads).thread_name("reader").build()?;
        Ok(Self::Own(Arc::new(Threads { handle: runtime.handle().clone(), runtime: Some(runtime) })))
    }

    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let working = match self {
            Self::Shared => spawn_blocking(work),
            Self::Own(threads) => threads.handle.spawn_blocking(work),
            Self::Inline(pause) => {
                pause().await;
                let done = work();
                pause().await;
                return Ok(done);
            }
        };
        working.await.map_err(|_| Error::Unavailable)
    }

    /// Before something that may be waited for at any length.
    pub(crate) async fn pause(&self) {
        match self {
            Self::Shared | Self::Own(_) => {}
            Self::Inline(pause) => pause().await,
        }
    }
}
