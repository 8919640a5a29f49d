//! The pages of one user: they share a session, and each reads what is new at its own pace.
//!
//! What the session's queue brings stands in one list, and each page is a place in it. A page that polls has received what it
//! was handed by the poll before; what every page has received is acknowledged to the core.

mod answer;
mod item;
mod list;
mod page;
mod progress;

pub(super) use answer::Answer;
pub(super) use item::{Item, Own};
pub(super) use page::{Page, Polled};
pub(super) use progress::Limits;

use super::wire::Edition;
use jmessage_core::{
    Core, Destination, End, Error, Event, GroupCard, GroupChange, Receipt, Session, To, Token,
};
use jmessage_model::{Content, ConversationId, GroupKey, Seq, UserId};
use list::List;
use progress::Progress;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

/// Items in one answer at most.
const HANDED: usize = 256;

/// How a page is spoken to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// In which edition.
    pub(super) edition: Edition,
    /// Whether it is a page of a site that has a server of its own: rooms are called by the keys that the site gave them, where
    /// they have one, and the page itself may do nothing here but poll.
    pub(super) of_site: bool,
    /// Whether its first poll brings what waits, but for what its user said on pages: that is in the histories of its site.
    /// Otherwise the answer that began the page has brought it.
    pub(super) polls_first: bool,
}

impl Manners {
    /// Those of a page that began by `online` at a mount.
    pub(super) fn of(edition: Edition) -> Self {
        Self { edition, of_site: false, polls_first: false }
    }
}

/// A command under way.
struct Pending {
    answer: oneshot::Sender<Result<Receipt, Error>>,
    /// Of a message: from which page, to whom, and what it says.
    message: Option<(u64, To, Content)>,
}

/// The session of one user, and its pages.
pub(super) struct Poller {
    pub(super) session: Arc<Session>,
    /// By what its pages may come back.
    pub(super) token: Token,
    state: Mutex<State>,
    /// Rings whenever there is more, or a page is gone.
    bell: Notify,
}

struct State {
    items: List,
    /// How many items were there before the first of these.
    before: u64,
    /// Everything before this was received by some page; others may have died without a word.
    confirmed: u64,
    pages: HashMap<u64, Progress>,
    next_page: u64,
    requests: HashMap<u64, Pending>,
    next_request: u64,
    /// The last position of each conversation that was put into the list.
    heads: HashMap<ConversationId, Seq>,
    /// When a page was heard of last that is gone now; at first when the session was opened.
    heard: Instant,
    /// Tickets of pages that are gone.
    gone: Vec<String>,
    /// What the site calls the rooms that were met.
    keys: HashMap<ConversationId, GroupKey>,
    blocked: HashSet<ConversationId>,
    /// What went by in those.
    passed: HashMap<ConversationId, Seq>,
    over: bool,
}

