//! Who is there: pages by their tickets, and the sessions they share.

use super::{
    Options,
    session::{Item, Manners, Page, Poller},
};
use jmessage_core::{CatchUp, Core, Error, Session, Shared, Token, UserCard};
use jmessage_model::{AppId, Description, Platform, Show, UserId, Username};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};
use tokio::sync::watch;

/// Sessions of so many users are opened at a time; two of one user, one after the other.
const TURNS: usize = 64;
/// How often pages are looked for that were not heard of.
const LOOK: Duration = Duration::from_secs(5);

/// By what right a user opens a session.
pub(super) enum Right {
    /// It has proven who it is.
    Known(Arc<UserCard>),
    /// It has the token of an earlier session.
    Token(AppId, Token),
}

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
    /// Pages that show users who are not there so far, by their names.
    expected: HashMap<Username, Vec<Weak<Page>>>,
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

    /// A new page of a user and its ticket, with what no page of it has received so far.
    pub(super) async fn open(
        self: &Arc<Self>,
        right: &Right,
        manners: Manners,
        (show, status): (Show, Option<Description>),
    ) -> Result<(String, Arc<Page>, Vec<Item>), Error> {
        let user = match right {
            Right::Known(card) => card.id,
            Right::Token(_, token) => token.user(),
        };
        let turn = usize::try_from(user.0 % TURNS as u64).unwrap_or_default();
        let _turn = self.turns[turn].lock().await;
        let known = self.lock().pollers.get(&user).cloned().filter(|poller| match right {
            Right::Known(_) => true,
            Right::Token(_, token) => poller.token == *token,
        });
        if let Some(entered) = known.and_then(|poller| poller.enter(manners)) {
            self.core.show(&entered.0.poller.session, show, status).await?;
            return self.give_ticket(entered);
        }
        let shown = Some((show, status));
        let (session, token) = match right {
            Right::Known(card) => self.core.admit(card.clone(), Platform::Poller, shown).await?,
            Right::Token(app, token) => {
                let resumed = self.core.resume_showing(*app, token, Platform::Poller, Vec::new(), shown);
                (resumed.await?, token.clone())
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
        self.lock().pollers.insert(user, poller.clone());
        let catch_up = (!level).then_some(catch_up);
        tokio::spawn(self.clone().pump(poller.clone(), session, catch_up));
        let entered = poller.enter(manners).ok_or(Error::Superseded)?;
        self.give_ticket(entered)
    }

    fn give_ticket(&self, (page, items): (Page, Vec<Item>)) -> Result<(String, Arc<Page>, Vec<Item>), Error> {
        let ticket = self.core.new_key()?.as_str().to_owned();
        let page = Arc::new(page);
        self.lock().tickets.insert(ticket.clone(), page.clone());
        Ok((ticket, page, items))
    }

    /// Carries what the session is told to its pages, until it ends.
    async fn pump(self: Arc<Self>, poller: Arc<Poller>, session: Arc<Session>, mut behind: Option<CatchUp>) {
        let mut stop = self.stop.clone();
        let mut events = Vec::new();
        loop {
            if let Some(catch_up) = &mut behind
                && !poller.is_full()
            {
                match read_ahead(&poller, catch_up).await {
                    Ok(true) => behind = None,
                    Ok(false) => {}
                    Err(_) => break,
                }
                continue;
            }
            tokio::select! {
                end = session.queue.take(&mut events) => {
                    poller.take(events.drain(..));
                    if let Some(end) = end {
                        poller.end(end);
                        break;
                    }
                }
                () = poller.changed(), if behind.is_some() => {}
                _ = stop.wait_for(|stop| *stop) => break,
            }
            if poller.is_over() {
                break;
            }
        }
        poller.end(jmessage_core::End::Left);
        {
            let mut inner = self.lock();
            let user = session.user.id;
            if inner.pollers.get(&user).is_some_and(|other| Arc::ptr_eq(other, &poller)) {
                inner.pollers.remove(&user);
            }
            inner.tickets.retain(|_, page| !Arc::ptr_eq(&page.poller, &poller));
        }
        self.core.leave(session).await;
    }

    /// Gives up pages that were not heard of, and sessions that have had no page for a while.
    pub(super) async fn sweep(self: Arc<Self>, options: Arc<Options>) {
        let mut stop = self.stop.clone();
        loop {
            tokio::select! {
                () = tokio::time::sleep(LOOK.min(options.idle / 2).min(options.grace.max(Duration::from_millis(10)))) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
            let pollers: Vec<_> = self.lock().pollers.values().cloned().collect();
            for poller in pollers {
                let received = poller.expire(options.idle);
                let _ = self.core.acknowledge(&poller.session, received).await;
                if poller.is_empty_for(options.grace) {
                    self.core.leave(poller.session.clone()).await;
                }
            }
            let mut inner = self.lock();
            inner.tickets.retain(|_, page| page.is_known());
            inner.expected.retain(|_, pages| {
                pages.retain(|page| page.strong_count() > 0);
                !pages.is_empty()
            });
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
