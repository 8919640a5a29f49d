//! How the routes of files answer: headers that every answer has, and errors as JSON.

use crate::jmessage::wire::Refused;
use axum::{
    Json,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use jmessage_core::Error;
use jmessage_media::{BadView, Unfit};
use jmessage_proto::Code;
use serde_json::json;

/// How long a browser may remember that every page may ask, in seconds.
const REMEMBERED: &str = "86400";
/// After how many seconds somebody who met a busy server should try again.
const RETRY_AFTER: &str = "2";

/// On every answer: any page may read it, nothing guesses what it is, and nothing in it runs.
const ALWAYS: [(HeaderName, &str); 6] = [
    (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    (header::ACCESS_CONTROL_EXPOSE_HEADERS, "Retry-After, Content-Range, ETag"),
    (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::CONTENT_SECURITY_POLICY, "sandbox; default-src 'none'"),
    // The address is a right, not to be told to other sites.
    (header::REFERRER_POLICY, "no-referrer"),
];

/// Adds what every answer has.
pub(super) fn with_always(mut response: Response) -> Response {
    for (name, value) in ALWAYS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// What a browser hears before it sends a file or asks for a part of one.
pub(super) async fn preflight() -> Response {
    let headers: [(HeaderName, &str); 3] = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD, POST, OPTIONS"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, range"),
        (header::ACCESS_CONTROL_MAX_AGE, REMEMBERED),
    ];
    with_always((StatusCode::NO_CONTENT, headers).into_response())
}

/// A refusal with its status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    status: StatusCode,
    refused: Refused,
}

impl Failure {
    pub(super) fn new(status: StatusCode, refused: Refused) -> Self {
        Self { status, refused }
    }

    /// Too much is under way.
    pub(super) fn busy() -> Self {
        Error::Busy.into()
    }

    /// The peer is too slow, or went away.
    pub(super) fn slow() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, Refused::new(Code::RequestTimeout, "the upload is too slow"))
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error {
            Error::FileTooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Error::NotEntitled | Error::StorageFull => StatusCode::FORBIDDEN,
            Error::NoSuchFile => StatusCode::NOT_FOUND,
            Error::Busy | Error::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Error::NoSuchApp
            | Error::NoSuchUser
            | Error::NoSuchTarget
            | Error::WrongPassword
            | Error::Unverifiable
            | Error::Taken
            | Error::Name(_)
            | Error::Content(_)
            | Error::KeyReused
            | Error::NoSuchGroup
            | Error::NotInGroup
            | Error::NotInGroupToLeave
            | Error::MayNotChange
            | Error::MayNotRemove
            | Error::MayNotBroadcast
            | Error::TooManyGroups
            | Error::GroupFull
            | Error::Superseded
            | Error::NoSession => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.into())
    }
}

impl From<Unfit> for Failure {
    fn from(unfit: Unfit) -> Self {
        let status = match unfit {
            Unfit::Unsupported | Unfit::BrokenPicture | Unfit::BrokenSound => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Unfit::TooManyPixels | Unfit::TooManyScans => StatusCode::PAYLOAD_TOO_LARGE,
        };
        Self::new(status, Refused::argument(unfit.to_string()))
    }
}

impl From<BadView> for Failure {
    fn from(bad: BadView) -> Self {
        Self::new(StatusCode::BAD_REQUEST, Refused::argument(bad.to_string()))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let Self { status, refused } = self;
        let body = json!({ "error": { "code": refused.code.number(), "message": refused.message } });
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER));
        }
        with_always((status, headers, Json(body)).into_response())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_status_and_code() {
        let table: [(Failure, u16, u32); 10] = [
            (Error::FileTooLarge(1).into(), 413, 803_007),
            (Error::StorageFull.into(), 403, 872_002),
            (Error::NotEntitled.into(), 403, 872_005),
            (Error::NoSuchFile.into(), 404, 872_002),
            (Error::Unavailable.into(), 503, 872_000),
            (Failure::busy(), 503, 872_000),
            (Failure::slow(), 408, 872_006),
            (Unfit::Unsupported.into(), 415, 872_002),
            (Unfit::TooManyPixels.into(), 413, 872_002),
            (BadView::Mode.into(), 400, 872_002),
        ];
        for (failure, status, code) in table {
            assert_eq!(
                (failure.status.as_u16(), failure.refused.code.number()),
                (status, code),
                "{failure:?}"
            );
        }
    }
}
