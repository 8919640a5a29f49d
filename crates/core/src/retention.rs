//! What logs keep: old entries are cut in small steps between the messages.

use crate::{
    Core, Error, Stats,
    port::{Done, Op, Overlong, Trim},
};
use jmessage_model::{ConversationId, Millis};

/// Conversations looked at in one step.
const LOOKED_AT: usize = 500;
/// What was written so recently is never cut by count: a message that is sent again is recognised for so long at least.
const RECENT: Millis = Millis(24 * 60 * 60 * 1000);

/// What is kept of every log. By default all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// For how long an entry is kept.
    pub age: Option<Millis>,
    /// How many entries of each log are kept; those of the last day are kept anyway.
    pub entries: Option<u64>,
}

/// One round of cutting what is not kept any more.
pub struct Trimming {
    core: Core,
    retention: Retention,
    stage: Stage,
}

enum Stage {
    /// By age, all logs together.
    Age,
    /// By count, behind this conversation; those of the ones looked at that are too long come first.
    Count(ConversationId, Vec<Overlong>),
    Over,
}

impl Core {
    /// Begins a round.
    pub fn trimming(&self, retention: Retention) -> Trimming {
        Trimming { core: self.clone(), retention, stage: Stage::Age }
    }
}

impl Trimming {
    /// Takes the next step, which is a small one; how many entries it cut. `None` when the round is over.
    pub async fn step(&mut self) -> Result<Option<usize>, Error> {
        let now = self.core.now();
        let before = |age: Millis| Millis(now.0.saturating_sub(age.0));
        let (trim, next) = match (&mut self.stage, self.retention) {
            (Stage::Age, Retention { age: Some(age), .. }) => {
                (Trim::OlderThan(before(age)), Stage::Count(ConversationId(0), Vec::new()))
            }
            (Stage::Age, _) => {
                self.stage = Stage::Count(ConversationId(0), Vec::new());
                return Ok(Some(0));
            }
            (Stage::Count(after, found), Retention { entries: Some(most), .. }) => {
                let after = *after;
                let Some(Overlong { conversation, first }) = found.pop() else {
                    let looked =
                        self.core.read(move |reader| reader.overlong(after, most, LOOKED_AT)).await?;
                    self.stage = looked.1.map_or(Stage::Over, |last| Stage::Count(last, looked.0));
                    return Ok(Some(0));
                };
                let trim = Trim::Log { conversation, first, older_than: before(RECENT) };
                (trim, Stage::Count(after, std::mem::take(found)))
            }
            (Stage::Count(..) | Stage::Over, _) => return Ok(None),
        };
        let cut = self.cut(trim).await?;
        match (trim, next) {
            // There may be more of it.
            (Trim::OlderThan(_), _) if cut > 0 => {}
            (Trim::Log { conversation, first, .. }, Stage::Count(after, mut found)) => {
                if cut > 0 {
                    found.push(Overlong { conversation, first });
                }
                self.stage = Stage::Count(after, found);
            }
            (_, next) => self.stage = next,
        }
        Ok(Some(cut))
    }

    async fn cut(&self, trim: Trim) -> Result<usize, Error> {
        let Done::Trimmed(cut) = self.core.change(Op::Trim(trim)).await? else {
            return Err(Error::Unavailable);
        };
        Stats::add(&self.core.stats().trimmed, cut);
        Ok(cut)
    }
}
