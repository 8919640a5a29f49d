//! What a session's user sees of others beside their messages, and what it keeps for itself.

use crate::{
    Command, Core, Entry, Error, Seen, Session, To,
    port::{ContactRecord, Op, ProfileRecord, Reader, Target},
};
use jmessage_model::{
    AppId, ContactLabel, Content, ContentError, ConversationId, Description, Nickname, Notice, SettingName,
    Show, Shown, UserId, Username,
};
use std::sync::Arc;
use tokio::sync::oneshot;

/// The largest setting, in bytes.
pub const MAX_SETTING: usize = 16 << 10;

impl Core {
    /// From now on the session's queue gets signals of these users and groups, of at most [`crate::WATCHED`] each, and of
    /// whoever is writing to its user. Groups the user is not in are passed over.
    pub async fn watch(
        &self,
        session: &Arc<Session>,
        mut users: Vec<UserId>,
        mut groups: Vec<ConversationId>,
    ) -> Result<(), Error> {
        users.sort_unstable();
        users.dedup();
        users.truncate(crate::WATCHED);
        groups.truncate(crate::WATCHED);
        self.submit(Command::Watch { session: session.clone(), users, groups }).await
    }

    /// What the session's user shows to others from now on, until it goes offline.
    pub async fn show(
        &self,
        session: &Arc<Session>,
        show: Show,
        status: Option<Description>,
    ) -> Result<(), Error> {
        let shown = Shown { show, status, since: self.now() };
        self.submit(Command::Show { session: session.clone(), shown }).await
    }

    /// Who of these users is to be seen, and who of the members of these groups.
    pub async fn look(
        &self,
        session: &Arc<Session>,
        users: Vec<UserId>,
        groups: Vec<ConversationId>,
    ) -> Result<Seen, Error> {
        let (answer, seen) = oneshot::channel();
        self.submit(Command::Look { session: session.clone(), users, groups, answer }).await?;
        seen.await.map_err(|_| Error::Unavailable)
    }

    /// Tells the sessions of another user that listen that this one is writing, or has stopped.
    pub async fn typing(&self, session: &Arc<Session>, to: Username, typing: bool) -> Result<(), Error> {
        self.submit(Command::Typing { session: session.clone(), to, typing }).await
    }

    /// A word to everybody of the App who listens now. It is not stored. For those who may.
    pub async fn broadcast(&self, session: &Arc<Session>, content: Content) -> Result<(), Error> {
        let user = session.user.id;
        if !self.read(move |reader| reader.may_broadcast(user)).await? {
            return Err(Error::MayNotBroadcast);
        }
        content.check(self.limits())?;
        let (from, by, at) = (session.user.clone(), Some(session.clone()), self.now());
        self.submit(Command::Broadcast { from, by, content, at }).await
    }

    /// A word in passing to whoever of a user or of a group's members listens now, but the session itself. It is not stored.
    /// For those who may send a message there.
    pub async fn aside(&self, session: &Arc<Session>, to: To, content: Content) -> Result<(), Error> {
        self.remark(session.user.clone(), Some(session.clone()), to, content).await
    }

    /// The last `limit` entries of a conversation of the session's user, in order. None of one that it has not.
    pub async fn history(&self, session: &Session, with: To, limit: usize) -> Result<Vec<Entry>, Error> {
        let (user, app) = (session.user.id, session.user.app);
        let _place = self.place_to_read()?;
        self.read(move |reader| {
            let of = match with {
                To::Group(group) => Target::Group(group),
                To::User(name) => match reader.user(app, name.as_str())? {
                    Some(other) => Target::User(other.card.id),
                    None => return Ok(Vec::new()),
                },
            };
            reader.latest(user, of, limit)
        })
        .await
    }

    /// Hides what a conversation holds now from its [`Core::history`], for the session's user alone.
    pub async fn clear_history(&self, session: &Session, with: To) -> Result<(), Error> {
        let of = match with {
            To::Group(group) => Target::Group(group),
            To::User(name) => {
                let app = session.user.app;
                let found = self.read(move |reader| reader.user(app, name.as_str())).await?;
                Target::User(found.ok_or(Error::NoSuchTarget)?.card.id)
            }
        };
        self.change(Op::ClearHistory { fence: session.fence, of }).await.map(drop)
    }

