//! How far one page is, and whether it is still heard of.

use jmessage_model::UserId;
use std::time::Duration;
use tokio::time::Instant;

/// After how long pages are given up.
#[derive(Clone, Copy, Debug)]
pub(in crate::webim) struct Limits {
    /// One that was answered and does not poll again.
    pub(in crate::webim) idle: Duration,
    /// One whose poll was cut, and a session whose last page is gone.
    pub(in crate::webim) grace: Duration,
}

impl Limits {
    /// The shorter of the two.
    pub(super) fn shortest(self) -> Duration {
        self.idle.min(self.grace)
    }
}

/// What was heard of a page last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Its poll waits.
    Waits,
    /// It asked for something, or was answered, at this moment.
    Heard(Instant),
    /// Its poll was cut at this moment: perhaps nobody is there.
    Cut(Instant),
}

/// How far one page is.
pub(super) struct Progress {
    /// What its user said before this, it is not told.
    pub(super) since: u64,
    /// Everything before this was received.
    pub(super) received: u64,
    /// Everything before this was handed over by the last answer that got out.
    pub(super) handed: u64,
    /// Which of its polls is the last one.
    pub(super) poll: u64,
    pub(super) standing: Standing,
    pub(super) users: Vec<UserId>,
    /// By what it is known.
    pub(super) ticket: Option<String>,
}

impl Progress {
    /// Of a page that begins.
    pub(super) fn new(since: u64, received: u64, handed: u64) -> Self {
        let standing = Standing::Heard(Instant::now());
        Self { since, received, handed, poll: 0, standing, users: Vec::new(), ticket: None }
    }

    /// The page asked for something, or has an answer. A poll that waits goes on.
    pub(super) fn is_heard_of(&mut self) {
        if self.standing != Standing::Waits {
            self.standing = Standing::Heard(Instant::now());
        }
    }

    /// When the page was heard of last.
    pub(super) fn heard(&self) -> Instant {
        match self.standing {
            Standing::Waits => Instant::now(),
            Standing::Heard(at) | Standing::Cut(at) => at,
        }
    }

    /// When the page is to be given up, unless something is heard of it before.
    pub(super) fn over_at(&self, limits: Limits) -> Option<Instant> {
        match self.standing {
            Standing::Waits => None,
            Standing::Heard(at) => Some(at + limits.idle),
            Standing::Cut(at) => Some(at + limits.grace),
        }
    }
}
