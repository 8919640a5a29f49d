//! Signing and verifying (seeds/002 §签名算法).

use core::fmt;
use core::str;

use constant_time_eq::constant_time_eq_16;
use md5::{Digest, Md5};

use crate::{Field, FieldError, Fields, MasterSecret, VerifyError};

/// Ten minutes: a window that tolerates a slow page and a modest clock error.
pub const DEFAULT_WINDOW_SECONDS: u64 = 600;

const HEX: [u8; 16] = *b"0123456789ABCDEF";

/// A signature: 32 upper-case hex digits.
///
/// There is no `==` on purpose: comparing signatures is the work of [`verify`], in constant time.
#[derive(Clone, Copy)]
pub struct Signature {
    hex: [u8; 32],
}

impl Signature {
    fn from_digest(digest: [u8; 16]) -> Self {
        let mut hex = [0; 32];
        for (pair, byte) in hex.chunks_exact_mut(2).zip(digest) {
            pair.copy_from_slice(&[HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 0x0f)]]);
        }
        Self { hex }
    }

    /// The 32 digits as ASCII.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.hex
    }

    /// The 32 digits, as `JMessage.config` wants them.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.hex).unwrap_or_default()
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Signature").field(&self.as_str()).finish()
    }
}

/// Signs. The caller supplies the time and the random string; fields and secret are inside their grammar
/// by their types, so nothing can fail.
///
/// ```
/// use jmessage_sign::{Fields, MasterSecret, sign};
///
/// let fields = Fields::new("4f7aef34fb361292c566a1cd", "111", "222")?;
/// let secret = MasterSecret::new("054d6103823a726fc12d0466")?;
/// assert_eq!(sign(&fields, &secret).as_str(), "CDE6052A6A317D15694C189D5ACF2A79");
/// # Ok::<(), jmessage_sign::FieldError>(())
/// ```
pub fn sign(fields: &Fields<'_>, secret: &MasterSecret) -> Signature {
    Signature::from_digest(digest(fields, secret))
}

/// Checks `signature` (hex in either case: the algorithm prints upper case, many back ends lower), then the
/// clock.
///
/// A timestamp may lie up to `window_seconds` away from `now_seconds`, in either direction, edges included;
/// both are seconds, `now_seconds` since 1970-01-01 UTC. The time taken depends on the lengths of fields and
/// secret, not on the secret's content nor on where two signatures differ. While a secret is being
/// replaced, call this once with each of the two.
///
/// ```
/// use jmessage_sign::{Fields, MasterSecret, VerifyError, verify};
///
/// let secret = MasterSecret::new("054d6103823a726fc12d0466")?;
/// let check = |random_str, now| {
///     let fields = Fields::new("4f7aef34fb361292c566a1cd", "111", random_str)?;
///     verify(&fields, "CDE6052A6A317D15694C189D5ACF2A79", &secret, now, 600)
/// };
/// assert_eq!(check("222", 711), Ok(()));
/// assert_eq!(check("222", 712), Err(VerifyError::Expired));
/// assert_eq!(check("223", 712), Err(VerifyError::Mismatch));
/// assert!(matches!(check("2=2", 711), Err(VerifyError::Malformed(_))));
/// # Ok::<(), jmessage_sign::FieldError>(())
/// ```
pub fn verify(
    fields: &Fields<'_>,
    signature: &str,
    secret: &MasterSecret,
    now_seconds: u64,
    window_seconds: u64,
) -> Result<(), VerifyError> {
    let given = decode(signature)?;
    if !constant_time_eq_16(&digest(fields, secret), &given) {
        return Err(VerifyError::Mismatch);
    }
    let signed_at = fields.timestamp_seconds();
    if now_seconds.saturating_sub(signed_at) > window_seconds {
        return Err(VerifyError::Expired);
    }
    if signed_at.saturating_sub(now_seconds) > window_seconds {
        return Err(VerifyError::NotYetValid);
    }
    Ok(())
}

/// The string to sign, in the pieces that are hashed one after another.
fn string_to_sign<'a>(fields: &Fields<'a>, secret: &'a MasterSecret) -> [&'a [u8]; 8] {
    [
        b"appKey=",
        fields.app_key().as_bytes(),
        b"&timestamp=",
        fields.timestamp().as_bytes(),
        b"&randomStr=",
        fields.random_str().as_bytes(),
        b"&masterSecrect=",
        secret.as_bytes(),
    ]
}

fn digest(fields: &Fields<'_>, secret: &MasterSecret) -> [u8; 16] {
    let mut hash = Md5::new();
    for piece in string_to_sign(fields, secret) {
        hash.update(piece);
    }
    hash.finalize().into()
}

fn decode(signature: &str) -> Result<[u8; 16], FieldError> {
    Field::Signature.check(signature)?;
    let mut digest = [0; 16];
    for (byte, pair) in digest.iter_mut().zip(signature.as_bytes().chunks_exact(2)) {
        *byte = pair.iter().fold(0, |sum, digit| (sum << 4) | nibble(*digit));
    }
    Ok(digest)
}

/// The value of a byte that is known to be a hex digit.
const fn nibble(digit: u8) -> u8 {
    let low = digit & 0x0f;
    if digit.is_ascii_digit() { low } else { low + 9 }
}

#[cfg(test)]
mod tests;
