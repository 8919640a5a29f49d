//! The grammar of the signed fields.
//!
//! The published algorithm joins raw values with `&` and `=` and escapes nothing, so without a grammar
//! `timestamp=1`, `randomStr=2&randomStr=3` signs like `timestamp=1&randomStr=2`, `randomStr=3`. No value
//! accepted here contains a separator, hence two different tuples never share a string to sign.

use crate::{FieldError, Problem};

/// The values that the grammar speaks about, named as the published algorithm names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `appKey`: 1 to 64 of `A-Z a-z 0-9 _ -`.
    AppKey,
    /// `timestamp`: 1 to 15 decimal digits, seconds since 1970-01-01 UTC.
    Timestamp,
    /// `randomStr`: 1 to 128 of `A-Z a-z 0-9 - . _ ~ : + /`; a UUID, hex and unpadded base64 all fit.
    RandomStr,
    /// `masterSecrect` (published with this spelling): 1 to 64 of `A-Z a-z 0-9 _ -`.
    MasterSecret,
    /// `signature`: 32 hex digits in either case.
    Signature,
}

impl Field {
    /// The published name, `masterSecrect` included.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AppKey => "appKey",
            Self::Timestamp => "timestamp",
            Self::RandomStr => "randomStr",
            Self::MasterSecret => "masterSecrect",
            Self::Signature => "signature",
        }
    }

    /// The alphabet, for people.
    pub(crate) const fn alphabet(self) -> &'static str {
        match self {
            Self::AppKey | Self::MasterSecret => "A-Z a-z 0-9 _ -",
            Self::Timestamp => "0-9",
            Self::RandomStr => "A-Z a-z 0-9 - . _ ~ : + /",
            Self::Signature => "0-9 A-F a-f",
        }
    }

    /// Fewest and most bytes.
    const fn length(self) -> (usize, usize) {
        match self {
            Self::AppKey | Self::MasterSecret => (1, 64),
            Self::Timestamp => (1, 15),
            Self::RandomStr => (1, 128),
            Self::Signature => (32, 32),
        }
    }

    const fn allows(self, byte: u8) -> bool {
        match self {
            Self::AppKey | Self::MasterSecret => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Self::Timestamp => byte.is_ascii_digit(),
            Self::RandomStr => {
                byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b':' | b'+' | b'/')
            }
            Self::Signature => byte.is_ascii_hexdigit(),
        }
    }

    /// Checks one value against the grammar, for instance an application's key when it is created.
    ///
    /// ```
    /// use jmessage_sign::Field;
    ///
    /// assert!(Field::AppKey.check("4f7aef34fb361292c566a1cd").is_ok());
    /// assert!(Field::AppKey.check("a=b").is_err());
    /// ```
    pub fn check(self, value: &str) -> Result<(), FieldError> {
        let (min, max) = self.length();
        if value.len() < min || value.len() > max {
            return Err(FieldError { field: self, problem: Problem::Length { min, max } });
        }
        match value.bytes().position(|byte| !self.allows(byte)) {
            Some(position) => Err(FieldError { field: self, problem: Problem::Character { position } }),
            None => Ok(()),
        }
    }
}

/// The public fields of a signature, all inside the grammar (see [`Field`]).
///
/// Values are kept exactly as given: `01` and `1` are the same second but sign differently.
///
/// ```
/// use jmessage_sign::{Field, Fields};
///
/// let uuid = "7e6f1c52-4f0a-4a57-9a5c-0c7d3b7a1f10";
/// let fields = Fields::new("4f7aef34fb361292c566a1cd", "1433158400", uuid)?;
/// assert_eq!(fields.timestamp_seconds(), 1_433_158_400);
///
/// // A value that could pass for the next field is refused.
/// let smuggled = Fields::new("4f7aef34fb361292c566a1cd", "1", "2&randomStr=3").unwrap_err();
/// assert_eq!(smuggled.field, Field::RandomStr);
/// # Ok::<(), jmessage_sign::FieldError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields<'a> {
    app_key: &'a str,
    timestamp: &'a str,
    random_str: &'a str,
    seconds: u64,
}

impl<'a> Fields<'a> {
    /// Checks the three fields in this order and reports the first that is outside its grammar.
    pub fn new(app_key: &'a str, timestamp: &'a str, random_str: &'a str) -> Result<Self, FieldError> {
        Field::AppKey.check(app_key)?;
        Field::Timestamp.check(timestamp)?;
        Field::RandomStr.check(random_str)?;
        // At most 15 digits: far below the end of u64.
        let seconds = timestamp.bytes().fold(0, |sum, digit| sum * 10 + u64::from(digit & 0x0f));
        Ok(Self { app_key, timestamp, random_str, seconds })
    }

    /// The application.
    pub const fn app_key(&self) -> &'a str {
        self.app_key
    }

    /// The timestamp as it was given and as it is signed.
    pub const fn timestamp(&self) -> &'a str {
        self.timestamp
    }

    /// The timestamp as a number: seconds since 1970-01-01 UTC.
    pub const fn timestamp_seconds(&self) -> u64 {
        self.seconds
    }

    /// The developer's random string.
    pub const fn random_str(&self) -> &'a str {
        self.random_str
    }
}
