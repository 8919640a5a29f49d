//! What follows once a change is durable: answers and deliveries.

use super::{Engine, POSTED};
use crate::{
    Destination, Entry, Error, Session, Shared, Stats, UserCard,
    port::{Appended, Done, Fence, GroupRecord, Op, Refusal, Target},
    queue::{End, Queue, Receipt},
};
use jmessage_model::{ClientKey, Content, ConversationId, Platform, Shown};
use std::sync::Arc;
use tokio::sync::oneshot;

/// What remains to be done once a change is committed.
pub(crate) enum Then {
    Sent {
        session: Arc<Session>,
        request: u64,
        to: Recipients,
    },
    Posted {
        from: Arc<UserCard>,
        to: Recipients,
        answer: oneshot::Sender<Result<Appended, Error>>,
    },
    /// A group was changed; those concerned hear of it.
    Grouped {
        session: Arc<Session>,
        request: u64,
        group: Option<ConversationId>,
        before: Option<Arc<GroupRecord>>,
        /// Whom it took in.
        added: Vec<Arc<UserCard>>,
    },
    /// A message that may not be sent now; its key is looked up first, and this is the answer if it was not used.
    Recalled {
        session: Arc<Session>,
        request: u64,
        error: Error,
    },
    Acknowledged(Arc<Session>),
    Opened {
        user: Arc<UserCard>,
        platform: Platform,
        shown: Option<Shown>,
        queue: Arc<Queue>,
        displaced: End,
        answer: oneshot::Sender<Result<Arc<Session>, Error>>,
    },
    Ended {
        session: Arc<Session>,
        request: u64,
    },
    Changed(oneshot::Sender<Result<Done, Error>>),
}

/// Those who get a message.
pub(crate) enum Recipients {
    User(Arc<UserCard>),
    Group(Arc<GroupRecord>),
}

impl Engine {
    pub(super) fn finish(&mut self, op: Op, then: Then, result: Result<Done, Refusal>) {
        match (then, result) {
            (Then::Sent { session, request, to }, Ok(Done::Appended(appended))) => {
                // Counted first: who has the answer finds it in the counters.
                let counter = if appended.fresh { &self.stats.messages } else { &self.stats.repeats };
                Stats::add(counter, 1);
                session.queue.reply(request, Ok(Receipt::Sent(appended)));
                if !appended.fresh {
                    return;
                }
                if let Op::Append { key, content, .. } = op {
                    let author = (&session.user, session.fence.platform);
                    let entry = entry(author, appended, to.destination(), Some(key), content);
                    self.deliver(Some(&session), &to, entry);
                }
            }
            (Then::Posted { from, to, answer }, Ok(Done::Appended(appended))) => {
                Stats::add(&self.stats.messages, 1);
                let _ = answer.send(Ok(appended));
                if let Op::Append { key, content, .. } = op {
                    let entry = entry((&from, POSTED), appended, to.destination(), Some(key), content);
                    self.deliver(None, &to, entry);
                }
            }
            (Then::Recalled { session, request, .. }, Ok(Done::Appended(appended))) => {
                Stats::add(&self.stats.repeats, 1);
                session.queue.reply(request, Ok(Receipt::Sent(appended)));
            }
            (Then::Recalled { session, request, error }, Err(Refusal::Unknown)) => {
                session.queue.reply(request, Err(error));
            }
            (Then::Grouped { session, request, group, before, added }, Ok(done)) => {
                self.finish_group(&session, request, group, (before.as_ref(), added), op, done);
            }
            (Then::Opened { user, platform, shown, queue, displaced, answer }, Ok(Done::Session(epoch))) => {
                let fence = Fence { user: user.id, platform, epoch };
                let session = Arc::new(Session { user, fence, queue });
                let counter = if displaced == End::Kicked { &self.stats.logins } else { &self.stats.resumes };
                Stats::add(counter, 1);
                let first = self.hub.enter(session.clone(), displaced, &self.stats);
                self.came(&session, first, shown);
                // A page that has gone meanwhile leaves nothing behind.
                if let Err(Ok(session)) = answer.send(Ok(session)) {
                    self.leave(&session);
                }
            }
            (Then::Ended { session, request }, Ok(_)) => {
                self.leave(&session);
                session.queue.reply(request, Ok(Receipt::Ended));
                session.queue.close(End::Left);
            }
            (Then::Changed(answer), Ok(done)) => {
                if matches!(op, Op::EditUser { .. }) {
                    self.forget();
                }
                let _ = answer.send(Ok(done));
            }
            (then, Err(refusal)) => fail(then, refused(refusal)),
            (Then::Acknowledged(session), Ok(_)) => session.queue.acknowledged(),
            (then, Ok(_)) => fail(then, Error::Unavailable),
        }
    }

    /// The session is told nothing any more, and who watches its user hears of it.
    pub(super) fn leave(&mut self, session: &Arc<Session>) {
        let last = self.hub.leave(session, &self.stats);
        self.gone(session, last);
    }

    /// The session that sent the message knows it by its answer, unless it is a message to oneself.
    fn deliver(&mut self, by: Option<&Session>, to: &Recipients, entry: Entry) {
        let sender = entry.sender.id;
        let shared = Shared::new(entry);
        match to {
            Recipients::User(to) => {
                self.hub.deliver(to.id, &shared, None, &self.stats);
                if to.id != sender {
                    self.hub.deliver(sender, &shared, by, &self.stats);
                }
            }
            Recipients::Group(group) => {
                self.hub.deliver_to_group(group, &shared, by, &self.stats);
            }
        }
    }
}

impl Recipients {
    pub(super) fn target(&self) -> Target {
        match self {
            Self::User(user) => Target::User(user.id),
            Self::Group(group) => Target::Group(group.card.id),
        }
    }

    pub(crate) fn destination(&self) -> Destination {
        match self {
            Self::User(user) => Destination::User(user.clone()),
            Self::Group(group) => Destination::Group(group.card.clone()),
        }
    }
}

/// An entry just stored; who wrote it, and on what.
pub(crate) fn entry(
    (sender, platform): (&Arc<UserCard>, Platform),
    at: Appended,
    to: Destination,
    key: Option<ClientKey>,
    content: Content,
) -> Entry {
    Entry {
        conversation: at.conversation,
        seq: at.seq,
        id: at.id,
        at: at.at,
        sender: sender.clone(),
        platform,
        to,
        key,
        content,
    }
}

fn refused(refusal: Refusal) -> Error {
    match refusal {
        Refusal::Taken => Error::Taken,
        Refusal::Fenced | Refusal::Superseded => Error::Superseded,
        Refusal::NoSession => Error::NoSession,
        Refusal::KeyReused => Error::KeyReused,
        Refusal::NoSuchFile => Error::NoSuchFile,
        Refusal::StorageFull => Error::StorageFull,
        Refusal::Unknown => Error::Unavailable,
    }
}

/// Answers with `error` whoever waits.
pub(super) fn fail(then: Then, error: Error) {
    match then {
        Then::Sent { session, request, .. }
        | Then::Recalled { session, request, .. }
        | Then::Grouped { session, request, .. }
        | Then::Ended { session, request } => {
            session.queue.reply(request, Err(error));
        }
        Then::Acknowledged(session) => session.queue.acknowledged(),
        Then::Opened { answer, .. } => drop(answer.send(Err(error))),
        Then::Posted { answer, .. } => drop(answer.send(Err(error))),
        Then::Changed(answer) => drop(answer.send(Err(error))),
    }
}