impl Poller {
    pub(super) fn new(session: Arc<Session>, token: Token) -> Arc<Self> {
        let state = State {
            items: List::new(session.queue.limits()),
            before: 0,
            confirmed: 0,
            pages: HashMap::new(),
            next_page: 0,
            requests: HashMap::new(),
            next_request: 0,
            heads: HashMap::new(),
            heard: Instant::now(),
            gone: Vec::new(),
            keys: HashMap::new(),
            blocked: HashSet::new(),
            passed: HashMap::new(),
            over: false,
        };
        Arc::new(Self { session, token, state: Mutex::new(state), bell: Notify::new() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A page more; with what no page of the user has confirmed so far, unless its first poll brings that. `None` when the
    /// session has ended.
    pub(super) fn enter(self: &Arc<Self>, manners: Manners) -> Option<(Page, Vec<Item>)> {
        let mut state = self.lock();
        if state.over {
            return None;
        }
        let id = state.next_page;
        state.next_page += 1;
        let received = state.confirmed.max(state.before);
        let (since, handed) = if manners.polls_first { (state.end(), received) } else { (0, state.end()) };
        state.pages.insert(id, Progress::new(since, received, handed));
        let new = usize::try_from(received - state.before).unwrap_or(usize::MAX);
        let now = if manners.polls_first { 0 } else { usize::MAX };
        let items = state.items.iter().skip(new).take(now).cloned().collect();
        drop(state);
        let Manners { edition, of_site, .. } = manners;
        Some((Page { poller: self.clone(), edition, of_site, id }, items))
    }

    /// Something new for every page.
    pub(super) fn put(&self, items: impl IntoIterator<Item = Item>) {
        let mut state = self.lock();
        for item in items {
            if let Item::Entry(shared) = &item
                && let Destination::Group(card) = &shared.entry.to
            {
                state.learn(card);
            }
            if let Some((conversation, seq)) = item.position() {
                // What was read from the log may be offered once more.
                let head = state.heads.entry(conversation).or_default();
                if seq <= *head {
                    continue;
                }
                *head = seq;
            }
            match item.position() {
                Some((conversation, seq)) if state.is_blocked(&item) => {
                    state.passed.insert(conversation, seq);
                }
                // Signals crowd out no entry, and no page.
                None if state.items.has_filled(2) => {}
                Some(_) | None => state.items.push(item),
            }
        }
        if state.items.has_filled(1) {
            state.give_up_slowest();
        }
        drop(state);
        self.bell.notify_waiters();
    }

    /// Carries out what the queue brought.
    pub(super) fn take(&self, events: impl IntoIterator<Item = Event>) {
        let mut items = Vec::new();
        for event in events {
            match event {
                Event::Entry(shared) => items.push(Item::Entry(shared)),
                Event::Signal(signal) => items.push(Item::Signal(signal)),
                Event::Reply { request, result } => {
                    let Some(Pending { answer, message }) = self.lock().requests.remove(&request) else {
                        continue;
                    };
                    if let Ok(Receipt::Sent(stored)) = &result
                        && let Some((page, to, content)) = message
                    {
                        items.push(Item::Own(Arc::new(Own { page, to, content, stored: *stored })));
                    }
                    let _ = answer.send(result);
                }
                Event::Acknowledged => {}
            }
        }
        if !items.is_empty() {
            self.put(items);
        }
    }

    /// Changes a group; when this returns the change is stored.
    pub(super) async fn change(&self, core: &Core, change: GroupChange) -> Result<Receipt, Error> {
        let (request, receipt) = self.request(None);
        if let Err(error) = core.change_group(&self.session, request, change).await {
            self.withdraw(request);
            return Err(error);
        }
        receipt.await.map_err(|_| Error::Superseded)?
    }

    /// A number for a command, and where its answer will come.
    fn request(
        &self,
        message: Option<(u64, To, Content)>,
    ) -> (u64, oneshot::Receiver<Result<Receipt, Error>>) {
        let (answer, receipt) = oneshot::channel();
        let mut state = self.lock();
        let request = state.next_request;
        state.next_request += 1;
        if !state.over {
            state.requests.insert(request, Pending { answer, message });
        }
        (request, receipt)
    }

    /// The command was not submitted after all.
    fn withdraw(&self, request: u64) {
        self.lock().requests.remove(&request);
    }

    /// The session has ended: its pages are gone.
    pub(super) fn end(&self, why: End) {
        tracing::debug!(?why, user = %self.session.user.name, "pages ended");
        let mut state = self.lock();
        state.over = true;
        state.give_up(|_, _| true);
        state.requests.clear();
        state.items.clear();
        drop(state);
        self.bell.notify_waiters();
    }

    /// Ends when no page was heard of for so long; whoever comes from now on opens a session anew. False when one is there,
    /// or was not long ago.
    pub(super) fn retire(&self, time: Duration) -> bool {
        let mut state = self.lock();
        let is_empty = state.pages.is_empty() && state.heard.elapsed() >= time;
        state.over |= is_empty;
        is_empty
    }

    /// Whether the session has ended.
    pub(super) fn is_over(&self) -> bool {
        self.lock().over
    }

    /// Whether as much waits as should be read from the logs ahead of the pages.
    pub(super) fn is_full(&self) -> bool {
        self.lock().items.has_filled(4)
    }

    /// Waits for the pages to have received something, or for anything else.
    pub(super) async fn changed(&self) {
        self.bell.notified().await;
    }

    /// Gives up pages that were not heard of for too long; what all others have received, as by [`Page::poll`].
    pub(super) fn expire(&self, limits: Limits) -> Vec<(ConversationId, Seq)> {
        let now = Instant::now();
        let mut state = self.lock();
        if !state.give_up(|_, page| page.over_at(limits).is_some_and(|over| over <= now)) {
            return Vec::new();
        }
        let positions = state.forget();
        drop(state);
        self.bell.notify_waiters();
        positions
    }

    /// Until when nothing is given up, whatever pages do.
    pub(super) fn lasts_until(&self, limits: Limits) -> Instant {
        let state = self.lock();
        // A page that waits may be cut at any moment.
        let soonest = Instant::now() + limits.shortest();
        let empty = state.pages.is_empty().then(|| state.heard + limits.grace);
        let pages = state.pages.values().filter_map(|page| page.over_at(limits));
        pages.chain(empty).fold(soonest, Instant::min)
    }

    /// The tickets of pages that are gone, each once.
    pub(super) fn gone(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().gone)
    }

    /// Everybody whom some page shows.
    pub(super) fn watched(&self) -> Vec<UserId> {
        let state = self.lock();
        let mut users: Vec<_> = state.pages.values().flat_map(|page| &page.users).copied().collect();
        users.sort_unstable();
        users.dedup();
        users
    }

    /// No page shows this user any more.
    pub(super) fn show_no_longer(&self, user: UserId) {
        for page in self.lock().pages.values_mut() {
            page.users.retain(|other| *other != user);
        }
    }

    /// What the site calls these rooms.
    pub(super) fn learn<'a>(&self, cards: impl IntoIterator<Item = &'a GroupCard>) {
        let mut state = self.lock();
        for card in cards {
            state.learn(card);
        }
    }

    /// What the site calls a room, if that is known.
    pub(super) fn key_of(&self, room: ConversationId) -> Option<GroupKey> {
        self.lock().keys.get(&room).cloned()
    }

    /// From now on nothing of these conversations is told.
    pub(super) fn block(&self, conversations: HashSet<ConversationId>) {
        self.lock().blocked = conversations;
    }

    /// These without those that are not told.
    pub(super) fn unblocked(&self, mut items: Vec<Item>) -> Vec<Item> {
        let state = self.lock();
        items.retain(|item| !state.is_blocked(item));
        items
    }

    /// What is not told.
    pub(super) fn blocked(&self) -> HashSet<ConversationId> {
        self.lock().blocked.clone()
    }
}

impl State {
    /// Removes pages; whether there were any.
    fn give_up(&mut self, is_gone: impl Fn(u64, &Progress) -> bool) -> bool {
        let before = self.pages.len();
        for (_, page) in self.pages.extract_if(|id, page| is_gone(*id, page)) {
            self.heard = self.heard.max(page.heard());
            self.gone.extend(page.ticket);
        }
        self.pages.len() < before
    }

