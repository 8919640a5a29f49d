//! A session from the moment it is open: its commands, and how it comes level with the logs.

use crate::{
    Command, Core, Entry, Error, GroupChange, Queue, UserCard,
    port::{Behind, Cut, Fence, GroupListing, GroupRecord, PAGE_BYTES, ProfileRecord},
};
use jmessage_model::{ClientKey, Content, ConversationId, Mutant, Seq, UserId, Username};
use std::{collections::HashMap, sync::Arc};

/// Entries read from a log at a time.
const PAGE: usize = 256;

/// One authenticated connection of one user on one platform.
#[derive(Debug)]
pub struct Session {
    /// Whose it is.
    pub user: Arc<UserCard>,
    /// By what the store tells it from older ones.
    pub fence: Fence,
    /// Where its events come from.
    pub queue: Arc<Queue>,
}

/// Whom a message is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// A user of the sender's App.
    User(Username),
    /// A group.
    Group(ConversationId),
}

/// Entries of one conversation, in order.
#[derive(Debug)]
pub struct Page {
    /// Where the reader stood. The first entry follows it, unless what lies between is not for this user.
    pub after: Seq,
    /// What was to be read before the first entry and was cut by retention.
    pub cut: Option<Cut>,
    /// The entries.
    pub entries: Vec<Entry>,
}

impl Page {
    /// The last position that the page speaks of; `None` when there is nothing in it.
    pub fn last(&self) -> Option<Seq> {
        self.entries.last().map(|entry| entry.seq).or(self.cut.as_ref().map(|cut| cut.last))
    }

    /// Whether there may be more behind it.
    fn is_full(&self) -> bool {
        let bytes: usize = self.entries.iter().map(|entry| entry.content.size()).sum();
        self.entries.len() >= PAGE || bytes >= PAGE_BYTES
    }

    /// The position up to which nothing is to be waited for, when the first entry does not follow the reader's place.
    pub fn jump(&self) -> Option<(ConversationId, Seq)> {
        let first = self.entries.first()?;
        let before = Seq(first.seq.0.saturating_sub(1));
        (before > self.after).then_some((first.conversation, before))
    }
}

impl Core {
    /// Sends a message from `session`; the answer to `request` comes through its queue. [`Error::Busy`] when too
    /// much is waiting.
    pub async fn send(
        &self,
        session: &Arc<Session>,
        request: u64,
        to: To,
        key: ClientKey,
        content: Content,
    ) -> Result<(), Error> {
        let (session, at) = (session.clone(), self.now());
        self.submit(Command::Send { session, request, to, key, content, at }).await
    }

    /// Changes a group; the answer to `request` comes through the session's queue.
    pub async fn change_group(
        &self,
        session: &Arc<Session>,
        request: u64,
        change: GroupChange,
    ) -> Result<(), Error> {
        let (session, at) = (session.clone(), self.now());
        self.submit(Command::Group { session, request, change, at }).await
    }

    /// A group and at most `limit` of its members after the first `start`, for one of them.
    pub async fn group(
        &self,
        session: &Session,
        id: ConversationId,
        start: usize,
        limit: usize,
    ) -> Result<(GroupRecord, Vec<ProfileRecord>), Error> {
        let (user, app) = (session.user.id, session.user.app);
        let _place = self.place_to_read()?;
        let found = self
            .read(move |reader| {
                let Some(group) = reader.group(id)?.filter(|group| group.card.app == app) else {
                    return Ok(None);
                };
                // An outsider is refused below; nothing is read for it.
                let limit = if group.members.has(user) { limit } else { 0 };
                Ok(Some((group, reader.profiles(id, start, limit)?)))
            })
            .await?;
        let (group, profiles) = found.ok_or(Error::NoSuchGroup)?;
        if group.members.has(user) { Ok((group, profiles)) } else { Err(Error::NotInGroup) }
    }

    /// The groups the session's user is in, each with at most `names` members.
    pub async fn groups(&self, session: &Session, names: usize) -> Result<Vec<GroupListing>, Error> {
        let user = session.user.id;
        let _place = self.place_to_read()?;
        self.read(move |reader| reader.groups_of(user, names)).await
    }

