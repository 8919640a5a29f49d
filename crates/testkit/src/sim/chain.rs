//! What was committed, how much of it is durable, and whose sessions wrote it.

use jmessage_core::port::{Author, Done, Op, Refusal};
use jmessage_model::{Epoch, UserId};
use std::collections::{HashMap, VecDeque};

/// One commit.
#[derive(Clone, Default)]
struct Commit {
    /// Which one; they are counted from 1.
    number: usize,
    /// How many pages SQLite's log has with it.
    pages: usize,
    /// The last epoch of each user's sessions.
    living: HashMap<UserId, Epoch>,
    /// It opens a session.
    opens: bool,
    /// What it holds of sessions that were not the last ones.
    unfenced: Vec<String>,
}

/// SQLite's log is a chain: what is durable of it is always its beginning.
#[derive(Default)]
pub(super) struct Chain {
    /// The last commit that is durable.
    durable: Commit,
    unsynced: VecDeque<Commit>,
    /// A sync has failed: the kernel takes for written what is not, and no later sync makes it durable.
    holed: bool,
    /// What sessions that were not the last ones have written for good.
    unfenced: Vec<String>,
}

impl Chain {
    /// The number of the last commit.
    pub(super) fn last(&self) -> usize {
        self.newest().number
    }

    fn newest(&self) -> &Commit {
        self.unsynced.back().unwrap_or(&self.durable)
    }

    /// How many pages of the log are durable.
    pub(super) fn pages(&self) -> usize {
        self.durable.pages
    }

    /// This was committed; the log has so many pages now.
    pub(super) fn commit(&mut self, pages: usize, ops: &[Op], results: &[Result<Done, Refusal>]) {
        let Commit { number, living, .. } = self.newest();
        let (number, living) = (number + 1, living.clone());
        let mut commit = Commit { number, pages, living, ..Commit::default() };
        commit.judge(ops, results);
        self.unsynced.push_back(commit);
    }

    /// A sync that began after this commit has succeeded; whether that opens a session, while there is more to be synced.
    pub(super) fn sync(&mut self, upto: usize) -> bool {
        let mut opens = false;
        while !self.holed
            && let Some(next) = self.unsynced.pop_front_if(|next| next.number <= upto)
        {
            opens |= next.opens;
            self.keep(next);
        }
        opens && !self.unsynced.is_empty()
    }

    /// A sync has failed.
    pub(super) fn fail(&mut self) {
        self.holed = true;
    }

    /// Everything is durable, with so many pages of the log.
    pub(super) fn settle(&mut self, pages: usize) {
        for next in std::mem::take(&mut self.unsynced) {
            self.keep(next);
        }
        (self.holed, self.durable.pages) = (false, pages);
    }

    /// The power went: of what was not durable, so many commits are there. How many are lost.
    pub(super) fn lose(&mut self, kept: usize) -> usize {
        let lost = self.unsynced.len().saturating_sub(kept);
        self.unsynced.truncate(kept);
        self.settle(self.newest().pages);
        lost
    }

    fn keep(&mut self, mut commit: Commit) {
        self.unfenced.append(&mut commit.unfenced);
        self.durable = commit;
    }

    /// What was committed for sessions that were not the last ones, and is there; each is told once.
    pub(super) fn take_unfenced(&mut self) -> Vec<String> {
        let mut all = std::mem::take(&mut self.unfenced);
        all.extend(self.unsynced.iter_mut().flat_map(|commit| std::mem::take(&mut commit.unfenced)));
        all
    }
}

impl Commit {
    /// Who writes has the last session of its user.
    fn judge(&mut self, ops: &[Op], results: &[Result<Done, Refusal>]) {
        for (op, result) in ops.iter().zip(results) {
            match (op, result) {
                (Op::OpenSession { user, .. } | Op::ResumeSession { user, .. }, Ok(Done::Session(epoch))) => {
                    self.living.insert(*user, *epoch);
                    self.opens = true;
                }
                (
                    Op::Append { by: Author::Session(fence), .. }
                    | Op::Group { fence, .. }
                    | Op::ClearHistory { fence, .. }
                    | Op::DropContact { fence, .. }
                    | Op::KeepSetting { fence, .. }
                    | Op::Acknowledge { fence, .. },
                    Ok(_),
                ) => {
                    let last = self.living.get(&fence.user).copied();
                    if last != Some(fence.epoch) {
                        let what =
                            format!("a session of epoch {:?} wrote while {last:?} was the last", fence.epoch);
                        self.unfenced.push(what);
                    }
                }
                _ => {}
            }
        }
    }
}
