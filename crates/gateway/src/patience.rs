//! How long a connection may speak plain HTTP.

use std::{sync::Arc, time::Duration};
use tokio::{sync::watch, time::Instant};

/// Until when the listener lets a connection live. It stands in the extensions of each request, so that a handler which
/// knows that the peer has a right to a long exchange can give it time.
#[derive(Clone, Debug)]
pub struct Patience(Arc<watch::Sender<Instant>>);

impl Patience {
    /// Patience until `deadline`.
    pub fn until(deadline: Instant) -> Self {
        Self(Arc::new(watch::Sender::new(deadline)))
    }

    /// The connection may live for at least so long from now on.
    pub fn allow(&self, time: Duration) {
        let until = Instant::now() + time;
        self.0.send_if_modified(|deadline| {
            let longer = until > *deadline;
            *deadline = until.max(*deadline);
            longer
        });
    }

    /// Completes when patience has ended.
    pub async fn ended(&self) {
        let mut deadline = self.0.subscribe();
        loop {
            let until = *deadline.borrow_and_update();
            tokio::select! {
                () = tokio::time::sleep_until(until) => return,
                _ = deadline.changed() => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn patience_grows_and_never_shrinks() {
        let start = Instant::now();
        let patience = Patience::until(start + Duration::from_secs(10));
        patience.allow(Duration::from_secs(5));
        let ended = tokio::spawn({
            let patience = patience.clone();
            async move { patience.ended().await }
        });
        tokio::time::sleep(Duration::from_secs(9)).await;
        patience.allow(Duration::from_secs(20));
        ended.await.unwrap();
        assert_eq!(start.elapsed(), Duration::from_secs(29));
    }
}