    /// A user of the session's App.
    pub async fn profile(&self, session: &Session, name: Username) -> Result<ProfileRecord, Error> {
        let app = session.user.app;
        let _place = self.place_to_read()?;
        let found = self.read(move |reader| match reader.user(app, name.as_str())? {
            Some(user) => reader.profile(user.card.id),
            None => Ok(None),
        });
        found.await?.ok_or(Error::NoSuchTarget)
    }

    /// Moves the session's cursors up to `positions`.
    pub async fn acknowledge(
        &self,
        session: &Arc<Session>,
        positions: Vec<(ConversationId, Seq)>,
    ) -> Result<(), Error> {
        if positions.is_empty() {
            return Ok(());
        }
        self.submit(Command::Acknowledge { session: session.clone(), positions }).await
    }

    /// Ends the session for good; the answer to `request` comes through its queue.
    pub async fn end(&self, session: &Arc<Session>, request: u64) -> Result<(), Error> {
        self.submit(Command::End { session: session.clone(), request }).await
    }

    /// The connection is gone. The session can be resumed.
    pub async fn leave(&self, session: Arc<Session>) {
        session.queue.close(crate::End::Left);
        // When the writer has stopped, nobody is online anyway.
        let _ = self.submit(Command::Leave { session }).await;
    }

    /// Everything the session has not acknowledged, page by page; after that its queue delivers what is new.
    pub fn catch_up(&self, session: &Arc<Session>) -> CatchUp {
        CatchUp {
            core: self.clone(),
            session: session.clone(),
            joined: false,
            behind: Vec::new(),
            sent: HashMap::new(),
            waiting: None,
        }
    }

    /// One page of a conversation after a position, for a client that found a gap. Nothing for those outside.
    pub async fn entries_after(
        &self,
        session: &Session,
        conversation: ConversationId,
        after: Seq,
    ) -> Result<Page, Error> {
        self.page(session.user.id, conversation, after).await
    }

    async fn page(&self, user: UserId, conversation: ConversationId, after: Seq) -> Result<Page, Error> {
        self.read(move |reader| {
            let entries = reader.entries(user, conversation, after, PAGE)?;
            let next = entries.first().map(|entry| entry.seq);
            let cut = match next {
                Some(next) if next == after.next() => None,
                _ => reader.cut(user, conversation, after)?,
            };
            // More may have been cut since the entries were read.
            let until = next.map_or(Seq(u64::MAX), |next| Seq(next.0.saturating_sub(1)));
            let cut = cut.map(|cut| Cut { last: cut.last.min(until), ..cut });
            Ok(Page { after, cut: cut.filter(|cut| cut.first <= cut.last), entries })
        })
        .await
    }
}

/// The way of a session from its cursors to the end of the logs. While it reads, its queue already takes what is new;
/// if that overflows, the logs are read again from where the session stands.
pub struct CatchUp {
    core: Core,
    session: Arc<Session>,
    joined: bool,
    behind: Vec<Behind>,
    sent: HashMap<ConversationId, Seq>,
    waiting: Option<u64>,
}

impl CatchUp {
    /// How many entries waited when the logs were looked at first; more may have come. Known with the first page.
    pub fn waiting(&self) -> u64 {
        self.waiting.unwrap_or_default()
    }

    /// The next page; `None` when the session is level and its queue is live.
    pub async fn next(&mut self) -> Result<Option<Page>, Error> {
        let Fence { user, platform, .. } = self.session.fence;
        loop {
            while let Some(&Behind { conversation, after, .. }) = self.behind.last() {
                let after = self.sent.get(&conversation).copied().unwrap_or_default().max(after);
                let page = self.core.page(user, conversation, after).await?;
                if !page.is_full() {
                    self.behind.pop();
                }
                if let Some(last) = page.last() {
                    if Mutant::CursorAheadOfSend.is_on() {
                        self.core.acknowledge(&self.session, vec![(conversation, last)]).await?;
                    }
                    self.sent.insert(conversation, last);
                    return Ok(Some(page));
                }
            }
            if self.joined && Mutant::JoinLate.is_on() {
                self.session.queue.join();
            }
            if self.joined && self.session.queue.settle(&self.sent) {
                return Ok(None);
            }
            if !Mutant::JoinLate.is_on() {
                self.session.queue.join();
            }
            self.joined = true;
            self.behind = self.core.read(move |reader| reader.behind(user, platform)).await?;
            if self.waiting.is_none() {
                self.waiting = Some(self.behind.iter().map(|behind| behind.waiting).sum());
            }
        }
    }
}
