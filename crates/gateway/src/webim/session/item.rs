//! What pages are told.

use jmessage_core::{Shared, Signal, To, port::Appended};
use jmessage_model::{Content, ConversationId, Platform, Seq, UserId};
use std::sync::Arc;

/// Something that pages are told.
#[derive(Clone, Debug)]
pub(in crate::webim) enum Item {
    /// An entry of a log.
    Entry(Arc<Shared>),
    /// What the session's user sent from one of its pages, for the others.
    Own(Arc<Own>),
    /// Something that is told once.
    Signal(Arc<Signal>),
}

/// A message that a page sent and that is stored.
#[derive(Debug)]
pub(in crate::webim) struct Own {
    /// Which page.
    pub(super) page: u64,
    pub(in crate::webim) to: To,
    pub(in crate::webim) content: Content,
    pub(in crate::webim) stored: Appended,
}

impl Item {
    pub(super) fn position(&self) -> Option<(ConversationId, Seq)> {
        match self {
            Self::Entry(shared) => Some((shared.entry.conversation, shared.entry.seq)),
            Self::Own(own) => Some((own.stored.conversation, own.stored.seq)),
            Self::Signal(_) => None,
        }
    }

    /// What it costs while it waits, in bytes; a rough figure.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Entry(shared) => shared.weight(),
            Self::Own(own) => 256 + own.content.size(),
            Self::Signal(signal) => signal.weight(),
        }
    }

    /// Whether it is a word in passing.
    pub(in crate::webim) fn is_aside(&self) -> bool {
        matches!(self, Self::Signal(signal) if matches!(**signal, Signal::Aside { .. }))
    }

    /// Whether this page is to be told of it.
    pub(super) fn is_for(&self, page: u64) -> bool {
        match self {
            Self::Own(own) => own.page != page,
            Self::Entry(_) | Self::Signal(_) => true,
        }
    }

    /// Whether this user said it on a page.
    pub(super) fn was_said_by(&self, user: UserId) -> bool {
        match self {
            Self::Own(_) => true,
            Self::Entry(shared) => {
                shared.entry.sender.id == user
                    && shared.entry.platform == Platform::Poller
                    && shared.entry.key.is_some()
            }
            Self::Signal(_) => false,
        }
    }
}
