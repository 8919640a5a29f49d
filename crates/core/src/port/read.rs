//! Who reads what is committed.

#[cfg(doc)]
use super::Op;
use super::{
    AppRecord, ContactRecord, FileRecord, GroupListing, GroupRecord, ProfileRecord, Target, Unavailable,
    UserRecord,
};
use crate::{CapabilityKey, Destination, Entry};
use jmessage_model::{
    AppId, AppKey, ConversationId, FileId, GroupKey, Millis, Nickname, Notice, Platform, Seq, SettingName,
    UserId, Username,
};

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
