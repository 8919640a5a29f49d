//! Taking files in.

use super::{
    TURN_WITHIN,
    answer::{Failure, with_always},
    time_for,
    turns::{Place, turn},
};
use crate::{
    Patience,
    jmessage::{Gateway, outbound::described},
};
use axum::{
    Extension,
    body::{Body, BodyDataStream},
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use jmessage_core::{Bearer, Error, Purpose};
use jmessage_media::inspect;
use jmessage_model::{Facts, Media};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};

/// Of an upload that is refused, up to so many times the limit is read and thrown away: a browser reads no answer before
/// it has sent its file.
const PATIENT: u64 = 4;
/// How long a connection may live on for its answer once the file has arrived.
const ANSWERED_WITHIN: Duration = Duration::from_mins(1);

/// `POST` of a raw file.
pub(super) async fn upload(
    State(gateway): State<Arc<Gateway>>,
    Path(capability): Path<String>,
    patience: Option<Extension<Patience>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut body = Incoming::new(body, gateway.options.upload_stall, gateway.core.limits().upload);
    match take(&gateway, &capability, patience, &headers, &mut body).await {
        Ok(media) => {
            with_always(([(header::CONTENT_TYPE, "application/json")], described(&media)).into_response())
        }
        Err(failure) => {
            gateway.core.refused_upload();
            body.drain(gateway.core.limits().upload.saturating_mul(PATIENT)).await;
            failure.into_response()
        }
    }
}

async fn take(
    gateway: &Arc<Gateway>,
    capability: &str,
    patience: Option<Extension<Patience>>,
    headers: &HeaderMap,
    body: &mut Incoming,
) -> Result<Media, Failure> {
    let bearer = gateway.core.bearer(capability, Purpose::Upload)?;
    let limit = gateway.core.limits().upload;
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if let Some(Extension(patience)) = patience {
        patience.allow(time_for(declared.unwrap_or(limit).min(limit)) + ANSWERED_WITHIN);
    }
    if declared.is_some_and(|declared| declared > limit) {
        return Err(Error::FileTooLarge(limit).into());
    }
    let place = gateway.media.uploads.take(bearer.user).ok_or_else(Failure::busy)?;
    let bytes = body.read(limit).await?;
    let uploading = keep(gateway.clone(), bearer, bytes, place);
    // Finished even if the page goes away meanwhile.
    tokio::spawn(uploading).await.map_err(|_| Error::Unavailable)?
}

async fn keep(gateway: Arc<Gateway>, bearer: Bearer, bytes: Bytes, place: Place) -> Result<Media, Failure> {
    let (facts, bytes) = measure(&gateway, bytes).await?;
    let kept = gateway.core.keep_file(bearer, facts, bytes).await;
    drop(place);
    Ok(kept?)
}

async fn measure(gateway: &Gateway, bytes: Bytes) -> Result<(Facts, Bytes), Failure> {
    let turn = turn(&gateway.media.checking, Instant::now() + TURN_WITHIN).await?;
    let measured = tokio::task::spawn_blocking(move || {
        let facts = inspect(&bytes);
        drop(turn);
        facts.map(|facts| (facts, bytes))
    });
    Ok(measured.await.map_err(|_| Error::Unavailable)??)
}

/// A body as it comes in, and how long it may take: at every moment no longer than what came until then may.
struct Incoming {
    stream: BodyDataStream,
    stall: Duration,
    start: Instant,
    received: u64,
    /// No time is given for more bytes than these.
    limit: u64,
}

impl Incoming {
    fn new(body: Body, stall: Duration, limit: u64) -> Self {
        Self { stream: body.into_data_stream(), stall, start: Instant::now(), received: 0, limit }
    }

    /// The whole body, if it has no more than `limit` bytes.
    async fn read(&mut self, limit: u64) -> Result<Bytes, Failure> {
        let mut bytes = BytesMut::new();
        while let Some(part) = self.next().await? {
            if (bytes.len() + part.len()) as u64 > limit {
                return Err(Error::FileTooLarge(limit).into());
            }
            bytes.extend_from_slice(&part);
        }
        Ok(bytes.freeze())
    }

    /// Reads on and throws away, so that the peer comes to read its answer.
    async fn drain(&mut self, mut limit: u64) {
        while let Ok(Some(part)) = self.next().await {
            limit = limit.saturating_sub(part.len() as u64);
            if limit == 0 {
                return;
            }
        }
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        let until = self.start + time_for(self.received.min(self.limit));
        match timeout_at(until, timeout(self.stall, self.stream.next())).await {
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(Ok(part)))) => {
                self.received += part.len() as u64;
                Ok(Some(part))
            }
            Ok(Ok(Some(Err(_))) | Err(_)) | Err(_) => Err(Failure::slow()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;
    use std::convert::Infallible;

    /// A body of parts of so many bytes, `every` so often, without end.
    fn dripping(bytes: usize, every: Duration) -> Incoming {
        let parts = stream::unfold((), move |()| async move {
            tokio::time::sleep(every).await;
            Some((Ok::<_, Infallible>(Bytes::from(vec![0; bytes])), ()))
        });
        Incoming::new(Body::from_stream(parts), Duration::from_secs(20), 1 << 20)
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_drips_is_given_up_soon_and_a_slow_one_is_waited_for() {
        let start = Instant::now();
        let refused = dripping(1, Duration::from_secs(19)).read(1 << 20).await;
        assert_eq!((refused.err(), start.elapsed().as_secs()), (Some(Failure::slow()), 30));
        let start = Instant::now();
        let too_large = dripping(16 << 10, Duration::from_secs(1)).read(1 << 20).await;
        assert_eq!(too_large.err(), Some(Error::FileTooLarge(1 << 20).into()), "it came as far as the limit");
        assert_eq!(start.elapsed().as_secs(), 65);
    }
}
