//! One plain HTTP request, for `/healthz`, `/metrics` and files.

use crate::PATIENCE;
use anyhow::{Context, Result};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// `GET path` from a base URL, `http://host:port`: the status and the body. The answer must be short and not chunked.
pub async fn get(url: &str, path: &str) -> Result<(u16, String)> {
    let authority = url.strip_prefix("http://").context("the URL must start with http://")?;
    let exchange = async {
        let mut stream = TcpStream::connect(authority).await?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        anyhow::Ok(answer)
    };
    let answer = timeout(PATIENCE, exchange).await.context("no HTTP answer in time")??;
    let (head, body) = answer.split_once("\r\n\r\n").context("an HTTP answer without a head")?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).context("no HTTP status")?;
    Ok((status, body.to_owned()))
}

/// A counter or gauge of `/metrics`.
pub async fn metric(url: &str, name: &str) -> Result<f64> {
    let (_, page) = get(url, "/metrics").await?;
    let value = |line: &str| line.strip_prefix(name)?.strip_prefix(' ')?.trim().parse().ok();
    page.lines().find_map(value).with_context(|| format!("no metric {name}"))
}
