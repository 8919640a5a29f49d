//! What may be changed.

use super::{Author, Fence, FileRecord, Target};
#[cfg(doc)]
use super::{Done, Reader, Refusal};
use crate::{CapabilityKey, token::TokenDigest};
use jmessage_model::{
    AppId, AppKey, ClientKey, ContactLabel, Content, ConversationId, Description, FileId, GroupEvent,
    GroupKey, GroupName, Millis, Nickname, Notice, Platform, ProfileEdit, Seq, SettingName, UserId, Username,
};

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
