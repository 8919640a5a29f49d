//! Sessions in a transaction of the writer: their epochs, what fences them, and the cursors of their devices.

use super::{
    digest_of, from_sql, to_sql,
    writer::{Answer, Batch},
};
use jmessage_core::port::{Author, Done, Fence, Op, Refusal};
use jmessage_model::{ConversationId, Epoch, Millis, Mutant, Platform, Seq, UserId};
use rusqlite::{OptionalExtension, params};

/// The session that must be the living one for the change to be applied; none for what needs no session, and for a session's
/// end, which changes nothing about the next one.
pub(super) fn fence(op: &Op) -> Option<&Fence> {
    match op {
        Op::Append { by: Author::Session(fence), .. }
        | Op::Recall { fence, .. }
        | Op::Group { fence, .. }
        | Op::ClearHistory { fence, .. }
        | Op::DropContact { fence, .. }
        | Op::KeepSetting { fence, .. }
        | Op::Acknowledge { fence, .. } => Some(fence),
        Op::CreateApp { .. }
        | Op::CreateUser { .. }
        | Op::SetPassword { .. }
        | Op::EditUser { .. }
        | Op::OpenSession { .. }
        | Op::ResumeSession { .. }
        | Op::EndSession(_)
        | Op::Append { by: Author::App { .. }, .. }
        | Op::KeepContact { .. }
        | Op::Notify { .. }
        | Op::LetBroadcast { .. }
        | Op::File(_)
        | Op::KeepKey(_)
        | Op::Trim(_) => None,
    }
}

impl Batch<'_> {
    /// Whether the session is the living one.
    pub(super) fn is_living(&mut self, fence: &Fence) -> rusqlite::Result<bool> {
        if Mutant::NoFence.is_on() {
            return Ok(true);
        }
        let place = (fence.user, fence.platform);
        if let Some(epoch) = self.memory.epochs.get(&place) {
            return Ok(*epoch == Some(fence.epoch));
        }
        let epoch = self.stored_epoch(fence.user, fence.platform)?;
        self.memory.epochs.insert(place, epoch);
        Ok(epoch == Some(fence.epoch))
    }

    /// Opens the next session, whatever the last one was.
    pub(super) fn open(&mut self, user: UserId, platform: Platform, token: &[u8; 32], at: Millis) -> Answer {
        let epoch = self.next_epoch(user, platform)?;
        self.execute(
            "INSERT INTO session (user, platform, epoch, token, opened) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT DO UPDATE SET epoch = ?3, token = ?4, opened = ?5",
            params![to_sql(user.0), platform as u8, to_sql(epoch.0), token, to_sql(at.0)],
        )?;
        self.memory.epochs.insert((user, platform), Some(epoch));
        Ok(Ok(Done::Session(epoch)))
    }

    /// Opens the next session in the place of the one that the token belongs to.
    pub(super) fn resume(
        &mut self,
        user: UserId,
        platform: Platform,
        token: &[u8; 32],
        oldest: Millis,
        acknowledged: &[(ConversationId, Seq)],
    ) -> Answer {
        let row = self
            .tx
            .prepare_cached("SELECT token, opened FROM session WHERE user = ?1 AND platform = ?2")?
            .query_row(params![to_sql(user.0), platform as u8], |row| {
                Ok((row.get::<_, Option<Vec<u8>>>(0)?, from_sql(row.get(1)?)))
            })
            .optional()?;
        let Some((Some(stored), opened)) = row else { return Ok(Err(Refusal::NoSession)) };
        if digest_of(&stored).is_none_or(|stored| stored.0 != *token) && !Mutant::OldToken.is_on() {
            return Ok(Err(Refusal::Superseded));
        }
        if opened < oldest.0 {
            return Ok(Err(Refusal::NoSession));
        }
        self.acknowledge(user, platform, acknowledged)?;
        let epoch = self.next_epoch(user, platform)?;
        self.execute(
            "UPDATE session SET epoch = ?3 WHERE user = ?1 AND platform = ?2",
            params![to_sql(user.0), platform as u8, to_sql(epoch.0)],
        )?;
        self.memory.epochs.insert((user, platform), Some(epoch));
        Ok(Ok(Done::Session(epoch)))
    }

    /// Ends a session, unless it has ended already.
    pub(super) fn end(&mut self, fence: &Fence) -> Answer {
        self.memory.epochs.remove(&(fence.user, fence.platform));
        self.execute(
            "UPDATE session SET token = NULL, epoch = epoch + 1
             WHERE user = ?1 AND platform = ?2 AND epoch = ?3",
            params![to_sql(fence.user.0), fence.platform as u8, to_sql(fence.epoch.0)],
        )?;
        Ok(Ok(Done::Nothing))
    }

    /// Moves cursors forward, for conversations the user is in and never beyond their end.
    pub(super) fn acknowledge(
        &mut self,
        user: UserId,
        platform: Platform,
        positions: &[(ConversationId, Seq)],
    ) -> rusqlite::Result<()> {
        let tx = self.tx;
        let mut advance = tx.prepare_cached(
            "UPDATE cursor SET seq = max(seq, ?4) WHERE user = ?1 AND conversation = ?2 AND platform = ?3",
        )?;
        for (conversation, seq) in positions {
            let head = self.head(*conversation)?;
            if head == Seq::default() {
                continue;
            }
            let seq = (*seq).min(head);
            let place = params![to_sql(user.0), to_sql(conversation.0), platform as u8, to_sql(seq.0)];
            // A row of a member stays, so where there is a cursor there is a member.
            if advance.execute(place)? == 0 {
                self.execute(
                    "INSERT INTO cursor (user, conversation, platform, seq)
                     SELECT user, conversation, ?3, ?4 FROM member WHERE user = ?1 AND conversation = ?2",
                    place,
                )?;
            }
        }
        Ok(())
    }

    fn stored_epoch(&self, user: UserId, platform: Platform) -> rusqlite::Result<Option<Epoch>> {
        self.tx
            .prepare_cached("SELECT epoch FROM session WHERE user = ?1 AND platform = ?2")?
            .query_row(params![to_sql(user.0), platform as u8], |row| Ok(Epoch(from_sql(row.get(0)?))))
            .optional()
    }

    fn next_epoch(&self, user: UserId, platform: Platform) -> rusqlite::Result<Epoch> {
        Ok(Epoch(self.stored_epoch(user, platform)?.unwrap_or_default().0 + 1))
    }
}
