//! The token by which a page takes up its session again without a password.

use jmessage_model::UserId;
use sha2::{Digest, Sha256};
use std::fmt;

/// A resume token: the user's number and 128 random bits. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    user: UserId,
    random: [u8; 16],
}

/// What the store keeps of a token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TokenDigest(pub [u8; 32]);

impl Token {
    /// A token of `user` made of 16 random bytes.
    pub fn new(user: UserId, random: [u8; 16]) -> Self {
        Self { user, random }
    }

    /// Reads what [`Token::reveal`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (user, hex) = text.split_once('.')?;
        if hex.len() != 32 || !hex.is_ascii() {
            return None;
        }
        let mut random = [0; 16];
        for (byte, at) in random.iter_mut().zip((0..32).step_by(2)) {
            *byte = u8::from_str_radix(&hex[at..at + 2], 16).ok()?;
        }
        Some(Self { user: UserId(user.parse().ok()?), random })
    }

    /// Whose token it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The token as text, for its owner only.
    pub fn reveal(&self) -> String {
        use fmt::Write;
        let mut text = format!("{}.", self.user);
        for byte in self.random {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    /// What the store keeps and compares. The token has 128 random bits, so a plain digest is enough.
    pub fn digest(&self) -> TokenDigest {
        TokenDigest(Sha256::digest(self.random).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for TokenDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_and_never_prints() {
        let token = Token::new(UserId(77), [0xab; 16]);
        assert_eq!(Token::parse(&token.reveal()), Some(token.clone()));
        assert_eq!(format!("{token:?} {:?}", token.digest()), "*** ***");
    }

    #[test]
    fn what_is_no_token_is_refused() {
        for text in [
            "",
            ".",
            "7.",
            "7.zz",
            "x.00000000000000000000000000000000",
            "7.+0000000000000000000000000000000",
        ] {
            let _ = Token::parse(text);
        }
        assert_eq!(Token::parse("7.00"), None);
        assert_eq!(Token::parse("x.00000000000000000000000000000000"), None);
        assert_eq!(Token::parse("7.é00000000000000000000000000000"), None);
    }
}
