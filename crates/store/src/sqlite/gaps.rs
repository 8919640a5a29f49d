//! Where no keys are: a look into the index of used keys also tells that none follows up to the next one, and a client
//! counts its keys up, so that one look is enough for many messages.

use super::keys;
use foldhash::HashMap;
use jmessage_model::{ClientKey, EntryId, UserId};
use rusqlite::Connection;

/// How many senders are remembered before the memory starts anew.
const SENDERS: usize = 200_000;

/// A stretch without a key in the index, of each sender that wrote lately.
#[derive(Default)]
pub(super) struct Gaps(HashMap<UserId, Gap>);

struct Gap {
    /// No indexed key is this one or follows it, up to `end`; once the key is written itself, those behind it.
    from: ClientKey,
    written: bool,
    /// The key that ends the stretch; none when nothing follows.
    end: Option<ClientKey>,
}

impl Gap {
    fn holds(&self, key: &ClientKey) -> bool {
        let from = keys::compare(&self.from, key);
        let begins = if self.written { from.is_lt() } else { from.is_le() };
        begins && self.end.as_ref().is_none_or(|end| keys::compare(key, end).is_lt())
    }
}

impl Gaps {
    /// The entry to which the sender gave this key, by the index.
    pub(super) fn find(
        &mut self,
        c: &Connection,
        sender: UserId,
        key: &ClientKey,
    ) -> rusqlite::Result<Option<EntryId>> {
        if self.0.get(&sender).is_some_and(|gap| gap.holds(key)) {
            return Ok(None);
        }
        let look = keys::look(c, sender, key)?;
        if look.entry.is_some() {
            return Ok(look.entry);
        }
        if self.0.len() >= SENDERS {
            self.0.clear();
        }
        self.0.insert(sender, Gap { from: key.clone(), written: false, end: look.next });
        Ok(None)
    }

    /// The sender's key is in the index from now on.
    pub(super) fn filled(&mut self, sender: UserId, key: &ClientKey) {
        if let Some(gap) = self.0.get_mut(&sender)
            && gap.holds(key)
        {
            (gap.from, gap.written) = (key.clone(), true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What a client and the index do.
    #[derive(Clone, Debug)]
    enum Step {
        Ask(UserId, u16),
        Index(UserId, u16),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = (any::<bool>(), 1..3_u64, 0..40_u16).prop_map(|(ask, sender, key)| {
            if ask { Step::Ask(UserId(sender), key) } else { Step::Index(UserId(sender), key) }
        });
        proptest::collection::vec(step, 0..120)
    }

    fn index() -> Connection {
        let c = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&c).unwrap();
        c
    }

    proptest! {
        #[test]
        fn the_answer_is_always_that_of_the_index(steps in steps()) {
            let (c, mut gaps) = (index(), Gaps::default());
            let mut indexed = HashMap::default();
            for (number, step) in (1..).zip(steps) {
                match step {
                    Step::Ask(sender, key) => {
                        let name = ClientKey::new(&format!("page-{key}")).unwrap();
                        let expected = indexed.get(&(sender, key)).copied();
                        prop_assert_eq!(gaps.find(&c, sender, &name).unwrap(), expected);
                    }
                    Step::Index(sender, key) => {
                        let name = ClientKey::new(&format!("page-{key}")).unwrap();
                        // One that is used is never given another entry.
                        let id = *indexed.entry((sender, key)).or_insert(EntryId(number));
                        keys::write(&c, sender, &[(name.clone(), id)]).unwrap();
                        gaps.filled(sender, &name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_client_that_counts_up_is_looked_up_once() {
        let (c, mut gaps) = (index(), Gaps::default());
        for number in 1..200 {
            let key = ClientKey::new(&format!("page-{number}")).unwrap();
            assert_eq!(gaps.find(&c, UserId(1), &key).unwrap(), None);
            gaps.filled(UserId(1), &key);
        }
        // The index was empty all the time: had it been asked again, nothing would have been known of these keys either.
        c.execute_batch("DROP TABLE key_run").unwrap();
        assert_eq!(gaps.find(&c, UserId(1), &ClientKey::new("page-200").unwrap()).unwrap(), None);
        assert!(gaps.find(&c, UserId(1), &ClientKey::new("other-1").unwrap()).is_err());
    }
}
