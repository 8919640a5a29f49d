use super::*;
use crate::{
    Destination, Entry, GroupCard, Queue, QueueLimits, UserCard,
    port::{Fence, Members},
};
use jmessage_model::{
    AppId, Content, ConversationId, Description, EntryId, Epoch, GroupName, Millis, Nickname, Platform, Seq,
    Username,
};
use proptest::prelude::*;
use std::task::{Context, Waker};

/// More than [`SMALL`], so that the members online are remembered.
const MEMBERS: u64 = 100;

/// What happens to a hub with one group. Users beyond the members are others.
#[derive(Clone, Debug)]
enum Step {
    Come(u64),
    Go(u64),
    /// The group loses its first members up to this one, or has all again.
    Change(u64),
    Write,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let users = 1..MEMBERS + 20;
    let step = prop_oneof![
        6 => users.clone().prop_map(Step::Come),
        4 => users.prop_map(Step::Go),
        1 => (0..30_u64).prop_map(Step::Change),
        3 => Just(Step::Write),
    ];
    proptest::collection::vec(step, 0..200)
}

fn card(id: u64) -> Arc<UserCard> {
    let (name, nickname) = (Username::new(&format!("user{id}")).unwrap(), Nickname::new("").unwrap());
    Arc::new(UserCard { app: AppId(1), id: UserId(id), name, nickname })
}

fn group(without: u64) -> Arc<GroupRecord> {
    let name = GroupName::new("group").unwrap();
    let group_card = GroupCard { app: AppId(1), id: ConversationId(7), name, key: None };
    Arc::new(GroupRecord {
        card: Arc::new(group_card),
        owner: UserId(1),
        description: Description::new("").unwrap(),
        capacity: 1000,
        members: Members::new((without + 1..=MEMBERS).map(card).collect()),
    })
}

fn session(user: u64) -> Arc<Session> {
    let queue = Queue::new(QueueLimits::default());
    queue.join();
    let fence = Fence { user: UserId(user), platform: Platform::Web, epoch: Epoch(1) };
    Arc::new(Session { user: card(user), fence, queue })
}

fn message(group: &GroupRecord, number: u64) -> Arc<Shared> {
    Shared::new(Entry {
        conversation: group.card.id,
        seq: Seq(number),
        id: EntryId(number),
        at: Millis(0),
        sender: card(1),
        platform: Platform::Web,
        to: Destination::Group(group.card.clone()),
        key: None,
        content: Content::Text("hello".into()),
    })
}

/// How many events the session was offered since this was asked last.
fn heard(session: &Session) -> usize {
    let mut events = Vec::new();
    let _ = session.queue.poll(&mut Context::from_waker(Waker::noop()), &mut events);
    events.len()
}

proptest! {
    #[test]
    fn a_message_reaches_exactly_the_members_online(steps in steps()) {
        let (mut hub, stats, nobody) = (Hub::default(), Stats::default(), session(999));
        let (mut record, mut online) = (group(0), std::collections::BTreeMap::new());
        for (number, step) in (1..).zip(steps) {
            match step {
                Step::Come(user) if !online.contains_key(&user) => {
                    online.insert(user, session(user));
                    hub.enter(online[&user].clone(), End::Replaced, &stats);
                }
                Step::Go(user) => {
                    if let Some(session) = online.remove(&user) {
                        hub.leave(&session, &stats);
                    }
                }
                Step::Change(without) => record = group(without),
                Step::Come(_) => {}
                Step::Write => {
                    hub.deliver_to_group(&record, &message(&record, number), Some(&nobody), &stats);
                    prop_assert_eq!(hub.crowds.weight(), record.members.ids().len());
                    for (user, session) in &online {
                        prop_assert_eq!(heard(session), usize::from(record.members.has(UserId(*user))), "{}", user);
                    }
                }
            }
        }
    }
}

#[test]
fn who_came_and_went_more_often_than_is_remembered_is_counted_again() {
    let (mut hub, stats, nobody, record) = (Hub::default(), Stats::default(), session(999), group(0));
    hub.deliver_to_group(&record, &message(&record, 1), Some(&nobody), &stats);
    let (member, stranger) = (session(5), session(500));
    hub.enter(member.clone(), End::Replaced, &stats);
    for _ in 0..MOVES {
        hub.enter(stranger.clone(), End::Replaced, &stats);
        hub.leave(&stranger, &stats);
    }
    assert!(hub.moves.len() <= MOVES);
    hub.deliver_to_group(&record, &message(&record, 2), Some(&nobody), &stats);
    assert_eq!(heard(&member), 1);
}
