//! From frames to the core.
//!
//! | wire | domain |
//! |---|---|
//! | `appKey` | App key |
//! | `username`, `target_id` of a single chat | Username |
//! | `gid`, `groupId`, `target_id` of a group | number of a group's conversation |
//! | `key` | `ClientKey` |
//! | `media_id` | kind and name of a file |
//! | `[conversation, seq]` | a position of a cursor |

mod calls;
mod params;

pub use calls::makes_sense;

use super::{
    Gateway, media, outbound,
    session::{Connection, Leave, Standing},
    wire::Refused,
};
use crate::socket::Socket;
use jmessage_core::{Error, FileKind, Session, To, Token, port::AppRecord};
use jmessage_model::{AppKey, ClientKey, Content, ConversationId, FileId, Password, Platform, Seq, Username};
use jmessage_proto::{
    Code, Position, Request, Response, Source, TargetType, close,
    json::{Known, Object},
};
use jmessage_sign::{Fields, MasterSecret};
use serde_json::value::RawValue;
use std::sync::Arc;
use tokio::time::Instant;

/// Frames that make no sense before the connection is closed.
const BAD_FRAMES: usize = 16;
/// Pages of a log that one `sync` brings at most.
const SYNC_PAGES: usize = 40;

impl<S: Socket> Connection<S> {
    /// Carries out one text frame.
    pub(super) async fn text(&mut self, text: &str) -> Result<(), Leave> {
        match Known::read(text) {
            Some(Known::Text { id, key, target_type, target_id, text }) => {
                let address = Address { key, target_type, target_id };
                self.send(id, address, || Ok(Body::Text(text))).await
            }
            Some(Known::Ack { cursors }) => self.ack(cursors).await,
            // In a box, so that a connection at rest has no room for it.
            None => Box::pin(self.other(text)).await,
        }
    }

    /// Carries out what has no shape that is known.
    async fn other(&mut self, text: &str) -> Result<(), Leave> {
        match Request::decode(text) {
            Ok(request) => self.request(request).await,
            Err(error) => {
                let id = Object::parse(text).and_then(|object| object.number("id")).ok().flatten();
                self.refuse(id, Refused::argument(error.to_string())).await?;
                self.bad_frames += 1;
                if self.bad_frames < BAD_FRAMES {
                    return Ok(());
                }
                Err(Some((close::BAD_FRAMES, "too many frames that make no sense")))
            }
        }
    }

    async fn request(&mut self, request: Request<&RawValue>) -> Result<(), Leave> {
        match request {
            Request::Send { id, key, target_type, target_id, msg_type, msg_body } => {
                let address = Address { key: &key, target_type: &target_type, target_id: &target_id };
                self.send(id, address, || body(&msg_type, msg_body)).await
            }
            Request::Ack { cursors } => self.ack(cursors).await,
            Request::Ping => self.write([outbound::frame(Response::Pong)]).await,
            rare => self.rare(rare).await,
        }
    }

    async fn send(
        &mut self,
        id: u64,
        address: Address<'_>,
        body: impl FnOnce() -> Result<Body, Refused> + Send,
    ) -> Result<(), Leave> {
        let submitted = match self.session() {
            Ok(session) => send(&self.gateway, &session, id, address, body).await,
            Err(refused) => Err(refused),
        };
        self.submitted(id, submitted).await
    }

    async fn ack(&mut self, cursors: Vec<Position>) -> Result<(), Leave> {
        if let Err(refused) = self.session() {
            return self.refuse(None, refused).await;
        }
        for (conversation, seq) in positions(cursors) {
            let place = self.acknowledged.entry(conversation).or_default();
            *place = seq.max(*place);
        }
        self.acknowledge().await;
        Ok(())
    }

