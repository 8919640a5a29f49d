//! The machine itself: what the page, the connection and the clock tell it.

use crate::handshake::{Account, Stage, Step};
use crate::inbox::{Inbox, Verdict};
use crate::link::{Due, Link, State};
use crate::outbox::Outbox;
use crate::random::Random;
use crate::setup::{Credentials, Setup, Signature};
use crate::time::Timeouts;
use crate::{Action, Failure, Notice, Outgoing, Payload};
use jmessage_proto::{Code, Position, Request, Response, close};

/// The numbers up to this one are the machine's own; the page's requests have higher ones.
const OWN_IDS: u64 = 100_000;
/// After so many entries of those that waited the page hears how far it is.
const PROGRESS: u64 = 256;

/// A call without an answer.
pub(crate) struct Call<V> {
    pub(crate) id: u64,
    method: String,
    params: V,
    deadline: u64,
    /// When it goes out, if it is not under way.
    pub(crate) again: Option<u64>,
    /// The server has said that it cannot do it now.
    pub(crate) postponed: bool,
}

impl<V> Call<V> {
    fn due(&self) -> u64 {
        self.again.unwrap_or(self.deadline).min(self.deadline)
    }
}

/// One client of one page. The page numbers its requests itself, from above 100 000, no two under way alike.
///
/// Every input takes the time in milliseconds; it must not go backwards. After each input the driver carries out every
/// [`Client::next_action`], then calls [`Client::tick`] no later than [`Client::deadline`].
pub struct Client<V> {
    pub(crate) timeouts: Timeouts,
    pub(crate) random: Random,
    /// The number of the last request of its own.
    last_id: u64,
    /// A connection is wanted.
    pub(crate) wanted: bool,
    pub(crate) link: Link,
    /// Whether the page thinks that the connection stands; nothing before the first attempt ended.
    pub(crate) announced: Option<bool>,
    pub(crate) setup: Setup,
    pub(crate) stage: Stage,
    pub(crate) step: Option<Step>,
    /// Who is to be logged in.
    pub(crate) account: Option<Account>,
    /// The page's login call without an answer: its number and time limit.
    pub(crate) login: Option<(u64, u64)>,
    /// The server was too busy for a login and is asked again then.
    pub(crate) login_hold: Option<u64>,
    /// Whose session it is: the page is logged in, even while the connection is being mended.
    pub(crate) session: Option<String>,
    /// By which the session is taken up again on a new connection.
    pub(crate) token: Option<String>,
    /// Whose messages outbox and inbox hold.
    pub(crate) owner: String,
    /// Calls without an answer.
    pub(crate) calls: Vec<Call<V>>,
    /// Of how many entries that waited how many have come.
    pub(crate) backlog: Option<(u64, u64)>,
    pub(crate) outbox: Outbox<V>,
    pub(crate) inbox: Inbox,
    actions: Vec<Action<V>>,
}

