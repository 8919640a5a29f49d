//! Databases with something in them, written before a server opens them.

use crate::target::Target;
use anyhow::{Context, Result, bail};
use jmessage_core::{
    Token,
    port::{Author, Done, Fence, GroupWrite, Op, Reader, Target as To, Writer},
};
use jmessage_model::{
    AppId, AppKey, ClientKey, Content, ConversationId, Description, GroupEvent, GroupEventKind, GroupName,
    Millis, Nickname, Platform, UserId, Username,
};
use jmessage_testkit::App;
use std::path::Path;

/// Changes in one transaction.
const BATCH: usize = 1000;

/// A database that is being filled.
pub(crate) struct Stock {
    writer: Box<dyn Writer>,
    app: AppId,
    users: Vec<UserId>,
    sent: u64,
}

impl Stock {
    /// Opens a database in which `app` and the first `users` users of [`Target::user`] are.
    pub(crate) fn open(directory: &Path, app: &App, users: usize) -> Result<Self> {
        let (writer, reader) = jmessage_store::sqlite::open(directory)?;
        let app = reader.app(&AppKey::new(&app.key)?)?.context("no app")?.id;
        let user = |index| -> Result<UserId> {
            Ok(reader.user(app, &Target::user(index))?.context("no such user")?.card.id)
        };
        let users = (0..users).map(user).collect::<Result<_>>()?;
        Ok(Self { writer: Box::new(writer), app, users, sent: 0 })
    }

    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Done>> {
        let mut done = Vec::with_capacity(ops.len());
        for ops in ops.chunks(BATCH) {
            for result in self.writer.commit(ops)? {
                match result {
                    Ok(result) => done.push(result),
                    Err(refusal) => bail!("refused: {refusal:?}"),
                }
            }
        }
        Ok(done)
    }

    /// A session of this user; its server's first login ends it.
    fn session(&mut self, user: usize) -> Result<Fence> {
        let user = *self.users.get(user).context("no such user")?;
        let token = Token::new(user, [0; 16]).digest();
        let op = Op::OpenSession { user, platform: Platform::Web, token, at: Millis(0) };
        match self.commit(&[op])?.first() {
            Some(Done::Session(epoch)) => Ok(Fence { user, platform: Platform::Web, epoch: *epoch }),
            other => bail!("no session: {other:?}"),
        }
    }

    /// Stores `count` messages of 200 bytes from user `from` to each of `to` in turn.
    pub(crate) fn messages(
        &mut self,
        from: usize,
        to: std::ops::RangeInclusive<usize>,
        count: u64,
    ) -> Result<()> {
        let fence = self.session(from)?;
        let to: Vec<_> = self.users.get(to).context("no such users")?.to_vec();
        let text = format!("{:012}{:x<188}", 0, "");
        let mut left = count;
        while left > 0 {
            let now = left.min(BATCH as u64);
            let ops = to.iter().cycle().take(usize::try_from(now)?).map(|to| {
                self.sent += 1;
                Ok(Op::Append {
                    by: Author::Session(fence),
                    app: self.app,
                    to: To::User(*to),
                    nickname: Nickname::new("bench")?,
                    key: ClientKey::new(&format!("stock-{}", self.sent))?,
                    content: Content::Text(text.clone()),
                    at: Millis(1_000_000),
                })
            });
            let ops = ops.collect::<Result<Vec<_>>>()?;
            self.commit(&ops)?;
            left -= now;
        }
        Ok(())
    }

    /// Makes a group of user `owner` with these members; its number.
    pub(crate) fn group(&mut self, owner: usize, members: &[usize]) -> Result<u64> {
        let fence = self.session(owner)?;
        Ok(self.groups(fence, 1, members)?.first().context("no group")?.0)
    }

    /// Makes many groups of user `owner`, all with these members; their numbers.
    pub(crate) fn many_groups(&mut self, owner: usize, count: usize, members: &[usize]) -> Result<Vec<u64>> {
        let fence = self.session(owner)?;
        Ok(self.groups(fence, count, members)?.into_iter().map(|group| group.0).collect())
    }

    fn groups(&mut self, fence: Fence, count: usize, members: &[usize]) -> Result<Vec<ConversationId>> {
        let (nickname, at) = (Nickname::new("bench")?, Millis(0));
        let event = |kind| -> Result<GroupEvent> {
            Ok(GroupEvent { kind, users: vec![Username::new(&Target::user(0))?] })
        };
        let create = GroupWrite::Create {
            app: self.app,
            key: None,
            name: GroupName::new("bench")?,
            description: Description::new("")?,
            capacity: 10_002,
            event: event(GroupEventKind::Created)?,
            nickname: nickname.clone(),
            at,
        };
        let made = self.commit(&vec![Op::Group { fence, change: create }; count])?;
        let groups: Vec<_> = made
            .into_iter()
            .filter_map(|done| if let Done::Appended(at) = done { Some(at.conversation) } else { None })
            .collect();
        let add: Vec<_> = members.iter().filter_map(|index| self.users.get(*index).copied()).collect();
        let event = event(GroupEventKind::Added)?;
        let join = |group: &ConversationId| Op::Group {
            fence,
            change: GroupWrite::Members {
                group: *group,
                add: add.clone(),
                remove: Vec::new(),
                dissolve: false,
                owner: None,
                event: event.clone(),
                nickname: nickname.clone(),
                at,
            },
        };
        let ops: Vec<_> = groups.iter().map(join).collect();
        self.commit(&ops)?;
        Ok(groups)
    }
}
