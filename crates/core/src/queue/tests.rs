use super::*;
use crate::{Destination, Entry, UserCard};
use jmessage_model::{AppId, ClientKey, Content, EntryId, Millis, Nickname, Platform, UserId, Username};
use std::task::Waker;

fn entry(seq: u64) -> Arc<Shared> {
    let card = Arc::new(UserCard {
        app: AppId(1),
        id: UserId(1),
        name: Username::new("alice").unwrap(),
        nickname: Nickname::new("").unwrap(),
    });
    Shared::new(Entry {
        conversation: ConversationId(9),
        seq: Seq(seq),
        id: EntryId(seq),
        at: Millis(0),
        sender: card.clone(),
        platform: Platform::Web,
        to: Destination::User(card),
        key: Some(ClientKey::new("k").unwrap()),
        content: Content::Text("x".into()),
    })
}

fn queue(entries: usize) -> Arc<Queue> {
    Queue::new(QueueLimits { entries, bytes: 1 << 20 })
}

/// The positions taken at once, or why the queue ended, or `None` when there is nothing yet.
fn taken(queue: &Queue) -> Option<Result<Vec<u64>, End>> {
    let mut events = Vec::new();
    match queue.poll(&mut Context::from_waker(Waker::noop()), &mut events) {
        Poll::Pending => None,
        Poll::Ready(Some(end)) => Some(Err(end)),
        Poll::Ready(None) => Some(Ok(events
            .iter()
            .map(|event| match event {
                Event::Entry(shared) => shared.entry.seq.0,
                Event::Reply { request, .. } => *request + 1000,
                Event::Acknowledged => 0,
                Event::Signal(_) => 2000,
            })
            .collect())),
    }
}

#[test]
fn a_new_queue_withholds_entries_but_not_answers() {
    let queue = queue(8);
    assert!(queue.offer(&entry(1)));
    assert_eq!(taken(&queue), None);
    queue.reply(1, Ok(Receipt::Ended));
    assert_eq!(taken(&queue), Some(Ok(vec![1001])));
}

#[test]
fn a_queue_that_ends_before_the_log_was_read_gives_answers_but_no_entries() {
    let queue = queue(8);
    queue.join();
    assert!(queue.offer(&entry(2)));
    queue.reply(1, Ok(Receipt::Ended));
    queue.close(End::Kicked);
    assert_eq!(taken(&queue), Some(Ok(vec![1001])));
    assert_eq!(taken(&queue), Some(Err(End::Kicked)));
}

#[test]
fn what_came_while_the_log_was_read_follows_without_repeats() {
    let queue = queue(8);
    queue.join();
    for seq in 1..=4 {
        queue.offer(&entry(seq));
    }
    assert!(queue.settle(&HashMap::from([(ConversationId(9), Seq(3))])));
    queue.offer(&entry(5));
    assert_eq!(taken(&queue), Some(Ok(vec![4, 5])));
}

#[test]
fn an_overflow_while_joining_sends_the_session_back_to_the_log() {
    let queue = queue(2);
    queue.join();
    queue.reply(1, Ok(Receipt::Ended));
    for seq in 1..=3 {
        assert!(queue.offer(&entry(seq)));
    }
    assert!(!queue.settle(&HashMap::new()));
    assert_eq!(taken(&queue), Some(Ok(vec![1001])), "answers are kept, entries are read again");
    queue.join();
    assert!(queue.settle(&HashMap::new()));
}

#[test]
fn an_overflow_when_live_ends_the_session() {
    let queue = queue(2);
    queue.join();
    queue.settle(&HashMap::new());
    assert!(queue.offer(&entry(1)));
    assert!(queue.offer(&entry(2)));
    assert!(!queue.offer(&entry(3)));
    assert_eq!(taken(&queue), Some(Err(End::TooSlow)));
    assert!(queue.offer(&entry(4)), "only the first overflow is reported");
}

#[test]
fn the_bound_in_bytes_counts_too() {
    let queue = Queue::new(QueueLimits { entries: 100, bytes: entry(1).weight() * 2 });
    queue.join();
    queue.settle(&HashMap::new());
    assert!(queue.offer(&entry(1)) && queue.offer(&entry(2)));
    assert!(!queue.offer(&entry(3)));
}

#[test]
fn a_closed_queue_gives_what_it_has_and_then_the_first_reason() {
    let queue = queue(8);
    queue.reply(1, Ok(Receipt::Ended));
    queue.close(End::Kicked);
    queue.close(End::Left);
    queue.reply(2, Ok(Receipt::Ended));
    assert_eq!(taken(&queue), Some(Ok(vec![1001])));
    assert_eq!(taken(&queue), Some(Err(End::Kicked)));
}

#[test]
fn signals_reach_only_who_has_read_the_log_and_keeps_up() {
    let queue = queue(4);
    let signal = Arc::new(Signal::Broadcast {
        from: entry(1).entry.sender.clone(),
        content: Content::Text("to all".into()),
        at: Millis(0),
    });
    queue.signal(&signal);
    assert_eq!(taken(&queue), None, "the log is not read yet");
    queue.join();
    assert!(queue.settle(&HashMap::new()));
    for _ in 0..3 {
        queue.signal(&signal);
    }
    assert_eq!(taken(&queue), Some(Ok(vec![2000, 2000])), "the third was dropped, and the session goes on");
    for _ in 0..9 {
        queue.signal(&signal);
    }
    assert!(queue.offer(&entry(2)) && queue.offer(&entry(3)), "half of the room is left for entries");
    queue.signal(&signal);
    assert_eq!(taken(&queue), Some(Ok(vec![2000, 2000, 2, 3])));
    assert!(!(5..10).all(|seq| queue.offer(&entry(seq))), "and no more than the room");
}
