//! What a page may do with files over plain HTTP: said in a text that is its own proof, since `<img>` brings no other.

use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use jmessage_model::{AppId, Millis, UserId};
use sha2::Sha256;
use std::fmt;

/// What a capability is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// To read the files that its user may read.
    Read = 1,
    /// To upload files in the name of its user.
    Upload = 2,
}

/// Who bears a capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bearer {
    /// The App of the user.
    pub app: AppId,
    /// The user.
    pub user: UserId,
}

/// The key that signs capabilities. Prints as `***`.
#[derive(Clone, PartialEq, Eq)]
pub struct CapabilityKey(pub [u8; 32]);

impl fmt::Debug for CapabilityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// App, user, expiry and purpose: 25 bytes; behind them stand the 32 of the signature.
const CLAIMS: usize = 25;

impl CapabilityKey {
    /// A capability of `bearer` until `expires`, as URL-safe text. The same claims give the same text.
    pub(crate) fn sign(&self, bearer: Bearer, purpose: Purpose, expires: Millis) -> String {
        let mut bytes = Vec::with_capacity(CLAIMS + 32);
        for number in [bearer.app.0, bearer.user.0, expires.0] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.push(purpose as u8);
        let signature = self.mac(&bytes).finalize().into_bytes();
        bytes.extend_from_slice(&signature);
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Who bears `text`, if it was signed by this key for `purpose` and has not expired.
    pub(crate) fn read(&self, text: &str, purpose: Purpose, now: Millis) -> Option<Bearer> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (claims, signature) = bytes.split_at_checked(CLAIMS)?;
        self.mac(claims).verify_slice(signature).ok()?;
        let number = |at: usize| Some(u64::from_be_bytes(claims.get(at..at + 8)?.try_into().ok()?));
        let expires = Millis(number(16)?);
        if claims.last() != Some(&(purpose as u8)) || now >= expires {
            return None;
        }
        Some(Bearer { app: AppId(number(0)?), user: UserId(number(8)?) })
    }

    fn mac(&self, claims: &[u8]) -> Hmac<Sha256> {
        // A key shorter than a block of the hash is filled up with zeros.
        let mut block = [0; 64];
        block[..32].copy_from_slice(&self.0);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        // Apart from whatever else this key may ever sign.
        mac.update(b"jmessage media 1\0");
        mac.update(claims);
        mac
    }
}

/// Until when a capability given now is good, and when the next one is due.
///
/// Expiries lie on a grid of half a lifetime, shifted for each user so that not everybody renews at once: a URL stays the
/// same for half a lifetime, and a browser finds in its cache what it has loaded before a reconnection.
pub(crate) fn period(user: UserId, lifetime: Millis, now: Millis) -> (Millis, Millis) {
    let half = (lifetime.0 / 2).max(1);
    let shift = user.0.wrapping_mul(0x9E37_79B9_7F4A_7C15) % half;
    let next = ((now.0.saturating_add(shift)) / half + 1).saturating_mul(half).saturating_sub(shift);
    (Millis(next.saturating_add(half)), Millis(next))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: CapabilityKey = CapabilityKey([7; 32]);
    const ALICE: Bearer = Bearer { app: AppId(1), user: UserId(77) };

    #[test]
    fn a_capability_tells_its_bearer_until_it_expires() {
        let text = KEY.sign(ALICE, Purpose::Read, Millis(1000));
        assert_eq!(text.len(), 76);
        assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_'), "{text}");
        assert_eq!(KEY.read(&text, Purpose::Read, Millis(999)), Some(ALICE));
        assert_eq!(KEY.read(&text, Purpose::Read, Millis(1000)), None);
    }

    #[test]
    fn a_capability_is_good_for_its_purpose_and_its_key_only() {
        let text = KEY.sign(ALICE, Purpose::Read, Millis(1000));
        assert_eq!(KEY.read(&text, Purpose::Upload, Millis(0)), None);
        assert_eq!(CapabilityKey([8; 32]).read(&text, Purpose::Read, Millis(0)), None);
        assert_eq!(format!("{KEY:?}"), "***");
    }

    #[test]
    fn a_capability_with_any_character_changed_is_refused() {
        let text = KEY.sign(ALICE, Purpose::Read, Millis(1000));
        for at in 0..text.len() {
            let other = if text.as_bytes()[at] == b'A' { "B" } else { "A" };
            let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
            assert_eq!(KEY.read(&changed, Purpose::Read, Millis(0)), None, "{changed}");
        }
        for wrong in ["", "A", "é", &text[..75], &format!("{text}A"), &text[..34]] {
            assert_eq!(KEY.read(wrong, Purpose::Read, Millis(0)), None, "{wrong}");
        }
    }

    #[test]
    fn a_capability_is_good_for_at_least_half_a_lifetime_and_at_most_a_whole_one() {
        let lifetime = Millis(1000);
        for user in [0, 1, 2, 77, u64::MAX >> 11] {
            for now in [0, 1, 499, 500, 999_999, 1_700_000_000_123] {
                let (expires, renew) = period(UserId(user), lifetime, Millis(now));
                assert!((now + 500..=now + 1000).contains(&expires.0), "{user} {now} {expires:?}");
                assert!((now + 1..=now + 500).contains(&renew.0), "{user} {now} {renew:?}");
                assert_eq!(period(UserId(user), lifetime, Millis(renew.0 - 1)), (expires, renew));
                assert!(period(UserId(user), lifetime, renew).0 > expires);
            }
        }
    }
}
