//! The master secret.

use core::fmt;

use crate::{Field, FieldError};

const MAX: usize = 64;

/// The secret that an application's owner shares with the chat server. It is held inline, so that keeping
/// one needs no allocator, and it prints as `***`.
///
/// ```
/// use jmessage_sign::MasterSecret;
///
/// let secret = MasterSecret::new("054d6103823a726fc12d0466")?;
/// assert_eq!(format!("{secret:?}"), "MasterSecret(***)");
/// assert!(MasterSecret::new("with=separators&").is_err());
/// # Ok::<(), jmessage_sign::FieldError>(())
/// ```
#[derive(Clone)]
pub struct MasterSecret {
    bytes: [u8; MAX],
    length: usize,
}

impl MasterSecret {
    /// Takes a secret inside the grammar of [`Field::MasterSecret`].
    pub fn new(secret: &str) -> Result<Self, FieldError> {
        Field::MasterSecret.check(secret)?;
        let mut bytes = [0; MAX];
        for (to, from) in bytes.iter_mut().zip(secret.bytes()) {
            *to = from;
        }
        Ok(Self { bytes, length: secret.len() })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Debug for MasterSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterSecret(***)")
    }
}
