//! Who is there: pages by their tickets, and the sessions they share.

use super::{
    Options,
    session::{Item, Limits, Manners, Page, Poller},
};
use jmessage_core::{CatchUp, Core, End, Error, Session, Shared, Token, UserCard};
use jmessage_model::{AppId, Description, Platform, Show, UserId, Username};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::{sync::watch, time::Instant};

/// Sessions of so many users are opened at a time; two of one user, one after the other.
const TURNS: usize = 64;
/// How late it may be noticed that a page was not heard of for too long.
const LATE: Duration = Duration::from_secs(1);
/// How often pages that are gone are taken out of the list of those who are expected.
const PRUNE: Duration = Duration::from_mins(1);

/// By what right a user opens a session.
pub(super) enum Right {
    /// It has proven who it is.
    Known(Arc<UserCard>),
    /// It has the token of an earlier session.
    Token(AppId, Token),
}

/// A ticket, its page, and what no page of the user has received so far.
type Opened = (String, Arc<Page>, Vec<Item>);

/// All pages of one mount.
pub(super) struct Pages {
    core: Core,
    stop: watch::Receiver<bool>,
    inner: Mutex<Inner>,
    turns: Vec<tokio::sync::Mutex<()>>,
}

#[derive(Default)]
struct Inner {
    tickets: HashMap<String, Arc<Page>>,
    pollers: HashMap<UserId, Arc<Poller>>,
    looks: Looks,
    /// Pages that show users who are not there so far, by their names.
    expected: HashMap<Username, Vec<Weak<Page>>>,
}

/// When each session is to be looked at next, whether a page of it is to be given up.
#[derive(Default)]
struct Looks {
    at: BTreeMap<(Instant, u64), Arc<Poller>>,
    /// Tells those of one moment apart.
    last: u64,
}

impl Looks {
    fn add(&mut self, at: Instant, poller: Arc<Poller>) {
        self.last += 1;
        self.at.insert((at, self.last), poller);
    }

    /// Those whose moment has come.
    fn due(&mut self, now: Instant) -> impl Iterator<Item = Arc<Poller>> + use<> {
        let later = self.at.split_off(&(now, u64::MAX));
        std::mem::replace(&mut self.at, later).into_values()
    }
}