    /// What comes seldom.
    async fn rare(&mut self, request: Request<&RawValue>) -> Result<(), Leave> {
        match request {
            Request::Config { id, app_key, timestamp, random_str, signature } => {
                let app = config(&self.gateway, &app_key, &timestamp, &random_str, &signature).await;
                match app {
                    Ok(app) => self.configured(id, app).await,
                    Err(refused) => self.refuse(Some(id), refused).await,
                }
            }
            Request::Login { id, username, password } => self.login(id, &username, &password).await,
            Request::Resume { id, app_key, token, cursors } => {
                self.leave_session().await;
                match resume(&self.gateway, &app_key, &token, cursors).await {
                    Ok((app, session, token)) => self.open(id, app, session, &token).await,
                    Err(refused) => self.refuse(Some(id), refused).await,
                }
            }
            Request::Logout { id } => {
                let submitted = match self.session() {
                    Ok(session) => {
                        self.acknowledge_all(&session).await;
                        self.gateway.core.end(&session, id).await.map_err(Refused::from)
                    }
                    Err(refused) => Err(refused),
                };
                self.submitted(id, submitted).await
            }
            Request::Call { id, method, params } => match self.session() {
                Ok(session) => self.call(id, &session, &method, params).await,
                Err(refused) => self.refuse(Some(id), refused).await,
            },
            Request::Sync { conversation, after } => match self.session() {
                Ok(session) => self.sync(&session, ConversationId(conversation), Seq(after)).await,
                Err(refused) => self.refuse(None, refused).await,
            },
            Request::Send { .. } | Request::Ack { .. } | Request::Ping => Ok(()),
        }
    }

    /// The answer to what was submitted comes through the queue; to what was not, at once.
    async fn submitted(&mut self, id: u64, submitted: Result<(), Refused>) -> Result<(), Leave> {
        match submitted {
            Ok(()) => {
                self.under_way += 1;
                Ok(())
            }
            Err(refused) => self.refuse(Some(id), refused).await,
        }
    }

    async fn configured(&mut self, id: u64, app: AppRecord) -> Result<(), Leave> {
        match &self.standing {
            Standing::Open(current, _) if current.id != app.id => {
                let refused = Refused::new(Code::ConfigFailed, "log out before changing the app");
                return self.refuse(Some(id), refused).await;
            }
            Standing::Open(..) => {}
            Standing::Configured(_) => self.standing = Standing::Configured(Box::new(app)),
            Standing::New => {
                self.standing = Standing::Configured(Box::new(app));
                self.since = Instant::now();
            }
        }
        self.write([outbound::frame(Response::Configured { id })]).await
    }

    async fn login(&mut self, id: u64, username: &str, password: &str) -> Result<(), Leave> {
        let app = match &self.standing {
            Standing::Configured(app) | Standing::Open(app, _) => AppRecord::clone(app),
            Standing::New => {
                let refused = Refused::new(Code::SignatureInvalid, "config comes before login");
                return self.refuse(Some(id), refused).await;
            }
        };
        match login(&self.gateway, &app, username, password).await {
            Ok((session, token)) => {
                self.leave_session().await;
                self.open(id, app, session, &token).await
            }
            Err(refused) => self.refuse(Some(id), refused).await,
        }
    }

    /// The session is open: answers, then brings it level with the logs.
    async fn open(
        &mut self,
        id: u64,
        app: AppRecord,
        session: Arc<Session>,
        token: &Token,
    ) -> Result<(), Leave> {
        self.pending = None;
        self.standing = Standing::Open(Box::new(app), session.clone());
        // First, so that a page that hears of its login knows where media are.
        let media = self.media(&session);
        self.write([media, outbound::session(id, &session, token)]).await?;
        let mut catch_up = self.gateway.core.catch_up(&session);
        // Nothing is lost: the client comes back and resumes from its cursor.
        let unreadable = |_| Some((close::GOING_AWAY, "the log could not be read"));
        let mut next = catch_up.next().await.map_err(unreadable)?;
        let mut backlog = (catch_up.waiting() > 0).then(|| outbound::backlog(catch_up.waiting()));
        while let Some(page) = next {
            let frames = backlog.take().into_iter().chain(outbound::page(&page));
            // The next page is read while this one is written.
            let (read, written) = tokio::join!(catch_up.next(), self.write(frames));
            written?;
            if session.queue.end().is_some() {
                return Ok(());
            }
            next = read.map_err(unreadable)?;
        }
        Ok(())
    }

