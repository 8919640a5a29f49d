//! The queue between the writer and one session: bounded in count and bytes, never waited for.

use crate::{
    Error, Shared, Signal,
    port::{Appended, GroupRecord},
    wakes::wake,
};
use futures_util::task::AtomicWaker;
use jmessage_model::{ConversationId, Mutant, Seq};
use std::{
    collections::HashMap,
    future::poll_fn,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

/// What a session is told.
#[derive(Clone, Debug)]
pub enum Event {
    /// The answer to the session's own command.
    Reply {
        /// The number the gateway gave the command.
        request: u64,
        /// How it went.
        result: Result<Receipt, Error>,
    },
    /// What the session acknowledged is stored, or was refused. It may acknowledge more.
    Acknowledged,
    /// An entry of a log the session's user may read.
    Entry(Arc<Shared>),
    /// Something that is told once, to a session that watches.
    Signal(Arc<Signal>),
}

/// What a command of a session led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// The message is stored.
    Sent(Appended),
    /// The session has ended, as it asked.
    Ended,
    /// The group as it is now.
    Group(Arc<GroupRecord>),
    /// It is done.
    Done,
}

/// Why a queue takes nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The user logged in elsewhere.
    Kicked,
    /// The same page came back on a new connection.
    Replaced,
    /// The session read too slowly; what it missed is in the log.
    TooSlow,
    /// The session left by itself.
    Left,
}

/// The bounds of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimits {
    /// Entries waiting at most.
    pub entries: usize,
    /// Bytes waiting at most.
    pub bytes: usize,
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { entries: 1024, bytes: 1 << 20 }
    }
}

/// Room for so many events is kept while none are there.
const KEPT: usize = 16;

/// How entries are taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// Not taken: the session reads the log.
    Withheld,
    /// Taken while the session still reads the log; an overflow falls back to `Withheld`.
    Joining,
    /// Taken; an overflow ends the session.
    Live,
}

#[derive(Debug)]
struct Inner {
    events: Vec<Event>,
    entries: usize,
    bytes: usize,
    mode: Mode,
    end: Option<End>,
}

/// See the module.
#[derive(Debug)]
pub struct Queue {
    limits: QueueLimits,
    inner: Mutex<Inner>,
    waker: AtomicWaker,
}

impl Queue {
    /// An empty queue that withholds entries until the session has read the log.
    pub fn new(limits: QueueLimits) -> Arc<Self> {
        Self::with(limits, Mode::Withheld)
    }

    /// An empty queue that takes entries from the beginning, for a session without logs to read.
    pub fn live(limits: QueueLimits) -> Arc<Self> {
        Self::with(limits, Mode::Live)
    }

    fn with(limits: QueueLimits, mode: Mode) -> Arc<Self> {
        let inner = Inner { events: Vec::new(), entries: 0, bytes: 0, mode, end: None };
        Arc::new(Self { limits, inner: Mutex::new(inner), waker: AtomicWaker::new() })
    }

