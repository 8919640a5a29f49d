use super::*;
use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

fn pair(max: usize) -> (DuplexStream, WebSocket<DuplexStream>) {
    let (peer, stream) = duplex(1 << 20);
    (peer, WebSocket::server(stream, &[], max))
}

/// A frame as a client sends it; with a mask of zeros, which masks nothing.
fn frame(opcode: u8, payload: &str) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    assert!(length < 126);
    [&[0x80 | opcode, 0x80 | length, 0, 0, 0, 0], payload.as_bytes()].concat()
}

async fn rest(mut peer: DuplexStream) -> Vec<u8> {
    let mut all = Vec::new();
    peer.read_to_end(&mut all).await.unwrap();
    all
}

#[tokio::test]
async fn frames_that_come_together_are_told_one_by_one_and_nothing_is_held_afterwards() {
    let (mut peer, mut socket) = pair(100);
    let together = [frame(1, "one"), frame(9, "?"), frame(1, "two"), frame(2, "bin")].concat();
    peer.write_all(&together).await.unwrap();
    assert_eq!(socket.next().await, Incoming::Text("one".into()));
    assert_eq!(socket.next().await, Incoming::Ping);
    assert_eq!(socket.next().await, Incoming::Text("two".into()));
    assert_eq!(socket.next().await, Incoming::Binary(Bytes::from_static(b"bin")));
    assert_eq!((socket.held.capacity(), socket.used), (0, 0));
    socket.feed(Frame::Text(Bytes::from_static(b"three"))).await.unwrap();
    socket.flush().await.unwrap();
    assert_eq!(socket.out.capacity(), 0);
    drop(socket);
    assert_eq!(rest(peer).await, b"\x8a\x01?\x81\x05three", "the pong leaves with the next flush");
}

#[tokio::test]
async fn what_came_with_the_handshake_is_read_first() {
    let (mut peer, stream) = duplex(1000);
    let early = frame(1, "early");
    let (head, tail) = early.split_at(4);
    let mut socket = WebSocket::server(stream, head, 100);
    peer.write_all(tail).await.unwrap();
    peer.write_all(&frame(1, "late")).await.unwrap();
    assert_eq!(socket.next().await, Incoming::Text("early".into()));
    assert_eq!(socket.next().await, Incoming::Text("late".into()));
}

#[tokio::test]
async fn after_a_frame_too_large_one_can_still_speak_and_hear_the_goodbye() {
    let (mut peer, mut socket) = pair(3);
    peer.write_all(&[frame(1, "four"), frame(1, "abc"), frame(8, "")].concat()).await.unwrap();
    assert_eq!(socket.next().await, Incoming::TooLarge);
    socket.feed(Frame::Text(Bytes::from_static(b"no"))).await.unwrap();
    socket.close(1009, "large").await.unwrap();
    assert_eq!(socket.next().await, Incoming::Closed);
    assert_eq!(socket.feed(Frame::Ping).await, Err(Gone));
    drop(socket);
    assert_eq!(rest(peer).await, b"\x81\x02no\x88\x07\x03\xf1large");
}

#[tokio::test]
async fn a_goodbye_is_answered_with_the_same_code_and_the_socket_is_over() {
    let (mut peer, mut socket) = pair(100);
    peer.write_all(&[frame(8, "\u{3}\u{7}"), frame(1, "more")].concat()).await.unwrap();
    let (mut violating, mut other) = pair(100);
    violating.write_all(&[0x88, 0x82, 0, 0, 0, 0, 0x0f, 0xa0]).await.unwrap();
    assert_eq!(other.next().await, Incoming::Closed);
    other.flush().await.unwrap();
    drop(other);
    assert_eq!(rest(violating).await, b"\x88\x02\x0f\xa0");
    assert_eq!(socket.next().await, Incoming::Broken, "775 is no code");
}

#[tokio::test]
async fn a_peer_that_breaks_the_rules_hears_so_before_the_socket_goes() {
    let (mut peer, mut socket) = pair(100);
    peer.write_all(b"\x81\x01x and more that nobody will read").await.unwrap();
    assert_eq!(socket.next().await, Incoming::Broken);
    let reading = tokio::spawn(rest(peer));
    assert_eq!(socket.next().await, Incoming::Broken);
    assert_eq!(reading.await.unwrap(), b"\x88\x02\x03\xea");
}

#[tokio::test]
async fn a_socket_that_is_gone_says_so_again_and_again() {
    let (peer, mut socket) = pair(100);
    drop(peer);
    assert_eq!(socket.next().await, Incoming::Broken);
    assert_eq!(socket.next().await, Incoming::Broken);
    let _ = socket.feed(Frame::Ping).await;
    assert_eq!(socket.flush().await, Err(Gone));
}

#[tokio::test]
async fn pongs_for_a_peer_that_does_not_read_are_bounded() {
    let (mut peer, mut socket) = pair(100);
    let pings = frame(9, &"?".repeat(125)).repeat(2000);
    let writing = tokio::spawn(async move {
        let _ = peer.write_all(&pings).await;
        peer
    });
    for _ in 0..2000 {
        assert_eq!(socket.next().await, Incoming::Ping);
    }
    assert!(socket.unwritten() < HIGH + 200, "{}", socket.unwritten());
    drop(writing.await);
}
