//! What is stored, as it is read.

use crate::{GroupCard, UserCard};
use constant_time_eq::constant_time_eq_32;
use jmessage_model::{AppId, AppKey, ContactLabel, Description, Media, Millis, Profile, UserId};
use sha2::{Digest, Sha256};
use std::sync::Arc;

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
