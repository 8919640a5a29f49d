//! From frames to the core.
//!
//! | wire | domain |
//! |---|---|
//! | `appKey` | App key |
//! | `username`, `target_id` of a single chat | Username |
//! | `key` | `ClientKey` |
//! | `[conversation, seq]` | a position of a cursor |

use super::{Gateway, wire::Refused};
use jmessage_core::{Error, Session, Token, port::AppRecord};
use jmessage_model::{AppKey, ClientKey, Content, ConversationId, Password, Platform, Seq, Username};
use jmessage_proto::{Code, Position, TargetType};
use jmessage_sign::{Fields, MasterSecret};
use serde_json::value::RawValue;
use std::sync::Arc;

/// The App that the signature belongs to.
pub(super) async fn config(
    gateway: &Gateway,
    app_key: &str,
    timestamp: &str,
    random_str: &str,
    signature: &str,
) -> Result<AppRecord, Refused> {
    if signature.is_empty() {
        return Err(Refused::new(Code::SignatureInvalid, "signature is missing"));
    }
    let app = find_app(gateway, app_key).await?;
    let bad_field = |error| Refused::from(jmessage_sign::VerifyError::from(error));
    let fields = Fields::new(app_key, timestamp, random_str).map_err(bad_field)?;
    let secret = MasterSecret::new(&app.secret).map_err(|error| {
        tracing::error!(app = %app.key, %error, "the master secret of an app cannot sign");
        Refused::from(Code::ServerError)
    })?;
    let now = gateway.core.now().seconds();
    jmessage_sign::verify(&fields, signature, &secret, now, gateway.options.signature_window)?;
    Ok(app)
}

async fn find_app(gateway: &Gateway, app_key: &str) -> Result<AppRecord, Refused> {
    let key = AppKey::new(app_key).map_err(|_| Error::NoSuchApp)?;
    Ok(gateway.core.app(&key).await?)
}

/// A new session by name and password.
pub(super) async fn login(
    gateway: &Gateway,
    app: &AppRecord,
    username: &str,
    password: &str,
) -> Result<(Arc<Session>, Token), Refused> {
    let name = Username::new(username).map_err(|_| Error::NoSuchUser)?;
    let password = Password::new(password).map_err(|_| Error::WrongPassword)?;
    Ok(gateway.core.login(app.id, name.as_str(), password, Platform::Web).await?)
}

/// The session of a token, on this connection.
pub(super) async fn resume(
    gateway: &Gateway,
    app_key: &str,
    token: &str,
    cursors: Vec<Position>,
) -> Result<(AppRecord, Arc<Session>, Token), Refused> {
    let app = find_app(gateway, app_key).await?;
    let token = Token::parse(token).ok_or(Error::NoSession)?;
    let session = gateway.core.resume(app.id, &token, Platform::Web, positions(cursors)).await?;
    Ok((app, session, token))
}

/// What a `send` frame asks for.
pub(super) struct Send<'a> {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) target_type: String,
    pub(super) target_id: String,
    pub(super) msg_type: String,
    pub(super) msg_body: &'a RawValue,
}

/// Submits a message; its answer comes through the session's queue.
pub(super) async fn send(gateway: &Gateway, session: &Arc<Session>, frame: Send<'_>) -> Result<(), Refused> {
    let key = ClientKey::new(&frame.key).map_err(|e| Refused::argument(format!("key {e}")))?;
    match TargetType::parse(&frame.target_type) {
        Some(TargetType::Single) => {}
        Some(TargetType::Group) => return Err(Code::NoSuchGroup.into()),
        None => return Err(Refused::argument("target_type must be single or group")),
    }
    if frame.target_id.is_empty() {
        return Err(Refused::argument("target_id is missing"));
    }
    let to = Username::new(&frame.target_id).map_err(|_| Error::NoSuchTarget)?;
    let content = content(&frame.msg_type, frame.msg_body)?;
    Ok(gateway.core.send(session, frame.id, to, key, content).await?)
}

#[derive(serde::Deserialize)]
struct TextBody {
    text: String,
}

fn content(msg_type: &str, msg_body: &RawValue) -> Result<Content, Refused> {
    match msg_type {
        "text" => {
            let body: TextBody = serde_json::from_str(msg_body.get())
                .map_err(|_| Refused::argument("msg_body must be an object with a text"))?;
            Ok(Content::Text(body.text))
        }
        _ => Err(Refused::argument("msg_type must be text")),
    }
}

/// Positions in the domain's words.
pub(super) fn positions(cursors: Vec<Position>) -> Vec<(ConversationId, Seq)> {
    cursors.into_iter().map(|p| (ConversationId(p.conversation), Seq(p.seq))).collect()
}
