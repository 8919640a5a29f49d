//! Cutting old entries: what is kept, what is said of the rest, and what must not change.

use crate::fixture::{Open, Store};
use jmessage_core::{
    Destination,
    port::{CUT_AT_ONCE, Done, Op, Overlong, Trim},
};
use jmessage_model::{ClientKey, ConversationId, Millis, Platform, Seq};
use proptest::prelude::*;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// When the fixture's messages are written.
const WRITTEN: Millis = Millis(7);
pub(crate) const LATER: Millis = Millis(8);

impl Store {
    /// Cuts until there is nothing more to cut, with commits in between in which places are written; how many entries.
    pub(crate) fn trim(&mut self, trim: Trim) -> usize {
        let mut cut = 0;
        for _ in 0..40 {
            match self.apply(Op::Trim(trim)) {
                Ok(Done::Trimmed(entries)) => cut += entries,
                other => panic!("{other:?}"),
            }
        }
        cut
    }

    /// Sends so many messages; their conversation.
    pub(crate) fn talk(
        &mut self,
        from: &Open,
        to: &Open,
        keys: std::ops::RangeInclusive<u32>,
    ) -> ConversationId {
        let ops: Vec<_> = keys.map(|n| self.append_op(from, to, &format!("k{n}"), &n.to_string())).collect();
        match self.batch(&ops).last() {
            Some(Ok(Done::Appended(appended))) => appended.conversation,
            other => panic!("{other:?}"),
        }
    }

    /// From where to where something is missing for this user.
    fn missing(&self, open: &Open, conversation: ConversationId, after: u64) -> Option<(u64, u64)> {
        let cut = self.reader.cut(open.fence.user, conversation, Seq(after)).unwrap()?;
        assert_eq!(cut.conversation, conversation);
        Some((cut.first.0, cut.last.0))
    }

    fn waiting(&self, open: &Open) -> Vec<u64> {
        let behind = self.reader.behind(open.fence.user, Platform::Web).unwrap();
        behind.into_iter().map(|behind| behind.waiting).collect()
    }
}

fn to_end(conversation: ConversationId) -> Trim {
    Trim::Log { conversation, first: Seq(1 << 40), older_than: LATER }
}

#[test]
fn old_entries_are_cut_and_their_reader_learns_which() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let log = store.talk(&alice, &bobby, 1..=10);
    assert_eq!(store.trim(Trim::OlderThan(WRITTEN)), 0, "not older");
    assert_eq!((store.missing(&bobby, log, 0), store.waiting(&bobby)), (None, vec![10]));
    let cut = store.trim(Trim::OlderThan(LATER));
    assert!((1..10).contains(&cut), "what has its place, and never the last of all: {cut}");
    let kept: Vec<_> = (cut + 1..=10).map(|n| n.to_string()).collect();
    assert_eq!(store.texts(&bobby, log, 0), kept);
    let cut = cut as u64;
    assert_eq!(store.missing(&bobby, log, 0), Some((1, cut)));
    assert_eq!(store.missing(&bobby, log, cut - 1), Some((cut, cut)));
    assert_eq!(store.missing(&bobby, log, cut), None);
    assert_eq!(store.waiting(&bobby), [10 - cut]);
    let seen = store.reader.cut(bobby.fence.user, log, Seq(0)).unwrap().unwrap();
    assert!(matches!(seen.place, Destination::User(user) if user.name.as_str() == "alice"));
    let carol = store.open("carol");
    assert_eq!(store.missing(&carol, log, 0), None, "nothing of it was carol's");
}

#[test]
fn a_log_of_which_nothing_is_left_goes_on_where_it_was() {
    let mut store = Store::new();
    let (alice, bobby, carol) = (store.open("alice"), store.open("bobby"), store.open("carol"));
    let log = store.talk(&alice, &bobby, 1..=9);
    // Others write after it, so that all of it gets its places.
    store.talk(&alice, &carol, 10..=20);
    assert_eq!(store.trim(to_end(log)), 9);
    assert_eq!(store.missing(&bobby, log, 4), Some((5, 9)));
    assert_eq!(store.waiting(&bobby), [0], "behind, though there is nothing to read");
    store.reopen();
    assert_eq!(store.append(&bobby, &alice, "next", "next").unwrap().seq, Seq(10));
    store.acknowledge(&bobby, log, 10);
    assert_eq!(store.waiting(&bobby), [0; 0]);
}

