//! A client's files: where they are read and uploaded, and messages with them.

use crate::{
    Client, Next, Sent, describe, fresh_key,
    http::{Answer, post, request},
    talk::sent,
};
use anyhow::{Context, Result, bail};
use jmessage_proto::{Request, Response};
use serde_json::{Value, json};

/// Where a session reads and uploads files: paths on its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Media {
    /// What a `media_id` is appended to.
    pub url: String,
    /// Where files are posted to.
    pub upload: String,
}

impl Client {
    /// Where the session's files are. Waits for the server to say so; pushes that come meanwhile are kept.
    pub async fn media(&mut self) -> Result<Media> {
        match &self.media {
            Some(media) => Ok(media.clone()),
            None => self.media_anew().await,
        }
    }

    /// Waits until the server says where the session's files are from now on.
    pub async fn media_anew(&mut self) -> Result<Media> {
        loop {
            match self.any().await? {
                Next::Frame(Response::Media { url, upload }) => {
                    let media = Media { url, upload };
                    self.media = Some(media.clone());
                    return Ok(media);
                }
                Next::Frame(other) => self.keep(other)?,
                Next::Closed(code) => bail!("closed with {code}"),
            }
        }
    }

    /// Posts a file; what the server answers.
    pub async fn post(&mut self, bytes: &[u8]) -> Result<Answer> {
        let media = self.media().await?;
        post(&self.url, &media.upload, bytes).await
    }

    /// Uploads a file; what the server says of it.
    pub async fn upload(&mut self, bytes: &[u8]) -> Result<Value> {
        let answer = self.post(bytes).await?;
        if answer.status != 200 {
            bail!("upload: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        answer.json()
    }

    /// Reads a file; `file` is a `media_id` and whatever a page appends to it.
    pub async fn fetch(&mut self, file: &str) -> Result<Answer> {
        self.fetch_with(file, &[]).await
    }

    /// Reads a file with some headers.
    pub async fn fetch_with(&mut self, file: &str, headers: &[(&str, &str)]) -> Result<Answer> {
        let media = self.media().await?;
        request(&self.url, "GET", &format!("{}{file}", media.url), headers, &[]).await
    }

    /// Sends an uploaded file to one user.
    pub async fn show(&mut self, to: &str, file: &Value) -> Result<Sent> {
        let id = self.next_id();
        sent(self.ask(send_file(id, "single", to, file)?).await?).with_context(|| format!("a file to {to}"))
    }

    /// Sends an uploaded file to a group.
    pub async fn show_in(&mut self, group: u64, file: &Value) -> Result<Sent> {
        let id = self.next_id();
        let answer = self.ask(send_file(id, "group", &group.to_string(), file)?).await?;
        sent(answer).with_context(|| format!("a file to group {group}"))
    }

    /// Sends a file that must be refused, and returns the code of the error.
    pub async fn show_refused(&mut self, to: &str, file: &Value) -> Result<u64> {
        let id = self.next_id();
        match self.ask(send_file(id, "single", to, file)?).await? {
            Response::Error { code, .. } => Ok(code),
            other => bail!("expected an error, got {}", describe(&other)),
        }
    }
}

/// The `media_id` of what [`Client::upload`] returned.
pub fn media_id(file: &Value) -> Result<&str> {
    file["media_id"].as_str().context("a file without media_id")
}

/// A `send` of an uploaded file, named as little as it must be.
pub fn send_file(id: u64, target_type: &str, target_id: &str, file: &Value) -> Result<Request<String>> {
    let media_id = media_id(file)?;
    Ok(Request::Send {
        id,
        key: fresh_key(),
        target_type: target_type.to_owned(),
        target_id: target_id.to_owned(),
        msg_type: if media_id.contains("/voice/") { "voice" } else { "image" }.to_owned(),
        msg_body: json!({ "media_id": media_id }).to_string(),
    })
}
