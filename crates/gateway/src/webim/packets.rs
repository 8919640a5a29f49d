//! What pages hear: the long poll, and the WebSocket that takes its place.

use super::{
    Gateway,
    answer::{self, Manner},
    outbound,
    session::{Answer, Page, Polled},
    wire::{NoPackets, Packets, Refused},
};
use crate::{
    Fate, Late, Taken, Takeover,
    socket::{Frame, Incoming, Socket},
};
use axum::{http::StatusCode, response::Response};
use futures_util::future::{BoxFuture, pending};
use jmessage_model::{ConversationId, Seq};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// What is said of a ticket that is none.
pub(super) const UNKNOWN: &str = "unknown ticket";
/// How long a WebSocket may say nothing at its beginning, and a write may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of a frame from a page.
pub(super) const MAX_FRAME: usize = 1024;

/// Answers a poll of the page that its ticket found: at once when something waits, otherwise as soon as there is something, and with nothing after a while. A
/// connection that waits is taken out of the hands of HTTP.
pub(super) async fn wait(
    found: Option<(Arc<Gateway>, Arc<Page>)>,
    manner: Manner,
    takeover: Option<(Takeover, bool)>,
) -> Response {
    let answer: BoxFuture<'static, Late> = Box::pin(poll(found, manner));
    match takeover.map(|(takeover, keeps)| takeover.take(Taken::Answer { answer, keeps })) {
        Some(Ok(())) => pending().await,
        Some(Err(_)) | None => {
            answer::plain(&Refused::new(StatusCode::BAD_REQUEST, "this connection is taken already"))
        }
    }
}

async fn poll(found: Option<(Arc<Gateway>, Arc<Page>)>, manner: Manner) -> Late {
    let plain = |response| Late { response, told: Box::new(|_| {}) };
    let Some((gateway, page)) = found else { return plain(manner.no_packets(UNKNOWN)) };
    let Some((poll, received)) = page.confirm() else { return plain(manner.no_packets(UNKNOWN)) };
    acknowledge(&gateway, &page, received).await;
    let mut stop = gateway.stop.clone();
    let polled = tokio::select! {
        polled = page.wait(poll, gateway.options.hold) => polled,
        _ = stop.wait_for(|stop| *stop) => Polled::Nothing,
    };
    match polled {
        Polled::Items(handed) => {
            let mut answer = Answer::new(page.clone(), handed);
            let response = manner.value(&outbound::packets(&page, answer.items()));
            Late { response, told: Box::new(move |fate| answer.became(fate)) }
        }
        Polled::Nothing => plain(manner.value(&Packets::default())),
        // Its ticket was good; whether the page comes back before it notices is for it to see.
        Polled::Gone if *gateway.stop.borrow() => plain(manner.value(&Packets::default())),
        Polled::Gone => plain(manner.no_packets(UNKNOWN)),
    }
}

/// Tells the core what every page of the user has received. Should it fail, that comes again after the next `online`.
pub(super) async fn acknowledge(gateway: &Gateway, page: &Page, received: Vec<(ConversationId, Seq)>) {
    let _ = gateway.core.acknowledge(&page.poller.session, received).await;
}

/// The page of a ticket at one of these mounts.
pub(super) fn find(gateways: &[Arc<Gateway>], ticket: &str) -> Option<(Arc<Gateway>, Arc<Page>)> {
    gateways.iter().find_map(|gateway| Some((gateway.clone(), gateway.pages.page(ticket)?)))
}

/// Serves a WebSocket: `subscribe <domain> <ticket>`, then packets as frames. The pong that follows a frame says that the page
/// has received it.
pub(super) async fn subscribe(gateways: Arc<[Arc<Gateway>]>, mut socket: impl Socket) {
    let first = timeout(PATIENCE, socket.next()).await;
    let found = match &first {
        Ok(Incoming::Text(text)) => ticket(text).and_then(|ticket| find(&gateways, ticket)),
        Ok(_) | Err(_) => None,
    };
    let Some((gateway, page)) = found else {
        let said = serde_json::to_string(&NoPackets { message: UNKNOWN }).unwrap_or_default();
        let goodbye = async {
            let _ = socket.feed(Frame::from(said)).await;
            let _ = socket.close(1008, UNKNOWN).await;
        };
        let _ = timeout(PATIENCE, goodbye).await;
        return;
    };
    let mut stop = gateway.stop.clone();
    tokio::select! {
        () = push(&gateway, &page, &mut socket) => {}
        _ = stop.wait_for(|stop| *stop) => {}
    }
    let _ = timeout(PATIENCE, socket.close(1001, "goodbye")).await;
}

/// The ticket of `subscribe <domain> <ticket>`.
fn ticket(text: &str) -> Option<&str> {
    let mut words = text.split_ascii_whitespace();
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("subscribe"), Some(_), Some(ticket), None) => Some(ticket),
        _ => None,
    }
}

/// Writes what is new until the page or its connection is gone.
async fn push(gateway: &Gateway, page: &Arc<Page>, socket: &mut impl Socket) {
    while let Some((poll, received)) = page.confirm() {
        acknowledge(gateway, page, received).await;
        let polled = tokio::select! {
            polled = page.wait(poll, gateway.options.hold) => polled,
            // A page has nothing to say; what it says is passed over.
            () = gone(socket) => return,
        };
        let Polled::Items(handed) = polled else { return };
        let mut answer = Answer::new(page.clone(), handed);
        let writing = async {
            if !answer.items().is_empty() {
                let packets = outbound::packets(page, answer.items());
                let text = serde_json::to_string(&packets).unwrap_or_default();
                socket.feed(Frame::from(text)).await?;
            }
            socket.feed(Frame::Ping).await?;
            socket.flush().await?;
            loop {
                match socket.next().await {
                    Incoming::Pong => return Ok(()),
                    Incoming::Text(_) | Incoming::Binary(_) | Incoming::Ping => {}
                    Incoming::TooLarge | Incoming::Closed | Incoming::Broken => {
                        return Err(crate::socket::Gone);
                    }
                }
            }
        };
        match timeout(PATIENCE, writing).await {
            Ok(Ok(())) => answer.became(Fate::Written),
            Ok(Err(_)) | Err(_) => return,
        }
    }
}

/// Completes when the peer is gone.
async fn gone(socket: &mut impl Socket) {
    loop {
        match socket.next().await {
            Incoming::Text(_) | Incoming::Binary(_) | Incoming::Pong => {}
            Incoming::Ping => {
                if socket.flush().await.is_err() {
                    return;
                }
            }
            Incoming::TooLarge | Incoming::Closed | Incoming::Broken => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subscription_names_domain_and_ticket() {
        assert_eq!(ticket("subscribe www.uchome.com 8633d182"), Some("8633d182"));
        for text in ["", "subscribe", "subscribe a", "subscribe a b c", "SUBSCRIBE a b"] {
            assert_eq!(ticket(text), None, "{text}");
        }
    }
}
