//! Pages of WebIM whose polls wait: what each of them costs in memory, and all of them in processor time.

use crate::{extra::Line, target::Target};
use anyhow::{Context, Result, ensure};
use futures_util::{StreamExt, TryStreamExt, stream};
use jmessage_testkit::PASSWORD;
use serde_json::Value;
use std::time::{Duration, Instant};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Below which the server serves pages.
pub(crate) const PREFIX: &str = "/webim";
/// Pages that begin at the same time.
const AT_ONCE: usize = 32;
/// Pages opened before the first reading, so that what the process allocates once is not counted.
const FIRST: usize = 100;

/// Opens `pages` pages, each of a user of its own, whose polls wait on the connection they began on; then looks for `time` at
/// what the process does.
pub(crate) async fn measure(target: &Target, pages: usize, time: Duration) -> Result<Line> {
    let open = async |from: usize, to: usize| {
        stream::iter(from..to)
            .map(|index| page(target, index))
            .buffer_unordered(AT_ONCE)
            .try_collect::<Vec<_>>()
            .await
    };
    let mut waiting = open(0, FIRST.min(pages)).await?;
    let before = target.memory()?;
    waiting.extend(open(waiting.len(), pages).await?);
    let grown = target.memory()?.saturating_sub(before);
    let (start, busy) = (Instant::now(), target.cpu_time()?);
    tokio::time::sleep(time).await;
    let used = target.cpu_time()?.saturating_sub(busy).as_secs_f64() / start.elapsed().as_secs_f64();
    for stream in &waiting {
        ensure!(
            stream.try_read(&mut [0]).is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock),
            "a poll was answered"
        );
    }
    let counted = u32::try_from(pages.saturating_sub(FIRST).max(1))?;
    Ok(Line {
        name: format!("{pages} pages whose polls wait"),
        figures: vec![
            ("kB/page", f64::from(u32::try_from(grown / 1000)?) / f64::from(counted)),
            ("% of a core", used * 100.0),
        ],
    })
}

/// A page that has begun, and whose first poll waits.
async fn page(target: &Target, index: usize) -> Result<TcpStream> {
    let host = target.authority();
    let mut stream = TcpStream::connect(host).await?;
    let form = format!("username={}&password={PASSWORD}&show=available&csrf_token=", Target::user(index));
    let head = format!(
        "POST {PREFIX}/online HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\n\r\n",
        form.len()
    );
    stream.write_all(format!("{head}{form}").as_bytes()).await?;
    let answer = answer(&mut stream).await?;
    let ticket = answer["connection"]["ticket"].as_str().with_context(|| format!("{answer}"))?;
    let poll = format!(
        "GET {PREFIX}/packets?ticket={ticket}&domain=bench&_=1 HTTP/1.1\r\nHost: {host}\r\nAccept: */*\r\n\
         Accept-Language: zh-CN,zh;q=0.9\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) bench\r\n\r\n"
    );
    stream.write_all(poll.as_bytes()).await?;
    Ok(stream)
}

/// The body of an answer with a length.
async fn answer(stream: &mut TcpStream) -> Result<Value> {
    let mut bytes = Vec::new();
    loop {
        ensure!(stream.read_buf(&mut bytes).await? > 0, "the server hung up");
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        let length: usize = length.context("the answer has no length")?;
        if body.len() >= length {
            return Ok(serde_json::from_str(body)?);
        }
    }
}
