//! A WebSocket, server side, that holds no buffer while nothing is under way.
//!
//! What arrives is read into a buffer that all sockets of a thread share; a socket keeps only what it could not use at
//! once. What leaves is gathered, written with one call, and given up.

use super::{
    Frame, Gone, Incoming, Socket,
    frames::{self, Decoded, Decoder, Violation},
};
use std::{
    cell::RefCell,
    future::poll_fn,
    mem::take,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes read from a socket at a time.
const READ: usize = 16 << 10;
/// Bytes that wait for a flush before feeding another frame waits for it.
const HIGH: usize = 64 << 10;

thread_local! {
    /// What a socket of this thread has just read. Used only within one poll.
    static SCRATCH: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// How far the two sides have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Talk {
    /// Both may speak.
    Open,
    /// We said goodbye; what the peer still says is passed over, but its goodbye.
    Leaving,
    /// The peer said goodbye, and ours is written or waits to be.
    Over,
    /// The peer broke the rules. It is told so, and no more is understood.
    Broken,
    /// There is no socket any more.
    Gone,
}

/// A WebSocket on a stream whose handshake is done.
#[derive(Debug)]
pub struct WebSocket<S> {
    stream: S,
    decoder: Decoder,
    /// Bytes that came and were not decoded at once, and how many of them have been since.
    held: Vec<u8>,
    used: usize,
    /// Frames that wait for a flush, and how many of their bytes have left.
    out: Vec<u8>,
    written: usize,
    talk: Talk,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> WebSocket<S> {
    /// The server's side of a socket. `early` is what came behind the handshake; a message has at most `max` bytes.
    pub fn server(stream: S, early: &[u8], max: usize) -> Self {
        Self {
            stream,
            decoder: Decoder::new(max),
            held: early.to_vec(),
            used: 0,
            out: Vec::new(),
            written: 0,
            talk: Talk::Open,
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Incoming> {
        loop {
            match self.talk {
                Talk::Open | Talk::Leaving => {}
                Talk::Over => return Poll::Ready(Incoming::Closed),
                Talk::Broken => ready!(self.poll_drain(cx)),
                Talk::Gone => return Poll::Ready(Incoming::Broken),
            }
            let decoded = match self.decode_held() {
                Ok(Some(decoded)) => Ok(decoded),
                Ok(None) => ready!(self.poll_read(cx)),
                Err(violation) => Err(violation),
            };
            let incoming = match decoded {
                Ok(decoded) => self.take_in(decoded),
                Err(violation) => Some(self.violated(violation)),
            };
            if let Some(incoming) = incoming {
                return Poll::Ready(incoming);
            }
        }
    }

    fn decode_held(&mut self) -> Result<Option<Decoded>, Violation> {
        let Some((size, decoded)) = self.decoder.decode(&self.held[self.used..])? else { return Ok(None) };
        self.used += size;
        if self.used == self.held.len() {
            (self.held, self.used) = (Vec::new(), 0);
        }
        Ok(Some(decoded))
    }

    /// Reads once. The first frame is decoded where it stands, the rest is kept.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<Decoded, Violation>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let mut buffer = ReadBuf::new(scratch);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            let mut new = buffer.filled();
            if read.is_err() || new.is_empty() {
                self.talk = Talk::Gone;
                return Poll::Ready(Ok(Decoded::Nothing));
            }
            let mut first = Decoded::Nothing;
            if self.held.is_empty()
                && let Some((size, decoded)) = self.decoder.decode(new)?
            {
                (first, new) = (decoded, &new[size..]);
            }
            self.held.drain(..take(&mut self.used));
            self.held.extend_from_slice(new);
            Poll::Ready(Ok(first))
        })
    }

    /// What the session hears of a frame.
    fn take_in(&mut self, decoded: Decoded) -> Option<Incoming> {
        if let Decoded::Close(code) = decoded {
            if self.talk == Talk::Open {
                frames::put_close(&mut self.out, code, "");
            }
            self.talk = Talk::Over;
            return Some(Incoming::Closed);
        }
        if self.talk != Talk::Open {
            return None;
        }
        match decoded {
            Decoded::Text(text) => Some(Incoming::Text(text)),
            Decoded::Binary(bytes) => Some(Incoming::Binary(bytes.into())),
            Decoded::Ping(payload) => {
                // A peer that does not read must not make us collect its pongs.
                if self.unwritten() < HIGH {
                    frames::put_pong(&mut self.out, &payload);
                }
                Some(Incoming::Ping)
            }
            Decoded::Pong => Some(Incoming::Pong),
            Decoded::TooLarge => Some(Incoming::TooLarge),
            Decoded::Close(_) | Decoded::Nothing => None,
        }
    }

    fn violated(&mut self, Violation(code): Violation) -> Incoming {
        if self.talk == Talk::Open {
            frames::put_close(&mut self.out, Some(code), "");
        }
        (self.held, self.used) = (Vec::new(), 0);
        self.talk = Talk::Broken;
        Incoming::Broken
    }

    /// Says what is to be said and waits until the peer is gone: to close a socket on which something unread waits would
    /// take our last words away from it.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if ready!(self.poll_flush(cx)).is_ok() {
            let _ = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
            SCRATCH
                .with_borrow_mut(|scratch| {
                    loop {
                        let mut buffer = ReadBuf::new(scratch);
                        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
                        if read.is_err() || buffer.filled().is_empty() {
                            return Poll::Ready(());
                        }
                    }
                })
                .map(|()| self.talk = Talk::Gone)
        } else {
            Poll::Ready(())
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Gone>> {
        while self.unwritten() > 0 {
            let left = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.out[self.written..]));
            let Ok(size @ 1..) = left else {
                self.talk = Talk::Gone;
                break;
            };
            self.written += size;
        }
        (self.out, self.written) = (Vec::new(), 0);
        if self.talk == Talk::Gone {
            return Poll::Ready(Err(Gone));
        }
        Pin::new(&mut self.stream).poll_flush(cx).map_err(|_| Gone)
    }

    /// Writes when much waits; says whether more can be fed.
    async fn make_room(&mut self) -> Result<(), Gone> {
        if self.unwritten() >= HIGH {
            poll_fn(|cx| self.poll_flush(cx)).await?;
        }
        if self.talk == Talk::Open { Ok(()) } else { Err(Gone) }
    }

    fn unwritten(&self) -> usize {
        self.out.len() - self.written
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Socket for WebSocket<S> {
    async fn next(&mut self) -> Incoming {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    async fn feed(&mut self, frame: Frame) -> Result<(), Gone> {
        self.make_room().await?;
        match frame {
            Frame::Text(text) => frames::put_text(&mut self.out, &text),
            Frame::Binary(bytes) => frames::put_binary(&mut self.out, &bytes),
            Frame::Ping => frames::put_ping(&mut self.out),
        }
        Ok(())
    }

    async fn feed_text(&mut self, text: &str) -> Result<(), Gone> {
        self.make_room().await?;
        frames::put_text(&mut self.out, text.as_bytes());
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Gone> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    async fn close(&mut self, code: u16, reason: &str) -> Result<(), Gone> {
        if self.talk == Talk::Open {
            frames::put_close(&mut self.out, Some(code), reason);
            self.talk = Talk::Leaving;
        }
        self.flush().await
    }
}

#[cfg(test)]
mod tests;
