//! Names and secrets with a grammar. Each is checked once, where it enters, and carried as its own type after that.

use crate::Limits;
use std::{borrow::Borrow, fmt, sync::Arc};

/// Why a name is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// The length in bytes is outside the given bounds.
    Length {
        /// Shortest length accepted.
        min: usize,
        /// Longest length accepted.
        max: usize,
    },
    /// The first character is not an ASCII letter or digit.
    Start,
    /// A character that the grammar does not have.
    Character,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length { min, max } => write!(f, "must have {min} to {max} bytes"),
            Self::Start => f.write_str("must start with a letter or digit"),
            Self::Character => f.write_str("has a character that is not allowed"),
        }
    }
}

impl std::error::Error for NameError {}

fn length(text: &str, min: usize, max: usize) -> Result<(), NameError> {
    if (min..=max).contains(&text.len()) { Ok(()) } else { Err(NameError::Length { min, max }) }
}

fn all(text: &str, allowed: fn(char) -> bool) -> Result<(), NameError> {
    if text.chars().all(allowed) { Ok(()) } else { Err(NameError::Character) }
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident($text:ident) $check:block)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks `text` against the grammar.
            pub fn new($text: &str) -> Result<Self, NameError> {
                $check
                Ok(Self($text.into()))
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    )*};
}

names! {
    /// The public name of an App: 1–64 of `[A-Za-z0-9_-]`.
    AppKey(text) {
        length(text, 1, Limits::MAX_APP_KEY)?;
        all(text, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))?;
    }
    /// A user's name, unique in its App: 1–128 bytes, a letter or digit first, then `[A-Za-z0-9_.@:-]`. That is wider than the
    /// published grammar of JMessage (4–128 of `[A-Za-z0-9_.@-]`): sites name their users `1`, or `vid:7`.
    Username(text) {
        length(text, 1, Limits::MAX_NAME)?;
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(NameError::Start);
        }
        all(text, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '@' | ':' | '-'))?;
    }
    /// What a user is called on the screen: up to 64 bytes, no control characters, possibly empty.
    Nickname(text) {
        length(text, 0, Limits::MAX_NICKNAME)?;
        all(text, |c| !c.is_control())?;
    }
    /// What a group is called: 1–64 bytes, no control characters.
    GroupName(text) {
        length(text, 1, Limits::MAX_NICKNAME)?;
        all(text, |c| !c.is_control())?;
    }
    /// The name that a site gave a group of its own, unique in its App: 1–128 bytes without control characters and commas, and
    /// without blanks at its ends.
    GroupKey(text) {
        length(text, 1, Limits::MAX_NAME)?;
        all(text, |c| !c.is_control() && c != ',')?;
        if text.trim().len() != text.len() {
            return Err(NameError::Character);
        }
    }
    /// What a group or a user says of itself: up to 250 bytes, possibly empty.
    Description(text) {
        length(text, 0, Limits::MAX_DESCRIPTION)?;
        all(text, |c| !c.is_control() || c == '\n')?;
    }
    /// In which group of contacts somebody has another user: up to 64 bytes, no control characters or commas.
    ContactLabel(text) {
        length(text, 0, Limits::MAX_NICKNAME)?;
        all(text, |c| !c.is_control() && c != ',')?;
    }
    /// Under which name a kind of client keeps what its user has set: 1–64 of `[a-z0-9_.-]`.
    SettingName(text) {
        length(text, 1, Limits::MAX_APP_KEY)?;
        all(text, |c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '-'))?;
    }
    /// Where a user's picture is stored, such as `qiniu/image/…`: up to 250 of `[A-Za-z0-9_.-]` in parts divided by `/`,
    /// none of them empty or of dots alone; possibly empty as a whole. Pages put it behind a base address of ours.
    AvatarPath(text) {
        length(text, 0, Limits::MAX_DESCRIPTION)?;
        all(text, |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/'))?;
        if !text.is_empty() && text.split('/').any(|part| part.bytes().all(|byte| byte == b'.')) {
            return Err(NameError::Character);
        }
    }
    /// The sender's own key of a message, by which a repetition is recognised: 1–64 printable ASCII characters.
    ClientKey(text) {
        length(text, 1, Limits::MAX_CLIENT_KEY)?;
        all(text, |c| c.is_ascii_graphic())?;
    }
}

/// A password in clear: 4–128 bytes. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Checks the length of `text`.
    pub fn new(text: &str) -> Result<Self, NameError> {
        length(text, Limits::MIN_PASSWORD, Limits::MAX_NAME)?;
        Ok(Self(text.to_owned()))
    }

    /// The password itself, for hashing.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usernames_follow_the_published_grammar_or_are_those_of_sites() {
        for good in ["p001", "javen", "0abc", "a.b@c-d_e", "1", "uid:1", "vid:5f3a", &"x".repeat(128)] {
            assert!(Username::new(good).is_ok(), "{good}");
        }
        assert_eq!(Username::new(""), Err(NameError::Length { min: 1, max: 128 }));
        assert_eq!(Username::new(&"x".repeat(129)), Err(NameError::Length { min: 1, max: 128 }));
        assert_eq!(Username::new(":1"), Err(NameError::Start));
        assert_eq!(Username::new("_abc"), Err(NameError::Start));
        assert_eq!(Username::new("ab cd"), Err(NameError::Character));
        assert_eq!(Username::new("abcd\0"), Err(NameError::Character));
    }

    #[test]
    fn a_password_keeps_its_published_length() {
        assert!(Password::new("pass").is_ok());
        assert_eq!(Password::new("abc").err(), Some(NameError::Length { min: 4, max: 128 }));
    }

    #[test]
    fn a_key_of_a_group_is_any_text_that_a_list_can_hold() {
        for good in ["room1", "1", "gid:7", "自由空间", "a b/c", &"x".repeat(128)] {
            assert!(GroupKey::new(good).is_ok(), "{good}");
        }
        for bad in ["a,b", " a", "a ", "a\n", " "] {
            assert_eq!(GroupKey::new(bad), Err(NameError::Character), "{bad:?}");
        }
        assert_eq!(GroupKey::new(""), Err(NameError::Length { min: 1, max: 128 }));
    }

    #[test]
    fn nicknames_may_be_chinese_but_not_control_characters() {
        assert!(Nickname::new("小明 👋").is_ok());
        assert!(Nickname::new("").is_ok());
        assert_eq!(Nickname::new("a\nb"), Err(NameError::Character));
    }

    #[test]
    fn an_avatar_is_a_path_that_leads_nowhere_else() {
        assert!(AvatarPath::new("qiniu/image/DDAF7129753ADDB3").is_ok());
        assert!(AvatarPath::new("").is_ok());
        for bad in ["/etc/passwd", "a//b", "../a", "a/./b", "a/", "https://x.example/a.png", "a?b", "图"] {
            assert_eq!(AvatarPath::new(bad), Err(NameError::Character), "{bad}");
        }
    }

    #[test]
    fn a_password_does_not_print() {
        assert_eq!(format!("{:?}", Password::new("secret").unwrap()), "***");
    }
}
