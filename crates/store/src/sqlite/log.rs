//! Logs as their readers have them: how far a device is behind, pages of entries, and what is not kept any more.

use super::{
    content, from_sql,
    reader::{key_at, name_at, nickname_at, unreadable, user_row},
    runs,
    tail::Tail,
    to_sql,
    writer::Batch,
};
use jmessage_core::{
    Destination, Entry, GroupCard, UserCard,
    port::{Behind, Cut, PAGE_BYTES, Target},
};
use jmessage_model::{
    AppId, ConversationId, EntryId, GroupKey, GroupName, Millis, Nickname, Platform, Seq, UserId,
};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};
use std::{collections::HashMap, sync::Arc};

/// Where the user's device is behind. A device without a cursor starts where the user's most advanced device stands;
/// nobody reads what was before or after the time there.
pub(super) fn behind(
    c: &Connection,
    tail: &Tail,
    user: UserId,
    platform: Platform,
) -> rusqlite::Result<Vec<Behind>> {
    let mut statement = c.prepare_cached(
        "SELECT m.conversation, m.joined, m.gone,
             coalesce(
                 (SELECT seq FROM cursor c WHERE c.user = m.user
                     AND c.conversation = m.conversation AND c.platform = ?2),
                 (SELECT max(seq) FROM cursor c WHERE c.user = m.user
                     AND c.conversation = m.conversation),
                 0),
             (SELECT last FROM run r WHERE r.conversation = m.conversation ORDER BY first DESC LIMIT 1),
             (SELECT seq FROM floor f WHERE f.conversation = m.conversation)
         FROM member m WHERE m.user = ?1",
    )?;
    let rows = statement.query_map(params![to_sql(user.0), platform as u8], |row| {
        let conversation = ConversationId(from_sql(row.get(0)?));
        let [gone, indexed, floor] = [2, 4, 5].map(|column| row.get::<_, Option<i64>>(column));
        let [gone, indexed, floor] = [gone?, indexed?, floor?].map(|seq| seq.map(|seq| Seq(from_sql(seq))));
        let after = Seq(from_sql(row.get(3)?));
        let floor = floor.unwrap_or_default();
        let head = tail.last(conversation).unwrap_or_else(|| indexed_head(indexed, floor));
        let read = after.max(before(Seq(from_sql(row.get(1)?))));
        let end = gone.unwrap_or(head);
        let waiting = end.0.saturating_sub(read.max(before(floor)).0);
        Ok((end > read).then_some(Behind { conversation, after, waiting }))
    })?;
    rows.filter_map(Result::transpose).collect()
}

/// The last position of a log; the very beginning while there is none.
pub(super) fn head(c: &Connection, tail: &Tail, conversation: ConversationId) -> rusqlite::Result<Seq> {
    match tail.last(conversation) {
        Some(head) => Ok(head),
        None => Ok(indexed_head(runs::last(c, conversation)?, floor(c, conversation)?)),
    }
}

/// The last position of a log of which nothing waits: the last in the index, or the last that was cut.
fn indexed_head(indexed: Option<Seq>, floor: Seq) -> Seq {
    indexed.unwrap_or_default().max(before(floor))
}

pub(super) fn before(seq: Seq) -> Seq {
    Seq(seq.0.saturating_sub(1))
}

/// The log that a user shares with another one, or with the group.
pub(super) fn conversation(
    c: &Connection,
    user: UserId,
    of: Target,
) -> rusqlite::Result<Option<ConversationId>> {
    match of {
        Target::Group(group) => Ok(Some(group)),
        Target::User(other) => {
            let (low, high) = pair(user, other);
            c.prepare_cached("SELECT id FROM conversation WHERE low = ?1 AND high = ?2")?
                .query_row(params![to_sql(low.0), to_sql(high.0)], |row| {
                    Ok(ConversationId(from_sql(row.get(0)?)))
                })
                .optional()
        }
    }
}

/// Two users as their log names them, whichever of them asks.
pub(super) fn pair(a: UserId, b: UserId) -> (UserId, UserId) {
    (a.min(b), a.max(b))
}

impl Batch<'_> {
    /// Hides what a log holds now from one member's view of its history.
    pub(super) fn clear_history(&mut self, user: UserId, of: Target) -> rusqlite::Result<()> {
        let Some(conversation) = conversation(self.tx, user, of)? else { return Ok(()) };
        let head = self.head(conversation)?;
        self.execute(
            "UPDATE member SET cleared = ?3 WHERE user = ?1 AND conversation = ?2",
            params![to_sql(user.0), to_sql(conversation.0), to_sql(head.0)],
        )?;
        Ok(())
    }
}

/// The log, and up to where its member has cleared its view of it; none for an outsider.
pub(super) fn view(
    c: &Connection,
    user: UserId,
    of: Target,
) -> rusqlite::Result<Option<(ConversationId, Seq)>> {
    let Some(conversation) = conversation(c, user, of)? else { return Ok(None) };
    c.prepare_cached("SELECT cleared FROM member WHERE user = ?1 AND conversation = ?2 AND gone IS NULL")?
        .query_row(params![to_sql(user.0), to_sql(conversation.0)], |row| {
            Ok((conversation, Seq(from_sql(row.get(0)?))))
        })
        .optional()
}

