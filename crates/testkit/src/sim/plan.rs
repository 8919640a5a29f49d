//! What happens in a simulation, and when: made from a seed, printed when it found something, read again to replay it.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

/// Everything that decides a simulation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Decides what the steps leave open: delays, pauses, keys.
    pub seed: u64,
    /// The user of each page; several pages may be of one user.
    pub pages: Vec<usize>,
    /// Entries that a session's queue holds at most.
    pub queue: usize,
    /// How many entries gather before they are indexed.
    pub unindexed: usize,
    /// Whether messages wait as long as it takes, or for the usual ten seconds.
    pub patient: bool,
    /// In the order of time.
    pub steps: Vec<Step>,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Milliseconds from the beginning.
    pub at: u64,
    /// What.
    #[serde(flatten)]
    pub act: Act,
}

/// What may happen. `page` is a place among the pages; one that is not open does nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum Act {
    /// The page is opened, configured and logged in.
    Open { page: usize },
    /// The page is closed, properly or by a machine that dies.
    Close { page: usize, dies: bool },
    /// The page is loaded anew and knows nothing of before.
    Reload { page: usize },
    /// The page is copied: the copy makes the same keys, for other messages.
    Copy { page: usize },
    /// The page's SDK breaks and is replaced; the page keeps what was not confirmed and what it has shown.
    Replace { page: usize },
    /// The user logs in again.
    Login { page: usize },
    /// The user logs out.
    Logout { page: usize },
    /// So many messages to a user, each of so many bytes.
    Send { page: usize, to: usize, count: usize, size: usize },
    /// The same to a group: the one that was made as the `group`th.
    SendGroup { page: usize, group: usize, count: usize, size: usize },
    /// What failed is sent again.
    Resend { page: usize },
    /// A group is made.
    Create { page: usize },
    /// A user is taken into a group.
    Add { page: usize, group: usize, user: usize },
    /// A user is put out of a group.
    Remove { page: usize, group: usize, user: usize },
    /// The page's user leaves a group.
    Exit { page: usize, group: usize },
    /// The page's connection breaks.
    Cut { page: usize },
    /// The page's connection swallows what goes up, down, or both.
    Swallow { page: usize, up: bool, down: bool },
    /// The page reads nothing for so long.
    Slow { page: usize, ms: u64 },
    /// The page's machine sleeps for so long.
    Sleep { page: usize, ms: u64 },
    /// The page's clock leaps forward.
    Leap { page: usize, ms: u64 },
    /// The page is told that it is online.
    Online { page: usize },
    /// Nothing gets through between the page and the server for so long.
    Partition { page: usize, ms: u64 },
    /// Nothing gets through between any page and the server for so long.
    Outage { ms: u64 },
    /// The server's clock jumps.
    Clock { ms: i64 },
    /// The server dies and is started again after so long. With `kept`, its machine dies too: of the commits that are not
    /// synced, so many survive.
    Crash { down: u64, kept: Option<usize> },
    /// The server is stopped properly and started again after so long.
    Stop { down: u64 },
    /// The commit after so many others fails. With `ghost`, it is found after a crash that follows at once.
    Fail { after: usize, ghost: bool },
    /// The power goes during the commit after so many others, and comes back after so long. Of the commits that are not
    /// synced, so many survive; this one is the last of them.
    Power { after: usize, kept: usize, down: u64 },
    /// The same during the sync after so many others, in which the disk hangs for so long.
    PowerInSync { after: usize, ms: u64, kept: usize, down: u64 },
    /// When a sync has opened a session while there is more to be synced, after so many others, the disk hangs for so long,
    /// and then the power goes, as above. What the new session reads is lost if it should not have been told.
    Blackout { after: usize, ms: u64, kept: usize, down: u64 },
    /// The disk hangs for so long in the sync after so many others, which then fails. The server ends and is started again after `down`. With
    /// `power`, the power goes so long after the failure, as above.
    FailSync { after: usize, ms: u64, down: u64, power: Option<u64>, kept: usize },
}

impl Plan {
    /// When the last step is done and every fault with an end has ended.
    pub(super) fn end(&self) -> u64 {
        self.steps.iter().map(|step| step.at).max().unwrap_or(0) + 1
    }

    /// One line for the head, and one for each step.
    pub fn write(&self) -> String {
        let head = Self { steps: Vec::new(), ..self.clone() };
        let mut text = serde_json::to_string(&head).unwrap_or_default();
        for step in &self.steps {
            text.push('\n');
            text.push_str(&serde_json::to_string(step).unwrap_or_default());
        }
        text.push('\n');
        text
    }

    /// Reads what [`Plan::write`] wrote; empty lines and those that begin with `#` are passed over.
    pub fn read(text: &str) -> Result<Self> {
        let mut lines = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let head = lines.next().context("an empty plan")?;
        let mut plan: Self = serde_json::from_str(head).context("the first line of a plan")?;
        for line in lines {
            plan.steps.push(serde_json::from_str(line).with_context(|| line.to_owned())?);
        }
        Ok(plan)
    }
}