    /// What it takes at most.
    pub fn limits(&self) -> QueueLimits {
        self.limits
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that an acknowledgement was worked off; there is one at a time.
    pub fn acknowledged(&self) {
        let mut inner = self.lock();
        if inner.end.is_none() {
            inner.events.push(Event::Acknowledged);
            drop(inner);
            wake(&self.waker);
        }
    }

    /// Queues an answer. Answers are bounded by the commands a session has under way, not by this queue.
    pub fn reply(&self, request: u64, result: Result<Receipt, Error>) {
        let mut inner = self.lock();
        if inner.end.is_none() {
            inner.events.push(Event::Reply { request, result });
            drop(inner);
            wake(&self.waker);
        }
    }

    /// Offers an entry; false when this ended the session because it is too slow.
    pub fn offer(&self, shared: &Arc<Shared>) -> bool {
        let mut inner = self.lock();
        if inner.end.is_some() {
            return true;
        }
        let weight = shared.weight();
        let full = !inner.has_room(self.limits, weight);
        let keeps_up = match inner.mode {
            Mode::Withheld => return true,
            Mode::Joining if full => {
                inner.drop_entries();
                inner.mode = Mode::Withheld;
                return true;
            }
            Mode::Live if full && Mutant::DropOverflow.is_on() => return true,
            Mode::Live if full && !Mutant::WaitForSlow.is_on() => {
                inner.drop_entries();
                inner.events.clear();
                inner.end = Some(End::TooSlow);
                false
            }
            Mode::Joining | Mode::Live => {
                inner.entries += 1;
                inner.bytes += weight;
                inner.events.push(Event::Entry(shared.clone()));
                true
            }
        };
        drop(inner);
        wake(&self.waker);
        keeps_up
    }

    /// Offers a signal; it is dropped when the session still reads its logs, or has much waiting. Half of the room is for
    /// entries alone, so that no signals make a session too slow.
    pub fn signal(&self, signal: &Arc<Signal>) {
        let weight = signal.weight();
        let mut inner = self.lock();
        let QueueLimits { entries, bytes } = self.limits;
        let has_room = inner.has_room(QueueLimits { entries: entries / 2, bytes: bytes / 2 }, weight);
        if inner.end.is_none() && inner.mode == Mode::Live && has_room {
            inner.entries += 1;
            inner.bytes += weight;
            inner.events.push(Event::Signal(signal.clone()));
            drop(inner);
            wake(&self.waker);
        }
    }

    /// Ends the queue. What is already in it can still be taken, but for entries that came before the session had read its
    /// logs: others stand before them. The first reason stays.
    pub fn close(&self, end: End) {
        let mut inner = self.lock();
        if inner.end.is_none() {
            inner.end = Some(end);
            if inner.mode != Mode::Live {
                inner.drop_entries();
            }
            drop(inner);
            wake(&self.waker);
        }
    }

    /// Whether nothing more should be offered.
    pub(crate) fn is_full(&self) -> bool {
        let inner = self.lock();
        inner.end.is_none() && !inner.has_room(self.limits, 1)
    }

    /// Begins to take entries while the session goes on reading the log.
    pub(crate) fn join(&self) {
        self.lock().mode = Mode::Joining;
    }

    /// The session has read the log up to `sent`: drops entries it has seen and takes all that come.
    /// False when some were missed meanwhile; then the log must be read again.
    pub(crate) fn settle(&self, sent: &HashMap<ConversationId, Seq>) -> bool {
        let mut inner = self.lock();
        if inner.mode != Mode::Joining {
            return inner.mode == Mode::Live;
        }
        let seen = |shared: &Shared| sent.get(&shared.entry.conversation) >= Some(&shared.entry.seq);
        inner.events.retain(|event| !matches!(event, Event::Entry(shared) if seen(shared)));
        inner.recount();
        inner.mode = Mode::Live;
        true
    }

    /// Moves what waits into `events`, in order. `Some(end)` when nothing waits and nothing will.
    pub fn poll(&self, cx: &mut Context<'_>, events: &mut Vec<Event>) -> Poll<Option<End>> {
        self.waker.register(cx.waker());
        let mut inner = self.lock();
        if inner.events.is_empty() {
            return match inner.end {
                Some(end) => Poll::Ready(Some(end)),
                None => Poll::Pending,
            };
        }
        // What the session gave back serves again, unless it has grown large.
        if events.is_empty() && events.capacity() <= KEPT {
            std::mem::swap(events, &mut inner.events);
        } else {
            events.append(&mut inner.events);
            inner.events = Vec::new();
        }
        (inner.entries, inner.bytes) = (0, 0);
        Poll::Ready(None)
    }

    /// Waits for events; see [`Queue::poll`].
    pub async fn take(&self, events: &mut Vec<Event>) -> Option<End> {
        poll_fn(|cx| self.poll(cx, events)).await
    }

    /// Why the queue has ended, if it has; otherwise the task is woken at the next change.
    pub fn poll_end(&self, cx: &Context<'_>) -> Option<End> {
        self.waker.register(cx.waker());
        self.end()
    }

    /// Why the queue has ended, if it has.
    pub fn end(&self) -> Option<End> {
        self.lock().end
    }
}

impl Inner {
    /// Whether one more of this weight keeps within the limits.
    fn has_room(&self, limits: QueueLimits, weight: usize) -> bool {
        self.entries < limits.entries && self.bytes + weight <= limits.bytes
    }

    fn drop_entries(&mut self) {
        self.events.retain(|event| !matches!(event, Event::Entry(_)));
        self.recount();
    }

    fn recount(&mut self) {
        let weights = self.events.iter().filter_map(|event| match event {
            Event::Entry(shared) => Some(shared.weight()),
            Event::Signal(signal) => Some(signal.weight()),
            Event::Reply { .. } | Event::Acknowledged => None,
        });
        (self.entries, self.bytes) =
            weights.fold((0, 0), |(count, bytes), weight| (count + 1, bytes + weight));
    }
}

#[cfg(test)]
mod tests;
