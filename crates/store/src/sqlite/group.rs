//! Groups in a transaction of the writer.

use super::{
    append::Line,
    content::stored_event,
    from_sql, to_sql,
    writer::{Answer, Batch},
};
use jmessage_core::port::{Done, Fence, GroupWrite};
use jmessage_model::{ConversationId, GroupEvent, GroupKey, Millis, Nickname, Seq, UserId};
use rusqlite::params;

impl Batch<'_> {
    /// A change of a group by a living session.
    pub(super) fn change_group(&mut self, fence: &Fence, change: &GroupWrite) -> Answer {
        match change {
            GroupWrite::Create { app, key, name, description, capacity, event, nickname, at } => {
                self.execute(
                    "INSERT INTO conversation (app, low, name, description, capacity, created, key)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![
                        to_sql(app.0),
                        to_sql(fence.user.0),
                        name.as_str(),
                        description.as_str(),
                        to_sql(*capacity as u64),
                        to_sql(at.0),
                        key.as_ref().map(GroupKey::as_str),
                    ],
                )?;
                let group = ConversationId(from_sql(self.tx.last_insert_rowid()));
                self.memory.heads.insert(group, Seq(0));
                self.join(group, fence.user, Seq(1))?;
                self.append_event(fence, group, nickname, event, *at)
            }
            GroupWrite::Update { group, name, description } => {
                self.execute(
                    "UPDATE conversation SET name = ?2, description = ?3 WHERE id = ?1",
                    params![to_sql(group.0), name.as_str(), description.as_str()],
                )?;
                Ok(Ok(Done::Nothing))
            }
            GroupWrite::Members { group, add, remove, dissolve, owner, event, nickname, at } => {
                let seq = self.head(*group)?.next();
                for user in add {
                    self.join(*group, *user, seq)?;
                }
                if *dissolve {
                    self.execute(
                        "UPDATE member SET gone = ?2 WHERE conversation = ?1 AND gone IS NULL",
                        params![to_sql(group.0), to_sql(seq.0)],
                    )?;
                }
                for user in remove.iter().filter(|_| !dissolve) {
                    self.execute(
                        "UPDATE member SET gone = ?3 WHERE user = ?1 AND conversation = ?2 AND gone IS NULL",
                        params![to_sql(user.0), to_sql(group.0), to_sql(seq.0)],
                    )?;
                }
                if let Some(owner) = owner {
                    self.execute(
                        "UPDATE conversation SET low = ?2 WHERE id = ?1",
                        params![to_sql(group.0), to_sql(owner.0)],
                    )?;
                }
                if *dissolve {
                    self.execute(
                        "UPDATE conversation SET dissolved = ?2 WHERE id = ?1",
                        params![to_sql(group.0), to_sql(at.0)],
                    )?;
                }
                self.append_event(fence, *group, nickname, event, *at)
            }
        }
    }

    /// The user reads the log from `seq` on.
    pub(super) fn join(
        &self,
        conversation: ConversationId,
        user: UserId,
        seq: Seq,
    ) -> rusqlite::Result<usize> {
        self.execute(
            "INSERT INTO member (user, conversation, joined) VALUES (?1, ?2, ?3)
             ON CONFLICT DO UPDATE SET joined = ?3, gone = NULL WHERE gone IS NOT NULL",
            params![to_sql(user.0), to_sql(conversation.0), to_sql(seq.0)],
        )
    }

    /// Appends what happened to a group.
    fn append_event(
        &mut self,
        fence: &Fence,
        group: ConversationId,
        nickname: &Nickname,
        event: &GroupEvent,
        at: Millis,
    ) -> Answer {
        let (kind, body) = stored_event(event);
        let (sender, platform) = (fence.user, fence.platform);
        let line = Line { sender, platform, nickname, key: None, kind, body: &body, at };
        Ok(Ok(Done::Appended(self.append_line(group, &line)?)))
    }
}
