//! Decoders are other people's and bytes are anybody's: a panic among them is a refusal.

use crate::Unfit;
use std::{
    cell::Cell,
    panic::{AssertUnwindSafe, catch_unwind},
};

thread_local! {
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread, now, is caught here, for a program that otherwise ends at a panic.
pub fn is_guarded() -> bool {
    GUARDED.get()
}

/// What `work` finds, or `broken` if it panics. It sees nothing but bytes, so nothing is left half done.
pub(crate) fn guarded<T>(broken: Unfit, work: impl FnOnce() -> Result<T, Unfit>) -> Result<T, Unfit> {
    GUARDED.set(true);
    let found = catch_unwind(AssertUnwindSafe(work));
    GUARDED.set(false);
    found.unwrap_or(Err(broken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_among_the_bytes_is_a_refusal() {
        let found = guarded(Unfit::BrokenPicture, || {
            assert!(is_guarded());
            panic!("a decoder")
        });
        assert_eq!(found, Err::<(), _>(Unfit::BrokenPicture));
        assert!(!is_guarded());
        assert_eq!(guarded(Unfit::BrokenSound, || Ok(7)), Ok(7));
    }
}
