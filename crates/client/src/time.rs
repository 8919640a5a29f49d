//! Spans of time, in milliseconds.

/// How long the page waits. Both start with the page's call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For every request but login.
    pub request: u64,
    /// For login, the wait for connection and `config` included.
    pub login: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { request: 10_000, login: 60_000 }
    }
}

impl Timeouts {
    /// For what the machine does by itself. A page that gives messages a day means the outbox, not a dead server.
    pub(crate) fn handshake(self) -> u64 {
        self.request.min(30_000)
    }
}

/// An attempt to connect is given up after this.
pub(crate) const CONNECT: u64 = 10_000;
/// A connection that was silent for this long is asked for a sign of life.
pub(crate) const QUIET: u64 = 25_000;
/// A connection that gives none for this long is dead.
pub(crate) const PONG: u64 = 10_000;
/// A connection that lived this long starts the back-off anew.
pub(crate) const STABLE: u64 = 10_000;
/// Bound of the first random wait before connecting again; doubled with each failure.
pub(crate) const BACKOFF_BASE: u64 = 500;
/// Bound of every such wait.
pub(crate) const BACKOFF_CAP: u64 = 30_000;
/// Acknowledgements are gathered for this long.
pub(crate) const ACK: u64 = 200;
/// A gap that is not filled is asked for again after this.
pub(crate) const SYNC: u64 = 10_000;

/// The earlier of two optional moments.
pub(crate) fn earlier(a: Option<u64>, b: Option<u64>) -> Option<u64> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}
