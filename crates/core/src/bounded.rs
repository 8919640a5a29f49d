//! A memory of what would take long to find out again, and that must not grow without end.

use foldhash::HashMap;
use jmessage_model::ConversationId;

/// What is remembered of conversations. It begins anew before it holds more than `COUNT` values, or values that weigh more than
/// `WEIGHT` together.
pub(crate) struct Bounded<T, const COUNT: usize, const WEIGHT: usize> {
    /// Each with its weight.
    values: HashMap<ConversationId, (T, usize)>,
    /// What they weigh together.
    weight: usize,
}

impl<T, const COUNT: usize, const WEIGHT: usize> Default for Bounded<T, COUNT, WEIGHT> {
    fn default() -> Self {
        Self { values: HashMap::default(), weight: 0 }
    }
}

impl<T, const COUNT: usize, const WEIGHT: usize> Bounded<T, COUNT, WEIGHT> {
    pub(crate) fn get(&self, id: ConversationId) -> Option<&T> {
        self.values.get(&id).map(|(value, _)| value)
    }

    /// Keeps a value in the place of the one before.
    pub(crate) fn keep(&mut self, id: ConversationId, value: T, weight: usize) {
        if self.values.len() >= COUNT || self.weight + weight > WEIGHT {
            *self = Self::default();
        }
        self.weight += weight;
        if let Some((_, before)) = self.values.insert(id, (value, weight)) {
            self.weight -= before;
        }
    }

    /// Forgets a value.
    pub(crate) fn take(&mut self, id: ConversationId) -> Option<T> {
        let (value, weight) = self.values.remove(&id)?;
        self.weight -= weight;
        Some(value)
    }

    /// What all values weigh.
    #[cfg(test)]
    pub(crate) fn weight(&self) -> usize {
        self.weight
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_anew_when_there_are_too_many_or_they_weigh_too_much() {
        let (mut memory, id) = (Bounded::<usize, 5, 20>::default(), ConversationId);
        let holds = |memory: &Bounded<_, 5, 20>| (memory.values.len(), memory.weight);
        for number in 1..=7 {
            memory.keep(id(number), 0, 1);
        }
        assert_eq!(holds(&memory), (2, 2), "the sixth was one too many");
        assert_eq!((memory.take(id(6)), memory.take(id(6))), (Some(0), None));
        memory.keep(id(7), 1, 5);
        assert_eq!((memory.get(id(7)), holds(&memory)), (Some(&1), (1, 5)), "in the place of the one before");
        memory.keep(id(8), 2, 15);
        assert_eq!(holds(&memory), (2, 20));
        memory.keep(id(9), 3, 1);
        assert_eq!((memory.get(id(8)), holds(&memory)), (None, (1, 1)), "the last was too heavy");
    }
}
