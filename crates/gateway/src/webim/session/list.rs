//! What waits for the pages of one user, bounded in count and in bytes.

use super::Item;
use jmessage_core::QueueLimits;
use std::collections::VecDeque;

/// Items that wait for the slowest page, before it is given up.
pub(super) const MOST: usize = 2048;

/// See the module.
pub(super) struct List {
    items: VecDeque<Item>,
    bytes: usize,
    most_bytes: usize,
}

impl List {
    /// It holds twice the bytes of the queue that fills it.
    pub(super) fn new(queue: QueueLimits) -> Self {
        Self { items: VecDeque::new(), bytes: 0, most_bytes: 2 * queue.bytes }
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Item> {
        self.items.iter()
    }

    /// Whether a `share` of what it holds at most is taken: 1 for all of it, 4 for a quarter.
    pub(super) fn has_filled(&self, share: usize) -> bool {
        self.items.len() >= MOST / share || self.bytes >= self.most_bytes / share
    }

    pub(super) fn push(&mut self, item: Item) {
        self.bytes += item.weight();
        self.items.push_back(item);
    }

    pub(super) fn pop(&mut self) -> Option<Item> {
        let item = self.items.pop_front()?;
        self.bytes -= item.weight();
        Some(item)
    }

    pub(super) fn clear(&mut self) {
        self.items.clear();
        self.bytes = 0;
    }
}
