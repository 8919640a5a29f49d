//! Where the entries of a log are: rows of up to 64 positions that follow one another, each with the numbers of their entries.
//!
//! One row for each entry would be a place of its own in the table for each message; entries of one conversation that are
//! indexed together share a row.

use super::{from_sql, reader::unreadable, to_sql, varint};
use jmessage_model::{ConversationId, EntryId, Seq};
use rusqlite::{Connection, OptionalExtension, params};

/// Positions in a row.
pub(super) const LENGTH: usize = 64;

/// Writes positions in order. Those that are there already stay what they are.
pub(super) fn write(
    c: &Connection,
    conversation: ConversationId,
    positions: &[(Seq, EntryId)],
) -> rusqlite::Result<()> {
    // Another process may have written more of the same run.
    let mut insert = c.prepare_cached(
        "INSERT INTO run (conversation, first, last, entries) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO UPDATE SET last = excluded.last, entries = excluded.entries WHERE excluded.last > last",
    )?;
    let mut bytes = Vec::new();
    for stretch in positions.chunk_by(|(seq, _), (next, _)| seq.next() == *next) {
        for run in stretch.chunks(LENGTH) {
            bytes.clear();
            let mut before = 0;
            for (_, id) in run {
                varint::put_step(&mut bytes, before, id.0);
                before = id.0;
            }
            if let [(first, _), .., (last, _)] | [(first @ last, _)] = run {
                insert.execute(params![to_sql(conversation.0), to_sql(first.0), to_sql(last.0), bytes])?;
            }
        }
    }
    Ok(())
}

/// The first `limit` positions of `first..=last`.
pub(super) fn positions(
    c: &Connection,
    conversation: ConversationId,
    first: Seq,
    last: Seq,
    limit: usize,
) -> rusqlite::Result<Vec<(Seq, EntryId)>> {
    let mut statement = c.prepare_cached(
        "SELECT first, entries FROM run WHERE conversation = ?1 AND first <= ?3 AND first >= coalesce(
             (SELECT max(first) FROM run WHERE conversation = ?1 AND first <= ?2), 0)
         ORDER BY first",
    )?;
    let mut rows = statement.query([conversation.0, first.0, last.0].map(to_sql))?;
    let mut found: Vec<(Seq, EntryId)> = Vec::new();
    while let Some(row) = rows.next()?.filter(|_| found.len() < limit) {
        let mut seq = Seq(from_sql(row.get(0)?));
        let mut bytes = row.get_ref(1)?.as_blob()?;
        let mut id = 0;
        while !bytes.is_empty() {
            id = varint::take_step(&mut bytes, id).ok_or_else(|| unreadable(1))?;
            let next = found.last().map_or(first, |(seq, _)| seq.next());
            if seq >= next && seq <= last && found.len() < limit {
                found.push((seq, EntryId(id)));
            }
            seq = seq.next();
        }
    }
    Ok(found)
}

/// The last position of a log that is written here.
pub(super) fn last(c: &Connection, conversation: ConversationId) -> rusqlite::Result<Option<Seq>> {
    c.prepare_cached("SELECT last FROM run WHERE conversation = ?1 ORDER BY first DESC LIMIT 1")?
        .query_row([to_sql(conversation.0)], |row| Ok(Seq(from_sql(row.get(0)?))))
        .optional()
}

/// Forgets what is not needed when everything up to `last` is gone.
pub(super) fn cut(c: &Connection, conversation: ConversationId, last: Seq) -> rusqlite::Result<()> {
    c.prepare_cached("DELETE FROM run WHERE conversation = ?1 AND first <= ?2 AND last <= ?2")?
        .execute([conversation.0, last.0].map(to_sql))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LOG: ConversationId = ConversationId(7);

    fn table() -> Connection {
        let c = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&c).unwrap();
        c
    }

    fn log(positions: std::ops::Range<u64>) -> Vec<(Seq, EntryId)> {
        positions.map(|seq| (Seq(seq), EntryId(1000 + seq * seq % 17 + 20 * seq))).collect()
    }

    fn all(c: &Connection) -> Vec<(Seq, EntryId)> {
        positions(c, LOG, Seq(0), Seq(u64::MAX), usize::MAX).unwrap()
    }

    proptest! {
        #[test]
        fn every_stretch_of_a_log_is_found_however_it_was_written(
            parts in proptest::collection::vec(1..150_u64, 1..8),
            from in 0..400_u64,
            length in 0..400_u64,
            limit in 0..100_usize,
        ) {
            let c = table();
            let mut end = 1;
            for part in parts {
                write(&c, LOG, &log(end..end + part)).unwrap();
                // Beside it, which must not matter.
                write(&c, ConversationId(8), &log(end..end + part)).unwrap();
                end += part;
            }
            prop_assert_eq!(last(&c, LOG).unwrap(), Some(Seq(end - 1)));
            let to = from + length;
            let expected = log(from.max(1)..(to + 1).min(end).max(from.max(1)));
            let found = positions(&c, LOG, Seq(from), Seq(to), limit).unwrap();
            prop_assert_eq!(&found[..], &expected[..limit.min(expected.len())]);
        }
    }

    #[test]
    fn what_is_written_again_changes_nothing_and_more_of_it_is_added() {
        let c = table();
        write(&c, LOG, &log(1..100)).unwrap();
        write(&c, LOG, &log(1..30)).unwrap();
        assert_eq!(all(&c), log(1..100));
        write(&c, LOG, &log(1..140)).unwrap();
        assert_eq!(all(&c), log(1..140));
    }

    #[test]
    fn a_row_goes_when_all_of_it_is_cut() {
        let c = table();
        write(&c, LOG, &log(1..100)).unwrap();
        cut(&c, LOG, Seq(63)).unwrap();
        assert_eq!(all(&c).len(), 99);
        cut(&c, LOG, Seq(64)).unwrap();
        assert_eq!(all(&c), log(65..100));
        cut(&c, LOG, Seq(99)).unwrap();
        assert_eq!(last(&c, LOG).unwrap(), None);
    }

    #[test]
    fn a_gap_is_no_part_of_a_run() {
        let c = table();
        let log = [log(1..5), log(8..10)].concat();
        write(&c, LOG, &log).unwrap();
        assert_eq!(all(&c), log);
        assert_eq!(positions(&c, LOG, Seq(6), Seq(9), 9).unwrap(), log[4..]);
    }
}
