//! What a run was made of.

use std::fmt;

/// What a run was made of, to see that the faults reach what they are to reach.
#[derive(Clone, Copy, Debug, Default)]
#[expect(missing_docs, reason = "they are named after what they count")]
pub struct Counts {
    pub messages: u64,
    pub received: u64,
    pub failures: u64,
    pub kicks: u64,
    pub cuts: u64,
    pub commits: u64,
    pub failed_commits: u64,
    pub lost_commits: u64,
    pub syncs: u64,
    pub failed_syncs: u64,
    pub server_starts: u64,
}

impl Counts {
    /// Adds those of another run.
    pub fn add(&mut self, other: &Self) {
        self.messages += other.messages;
        self.received += other.received;
        self.failures += other.failures;
        self.kicks += other.kicks;
        self.cuts += other.cuts;
        self.commits += other.commits;
        self.failed_commits += other.failed_commits;
        self.lost_commits += other.lost_commits;
        self.syncs += other.syncs;
        self.failed_syncs += other.failed_syncs;
        self.server_starts += other.server_starts;
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} messages stored, {} handed to pages, {} failures told; {} kicks, {} slow readers cut; of {} commits {} \
             failed and {} were lost, of {} syncs {} failed; {} starts of the server",
            self.messages,
            self.received,
            self.failures,
            self.kicks,
            self.cuts,
            self.commits,
            self.failed_commits,
            self.lost_commits,
            self.syncs,
            self.failed_syncs,
            self.server_starts
        )
    }
}
