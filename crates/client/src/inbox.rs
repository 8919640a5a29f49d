//! What was received: one cursor per conversation, gaps, acknowledgements.

use crate::time::{self, earlier};
use jmessage_proto::{MAX_POSITIONS, Position};

/// How many conversations are remembered; beyond that the memory of one without open business is dropped.
const MAX_LOGS: usize = 4096;
/// How many own positions ahead of the cursor are remembered per conversation.
const MAX_OWN: usize = 64;
/// After this many entries the acknowledgement does not wait any longer.
const ACK_COUNT: usize = 64;
/// After this many questions without progress a gap is taken as a loss, and passed over.
const MAX_TRIES: u32 = 3;

/// What to do with an entry that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is the next one.
    Next,
    /// It was here already, or comes too early while the gap is being filled.
    Drop,
    /// It shows a gap: ask for everything after the given position.
    Ask(u64),
}

/// Entries are missing between the cursor and `lowest`.
struct Gap {
    lowest: u64,
    highest: u64,
    asked_from: u64,
    tries: u32,
    retry_at: u64,
    answer: Answer,
}

/// What the server has said to the last question about a gap.
#[derive(PartialEq, Eq)]
enum Answer {
    None,
    /// It has answered something that was asked after it.
    Given,
    /// It could not answer, which says nothing about the log.
    Refused,
}

struct Log {
    conversation: u64,
    /// The cursor; `None` until the first entry came, whatever its position.
    last: Option<u64>,
    acked: u64,
    /// Positions of messages sent from here, which are not pushed to us.
    own: Vec<u64>,
    gap: Option<Gap>,
}

/// See the module.
pub(crate) struct Inbox {
    logs: Vec<Log>,
    unacked: usize,
    ack_at: Option<u64>,
}

impl Inbox {
    pub(crate) fn new() -> Self {
        Self { logs: Vec::new(), unacked: 0, ack_at: None }
    }

    fn log(&mut self, conversation: u64) -> &mut Log {
        let known = self.logs.iter().position(|log| log.conversation == conversation);
        let at = known.unwrap_or_else(|| {
            if self.logs.len() >= MAX_LOGS {
                let clean = self.logs.iter().position(Log::is_clean).unwrap_or(0);
                self.logs.remove(clean);
            }
            self.logs.push(Log { conversation, last: None, acked: 0, own: Vec::new(), gap: None });
            self.logs.len() - 1
        });
        &mut self.logs[at]
    }

    /// An entry arrived.
    pub(crate) fn arrived(&mut self, now: u64, conversation: u64, seq: u64) -> Verdict {
        let log = self.log(conversation);
        let verdict = log.arrived(now, seq);
        // What was here already was perhaps acknowledged on a connection that broke: say it again.
        if !matches!(verdict, Verdict::Ask(_)) && !log.is_acked() {
            self.unacked += 1;
            self.ack_at.get_or_insert(now + time::ACK);
        }
        verdict
    }

    /// Nothing up to and including `seq` will come any more; whether something could have.
    pub(crate) fn skip(&mut self, now: u64, conversation: u64, seq: u64) -> bool {
        let log = self.log(conversation);
        let jumps = log.last.is_none_or(|last| last < seq);
        if jumps {
            log.last = Some(seq);
            log.settle();
            self.ack_at.get_or_insert(now + time::ACK);
        }
        jumps
    }

    /// A message sent from here got this position.
    pub(crate) fn sent(&mut self, conversation: u64, seq: u64) {
        let log = self.log(conversation);
        if log.last.is_none_or(|last| seq > last) && !log.own.contains(&seq) {
            if log.own.len() >= MAX_OWN {
                log.own.remove(0);
            }
            log.own.push(seq);
            log.settle();
        }
    }

    /// Positions to acknowledge now, if it is time; at most one frame of them.
    pub(crate) fn acks(&mut self, now: u64) -> Option<Vec<Position>> {
        let due = self.ack_at.is_some_and(|at| at <= now) || self.unacked >= ACK_COUNT;
        if !due {
            return None;
        }
        let cursors = self.flush();
        if cursors.len() >= MAX_POSITIONS {
            self.ack_at = Some(now);
        }
        (!cursors.is_empty()).then_some(cursors)
    }

    /// All positions that were not acknowledged; at most one frame of them.
    pub(crate) fn flush(&mut self) -> Vec<Position> {
        self.unacked = 0;
        self.ack_at = None;
        let mut cursors = Vec::new();
        for log in self.logs.iter_mut().filter(|log| !log.is_acked()).take(MAX_POSITIONS) {
            let seq = log.last.unwrap_or(0);
            log.acked = seq;
            cursors.push(Position { conversation: log.conversation, seq });
        }
        cursors
    }

