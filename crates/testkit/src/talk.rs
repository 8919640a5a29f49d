//! What a client says and hears, in the words of a conversation.

use crate::{App, Client, describe, frames::text_body};
use anyhow::{Context, Result, bail};
use jmessage_proto::{Position, Request, Response};
use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};

/// An open session. Printing it shows no token.
pub struct Session {
    /// What resumes it.
    pub token: String,
    /// The user.
    pub username: String,
    /// What the user is called.
    pub nickname: String,
}

/// A message the server has accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The message's number.
    pub msg_id: u64,
    /// Its conversation.
    pub conversation: u64,
    /// Its place in the conversation.
    pub seq: u64,
    /// Seconds since 1970.
    pub create_time: u64,
}

/// A message that was pushed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The sender.
    pub from: String,
    /// The text, or the `media_id` of a file.
    pub text: String,
    /// The message's number.
    pub msg_id: u64,
    /// Where it stands.
    pub position: Position,
    /// The whole message as JSON.
    pub json: String,
}

impl Client {
    /// Connects and proves that the page belongs to `app`.
    pub async fn configured(url: &str, app: &App) -> Result<Self> {
        let mut client = Self::connect(url).await?;
        client.config(app).await?;
        Ok(client)
    }

    /// Proves that the page belongs to `app`.
    pub async fn config(&mut self, app: &App) -> Result<()> {
        let id = self.next_id();
        match self.ask(app.config(id)?).await? {
            Response::Configured { .. } => Ok(()),
            other => bail!("config: {}", describe(&other)),
        }
    }

    /// Logs in.
    pub async fn login(&mut self, username: &str, password: &str) -> Result<Session> {
        let id = self.next_id();
        let session = session(self.ask(login(id, username, password)).await?)?;
        self.token = Some(session.token.clone());
        Ok(session)
    }

    /// Takes up a session again; `cursors` are acknowledged first.
    pub async fn resume(&mut self, app: &App, token: &str, cursors: &[Position]) -> Result<Session> {
        let id = self.next_id();
        let (app_key, token, cursors) = (app.key.clone(), token.to_owned(), cursors.to_vec());
        let session = session(self.ask(Request::Resume { id, app_key, token, cursors }).await?)?;
        self.token = Some(session.token.clone());
        Ok(session)
    }

    /// What resumes the session that was opened last on this connection.
    pub fn token(&self) -> Result<String> {
        self.token.clone().context("nobody has logged in on this connection")
    }

    /// Ends the session.
    pub async fn logout(&mut self) -> Result<()> {
        let id = self.next_id();
        match self.ask(Request::Logout { id }).await? {
            Response::Done { .. } => Ok(()),
            other => bail!("logout: {}", describe(&other)),
        }
    }

    /// Sends a text under a key never used before and waits until the server has it.
    pub async fn say(&mut self, to: &str, text: &str) -> Result<Sent> {
        self.say_as(&fresh_key(), to, text).await
    }

    /// Sends a text under the sender's own `key` and waits until the server has it.
    pub async fn say_as(&mut self, key: &str, to: &str, text: &str) -> Result<Sent> {
        let id = self.next_id();
        sent(self.ask(send(id, key, to, text)).await?).with_context(|| format!("send to {to}"))
    }

    /// Sends a text to a group and waits until the server has it.
    pub async fn say_in(&mut self, group: u64, text: &str) -> Result<Sent> {
        let id = self.next_id();
        sent(self.ask(send_in(id, group, text)).await?).with_context(|| format!("send to group {group}"))
    }

