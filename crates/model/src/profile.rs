//! What a user shows of itself besides its names.

use crate::{AvatarPath, Description, Nickname};

/// A user's gender, as the user gives it; the discriminant is stored and told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Gender {
    /// Not told.
    Unknown = 0,
    /// Male.
    Male = 1,
    /// Female.
    Female = 2,
}

impl Gender {
    /// The gender stored or told as `value`, if there is one.
    pub fn from_stored(value: u8) -> Option<Self> {
        [Self::Unknown, Self::Male, Self::Female].into_iter().find(|gender| *gender as u8 == value)
    }
}

/// A user's profile. What was never set or was taken away is absent; no text here is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Where the picture is.
    pub avatar: Option<AvatarPath>,
    /// The gender.
    pub gender: Option<Gender>,
    /// A mark of the App's own making.
    pub star: Option<u32>,
    /// A line about oneself.
    pub signature: Option<Description>,
    /// Where the user lives, roughly.
    pub region: Option<Description>,
    /// Where the user lives.
    pub address: Option<Description>,
}

/// A change of a user: what is given replaces what was there, an empty text takes it away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProfileEdit {
    /// The name on the screen.
    pub nickname: Option<Nickname>,
    /// Where the picture is.
    pub avatar: Option<AvatarPath>,
    /// The gender.
    pub gender: Option<Gender>,
    /// A mark of the App's own making.
    pub star: Option<u32>,
    /// A line about oneself.
    pub signature: Option<Description>,
    /// Where the user lives, roughly.
    pub region: Option<Description>,
    /// Where the user lives.
    pub address: Option<Description>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn genders_are_zero_one_and_two() {
        assert_eq!(
            [0, 1, 2].map(Gender::from_stored).map(|g| g.map(|g| g as u8)),
            [Some(0), Some(1), Some(2)]
        );
        assert_eq!(Gender::from_stored(3), None);
    }
}