#[test]
fn numbers_are_not_given_twice_when_everything_old_is_cut() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    store.talk(&alice, &bobby, 1..=30);
    let before = store.append(&alice, &bobby, "last", "last").unwrap();
    store.trim(Trim::OlderThan(LATER));
    store.reopen();
    store.trim(Trim::OlderThan(LATER));
    let after = store.append(&alice, &bobby, "newest", "newest").unwrap();
    assert!(after.id > before.id && after.seq == before.seq.next(), "{before:?} {after:?}");
}

#[test]
fn one_step_cuts_no_more_than_its_share() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    store.talk(&alice, &bobby, 1..=1000);
    for n in 0..2000 {
        store.append(&alice, &bobby, &format!("x{n}"), "x").unwrap();
    }
    assert_eq!(store.apply(Op::Trim(Trim::OlderThan(LATER))), Ok(Done::Trimmed(CUT_AT_ONCE)));
}

#[test]
fn a_log_that_is_too_long_is_found_and_cut_at_its_beginning() {
    let mut store = Store::new();
    let (alice, bobby, carol) = (store.open("alice"), store.open("bobby"), store.open("carol"));
    let short = store.talk(&alice, &carol, 1..=5);
    let long = store.talk(&alice, &bobby, 6..=25);
    store.talk(&alice, &alice, 26..=40);
    store.trim(Trim::OlderThan(WRITTEN));
    let (found, last) = store.reader.overlong(ConversationId(0), 15, 2).unwrap();
    assert_eq!((found, last), (vec![Overlong { conversation: long, first: Seq(6) }], Some(long)));
    assert_eq!(store.reader.overlong(short, 15, 9).unwrap().0.len(), 1);
    let trim = |older_than| Trim::Log { conversation: long, first: Seq(6), older_than };
    assert_eq!(store.trim(trim(WRITTEN)), 0, "too recent");
    assert_eq!(store.trim(trim(LATER)), 5);
    assert_eq!(store.texts(&bobby, long, 0).len(), 15);
    assert_eq!(store.texts(&carol, short, 0).len(), 5, "the other one is whole");
    assert_eq!(store.reader.overlong(ConversationId(0), 15, 9).unwrap().0, []);
    let (found, last) = store.reader.overlong(ConversationId(1 << 40), 15, 9).unwrap();
    assert_eq!((found, last), (vec![], None));
}

#[test]
fn members_miss_only_what_was_of_their_time() {
    let mut store = Store::new();
    let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| store.open(name));
    let group = store.create_group(&alice, "team");
    store.say(&alice, group, "one").unwrap();
    store.members(&alice, group, &[&bobby], &[]);
    store.say(&alice, group, "two").unwrap();
    store.members(&alice, group, &[], &[&bobby]);
    store.say(&alice, group, "three").unwrap();
    store.members(&alice, group, &[&carol], &[]);
    store.talk(&alice, &alice, 1..=20);
    store.trim(Trim::Log { conversation: group, first: Seq(7), older_than: LATER });
    assert_eq!(store.missing(&bobby, group, 0), Some((3, 5)), "from being taken in to being put out");
    assert_eq!(store.missing(&carol, group, 0), None, "it came after");
    assert_eq!(store.missing(&alice, group, 0), Some((1, 6)));
    assert_eq!(store.texts(&carol, group, 0), ["Added"]);
    store.acknowledge(&bobby, group, 5);
    assert_eq!(store.waiting(&bobby), [0; 0]);
}

#[test]
fn nobody_loses_their_own_words() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let log = store.talk(&alice, &bobby, 1..=3);
    store.talk(&bobby, &alice, 4..=4);
    store.talk(&alice, &bobby, 5..=6);
    store.talk(&alice, &alice, 10..=20);
    let cut = |store: &mut Store, first| {
        store.trim(Trim::Log { conversation: log, first: Seq(first), older_than: LATER });
        let behind = store.reader.behind(alice.fence.user, Platform::Web).unwrap();
        behind.iter().find(|behind| behind.conversation == log).map(|behind| behind.after.0)
    };
    assert_eq!(cut(&mut store, 3), Some(2), "alice wrote the first two");
    assert_eq!(store.missing(&alice, log, 2), None);
    assert_eq!(cut(&mut store, 7), Some(3), "the fourth is bobby's, and alice did not have it");
    assert_eq!(store.missing(&alice, log, 3), Some((4, 6)));
    assert_eq!(store.missing(&bobby, log, 0), Some((1, 6)));
}

