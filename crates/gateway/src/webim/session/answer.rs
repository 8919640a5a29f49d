//! An answer on its way to a page.

use super::{Item, Page, page::Handed};
use crate::Fate;
use std::sync::Arc;

/// What a poll is given, until it is known what became of it. One that is dropped before never got out: then the page counts
/// as cut off.
pub(in crate::webim) struct Answer {
    page: Arc<Page>,
    handed: Handed,
    is_out: bool,
}

impl Answer {
    pub(in crate::webim) fn new(page: Arc<Page>, handed: Handed) -> Self {
        Self { page, handed, is_out: false }
    }

    /// What it tells.
    pub(in crate::webim) fn items(&self) -> &[Item] {
        &self.handed.items
    }

    /// What became of it. One in doubt is given again.
    pub(in crate::webim) fn became(&mut self, fate: Fate) {
        self.is_out = true;
        match fate {
            Fate::Written => self.page.handed(&self.handed),
            Fate::Doubtful => self.page.take_back(&self.handed),
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        if !self.is_out {
            self.page.cut(self.handed.poll);
        }
    }
}
