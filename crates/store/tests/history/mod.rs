//! The end of a log as one of its members sees it, and what clearing that view changes: nothing for anybody else.

use crate::{
    fixture::{Open, Store},
    retention::LATER,
};
use jmessage_core::port::{Done, Op, Refusal, Target, Trim};
use jmessage_model::{Content, ConversationId, Seq};
use proptest::prelude::*;

impl Store {
    /// The positions of the last entries of a log.
    fn latest(&self, open: &Open, of: Target, limit: usize) -> Vec<u64> {
        let latest = self.reader.latest(open.fence.user, of, limit).unwrap();
        latest.iter().map(|entry| entry.seq.0).collect()
    }

    fn clear(&mut self, open: &Open, of: Target) {
        assert_eq!(self.apply(Op::ClearHistory { fence: open.fence, of }), Ok(Done::Nothing));
    }

    fn positions(&self, open: &Open, conversation: ConversationId, after: u64) -> Vec<u64> {
        let entries = self.reader.entries(open.fence.user, conversation, Seq(after), 1000).unwrap();
        entries.iter().map(|entry| entry.seq.0).collect()
    }
}

fn with(other: &Open) -> Target {
    Target::User(other.fence.user)
}

#[test]
fn both_of_a_pair_have_the_last_entries_in_order_and_nobody_else_has_any() {
    let mut store = Store::new();
    let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| store.open(name));
    assert_eq!(store.latest(&alice, with(&bobby), 9), [0_u64; 0], "before the first message there is no log");
    let log = store.talk(&alice, &bobby, 1..=10);
    assert_eq!(store.latest(&alice, with(&bobby), 4), [7, 8, 9, 10], "some have their places, some wait");
    assert_eq!(store.latest(&bobby, with(&alice), 2), [9, 10]);
    assert_eq!(store.latest(&bobby, with(&alice), 99), (1..=10).collect::<Vec<_>>());
    assert_eq!(store.latest(&bobby, with(&alice), 0), [0_u64; 0]);
    let last = store.reader.latest(bobby.fence.user, with(&alice), 1).unwrap().remove(0);
    assert_eq!(last.content, Content::Text("10".into()));
    for of in [with(&alice), with(&bobby), with(&carol), Target::Group(log)] {
        assert_eq!(store.latest(&carol, of, 9), [0_u64; 0], "{of:?}");
    }
}

#[test]
fn a_log_whose_entries_all_have_their_places_is_read_to_its_end_as_one_whose_entries_all_wait() {
    for unindexed in [0, 3, 1000] {
        let mut store = Store::with(unindexed);
        let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| store.open(name));
        store.talk(&alice, &bobby, 1..=40);
        // Others write after it, so that places are written.
        store.talk(&alice, &carol, 41..=60);
        let expected: Vec<_> = (31..=40).collect();
        assert_eq!(store.latest(&bobby, with(&alice), 10), expected, "{unindexed}");
        store.reopen();
        assert_eq!(store.latest(&bobby, with(&alice), 10), expected, "{unindexed}, after a restart");
    }
}

#[test]
fn long_texts_do_not_make_the_end_of_a_log_shorter() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let long = "x".repeat(jmessage_core::port::PAGE_BYTES / 2);
    for n in 0..8 {
        store.append(&alice, &bobby, &format!("k{n}"), &long).unwrap();
    }
    assert_eq!(store.latest(&bobby, with(&alice), 6), [3, 4, 5, 6, 7, 8]);
}

#[test]
fn behind_what_retention_cut_there_is_what_it_left() {
    let mut store = Store::new();
    let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| store.open(name));
    let log = store.talk(&alice, &bobby, 1..=20);
    let cut = store.trim(Trim::Log { conversation: log, first: Seq(16), older_than: LATER });
    assert_eq!(cut, 15);
    assert_eq!(store.latest(&bobby, with(&alice), 10), [16, 17, 18, 19, 20]);
    assert_eq!(store.latest(&bobby, with(&alice), 3), [18, 19, 20]);
    store.clear(&bobby, with(&alice));
    store.talk(&alice, &carol, 21..=30);
    store.trim(Trim::OlderThan(LATER));
    assert_eq!(store.latest(&alice, with(&bobby), 10), [0_u64; 0], "nothing is left");
    store.append(&alice, &bobby, "next", "next").unwrap();
    store.reopen();
    for (user, other) in [(&alice, &bobby), (&bobby, &alice)] {
        assert_eq!(store.latest(user, with(other), 10), [21]);
    }
}

