//! Accepts connections and serves HTTP/1 on each, with a bound on how long a request may take to arrive.

use axum::Router;
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
use jmessage_gateway::Patience;
use std::{sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{Semaphore, watch},
    time::{Instant, sleep},
};

/// A request's head must arrive within this time; idle connections are closed after it, too.
const HEAD_WITHIN: Duration = Duration::from_secs(20);
/// A connection speaks plain HTTP for at most this time, unless a handler allows it more; a peer that does not read its
/// answers must not hold a place.
const HTTP_WITHIN: Duration = Duration::from_mins(2);
/// The largest head, and the read buffer of a plain HTTP connection.
const HEAD_SIZE: usize = 16 * 1024;
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
    let patience = Patience::until(Instant::now() + HTTP_WITHIN);
    let (router, given) = (TowerToHyperService::new(router), patience.clone());
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(given.clone());
        router.call(request)
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let result = tokio::select! {
        result = serving.as_mut() => result,
        () = patience.ended() => return,
        () = stopped(&mut stop) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = result {
        tracing::debug!(%error, "http connection");
    }
}

/// Completes when the server stops, or has forgotten to say so.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
}