/// From where to where a user reads a log.
fn time_there(
    c: &Connection,
    user: UserId,
    conversation: ConversationId,
) -> rusqlite::Result<Option<(Seq, i64)>> {
    c.prepare_cached("SELECT joined, gone FROM member WHERE user = ?1 AND conversation = ?2")?
        .query_row(params![to_sql(user.0), to_sql(conversation.0)], |row| {
            Ok((Seq(from_sql(row.get(0)?)), row.get::<_, Option<i64>>(1)?.unwrap_or(i64::MAX)))
        })
        .optional()
}

/// A page of a log; `waiting` is what the tail had of it before. `None` when some of that was indexed and cut meanwhile:
/// to be asked again.
pub(super) fn entries(
    c: &Connection,
    user: UserId,
    conversation: ConversationId,
    after: Seq,
    limit: usize,
    waiting: &[(Seq, EntryId)],
) -> rusqlite::Result<Option<Vec<Entry>>> {
    // What is cut between two statements would be missed by the second.
    let moment = c.unchecked_transaction()?;
    let Some(place) = place(c, conversation)? else { return Ok(Some(Vec::new())) };
    let Some((joined, last)) = time_there(c, user, conversation)? else { return Ok(Some(Vec::new())) };
    let first = joined.max(after.next()).max(floor(c, conversation)?);
    let last = Seq(from_sql(last));
    let mut positions = runs::positions(c, conversation, first, last, limit)?;
    // What went from the tail into the index meanwhile is in both.
    let next = positions.last().map_or(first, |(seq, _)| seq.next());
    positions.extend(waiting.iter().filter(|(seq, _)| (next..=last).contains(seq)));
    let senders = Senders::new(c)?;
    let mut page = Page { conversation, place, senders, entries: Vec::new(), bytes: 0, limit };
    let mut entry = c.prepare_cached(
        "SELECT seq, id, nickname, platform, at, key, kind, body, sender FROM entry WHERE id = ?1",
    )?;
    for (_, id) in positions {
        if page.is_full() {
            break;
        }
        let mut rows = entry.query([to_sql(id.0)])?;
        let Some(row) = rows.next()? else { return Ok(None) };
        page.take(row)?;
    }
    moment.finish()?;
    Ok(Some(page.entries))
}

/// A page that is being read.
struct Page<'c> {
    conversation: ConversationId,
    place: Place,
    senders: Senders<'c>,
    entries: Vec<Entry>,
    bytes: usize,
    limit: usize,
}

impl Page<'_> {
    fn is_full(&self) -> bool {
        self.entries.len() >= self.limit || self.bytes >= PAGE_BYTES
    }

    fn take(&mut self, row: &Row<'_>) -> rusqlite::Result<()> {
        let sender = self.senders.find(UserId(from_sql(row.get(8)?)), row)?;
        let entry = Entry {
            conversation: self.conversation,
            seq: Seq(from_sql(row.get(0)?)),
            id: EntryId(from_sql(row.get(1)?)),
            to: self.place.seen_from(sender.id),
            sender,
            platform: Platform::from_stored(row.get(3)?).ok_or_else(|| unreadable(3))?,
            at: Millis(from_sql(row.get(4)?)),
            key: key_at(row, 5)?,
            content: content::read(row.get(6)?, row.get(7)?).ok_or_else(|| unreadable(6))?,
        };
        self.bytes += entry.content.size();
        self.entries.push(entry);
        Ok(())
    }
}

/// Who wrote the entries of a page: few, so each is looked up once.
struct Senders<'c> {
    known: HashMap<UserId, Arc<UserCard>>,
    lookup: CachedStatement<'c>,
}

impl<'c> Senders<'c> {
    fn new(c: &'c Connection) -> rusqlite::Result<Self> {
        let lookup = c.prepare_cached("SELECT id, app, name, nickname, '' FROM user WHERE id = ?1")?;
        Ok(Self { known: HashMap::new(), lookup })
    }

    /// The card, under the nickname in the third column of `row`.
    fn find(&mut self, id: UserId, row: &Row<'_>) -> rusqlite::Result<Arc<UserCard>> {
        let nickname = row.get_ref(2)?.as_str()?;
        if let Some(card) = self.known.get(&id)
            && card.nickname.as_str() == nickname
        {
            return Ok(card.clone());
        }
        let card = self.lookup.query_row([to_sql(id.0)], |row| user_row(row).map(|user| user.card))?;
        let card = under_nickname(card, &nickname_at(row, 2)?);
        self.known.insert(id, card.clone());
        Ok(card)
    }
}

/// The card with the nickname of the moment.
fn under_nickname(card: Arc<UserCard>, nickname: &Nickname) -> Arc<UserCard> {
    if card.nickname == *nickname {
        return card;
    }
    Arc::new(UserCard { nickname: nickname.clone(), ..UserCard::clone(&card) })
}