#[test]
fn what_one_clears_is_hidden_from_its_own_view_alone_and_still_reaches_its_devices() {
    let mut store = Store::new();
    let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| store.open(name));
    let log = store.talk(&alice, &bobby, 1..=5);
    store.acknowledge(&bobby, log, 2);
    store.clear(&bobby, with(&alice));
    assert_eq!(store.latest(&bobby, with(&alice), 9), [0_u64; 0]);
    assert_eq!(store.latest(&alice, with(&bobby), 9), [1, 2, 3, 4, 5], "alice still has all");
    assert_eq!(store.behind(bobby.fence.user), [(log, Seq(2))]);
    assert_eq!(store.positions(&bobby, log, 2), [3, 4, 5], "a device that is behind still gets it");
    store.append(&alice, &bobby, "k6", "6").unwrap();
    store.reopen();
    assert_eq!(store.latest(&bobby, with(&alice), 9), [6]);
    store.clear(&carol, with(&alice));
    store.clear(&carol, Target::Group(log));
    assert_eq!(store.latest(&alice, with(&bobby), 1), [6], "an outsider clears nothing");
    assert_eq!(store.latest(&bobby, with(&alice), 1), [6]);
}

#[test]
fn an_older_session_cannot_clear_a_history() {
    let mut store = Store::new();
    let (alice, old) = (store.open("alice"), store.open("bobby"));
    store.append(&alice, &old, "k", "1").unwrap();
    let clear = |open: &Open| Op::ClearHistory { fence: open.fence, of: with(&alice) };
    let login = Store::login_op(old.fence.user, 2);
    let results = store.batch(&[login, clear(&old)]);
    assert!(matches!(results[0], Ok(Done::Session(_))));
    assert_eq!(results[1], Err(Refusal::Fenced), "within the batch that replaces it");
    let new = store.open("bobby");
    assert_eq!(store.apply(clear(&old)), Err(Refusal::Fenced));
    assert_eq!(store.latest(&new, with(&alice), 9), [1]);
    store.clear(&new, with(&alice));
    assert_eq!(store.latest(&new, with(&alice), 9), [0_u64; 0]);
}

#[test]
fn what_is_written_in_the_batch_that_clears_is_hidden_up_to_there() {
    let mut store = Store::new();
    let (alice, bobby) = (store.open("alice"), store.open("bobby"));
    let of = with(&alice);
    let clear = Op::ClearHistory { fence: bobby.fence, of };
    let ops = [
        store.append_op(&alice, &bobby, "k1", "1"),
        store.append_op(&alice, &bobby, "k2", "2"),
        clear,
        store.append_op(&alice, &bobby, "k3", "3"),
    ];
    assert!(store.batch(&ops).iter().all(Result::is_ok));
    assert_eq!(store.latest(&bobby, of, 9), [3]);
    assert_eq!(store.latest(&alice, with(&bobby), 9), [1, 2, 3]);
}

