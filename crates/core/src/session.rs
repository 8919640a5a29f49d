//! A session from the moment it is open: its commands, and how it comes level with the logs.

use crate::{
    Command, Core, Entry, Error, Queue, UserCard,
    port::{Behind, Fence},
};
use jmessage_model::{ClientKey, Content, ConversationId, Seq, Username};
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

/// Entries of one conversation, in order.
pub type Batch = Vec<Entry>;

impl Core {
    /// Sends a message from `session`; the answer to `request` comes through its queue. Waits while the writer is
    /// full, so that the caller stops reading from its socket.
    pub async fn send(
        &self,
        session: &Arc<Session>,
        request: u64,
        to: Username,
        key: ClientKey,
        content: Content,
    ) -> Result<(), Error> {
        let (session, at) = (session.clone(), self.now());
        self.submit(Command::Send { session, request, to, key, content, at }).await
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
        }
    }

    /// One page of a conversation after a position, for a client that found a gap. Nothing for those outside.
    pub async fn entries_after(
        &self,
        session: &Session,
        conversation: ConversationId,
        after: Seq,
    ) -> Result<Batch, Error> {
        let user = session.user.id;
        self.read(move |reader| {
            if reader.is_member(conversation, user)? {
                reader.entries(conversation, after, PAGE)
            } else {
                Ok(Vec::new())
            }
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
}

impl CatchUp {
    /// The next page; `None` when the session is level and its queue is live.
    pub async fn next(&mut self) -> Result<Option<Batch>, Error> {
        loop {
            while let Some(&Behind { conversation, after }) = self.behind.last() {
                let after = self.sent.get(&conversation).copied().unwrap_or_default().max(after);
                let page = self.core.read(move |reader| reader.entries(conversation, after, PAGE)).await?;
                if page.len() < PAGE {
                    self.behind.pop();
                }
                if let Some(last) = page.last() {
                    self.sent.insert(conversation, last.seq);
                    return Ok(Some(page));
                }
            }
            if self.joined && self.session.queue.settle(&self.sent) {
                return Ok(None);
            }
            self.session.queue.join();
            self.joined = true;
            let Fence { user, platform, .. } = self.session.fence;
            self.behind = self.core.read(move |reader| reader.behind(user, platform)).await?;
        }
    }
}
