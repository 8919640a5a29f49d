//! What the domain asks of a store. The store decides everything that must hold inside a transaction:
//! uniqueness, fences, the order of a log.

use crate::{CapabilityKey, Destination, Entry, GroupCard, UserCard, token::TokenDigest};
use bytes::Bytes;
use constant_time_eq::constant_time_eq_32;
use futures_util::{future::BoxFuture, stream::BoxStream};
use jmessage_model::{
    AppId, AppKey, ClientKey, ContactLabel, Content, ConversationId, Description, EntryId, Epoch, FileId,
    GroupEvent, GroupKey, GroupName, Media, Millis, Nickname, Notice, Platform, Profile, ProfileEdit, Seq,
    SettingName, UserId, Username,
};
use sha2::{Digest, Sha256};
use std::{ops::Range, sync::Arc};
use thiserror::Error;

/// The store could not do it. The cause is for the log only.
#[derive(Debug, Error)]
#[error("store unavailable: {0}")]
pub struct Unavailable(pub String);

/// A tenant.
#[derive(Clone)]
pub struct AppRecord {
    /// Its number.
    pub id: AppId,
    /// Its public key.
    pub key: AppKey,
    /// What its operator calls it.
    pub name: String,
    /// The master secret its developers sign with.
    pub secret: String,
}

impl AppRecord {
    /// Whether this is its master secret; how long that takes to say tells nothing of it.
    pub fn has_secret(&self, given: &str) -> bool {
        let digest = |text: &str| <[u8; 32]>::from(Sha256::digest(text));
        constant_time_eq_32(&digest(&self.secret), &digest(given))
    }
}

impl std::fmt::Debug for AppRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AppRecord({}, {}, secret ***)", self.id, self.key)
    }
}

/// A user as its owner knows it.
#[derive(Clone)]
pub struct UserRecord {
    /// What others see.
    pub card: Arc<UserCard>,
    /// The hash of the password, in PHC notation.
    pub password: String,
}

impl std::fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UserRecord({}, {}, password ***)", self.card.id, self.card.name)
    }
}

/// A group and who is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupRecord {
    /// What its members see.
    pub card: Arc<GroupCard>,
    /// Whom it belongs to: who made it, or who came after it.
    pub owner: UserId,
    /// What it says of itself.
    pub description: Description,
    /// How many members it may have.
    pub capacity: usize,
    /// Its members in the order in which they joined.
    pub members: Members,
}

/// The members of a group, of which there may be thousands: in order, and found by number.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Members {
    cards: Vec<Arc<UserCard>>,
    ids: Vec<UserId>,
}

impl Members {
    /// Members in the order in which they joined.
    pub fn new(cards: Vec<Arc<UserCard>>) -> Self {
        let mut ids: Vec<_> = cards.iter().map(|card| card.id).collect();
        ids.sort_unstable();
        Self { cards, ids }
    }

    /// Whether the user is among them.
    pub fn has(&self, user: UserId) -> bool {
        self.ids.binary_search(&user).is_ok()
    }

    /// Takes users in who are not among them, at the end and in the order of their numbers, and puts users out.
    pub fn change(&mut self, mut add: Vec<Arc<UserCard>>, remove: &[UserId]) {
        if !remove.is_empty() {
            let mut remove = remove.to_vec();
            remove.sort_unstable();
            self.cards.retain(|card| remove.binary_search(&card.id).is_err());
            self.ids.retain(|id| remove.binary_search(id).is_err());
        }
        add.sort_unstable_by_key(|card| card.id);
        self.ids.extend(add.iter().map(|card| card.id));
        self.ids.sort_unstable();
        self.cards.append(&mut add);
    }

    /// In the order in which they joined.
    pub fn cards(&self) -> &[Arc<UserCard>] {
        &self.cards
    }

    /// In the order of their numbers.
    pub fn ids(&self) -> &[UserId] {
        &self.ids
    }
}

/// A group as one line of a list: its first members, and how many there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupListing {
    /// The group with its first members, the owner before all others.
    pub group: GroupRecord,
    /// How many members it has.
    pub size: usize,
}

/// What a user shows of itself, and nothing secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProfileRecord {
    /// What others see first.
    pub card: Arc<UserCard>,
    /// What else there is to see.
    pub profile: Profile,
    /// When the user was created.
    pub created: Millis,
    /// When the user was changed last.
    pub modified: Millis,
}

/// Somebody in a user's list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactRecord {
    /// What the other one shows of itself.
    pub other: ProfileRecord,
    /// The group of contacts it is in; possibly none of a name.
    pub label: ContactLabel,
}

