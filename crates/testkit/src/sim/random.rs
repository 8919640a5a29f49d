//! Numbers that a seed decides, for each purpose apart.

use crate::Dice;

/// Dice of one purpose: what one part throws changes nothing for the others.
#[derive(Clone, Debug)]
pub(super) struct Random(Dice);

impl Random {
    pub(super) fn new(seed: u64, purpose: &str, number: u64) -> Self {
        let dice = purpose.bytes().fold(Dice::new(seed), |dice, byte| dice.fork(byte.into()));
        Self(dice.fork(number))
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0.throw()
    }

    /// From `low` to `high`, both included.
    pub(super) fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.next() % (high - low + 1)
    }

    /// True so many times of a hundred.
    pub(super) fn percent(&mut self, chance: usize) -> bool {
        self.0.percent(chance)
    }

    /// A place in a list of this length.
    pub(super) fn index(&mut self, length: usize) -> usize {
        self.0.below(length)
    }
}
