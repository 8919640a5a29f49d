//! What is fuzzed: one function for each target, which panics when a promise is broken.
//!
//! `fuzz_targets/` hands them to libFuzzer; a test of the testkit replays `corpus/` through the same functions, so that
//! neither rots. Must know nothing but what the crates show to everybody.

mod page;

use futures_util::FutureExt;
use jmessage_gateway::{
    jmessage::makes_sense,
    socket::{Frame, Incoming, Socket, WebSocket},
};
use jmessage_proto::{Request, Response, json::Known};
use jmessage_sign::{Field, Fields, MasterSecret, sign, verify};
use serde_json::value::RawValue;

/// The server reads a request: it is refused, or is the same when it is written and read again. If its shape is known, it says
/// what it is decoded to.
pub fn request(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let known = Known::read(text);
    let Ok(request) = Request::decode(text) else {
        assert!(known.is_none(), "{text}");
        return;
    };
    let request = request.map_body(|raw| raw.get().to_owned());
    if let Some(known) = known {
        assert!(says(&known, &request), "{text}");
    }
    let written = request.clone().encode();
    let again = Request::decode(&written).expect("what is written can be read");
    assert!(again.map_body(|raw| raw.get().to_owned()) == request, "{written}");
}

fn says(known: &Known<'_>, request: &Request<String>) -> bool {
    match (known, request) {
        (
            Known::Text { id, key, target_type, target_id, text },
            Request::Send { id: id2, key: key2, target_type: type2, target_id: target2, msg_type, msg_body },
        ) => {
            let body: serde_json::Value = serde_json::from_str(msg_body).unwrap_or_default();
            (id, *key, *target_type, *target_id) == (id2, key2.as_str(), type2.as_str(), target2.as_str())
                && (msg_type.as_str(), &body) == ("text", &serde_json::json!({ "text": text }))
        }
        (Known::Ack { cursors }, Request::Ack { cursors: cursors2 }) => cursors == cursors2,
        _ => false,
    }
}

/// The client reads a response: the same.
pub fn response(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(response) = Response::decode(text) else { return };
    let response = response.map_message(|raw| raw.get().to_owned());
    let written = response.clone().encode();
    let again = Response::decode(&written).expect("what is written can be read");
    assert!(again.map_message(|raw| raw.get().to_owned()) == response, "{written}");
}

/// Bytes of a client on a WebSocket: whatever they are, they end, no message is beyond the limit, and they say the same
/// when they arrive in two parts. The first byte says where they are cut.
pub fn websocket(data: &[u8]) {
    const MAX: usize = 1000;
    let Some((&cut, data)) = data.split_first() else { return };
    let whole = incoming(WebSocket::server(tokio::io::empty(), data, MAX), data.len());
    let (early, late) = data.split_at(usize::from(cut).min(data.len()));
    let stream = tokio::io::join(late, tokio::io::sink());
    let parts = incoming(WebSocket::server(stream, early, MAX), data.len());
    assert_eq!(whole, parts, "cut at {cut}");
    for frame in whole {
        match frame {
            Incoming::Text(text) => assert!(text.len() <= MAX),
            Incoming::Binary(bytes) => assert!(bytes.len() <= MAX),
            _ => {}
        }
    }
}

fn incoming(mut socket: impl Socket, size: usize) -> Vec<Incoming> {
    let mut all = Vec::new();
    loop {
        let next = socket.next().now_or_never().expect("everything is there");
        let over = matches!(next, Incoming::Closed | Incoming::Broken);
        all.push(next);
        if over {
            return all;
        }
        assert!(all.len() <= size, "more frames than bytes");
        if let Some(fed) = socket.feed(Frame::Ping).now_or_never() {
            let _ = fed;
        }
        let _ = socket.flush().now_or_never();
    }
}

/// The options of a call, behind its name and a line feed.
pub fn call(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some((method, params)) = text.split_once('\n') else { return };
    let Ok(params) = serde_json::from_str::<&RawValue>(params) else { return };
    if let Err(said) = makes_sense(method, params) {
        assert!(!said.is_empty());
    }
}

/// The fields of a signature, each on a line of its own: what is in the grammar signs and verifies, and nothing in the
/// grammar could be taken for the next field.
pub fn signature(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (app_key, timestamp, random_str, secret, given) = (line(), line(), line(), line(), line());
    let fields = Fields::new(app_key, timestamp, random_str);
    let known = [(Field::AppKey, app_key), (Field::Timestamp, timestamp), (Field::RandomStr, random_str)];
    let right = known.iter().all(|(field, value)| field.check(value).is_ok());
    assert_eq!(fields.is_ok(), right);
    let (Ok(fields), Ok(secret)) = (fields, MasterSecret::new(secret)) else { return };
    assert!(![app_key, timestamp, random_str].iter().any(|value| value.contains(['&', '='])));
    let (now, made) = (fields.timestamp_seconds(), sign(&fields, &secret));
    assert_eq!(verify(&fields, made.as_str(), &secret, now, 0), Ok(()));
    assert!(verify(&fields, made.as_str(), &secret, now + 601, 600).is_err());
    let same = given.eq_ignore_ascii_case(made.as_str());
    assert_eq!(verify(&fields, given, &secret, now, 0).is_ok(), same);
}

/// What arrives at a client; see [`page::play`].
pub fn client(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        page::play(text);
    }
}