    /// What to tell the server on a new connection: every position, since acknowledgements may have been lost.
    pub(crate) fn resume(&mut self) -> Vec<Position> {
        let mut cursors = self.flush();
        for log in &self.logs {
            let Some(seq) = log.last else { continue };
            if cursors.len() >= MAX_POSITIONS {
                break;
            }
            if cursors.iter().all(|position| position.conversation != log.conversation) {
                cursors.push(Position { conversation: log.conversation, seq });
            }
        }
        cursors
    }

    /// The connection is gone; on the next one the server starts behind the cursors by itself.
    pub(crate) fn reset_gaps(&mut self) {
        for log in &mut self.logs {
            log.gap = None;
        }
    }

    /// Forgets everything: it belongs to another user.
    pub(crate) fn clear(&mut self) {
        *self = Self::new();
    }

    /// A gap to ask about again: conversation and the position to ask from. Ask for a sign of life behind it: when
    /// that comes, the question was read.
    pub(crate) fn overdue(&mut self, now: u64) -> Option<Position> {
        self.logs.iter_mut().find_map(|log| log.overdue(now))
    }

    /// A sign of life came.
    pub(crate) fn answered(&mut self) {
        for log in &mut self.logs {
            if let Some(gap) = log.gap.as_mut().filter(|gap| gap.answer == Answer::None) {
                gap.answer = Answer::Given;
            }
        }
    }

    /// The server could not do something; which question it was it does not say.
    pub(crate) fn refused(&mut self) {
        for gap in self.logs.iter_mut().filter_map(|log| log.gap.as_mut()) {
            gap.answer = Answer::Refused;
        }
    }

    /// When something is due.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let gaps = self.logs.iter().filter_map(|log| log.gap.as_ref().map(|gap| gap.retry_at)).min();
        earlier(self.ack_at, gaps)
    }
}

impl Log {
    fn is_acked(&self) -> bool {
        self.last.is_none_or(|last| last <= self.acked)
    }

    fn is_clean(&self) -> bool {
        self.is_acked() && self.gap.is_none()
    }

    fn arrived(&mut self, now: u64, seq: u64) -> Verdict {
        let last = *self.last.get_or_insert_with(|| {
            self.acked = seq.saturating_sub(1);
            self.acked
        });
        if seq <= last {
            self.acked = self.acked.min(seq.saturating_sub(1));
            return Verdict::Drop;
        }
        if seq == last + 1 {
            self.last = Some(seq);
            self.settle();
            return Verdict::Next;
        }
        if let Some(gap) = &mut self.gap {
            gap.lowest = gap.lowest.min(seq);
            gap.highest = gap.highest.max(seq);
            return Verdict::Drop;
        }
        let retry_at = now + time::SYNC;
        self.gap = Some(Gap {
            lowest: seq,
            highest: seq,
            asked_from: last,
            tries: 1,
            retry_at,
            answer: Answer::None,
        });
        Verdict::Ask(last)
    }

    /// Moves the cursor over own messages and closes a gap that is filled.
    fn settle(&mut self) {
        let Some(mut last) = self.last else { return };
        while self.own.contains(&(last + 1)) {
            last += 1;
        }
        self.own.retain(|seq| *seq > last);
        self.last = Some(last);
        if self.gap.as_ref().is_some_and(|gap| gap.highest <= last) {
            self.gap = None;
        }
    }

