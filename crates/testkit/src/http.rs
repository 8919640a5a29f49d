//! One plain HTTP request on a connection of its own, for `/healthz`, `/metrics` and files.

use crate::PATIENCE;
use anyhow::{Context, Result};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// An HTTP answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// Reads a whole answer that is not chunked.
    pub fn read(answer: &[u8]) -> Result<Self> {
        let end = answer
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .context("an HTTP answer without a head")?;
        let head = String::from_utf8(answer[..end].to_vec())?;
        let status =
            head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no HTTP status")?;
        Ok(Self { status, head, body: answer[end + 4..].to_vec() })
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.eq_ignore_ascii_case(name).then(|| value.trim())
        })
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).context("the answer is no JSON")
    }

    /// The status, and the code of the error in the body.
    pub fn refusal(&self) -> Result<(u16, u64)> {
        let code = self.json()?["error"]["code"].as_u64().context("the answer has no code")?;
        Ok((self.status, code))
    }
}

/// Sends a request to a base URL, `http://host:port`, and reads the answer to its end; it must not be chunked. The answer
/// is read while the body is written, as a browser does not.
pub async fn request(
    url: &str,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<Answer> {
    let fields: Vec<_> = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", authority(url)?);
    exchange(url, format!("{head}{}\r\n", fields.concat()).as_bytes(), body).await
}

async fn exchange(url: &str, head: &[u8], body: &[u8]) -> Result<Answer> {
    let exchange = async {
        let (mut read, mut write) = TcpStream::connect(authority(url)?).await?.into_split();
        let writing = async {
            write.write_all(head).await?;
            write.write_all(body).await
        };
        let mut answer = Vec::new();
        // A server that refuses may stop reading; what it said counts.
        let (_, read) = tokio::join!(writing, read.read_to_end(&mut answer));
        read?;
        anyhow::Ok(answer)
    };
    let answer = timeout(PATIENCE, exchange).await.context("no HTTP answer in time")??;
    Answer::read(&answer)
}

fn authority(url: &str) -> Result<&str> {
    url.strip_prefix("http://").context("the URL must start with http://")
}

/// `GET path` from a base URL, `http://host:port`: the status and the body. The answer must be text and not chunked.
pub async fn get(url: &str, path: &str) -> Result<(u16, String)> {
    let answer = request(url, "GET", path, &[], &[]).await?;
    Ok((answer.status, String::from_utf8(answer.body)?))
}

/// `POST path` with a body of declared length.
pub async fn post(url: &str, path: &str, body: &[u8]) -> Result<Answer> {
    request(url, "POST", path, &[("Content-Length", &body.len().to_string())], body).await
}

/// `POST path` with a body that does not tell its length before.
pub async fn post_chunked(url: &str, path: &str, body: &[u8]) -> Result<Answer> {
    let mut chunks = Vec::new();
    for chunk in body.chunks(60_000).chain([[].as_slice()]) {
        chunks.extend(format!("{:x}\r\n", chunk.len()).into_bytes());
        chunks.extend_from_slice(chunk);
        chunks.extend(b"\r\n");
    }
    request(url, "POST", path, &[("Transfer-Encoding", "chunked")], &chunks).await
}

/// An upload that was begun and is not continued; dropping it breaks the connection.
pub struct OpenUpload {
    _stream: TcpStream,
}

impl OpenUpload {
    /// Sends the head of a `POST` of so many bytes, and one byte.
    pub async fn start(url: &str, path: &str, bytes: usize) -> Result<Self> {
        let authority = authority(url)?;
        let mut stream = TcpStream::connect(authority).await?;
        let head = format!("POST {path} HTTP/1.1\r\nHost: {authority}\r\nContent-Length: {bytes}\r\n\r\n0");
        stream.write_all(head.as_bytes()).await?;
        Ok(Self { _stream: stream })
    }
}

/// A counter or gauge of `/metrics`.
pub async fn metric(url: &str, name: &str) -> Result<f64> {
    let (_, page) = get(url, "/metrics").await?;
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
    page.lines().find_map(value).with_context(|| format!("no metric {name}"))
}
