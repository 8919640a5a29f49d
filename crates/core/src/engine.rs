//! One batch of commands: rules and one transaction; and once that is synced, answers and deliveries. Never waits for
//! anything but the store.

use crate::{
    Destination, Entry, Error, Session, Shared, Stats, UserCard,
    audience::Audience,
    command::{Command, Proof},
    group::Groups,
    hub::Hub,
    port::{
        Appended, Author, Done, Fence, GroupRecord, Log, Op, Reader, Refusal, Target, Unavailable, Writer,
    },
    progress::Progress,
    queue::{End, Queue, Receipt},
    session::To,
    wakes,
};
use foldhash::HashMap;
use jmessage_model::{
    AppId, ClientKey, Content, ConversationId, Limits, Millis, Mutant, Platform, Shown, UserId, Username,
};
use std::{collections::VecDeque, sync::Arc};
use tokio::sync::oneshot;

/// What a message of an App counts as written on: sites have pages that poll.
const POSTED: Platform = Platform::Poller;

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

/// Names that are known to exist; a name never changes its user.
#[derive(Default)]
pub(crate) struct Names(HashMap<AppId, HashMap<Username, Arc<UserCard>>>);

/// How many names of an App are kept in memory.
const NAMES: usize = 200_000;

/// A transaction that is committed, and nobody has been told.
#[derive(Default)]
struct Committed {
    /// Which one.
    number: u64,
    ops: Vec<Op>,
    rest: Vec<Then>,
    results: Vec<Result<Done, Refusal>>,
}

/// See the module.
pub struct Engine {
    writer: Box<dyn Writer>,
    /// In the order in which they were committed.
    committed: VecDeque<Committed>,
    progress: Arc<Progress>,
    pub(crate) reader: Arc<dyn Reader>,
    pub(crate) limits: Limits,
    pub(crate) stats: Arc<Stats>,
    pub(crate) hub: Hub,
    pub(crate) names: Names,
    pub(crate) groups: Groups,
    pub(crate) audience: Audience,
}

impl Engine {
    /// An engine with nobody online.
    pub fn new(writer: Box<dyn Writer>, reader: Arc<dyn Reader>, limits: Limits, stats: Arc<Stats>) -> Self {
        let (hub, names, groups) = (Hub::default(), Names::default(), Groups::default());
        let (committed, progress, audience) = Default::default();
        Self { writer, committed, progress, reader, limits, stats, hub, names, groups, audience }
    }

    pub(crate) fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// Carries out a batch up to its commit; false when it held [`Command::Stop`]. Nothing is answered until it is
    /// [`synced`](Self::synced), but for what is alone in its transaction.
    pub fn run(&mut self, commands: &mut Vec<Command>, log: &mut dyn Log) -> bool {
        let mut goes_on = true;
        if self.writer.changed_elsewhere() {
            self.forget();
        }
        let mut ops = Vec::with_capacity(commands.len());
        let mut rest = Vec::with_capacity(commands.len());
        for command in commands.drain(..) {
            // Rules about groups look at what everybody was told, so a change stands alone between two transactions.
            let alone = matches!(command, Command::Group { .. });
            if alone {
                self.commit(&mut ops, &mut rest);
                self.settle(log);
            }
            if matches!(command, Command::Stop) {
                goes_on = false;
            } else if self.progress.has_failed() {
                self.refuse(command);
            } else if let Some((op, then)) = self.prepare(command) {
                ops.push(op);
                rest.push(then);
            }
            if alone {
                self.commit(&mut ops, &mut rest);
                self.settle(log);
            }
        }
        self.commit(&mut ops, &mut rest);
        goes_on
    }

    /// Forgets who and what was looked up.
    fn forget(&mut self) {
        (self.names, self.groups) = (Names::default(), Groups::default());
    }

