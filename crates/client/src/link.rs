//! The state of the one connection, and when something about it is due.

use crate::random::Random;
use crate::time::{BACKOFF_BASE, BACKOFF_CAP, CONNECT, PONG, QUIET, STABLE};

/// Where the connection stands. Moments are in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// There is none.
    Down,
    /// There is none; one is to be opened then.
    Waiting { until: u64 },
    /// One is being opened.
    Connecting { deadline: u64 },
    /// It stands: since when, when something was heard last, when a sign of life was asked for.
    Open { since: u64, heard: u64, pinged: Option<u64> },
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Nothing,
    Connect,
    Ping,
    /// It does not answer.
    Drop,
}

/// The connection and its back-off.
pub(crate) struct Link {
    pub(crate) state: State,
    failures: u32,
}

impl Link {
    pub(crate) fn new() -> Self {
        Self { state: State::Down, failures: 0 }
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// Whether there is a connection or an attempt at one.
    pub(crate) fn is_up(&self) -> bool {
        matches!(self.state, State::Open { .. } | State::Connecting { .. })
    }

    pub(crate) fn connecting(&mut self, now: u64) {
        self.state = State::Connecting { deadline: now + CONNECT };
    }

    pub(crate) fn opened(&mut self, now: u64) {
        self.state = State::Open { since: now, heard: now, pinged: None };
    }

    pub(crate) fn heard(&mut self, now: u64) {
        if let State::Open { since, .. } = self.state {
            self.state = State::Open { since, heard: now, pinged: None };
        }
    }

    /// After a break: waits a random time, longer on average with each failure (full jitter), at least `floor`.
    pub(crate) fn wait(&mut self, now: u64, floor: u64, random: &mut Random) {
        if matches!(self.state, State::Open { since, .. } if now.saturating_sub(since) >= STABLE) {
            self.failures = 0;
        }
        let bound = (BACKOFF_BASE << self.failures.min(10)).min(BACKOFF_CAP);
        self.failures += 1;
        self.state = State::Waiting { until: now + floor + random.up_to(bound) };
    }

    /// The network is said to be back: true if it is time to connect at once. An open connection is put to the test.
    pub(crate) fn hurry(&mut self, now: u64) -> Due {
        self.failures = 0;
        match self.state {
            State::Waiting { .. } => Due::Connect,
            State::Open { since, heard, pinged: None } => {
                self.state = State::Open { since, heard, pinged: Some(now) };
                Due::Ping
            }
            State::Open { .. } | State::Connecting { .. } | State::Down => Due::Nothing,
        }
    }

    pub(crate) fn due(&mut self, now: u64) -> Due {
        match self.state {
            State::Waiting { until } if until <= now => Due::Connect,
            State::Connecting { deadline } if deadline <= now => Due::Drop,
            State::Open { since, heard, pinged: None } if heard + QUIET <= now => {
                self.state = State::Open { since, heard, pinged: Some(now) };
                Due::Ping
            }
            State::Open { pinged: Some(pinged), .. } if pinged + PONG <= now => Due::Drop,
            State::Down | State::Waiting { .. } | State::Connecting { .. } | State::Open { .. } => {
                Due::Nothing
            }
        }
    }

    pub(crate) fn deadline(&self) -> Option<u64> {
        match self.state {
            State::Down => None,
            State::Waiting { until } => Some(until),
            State::Connecting { deadline } => Some(deadline),
            State::Open { heard, pinged: None, .. } => Some(heard + QUIET),
            State::Open { pinged: Some(pinged), .. } => Some(pinged + PONG),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waits(seed: u64) -> Vec<u64> {
        let mut link = Link::new();
        let mut random = Random::new(seed);
        let mut wait = || {
            link.wait(0, 0, &mut random);
            link.deadline().unwrap()
        };
        (0..20).map(|_| wait()).collect()
    }

    #[test]
    fn the_wait_grows_is_capped_and_differs_between_clients() {
        let many: Vec<_> = (0..200).map(waits).collect();
        let longest = |n: usize| many.iter().map(|waits| waits[n]).max().unwrap();
        assert!(longest(0) <= BACKOFF_BASE);
        assert!(longest(3) > 2 * BACKOFF_BASE);
        assert!(longest(19) <= BACKOFF_CAP && longest(19) > BACKOFF_CAP / 2);
        let mut first: Vec<_> = many.iter().map(|waits| waits[0]).collect();
        first.sort_unstable();
        first.dedup();
        assert!(first.len() > 100, "the first waits of 200 clients spread");
    }

    #[test]
    fn only_a_connection_that_lasted_forgets_the_failures() {
        let mut random = Random::new(1);
        let mut link = Link::new();
        for _ in 0..8 {
            link.opened(0);
            link.wait(1, 0, &mut random);
        }
        assert_eq!(link.failures, 8);
        link.opened(0);
        link.wait(STABLE, 0, &mut random);
        assert_eq!(link.failures, 1);
    }
}
