//! Messages on their way, in the order of the calls.
//!
//! A message waits, flies (was sent on this connection), and ends as stored or failed. A broken connection turns
//! flying into waiting: it is sent again, with the same key, so that the server stores it once. A failed message is
//! kept so that the page may ask for it again, under the same key too.

use crate::{Failure, Outgoing, time::earlier};
use jmessage_model::Mutant;
use jmessage_proto::{Code, Request};

/// How many messages fly at once.
pub const WINDOW: usize = 32;
/// How many messages may wait, flying ones included.
pub const MAX_WAITING: usize = 1000;
/// How many bytes they may hold together.
pub const MAX_WAITING_BYTES: usize = 1 << 20;
/// How many failed messages are kept, within [`MAX_WAITING_BYTES`]; beyond that the oldest are forgotten.
const MAX_FAILED: usize = 200;

struct Entry<V> {
    rid: u64,
    key: String,
    message: Outgoing<V>,
    deadline: u64,
    flying: bool,
    /// The server has said on this connection that it cannot do it now.
    postponed: bool,
}

/// See the module.
pub(crate) struct Outbox<V> {
    /// All keys of this client start so; they end in the message's serial number.
    prefix: String,
    waiting: Vec<Entry<V>>,
    failed: Vec<Entry<V>>,
    /// The server asked for a pause until then.
    hold: u64,
}

impl<V: Clone> Outbox<V> {
    pub(crate) fn new(prefix: u64) -> Self {
        let mut outbox = Self { prefix: String::new(), waiting: Vec::new(), failed: Vec::new(), hold: 0 };
        push_base32(&mut outbox.prefix, prefix);
        outbox.prefix.push('-');
        outbox
    }

    /// Takes a new message. One of the same number is forgotten: it failed long ago, or this is its repetition.
    pub(crate) fn add(
        &mut self,
        rid: u64,
        serial: u64,
        message: Outgoing<V>,
        deadline: u64,
    ) -> Result<(), Failure> {
        self.room(message.size)?;
        let mut key = self.prefix.clone();
        push_base32(&mut key, serial);
        self.waiting.retain(|entry| entry.rid != rid);
        self.failed.retain(|entry| entry.rid != rid);
        self.waiting.push(Entry { rid, key, message, deadline, flying: false, postponed: false });
        Ok(())
    }

    /// Takes a failed message again, behind those that wait.
    pub(crate) fn again(&mut self, rid: u64, deadline: u64) -> Result<(), Failure> {
        let Some(at) = self.failed.iter().position(|entry| entry.rid == rid) else {
            return Err(Failure::new(Code::Arguments, "there is no failed message of this rid"));
        };
        let size = self.failed.get(at).map_or(0, |entry| entry.message.size);
        self.room(size)?;
        let entry = self.failed.remove(at);
        self.waiting.push(Entry { deadline, flying: false, postponed: false, ..entry });
        Ok(())
    }

    fn room(&self, size: usize) -> Result<(), Failure> {
        if self.waiting.len() >= MAX_WAITING || bytes(&self.waiting) + size > MAX_WAITING_BYTES {
            return Err(Failure::new(Code::Arguments, "too many messages are waiting to be sent"));
        }
        Ok(())
    }

    /// The next message to send now, if the window and the server allow one.
    pub(crate) fn next(&mut self, now: u64) -> Option<Request<V>> {
        let flying = self.waiting.iter().filter(|entry| entry.flying).count();
        if now < self.hold || flying >= WINDOW {
            return None;
        }
        let entry = self.waiting.iter_mut().find(|entry| !entry.flying)?;
        entry.flying = true;
        let Outgoing { target_type, target_id, msg_type, body, .. } = entry.message.clone();
        let key = entry.key.clone();
        Some(Request::Send { id: entry.rid, key, target_type, target_id, msg_type, msg_body: body })
    }

    /// The message is stored. False if nobody waits for that any more.
    pub(crate) fn stored(&mut self, rid: u64) -> bool {
        let at = self.waiting.iter().position(|entry| entry.rid == rid);
        at.map(|at| self.waiting.remove(at)).is_some()
    }

    /// Whether the message of this number is for `username`: a note to oneself comes back like any other message.
    pub(crate) fn is_for(&self, rid: u64, username: &str) -> bool {
        let mut all = self.waiting.iter().chain(&self.failed);
        all.any(|entry| entry.rid == rid && entry.message.target_id == username)
    }

    /// The message was refused. False if nobody waits for it any more.
    pub(crate) fn refused(&mut self, rid: u64) -> bool {
        let at = self.waiting.iter().position(|entry| entry.rid == rid);
        at.map(|at| self.fail(at)).is_some()
    }

    /// The server is busy: the message, and all that wait, go out no earlier than `until`.
    /// False if nobody waits for it any more.
    pub(crate) fn postpone(&mut self, rid: u64, until: u64) -> bool {
        let Some(entry) = self.waiting.iter_mut().find(|entry| entry.rid == rid) else { return false };
        entry.flying = false;
        entry.postponed = true;
        self.hold = self.hold.max(until);
        true
    }

    /// The connection is gone.
    pub(crate) fn land(&mut self) {
        for entry in &mut self.waiting {
            entry.flying &= Mutant::NoResend.is_on();
            entry.postponed = false;
        }
        self.hold = 0;
    }

