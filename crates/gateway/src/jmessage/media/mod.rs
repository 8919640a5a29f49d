//! Files over plain HTTP. The capability in the path is the right; there are no cookies, so any page may ask.
//!
//! `upload.rs` takes them in, `serve.rs` gives them out, `answer.rs` is how both answer, `turns.rs` how much of the server
//! one user may keep busy.

mod answer;
mod serve;
mod turns;
mod upload;

pub(super) use serve::parse_id;

use super::Gateway;
use axum::{
    Router,
    routing::{get, post},
};
use jmessage_core::{Grants, Session};
use jmessage_media::{Picture, View};
use jmessage_model::FileId;
use jmessage_proto::{PATH, Response};
use quick_cache::{Weighter, sync::Cache};
use std::{sync::Arc, time::Duration};
use tokio::sync::Semaphore;
use turns::{Places, Turns};

/// Bytes of smaller pictures kept in memory.
const CACHE: u64 = 64 << 20;
/// What one picture in the cache costs beside its bytes.
const OVERHEAD: u64 = 256;
/// Pictures decoded at a time to be made smaller.
const DECODING: usize = 2;
/// Uploads looked into at a time; apart from the above, so that looking at pictures never keeps others from uploading.
const CHECKING: usize = 2;
/// Pictures held in memory at a time to be made smaller.
const FETCHED: usize = 8;
/// How long anything waits for its turn before its page is told to come back.
const TURN_WITHIN: Duration = Duration::from_secs(15);
/// Uploads of one user at a time.
const UPLOADS_EACH: usize = 4;
/// Files that one user reads at a time, and never more than a quarter of those that all do.
const DOWNLOADS_EACH: usize = 64;
/// Bytes a second below which an exchange is too slow to be waited for.
const SLOWEST: u64 = 16 << 10;
/// Time for an exchange beside what its bytes take.
const AT_LEAST: Duration = Duration::from_secs(30);

/// What the routes of files share.
pub(super) struct Media {
    views: Cache<(FileId, View), Picture, Weight>,
    viewers: Turns,
    fetched: Arc<Semaphore>,
    decoding: Arc<Semaphore>,
    checking: Arc<Semaphore>,
    uploads: Places,
    downloads: Places,
}

#[derive(Clone)]
struct Weight;

impl Weighter<(FileId, View), Picture> for Weight {
    fn weight(&self, _: &(FileId, View), picture: &Picture) -> u64 {
        OVERHEAD + picture.bytes.len() as u64
    }
}

impl Media {
    pub(super) fn new(uploads: usize, downloads: usize) -> Self {
        Self {
            views: Cache::with_weighter(4096, CACHE, Weight),
            viewers: Turns::default(),
            fetched: Arc::new(Semaphore::new(FETCHED)),
            decoding: Arc::new(Semaphore::new(DECODING)),
            checking: Arc::new(Semaphore::new(CHECKING)),
            uploads: Places::new(uploads, UPLOADS_EACH),
            downloads: Places::new(downloads, DOWNLOADS_EACH.min(downloads.div_ceil(4))),
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
