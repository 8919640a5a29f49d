//! What a log holds and how it is shared among those it is delivered to.

use bytes::Bytes;
use jmessage_model::{
    AppId, ClientKey, Content, ConversationId, EntryId, GroupKey, GroupName, Millis, Nickname, Platform, Seq,
    UserId, Username,
};
use std::sync::{Arc, OnceLock};

/// Who a user is, as others see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserCard {
    /// The App the user belongs to.
    pub app: AppId,
    /// The user's number.
    pub id: UserId,
    /// The unique name.
    pub name: Username,
    /// The name on the screen.
    pub nickname: Nickname,
}

/// What a group is, as its members see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupCard {
    /// The App the group belongs to.
    pub app: AppId,
    /// The group's number, which is that of its conversation.
    pub id: ConversationId,
    /// What it is called.
    pub name: GroupName,
    /// The name that a site gave it, of a group that a site made.
    pub key: Option<GroupKey>,
}

/// Whom an entry is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// The other one of a pair.
    User(Arc<UserCard>),
    /// The members of a group.
    Group(Arc<GroupCard>),
}

/// One message of a conversation's log, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The conversation.
    pub conversation: ConversationId,
    /// The position in its log.
    pub seq: Seq,
    /// The entry's number among all entries.
    pub id: EntryId,
    /// When it was accepted.
    pub at: Millis,
    /// Who sent it, under the nickname of that moment.
    pub sender: Arc<UserCard>,
    /// What the sender's session ran on.
    pub platform: Platform,
    /// Whom it is for.
    pub to: Destination,
    /// The sender's own key of it; none for what the domain wrote.
    pub key: Option<ClientKey>,
    /// What it says.
    pub content: Content,
}

/// How many gateways may keep an encoded form of an entry.
const GATEWAYS: usize = 4;

/// An entry on its way to many sessions, encoded at most once per gateway.
#[derive(Debug)]
pub struct Shared {
    /// The entry.
    pub entry: Entry,
    encoded: [OnceLock<Bytes>; GATEWAYS],
}

impl Shared {
    /// Shares `entry`, not encoded so far.
    pub fn new(entry: Entry) -> Arc<Self> {
        Arc::new(Self { entry, encoded: [const { OnceLock::new() }; GATEWAYS] })
    }

    /// The bytes of the entry on the wire of the gateway with this number; made by the first who asks.
    /// A gateway beyond the known ones encodes each time.
    pub fn encoded(&self, gateway: usize, encode: impl FnOnce(&Entry) -> Bytes) -> Bytes {
        match self.encoded.get(gateway) {
            Some(cell) => cell.get_or_init(|| encode(&self.entry)).clone(),
            None => encode(&self.entry),
        }
    }

    /// Whether the gateway with this number keeps bytes of the entry.
    pub fn is_encoded(&self, gateway: usize) -> bool {
        self.encoded.get(gateway).is_some_and(|cell| cell.get().is_some())
    }

    /// What the entry costs a queue, in bytes; a rough figure before it is encoded.
    pub fn weight(&self) -> usize {
        256 + self.entry.content.size()
    }
}