    fn end(&self) -> u64 {
        self.before + self.items.len() as u64
    }

    fn learn(&mut self, card: &GroupCard) {
        if let Some(key) = &card.key
            && !self.keys.contains_key(&card.id)
        {
            self.keys.insert(card.id, key.clone());
        }
    }

    /// Whether it is not to be told, which may have been decided while it waited.
    fn is_blocked(&self, item: &Item) -> bool {
        item.position().is_some_and(|(conversation, _)| self.blocked.contains(&conversation))
    }

    /// Forgets what every page has received, and what was not to be told: up to where, in each conversation.
    fn forget(&mut self) -> Vec<(ConversationId, Seq)> {
        let mut positions = std::mem::take(&mut self.passed);
        let Some(received) = self.pages.values().map(|page| page.received).min() else {
            return positions.into_iter().collect();
        };
        while self.before < received {
            let Some(item) = self.items.pop() else { break };
            self.before += 1;
            if let Some((conversation, seq)) = item.position() {
                positions.insert(conversation, seq);
            }
        }
        positions.into_iter().collect()
    }

    /// The page that has received least holds all others up. What nobody has received is in the log for whoever comes.
    fn give_up_slowest(&mut self) {
        let least = self.pages.values().map(|page| page.received).min();
        self.give_up(|_, page| Some(page.received) <= least);
        if self.pages.is_empty() {
            self.items.clear();
            self.over = true;
        }
    }
}

#[cfg(test)]
mod tests;