impl Pages {
    pub(super) fn new(core: Core, stop: watch::Receiver<bool>) -> Arc<Self> {
        let turns = (0..TURNS).map(|_| tokio::sync::Mutex::default()).collect();
        Arc::new(Self { core, stop, inner: Mutex::default(), turns })
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The page of a ticket.
    pub(super) fn page(&self, ticket: &str) -> Option<Arc<Page>> {
        let page = self.lock().tickets.get(ticket).cloned()?;
        page.is_there().then_some(page)
    }

    /// The ticket is none from now on: its page has left.
    pub(super) fn void(&self, ticket: &str) {
        self.lock().tickets.remove(ticket);
    }

    /// The session that pages with this token share, if it is open.
    pub(super) fn poller(&self, token: &Token) -> Option<Arc<Poller>> {
        let poller = self.lock().pollers.get(&token.user()).cloned()?;
        (poller.token == *token && !poller.is_over()).then_some(poller)
    }

    /// How many pages there are.
    pub(super) fn count(&self) -> usize {
        self.lock().tickets.len()
    }

    /// The page shows users of these names, whom there are not so far.
    pub(super) fn expect(&self, page: &Arc<Page>, names: &[Username]) {
        let mut inner = self.lock();
        for name in names {
            inner.expected.entry(name.clone()).or_default().push(Arc::downgrade(page));
        }
    }

    /// The pages that show a user who has come into being; they are told once.
    pub(super) fn expecting(&self, name: &Username) -> Vec<Arc<Page>> {
        let pages = self.lock().expected.remove(name).unwrap_or_default();
        pages.iter().filter_map(Weak::upgrade).filter(|page| page.is_known()).collect()
    }

    /// A new page of a user and its ticket, with what no page of it has received so far. Whoever asks may hang up meanwhile, and
    /// what was begun comes to its end all the same: no session is left that nobody ends.
    pub(super) async fn open(
        self: &Arc<Self>,
        right: Right,
        manners: Manners,
        shown: (Show, Option<Description>),
    ) -> Result<Opened, Error> {
        let opening = self.clone().open_whole(right, manners, shown);
        tokio::spawn(opening).await.map_err(|_| Error::Unavailable)?
    }

    async fn open_whole(
        self: Arc<Self>,
        right: Right,
        manners: Manners,
        (show, status): (Show, Option<Description>),
    ) -> Result<Opened, Error> {
        let user = match &right {
            Right::Known(card) => card.id,
            Right::Token(_, token) => token.user(),
        };
        let turn = usize::try_from(user.0 % TURNS as u64).unwrap_or_default();
        let _turn = self.turns[turn].lock().await;
        let known = self.lock().pollers.get(&user).cloned().filter(|poller| match &right {
            Right::Known(_) => true,
            Right::Token(_, token) => poller.token == *token,
        });
        if let Some(entered) = known.and_then(|poller| poller.enter(manners)) {
            if let Err(error) = self.core.show(&entered.0.poller.session, show, status).await {
                entered.0.leave();
                return Err(error);
            }
            return self.give_ticket(entered);
        }
        let shown = Some((show, status));
        let (session, token) = match right {
            Right::Known(card) => self.core.admit(card, Platform::Poller, shown).await?,
            Right::Token(app, token) => {
                let resumed = self.core.resume_showing(app, &token, Platform::Poller, Vec::new(), shown);
                (resumed.await?, token)
            }
        };
        let poller = Poller::new(session.clone(), token);
        let mut catch_up = self.core.catch_up(&session);
        let level = match read_ahead(&poller, &mut catch_up).await {
            Ok(level) => level,
            Err(error) => {
                self.core.leave(session).await;
                return Err(error);
            }
        };
        let entered = poller.enter(manners).ok_or(Error::Superseded)?;
        {
            let mut inner = self.lock();
            inner.pollers.insert(user, poller.clone());
            inner.looks.add(Instant::now(), poller.clone());
        }
        let catch_up = (!level).then_some(catch_up);
        tokio::spawn(self.clone().pump(poller, session, catch_up));
        self.give_ticket(entered)
    }

    fn give_ticket(&self, (page, items): (Page, Vec<Item>)) -> Result<Opened, Error> {
        let ticket = self.core.new_key()?.as_str().to_owned();
        let page = Arc::new(page);
        self.lock().tickets.insert(ticket.clone(), page.clone());
        if !page.keep_ticket(&ticket) {
            self.lock().tickets.remove(&ticket);
            return Err(Error::Superseded);
        }
        Ok((ticket, page, items))
    }

    /// Forgets the tickets of pages that are gone.
    fn forget(&self, poller: &Poller) {
        let gone = poller.gone();
        let mut inner = self.lock();
        for ticket in gone {
            inner.tickets.remove(&ticket);
        }
    }

    /// Carries what the session is told to its pages, until it ends.
    async fn pump(self: Arc<Self>, poller: Arc<Poller>, session: Arc<Session>, mut behind: Option<CatchUp>) {
        let mut stop = self.stop.clone();
        let mut events = Vec::new();
        let why = loop {
            if let Some(catch_up) = &mut behind
                && !poller.is_full()
            {
                match read_ahead(&poller, catch_up).await {
                    Ok(true) => behind = None,
                    Ok(false) => {}
                    Err(_) => break End::Left,
                }
                continue;
            }
            tokio::select! {
                end = session.queue.take(&mut events) => {
                    poller.take(events.drain(..));
                    if let Some(end) = end {
                        break end;
                    }
                }
                () = poller.changed(), if behind.is_some() => {}
                _ = stop.wait_for(|stop| *stop) => break End::Left,
            }
            if poller.is_over() {
                break End::Left;
            }
        };
        poller.end(why);
        self.forget(&poller);
        {
            let mut inner = self.lock();
            let user = session.user.id;
            if inner.pollers.get(&user).is_some_and(|other| Arc::ptr_eq(other, &poller)) {
                inner.pollers.remove(&user);
            }
        }
        self.core.leave(session).await;
    }

    /// Gives up pages that were not heard of, and sessions that have had no page for a while. A session is looked at when
    /// something of it may be to be given up, and not before.
    pub(super) async fn sweep(self: Arc<Self>, options: Arc<Options>) {
        let limits = Limits { idle: options.idle, grace: options.grace };
        let pause = LATE.min(options.idle / 2).min(options.grace).max(Duration::from_millis(10));
        let (mut stop, mut pruned) = (self.stop.clone(), Instant::now());
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let due: Vec<_> = self.lock().looks.due(Instant::now()).collect();
            if due.is_empty() {
                continue;
            }
            for poller in due {
                self.look(poller, limits).await;
            }
            if pruned.elapsed() >= PRUNE {
                pruned = Instant::now();
                self.lock().expected.retain(|_, pages| {
                    pages.retain(|page| page.strong_count() > 0);
                    !pages.is_empty()
                });
            }
        }
    }

    async fn look(&self, poller: Arc<Poller>, limits: Limits) {
        let received = poller.expire(limits);
        self.forget(&poller);
        let _ = self.core.acknowledge(&poller.session, received).await;
        if poller.retire(limits.grace) {
            self.core.leave(poller.session.clone()).await;
        }
        if !poller.is_over() {
            self.lock().looks.add(poller.lasts_until(limits), poller);
        }
    }
}

/// Reads a page of the logs ahead; true when the session is level with them.
async fn read_ahead(poller: &Poller, catch_up: &mut CatchUp) -> Result<bool, Error> {
    while !poller.is_full() {
        match catch_up.next().await? {
            Some(page) => poller.put(page.entries.into_iter().map(|entry| Item::Entry(Shared::new(entry)))),
            None => return Ok(true),
        }
    }
    Ok(false)
}
