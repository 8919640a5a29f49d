//! What an App says for its users. Its own server does so, which has users and rooms of its own and is trusted for them: these
//! calls are for gateways that have checked the App's secret ([`AppRecord::has_secret`]).
//!
//! [`AppRecord::has_secret`]: crate::port::AppRecord::has_secret

use crate::{
    Command, Core, Error, Session, To, UserCard,
    password::NOBODYS,
    port::{Appended, GroupRecord, ProfileRecord},
};
use jmessage_model::{
    AppId, Content, ConversationId, GroupKey, Nickname, ProfileEdit, Shown, UserId, Username,
};
use std::sync::Arc;
use tokio::sync::oneshot;

impl Core {
    /// The user of a name, which comes into being with it: no password proves such a user, until one is set. A nickname that is
    /// given is the user's from now on.
    pub async fn enrol(
        &self,
        app: AppId,
        name: Username,
        nickname: Option<Nickname>,
    ) -> Result<Arc<UserCard>, Error> {
        if let Some(card) = self.enrolled(app, &name, nickname.as_ref()).await? {
            return Ok(card);
        }
        let _place = self.place_to_open()?;
        let first = nickname.clone().map_or_else(|| Nickname::new(""), Ok)?;
        match self.create_user_hashed(app, name.clone(), first, NOBODYS.to_owned()).await {
            // Somebody else was quicker.
            Ok(_) | Err(Error::Taken) => {}
            Err(error) => return Err(error),
        }
        self.enrolled(app, &name, nickname.as_ref()).await?.ok_or(Error::Unavailable)
    }

    async fn enrolled(
        &self,
        app: AppId,
        name: &Username,
        nickname: Option<&Nickname>,
    ) -> Result<Option<Arc<UserCard>>, Error> {
        let place = self.place_to_read()?;
        let card = match self.user(app, name.as_str()).await {
            Ok(user) => user.card,
            Err(Error::NoSuchUser) => return Ok(None),
            Err(error) => return Err(error),
        };
        drop(place);
        let Some(nickname) = nickname.filter(|nickname| **nickname != card.nickname) else {
            return Ok(Some(card));
        };
        let _place = self.place_to_open()?;
        let edit = ProfileEdit { nickname: Some(nickname.clone()), ..ProfileEdit::default() };
        self.edit_user(app, name.as_str(), edit).await?;
        Ok(Some(Arc::new(UserCard { nickname: nickname.clone(), ..UserCard::clone(&card) })))
    }

    /// Sends a message in a user's name, whether it has a session or not; its own sessions are told as well. When this returns
    /// the message is stored.
    pub async fn post(&self, from: Arc<UserCard>, to: To, content: Content) -> Result<Appended, Error> {
        let (answer, result) = oneshot::channel();
        let (key, at) = (self.new_key()?, self.now());
        self.submit(Command::Post { from, to, key, content, at, answer }).await?;
        result.await.map_err(|_| Error::Unavailable)?
    }

    /// A word to everybody of the App who listens now, but the session that says it. It is not stored.
    pub async fn announce(
        &self,
        from: Arc<UserCard>,
        by: Option<Arc<Session>>,
        content: Content,
    ) -> Result<(), Error> {
        content.check(self.limits())?;
        self.submit(Command::Broadcast { from, by, content, at: self.now() }).await
    }

    /// A word in passing, as [`Core::aside`], in the name of a user who need not have a session.
    pub async fn remark(
        &self,
        from: Arc<UserCard>,
        by: Option<Arc<Session>>,
        to: To,
        content: Content,
    ) -> Result<(), Error> {
        let (answer, said) = oneshot::channel();
        self.submit(Command::Aside { from, by, to, content, at: self.now(), answer }).await?;
        said.await.map_err(|_| Error::Unavailable)?
    }

    /// Who of these users is to be seen, in the order of the question.
    pub async fn look_in(&self, app: AppId, users: Vec<UserId>) -> Result<Vec<Option<Shown>>, Error> {
        let (answer, seen) = oneshot::channel();
        self.submit(Command::LookIn { app, users, answer }).await?;
        seen.await.map_err(|_| Error::Unavailable)
    }

    /// What users of the App show of themselves; names that nobody has are passed over.
    pub async fn people_of(&self, app: AppId, names: Vec<Username>) -> Result<Vec<ProfileRecord>, Error> {
        let _place = self.place_to_read()?;
        self.read(move |reader| reader.people(app, &names)).await
    }

    /// The group to which the App gave this key.
    pub async fn keyed_group(&self, app: AppId, key: GroupKey) -> Result<Option<ConversationId>, Error> {
        let _place = self.place_to_read()?;
        self.read(move |reader| reader.keyed_group(app, &key)).await
    }

    /// A group of the App, with all of its members.
    pub async fn group_of(&self, app: AppId, id: ConversationId) -> Result<GroupRecord, Error> {
        let _place = self.place_to_read()?;
        let group = self.read(move |reader| reader.group(id)).await?;
        group.filter(|group| group.card.app == app).ok_or(Error::NoSuchGroup)
    }
}