    fn overdue(&mut self, now: u64) -> Option<Position> {
        let last = self.last?;
        let gap = self.gap.as_mut().filter(|gap| gap.retry_at <= now)?;
        gap.retry_at = now + time::SYNC;
        if gap.answer == Answer::Refused {
            gap.answer = Answer::None;
        }
        if last != gap.asked_from {
            gap.tries = 1;
        } else if gap.answer == Answer::Given {
            gap.answer = Answer::None;
            gap.tries += 1;
        }
        gap.asked_from = last;
        if gap.tries > MAX_TRIES {
            // The log does not have it any more. Going on from what is known to exist beats waiting for ever.
            gap.tries = 1;
            let from = if gap.lowest > last { gap.lowest - 1 } else { gap.highest - 1 };
            gap.asked_from = from;
            self.last = Some(from);
        }
        Some(Position { conversation: self.conversation, seq: self.last? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_once_and_in_order_from_the_first_one_seen() {
        let mut inbox = Inbox::new();
        assert_eq!(inbox.arrived(0, 1, 40), Verdict::Next);
        assert_eq!(inbox.arrived(0, 1, 40), Verdict::Drop);
        assert_eq!(inbox.arrived(0, 1, 39), Verdict::Drop);
        assert_eq!(inbox.arrived(0, 1, 43), Verdict::Ask(40));
        assert_eq!(inbox.arrived(0, 1, 44), Verdict::Drop, "asked once");
        for seq in 41..=44 {
            assert_eq!(inbox.arrived(0, 1, seq), Verdict::Next);
        }
        assert_eq!(inbox.arrived(0, 1, 46), Verdict::Ask(44), "a later gap is asked about anew");
    }

    #[test]
    fn own_messages_close_the_gap_they_make() {
        let mut inbox = Inbox::new();
        inbox.sent(1, 1);
        assert_eq!(inbox.arrived(0, 1, 2), Verdict::Next);
        inbox.sent(1, 4);
        assert_eq!(inbox.arrived(0, 1, 3), Verdict::Next);
        assert_eq!(inbox.arrived(0, 1, 5), Verdict::Next);
        assert_eq!(inbox.flush(), [Position { conversation: 1, seq: 5 }]);
    }

    #[test]
    fn a_confirmation_does_not_overtake_what_was_not_received_yet() {
        let mut inbox = Inbox::new();
        inbox.sent(1, 6);
        for seq in 1..=5 {
            assert_eq!(inbox.arrived(0, 1, seq), Verdict::Next);
        }
        assert_eq!(inbox.arrived(0, 1, 7), Verdict::Next);
    }

    #[test]
    fn acknowledgements_are_gathered() {
        let mut inbox = Inbox::new();
        inbox.arrived(0, 1, 1);
        inbox.arrived(10, 2, 1);
        assert_eq!(inbox.acks(199), None);
        assert_eq!(inbox.deadline(), Some(200));
        assert_eq!(inbox.acks(200).map(|cursors| cursors.len()), Some(2));
        assert_eq!(inbox.deadline(), None);
        for seq in 2..=65 {
            inbox.arrived(300, 1, seq);
        }
        assert_eq!(inbox.acks(300), Some(vec![Position { conversation: 1, seq: 65 }]));
        inbox.arrived(400, 1, 65);
        assert_eq!(inbox.acks(600), Some(vec![Position { conversation: 1, seq: 65 }]), "said again");
        assert_eq!(inbox.resume().len(), 2, "a new connection hears every position");
    }

    #[test]
    fn a_gap_that_cannot_be_filled_is_passed_over_in_the_end() {
        let mut inbox = Inbox::new();
        inbox.arrived(0, 1, 1);
        assert_eq!(inbox.arrived(0, 1, 9), Verdict::Ask(1));
        let mut now = 0;
        let mut asked = Vec::new();
        while asked.last() != Some(&8) {
            now = inbox.deadline().unwrap();
            assert!(now <= 60_000, "asked {asked:?}");
            if inbox.acks(now).is_none() {
                asked.extend(inbox.overdue(now).map(|position| position.seq));
                inbox.answered();
            }
        }
        assert_eq!(asked, [1, 1, 1, 8]);
        assert_eq!(inbox.arrived(now, 1, 9), Verdict::Next);
        assert!(inbox.deadline().is_some(), "the new position is to be acknowledged");
    }

    #[test]
    fn a_gap_is_kept_while_the_server_cannot_read_its_log() {
        let mut inbox = Inbox::new();
        assert_eq!(inbox.arrived(0, 1, 1), Verdict::Next);
        assert_eq!(inbox.arrived(0, 1, 3), Verdict::Ask(1));
        for round in 1..=10 {
            inbox.refused();
            // Of this question, and of a heartbeat.
            inbox.answered();
            inbox.answered();
            let asked = inbox.overdue(round * time::SYNC);
            assert_eq!(asked, Some(Position { conversation: 1, seq: 1 }), "nothing is passed over");
        }
        assert_eq!(inbox.arrived(11 * time::SYNC, 1, 2), Verdict::Next);
    }

    #[test]
    fn what_was_before_the_users_time_is_not_waited_for() {
        let mut inbox = Inbox::new();
        assert_eq!(inbox.arrived(0, 1, 10), Verdict::Next);
        assert_eq!(inbox.arrived(0, 1, 15), Verdict::Ask(10));
        assert!(inbox.skip(0, 1, 14));
        assert_eq!(inbox.arrived(0, 1, 15), Verdict::Next);
        assert!(!inbox.skip(0, 1, 3));
        assert_eq!(inbox.arrived(0, 1, 16), Verdict::Next, "never backwards");
    }

    #[test]
    fn the_memory_of_conversations_is_bounded() {
        let mut inbox = Inbox::new();
        for conversation in 0..2 * MAX_LOGS as u64 {
            inbox.arrived(0, conversation, 1);
            inbox.flush();
        }
        assert_eq!(inbox.logs.len(), MAX_LOGS);
        for seq in (10..1000).rev() {
            inbox.sent(1, seq);
        }
        assert!(inbox.logs.iter().all(|log| log.own.len() <= MAX_OWN));
    }
}