    /// Ends the waiting of the first message whose time limit is over. True if the server could not do it until then.
    pub(crate) fn expire(&mut self, now: u64) -> Option<(u64, bool)> {
        let at = self.waiting.iter().position(|entry| entry.deadline <= now)?;
        let postponed = self.waiting.get(at).is_some_and(|entry| entry.postponed);
        Some((self.fail(at), postponed))
    }

    /// Ends the waiting of the first message there is.
    pub(crate) fn fail_first(&mut self) -> Option<u64> {
        (!self.waiting.is_empty()).then(|| self.fail(0))
    }

    /// Moves the waiting message at this place to the failed ones.
    fn fail(&mut self, at: usize) -> u64 {
        let entry = self.waiting.remove(at);
        let rid = entry.rid;
        self.failed.push(entry);
        while self.failed.len() > MAX_FAILED || bytes(&self.failed) > MAX_WAITING_BYTES {
            self.failed.remove(0);
        }
        rid
    }

    /// Forgets the failed messages: they belong to another user.
    pub(crate) fn forget_failed(&mut self) {
        self.failed.clear();
    }

    /// When something is due; `sending` if messages could go out now.
    pub(crate) fn deadline(&self, now: u64, sending: bool) -> Option<u64> {
        let resume = sending && now < self.hold && self.waiting.iter().any(|entry| !entry.flying);
        earlier(self.waiting.iter().map(|entry| entry.deadline).min(), resume.then_some(self.hold))
    }
}

fn bytes<V>(entries: &[Entry<V>]) -> usize {
    entries.iter().map(|entry| entry.message.size).sum()
}

fn push_base32(text: &mut String, mut number: u64) {
    loop {
        text.push(char::from(b"0123456789abcdefghijklmnopqrstuv"[(number & 31) as usize]));
        number >>= 5;
        if number == 0 {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(size: usize) -> Outgoing<()> {
        let (target_type, target_id, msg_type) = ("single".into(), "p001".into(), "text".into());
        Outgoing { target_type, target_id, msg_type, body: (), size }
    }

    fn key(request: Option<Request<()>>) -> String {
        match request {
            Some(Request::Send { key, .. }) => key,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_message_keeps_its_key_and_keys_never_repeat() {
        let mut outbox = Outbox::new(u64::MAX);
        outbox.add(1, 10, text(1), 9).unwrap();
        outbox.add(2, 11, text(1), 9).unwrap();
        let (one, two) = (key(outbox.next(0)), key(outbox.next(0)));
        assert_ne!(one, two);
        assert!(one.len() <= 64 && one.bytes().all(|byte| byte.is_ascii_graphic()));
        outbox.land();
        assert_eq!(key(outbox.next(0)), one);
        assert!(outbox.refused(1));
        outbox.again(1, 9).unwrap();
        assert_eq!(key(outbox.next(0)), two);
        assert_eq!(key(outbox.next(0)), one);
        assert!(outbox.stored(1));
        assert!(!outbox.stored(1), "a second answer finds nobody");
        assert!(outbox.again(1, 9).is_err(), "what succeeded is not sent again");
    }

    #[test]
    fn the_outbox_is_bounded_in_count_and_bytes() {
        let mut outbox = Outbox::new(0);
        for rid in 0..MAX_WAITING as u64 {
            outbox.add(rid, rid, text(1), 9).unwrap();
        }
        assert!(outbox.add(5000, 5000, text(1), 9).is_err());
        while outbox.fail_first().is_some() {}
        assert_eq!(outbox.failed.len(), MAX_FAILED);
        outbox.add(5000, 5000, text(MAX_WAITING_BYTES), 9).unwrap();
        assert!(outbox.add(5001, 5001, text(1), 9).is_err());
        assert!(outbox.again(999, 9).is_err(), "nor may a repetition exceed it");
        assert!(outbox.refused(5000));
        assert!(bytes(&outbox.failed) <= MAX_WAITING_BYTES);
    }

    #[test]
    fn what_the_server_could_not_do_in_time_is_told_from_what_it_never_answered() {
        let mut outbox = Outbox::new(0);
        for rid in [1, 2] {
            outbox.add(rid, rid, text(1), 100).unwrap();
            assert!(outbox.next(0).is_some());
        }
        assert!(outbox.postpone(1, 50));
        assert_eq!(outbox.expire(100), Some((1, true)));
        assert_eq!(outbox.expire(100), Some((2, false)));
        outbox.again(1, 200).unwrap();
        assert!(outbox.next(100).is_some() && outbox.postpone(1, 150));
        outbox.land();
        assert_eq!(outbox.expire(200), Some((1, false)), "a new connection knows nothing yet");
    }

    #[test]
    fn a_pause_holds_everything_back_until_it_ends() {
        let mut outbox = Outbox::new(0);
        outbox.add(1, 1, text(1), 100).unwrap();
        outbox.add(2, 2, text(1), 100).unwrap();
        assert!(outbox.next(0).is_some());
        assert!(outbox.postpone(1, 50));
        assert!(outbox.next(49).is_none());
        assert_eq!(outbox.deadline(0, true), Some(50));
        assert_eq!(outbox.deadline(50, true), Some(100));
        let order = [key(outbox.next(50)), key(outbox.next(50))];
        assert!(order[0] < order[1], "the first message still goes first");
    }
}