/// A stored file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRecord {
    /// The App it belongs to.
    pub app: AppId,
    /// Who uploaded it.
    pub owner: UserId,
    /// Its name, and what is known of it.
    pub media: Media,
    /// When it was uploaded.
    pub created: Millis,
}

/// Which log a message goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// That of the sender and this user.
    User(UserId),
    /// That of this group.
    Group(ConversationId),
}

/// Which session a command comes from; checked against the living one inside the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The session's user.
    pub user: UserId,
    /// What it runs on.
    pub platform: Platform,
    /// Which of the user's sessions on that platform it is.
    pub epoch: Epoch,
}

/// By what right a message is appended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Author {
    /// A session of the sender, if it is the living one.
    Session(Fence),
    /// The App in the sender's name, whether that one has a session or not.
    App {
        /// The sender.
        user: UserId,
        /// What the sender's pages would run on.
        platform: Platform,
    },
}

impl Author {
    /// The sender.
    pub fn user(&self) -> UserId {
        match self {
            Self::Session(fence) => fence.user,
            Self::App { user, .. } => *user,
        }
    }

    /// What the message is written on.
    pub fn platform(&self) -> Platform {
        match self {
            Self::Session(fence) => fence.platform,
            Self::App { platform, .. } => *platform,
        }
    }
}

/// One change. Each is applied or refused by itself; a refused one leaves no trace.
#[derive(Clone)]
pub enum Op {
    /// Creates an App. → [`Done::App`], refused with [`Refusal::Taken`].
    CreateApp {
        /// Its public key.
        key: AppKey,
        /// What its operator calls it.
        name: String,
        /// Its master secret.
        secret: String,
        /// Now.
        at: Millis,
    },
    /// Creates a user. → [`Done::User`], refused with [`Refusal::Taken`].
    CreateUser {
        /// Whose user.
        app: AppId,
        /// The unique name.
        name: Username,
        /// The name on the screen.
        nickname: Nickname,
        /// The hash of the password.
        password: String,
        /// Now.
        at: Millis,
    },
    /// Changes a password and forgets every resume token of the user. → [`Done::Nothing`].
    SetPassword {
        /// Whose password.
        user: UserId,
        /// The hash of the new one.
        password: String,
        /// Now.
        at: Millis,
    },
    /// Changes what a user shows of itself; the time of the last change moves only if something is different.
    /// → [`Done::Nothing`].
    EditUser {
        /// Whose.
        user: UserId,
        /// What is changed.
        edit: Box<ProfileEdit>,
        /// Now.
        at: Millis,
    },
    /// Opens the next session of a user on a platform, after a login: the older one is fenced. → [`Done::Session`].
    OpenSession {
        /// Whose session.
        user: UserId,
        /// What it runs on.
        platform: Platform,
        /// By what it may be resumed.
        token: TokenDigest,
        /// Now.
        at: Millis,
    },
    /// Opens the next session of a user on a platform in the place of the one that `token` belongs to.
    /// → [`Done::Session`], refused with [`Refusal::Superseded`] or [`Refusal::NoSession`].
    ResumeSession {
        /// Whose session.
        user: UserId,
        /// What it runs on.
        platform: Platform,
        /// The token of the last login.
        token: TokenDigest,
        /// A session opened before this moment is forgotten.
        oldest: Millis,
        /// Cursors to move first, as by [`Op::Acknowledge`].
        acknowledged: Vec<(ConversationId, Seq)>,
    },
    /// Ends a session and forgets its token. → [`Done::Nothing`]; ending an older one changes nothing.
    EndSession(Fence),
    /// Appends a message; one with a file makes it a file of that conversation. → [`Done::Appended`], refused with
    /// [`Refusal::Fenced`], [`Refusal::KeyReused`] or [`Refusal::NoSuchFile`].
    Append {
        /// Who sends it, and by what right.
        by: Author,
        /// The App of both.
        app: AppId,
        /// Whom it is for.
        to: Target,
        /// The sender's nickname now.
        nickname: Nickname,
        /// The sender's key.
        key: ClientKey,
        /// What it says.
        content: Content,
        /// Now.
        at: Millis,
    },
    /// Finds a message that was appended before under the sender's key; writes nothing. → [`Done::Appended`], refused with
    /// [`Refusal::Fenced`], [`Refusal::KeyReused`] or [`Refusal::Unknown`].
    Recall {
        /// The sender's session.
        fence: Fence,
        /// The group it was for.
        group: ConversationId,
        /// The sender's key.
        key: ClientKey,
        /// What it says.
        content: Content,
    },
    /// Changes a group. → [`Done::Appended`], or [`Done::Nothing`] for [`GroupWrite::Update`]; refused with
    /// [`Refusal::Fenced`].
    Group {
        /// Who changes it.
        fence: Fence,
        /// How.
        change: GroupWrite,
    },
    /// Hides what a log holds now from one user's [`Reader::latest`]; others, and devices that are behind, still get it.
    /// → [`Done::Nothing`], refused with [`Refusal::Fenced`].
    ClearHistory {
        /// Whose view, and from which session.
        fence: Fence,
        /// Of which log.
        of: Target,
    },
    /// Puts somebody into a user's list, or moves it to another group of contacts; out of it without a label. For the operator,
    /// who needs no session of the user. → [`Done::Nothing`].
    KeepContact {
        /// Whose list.
        user: UserId,
        /// Who.
        other: UserId,
        /// Which group of contacts.
        label: Option<ContactLabel>,
    },
    /// Takes somebody out of a user's list, as that one's session asks; who is not in it stays out. → [`Done::Nothing`],
    /// refused with [`Refusal::Fenced`].
    DropContact {
        /// Whose list, and from which session.
        fence: Fence,
        /// Who.
        other: UserId,
    },
    /// Keeps what a user has set for one kind of client, in the place of what was there. → [`Done::Nothing`], refused with
    /// [`Refusal::Fenced`].
    KeepSetting {
        /// Whose, and from which session.
        fence: Fence,
        /// For which kind of client.
        name: SettingName,
        /// What; its form is the client's own.
        value: String,
    },
    /// Tells a user something. → [`Done::Nothing`].
    Notify {
        /// Whom.
        user: UserId,
        /// What.
        notice: Notice,
        /// Now.
        at: Millis,
    },
    /// Lets a user broadcast, or not any more. → [`Done::Nothing`].
    LetBroadcast {
        /// Whom.
        user: UserId,
        /// Whether it may.
        may: bool,
    },
    /// Changes what is known of a file. → [`Done::Nothing`].
    File(FileWrite),
    /// Keeps the key that signs capabilities, unless there is one. → [`Done::Nothing`].
    KeepKey(CapabilityKey),
    /// Cuts the next of the oldest entries, at most [`CUT_AT_ONCE`]. → [`Done::Trimmed`].
    Trim(Trim),
    /// Moves cursors forward, never beyond the end of a log, and only for conversations the user is in.
    /// → [`Done::Nothing`], refused with [`Refusal::Fenced`].
    Acknowledge {
        /// The session that acknowledges.
        fence: Fence,
        /// Up to where, each conversation.
        positions: Vec<(ConversationId, Seq)>,
    },
}

