//! From an HTTP request to a WebSocket (RFC 6455 §4.2); nothing of HTTP stays in memory afterwards.

use super::WebSocket;
use crate::{Taken, Takeover};
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{AppendHeaders, IntoResponse, Response},
};
use bytes::Bytes;
use data_encoding::BASE64;
use futures_util::future::BoxFuture;
use sha1::{Digest, Sha1};
use std::future::Future;
use tokio::net::TcpStream;

/// What a server proves its understanding with.
const MAGIC: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// A request that may become a WebSocket.
pub struct Handshake {
    accept: HeaderValue,
    protocol: Option<&'static str>,
    takeover: Takeover,
}

impl Handshake {
    /// Looks at a request, for a server that speaks this subprotocol; an answer when it asks for no WebSocket.
    #[expect(clippy::result_large_err, reason = "the answer is given at once")]
    pub fn of(mut request: Request, protocol: &'static str) -> Result<Self, Response> {
        let takeover = request.extensions_mut().remove::<Takeover>();
        let headers = request.headers();
        let asks =
            lists(headers, header::CONNECTION, "upgrade") && lists(headers, header::UPGRADE, "websocket");
        let version = headers.get(header::SEC_WEBSOCKET_VERSION).is_some_and(|version| version == "13");
        let Some(takeover) = takeover.filter(|_| asks && version) else {
            let say = [(header::UPGRADE, "websocket"), (header::SEC_WEBSOCKET_VERSION, "13")];
            return Err((StatusCode::UPGRADE_REQUIRED, say, "a WebSocket is required\n").into_response());
        };
        let Some(accept) = headers.get(header::SEC_WEBSOCKET_KEY).and_then(accept) else {
            return Err((StatusCode::BAD_REQUEST, "Sec-WebSocket-Key makes no sense\n").into_response());
        };
        let agrees = lists(headers, header::SEC_WEBSOCKET_PROTOCOL, protocol);
        Ok(Self { accept, protocol: agrees.then_some(protocol), takeover })
    }

    /// Whether the client speaks the server's subprotocol.
    pub fn agrees(&self) -> bool {
        self.protocol.is_some()
    }

    /// Accepts. `serve` runs in a task of its own, when the socket is there; messages have at most `max` bytes.
    pub fn accept<F>(
        self,
        max: usize,
        serve: impl FnOnce(WebSocket<TcpStream>) -> F + Send + 'static,
    ) -> Response
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let Self { accept, protocol, takeover } = self;
        let serve = move |stream, read: Bytes| -> BoxFuture<'static, ()> {
            Box::pin(serve(WebSocket::server(stream, &read, max)))
        };
        if takeover.take(Taken::Stream(Box::new(serve))).is_err() {
            return (StatusCode::BAD_REQUEST, "this connection is taken already\n").into_response();
        }
        let protocol = protocol.map(|protocol| [(header::SEC_WEBSOCKET_PROTOCOL, protocol)]);
        let headers = [
            (header::CONNECTION, HeaderValue::from_static("upgrade")),
            (header::UPGRADE, HeaderValue::from_static("websocket")),
            (header::SEC_WEBSOCKET_ACCEPT, accept),
        ];
        let answer = (StatusCode::SWITCHING_PROTOCOLS, headers);
        match protocol {
            Some(protocol) => (answer.0, answer.1, AppendHeaders(protocol)).into_response(),
            None => answer.into_response(),
        }
    }
}

/// Whether the comma-separated lists under `name` have this token.
fn lists(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// The proof for a key, which is 16 bytes in base64.
fn accept(key: &HeaderValue) -> Option<HeaderValue> {
    let key = key.as_bytes();
    if BASE64.decode(key).ok()?.len() != 16 {
        return None;
    }
    let digest = Sha1::new().chain_update(key).chain_update(MAGIC).finalize();
    HeaderValue::try_from(BASE64.encode(&digest)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_is_that_of_the_standard() {
        let proof = |key| accept(&HeaderValue::from_static(key));
        assert_eq!(proof("dGhlIHNhbXBsZSBub25jZQ==").unwrap(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(proof("dGhlIHNhbXBsZSBub25jZQ"), None);
        assert_eq!(proof("c2hvcnQ="), None);
    }

    #[test]
    fn tokens_are_found_in_lists_in_any_case() {
        let headers = HeaderMap::from_iter([
            (header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade")),
            (header::UPGRADE, HeaderValue::from_static("h2c")),
        ]);
        assert!(lists(&headers, header::CONNECTION, "upgrade"));
        assert!(!lists(&headers, header::UPGRADE, "websocket"));
        assert!(!lists(&headers, header::SEC_WEBSOCKET_PROTOCOL, "jmessage.v1"));
    }
}
