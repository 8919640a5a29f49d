//! Sizes that the domain accepts; the published limits of JMessage are the defaults.

/// Limits of one App, in bytes unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The content of one message.
    pub message: usize,
    /// Members of a new group, its owner included; a count.
    pub group: usize,
    /// One uploaded file.
    pub upload: u64,
    /// The files of one user together.
    pub storage: u64,
    /// Groups that one user may own at a time; a count.
    pub owned: usize,
}

impl Limits {
    /// Shortest password.
    pub const MIN_PASSWORD: usize = 4;
    /// Longest username, password, and key of a group.
    pub const MAX_NAME: usize = 128;
    /// Longest description of a group; longest avatar, signature, region and address of a user.
    pub const MAX_DESCRIPTION: usize = 250;
    /// Longest nickname, and longest name of a group.
    pub const MAX_NICKNAME: usize = 64;
    /// Longest key by which a sender names a message.
    pub const MAX_CLIENT_KEY: usize = 64;
    /// Longest text of a notice.
    pub const MAX_NOTICE: usize = 1000;
    /// Longest link of a notice.
    pub const MAX_LINK: usize = 2000;
    /// Longest note beside a text.
    pub const MAX_NOTE: usize = 200;
    /// Longest App key.
    pub const MAX_APP_KEY: usize = 64;
}

impl Default for Limits {
    fn default() -> Self {
        Self { message: 4096, group: 500, owned: 200, upload: 10 << 20, storage: 1 << 30 }
    }
}
