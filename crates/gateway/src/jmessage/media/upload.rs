//! Taking files in.

use super::{
    Place,
    answer::{Failure, with_always},
    time_for,
};
use crate::{
    Patience,
    jmessage::{Gateway, outbound::media_id},
};
use axum::{
    Extension, Json,
    body::{Body, BodyDataStream},
    extract::{Path, State},
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use jmessage_core::{Bearer, Error, Purpose};
use jmessage_media::inspect;
use jmessage_model::{Extent, Facts, Media};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout, timeout_at};

/// Of an upload that is refused, up to so many times the limit is read and thrown away: a browser reads no answer before
/// it has sent its file.
const PATIENT: u64 = 4;

/// `POST` of a raw file.
pub(super) async fn upload(
    State(gateway): State<Arc<Gateway>>,
    Path(capability): Path<String>,
    patience: Option<Extension<Patience>>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mut body = Incoming {
        stream: body.into_data_stream(),
        stall: gateway.options.upload_stall,
        until: Instant::now() + time_for(gateway.core.limits().upload),
    };
    match take(&gateway, &capability, patience, &headers, &mut body).await {
        Ok(media) => with_always(Json(described(&media)).into_response()),
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
    if let Some(Extension(patience)) = patience {
        patience.allow(time_for(limit));
    }
    let declared =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
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
    let turn = gateway.media.decoding.clone().acquire_owned().await.map_err(|_| Error::Unavailable)?;
    let measured = tokio::task::spawn_blocking(move || {
        let facts = inspect(&bytes);
        drop(turn);
        facts.map(|facts| (facts, bytes))
    });
    Ok(measured.await.map_err(|_| Error::Unavailable)??)
}

/// A body as it comes in, and how long it may take.
struct Incoming {
    stream: BodyDataStream,
    stall: Duration,
    until: Instant,
}

impl Incoming {
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
        match timeout_at(self.until, timeout(self.stall, self.stream.next())).await {
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(Ok(part)))) => Ok(Some(part)),
            Ok(Ok(Some(Err(_))) | Err(_)) | Err(_) => Err(Failure::slow()),
        }
    }
}

/// What a page needs of an uploaded file to send it.
fn described(media: &Media) -> Value {
    let facts = &media.facts;
    let mut value = json!({
        "media_id": media_id(media),
        "media_crc32": facts.crc32,
        "format": facts.format.word(),
        "fsize": facts.size,
    });
    match facts.extent {
        Extent::Image { width, height } => {
            value["width"] = width.into();
            value["height"] = height.into();
        }
        Extent::Voice { seconds } => value["duration"] = seconds.into(),
    }
    value
}