    /// What users of the session's App show of themselves; names that nobody has are passed over.
    pub async fn people(&self, session: &Session, names: Vec<Username>) -> Result<Vec<ProfileRecord>, Error> {
        let app = session.user.app;
        let _place = self.place_to_read()?;
        self.read(move |reader| reader.people(app, &names)).await
    }

    /// What other users of the session's App show of themselves in whose name or nickname the text stands: at most `limit`, by
    /// name. Nobody for an empty text.
    pub async fn search(
        &self,
        session: &Session,
        text: Nickname,
        limit: usize,
    ) -> Result<Vec<ProfileRecord>, Error> {
        if text.as_str().is_empty() {
            return Ok(Vec::new());
        }
        let (user, app) = (session.user.id, session.user.app);
        let turn = self.turn_to_search().await?;
        let _place = self.place_to_read()?;
        let search = move |reader: &dyn Reader| {
            let _turn = turn;
            // One more, for the session's user may be among them.
            reader.search(app, &text, limit + 1)
        };
        let mut found = self.read(search).await?;
        found.retain(|person| person.card.id != user);
        found.truncate(limit);
        Ok(found)
    }

    /// The list of the session's user.
    pub async fn contacts(&self, session: &Session) -> Result<Vec<ContactRecord>, Error> {
        let user = session.user.id;
        let _place = self.place_to_read()?;
        self.read(move |reader| reader.contacts(user)).await
    }

    /// The list of any user.
    pub async fn contacts_of(&self, app: AppId, user: &str) -> Result<Vec<ContactRecord>, Error> {
        let user = self.user(app, user).await?.card.id;
        self.read(move |reader| reader.contacts(user)).await
    }

    /// Puts somebody into a user's list, or moves it to another group of contacts; out of it without a label.
    pub async fn keep_contact(
        &self,
        app: AppId,
        user: &str,
        other: &str,
        label: Option<ContactLabel>,
    ) -> Result<(), Error> {
        let (user, other) = (self.user(app, user).await?.card.id, self.user(app, other).await?.card.id);
        self.change(Op::KeepContact { user, other, label }).await.map(drop)
    }

    /// Takes somebody out of the list of the session's user; who is not in it stays out. Who it was, if there is such a user.
    pub async fn drop_contact(&self, session: &Session, other: Username) -> Result<Option<UserId>, Error> {
        let app = session.user.app;
        let found = self.read(move |reader| reader.user(app, other.as_str())).await?;
        let Some(other) = found.map(|other| other.card.id) else { return Ok(None) };
        self.change(Op::DropContact { fence: session.fence, other }).await?;
        Ok(Some(other))
    }

    /// What the session's user has set for a kind of client.
    pub async fn setting(&self, session: &Session, name: SettingName) -> Result<Option<String>, Error> {
        let user = session.user.id;
        let _place = self.place_to_read()?;
        self.read(move |reader| reader.setting(user, &name)).await
    }

    /// Keeps what the session's user has set, at most [`MAX_SETTING`] bytes.
    pub async fn keep_setting(
        &self,
        session: &Session,
        name: SettingName,
        value: String,
    ) -> Result<(), Error> {
        if value.len() > MAX_SETTING {
            return Err(ContentError::TooLong(value.len(), MAX_SETTING).into());
        }
        self.change(Op::KeepSetting { fence: session.fence, name, value }).await.map(drop)
    }

    /// The last `limit` notices of the session's user, the newest first.
    pub async fn notices(&self, session: &Session, limit: usize) -> Result<Vec<Notice>, Error> {
        let user = session.user.id;
        let _place = self.place_to_read()?;
        self.read(move |reader| reader.notices(user, limit)).await
    }

    /// Tells a user something.
    pub async fn notify(&self, app: AppId, user: &str, notice: Notice) -> Result<(), Error> {
        let user = self.user(app, user).await?.card.id;
        self.change(Op::Notify { user, notice, at: self.now() }).await.map(drop)
    }

    /// Lets a user broadcast, or not any more.
    pub async fn let_broadcast(&self, app: AppId, user: &str, may: bool) -> Result<(), Error> {
        let user = self.user(app, user).await?.card.id;
        self.change(Op::LetBroadcast { user, may }).await.map(drop)
    }
}