    async fn sync(
        &mut self,
        session: &Session,
        conversation: ConversationId,
        after: Seq,
    ) -> Result<(), Leave> {
        let mut after = after;
        for _ in 0..SYNC_PAGES {
            match self.gateway.core.entries_after(session, conversation, after).await {
                Ok(page) => match page.last() {
                    Some(last) => {
                        after = last;
                        self.write(outbound::page(&page)).await?;
                    }
                    None => return Ok(()),
                },
                Err(error) => return self.refuse(None, error.into()).await,
            }
        }
        Ok(())
    }
}

/// The App that the signature belongs to.
async fn config(
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
async fn login(
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
async fn resume(
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

/// What a `send` frame says of a message beside its body.
struct Address<'a> {
    key: &'a str,
    target_type: &'a str,
    target_id: &'a str,
}

/// What a message says.
enum Body {
    Text(String),
    File(FileKind, FileId),
}

impl Address<'_> {
    fn read(&self) -> Result<(To, ClientKey), Refused> {
        let key = ClientKey::new(self.key).map_err(|e| Refused::argument(format!("key {e}")))?;
        if self.target_id.is_empty() {
            return Err(Refused::argument("target_id is missing"));
        }
        let to = match TargetType::parse(self.target_type) {
            Some(TargetType::Single) => {
                To::User(Username::new(self.target_id).map_err(|_| Error::NoSuchTarget)?)
            }
            Some(TargetType::Group) => {
                To::Group(ConversationId(self.target_id.parse().map_err(|_| Error::NoSuchGroup)?))
            }
            None => return Err(Refused::argument("target_type must be single or group")),
        };
        Ok((to, key))
    }
}

/// Submits a message; its answer comes through the session's queue.
async fn send(
    gateway: &Gateway,
    session: &Arc<Session>,
    id: u64,
    address: Address<'_>,
    body: impl FnOnce() -> Result<Body, Refused>,
) -> Result<(), Refused> {
    let (to, key) = address.read()?;
    match body()? {
        Body::Text(text) => gateway.core.send(session, id, to, key, Content::Text(text)).await?,
        // In a box, so that a connection at rest has no room for it.
        Body::File(kind, file) => {
            Box::pin(gateway.core.send_file(session, id, to, key, (kind, file))).await?;
        }
    }
    Ok(())
}

fn body(msg_type: &str, msg_body: &RawValue) -> Result<Body, Refused> {
    match msg_type {
        "text" => text(msg_body),
        "image" => file(FileKind::Image, msg_body),
        "voice" => file(FileKind::Voice, msg_body),
        _ => Err(Refused::argument("msg_type must be text, image or voice")),
    }
}

#[derive(serde::Deserialize)]
struct TextBody {
    text: String,
}

fn text(msg_body: &RawValue) -> Result<Body, Refused> {
    let body: TextBody = serde_json::from_str(msg_body.get())
        .map_err(|_| Refused::argument("msg_body must be an object with a text"))?;
    Ok(Body::Text(body.text))
}

#[derive(serde::Deserialize)]
struct FileBody {
    media_id: String,
}

/// The file of a message; what else the page says of it is not asked for.
fn file(kind: FileKind, msg_body: &RawValue) -> Result<Body, Refused> {
    let body: FileBody = serde_json::from_str(msg_body.get())
        .map_err(|_| Refused::argument("msg_body must be an object with a media_id"))?;
    let parsed = media::parse_id(&body.media_id).filter(|(found, _)| *found == kind);
    let (kind, file) = parsed.ok_or(Error::NoSuchFile)?;
    Ok(Body::File(kind, file))
}

/// Positions in the domain's words.
fn positions(cursors: Vec<Position>) -> Vec<(ConversationId, Seq)> {
    cursors.into_iter().map(|p| (ConversationId(p.conversation), Seq(p.seq))).collect()
}
