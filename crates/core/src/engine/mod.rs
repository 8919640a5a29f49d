//! One batch of commands: rules and one transaction; and once that is synced, answers and deliveries. Never waits for
//! anything but the store.

mod finish;
mod names;
mod prepare;

use crate::{
    Error, Stats,
    audience::Audience,
    command::Command,
    group::Groups,
    hub::Hub,
    port::{Done, Log, Op, Reader, Refusal, Unavailable, Writer},
    progress::Progress,
    wakes,
};
use finish::fail;
pub(crate) use finish::{Recipients, Then, entry};
use jmessage_model::{Limits, Mutant, Platform};
use names::Names;
use std::{collections::VecDeque, sync::Arc};

/// What a message of an App counts as written on: sites have pages that poll.
const POSTED: Platform = Platform::Poller;

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
                self.failed("commit", &error, rest);
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
                let waits = |hub: &Hub| Mutant::WaitForSlow.is_on() && hub.is_any_full();
                while let Some(committed) =
                    self.committed.pop_front_if(|next| next.number <= upto && !waits(&self.hub))
                {
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
                        self.failed("sync", &error, committed.rest);
                    }
                }
            }
        }
    }

    fn failed(&self, what: &str, error: &Unavailable, rest: Vec<Then>) {
        tracing::error!(%error, commands = rest.len(), "{what} failed");
        Stats::add(&self.stats.commit_failures, 1);
        for then in rest {
            fail(then, Error::Unavailable);
        }
    }
}
