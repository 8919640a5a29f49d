use super::{list::MOST, *};
use crate::Fate;
use jmessage_core::{Destination, Entry, Queue, QueueLimits, Shared, UserCard, port::Fence};
use jmessage_model::{AppId, ClientKey, EntryId, Epoch, Millis, Nickname, Platform, UserId as Id, Username};
use proptest::prelude::*;

const MANNERS: Manners = Manners { edition: Edition::Current, of_site: false, polls_first: false };

fn card(id: u64) -> Arc<UserCard> {
    let (name, nickname) = (Username::new(&format!("user{id}")).unwrap(), Nickname::new("").unwrap());
    Arc::new(UserCard { app: AppId(1), id: Id(id), name, nickname })
}

fn poller() -> Arc<Poller> {
    let fence = Fence { user: Id(1), platform: Platform::Poller, epoch: Epoch(1) };
    let session = Session { user: card(1), fence, queue: Queue::new(QueueLimits::default()) };
    Poller::new(Arc::new(session), Token::new(Id(1), [7; 16]))
}

fn entry(conversation: u64, seq: u64) -> Item {
    text(conversation, seq, "x")
}

fn text(conversation: u64, seq: u64, text: &str) -> Item {
    Item::Entry(Shared::new(Entry {
        conversation: ConversationId(conversation),
        seq: Seq(seq),
        id: EntryId(seq),
        at: Millis(0),
        sender: card(2),
        platform: Platform::Web,
        to: Destination::User(card(1)),
        key: Some(ClientKey::new("k").unwrap()),
        content: Content::Text(text.into()),
    }))
}

fn seqs(items: &[Item]) -> Vec<u64> {
    items.iter().filter_map(Item::position).map(|(_, seq)| seq.0).collect()
}

/// A poll that does not wait: what it is given, and what is acknowledged by it. The answer gets out if it is to.
async fn poll(page: &Page, gets_out: bool) -> (Option<Vec<u64>>, Vec<(ConversationId, Seq)>) {
    let Some((poll, received)) = page.confirm() else { return (None, Vec::new()) };
    let Polled::Items(handed) = page.wait(poll, Duration::ZERO).await else { return (None, received) };
    if gets_out {
        page.handed(&handed);
    }
    (Some(seqs(&handed.items)), received)
}

#[tokio::test(start_paused = true)]
async fn the_next_poll_confirms_what_the_one_before_was_handed() {
    let poller = poller();
    let (page, new) = poller.enter(MANNERS).unwrap();
    assert!(new.is_empty());
    poller.put([entry(9, 1), entry(9, 2)]);
    assert_eq!(poll(&page, false).await, (Some(vec![1, 2]), vec![]));
    assert_eq!(poll(&page, true).await, (Some(vec![1, 2]), vec![]), "the first answer did not get out");
    assert_eq!(poll(&page, true).await, (Some(vec![]), vec![(ConversationId(9), Seq(2))]));
}