#[test]
fn a_key_is_known_for_as_long_as_its_message_is_kept() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let log = store.talk(&alice, &bobby, 1..=9);
    store.talk(&alice, &alice, 10..=20);
    store.trim(Trim::Log { conversation: log, first: Seq(5), older_than: LATER });
    assert!(!store.append(&alice, &bobby, "k5", "5").unwrap().fresh);
    let again = store.append(&alice, &bobby, "k4", "4").unwrap();
    assert!(again.fresh && again.seq == Seq(10), "a new message: {again:?}");
    let recall = |key| Op::Recall {
        fence: alice.fence,
        group: log,
        key: ClientKey::new(key).unwrap(),
        content: crate::fixture::text("3"),
    };
    assert_eq!(store.apply(recall("k3")), Err(jmessage_core::port::Refusal::Unknown));
}

#[test]
fn whoever_reads_while_old_entries_are_cut_gets_the_end_of_the_log_whole() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let log = store.talk(&alice, &bobby, 1..=1);
    let stop = Arc::new(AtomicBool::new(false));
    let reading = {
        let (reader, stop, user) = (store.reader.clone(), stop.clone(), bobby.fence.user);
        std::thread::spawn(move || {
            let mut rounds = 0;
            while !stop.load(Ordering::Relaxed) {
                let log = reader.entries(user, log, Seq(0), 10_000).unwrap();
                let positions: Vec<_> = log.iter().map(|entry| entry.seq.0).collect();
                assert!(positions.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{positions:?}");
                rounds += 1;
            }
            rounds
        })
    };
    for n in 2..400 {
        store.append(&alice, &bobby, &format!("k{n}"), "x").unwrap();
        store.apply(Op::Trim(Trim::OlderThan(LATER))).unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    assert!(reading.join().unwrap() > 0);
}

#[derive(Clone, Debug)]
enum Step {
    Send(usize),
    Trim { log: usize, kept: u64 },
    TrimAll,
    Acknowledge(u64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0..2_usize).prop_map(Step::Send),
        2 => (0..2_usize, 0..5_u64).prop_map(|(log, kept)| Step::Trim { log, kept }),
        1 => Just(Step::TrimAll),
        1 => (0..9_u64).prop_map(Step::Acknowledge),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is cut when: what is missing and what is kept are together all that was written, in order, and the count of
    /// positions goes on.
    #[test]
    fn what_is_missing_and_what_is_kept_are_the_whole_log(steps in proptest::collection::vec(step(), 1..80)) {
        let mut store = Store::new();
        let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| store.open(name));
        let readers = [&bobby, &carol];
        let mut logs = [(None, 0_u64, 0_u64); 2];
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Send(to) => {
                    let appended = store.append(&alice, readers[to], &format!("k{n}"), "x").unwrap();
                    logs[to].0 = Some(appended.conversation);
                    logs[to].1 += 1;
                    prop_assert_eq!(appended.seq.0, logs[to].1);
                }
                Step::Trim { log, kept } => if let (Some(conversation), head, _) = logs[log] {
                    let first = Seq((head + 1).saturating_sub(kept));
                    store.apply(Op::Trim(Trim::Log { conversation, first, older_than: LATER })).unwrap();
                },
                Step::TrimAll => _ = store.apply(Op::Trim(Trim::OlderThan(LATER))).unwrap(),
                Step::Acknowledge(seq) => if let (Some(conversation), head, cursor) = &mut logs[0] {
                    store.acknowledge(&bobby, *conversation, seq);
                    *cursor = seq.min(*head).max(*cursor);
                },
                Step::Reopen => store.reopen(),
            }
            for (reader, (conversation, head, cursor)) in readers.iter().zip(logs) {
                let Some(conversation) = conversation else { continue };
                let missing = store.missing(reader, conversation, cursor);
                prop_assert!(missing.is_none_or(|(first, _)| first == cursor + 1));
                let start = missing.map_or(cursor, |(_, last)| last) + 1;
                let kept = store.reader.entries(reader.fence.user, conversation, Seq(cursor), 1000).unwrap();
                let kept: Vec<_> = kept.iter().map(|entry| entry.seq.0).collect();
                prop_assert_eq!(kept, (start..=head).collect::<Vec<_>>());
                let waiting = if cursor < head { vec![head + 1 - start] } else { vec![] };
                prop_assert_eq!(store.waiting(reader), waiting);
            }
        }
    }
}
