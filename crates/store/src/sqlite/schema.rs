//! The tables, as a list of steps; `user_version` says how many a file has gone through.

use super::unavailable;
use jmessage_core::port::Unavailable;
use rusqlite::Connection;

const STEPS: &[&str] = &[
    "
CREATE TABLE app (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    secret TEXT NOT NULL,
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE user (
    id INTEGER PRIMARY KEY,
    app INTEGER NOT NULL REFERENCES app,
    name TEXT NOT NULL,
    nickname TEXT NOT NULL,
    password TEXT NOT NULL,
    created INTEGER NOT NULL,
    modified INTEGER NOT NULL,
    UNIQUE (app, name)
) STRICT;

-- One row per user and platform: the epoch of the living session, and by what it may be resumed.
CREATE TABLE session (
    user INTEGER NOT NULL REFERENCES user,
    platform INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    token BLOB,
    opened INTEGER NOT NULL,
    PRIMARY KEY (user, platform)
) STRICT, WITHOUT ROWID;

-- A pair of users of one App, the smaller number in low; or a group, with its owner there.
CREATE TABLE conversation (
    id INTEGER PRIMARY KEY,
    app INTEGER NOT NULL REFERENCES app,
    low INTEGER NOT NULL REFERENCES user,
    high INTEGER REFERENCES user,
    created INTEGER NOT NULL,
    name TEXT,
    description TEXT,
    capacity INTEGER,
    dissolved INTEGER
) STRICT;
CREATE UNIQUE INDEX conversation_of_pair ON conversation (low, high) WHERE high IS NOT NULL;

-- Who may read which part of a log: from position joined up to gone.
CREATE TABLE member (
    user INTEGER NOT NULL REFERENCES user,
    conversation INTEGER NOT NULL REFERENCES conversation,
    joined INTEGER NOT NULL,
    gone INTEGER,
    PRIMARY KEY (user, conversation)
) STRICT, WITHOUT ROWID;
CREATE INDEX member_of_conversation ON member (conversation, joined);

-- Every log, in the order of arrival.
CREATE TABLE entry (
    id INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    sender INTEGER NOT NULL,
    nickname TEXT NOT NULL,
    platform INTEGER NOT NULL,
    at INTEGER NOT NULL,
    key TEXT,
    kind INTEGER NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_by_seq ON entry (conversation, seq);
CREATE UNIQUE INDEX entry_by_key ON entry (sender, key);

-- The last position each device has acknowledged.
CREATE TABLE cursor (
    user INTEGER NOT NULL,
    conversation INTEGER NOT NULL,
    platform INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (user, conversation, platform)
) STRICT, WITHOUT ROWID;
",
    "
-- Uploaded files; state is 0 uploaded, 1 sent at least once, 2 to be deleted. The bytes are elsewhere, under the id.
CREATE TABLE IF NOT EXISTS file (
    id BLOB PRIMARY KEY,
    app INTEGER NOT NULL REFERENCES app,
    owner INTEGER NOT NULL REFERENCES user,
    format TEXT NOT NULL,
    width INTEGER,
    height INTEGER,
    seconds INTEGER,
    size INTEGER NOT NULL,
    crc32 INTEGER NOT NULL,
    created INTEGER NOT NULL,
    state INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS file_unsent ON file (created) WHERE state <> 1;

-- To which conversations a file was sent: their members may read it.
CREATE TABLE IF NOT EXISTS sent (
    file BLOB NOT NULL REFERENCES file,
    conversation INTEGER NOT NULL REFERENCES conversation,
    PRIMARY KEY (file, conversation)
) STRICT, WITHOUT ROWID;

-- How much room the files of a user take.
CREATE TABLE IF NOT EXISTS storage (
    user INTEGER PRIMARY KEY REFERENCES user,
    bytes INTEGER NOT NULL
) STRICT;

-- What signs capabilities: one row, made at the first start.
CREATE TABLE IF NOT EXISTS capability_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    key BLOB NOT NULL
) STRICT;
",
    "
-- What users show of themselves; absent until it is set, texts while they are empty.
ALTER TABLE user ADD COLUMN avatar TEXT NOT NULL DEFAULT '';
ALTER TABLE user ADD COLUMN gender INTEGER;
ALTER TABLE user ADD COLUMN star INTEGER;
ALTER TABLE user ADD COLUMN signature TEXT NOT NULL DEFAULT '';
ALTER TABLE user ADD COLUMN region TEXT NOT NULL DEFAULT '';
ALTER TABLE user ADD COLUMN address TEXT NOT NULL DEFAULT '';

-- Who is in a conversation now.
DROP INDEX member_of_conversation;
CREATE INDEX member_of_conversation ON member (conversation, joined) WHERE gone IS NULL;

-- The groups somebody owns are counted whenever another one is made.
CREATE INDEX group_of_owner ON conversation (low) WHERE high IS NULL AND dissolved IS NULL;
",
    "
-- Where entries stand in their logs, and under which keys; complete for the entries up to the mark.
CREATE TABLE place (
    conversation INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (conversation, seq)
) STRICT, WITHOUT ROWID;
CREATE TABLE used_key (
    sender INTEGER NOT NULL,
    key TEXT NOT NULL,
    entry INTEGER NOT NULL,
    PRIMARY KEY (sender, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE indexed (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    upto INTEGER NOT NULL
) STRICT;
INSERT INTO place SELECT conversation, seq, id FROM entry ORDER BY conversation, seq;
INSERT INTO used_key SELECT sender, key, id FROM entry WHERE key IS NOT NULL ORDER BY sender, key;
INSERT INTO indexed SELECT 1, coalesce(max(id), 0) FROM entry;
DROP INDEX entry_by_seq;
DROP INDEX entry_by_key;
",
    "
-- The first position that a log keeps; absent while it keeps all.
CREATE TABLE floor (
    conversation INTEGER PRIMARY KEY REFERENCES conversation,
    seq INTEGER NOT NULL
) STRICT;
",
    "
-- The same with many entries in a row, see `runs.rs` and `keys.rs`. With the mark at the beginning, the next start writes
-- those of all entries.
CREATE TABLE run (
    conversation INTEGER NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    entries BLOB NOT NULL,
    PRIMARY KEY (conversation, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE key_run (
    sender INTEGER NOT NULL,
    first BLOB NOT NULL,
    keys BLOB NOT NULL,
    PRIMARY KEY (sender, first)
) STRICT, WITHOUT ROWID;
DROP TABLE place;
DROP TABLE used_key;
UPDATE indexed SET upto = 0;
",
    "
-- Up to where a member has cleared its view of a log.
ALTER TABLE member ADD COLUMN cleared INTEGER NOT NULL DEFAULT 0;

-- Who may speak to everybody.
ALTER TABLE user ADD COLUMN broadcasts INTEGER NOT NULL DEFAULT 0;

-- Whom users have in their lists, and in which group of contacts.
CREATE TABLE contact (
    user INTEGER NOT NULL REFERENCES user,
    other INTEGER NOT NULL REFERENCES user,
    label TEXT NOT NULL,
    PRIMARY KEY (user, other)
) STRICT, WITHOUT ROWID;

-- What users have set, for each kind of client.
CREATE TABLE setting (
    user INTEGER NOT NULL REFERENCES user,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (user, name)
) STRICT, WITHOUT ROWID;

-- What users are told beside all conversations.
CREATE TABLE notice (
    id INTEGER PRIMARY KEY,
    user INTEGER NOT NULL REFERENCES user,
    text TEXT NOT NULL,
    link TEXT NOT NULL,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX notice_of_user ON notice (user);
",
    "
-- The names that sites give groups of their own.
ALTER TABLE conversation ADD COLUMN key TEXT;
CREATE UNIQUE INDEX group_of_key ON conversation (app, key) WHERE key IS NOT NULL AND dissolved IS NULL;
",
];

/// Brings the file to the newest step, each in a transaction of its own.
pub(super) fn migrate(connection: &Connection) -> Result<(), Unavailable> {
    loop {
        connection.execute_batch("BEGIN IMMEDIATE").map_err(unavailable)?;
        let result = step(connection);
        let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        connection.execute_batch(end).map_err(unavailable)?;
        if !result? {
            return Ok(());
        }
    }
}

/// Takes the next step; false when there is none.
fn step(connection: &Connection) -> Result<bool, Unavailable> {
    let done: u32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(unavailable)?;
    if done as usize > STEPS.len() {
        return Err(Unavailable(format!(
            "the database has schema {done}, newer than this program's {}",
            STEPS.len()
        )));
    }
    let Some(sql) = STEPS.get(done as usize) else { return Ok(false) };
    connection.execute_batch(sql).map_err(unavailable)?;
    connection.pragma_update(None, "user_version", done + 1).map_err(unavailable)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            keys, log, people, runs,
            tail::{Tail, Unindexed},
        },
        *,
    };
    use jmessage_core::port::Target;
    use jmessage_model::{ClientKey, ConversationId, Seq, SettingName, UserId};

    #[test]
    fn a_database_from_before_the_places_gets_those_of_all_its_entries() {
        let mut connection = Connection::open_in_memory().unwrap();
        for sql in &STEPS[..3] {
            connection.execute_batch(sql).unwrap();
        }
        connection.pragma_update(None, "user_version", 3).unwrap();
        let mut insert = connection
            .prepare(
                "INSERT INTO entry (conversation, seq, sender, nickname, platform, at, key, kind, body)
                 VALUES (?1, ?2, ?3, 'n', 1, 0, ?4, 1, 'text')",
            )
            .unwrap();
        // Ten entries in two logs, of two senders, every fifth without a key.
        for number in 0..10 {
            let key = (number % 5 != 4).then(|| format!("k{number}"));
            insert.execute((7 + number % 2, 1 + number / 2, 1 + number / 5, key)).unwrap();
        }
        drop(insert);
        migrate(&connection).unwrap();
        // At the start so many are behind the mark that their places are written at once, eight of them.
        let tail = Tail::default();
        Unindexed::open(&mut connection, &tail, 2).unwrap();

        let places = |log| {
            let found = runs::positions(&connection, ConversationId(log), Seq(1), Seq(9), 9).unwrap();
            found.into_iter().map(|(seq, id)| (seq.0, id.0)).collect::<Vec<_>>()
        };
        assert_eq!(places(7), [(1, 1), (2, 3), (3, 5), (4, 7)]);
        assert_eq!(places(8), [(1, 2), (2, 4), (3, 6), (4, 8)]);
        assert_eq!(tail.last(ConversationId(8)), Some(Seq(5)), "the others wait");
        let entry = |sender, key| {
            let key = ClientKey::new(key).unwrap();
            keys::look(&connection, UserId(sender), &key).unwrap().entry.map(|id| id.0)
        };
        assert_eq!(
            [entry(1, "k3"), entry(2, "k3"), entry(2, "k6"), entry(2, "k8")],
            [Some(4), None, Some(7), None]
        );
    }

    #[test]
    fn groups_of_a_database_from_before_the_keys_have_none() {
        let connection = Connection::open_in_memory().unwrap();
        for sql in &STEPS[..7] {
            connection.execute_batch(sql).unwrap();
        }
        connection.pragma_update(None, "user_version", 7).unwrap();
        connection
            .execute_batch(
                "INSERT INTO app (id, key, name, secret, created) VALUES (1, 'app', '', 's', 0);
                 INSERT INTO user (id, app, name, nickname, password, created, modified)
                     VALUES (1, 1, 'alice', '', '', 0, 0);
                 INSERT INTO conversation (id, app, low, created, name, description, capacity)
                     VALUES (7, 1, 1, 0, 'team', '', 9), (8, 1, 1, 0, 'team', '', 9);",
            )
            .unwrap();
        migrate(&connection).unwrap();
        let card = log::group_card(&connection, ConversationId(7)).unwrap().unwrap();
        assert_eq!((card.name.as_str(), &card.key), ("team", &None));
    }

    #[test]
    fn a_database_from_before_contacts_has_nobody_in_them_and_nothing_cleared() {
        let connection = Connection::open_in_memory().unwrap();
        for sql in &STEPS[..6] {
            connection.execute_batch(sql).unwrap();
        }
        connection.pragma_update(None, "user_version", 6).unwrap();
        connection
            .execute_batch(
                "INSERT INTO app (id, key, name, secret, created) VALUES (1, 'app', '', 's', 0);
                 INSERT INTO user (id, app, name, nickname, password, created, modified)
                     VALUES (1, 1, 'alice', '', '', 0, 0), (2, 1, 'bobby', '', '', 0, 0);
                 INSERT INTO conversation (id, app, low, high, created) VALUES (7, 1, 1, 2, 0);
                 INSERT INTO member (user, conversation, joined, gone) VALUES (1, 7, 1, NULL), (2, 7, 1, 3);",
            )
            .unwrap();
        migrate(&connection).unwrap();
        let view = |user: u64, other: u64| log::view(&connection, UserId(user), Target::User(UserId(other)));
        assert_eq!(view(1, 2).unwrap(), Some((ConversationId(7), Seq(0))));
        assert_eq!(view(2, 1).unwrap(), None, "gone as before");
        assert!(!people::may_broadcast(&connection, UserId(1)).unwrap());
        assert_eq!(people::contacts(&connection, UserId(1)).unwrap(), []);
        assert_eq!(people::notices(&connection, UserId(1), 9).unwrap(), []);
        let name = SettingName::new("webim").unwrap();
        assert_eq!(people::setting(&connection, UserId(1), &name).unwrap(), None);
    }
}