/// What of a log after a position was the user's to read and is not kept any more.
pub(super) fn cut(
    c: &Connection,
    user: UserId,
    conversation: ConversationId,
    after: Seq,
) -> rusqlite::Result<Option<Cut>> {
    let floor = floor(c, conversation)?;
    if floor <= after.next() {
        return Ok(None);
    }
    let Some((joined, last)) = time_there(c, user, conversation)? else { return Ok(None) };
    let (first, last) = (joined.max(after.next()), Seq(from_sql(last)).min(before(floor)));
    let Some(place) = place(c, conversation)?.filter(|_| first <= last) else { return Ok(None) };
    Ok(Some(Cut { conversation, place: place.seen_from(user), first, last }))
}

/// The first position that a log keeps; the very beginning while it keeps all.
pub(super) fn floor(c: &Connection, conversation: ConversationId) -> rusqlite::Result<Seq> {
    let floor = c
        .prepare_cached("SELECT seq FROM floor WHERE conversation = ?1")?
        .query_row([to_sql(conversation.0)], |row| Ok(Seq(from_sql(row.get(0)?))))
        .optional()?;
    Ok(floor.unwrap_or_default())
}

/// What a conversation is.
enum Place {
    Pair(Arc<UserCard>, Arc<UserCard>),
    Group(Arc<GroupCard>),
}

impl Place {
    fn seen_from(&self, user: UserId) -> Destination {
        match self {
            Self::Pair(low, high) => Destination::User(if user == low.id { high } else { low }.clone()),
            Self::Group(card) => Destination::Group(card.clone()),
        }
    }
}

fn place(c: &Connection, conversation: ConversationId) -> rusqlite::Result<Option<Place>> {
    if let Some(card) = group_card(c, conversation)? {
        return Ok(Some(Place::Group(card)));
    }
    let pair = c
        .prepare_cached(
            "SELECT u.id, u.app, u.name, u.nickname, '' FROM conversation c
             JOIN user u ON u.id IN (c.low, c.high) WHERE c.id = ?1 ORDER BY u.id",
        )?
        .query_map(params![to_sql(conversation.0)], |row| user_row(row).map(|user| user.card))?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    Ok(pair.first().zip(pair.last()).map(|(low, high)| Place::Pair(low.clone(), high.clone())))
}

pub(super) fn group_card(c: &Connection, id: ConversationId) -> rusqlite::Result<Option<Arc<GroupCard>>> {
    c.prepare_cached("SELECT app, name, key FROM conversation WHERE id = ?1 AND high IS NULL")?
        .query_row(params![to_sql(id.0)], |row| {
            let app = AppId(from_sql(row.get(0)?));
            let key = row.get_ref(2)?.as_str_or_null()?.map(GroupKey::new).transpose();
            let key = key.map_err(|_| unreadable(2))?;
            Ok(Arc::new(GroupCard { app, id, name: name_at(row, 1, GroupName::new)?, key }))
        })
        .optional()
}

/// The group to which a site gave this key, if it was not dissolved.
pub(super) fn keyed_group(
    c: &Connection,
    app: AppId,
    key: &GroupKey,
) -> rusqlite::Result<Option<ConversationId>> {
    c.prepare_cached("SELECT id FROM conversation WHERE app = ?1 AND key = ?2 AND dissolved IS NULL")?
        .query_row(params![to_sql(app.0), key.as_str()], |row| Ok(ConversationId(from_sql(row.get(0)?))))
        .optional()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// There is one platform so far, so the other ones' cursors are written by hand.
    #[test]
    fn a_device_that_is_new_starts_where_the_most_advanced_one_stands() {
        let c = Connection::open_in_memory().unwrap();
        super::super::schema::migrate(&c).unwrap();
        c.execute_batch(
            "PRAGMA foreign_keys = OFF;
             INSERT INTO member (user, conversation, joined) VALUES (1, 7, 1), (1, 8, 3), (1, 9, 1);
             INSERT INTO cursor (user, conversation, platform, seq) VALUES (1, 7, 101, 4), (1, 7, 102, 6), (1, 9, 101, 2);",
        )
        .unwrap();
        for (conversation, last) in [(7, 10), (8, 5), (9, 2)] {
            runs::write(&c, ConversationId(conversation), &[(Seq(last), EntryId(last))]).unwrap();
        }
        let of = |platform| {
            let mut behind = behind(&c, &Tail::default(), UserId(1), platform).unwrap();
            behind.sort_by_key(|behind| behind.conversation);
            behind.iter().map(|b| (b.conversation.0, b.after.0, b.waiting)).collect::<Vec<_>>()
        };
        assert_eq!(of(Platform::Web), [(7, 6, 4), (8, 0, 3)], "the past is not told again");
        c.execute("INSERT INTO cursor VALUES (1, 7, ?1, 3)", [Platform::Web as u8]).unwrap();
        assert_eq!(of(Platform::Web), [(7, 3, 7), (8, 0, 3)], "one that is known goes on where it was");
    }
}