/// How many entries one [`Op::Trim`] cuts at most: few, so that the messages beside it do not wait.
pub const CUT_AT_ONCE: usize = 200;

/// Which entries are not kept any more. What a log keeps is its end, without a gap; a key is forgotten with its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trim {
    /// Those of all logs that were written before this moment.
    OlderThan(Millis),
    /// Those of one log before position `first`, if they were written before `older_than`.
    Log {
        /// The conversation.
        conversation: ConversationId,
        /// The first position to keep.
        first: Seq,
        /// What was written since then stays.
        older_than: Millis,
    },
}

/// A change of a group.
#[derive(Clone, Debug)]
pub enum GroupWrite {
    /// Creates a group with its owner in it; the event is the first entry of its log. Whoever creates one with a key has looked
    /// that no other one has it.
    Create {
        /// Whose group.
        app: AppId,
        /// The name that a site gave it.
        key: Option<GroupKey>,
        /// What it is called.
        name: GroupName,
        /// What it says of itself.
        description: Description,
        /// How many members it may have.
        capacity: usize,
        /// What its log says.
        event: GroupEvent,
        /// The owner's nickname now.
        nickname: Nickname,
        /// Now.
        at: Millis,
    },
    /// Changes what a group is called.
    Update {
        /// Which.
        group: ConversationId,
        /// The new name.
        name: GroupName,
        /// The new description.
        description: Description,
    },
    /// Takes members in and puts members out; the event is one entry of the log, which those put out still read.
    Members {
        /// Which group.
        group: ConversationId,
        /// Whom it takes in.
        add: Vec<UserId>,
        /// Whom it puts out.
        remove: Vec<UserId>,
        /// Whether the group ends with it; its key is free then.
        dissolve: bool,
        /// Whom it belongs to from now on, if to somebody else.
        owner: Option<UserId>,
        /// What its log says.
        event: GroupEvent,
        /// The nickname of who does it.
        nickname: Nickname,
        /// Now.
        at: Millis,
    },
}

