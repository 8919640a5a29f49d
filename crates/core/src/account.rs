//! Apps, users, logins.

use crate::{
    Command, Core, Error, Proof, Session, Token, UserCard,
    port::{AppRecord, Done, Op, UserRecord},
};
use jmessage_model::{
    AppId, AppKey, ConversationId, Description, Millis, Nickname, Password, Platform, ProfileEdit, Seq, Show,
    Shown, UserId, Username,
};
use std::sync::Arc;
use tokio::sync::oneshot;

impl Core {
    /// The App of a key.
    pub async fn app(&self, key: &AppKey) -> Result<AppRecord, Error> {
        let key = key.clone();
        self.read(move |reader| reader.app(&key)).await?.ok_or(Error::NoSuchApp)
    }

    /// Every App.
    pub async fn apps(&self) -> Result<Vec<AppRecord>, Error> {
        self.read(|reader| reader.apps()).await
    }

    /// Creates an App.
    pub async fn create_app(&self, key: AppKey, name: String, secret: String) -> Result<AppId, Error> {
        match self.change(Op::CreateApp { key, name, secret, at: self.now() }).await? {
            Done::App(id) => Ok(id),
            _ => Err(Error::Unavailable),
        }
    }

    /// Creates a user.
    pub async fn create_user(
        &self,
        app: AppId,
        name: Username,
        nickname: Nickname,
        password: Password,
    ) -> Result<UserId, Error> {
        let password = self.hash(password).await?;
        self.create_user_hashed(app, name, nickname, password).await
    }

    /// Creates a user whose password is hashed already (PHC notation): for imports.
    pub async fn create_user_hashed(
        &self,
        app: AppId,
        name: Username,
        nickname: Nickname,
        password: String,
    ) -> Result<UserId, Error> {
        match self.change(Op::CreateUser { app, name, nickname, password, at: self.now() }).await? {
            Done::User(id) => Ok(id),
            _ => Err(Error::Unavailable),
        }
    }

    /// Hashes a password with a fresh salt.
    pub async fn hash(&self, password: Password) -> Result<String, Error> {
        self.options().hashing.hash(password, self.random()?).await
    }

    /// Changes a password; resume tokens of the user are forgotten, sessions that are open stay.
    pub async fn set_password(&self, app: AppId, name: &str, password: Password) -> Result<(), Error> {
        let user = self.user(app, name).await?.card.id;
        let password = self.hash(password).await?;
        self.change(Op::SetPassword { user, password, at: self.now() }).await.map(drop)
    }

    /// Changes what a user shows of itself. Sessions that are open send under their old nickname until the next login.
    pub async fn edit_user(&self, app: AppId, name: &str, edit: ProfileEdit) -> Result<(), Error> {
        let user = self.user(app, name).await?.card.id;
        self.change(Op::EditUser { user, edit: Box::new(edit), at: self.now() }).await.map(drop)
    }

    /// Users of an App in the order of their numbers, after the given one.
    pub async fn users(&self, app: AppId, after: UserId, limit: usize) -> Result<Vec<UserRecord>, Error> {
        self.read(move |reader| reader.users(app, after, limit)).await
    }

    pub(crate) async fn user(&self, app: AppId, name: &str) -> Result<UserRecord, Error> {
        let name = name.to_owned();
        self.read(move |reader| reader.user(app, &name)).await?.ok_or(Error::NoSuchUser)
    }

    /// Logs a user in: the older session on the same platform ends. The token resumes the session later.
    pub async fn login(
        &self,
        app: AppId,
        name: &str,
        password: Password,
        platform: Platform,
    ) -> Result<(Arc<Session>, Token), Error> {
        let user = self.authenticate(app, name, password).await?;
        self.admit(user, platform, None).await
    }

    /// The user of this name, if the password is its.
    pub async fn authenticate(
        &self,
        app: AppId,
        name: &str,
        password: Password,
    ) -> Result<Arc<UserCard>, Error> {
        let _place = self.place_to_open()?;
        let user = self.user(app, name).await?;
        if !self.options().hashing.verify(password, user.password).await? {
            return Err(Error::WrongPassword);
        }
        Ok(user.card)
    }

    /// Opens a session for a user who has proven who it is: the older one on the same platform ends. The token resumes the
    /// session later. What the user shows is told from the first moment on, so that nobody sees who wants to hide.
    pub async fn admit(
        &self,
        user: Arc<UserCard>,
        platform: Platform,
        shown: Option<(Show, Option<Description>)>,
    ) -> Result<(Arc<Session>, Token), Error> {
        let _place = self.place_to_open()?;
        let token = Token::new(user.id, self.random()?);
        let session = self.open(user, platform, Proof::Login(token.digest()), shown).await?;
        Ok((session, token))
    }

    /// Takes up a session again on a new connection, after writing what the page has `acknowledged`.
    pub async fn resume(
        &self,
        app: AppId,
        token: &Token,
        platform: Platform,
        acknowledged: Vec<(ConversationId, Seq)>,
    ) -> Result<Arc<Session>, Error> {
        self.resume_showing(app, token, platform, acknowledged, None).await
    }

    /// [`Core::resume`] of a user who shows this from the first moment on.
    pub async fn resume_showing(
        &self,
        app: AppId,
        token: &Token,
        platform: Platform,
        acknowledged: Vec<(ConversationId, Seq)>,
        shown: Option<(Show, Option<Description>)>,
    ) -> Result<Arc<Session>, Error> {
        let _place = self.place_to_open()?;
        let id = token.user();
        let user = self.read(move |reader| reader.user_by_id(id)).await?;
        let user = user.filter(|user| user.card.app == app).ok_or(Error::NoSession)?;
        let oldest = Millis(self.now().0.saturating_sub(self.options().resume_for.0));
        let proof = Proof::Resume { token: token.digest(), oldest, acknowledged };
        self.open(user.card, platform, proof, shown).await
    }

    async fn open(
        &self,
        user: Arc<UserCard>,
        platform: Platform,
        proof: Proof,
        shown: Option<(Show, Option<Description>)>,
    ) -> Result<Arc<Session>, Error> {
        let (answer, result) = oneshot::channel();
        let (queue, at) = (self.queue(), self.now());
        let shown = shown.map(|(show, status)| Shown { show, status, since: at });
        self.submit(Command::Open { user, platform, proof, shown, queue, at, answer }).await?;
        result.await.map_err(|_| Error::Unavailable)?
    }
}
