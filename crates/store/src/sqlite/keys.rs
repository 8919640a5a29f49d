//! Which keys senders have used, and for which entries: rows of many keys each, so that the keys of one sender that are
//! indexed together share a row.
//!
//! The rows of a sender do not overlap: the one that begins last before a key, or with it, is the only one that may have it.

use super::{reader::unreadable, to_sql, varint};
use jmessage_model::{ClientKey, EntryId, UserId};
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};
use std::cmp::Ordering;

/// Bytes of a row that is divided when it grows beyond; larger ones would need pages of their own.
const SIZE: usize = 800;

/// Shorter keys first, so that the keys of a client that counts follow one another.
pub(super) fn compare(a: &ClientKey, b: &ClientKey) -> Ordering {
    let order = |key: &ClientKey| key.as_str().len();
    order(a).cmp(&order(b)).then_with(|| a.as_str().cmp(b.as_str()))
}

/// As `compare` orders them, for the database, which compares bytes.
fn rank(key: &ClientKey) -> Vec<u8> {
    let text = key.as_str().as_bytes();
    let mut rank = Vec::with_capacity(1 + text.len());
    rank.push(length(text));
    rank.extend_from_slice(text);
    rank
}

/// A key has at most 64 bytes.
fn length(bytes: &[u8]) -> u8 {
    u8::try_from(bytes.len()).unwrap_or(u8::MAX)
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Look {
    /// The entry to which the sender gave it.
    pub(super) entry: Option<EntryId>,
    /// The sender's next key.
    pub(super) next: Option<ClientKey>,
}

/// Looks a key up.
pub(super) fn look(c: &Connection, sender: UserId, key: &ClientKey) -> rusqlite::Result<Look> {
    let rank = rank(key);
    let (mut entry, mut next) = (None, None);
    if let Some((_, row)) = row_of(c, sender, &rank)? {
        for (other, id) in row {
            match compare(&other, key) {
                Ordering::Less => {}
                Ordering::Equal => entry = Some(id),
                Ordering::Greater => {
                    next = Some(other);
                    break;
                }
            }
        }
    }
    if next.is_none() {
        let first = first_behind(c, sender, &rank)?;
        next = first.map(|rank| key_of(rank.get(1..).unwrap_or_default())).transpose()?;
    }
    Ok(Look { entry, next })
}

/// Writes keys, in the order of [`compare`]. Those that are there already stay what they are.
pub(super) fn write(c: &Connection, sender: UserId, keys: &[(ClientKey, EntryId)]) -> rusqlite::Result<()> {
    let mut rest = keys;
    while let Some((key, _)) = rest.first() {
        let rank_of_first = rank(key);
        let end = first_behind(c, sender, &rank_of_first)?;
        let here = end.map_or(rest.len(), |end| rest.partition_point(|(key, _)| rank(key) < end));
        let (new, others) = rest.split_at(here.max(1));
        rest = others;
        let row = row_of(c, sender, &rank_of_first)?.filter(|(bytes, row)| {
            *bytes < SIZE / 2 || row.last().is_some_and(|(last, _)| compare(last, key).is_ge())
        });
        put(c, sender, &merged(row.map(|(_, row)| row).unwrap_or_default(), new))?;
    }
    Ok(())
}

/// Forgets a key.
pub(super) fn remove(c: &Connection, sender: UserId, key: &ClientKey) -> rusqlite::Result<()> {
    let Some((_, mut row)) = row_of(c, sender, &rank(key))? else { return Ok(()) };
    let Some(first) = row.first().map(|(first, _)| rank(first)) else { return Ok(()) };
    row.retain(|(other, _)| other != key);
    c.prepare_cached("DELETE FROM key_run WHERE sender = ?1 AND first = ?2")?
        .execute(params![to_sql(sender.0), first])?;
    put(c, sender, &row)
}

type Keys = Vec<(ClientKey, EntryId)>;

/// The row that has the key if one has it, and its size in bytes.
fn row_of(c: &Connection, sender: UserId, rank: &[u8]) -> rusqlite::Result<Option<(usize, Keys)>> {
    c.prepare_cached(
        "SELECT keys FROM key_run WHERE sender = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1",
    )?
    .query_row(params![to_sql(sender.0), rank], |row| {
        let bytes = row.get_ref(0)?.as_blob()?;
        Ok((bytes.len(), unpacked(bytes)?))
    })
    .optional()
}

/// Where the next row begins.
fn first_behind(c: &Connection, sender: UserId, rank: &[u8]) -> rusqlite::Result<Option<Vec<u8>>> {
    c.prepare_cached("SELECT first FROM key_run WHERE sender = ?1 AND first > ?2 ORDER BY first LIMIT 1")?
        .query_row(params![to_sql(sender.0), rank], |row| row.get(0))
        .optional()
}

/// Both in order; of two that are equal the first.
fn merged(old: Keys, new: &[(ClientKey, EntryId)]) -> Keys {
    let mut all = old;
    all.extend_from_slice(new);
    // Two runs that are sorted already are only merged.
    all.sort_by(|(a, _), (b, _)| compare(a, b));
    all.dedup_by(|(b, _), (a, _)| a == b);
    all
}

/// Writes keys as one row, or as several of about the same size.
fn put(c: &Connection, sender: UserId, keys: &[(ClientKey, EntryId)]) -> rusqlite::Result<()> {
    let mut insert =
        c.prepare_cached("INSERT OR REPLACE INTO key_run (sender, first, keys) VALUES (?1, ?2, ?3)")?;
    let whole = packed(keys);
    let rows = whole.len().div_ceil(SIZE);
    if rows == 1 {
        return put_row(&mut insert, sender, keys, &whole);
    }
    for keys in keys.chunks(keys.len().div_ceil(rows.max(1)).max(1)) {
        put_row(&mut insert, sender, keys, &packed(keys))?;
    }
    Ok(())
}

fn put_row(
    insert: &mut CachedStatement<'_>,
    sender: UserId,
    keys: &[(ClientKey, EntryId)],
    packed: &[u8],
) -> rusqlite::Result<()> {
    if let Some((first, _)) = keys.first() {
        insert.execute(params![to_sql(sender.0), rank(first), packed])?;
    }
    Ok(())
}

/// Each key as how many bytes it shares with the one before, how many follow, and those; then its entry.
fn packed(keys: &[(ClientKey, EntryId)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(SIZE);
    let (mut before, mut entry): (&[u8], u64) = (&[], 0);
    for (key, id) in keys {
        let text = key.as_str().as_bytes();
        let shared = text.iter().zip(before).take_while(|(a, b)| a == b).count();
        bytes.extend([length(&text[..shared]), length(&text[shared..])]);
        bytes.extend_from_slice(&text[shared..]);
        varint::put_step(&mut bytes, entry, id.0);
        (before, entry) = (text, id.0);
    }
    bytes
}

fn unpacked(mut bytes: &[u8]) -> rusqlite::Result<Keys> {
    let (mut text, mut entry) = (Vec::new(), 0);
    let mut keys = Vec::new();
    while !bytes.is_empty() {
        let mut next = |bytes: &mut &[u8]| {
            let [shared, more, rest @ ..] = *bytes else { return None };
            let (more, rest) = rest.split_at_checked(usize::from(*more))?;
            text.truncate(usize::from(*shared));
            text.extend_from_slice(more);
            *bytes = rest;
            varint::take_step(bytes, entry)
        };
        entry = next(&mut bytes).ok_or_else(|| unreadable(0))?;
        keys.push((key_of(&text)?, EntryId(entry)));
    }
    Ok(keys)
}

fn key_of(text: &[u8]) -> rusqlite::Result<ClientKey> {
    let text = std::str::from_utf8(text).map_err(|_| unreadable(0))?;
    ClientKey::new(text).map_err(|_| unreadable(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    const SENDER: UserId = UserId(3);

    fn table() -> Connection {
        let c = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&c).unwrap();
        c
    }

    fn key(text: &str) -> ClientKey {
        ClientKey::new(text).unwrap()
    }

    fn in_order(mut keys: Keys) -> Keys {
        keys.sort_by(|(a, _), (b, _)| compare(a, b));
        keys.dedup_by(|(b, _), (a, _)| a == b);
        keys
    }

    /// Keys of clients that count, of ones that draw lots, and any others.
    fn any_key() -> impl Strategy<Value = ClientKey> {
        let count = (0..3_u8, 0..2000_u16).prop_map(|(page, count)| format!("page{page}-{count}"));
        let lot = any::<u128>().prop_map(|lot| format!("{lot:032x}"));
        prop_oneof![3 => count, 2 => lot, 1 => "[!-~]{1,64}"].prop_map(|text| key(&text))
    }

    #[derive(Clone, Debug)]
    enum Step {
        Write(Vec<ClientKey>),
        Remove(usize),
        Look(ClientKey),
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => proptest::collection::vec(any_key(), 1..60).prop_map(Step::Write),
            1 => any::<usize>().prop_map(Step::Remove),
            1 => any_key().prop_map(Step::Look),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn it_is_a_map_of_keys(steps in proptest::collection::vec(any_step(), 1..40)) {
            let c = table();
            write(&c, UserId(4), &in_order(vec![(key("page1-5"), EntryId(1))])).unwrap();
            let mut expected: BTreeMap<Vec<u8>, EntryId> = BTreeMap::new();
            let mut entry = 1000;
            for step in steps {
                match step {
                    Step::Write(keys) => {
                        let mut new = Vec::new();
                        for key in keys {
                            entry += 1;
                            // One that is used is never given another entry.
                            let id = *expected.entry(rank(&key)).or_insert(EntryId(entry));
                            new.push((key, id));
                        }
                        write(&c, SENDER, &in_order(new)).unwrap();
                    }
                    Step::Remove(which) => {
                        let Some(rank) = expected.keys().nth(which % expected.len().max(1)).cloned() else { continue };
                        expected.remove(&rank);
                        remove(&c, SENDER, &key_of(&rank[1..]).unwrap()).unwrap();
                    }
                    Step::Look(key) => {
                        let rank = rank(&key);
                        let next = expected.range(rank.clone()..).find(|(other, _)| **other != rank);
                        let next = next.map(|(rank, _)| key_of(&rank[1..]).unwrap());
                        let expected = Look { entry: expected.get(&rank).copied(), next };
                        prop_assert_eq!(look(&c, SENDER, &key).unwrap(), expected);
                    }
                }
            }
            for (rank, id) in expected {
                prop_assert_eq!(look(&c, SENDER, &key_of(&rank[1..]).unwrap()).unwrap().entry, Some(id));
            }
            let largest: i64 = c.query_row("SELECT max(length(keys)) FROM key_run", [], |row| row.get(0)).unwrap();
            prop_assert!(largest < 2 * i64::try_from(SIZE).unwrap(), "{largest} bytes in a row");
        }
    }

    #[test]
    fn a_thousand_keys_of_a_client_that_counts_take_a_dozen_rows() {
        let c = table();
        for gathered in 0..25 {
            let keys = (0..40).map(|at| 40 * gathered + at);
            let keys =
                keys.map(|n| (key(&format!("0123456789abcdef-{n}")), EntryId(9000 + 13 * n))).collect();
            write(&c, SENDER, &in_order(keys)).unwrap();
        }
        let rows: i64 = c.query_row("SELECT count(*) FROM key_run", [], |row| row.get(0)).unwrap();
        assert!(rows <= 16, "{rows} rows");
    }

    #[test]
    fn a_row_that_is_none_of_ours_is_an_error_and_no_panic() {
        for bytes in [&[0][..], &[0, 9, 65], &[0, 1, 65], &[0, 1, 7, 0], &[200, 1, 65, 1], &[0, 1, 200, 2]] {
            let read = unpacked(bytes);
            assert!(read.is_err() || read.unwrap().len() == 1, "{bytes:?}");
        }
    }
}