    /// Makes a call of the API; its answer, null when there is nothing to tell.
    pub async fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let id = self.next_id();
        match self.ask(call(id, method, &params)).await? {
            Response::Data { data, .. } => Ok(serde_json::from_str(data.as_deref().unwrap_or("null"))?),
            other => bail!("{method}: {}", describe(&other)),
        }
    }

    /// Makes a call that must fail, and returns the code of the error.
    pub async fn call_refused(&mut self, method: &str, params: Value) -> Result<u64> {
        self.refusal(|id| call(id, method, &params)).await
    }

    /// Sends a text without waiting for the answer; returns the request's id.
    pub async fn mumble(&mut self, key: &str, to: &str, text: &str) -> Result<u64> {
        let id = self.next_id();
        self.tell(send(id, key, to, text)).await?;
        Ok(id)
    }

    /// The next message pushed to this session, in the order of arrival. Good answers to what was mumbled are passed
    /// over.
    pub async fn hear(&mut self) -> Result<Heard> {
        if let Some(heard) = self.heard.pop_front() {
            return Ok(heard);
        }
        loop {
            match self.frame().await? {
                Response::Push { conversation, seq, message } => {
                    return Heard::read(conversation, seq, message);
                }
                Response::Event { conversation, seq, event } => {
                    return Heard::read_event(conversation, seq, event);
                }
                Response::Sent { .. }
                | Response::From { .. }
                | Response::Backlog { .. }
                | Response::Media { .. } => {}
                other => bail!("expected a push, got {}", describe(&other)),
            }
        }
    }

    /// The texts of the next `count` messages.
    pub async fn hear_texts(&mut self, count: usize) -> Result<Vec<String>> {
        let mut texts = Vec::with_capacity(count);
        while texts.len() < count {
            texts.push(self.hear().await?.text);
        }
        Ok(texts)
    }

    /// Acknowledges everything up to and including `heard`. There is no answer; [`Client::settle`] waits for it.
    pub async fn ack(&mut self, heard: &Heard) -> Result<()> {
        self.tell(Request::Ack { cursors: vec![heard.position] }).await
    }

    /// Waits until the server has worked off everything sent so far. Pushes that come meanwhile are kept.
    pub async fn settle(&mut self) -> Result<()> {
        self.tell(Request::Ping).await?;
        loop {
            match self.frame().await? {
                Response::Pong => return Ok(()),
                other => self.keep(other)?,
            }
        }
    }

    /// Sends a request that must fail, and returns the code of the error.
    pub async fn refusal(&mut self, request: impl FnOnce(u64) -> Request<String>) -> Result<u64> {
        let id = self.next_id();
        match self.ask(request(id)).await? {
            Response::Error { code, .. } => Ok(code),
            other => bail!("expected an error, got {}", describe(&other)),
        }
    }

    /// The code of an error that answers no request.
    pub async fn complaint(&mut self) -> Result<u64> {
        match self.frame().await? {
            Response::Error { id: None, code, .. } => Ok(code),
            other => bail!("expected an error without id, got {}", describe(&other)),
        }
    }

    /// The code with which the server ends this session.
    pub async fn kicked(&mut self) -> Result<u64> {
        match self.frame().await? {
            Response::Kicked { code, .. } => Ok(code),
            other => bail!("expected a kick, got {}", describe(&other)),
        }
    }

    /// Messages that arrived while something else was awaited, oldest first.
    pub fn overheard(&mut self) -> Vec<Heard> {
        self.heard.drain(..).collect()
    }
}

impl Heard {
    /// Reads a pushed message.
    pub(crate) fn read(conversation: u64, seq: u64, json: String) -> Result<Self> {
        let message: Value = serde_json::from_str(&json).context("a pushed message is no JSON")?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let body = &message["msg_body"];
        Ok(Self {
            from: text(&message["from_id"]).context("a pushed message has no from_id")?,
            text: text(&body["text"]).or(text(&body["media_id"])).context("a pushed message says nothing")?,
            msg_id: message["msg_id"].as_u64().context("a pushed message has no msg_id")?,
            position: Position { conversation, seq },
            json,
        })
    }

    /// Reads an event of a group: who did it, and its type in the place of the text.
    pub(crate) fn read_event(conversation: u64, seq: u64, json: String) -> Result<Self> {
        let event: Value = serde_json::from_str(&json).context("an event is no JSON")?;
        let text = |value: &Value| value.as_str().map(str::to_owned);
        Ok(Self {
            from: text(&event["from_username"]).context("an event has no from_username")?,
            text: text(&event["event_type"]).context("an event has no event_type")?,
            msg_id: 0,
            position: Position { conversation, seq },
            json,
        })
    }
}

/// A key that no message of this process had before.
pub fn fresh_key() -> String {
    static LAST: AtomicU64 = AtomicU64::new(0);
    format!("fresh-{}", LAST.fetch_add(1, Ordering::Relaxed))
}

/// A `send` of a text to one user.
pub fn send(id: u64, key: &str, to: &str, text: &str) -> Request<String> {
    Request::Send {
        id,
        key: key.to_owned(),
        target_type: "single".to_owned(),
        target_id: to.to_owned(),
        msg_type: "text".to_owned(),
        msg_body: text_body(text),
    }
}

/// A `send` of a text to a group, under a key never used before.
pub fn send_in(id: u64, group: u64, text: &str) -> Request<String> {
    send_in_as(id, &fresh_key(), group, text)
}

/// A `send` of a text to a group, under the sender's own `key`.
pub fn send_in_as(id: u64, key: &str, group: u64, text: &str) -> Request<String> {
    Request::Send {
        id,
        key: key.to_owned(),
        target_type: "group".to_owned(),
        target_id: group.to_string(),
        msg_type: "text".to_owned(),
        msg_body: text_body(text),
    }
}

/// A `call`.
pub fn call(id: u64, method: &str, params: &Value) -> Request<String> {
    Request::Call { id, method: method.to_owned(), params: params.to_string() }
}

/// A `login`.
pub fn login(id: u64, username: &str, password: &str) -> Request<String> {
    Request::Login { id, username: username.to_owned(), password: password.to_owned() }
}

pub(crate) fn sent(answer: Response<String>) -> Result<Sent> {
    match answer {
        Response::Sent { msg_id, conversation, seq, create_time, .. } => {
            Ok(Sent { msg_id, conversation, seq, create_time })
        }
        other => bail!("not stored: {}", describe(&other)),
    }
}

fn session(answer: Response<String>) -> Result<Session> {
    match answer {
        Response::Session { token, username, nickname, .. } => Ok(Session { token, username, nickname }),
        other => bail!("no session: {}", describe(&other)),
    }
}
