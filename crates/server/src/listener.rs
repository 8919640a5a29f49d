//! Accepts connections and serves HTTP/1 on each, with a bound on how long a request may take to arrive.

use axum::{
    Router,
    body::{Bytes, to_bytes},
    response::Response,
};
use futures_util::future::{BoxFuture, pending};
use hyper::{
    Request,
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use jmessage_gateway::{Fate, Late, Patience, Taken, Takeover, Told};
use std::{
    future::poll_fn,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{Instant, sleep, timeout},
};

/// A request's head must arrive within this time; idle connections are closed after it, too.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// A connection speaks plain HTTP for at most this time, unless a handler allows it more; a peer that does not read its
/// answers must not hold a place.
const HTTP_WITHIN: Duration = Duration::from_mins(2);
/// The largest head, and the read buffer of a plain HTTP connection.
const HEAD_SIZE: usize = 16 * 1024;
/// How long an answer that came late may take to be written.
const ANSWER_WITHIN: Duration = Duration::from_secs(15);
/// The date as HTTP has it.
const DATE: &[BorrowedFormatItem<'_>] =
    format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
/// How long to wait after the system refused a connection, mostly for want of file descriptors.
const AFTER_ERROR: Duration = Duration::from_millis(100);

/// Serves until `stop` turns true. At most `arriving` sockets speak HTTP at a time; more wait in the backlog.
/// An upgraded socket is its gateway's to count.
pub async fn serve(listener: TcpListener, router: Router, arriving: usize, mut stop: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(arriving.min(Semaphore::MAX_PERMITS)));
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            accepted = accepted => accepted,
            () = stopped(&mut stop) => return,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, router.clone(), stop.clone());
                tokio::spawn(async move {
                    connection.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(AFTER_ERROR).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, router: Router, mut stop: watch::Receiver<bool>) {
    // Small frames must not wait for an acknowledgement of the one before.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "TCP_NODELAY");
    }
    let mut next = Some((stream, None));
    while let Some((stream, told)) = next.take() {
        // Whoever was answered late, until it asks for something else on this connection.
        let told = Arc::new(Mutex::new(told));
        // In boxes, so that a connection that waits holds nothing of HTTP.
        let http = Box::pin(http(stream, router.clone(), told.clone(), &mut stop));
        let Some((taken, stream, read)) = http.await else {
            if let Some(mut told) = last(&told) {
                told(Fate::Doubtful);
            }
            return;
        };
        match taken {
            Taken::Answer { answer, keeps } => {
                let keeps = keeps && read.is_empty() && !*stop.borrow();
                // Even an empty one holds the buffer it was cut from.
                drop(read);
                next = Box::pin(answered(stream, answer, keeps)).await;
            }
            Taken::Stream(serve) => {
                tokio::spawn(serve(stream, read));
            }
        }
    }
}

/// Speaks HTTP, until the connection is taken for something else, or ends.
async fn http(
    stream: TcpStream,
    router: Router,
    told: Arc<Mutex<Option<Told>>>,
    stop: &mut watch::Receiver<bool>,
) -> Option<(Taken, TcpStream, Bytes)> {
    let patience = Patience::until(Instant::now() + HTTP_WITHIN);
    let (takeover, mut taken) = Takeover::new();
    let (router, given) = (TowerToHyperService::new(router), patience.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        // It has the answer before.
        drop(last(&told));
        request.extensions_mut().insert(given.clone());
        request.extensions_mut().insert(takeover.clone());
        Box::pin(router.call(request))
    });
    let mut serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service);
    let mut handover = None;
    let result = loop {
        tokio::select! {
            result = poll_fn(|cx| serving.poll_without_shutdown(cx)) => break result,
            Ok(taken) = &mut taken, if handover.is_none() => match taken {
                Taken::Answer { .. } => {
                    let parts = serving.into_parts();
                    return Some((taken, parts.io.into_inner(), parts.read_buf));
                }
                Taken::Stream(_) => handover = Some(taken),
            },
            () = patience.ended() => return None,
            () = stopped(stop) => {
                std::pin::Pin::new(&mut serving).graceful_shutdown();
                break poll_fn(|cx| serving.poll_without_shutdown(cx)).await;
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "http connection");
        return None;
    }
    let parts = serving.into_parts();
    let mut stream = parts.io.into_inner();
    let Some(taken) = handover.or_else(|| taken.try_recv().ok()) else {
        let _ = timeout(HEAD_WITHIN, stream.shutdown()).await;
        return None;
    };
    Some((taken, stream, parts.read_buf))
}

/// Writes an answer when it comes; the stream again if it is to be kept and the peer is there.
async fn answered(
    mut stream: TcpStream,
    answer: BoxFuture<'static, Late>,
    keeps: bool,
) -> Option<(TcpStream, Option<Told>)> {
    let Late { response, mut told } = tokio::select! {
        late = answer => late,
        () = gone(&stream) => return None,
    };
    let bytes = encoded(response, keeps).await?;
    timeout(ANSWER_WITHIN, stream.write_all(&bytes)).await.ok()?.ok()?;
    told(Fate::Written);
    if keeps {
        return Some((stream, Some(told)));
    }
    let goodbye = async {
        stream.shutdown().await?;
        // A peer that has read everything says goodbye as well; one that has not resets the connection.
        stream.read(&mut [0]).await
    };
    if let Ok(Err(_)) = timeout(ANSWER_WITHIN, goodbye).await {
        told(Fate::Doubtful);
    }
    None
}

fn last(told: &Mutex<Option<Told>>) -> Option<Told> {
    told.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// Completes when the peer has hung up. What it sends meanwhile is left for later.
async fn gone(stream: &TcpStream) {
    match stream.peek(&mut [0]).await {
        Ok(0) | Err(_) => {}
        Ok(_) => pending().await,
    }
}

/// An answer as HTTP/1.1 has it.
async fn encoded(response: Response, keeps: bool) -> Option<Vec<u8>> {
    let (head, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.ok()?;
    let mut bytes = Vec::with_capacity(256 + body.len());
    bytes.extend_from_slice(format!("HTTP/1.1 {}\r\n", head.status).as_bytes());
    for (name, value) in &head.headers {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    }
    if !keeps {
        bytes.extend_from_slice(b"connection: close\r\n");
    }
    let date = OffsetDateTime::now_utc().format(DATE).unwrap_or_default();
    bytes.extend_from_slice(format!("content-length: {}\r\ndate: {date}\r\n\r\n", body.len()).as_bytes());
    bytes.extend_from_slice(&body);
    Some(bytes)
}

/// Completes when the server stops, or has forgotten to say so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