/// A change of a file.
#[derive(Clone, Copy, Debug)]
pub enum FileWrite {
    /// A file is there; refused with [`Refusal::StorageFull`] when its owner's files would take more than `quota` bytes.
    Create {
        /// Which, and whose.
        record: FileRecord,
        /// What all files of the owner may take.
        quota: u64,
    },
    /// A file that was never sent is to be deleted: nobody finds it any more. Refused with [`Refusal::NoSuchFile`] when
    /// it was sent.
    Drop(FileId),
    /// The bytes of a dropped file are gone: its room is free again.
    Forget(FileId),
}

/// What a change led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// The App was created.
    App(AppId),
    /// The user was created.
    User(UserId),
    /// The session is open under this epoch.
    Session(Epoch),
    /// The message is in the log.
    Appended(Appended),
    /// So many entries were cut.
    Trimmed(usize),
    /// Nothing to tell.
    Nothing,
}

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Its number.
    pub id: EntryId,
    /// Its conversation.
    pub conversation: ConversationId,
    /// Its position in the log.
    pub seq: Seq,
    /// When it was first accepted.
    pub at: Millis,
    /// False when it was there before under the same key.
    pub fresh: bool,
}

/// Why a change was not applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The name is in use.
    Taken,
    /// The session is not the living one.
    Fenced,
    /// Another login took the session's place.
    Superseded,
    /// No session of this user is open on this platform.
    NoSession,
    /// The key was used for another message.
    KeyReused,
    /// The file is not there.
    NoSuchFile,
    /// The owner's files take too much room.
    StorageFull,
    /// The key was not used.
    Unknown,
}

/// The only one who writes. A batch is one transaction: when `commit` returns `Ok`, readers and later batches see what was
/// applied, and it may be told once it is synced; when it returns `Err`, nothing of it can be promised and nothing of it may
/// be reported as done.
pub trait Writer: Send {
    /// Applies the changes in their order and answers each.
    fn commit(&mut self, ops: &[Op]) -> Result<Vec<Result<Done, Refusal>>, Unavailable>;

    /// What makes durable whatever is committed from now on; one for each of those who do so at the same time.
    fn log(&self) -> Result<Box<dyn Log>, Unavailable>;

    /// Whether somebody else, such as an operator's command in a process of its own, has changed the store since this
    /// was asked last: what was remembered of it may be out of date.
    fn changed_elsewhere(&mut self) -> bool {
        false
    }
}

/// Makes commits durable, beside the writer.
pub trait Log: Send {
    /// When it returns `Ok`, whatever had been committed before it was called is durable. After `Err`, whatever was not
    /// durable before may never become so, and the writer commits nothing more.
    fn sync(&mut self) -> Result<(), Unavailable>;
}

/// How far a device is behind the end of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Behind {
    /// The conversation.
    pub conversation: ConversationId,
    /// The last position acknowledged.
    pub after: Seq,
    /// How many entries wait behind it.
    pub waiting: u64,
}

/// A part of a log that its reader did not get before retention cut it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The conversation.
    pub conversation: ConversationId,
    /// With whom, or in which group, as its reader sees it.
    pub place: Destination,
    /// The first position that is missing.
    pub first: Seq,
    /// The last one.
    pub last: Seq,
}

/// A log that keeps more entries than it should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Overlong {
    /// The conversation.
    pub conversation: ConversationId,
    /// The first position it should keep.
    pub first: Seq,
}

/// Contents of so many bytes end a page of entries, so that a page is small whatever the messages are.
pub const PAGE_BYTES: usize = 64 << 10;