#[tokio::test(start_paused = true)]
async fn a_page_of_a_site_is_told_by_polls_what_waited_but_not_what_its_user_said() {
    let poller = poller();
    let (page, _) = poller.enter(MANNERS).unwrap();
    let own = |seq| {
        let Item::Entry(shared) = entry(9, seq) else { panic!("no entry") };
        let said = Entry { sender: card(1), platform: Platform::Poller, ..shared.entry.clone() };
        Item::Entry(Shared::new(said))
    };
    poller.put([entry(9, 1), own(2), entry(9, 3)]);
    let (sites, new) = poller.enter(Manners { polls_first: true, ..MANNERS }).unwrap();
    assert!(new.is_empty(), "nothing is handed over before");
    assert_eq!(poll(&sites, true).await, (Some(vec![1, 3]), vec![]));
    poller.put([own(4)]);
    assert_eq!(poll(&sites, true).await.0, Some(vec![4]), "what is said from now on is told");
    assert_eq!(poll(&page, true).await.0, Some(vec![1, 2, 3, 4]), "and others are told all");
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_doubt_is_given_again_unless_the_next_poll_was_quicker() {
    let poller = poller();
    let (page, _) = poller.enter(MANNERS).unwrap();
    poller.put([entry(9, 1)]);
    let (first, _) = page.confirm().unwrap();
    let Polled::Items(handed) = page.wait(first, Duration::ZERO).await else { panic!("no items") };
    page.handed(&handed);
    page.take_back(&handed);
    assert_eq!(poll(&page, true).await, (Some(vec![1]), vec![]));
    assert_eq!(poll(&page, true).await, (Some(vec![]), vec![(ConversationId(9), Seq(1))]));
    page.take_back(&handed);
    assert_eq!(poll(&page, true).await, (Some(vec![]), vec![]), "that one was confirmed long ago");
}

#[tokio::test(start_paused = true)]
async fn a_page_that_begins_is_given_what_no_page_has_confirmed() {
    let poller = poller();
    poller.put([entry(9, 1)]);
    let (first, new) = poller.enter(MANNERS).unwrap();
    assert_eq!(seqs(&new), [1]);
    poller.put([entry(9, 2)]);
    let acknowledged = first.leave();
    assert_eq!(acknowledged, [], "it said goodbye without another poll");
    let (second, new) = poller.enter(MANNERS).unwrap();
    assert_eq!(seqs(&new), [1, 2]);
    assert_eq!(poll(&second, true).await, (Some(vec![]), vec![(ConversationId(9), Seq(2))]));
}

#[tokio::test(start_paused = true)]
async fn what_one_page_has_not_received_is_not_acknowledged() {
    let poller = poller();
    let (quick, _) = poller.enter(MANNERS).unwrap();
    let (slow, _) = poller.enter(MANNERS).unwrap();
    poller.put([entry(9, 1)]);
    assert_eq!(poll(&quick, true).await.0, Some(vec![1]));
    assert_eq!(poll(&quick, true).await, (Some(vec![]), vec![]), "the other one has nothing yet");
    assert_eq!(slow.leave(), [(ConversationId(9), Seq(1))], "now it is everybody's");
}

#[tokio::test(start_paused = true)]
async fn signals_crowd_out_no_page() {
    let poller = poller();
    let (page, _) = poller.enter(MANNERS).unwrap();
    let signal = || Item::Signal(Arc::new(jmessage_core::Signal::Typing { from: card(2), typing: true }));
    poller.put((0..3 * MOST).map(|_| signal()));
    poller.put([entry(9, 1)]);
    assert!(page.is_there());
    let mut told = Vec::new();
    while let (Some(seqs), _) = poll(&page, true).await {
        told.extend(seqs);
        if !told.is_empty() {
            break;
        }
    }
    assert_eq!(told, [1], "what is said comes behind those that had room");
}

#[tokio::test(start_paused = true)]
async fn a_later_poll_ends_the_one_that_waits() {
    let poller = poller();
    let (page, _) = poller.enter(MANNERS).unwrap();
    let page = Arc::new(page);
    let (first, _) = page.confirm().unwrap();
    let waiting = tokio::spawn({
        let page = page.clone();
        async move { matches!(page.wait(first, Duration::from_secs(25)).await, Polled::Nothing) }
    });
    tokio::task::yield_now().await;
    let (second, _) = page.confirm().unwrap();
    assert!(waiting.await.unwrap());
    poller.put([entry(9, 1)]);
    assert!(matches!(page.wait(second, Duration::from_secs(25)).await, Polled::Items(_)));
}

const LIMITS: Limits = Limits { idle: Duration::from_mins(1), grace: Duration::from_secs(15) };

async fn after(seconds: u64) {
    tokio::time::advance(Duration::from_secs(seconds)).await;
}

/// A poll that waits until it is dropped, which cuts it.
async fn waiting(page: &Page) -> std::pin::Pin<Box<dyn Future<Output = Polled> + '_>> {
    let (number, _) = page.confirm().unwrap();
    let mut wait = Box::pin(page.wait(number, Duration::from_hours(1)));
    tokio::select! {
        biased;
        _ = &mut wait => panic!("there is nothing to answer"),
        () = std::future::ready(()) => wait,
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_was_not_heard_of_is_gone_and_one_that_waits_is_not() {
    let poller = poller();
    let (silent, _) = poller.enter(MANNERS).unwrap();
    let (waits, _) = poller.enter(MANNERS).unwrap();
    poller.put([entry(9, 1)]);
    assert_eq!(poll(&waits, true).await.0, Some(vec![1]));
    let _wait = waiting(&waits).await;
    after(59).await;
    assert_eq!(poller.expire(LIMITS), []);
    after(1).await;
    assert_eq!(poller.expire(LIMITS), [(ConversationId(9), Seq(1))]);
    assert!(silent.confirm().is_none() && waits.is_there());
}

#[tokio::test(start_paused = true)]
async fn a_page_whose_poll_was_cut_is_gone_after_the_grace_and_holds_nothing_up_for_longer() {
    let poller = poller();
    let (dies, _) = poller.enter(MANNERS).unwrap();
    let (lives, _) = poller.enter(MANNERS).unwrap();
    drop(waiting(&dies).await);
    poller.put([entry(9, 1)]);
    assert_eq!(poll(&lives, true).await.0, Some(vec![1]));
    assert_eq!(poll(&lives, true).await, (Some(vec![]), vec![]), "the other one may come back");
    after(14).await;
    assert_eq!(poller.expire(LIMITS), []);
    after(1).await;
    assert_eq!(poller.expire(LIMITS), [(ConversationId(9), Seq(1))]);
    assert!(dies.confirm().is_none() && lives.is_there());
}

#[tokio::test(start_paused = true)]
async fn a_page_that_comes_back_after_a_cut_is_there_as_any_other() {
    let poller = poller();
    let (polls, _) = poller.enter(MANNERS).unwrap();
    let (asks, _) = poller.enter(MANNERS).unwrap();
    for page in [&polls, &asks] {
        drop(waiting(page).await);
    }
    after(14).await;
    let wait = waiting(&polls).await;
    assert!(asks.is_there(), "any call with its ticket will do");
    after(59).await;
    assert_eq!(poller.expire(LIMITS), []);
    drop(wait);
    after(1).await;
    poller.expire(LIMITS);
    assert!(polls.is_there() && !asks.is_there());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_got_out_is_a_cut_and_one_in_doubt_is_none() {
    let poller = poller();
    let page = || Arc::new(poller.enter(MANNERS).unwrap().0);
    let pages = [page(), page(), page()];
    poller.put([entry(9, 1)]);
    for (page, fate) in pages.iter().zip([None, Some(Fate::Doubtful), Some(Fate::Written)]) {
        let (number, _) = page.confirm().unwrap();
        let Polled::Items(handed) = page.wait(number, Duration::ZERO).await else { panic!("no items") };
        let mut answer = Answer::new(page.clone(), handed);
        assert_eq!(seqs(answer.items()), [1]);
        if let Some(fate) = fate {
            answer.became(fate);
        }
    }
    after(15).await;
    poller.expire(LIMITS);
    assert_eq!(pages.map(|page| page.is_there()), [false, true, true]);
}

#[tokio::test(start_paused = true)]
async fn a_poll_that_is_cut_before_it_waits_leaves_nobody_waiting() {
    let poller = poller();
    let (first, _) = poller.enter(MANNERS).unwrap();
    let (second, _) = poller.enter(MANNERS).unwrap();
    first.confirm().unwrap();
    let wait = waiting(&second).await;
    second.confirm().unwrap();
    drop(wait);
    after(60).await;
    poller.expire(LIMITS);
    assert!(!first.is_there() && !second.is_there());
}

#[tokio::test(start_paused = true)]
async fn a_session_ends_once_no_page_was_heard_of_for_the_grace() {
    let poller = poller();
    assert!(!poller.retire(LIMITS.grace), "its first page is about to come");
    let (page, _) = poller.enter(MANNERS).unwrap();
    after(15).await;
    assert!(!poller.retire(LIMITS.grace), "there is one");
    page.leave();
    after(14).await;
    assert!(!poller.retire(LIMITS.grace), "it may be loaded anew");
    after(1).await;
    assert!(poller.retire(LIMITS.grace));
    assert!(poller.enter(MANNERS).is_none(), "whoever comes now opens a session anew");
}

#[tokio::test(start_paused = true)]
async fn the_grace_of_a_session_counts_from_the_cut_of_its_last_page() {
    let poller = poller();
    let (page, _) = poller.enter(MANNERS).unwrap();
    drop(waiting(&page).await);
    after(15).await;
    poller.expire(LIMITS);
    assert!(poller.retire(LIMITS.grace));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_given_up_before_the_next_look() {
    let poller = poller();
    let looks_in = || poller.lasts_until(LIMITS) - Instant::now();
    assert_eq!(looks_in(), Duration::from_secs(15), "it is empty");
    let (silent, _) = poller.enter(MANNERS).unwrap();
    after(50).await;
    assert_eq!(looks_in(), Duration::from_secs(10), "a page is silent");
    let wait = waiting(&silent).await;
    after(50).await;
    assert_eq!(looks_in(), Duration::from_secs(15), "a page may be cut at any moment");
    drop(wait);
    after(4).await;
    assert_eq!(looks_in(), Duration::from_secs(11), "it was");
}

#[test]
fn the_ticket_of_a_page_that_is_gone_is_told_once() {
    let poller = poller();
    let pages = ["one", "two", "three"].map(|ticket| {
        let (page, _) = poller.enter(MANNERS).unwrap();
        assert!(page.keep_ticket(ticket));
        page
    });
    pages[1].leave();
    assert_eq!((poller.gone(), poller.gone()), (vec!["two".to_owned()], vec![]));
    poller.end(End::Left);
    let mut rest = poller.gone();
    rest.sort_unstable();
    assert_eq!(rest, ["one", "three"]);
    assert!(!pages[0].keep_ticket("four"));
}

#[test]
fn who_blocks_a_conversation_is_told_nothing_of_it_and_acknowledges_it() {
    let poller = poller();
    let (page, _) = poller.enter(MANNERS).unwrap();
    poller.block(HashSet::from([ConversationId(9)]));
    poller.put([entry(9, 1), entry(8, 1)]);
    let (_, received) = page.confirm().unwrap();
    assert_eq!(received, [(ConversationId(9), Seq(1))]);
    let (_, new) = poller.enter(MANNERS).unwrap();
    assert_eq!(new.len(), 1);
}

#[test]
fn what_comes_twice_is_told_once() {
    let poller = poller();
    poller.put([entry(9, 1), entry(9, 2), entry(9, 2), entry(9, 1)]);
    assert_eq!(seqs(&poller.enter(MANNERS).unwrap().1), [1, 2]);
}

#[test]
fn a_page_that_holds_up_all_others_is_given_up() {
    let poller = poller();
    let (stands, _) = poller.enter(MANNERS).unwrap();
    for seq in 1..=MOST as u64 + 1 {
        poller.put([entry(9, seq)]);
    }
    assert!(stands.confirm().is_none());
    assert!(poller.is_over(), "nobody is left; what waited is in the log");
}

#[test]
fn what_waits_for_a_page_is_bounded_in_bytes_too() {
    let poller = poller();
    let (page, _) = poller.enter(MANNERS).unwrap();
    let long = "x".repeat(32 << 10);
    let mut put = 0;
    while !poller.is_over() {
        put += 1;
        poller.put([text(9, put, &long)]);
    }
    assert!(page.confirm().is_none());
    let bytes = usize::try_from(put).unwrap() * long.len();
    assert!((1 << 20..=2 << 20).contains(&bytes), "{bytes} bytes, with queues of 1 MiB");
}

/// What happens to the pages of a user.
#[derive(Clone, Debug)]
enum Step {
    Put(u64),
    Enter,
    /// Which page, and whether the answer gets out.
    Poll(usize, bool),
    Leave(usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0..3_u64).prop_map(Step::Put),
        1 => Just(Step::Enter),
        6 => (0..4_usize, prop::bool::weighted(0.8)).prop_map(|(page, out)| Step::Poll(page, out)),
        1 => (0..4_usize).prop_map(Step::Leave),
    ];
    prop::collection::vec(step, 0..120)
}

/// A page as it sees itself: what it has, in order, and how much of that it has confirmed.
struct Model {
    page: Page,
    has: Vec<(u64, u64)>,
    confirmed: usize,
    began: usize,
}

proptest! {
    #[test]
    fn every_page_has_everything_in_order_and_nothing_is_acknowledged_that_one_lacks(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let poller = poller();
            let (mut all, mut heads) = (Vec::new(), [0_u64; 3]);
            let mut pages: Vec<Model> = Vec::new();
            for step in steps {
                let mut received = Vec::new();
                match step {
                    Step::Put(conversation) => {
                        let head = &mut heads[usize::try_from(conversation).unwrap()];
                        *head += 1;
                        all.push((conversation, *head));
                        poller.put([entry(conversation, *head)]);
                    }
                    Step::Enter if pages.len() < 4 => {
                        let (page, new) = poller.enter(MANNERS).unwrap();
                        let has: Vec<_> = new.iter().filter_map(Item::position).map(|(c, s)| (c.0, s.0)).collect();
                        let began = all.len() - has.len();
                        prop_assert_eq!(&has[..], &all[began..]);
                        pages.push(Model { page, has, confirmed: 0, began });
                    }
                    Step::Poll(at, gets_out) if at < pages.len() => {
                        let model = &mut pages[at];
                        let (number, positions) = model.page.confirm().unwrap();
                        received = positions;
                        model.confirmed = model.has.len();
                        let Polled::Items(handed) = model.page.wait(number, Duration::ZERO).await else {
                            return Err(TestCaseError::fail("a poll without an answer"));
                        };
                        if gets_out {
                            model.page.handed(&handed);
                            model.has.extend(handed.items.iter().filter_map(Item::position).map(|(c, s)| (c.0, s.0)));
                            prop_assert_eq!(&model.has[..], &all[model.began..]);
                        }
                    }
                    Step::Leave(at) if at < pages.len() => received = pages.remove(at).page.leave(),
                    Step::Enter | Step::Poll(..) | Step::Leave(_) => {}
                }
                for (conversation, seq) in received {
                    for model in &pages {
                        let known = &all[..model.began + model.confirmed];
                        prop_assert!(known.contains(&(conversation.0, seq.0)), "a page lacks what is acknowledged");
                    }
                }
            }
            Ok(())
        })?;
    }
}
