//! Where no keys are: a look into the index of used keys also tells that none follows up to the next one, and a client
//! counts its keys up, so that one look is enough for many messages.

use super::{from_sql, to_sql};
use foldhash::HashMap;
use jmessage_model::{ClientKey, EntryId, UserId};
use rusqlite::{Connection, OptionalExtension, params};

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
    fn holds(&self, key: &str) -> bool {
        let begins = if self.written { self.from.as_str() < key } else { self.from.as_str() <= key };
        begins && self.end.as_ref().is_none_or(|end| key < end.as_str())
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
        if self.0.get(&sender).is_some_and(|gap| gap.holds(key.as_str())) {
            return Ok(None);
        }
        let found = c
            .prepare_cached(
                "SELECT key, entry FROM used_key WHERE sender = ?1 AND key >= ?2 ORDER BY key LIMIT 1",
            )?
            .query_row(params![to_sql(sender.0), key.as_str()], |row| {
                Ok((row.get::<_, String>(0)?, EntryId(from_sql(row.get(1)?))))
            })
            .optional()?;
        let end = match found {
            Some((next, id)) if next == key.as_str() => return Ok(Some(id)),
            Some((next, _)) => match ClientKey::new(&next) {
                Ok(next) => Some(next),
                // Such a key was never accepted, so nothing is known behind it.
                Err(_) => return Ok(None),
            },
            None => None,
        };
        if self.0.len() >= SENDERS {
            self.0.clear();
        }
        self.0.insert(sender, Gap { from: key.clone(), written: false, end });
        Ok(None)
    }

    /// The sender's key is in the index from now on.
    pub(super) fn filled(&mut self, sender: UserId, key: &ClientKey) {
        if let Some(gap) = self.0.get_mut(&sender)
            && gap.holds(key.as_str())
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
        let table = "CREATE TABLE used_key (sender INTEGER, key TEXT, entry INTEGER, PRIMARY KEY (sender, key)) WITHOUT ROWID";
        c.execute_batch(table).unwrap();
        c
    }

    fn insert(c: &Connection, sender: UserId, key: &ClientKey, entry: u64) {
        let sql = "INSERT INTO used_key VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        c.prepare_cached(sql)
            .unwrap()
            .execute(params![to_sql(sender.0), key.as_str(), to_sql(entry)])
            .unwrap();
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
                        insert(&c, sender, &name, number);
                        indexed.entry((sender, key)).or_insert(EntryId(number));
                        gaps.filled(sender, &name);
                    }
                }
            }
        }
    }

    #[test]
    fn a_client_that_counts_up_is_looked_up_once() {
        let (c, mut gaps) = (index(), Gaps::default());
        for number in 0..10 {
            let key = ClientKey::new(&format!("page-{number}")).unwrap();
            assert_eq!(gaps.find(&c, UserId(1), &key).unwrap(), None);
            gaps.filled(UserId(1), &key);
        }
        // The index was empty all the time: had it been asked again, nothing would have been known of these keys either.
        c.execute_batch("DROP TABLE used_key").unwrap();
        assert_eq!(gaps.find(&c, UserId(1), &ClientKey::new("page-91").unwrap()).unwrap(), None);
        assert!(gaps.find(&c, UserId(1), &ClientKey::new("other-1").unwrap()).is_err());
    }
}
