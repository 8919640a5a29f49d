//! Giving files out: whole, in part, smaller, or only what is known of them.

use super::{
    TURN_WITHIN,
    answer::{Failure, with_always},
    time_for,
    turns::{Place, Turn, turn},
};
use crate::{
    Patience,
    jmessage::{
        Gateway,
        outbound::{IMAGE_ID, VOICE_ID},
        wire::Refused,
    },
};
use axum::{
    Extension, Json,
    body::{Body, HttpBody},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{StreamExt, TryStreamExt};
use jmessage_core::{Error, FileKind, Purpose};
use jmessage_media::{Picture, View};
use jmessage_model::{Extent, FileId, Format, Media, UserId};
use serde_json::{Value, json};
use std::{io, ops::Range, sync::Arc};
use tokio::time::Instant;

/// A file never changes, so whoever has it need not ask again.
const KEEP: &str = "private, max-age=31536000, immutable";

/// `GET` of a file.
pub(super) async fn serve(
    State(gateway): State<Arc<Gateway>>,
    Path((capability, media_id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    patience: Option<Extension<Patience>>,
    headers: HeaderMap,
) -> Response {
    let asked = Asked { capability, media_id, query: query.unwrap_or_default(), headers };
    match give(&gateway, &asked, patience).await {
        Ok(response) => with_always(response),
        Err(failure) => failure.into_response(),
    }
}

struct Asked {
    capability: String,
    media_id: String,
    query: String,
    headers: HeaderMap,
}

/// In which form a file is asked for.
enum Form {
    Whole,
    Info,
    Smaller(View),
}

async fn give(
    gateway: &Gateway,
    asked: &Asked,
    patience: Option<Extension<Patience>>,
) -> Result<Response, Failure> {
    let bearer = gateway.core.bearer(&asked.capability, Purpose::Read)?;
    let place = gateway.media.downloads.take(bearer.user).ok_or_else(Failure::busy)?;
    let (kind, id) =
        parse_id(asked.media_id.strip_suffix(".mp3").unwrap_or(&asked.media_id)).ok_or(Error::NoSuchFile)?;
    let media = gateway.core.file(bearer, id).await?;
    if FileKind::of(media.facts.extent) != kind {
        return Err(Error::NoSuchFile.into());
    }
    let form = form(&asked.query, &media)?;
    if let Some(Extension(patience)) = patience {
        patience.allow(time_for(media.facts.size));
    }
    let given = match form {
        Form::Info => Ok(Json(info(&media)).into_response()),
        Form::Whole => whole(gateway, &media, &asked.headers).await,
        Form::Smaller(view) => smaller(gateway, bearer.user, &media, view, &asked.headers).await,
    };
    given.map(|response| held(response, place))
}

/// The answer keeps its place until its body was sent or given up.
fn held(mut response: Response, place: Place) -> Response {
    if !response.status().is_success() {
        return response;
    }
    // What is not known any more once the body is a stream.
    if let Some(length) = response.body().size_hint().exact() {
        set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    }
    response.map(|body| {
        Body::from_stream(body.into_data_stream().inspect(move |_| {
            let _ = &place;
        }))
    })
}

/// The kind and name in a `media_id`.
pub(in crate::jmessage) fn parse_id(media_id: &str) -> Option<(FileKind, FileId)> {
    let (kind, name) = match media_id.strip_prefix(IMAGE_ID) {
        Some(name) => (FileKind::Image, name),
        None => (FileKind::Voice, media_id.strip_prefix(VOICE_ID)?),
    };
    Some((kind, FileId::parse(name)?))
}

/// What the query asks for. What is not about pictures, such as a number against caches, is passed over.
fn form(query: &str, media: &Media) -> Result<Form, Failure> {
    let first = query.split('&').next().unwrap_or_default();
    let first = first.trim_end_matches('=').replace("%2F", "/").replace("%2f", "/");
    if !first.starts_with("image") {
        return Ok(Form::Whole);
    }
    let refused = |why| Err(Failure::new(StatusCode::BAD_REQUEST, Refused::argument(why)));
    if FileKind::of(media.facts.extent) != FileKind::Image {
        return refused("only a picture can be looked at");
    }
    match first.split('/').next() {
        Some("imageInfo") => Ok(Form::Info),
        Some("imageView2") => Ok(Form::Smaller(View::parse(&first)?)),
        _ => refused("only imageView2 and imageInfo are known here"),
    }
}

/// What `?imageInfo` answers; formats are named as there.
fn info(media: &Media) -> Value {
    let format = match media.facts.format {
        Format::Jpg => "jpeg",
        other => other.word(),
    };
    let mut value = json!({ "size": media.facts.size, "format": format });
    if let Extent::Image { width, height } = media.facts.extent {
        value["width"] = width.into();
        value["height"] = height.into();
    }
    value
}

async fn smaller(
    gateway: &Gateway,
    user: UserId,
    media: &Media,
    view: View,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let tag = format!("\"{}-{:016x}\"", media.file, tag_of(&view));
    if is_known(headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let key = (media.file, view);
    let views = &gateway.media.views;
    let picture = if let Some(picture) = views.get(&key) {
        picture
    } else {
        // Before the place in the cache, so that nobody who wants the same waits for this user's other pictures.
        let until = Instant::now() + TURN_WITHIN;
        let own = turn(&gateway.media.viewers.of(user), until).await?;
        views.get_or_insert_async(&key, make(gateway, own, until, media, view)).await?
    };
    let mut response = picture.bytes.into_response();
    describe(&mut response, picture.format, &tag);
    Ok(response)
}

/// Tells views of one file apart; only within one process, which at worst sends a picture once more.
fn tag_of(view: &View) -> u64 {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    view.hash(&mut hasher);
    hasher.finish()
}

/// Makes a picture smaller. The turns are given back when it is made, even if the page goes away before.
async fn make(
    gateway: &Gateway,
    own: Turn,
    until: Instant,
    media: &Media,
    view: View,
) -> Result<Picture, Failure> {
    let fetched = turn(&gateway.media.fetched, until).await?;
    let stream = gateway.core.file_bytes(media.file, None).await?;
    let parts: Vec<_> = stream.try_collect().await.map_err(|error| {
        tracing::error!(%error, file = %media.file, "a file could not be read");
        Error::Unavailable
    })?;
    let decoding = turn(&gateway.media.decoding, Instant::now() + TURN_WITHIN).await?;
    let format = media.facts.format;
    let made = tokio::task::spawn_blocking(move || {
        let picture = view.of(&parts.concat(), format);
        drop((decoding, fetched, own));
        picture
    });
    Ok(made.await.map_err(|_| Error::Unavailable)??)
}

async fn whole(gateway: &Gateway, media: &Media, headers: &HeaderMap) -> Result<Response, Failure> {
    let tag = format!("\"{}\"", media.file);
    if is_known(headers, &tag) {
        return Ok(not_modified(&tag));
    }
    let size = media.facts.size;
    let Ok(part) = part(headers, &tag, size) else {
        let range = format!("bytes */{size}");
        return Ok((StatusCode::RANGE_NOT_SATISFIABLE, [(header::CONTENT_RANGE, range)]).into_response());
    };
    let length = part.as_ref().map_or(size, |part| part.end - part.start);
    let stream = gateway.core.file_bytes(media.file, part.clone()).await?;
    let mut response = Body::from_stream(stream.map_err(io::Error::other)).into_response();
    describe(&mut response, media.facts.format, &tag);
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(&mut response, header::CONTENT_LENGTH, &length.to_string());
    if let Some(part) = part {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        set(&mut response, header::CONTENT_RANGE, &format!("bytes {}-{}/{size}", part.start, part.end - 1));
    }
    Ok(response)
}

/// The part that is asked for; `None` for all of it, also where it is asked for in several parts, which need not be
/// given; an error when no byte of the file lies in it.
fn part(headers: &HeaderMap, tag: &str, size: u64) -> Result<Option<Range<u64>>, ()> {
    let Some(range) = headers.get(header::RANGE).and_then(|range| range.to_str().ok()) else {
        return Ok(None);
    };
    if headers.get(header::IF_RANGE).is_some_and(|other| other.as_bytes() != tag.as_bytes()) {
        return Ok(None);
    }
    let Ok(parsed) = http_range_header::parse_range_header(range) else { return Ok(None) };
    let ranges = parsed.validate(size).map_err(drop)?;
    match ranges.as_slice() {
        [range] => Ok(Some(*range.start()..range.end() + 1)),
        _ => Ok(None),
    }
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    known.is_some_and(|known| {
        known.split(',').any(|one| one.trim() == "*" || one.trim().trim_start_matches("W/") == tag)
    })
}

fn not_modified(tag: &str) -> Response {
    let mut response = StatusCode::NOT_MODIFIED.into_response();
    set(&mut response, header::ETAG, tag);
    set(&mut response, header::CACHE_CONTROL, KEEP);
    response
}

fn describe(response: &mut Response, format: Format, tag: &str) {
    let (kind, name) = content_type(format);
    set(response, header::CONTENT_TYPE, kind);
    set(response, header::CONTENT_DISPOSITION, &format!("inline; filename=\"{name}.{}\"", format.word()));
    set(response, header::CACHE_CONTROL, KEEP);
    set(response, header::ETAG, tag);
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// What the bytes are called on the web, and a name that says nothing.
fn content_type(format: Format) -> (&'static str, &'static str) {
    match format {
        Format::Jpg => ("image/jpeg", "image"),
        Format::Png => ("image/png", "image"),
        Format::Gif => ("image/gif", "image"),
        Format::Webp => ("image/webp", "image"),
        Format::Mp3 => ("audio/mpeg", "voice"),
        Format::Aac => ("audio/aac", "voice"),
        Format::M4a => ("audio/mp4", "voice"),
        Format::Ogg => ("audio/ogg", "voice"),
        Format::Wav => ("audio/wav", "voice"),
        Format::Amr => ("audio/amr", "voice"),
        Format::Webm => ("audio/webm", "voice"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jmessage::media::turns::Places;

    fn asking(range: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(header::RANGE, HeaderValue::from_static(range))])
    }

    #[test]
    fn a_part_is_given_where_one_is_asked_for() {
        let of = |range| part(&asking(range), "\"t\"", 100);
        assert_eq!(of("bytes=0-9"), Ok(Some(0..10)));
        assert_eq!(of("bytes=90-"), Ok(Some(90..100)));
        assert_eq!(of("bytes=90-1000"), Ok(Some(90..100)));
        assert_eq!(of("bytes=-10"), Ok(Some(90..100)));
        assert_eq!(of("bytes=100-"), Err(()));
        assert_eq!(of("bytes=0-1,5-6"), Ok(None));
        assert_eq!(of("lines=1-2"), Ok(None));
        assert_eq!(part(&HeaderMap::new(), "\"t\"", 100), Ok(None));
    }

    #[test]
    fn a_part_of_another_version_is_not_given() {
        let mut headers = asking("bytes=0-9");
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"t\""));
        assert_eq!(part(&headers, "\"t\"", 100), Ok(Some(0..10)));
        headers.insert(header::IF_RANGE, HeaderValue::from_static("\"other\""));
        assert_eq!(part(&headers, "\"t\"", 100), Ok(None));
    }

    #[test]
    fn an_answer_keeps_its_place_as_long_as_its_body_lives() {
        let places = Places::new(1, 1);
        let response = held("12345".into_response(), places.take(UserId(1)).unwrap());
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "5");
        assert!(places.take(UserId(2)).is_none());
        drop(response);
        assert!(places.take(UserId(2)).is_some());
    }

    #[test]
    fn a_media_id_names_its_kind() {
        let name = "0123456789abcdef0123456789abcdef";
        let id = FileId::parse(name).unwrap();
        assert_eq!(parse_id(&format!("qiniu/image/{name}")), Some((FileKind::Image, id)));
        assert_eq!(parse_id(&format!("qiniu/voice/{name}")), Some((FileKind::Voice, id)));
        for wrong in [name, "qiniu/file/0123456789abcdef0123456789abcdef", "qiniu/image/..", ""] {
            assert_eq!(parse_id(wrong), None, "{wrong}");
        }
    }
}