impl<V: Payload> Client<V> {
    /// A client that does nothing yet. `seed` must differ between pages: it makes message keys unique and spreads
    /// reconnects. A client that takes the place of another one in the same page has the same seed, and so repeats
    /// messages under the same keys.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let prefix = random.next();
        Self {
            timeouts: Timeouts::default(),
            random,
            last_id: 0,
            wanted: false,
            link: Link::new(),
            announced: None,
            setup: Setup::new(),
            stage: Stage::New,
            step: None,
            account: None,
            login: None,
            login_hold: None,
            session: None,
            token: None,
            owner: String::new(),
            calls: Vec::new(),
            backlog: None,
            outbox: Outbox::new(prefix),
            inbox: Inbox::new(),
            actions: Vec::new(),
        }
    }

    /// What is to be done next, until there is nothing.
    pub fn next_action(&mut self) -> Option<Action<V>> {
        (!self.actions.is_empty()).then(|| self.actions.remove(0))
    }

    /// When [`Client::tick`] is to be called at the latest, if nothing else happens before.
    pub fn deadline(&self, now: u64) -> Option<u64> {
        let logged_in = self.is_logged_in();
        let deadlines = [
            self.link.deadline(),
            self.setup.deadline(),
            self.step.as_ref().map(|step| step.deadline),
            self.login.map(|(_, deadline)| deadline),
            self.outbox.deadline(now, logged_in),
            self.calls.iter().map(Call::due).min(),
            self.login_hold.filter(|hold| *hold > now),
            self.inbox.deadline().filter(|_| logged_in),
        ];
        deadlines.into_iter().flatten().min()
    }

    /// Time limits of the calls from now on.
    pub fn set_timeouts(&mut self, timeouts: Timeouts) {
        self.timeouts = timeouts;
    }

    /// A number for a request of the machine's own. Only the last of them can be under way.
    pub(crate) fn take_id(&mut self) -> u64 {
        self.last_id = self.last_id % OWN_IDS + 1;
        self.last_id
    }

    /// `JMessage.init()`: connects, if not done yet.
    pub fn init(&mut self, now: u64) {
        self.wanted = true;
        self.advance(now);
    }

    /// `JMessage.config()`. With `moved`, the driver's next connection goes to another server.
    pub fn configure(&mut self, now: u64, credentials: Credentials, moved: bool) {
        self.wanted = true;
        let same_app = self.setup.replace(credentials);
        if self.session.is_some() && same_app && !moved {
            // A new signature for later. The session proves the App already.
            self.config_done();
        } else {
            self.end_session(&Code::NotLoggedIn.into());
            if !same_app || moved {
                self.owner.clear();
            }
            // What was said on this connection does not hold any more.
            if moved || self.stage != Stage::New || self.step.is_some() {
                self.restart();
            }
        }
        self.advance(now);
    }

    /// The App that `config` named, when it named a signer.
    pub fn named_app(&self) -> Option<&str> {
        self.setup.named_app()
    }

    /// The signer's answer to [`Action::AskSigner`]; the error says why there is none, normally 872005.
    pub fn signed(&mut self, now: u64, ticket: u64, answer: Result<Signature, Failure>) {
        if !self.setup.answered(ticket) {
            return;
        }
        match answer {
            Ok(signature) => self.setup.sign(signature),
            Err(failure) => self.signer_failed(now, failure),
        }
        self.advance(now);
    }

    /// `JMessage.login()`. [`Notice::LoginDone`] or [`Notice::LoginFailed`] follows, once.
    pub fn login(&mut self, now: u64, rid: u64, username: String, password: String) {
        self.login_failed(Failure::new(Code::LoginFailed, "another login was called"));
        if let Some(failure) = self.setup.obstacle() {
            return self.notify(Notice::LoginFailed(rid, failure));
        }
        let account = Account { username, password };
        if self.account.as_ref() != Some(&account) {
            self.end_session(&Code::NotLoggedIn.into());
            self.account = Some(account);
        } else if self.is_logged_in() {
            return self.notify(Notice::LoginDone(rid));
        }
        self.login = Some((rid, now + self.timeouts.login));
        self.wanted = true;
        self.advance(now);
    }

    /// `JMessage.logout()`. What was not confirmed yet fails with 872001.
    pub fn logout(&mut self, now: u64) {
        self.account = None;
        self.login_failed(Failure::new(Code::LoginFailed, "logout was called"));
        self.end_session(&Code::NotLoggedIn.into());
        self.advance(now);
    }

    /// Sends a message. `serial` is never that of another message of this seed. [`Notice::Sent`] or
    /// [`Notice::SendFailed`] follows, once: 872001 without a session, 872002 when too much waits, 872006 or 872007
    /// when the time limit passes with or without a session on a standing connection, or what the server says.
    pub fn send(&mut self, now: u64, rid: u64, serial: u64, message: Outgoing<V>) {
        let deadline = now + self.timeouts.request;
        let added = self.may_send().and_then(|()| self.outbox.add(rid, serial, message, deadline));
        self.added(now, rid, added);
    }

    /// Sends a failed message again: same number, same key, a new time limit. One notice follows, as for `send`.
    pub fn resend(&mut self, now: u64, rid: u64) {
        let deadline = now + self.timeouts.request;
        let added = self.may_send().and_then(|()| self.outbox.again(rid, deadline));
        self.added(now, rid, added);
    }

    /// Any other call. [`Notice::Answered`] or [`Notice::CallFailed`] follows, once: 872001 without a session, 872007
    /// when the connection is broken or breaks, 872006 when the time limit passes.
    pub fn call(&mut self, now: u64, id: u64, method: String, params: V) {
        let ready = self
            .may_send()
            .and_then(|()| if self.is_logged_in() { Ok(()) } else { Err(Code::Disconnected.into()) });
        match ready {
            Ok(()) => {
                let deadline = now + self.timeouts.request;
                self.calls.push(Call { id, method, params, deadline, again: Some(now), postponed: false });
                self.flush(now);
            }
            Err(failure) => self.notify(Notice::CallFailed(id, failure)),
        }
    }

    /// Whether somebody waits for the call of this number; nobody does after that.
    pub(crate) fn end_call(&mut self, id: u64) -> bool {
        let at = self.calls.iter().position(|call| call.id == id);
        at.map(|at| self.calls.remove(at)).is_some()
    }

    /// A busy server asked for this pause. A random part more, so that not everybody comes back at once.
    pub(crate) fn pause(&mut self, now: u64, delay: u64) -> u64 {
        now + delay + self.random.up_to(delay / 2)
    }

    /// Whether the page is logged in, so that a message would be taken; else 872001.
    pub fn may_send(&self) -> Result<(), Failure> {
        if self.session.is_some() { Ok(()) } else { Err(Code::NotLoggedIn.into()) }
    }

    fn added(&mut self, now: u64, rid: u64, added: Result<(), Failure>) {
        match added {
            Ok(()) => self.advance(now),
            Err(failure) => self.notify(Notice::SendFailed(rid, failure)),
        }
    }

    /// The connection stands.
    pub fn opened(&mut self, now: u64) {
        if !matches!(self.link.state, State::Connecting { .. }) {
            return;
        }
        self.link.opened(now);
        self.announce(true);
        self.advance(now);
    }

    /// The connection, or the attempt at one, has ended with this close code.
    pub fn closed(&mut self, now: u64, code: u16) {
        if matches!(self.link.state, State::Down | State::Waiting { .. }) {
            return;
        }
        match code {
            close::ELSEWHERE => {
                self.link.state = State::Down;
                self.kicked(Code::LoggedInElsewhere.into());
            }
            // Parked: the next call connects again.
            close::IDLE if self.account.is_none() && !self.setup.is_pending() => {
                self.wanted = false;
                self.connection_lost();
                self.link.state = State::Down;
            }
            _ => self.broken(now, 0),
        }
        self.advance(now);
    }

    /// The browser says that the network is back.
    pub fn online(&mut self, now: u64) {
        match self.link.hurry(now) {
            Due::Connect => self.connect(now),
            Due::Ping => self.transmit(Request::Ping),
            Due::Nothing | Due::Drop => {}
        }
    }

    /// A frame arrived.
    pub fn received(&mut self, now: u64, frame: Response<V>) {
        if !self.link.is_open() {
            return;
        }
        self.link.heard(now);
        match frame {
            Response::Configured { id } => self.configured(id),
            Response::Session { id, token, username, .. } => self.session_opened(id, token, username),
            Response::Sent { id, conversation, seq, .. } => {
                if !self.outbox.is_for(id, &self.owner) {
                    self.inbox.sent(conversation, seq);
                }
                if self.outbox.stored(id) {
                    self.notify(Notice::Sent(id));
                }
            }
            Response::Done { id } => self.logged_out(id),
            Response::Error { id: Some(id), code, message, retry_after } => {
                self.refused(now, id, Failure { code, message }, retry_after);
            }
            Response::Error { id: None, .. } => self.inbox.refused(),
            Response::Pong => self.inbox.answered(),
            Response::Data { id, data } => {
                if self.end_call(id) {
                    self.notify(Notice::Answered(id, data));
                }
            }
            Response::Push { conversation, seq, message } => {
                let own = message.is_own_copy(&self.owner);
                self.pushed(now, Position { conversation, seq }, (!own).then_some(message), Notice::Message);
            }
            Response::Event { conversation, seq, event } => {
                self.pushed(now, Position { conversation, seq }, Some(event), Notice::Event);
            }
            Response::From { conversation, seq } => _ = self.inbox.skip(now, conversation, seq),
            Response::Resync { conversation, seq, lost } => {
                if self.is_logged_in() && self.inbox.skip(now, conversation, seq) {
                    self.notify(Notice::Resync(Position { conversation, seq }, lost));
                }
            }
            Response::Backlog { count } => self.progressed(0, count),
            Response::Media { url, upload } => self.notify(Notice::Media { url, upload }),
            Response::Kicked { code, message } => self.kicked(Failure { code, message }),
        }
        self.advance(now);
    }

    /// An entry arrived; `value` is what the page hears of it.
    fn pushed(&mut self, now: u64, at: Position, value: Option<V>, news: fn(Position, V) -> Notice<V>) {
        if !self.is_logged_in() {
            return;
        }
        if let Some((done, total)) = self.backlog {
            self.progressed(done + 1, total);
        }
        let Position { conversation, seq } = at;
        match self.inbox.arrived(now, conversation, seq) {
            Verdict::Next => {
                if let Some(value) = value {
                    self.notify(news(at, value));
                }
            }
            Verdict::Drop => {}
            Verdict::Ask(after) => self.transmit(Request::Sync { conversation, after }),
        }
    }

    /// So many of the entries that waited have come.
    fn progressed(&mut self, done: u64, total: u64) {
        self.backlog = (done < total).then_some((done, total));
        if done.is_multiple_of(PROGRESS) || done == total {
            self.notify(Notice::Backlog(done, total));
        }
    }

    /// Time has passed: does what is due.
    pub fn tick(&mut self, now: u64) {
        match self.link.due(now) {
            Due::Nothing => {}
            Due::Connect => self.connect(now),
            Due::Ping => self.transmit(Request::Ping),
            Due::Drop => self.drop_connection(now, 0),
        }
        if self.setup.deadline().is_some_and(|deadline| deadline <= now) {
            self.setup.give_up_asking();
            self.signer_failed(now, Failure::new(Code::RequestTimeout, "the signer did not answer in time"));
        }
        if self.login.is_some_and(|(_, deadline)| deadline <= now) {
            self.login_timed_out();
        }
        if self.step.as_ref().is_some_and(|step| step.deadline <= now) {
            self.step_timed_out(now);
        }
        while let Some(at) = self.calls.iter().position(|call| call.deadline <= now) {
            let call = self.calls.remove(at);
            let code = if call.postponed { Code::ServerError } else { Code::RequestTimeout };
            self.notify(Notice::CallFailed(call.id, code.into()));
        }
        while let Some((rid, postponed)) = self.outbox.expire(now) {
            let code = match (self.is_logged_in(), postponed) {
                (false, _) => Code::Disconnected,
                (true, true) => Code::ServerError,
                (true, false) => Code::RequestTimeout,
            };
            self.notify(Notice::SendFailed(rid, code.into()));
        }
        self.advance(now);
    }

    /// What the open session lets go out: messages in order, acknowledgements, questions about gaps.
    pub(crate) fn flush(&mut self, now: u64) {
        while let Some(call) = self.calls.iter_mut().find(|call| call.again.is_some_and(|at| at <= now)) {
            call.again = None;
            let (id, method, params) = (call.id, call.method.clone(), call.params.clone());
            self.transmit(Request::Call { id, method, params });
        }
        while let Some(request) = self.outbox.next(now) {
            self.transmit(request);
        }
        while let Some(cursors) = self.inbox.acks(now) {
            self.transmit(Request::Ack { cursors });
        }
        while let Some(position) = self.inbox.overdue(now) {
            self.transmit(Request::Sync { conversation: position.conversation, after: position.seq });
            self.transmit(Request::Ping);
        }
    }

    pub(crate) fn notify(&mut self, notice: Notice<V>) {
        self.actions.push(Action::Notify(notice));
    }

    pub(crate) fn transmit(&mut self, request: Request<V>) {
        self.actions.push(Action::Transmit(request));
    }

    pub(crate) fn push(&mut self, action: Action<V>) {
        self.actions.push(action);
    }
}
