//! One page: its polls, and what they confirm.

use super::{HANDED, Item, Poller, progress::Standing};
use crate::webim::wire::Edition;
use jmessage_core::{Core, Error, Receipt, To, port::Appended};
use jmessage_model::{Content, ConversationId, Seq, UserId};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// One page: its place in its user's list.
pub(in crate::webim) struct Page {
    pub(in crate::webim) poller: Arc<Poller>,
    pub(in crate::webim) edition: Edition,
    /// See [`super::Manners`].
    pub(in crate::webim) of_site: bool,
    pub(super) id: u64,
}

/// What a poll is given.
pub(in crate::webim) struct Handed {
    pub(in crate::webim) items: Vec<Item>,
    /// The place behind them.
    end: u64,
    pub(super) poll: u64,
}

/// What became of a poll.
pub(in crate::webim) enum Polled {
    /// There is something, or its time is over.
    Items(Handed),
    /// A later poll of the same page took its place.
    Nothing,
    /// The page is gone.
    Gone,
}

impl Page {
    /// The page is there, and has received what it was handed; what every page has received now, by conversation.
    pub(in crate::webim) fn confirm(&self) -> Option<(u64, Vec<(ConversationId, Seq)>)> {
        let mut state = self.poller.lock();
        let page = state.pages.get_mut(&self.id)?;
        page.received = page.handed;
        let received = page.received;
        page.poll += 1;
        // It does not wait yet, and one that did before does so no more.
        page.standing = Standing::Heard(Instant::now());
        let poll = page.poll;
        state.confirmed = state.confirmed.max(received);
        let positions = state.forget();
        drop(state);
        // An older poll of this page ends.
        self.poller.bell.notify_waiters();
        Some((poll, positions))
    }

    /// Waits until there is something for this poll, at most so long.
    pub(in crate::webim) async fn wait(&self, poll: u64, hold: Duration) -> Polled {
        self.stands(poll, Standing::Waits);
        let mut waiting = Waiting { page: self, poll, is_cut: true };
        let polled = waiting.end(hold).await;
        waiting.is_cut = false;
        polled
    }

    /// What this poll says of the page, if it is the last one.
    fn stands(&self, poll: u64, standing: Standing) {
        let mut state = self.poller.lock();
        if let Some(page) = state.pages.get_mut(&self.id)
            && page.poll == poll
        {
            page.standing = standing;
        }
    }

    /// The poll was cut before it was answered, or its answer never got out.
    pub(super) fn cut(&self, poll: u64) {
        self.stands(poll, Standing::Cut(Instant::now()));
    }

    /// Keeps by what ticket the page is known, for when it is gone. False when it is.
    pub(in crate::webim) fn keep_ticket(&self, ticket: &str) -> bool {
        let mut state = self.poller.lock();
        let page = state.pages.get_mut(&self.id);
        page.map(|page| page.ticket = Some(ticket.to_owned())).is_some()
    }

    /// The answer got out: the next poll confirms it.
    pub(in crate::webim) fn handed(&self, handed: &Handed) {
        let mut state = self.poller.lock();
        if let Some(page) = state.pages.get_mut(&self.id)
            && page.poll == handed.poll
        {
            page.handed = handed.end;
            page.is_heard_of();
        }
    }

    /// The answer perhaps never came: unless the next poll was quicker, what it handed over comes again.
    pub(in crate::webim) fn take_back(&self, handed: &Handed) {
        let mut state = self.poller.lock();
        if let Some(page) = state.pages.get_mut(&self.id)
            && page.poll == handed.poll
        {
            page.handed = page.received;
        }
    }

    /// Sends a message; when this returns it is stored.
    pub(in crate::webim) async fn send(
        &self,
        core: &Core,
        to: To,
        content: Content,
    ) -> Result<Appended, Error> {
        let key = core.new_key()?;
        let poller = &self.poller;
        let (request, receipt) = poller.request(Some((self.id, to.clone(), content.clone())));
        if let Err(error) = core.send(&poller.session, request, to, key, content).await {
            poller.withdraw(request);
            return Err(error);
        }
        match receipt.await.map_err(|_| Error::Superseded)?? {
            Receipt::Sent(stored) => Ok(stored),
            Receipt::Ended | Receipt::Group(_) | Receipt::Done => Err(Error::Unavailable),
        }
    }

    /// The page says goodbye; what all others have received.
    pub(in crate::webim) fn leave(&self) -> Vec<(ConversationId, Seq)> {
        let mut state = self.poller.lock();
        state.give_up(|id, _| id == self.id);
        state.heard = Instant::now();
        let positions = state.forget();
        drop(state);
        self.poller.bell.notify_waiters();
        positions
    }

    /// Whether the page is still there, though nothing was heard of it.
    pub(in crate::webim) fn is_known(&self) -> bool {
        self.poller.lock().pages.contains_key(&self.id)
    }

    /// Whether the page is still there. It is heard of by that.
    pub(in crate::webim) fn is_there(&self) -> bool {
        match self.poller.lock().pages.get_mut(&self.id) {
            Some(page) => {
                page.is_heard_of();
                true
            }
            None => false,
        }
    }

    /// The page shows these users as well.
    pub(in crate::webim) fn also_watch(&self, users: impl IntoIterator<Item = UserId>) {
        if let Some(page) = self.poller.lock().pages.get_mut(&self.id) {
            page.users.extend(users);
            page.users.sort_unstable();
            page.users.dedup();
        }
    }
}

/// A poll that waits, until it is dropped.
struct Waiting<'a> {
    page: &'a Page,
    poll: u64,
    /// Whether it is dropped before it was answered.
    is_cut: bool,
}

impl Waiting<'_> {
    /// How it ends, after so long at the latest.
    async fn end(&self, hold: Duration) -> Polled {
        let until = tokio::time::sleep(hold);
        tokio::pin!(until);
        loop {
            let bell = self.page.poller.bell.notified();
            tokio::pin!(bell);
            // From here on no ring is missed.
            bell.as_mut().enable();
            if let Some(polled) = self.look(false) {
                return polled;
            }
            tokio::select! {
                () = bell => {}
                () = &mut until => return self.look(true).unwrap_or(Polled::Nothing),
            }
        }
    }

    /// What there is for it; with `even_nothing` also when that is nothing.
    fn look(&self, even_nothing: bool) -> Option<Polled> {
        let state = self.page.poller.lock();
        let Some(page) = state.pages.get(&self.page.id) else { return Some(Polled::Gone) };
        if page.poll != self.poll {
            return Some(Polled::Nothing);
        }
        let from = usize::try_from(page.received - state.before).unwrap_or(usize::MAX);
        let (mut items, mut end) = (Vec::new(), page.received);
        let me = self.page.poller.session.user.id;
        for item in state.items.iter().skip(from) {
            if items.len() == HANDED {
                break;
            }
            let is_known = end < page.since && item.was_said_by(me);
            if item.is_for(self.page.id) && !is_known && !state.is_blocked(item) {
                items.push(item.clone());
            }
            end += 1;
        }
        if items.is_empty() && !even_nothing {
            return None;
        }
        Some(Polled::Items(Handed { items, end, poll: self.poll }))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let now = Instant::now();
        self.page.stands(self.poll, if self.is_cut { Standing::Cut(now) } else { Standing::Heard(now) });
    }
}