/// Reads of what is committed; any number at a time.
pub trait Reader: Send + Sync {
    /// The App of a key.
    fn app(&self, key: &AppKey) -> Result<Option<AppRecord>, Unavailable>;
    /// Every App, by number.
    fn apps(&self) -> Result<Vec<AppRecord>, Unavailable>;
    /// The user of a name.
    fn user(&self, app: AppId, name: &str) -> Result<Option<UserRecord>, Unavailable>;
    /// The user of a number.
    fn user_by_id(&self, id: UserId) -> Result<Option<UserRecord>, Unavailable>;
    /// Users of an App in the order of their numbers, after the given one.
    fn users(&self, app: AppId, after: UserId, limit: usize) -> Result<Vec<UserRecord>, Unavailable>;
    /// What a user shows of itself.
    fn profile(&self, id: UserId) -> Result<Option<ProfileRecord>, Unavailable>;
    /// What the members of a group show of themselves, in the order in which they joined: at most `limit`, after the
    /// first `start` of them.
    fn profiles(
        &self,
        group: ConversationId,
        start: usize,
        limit: usize,
    ) -> Result<Vec<ProfileRecord>, Unavailable>;
    /// What the users of these names show of themselves; names that nobody has are passed over.
    fn people(&self, app: AppId, names: &[Username]) -> Result<Vec<ProfileRecord>, Unavailable>;
    /// What users of an App show of themselves in whose name or nickname the text stands, whatever the case of ASCII letters:
    /// at most `limit`, by name.
    fn search(&self, app: AppId, text: &Nickname, limit: usize) -> Result<Vec<ProfileRecord>, Unavailable>;
    /// A user's list, by number.
    fn contacts(&self, user: UserId) -> Result<Vec<ContactRecord>, Unavailable>;
    /// What a user has set for a kind of client.
    fn setting(&self, user: UserId, name: &SettingName) -> Result<Option<String>, Unavailable>;
    /// The last notices of a user, the newest first.
    fn notices(&self, user: UserId, limit: usize) -> Result<Vec<Notice>, Unavailable>;
    /// Whether a user may broadcast.
    fn may_broadcast(&self, user: UserId) -> Result<bool, Unavailable>;
    /// The group of a number, if it was not dissolved.
    fn group(&self, id: ConversationId) -> Result<Option<GroupRecord>, Unavailable>;
    /// The number of the group to which a site gave this key, if it was not dissolved.
    fn keyed_group(&self, app: AppId, key: &GroupKey) -> Result<Option<ConversationId>, Unavailable>;
    /// The groups a user is in, by number, each with at most `names` members.
    fn groups_of(&self, user: UserId, names: usize) -> Result<Vec<GroupListing>, Unavailable>;
    /// How many groups the user owns that were not dissolved; rooms of a site are the site's affair.
    fn owned(&self, user: UserId) -> Result<usize, Unavailable>;
    /// The conversations in which the device has not acknowledged everything.
    fn behind(&self, user: UserId, platform: Platform) -> Result<Vec<Behind>, Unavailable>;
    /// Entries of a log after a position, in order: those of the user's time there, none for an outsider. At most
    /// `limit`, and no more once they hold [`PAGE_BYTES`].
    fn entries(
        &self,
        user: UserId,
        conversation: ConversationId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Entry>, Unavailable>;
    /// The last `limit` entries of a log as one of its members sees it, in order, without what it cleared; none for an
    /// outsider.
    fn latest(&self, user: UserId, of: Target, limit: usize) -> Result<Vec<Entry>, Unavailable>;
    /// What of a log after a position was the user's to read and is not kept any more.
    fn cut(&self, user: UserId, conversation: ConversationId, after: Seq)
    -> Result<Option<Cut>, Unavailable>;
    /// Of the next `limit` conversations after the given one, those whose logs keep more than `most` entries; and the
    /// last one looked at, none when there are no more.
    fn overlong(
        &self,
        after: ConversationId,
        most: u64,
        limit: usize,
    ) -> Result<(Vec<Overlong>, Option<ConversationId>), Unavailable>;
    /// The file of a name, if it was not dropped.
    fn file(&self, id: FileId) -> Result<Option<FileRecord>, Unavailable>;
    /// Whether the file was sent to a conversation in which the user is now.
    fn was_sent_to(&self, id: FileId, user: UserId) -> Result<bool, Unavailable>;
    /// Files made before a moment and not sent so far, the oldest first; dropped ones too.
    fn unsent_files(&self, before: Millis, limit: usize) -> Result<Vec<FileId>, Unavailable>;
    /// The key kept by [`Op::KeepKey`].
    fn capability_key(&self) -> Result<Option<CapabilityKey>, Unavailable>;
    /// Whether the store answers.
    fn check(&self) -> Result<(), Unavailable>;
}

/// Bytes of a file as they are read.
pub type BlobStream = BoxStream<'static, Result<Bytes, Unavailable>>;

/// The bytes of files. A file is written once, whole or not at all, and never changed.
pub trait Blobs: Send + Sync {
    /// Stores a file; it is durable when this returns.
    fn put(&self, id: FileId, bytes: Bytes) -> BoxFuture<'_, Result<(), Unavailable>>;
    /// A file or a part of it; `None` when it is not there. The range lies within the file.
    fn get(
        &self,
        id: FileId,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'_, Result<Option<BlobStream>, Unavailable>>;
    /// Deletes a file; one that is not there is as good as deleted.
    fn delete(&self, id: FileId) -> BoxFuture<'_, Result<(), Unavailable>>;
}
