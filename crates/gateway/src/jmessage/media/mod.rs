//! Files over plain HTTP. The capability in the path is the right; there are no cookies, so any page may ask.
//!
//! `upload.rs` takes them in, `serve.rs` gives them out, `answer.rs` is how both answer.

mod answer;
mod serve;
mod upload;

pub(super) use serve::parse_id;

use super::Gateway;
use axum::{
    Router,
    routing::{get, post},
};
use jmessage_core::{Grants, Session};
use jmessage_media::{Picture, View};
use jmessage_model::{FileId, UserId};
use jmessage_proto::{PATH, Response};
use quick_cache::{Weighter, sync::Cache};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Bytes of smaller pictures kept in memory.
const CACHE: u64 = 64 << 20;
/// What one picture in the cache costs beside its bytes.
const OVERHEAD: u64 = 256;
/// Pictures decoded at a time. Each may take some 200 MB while it is.
const DECODING: usize = 2;
/// Uploads of one user at a time.
const UPLOADS_EACH: usize = 4;
/// Bytes a second below which an exchange is too slow to be waited for.
const SLOWEST: u64 = 16 << 10;
/// Time for an exchange beside what its bytes take.
const AT_LEAST: Duration = Duration::from_secs(30);

/// What the routes of files share.
pub(super) struct Media {
    views: Cache<(FileId, View), Picture, Weight>,
    decoding: Arc<Semaphore>,
    uploads: Places,
}

#[derive(Clone)]
struct Weight;

impl Weighter<(FileId, View), Picture> for Weight {
    fn weight(&self, _: &(FileId, View), picture: &Picture) -> u64 {
        OVERHEAD + picture.bytes.len() as u64
    }
}

impl Media {
    pub(super) fn new(uploads: usize) -> Self {
        Self {
            views: Cache::with_weighter(4096, CACHE, Weight),
            decoding: Arc::new(Semaphore::new(DECODING)),
            uploads: Places { all: uploads, taken: Arc::default() },
        }
    }
}

pub(super) fn routes() -> Router<Arc<Gateway>> {
    Router::new()
        .route(&format!("{PATH}/upload/{{capability}}"), post(upload::upload).options(answer::preflight))
        .route(
            &format!("{PATH}/media/{{capability}}/{{*media_id}}"),
            get(serve::serve).options(answer::preflight),
        )
}

/// The frame that says where a session reads and uploads files.
pub(super) fn frame(gateway: &Gateway, session: &Session) -> (Response<String>, Duration) {
    let Grants { read, upload, renew_in } = gateway.core.grants(session);
    let frame =
        Response::Media { url: format!("{PATH}/media/{read}/"), upload: format!("{PATH}/upload/{upload}") };
    (frame, Duration::from_millis(renew_in.0))
}

/// How long so many bytes may take.
fn time_for(bytes: u64) -> Duration {
    AT_LEAST + Duration::from_secs(bytes / SLOWEST)
}

/// Places for uploads: so many in all, and some of them for one user.
struct Places {
    all: usize,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

/// A place, given back when it is dropped.
struct Place {
    user: UserId,
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
}

impl Places {
    fn take(&self, user: UserId) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.values().sum::<usize>() >= self.all
            || taken.get(&user).is_some_and(|own| *own >= UPLOADS_EACH)
        {
            return None;
        }
        *taken.entry(user).or_default() += 1;
        Some(Place { user, taken: self.taken.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.user) {
            *own -= 1;
            if *own == 0 {
                taken.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_user_does_not_take_every_place() {
        let places = Places { all: 6, taken: Arc::default() };
        let (alice, bobby) = (UserId(1), UserId(2));
        let mut of_alice: Vec<_> = (0..UPLOADS_EACH).map(|_| places.take(alice)).collect();
        assert!(of_alice.iter().all(Option::is_some) && places.take(alice).is_none());
        let of_bobby = [places.take(bobby), places.take(bobby)];
        assert!(of_bobby.iter().all(Option::is_some) && places.take(bobby).is_none(), "all are taken");
        of_alice.pop();
        assert!(places.take(UserId(3)).is_some(), "a place is given back");
        drop((of_alice, of_bobby));
        assert!(places.taken.lock().unwrap().is_empty());
    }
}