#[test]
fn a_member_reads_a_group_from_its_joining_and_not_at_all_once_it_is_gone() {
    let mut store = Store::new();
    let [alice, bobby, carol] = ["alice", "bobby", "carol"].map(|name| store.open(name));
    let group = store.create_group(&alice, "group");
    store.say(&alice, group, "two").unwrap();
    store.members(&alice, group, &[&bobby], &[]);
    store.say(&bobby, group, "four").unwrap();
    let of = Target::Group(group);
    assert_eq!(store.latest(&alice, of, 9), [1, 2, 3, 4]);
    assert_eq!(store.latest(&bobby, of, 9), [3, 4]);
    assert_eq!(store.latest(&carol, of, 9), [0_u64; 0]);
    store.members(&alice, group, &[], &[&bobby]);
    assert_eq!(store.latest(&bobby, of, 9), [0_u64; 0], "put out");
    assert_eq!(store.positions(&bobby, group, 0), [3, 4, 5], "though its devices still get what was its own");
    store.members(&alice, group, &[&bobby], &[]);
    assert_eq!(store.latest(&bobby, of, 9), [6], "from its new beginning");
    store.dissolve(&alice, group, &[&alice, &bobby]);
    assert_eq!([store.latest(&alice, of, 9), store.latest(&bobby, of, 9)], [const { Vec::<u64>::new() }; 2]);
}

#[derive(Clone, Debug)]
enum Step {
    /// One of the members writes, if it is there.
    Say(usize),
    Clear(usize),
    /// Carol is put out of the group, or taken in again.
    Turn,
    Acknowledge(usize, u64),
    Trim(u64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let member = || 0..3_usize;
    prop_oneof![
        10 => member().prop_map(Step::Say),
        2 => member().prop_map(Step::Clear),
        2 => Just(Step::Turn),
        1 => (member(), 0..30_u64).prop_map(|(who, seq)| Step::Acknowledge(who, seq)),
        1 => (0..8_u64).prop_map(Step::Trim),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever happens to a group: a member's history is the end of the log since it joined, without what it cleared and
    /// what was cut; and clearing changes nothing of what its devices get.
    #[test]
    fn history_is_the_end_of_what_its_reader_may_read(steps in proptest::collection::vec(step(), 1..60)) {
        let mut store = Store::new();
        let members = ["alice", "bobby", "carol"].map(|name| store.open(name));
        let [alice, bobby, carol] = &members;
        let group = store.create_group(alice, "group");
        store.members(alice, group, &[bobby, carol], &[]);
        // The end of the log, the first position kept, where each member joined, and up to where it has cleared.
        let (mut head, mut floor, mut joined, mut cleared, mut is_in) = (2_u64, 1_u64, [1, 2, 2], [0; 3], true);
        for (n, step) in steps.into_iter().enumerate() {
            match step {
                Step::Say(who) if who < 2 || is_in => {
                    store.say(&members[who], group, &n.to_string()).unwrap();
                    head += 1;
                }
                Step::Say(_) => {}
                Step::Clear(who) => {
                    let user = members[who].fence.user;
                    let before = (store.behind(user), store.positions(&members[who], group, 0));
                    store.clear(&members[who], Target::Group(group));
                    prop_assert_eq!((store.behind(user), store.positions(&members[who], group, 0)), before);
                    cleared[who] = head;
                }
                Step::Turn => {
                    let carol: &[_] = &[carol];
                    let (add, remove) = if is_in { (&[][..], carol) } else { (carol, &[][..]) };
                    store.members(alice, group, add, remove);
                    (head, is_in) = (head + 1, !is_in);
                    if is_in {
                        joined[2] = head;
                    }
                }
                Step::Acknowledge(who, seq) => store.acknowledge(&members[who], group, seq),
                Step::Trim(kept) => {
                    let first = Seq((head + 1).saturating_sub(kept));
                    let trim = Trim::Log { conversation: group, first, older_than: LATER };
                    match store.apply(Op::Trim(trim)) {
                        // What has no place yet is not cut.
                        Ok(Done::Trimmed(entries)) => floor += entries as u64,
                        other => prop_assert!(false, "{:?}", other),
                    }
                }
                Step::Reopen => store.reopen(),
            }
            for (who, member) in members.iter().enumerate() {
                let first = floor.max(joined[who]).max(cleared[who] + 1);
                let end = if who == 2 && !is_in { 0 } else { head };
                let all: Vec<_> = (first..=end).collect();
                for limit in [1, 3, 1000] {
                    let expected = &all[all.len().saturating_sub(limit)..];
                    prop_assert_eq!(store.latest(member, Target::Group(group), limit), expected, "{} {}", who, limit);
                }
            }
        }
    }
}