    fn commit(&mut self, ops: &mut Vec<Op>, rest: &mut Vec<Then>) {
        if ops.is_empty() {
            return;
        }
        let (ops, rest) = (std::mem::take(ops), std::mem::take(rest));
        let number = self.progress.begin();
        match self.writer.commit(&ops) {
            Ok(results) => {
                Stats::add(&self.stats.commits, 1);
                self.committed.push_back(Committed { number, ops, rest, results });
                if Mutant::AnswerBeforeSync.is_on() {
                    self.synced(number, Ok(()));
                }
            }
            Err(error) => {
                self.failed(&error, rest);
                // Whoever has read meanwhile waits for its number.
                self.committed.push_back(Committed { number, ..Committed::default() });
            }
        }
    }

    /// Makes durable what is committed, and tells it.
    pub fn settle(&mut self, log: &mut dyn Log) {
        if let Some(last) = self.unsynced() {
            let result = log.sync();
            self.synced(last, result);
        }
    }

    /// The last transaction that nobody was told of.
    pub fn unsynced(&self) -> Option<u64> {
        self.committed.back().map(|last| last.number)
    }

    /// A sync that began after this transaction has ended: whatever it made durable is answered and delivered.
    pub fn synced(&mut self, upto: u64, result: Result<(), Unavailable>) {
        match result {
            Err(_) if Mutant::AnswerFailedSync.is_on() => self.synced(upto, Ok(())),
            Ok(()) => {
                let _held = wakes::hold();
                while let Some(committed) = self.committed.pop_front_if(|next| next.number <= upto) {
                    let Committed { number, ops, rest, results } = committed;
                    for ((op, then), result) in ops.into_iter().zip(rest).zip(results) {
                        self.finish(op, then, result);
                    }
                    // Whoever reads the same meanwhile goes on when it was offered: it is not told twice.
                    self.progress.reach(number);
                }
            }
            Err(error) => {
                self.progress.fail();
                for committed in std::mem::take(&mut self.committed) {
                    if !committed.rest.is_empty() {
                        self.failed(&error, committed.rest);
                    }
                }
            }
        }
    }

    fn failed(&self, error: &Unavailable, rest: Vec<Then>) {
        tracing::error!(%error, commands = rest.len(), "commit failed");
        Stats::add(&self.stats.commit_failures, 1);
        for then in rest {
            fail(then, Error::Unavailable);
        }
    }

    /// Once a sync has failed, what the store shows may not be so: nothing is decided by it.
    fn refuse(&mut self, command: Command) {
        let error = Error::Unavailable;
        match command {
            Command::Send { session, request, .. }
            | Command::Group { session, request, .. }
            | Command::End { session, request } => session.queue.reply(request, Err(error)),
            Command::Acknowledge { session, .. } => session.queue.acknowledged(),
            Command::Post { answer, .. } => drop(answer.send(Err(error))),
            Command::Open { answer, .. } => drop(answer.send(Err(error))),
            Command::Aside { answer, .. } => drop(answer.send(Err(error))),
            Command::Change { answer, .. } => drop(answer.send(Err(error))),
            // The connection is gone, whatever is stored.
            Command::Leave { session } => self.leave(&session),
            // Nobody waits, or hears of it when the answer is dropped.
            Command::Watch { .. }
            | Command::Show { .. }
            | Command::Typing { .. }
            | Command::Broadcast { .. }
            | Command::Look { .. }
            | Command::LookIn { .. }
            | Command::Stop => {}
        }
    }

