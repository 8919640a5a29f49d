//! Request numbers (`rid`) as pages see them.

/// The first number; the counter comes back to it after 999 999.
pub const FIRST_RID: u64 = 201_503;
const LAST: u64 = 999_999;

/// One counter for all requests.
pub(crate) struct Rids {
    next: u64,
}

impl Rids {
    /// `next` is the first number to hand out; outside of the range it is [`FIRST_RID`].
    pub(crate) fn new(next: u64) -> Self {
        Self { next: if (FIRST_RID..=LAST).contains(&next) { next } else { FIRST_RID } }
    }

    /// The next number that is not `taken`. Far fewer numbers can be taken than there are.
    pub(crate) fn take(&mut self, taken: impl Fn(u64) -> bool) -> u64 {
        loop {
            let rid = self.next;
            self.next = if rid == LAST { FIRST_RID } else { rid + 1 };
            if !taken(rid) {
                return rid;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_by_one_wrap_and_skip_those_in_use() {
        let mut rids = Rids::new(FIRST_RID);
        assert_eq!(rids.take(|_| false), 201_503);
        assert_eq!(rids.take(|_| false), 201_504);
        let mut rids = Rids::new(999_999);
        assert_eq!(rids.take(|_| false), 999_999);
        assert_eq!(rids.take(|rid| rid < 201_505), 201_505);
        assert_eq!(Rids::new(7).take(|_| false), FIRST_RID);
    }
}
