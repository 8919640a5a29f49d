//! From an open connection to an open session, and back: connect, config, resume, login, logout, kick.

use crate::client::Client;
use crate::link::State;
use crate::setup::Outcome;
use crate::{Action, Failure, Notice, Payload};
use jmessage_model::Mutant;
use jmessage_proto::{Code, Request, close};
use std::fmt;

/// How far this connection has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was proved on it.
    New,
    /// The server knows the App.
    Configured,
    /// The server has a session on it.
    LoggedIn,
}

/// The requests of which one at a time is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Config,
    Resume,
    Login,
    Logout,
}

/// The request that is under way.
pub(crate) struct Step {
    kind: Kind,
    pub(crate) rid: u64,
    pub(crate) deadline: u64,
    /// The page changed its mind: the session that this opens is to be closed at once.
    abandoned: bool,
}

/// Whom to log in; kept in memory to do it again. Printing it shows nothing.
#[derive(PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) username: String,
    pub(crate) password: String,
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl<V: Payload> Client<V> {
    /// Whether messages flow: there is a session, and this connection carries it.
    pub(crate) fn is_logged_in(&self) -> bool {
        self.session.is_some() && self.stage == Stage::LoggedIn
    }

    /// Does the next thing that is possible now. Called at the end of every input.
    pub(crate) fn advance(&mut self, now: u64) {
        if self.wanted && self.link.state == State::Down {
            self.connect(now);
        }
        // Not while waiting to connect again: a signer that fails at once would be asked without end.
        if self.link.is_up()
            && self.token.is_none()
            && let Some(ticket) = self.setup.ask(now + self.timeouts.handshake())
        {
            self.push(Action::AskSigner(ticket));
        }
        if self.link.is_open() && self.step.is_none() {
            match (self.stage, self.session.is_some()) {
                (Stage::LoggedIn, true) => self.flush(now),
                (Stage::LoggedIn, false) => self.request_logout(now),
                (Stage::New, _) if self.token.is_some() => self.request_resume(now),
                (Stage::New, _) => self.request_config(now),
                (Stage::Configured, _) => self.request_login(now),
            }
        }
    }

    fn begin(&mut self, kind: Kind, deadline: u64) -> u64 {
        let rid = self.take_id();
        self.step = Some(Step { kind, rid, deadline, abandoned: false });
        rid
    }

    fn request_config(&mut self, now: u64) {
        if self.setup.has_failed() {
            return;
        }
        let Some(signature) = self.setup.signature().cloned() else { return };
        let id = self.begin(Kind::Config, now + self.timeouts.handshake());
        let crate::Signature { app_key, timestamp, random_str, signature } = signature;
        self.transmit(Request::Config { id, app_key, timestamp, random_str, signature });
    }

    fn request_resume(&mut self, now: u64) {
        let (Some(token), Some(app_key)) = (self.token.clone(), self.setup.app_key()) else { return };
        let app_key = app_key.to_owned();
        let id = self.begin(Kind::Resume, now + self.timeouts.handshake());
        let cursors = self.inbox.resume();
        self.transmit(Request::Resume { id, app_key, token, cursors });
    }

    fn request_login(&mut self, now: u64) {
        let Some(Account { username, password }) = &self.account else { return };
        if self.login_hold.is_some_and(|hold| now < hold) {
            return;
        }
        self.login_hold = None;
        let (username, password) = (username.clone(), password.clone());
        let deadline = self.login.map_or(now + self.timeouts.login, |(_, deadline)| deadline);
        let id = self.begin(Kind::Login, deadline);
        self.transmit(Request::Login { id, username, password });
    }

    fn request_logout(&mut self, now: u64) {
        let cursors = self.inbox.flush();
        if !cursors.is_empty() {
            self.transmit(Request::Ack { cursors });
        }
        let id = self.begin(Kind::Logout, now + self.timeouts.handshake());
        self.transmit(Request::Logout { id });
    }

    /// The step of this kind and number, if it is under way; it ends.
    fn end_step(&mut self, id: u64, kinds: &[Kind]) -> Option<Step> {
        self.step.take_if(|step| step.rid == id && kinds.contains(&step.kind))
    }

    pub(crate) fn configured(&mut self, id: u64) {
        if self.end_step(id, &[Kind::Config]).is_some() {
            self.stage = Stage::Configured;
            self.setup.accepted();
            self.config_done();
        }
    }

    /// Says `Ready`, once per `config` call.
    pub(crate) fn config_done(&mut self) {
        if self.setup.outcome != Outcome::Ready {
            self.setup.outcome = Outcome::Ready;
            self.notify(Notice::Ready);
        }
    }

    pub(crate) fn session_opened(&mut self, id: u64, token: String, username: String) {
        let Some(step) = self.end_step(id, &[Kind::Resume, Kind::Login]) else { return };
        self.stage = Stage::LoggedIn;
        if step.abandoned {
            return;
        }
        if self.owner != username || Mutant::ForgetPositions.is_on() {
            self.inbox.clear();
            self.outbox.forget_failed();
            self.owner.clone_from(&username);
        }
        self.token = Some(token);
        self.session = Some(username);
        if let Some((rid, _)) = self.login.take() {
            self.notify(Notice::LoginDone(rid));
        }
    }

    pub(crate) fn logged_out(&mut self, id: u64) {
        if self.end_step(id, &[Kind::Logout]).is_some() {
            self.stage = Stage::Configured;
        }
    }

    /// The server refused the request of this number.
    pub(crate) fn refused(&mut self, now: u64, id: u64, failure: Failure, retry_after: Option<u64>) {
        match self.step.take_if(|step| step.rid == id) {
            Some(Step { kind: Kind::Config, .. }) => self.config_refused(now, failure, retry_after),
            Some(Step { kind: Kind::Logout, .. }) => self.restart(),
            // Nobody waits for it any more.
            Some(Step { abandoned: true, .. }) => {}
            Some(Step { kind: Kind::Resume, .. }) => self.resume_refused(now, failure, retry_after),
            Some(Step { kind: Kind::Login, .. }) => self.login_refused(now, failure, retry_after),
            None => match retry_after {
                Some(delay) => self.postpone(id, now, delay),
                None if self.end_call(id) => self.notify(Notice::CallFailed(id, failure)),
                None if self.outbox.refused(id) => self.notify(Notice::SendFailed(id, failure)),
                None => {}
            },
        }
    }

    /// The server is too busy for the request of this number.
    fn postpone(&mut self, id: u64, now: u64, delay: u64) {
        let until = self.pause(now, delay);
        match self.calls.iter_mut().find(|call| call.id == id) {
            Some(call) => (call.again, call.postponed) = (Some(until), true),
            None => _ = self.outbox.postpone(id, until),
        }
    }

    fn config_refused(&mut self, now: u64, failure: Failure, retry_after: Option<u64>) {
        if failure.is(Code::SignatureInvalid) && self.setup.expired() {
            return;
        }
        if failure.passes() || retry_after.is_some() {
            self.config_troubled(failure);
            self.drop_connection(now, retry_after.unwrap_or(0));
        } else {
            self.config_failed(failure);
        }
    }

    /// `config` failed for a passing cause: told once, tried again.
    fn config_troubled(&mut self, failure: Failure) {
        if self.setup.outcome == (Outcome::Undecided { told: false }) {
            self.setup.outcome = Outcome::Undecided { told: true };
            self.notify(Notice::ConfigError(failure));
        }
    }

    /// `config` failed for good.
    fn config_failed(&mut self, failure: Failure) {
        self.notify(Notice::ConfigError(failure.clone()));
        self.login_failed(failure.clone());
        if self.session.is_none() {
            self.account = None;
        }
        self.setup.outcome = Outcome::Failed(failure);
    }

    /// There is no signature. Within a session the machine goes on trying; otherwise the page decides.
    pub(crate) fn signer_failed(&mut self, now: u64, failure: Failure) {
        if self.session.is_some() {
            self.config_troubled(failure);
            self.drop_connection(now, 0);
        } else {
            self.config_failed(failure);
        }
    }

    fn resume_refused(&mut self, now: u64, failure: Failure, retry_after: Option<u64>) {
        if failure.is(Code::LoggedInElsewhere) {
            self.kicked(failure);
        } else if failure.passes() || retry_after.is_some() {
            self.drop_connection(now, retry_after.unwrap_or(0));
        } else {
            self.token = None;
        }
    }

    fn login_refused(&mut self, now: u64, failure: Failure, retry_after: Option<u64>) {
        let passing = failure.passes() || retry_after.is_some();
        if let (None, Some(delay)) = (&self.session, retry_after) {
            // Within the time limit of the page's call.
            self.login_hold = Some(self.pause(now, delay));
            return;
        }
        if self.session.is_some() && passing {
            self.login_failed(failure);
            self.drop_connection(now, retry_after.unwrap_or(0));
            return;
        }
        self.account = None;
        if self.session.is_some() {
            self.end_session(&Code::NotLoggedIn.into());
            self.notify(Notice::Notification(failure.clone()));
        }
        self.login_failed(failure);
    }

    /// Answers the page's login call, if there is one.
    pub(crate) fn login_failed(&mut self, failure: Failure) {
        if let Some((rid, _)) = self.login.take() {
            self.notify(Notice::LoginFailed(rid, failure));
        }
    }

    pub(crate) fn login_timed_out(&mut self) {
        self.login_failed(Code::RequestTimeout.into());
        if self.session.is_none() {
            self.account = None;
            self.abandon();
        }
    }

    pub(crate) fn step_timed_out(&mut self, now: u64) {
        if self.step.as_ref().is_some_and(|step| step.kind == Kind::Config) {
            self.config_troubled(Code::RequestTimeout.into());
        }
        self.drop_connection(now, 0);
    }

    /// The page is not logged in any more; what waits fails. An open session is closed by the next `advance`.
    pub(crate) fn end_session(&mut self, failure: &Failure) {
        self.session = None;
        self.token = None;
        self.abandon();
        self.fail_calls(failure);
        while let Some(rid) = self.outbox.fail_first() {
            self.notify(Notice::SendFailed(rid, failure.clone()));
        }
    }

    fn abandon(&mut self) {
        if let Some(step) = &mut self.step {
            step.abandoned = true;
        }
    }

    /// The session was taken away: no reconnect until the page calls again.
    pub(crate) fn kicked(&mut self, failure: Failure) {
        self.account = None;
        self.wanted = false;
        self.end_session(&failure);
        self.login_failed(failure.clone());
        self.restart();
        self.notify(Notice::Notification(failure));
    }

    pub(crate) fn connect(&mut self, now: u64) {
        self.link.connecting(now);
        self.push(Action::Connect);
    }

    /// Closes the connection, if there is one, without a word to the page.
    pub(crate) fn restart(&mut self) {
        if self.link.is_up() {
            self.push(Action::Close(close::NORMAL));
        }
        self.connection_lost();
        self.link.state = State::Down;
    }

    /// Gives the connection up and waits for the next, at least `floor` milliseconds.
    pub(crate) fn drop_connection(&mut self, now: u64, floor: u64) {
        if self.link.is_up() {
            self.push(Action::Close(close::NORMAL));
            self.broken(now, floor);
        }
    }

    /// The connection broke: all that was under way on it has ended.
    pub(crate) fn broken(&mut self, now: u64, floor: u64) {
        self.connection_lost();
        self.link.wait(now, floor, &mut self.random);
        self.announce(false);
    }

    fn fail_calls(&mut self, failure: &Failure) {
        for call in std::mem::take(&mut self.calls) {
            self.notify(Notice::CallFailed(call.id, failure.clone()));
        }
    }

    pub(crate) fn connection_lost(&mut self) {
        self.stage = Stage::New;
        self.backlog = None;
        self.login_hold = None;
        self.fail_calls(&Code::Disconnected.into());
        self.outbox.land();
        self.inbox.reset_gaps();
        if let Some(step) = self.step.take()
            && step.kind == Kind::Login
            && !step.abandoned
            && self.session.is_none()
        {
            self.account = None;
            self.login_failed(Code::Disconnected.into());
        }
    }

    pub(crate) fn announce(&mut self, connected: bool) {
        if self.announced != Some(connected) {
            self.announced = Some(connected);
            self.notify(if connected { Notice::Connected } else { Notice::Disconnected });
        }
    }
}