    /// The rules: what the command changes, or its answer at once.
    fn prepare(&mut self, command: Command) -> Option<(Op, Then)> {
        match command {
            Command::Send { session, request, to, key, content, at } => {
                match self.check_send(&session.user, &to, &content) {
                    Ok(to) => {
                        let by = Author::Session(session.fence);
                        let op = append(by, &session.user, to.target(), (key, content), at);
                        Some((op, Then::Sent { session, request, to }))
                    }
                    Err(error) => match to {
                        // Who left a group meanwhile still hears what became of a message sent before.
                        To::Group(group) => {
                            let op = Op::Recall { fence: session.fence, group, key, content };
                            Some((op, Then::Recalled { session, request, error }))
                        }
                        To::User(_) => {
                            session.queue.reply(request, Err(error));
                            None
                        }
                    },
                }
            }
            Command::Post { from, to, key, content, at, answer } => {
                match self.check_send(&from, &to, &content) {
                    Ok(to) => {
                        let by = Author::App { user: from.id, platform: POSTED };
                        let op = append(by, &from, to.target(), (key, content), at);
                        Some((op, Then::Posted { from, to, answer }))
                    }
                    Err(error) => {
                        let _ = answer.send(Err(error));
                        None
                    }
                }
            }
            Command::Group { session, request, change, at } => {
                match self.prepare_group(&session, request, change, at) {
                    Ok(prepared) => prepared,
                    Err(error) => {
                        session.queue.reply(request, Err(error));
                        None
                    }
                }
            }
            Command::Acknowledge { session, positions } => {
                Some((Op::Acknowledge { fence: session.fence, positions }, Then::Acknowledged(session)))
            }
            Command::Open { user, platform, proof, shown, queue, at, answer } => {
                let (op, displaced) = open(user.id, platform, proof, at);
                Some((op, Then::Opened { user, platform, shown, queue, displaced, answer }))
            }
            Command::End { session, request } => {
                Some((Op::EndSession(session.fence), Then::Ended { session, request }))
            }
            Command::Leave { session } => {
                self.leave(&session);
                None
            }
            Command::Watch { session, users, groups } => {
                self.watch(&session, users, groups);
                None
            }
            Command::Show { session, shown } => {
                self.show(&session, shown);
                None
            }
            Command::Typing { session, to, typing } => {
                self.typing(&session, &to, typing);
                None
            }
            Command::Broadcast { from, by, content, at } => {
                self.broadcast(from, by.as_deref(), content, at);
                None
            }
            Command::Aside { from, by, to, content, at, answer } => {
                let _ = answer.send(self.aside(from, by.as_deref(), &to, content, at));
                None
            }
            Command::Look { session, users, groups, answer } => {
                let _ = answer.send(self.look(&session, &users, &groups));
                None
            }
            Command::LookIn { app, users, answer } => {
                let _ = answer.send(self.look_at(app, &users));
                None
            }
            Command::Change { op, answer } => Some((op, Then::Changed(answer))),
            Command::Stop => None,
        }
    }

    pub(crate) fn check_send(
        &mut self,
        from: &UserCard,
        to: &To,
        content: &Content,
    ) -> Result<Recipients, Error> {
        content.check(&self.limits)?;
        match to {
            To::User(name) => {
                let found = self.names.find(from.app, name, self.reader.as_ref())?;
                found.map(Recipients::User).ok_or(Error::NoSuchTarget)
            }
            To::Group(id) => self.group_for(from, *id, crate::group::Action::Send).map(Recipients::Group),
        }
    }

    fn finish(&mut self, op: Op, then: Then, result: Result<Done, Refusal>) {
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
    fn leave(&mut self, session: &Arc<Session>) {
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
    fn target(&self) -> Target {
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

/// What appends a message.
fn append(by: Author, from: &UserCard, to: Target, (key, content): (ClientKey, Content), at: Millis) -> Op {
    Op::Append { by, app: from.app, to, nickname: from.nickname.clone(), key, content, at }
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

fn open(user: UserId, platform: Platform, proof: Proof, at: Millis) -> (Op, End) {
    match proof {
        Proof::Login(token) => (Op::OpenSession { user, platform, token, at }, End::Kicked),
        Proof::Resume { token, oldest, acknowledged } => {
            (Op::ResumeSession { user, platform, token, oldest, acknowledged }, End::Replaced)
        }
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
fn fail(then: Then, error: Error) {
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

impl Names {
    pub(crate) fn find(
        &mut self,
        app: AppId,
        name: &Username,
        reader: &dyn Reader,
    ) -> Result<Option<Arc<UserCard>>, Error> {
        let of_app = self.0.entry(app).or_default();
        if let Some(card) = of_app.get(name) {
            return Ok(Some(card.clone()));
        }
        let found = reader.user(app, name.as_str()).map_err(|error| {
            tracing::error!(%error, "a user could not be read");
            Error::Unavailable
        })?;
        Ok(found.map(|record| {
            if of_app.len() >= NAMES {
                of_app.clear();
            }
            of_app.insert(name.clone(), record.card.clone());
            record.card
        }))
    }
}
