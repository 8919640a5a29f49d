//! Bugs put in by hand, to prove that the simulation finds them. Without the feature `mutants`, which nothing that ships
//! has, none of them can be switched on and the compiler leaves their code out.

macro_rules! mutants {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// A bug that can be switched on, for the thread that asks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mutant {
            $($(#[doc = $doc])* $name,)*
        }

        impl Mutant {
            /// Every one, with what is wrong in it.
            pub const ALL: &[(Self, &str)] = &[$((Self::$name, concat!($($doc,)*)),)*];
        }
    };
}

mutants! {
    /// Success is told before the transaction is committed.
    AnswerBeforeCommit,
    /// Success is told although the commit failed.
    AnswerFailedCommit,
    /// Success is told as soon as the transaction is committed, before it is synced.
    AnswerBeforeSync,
    /// A sync that failed is taken for one that did not.
    AnswerFailedSync,
    /// A reader is told what is not synced yet.
    ReadBeforeSync,
    /// A message is known by its key only within the session that sent it.
    DedupPerSession,
    /// A key is accepted again for other content.
    OtherContent,
    /// The transaction does not look at the session's epoch.
    NoFence,
    /// A session can be resumed by a token that a login has replaced.
    OldToken,
    /// The cursor moves when entries are read, before they were sent.
    CursorAheadOfSend,
    /// A session that catches up takes new entries only once it has read the logs: what comes in between is lost.
    JoinLate,
    /// An entry for a queue that is full is dropped, and the session goes on.
    DropOverflow,
    /// Nobody is told anything while there is a queue that is full.
    WaitForSlow,
    /// A start does not look for entries that were not indexed: their positions are given again.
    ForgetTail,
    /// Who is in a group is remembered beyond a change: whoever was put out goes on being told.
    StaleGroup,
    /// The client does not send again what was under way on a broken connection.
    NoResend,
    /// The client forgets its positions when it resumes, and hands over again what it has handed over.
    ForgetPositions,
}

#[cfg(feature = "mutants")]
mod switch {
    use super::Mutant;
    use std::cell::Cell;

    thread_local! {
        static ON: Cell<Option<Mutant>> = const { Cell::new(None) };
    }

    impl Mutant {
        /// Switches one on for this thread, or all off.
        pub fn switch(mutant: Option<Self>) {
            ON.set(mutant);
        }

        /// Whether this one is on.
        pub fn is_on(self) -> bool {
            ON.get() == Some(self)
        }
    }
}

#[cfg(not(feature = "mutants"))]
impl Mutant {
    /// Never.
    #[inline]
    pub const fn is_on(self) -> bool {
        false
    }
}
