//! The grammar's promise, attacked from the string's side: whatever text is hashed, at most one accepted
//! tuple reads like it.
extern crate std;

use std::string::String;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

/// One way to read a string as `appKey=…&timestamp=…&randomStr=…&masterSecrect=…`.
type Reading<'a> = [&'a str; 4];

fn join([app_key, timestamp, random_str, secret]: Reading<'_>) -> String {
    std::format!("appKey={app_key}&timestamp={timestamp}&randomStr={random_str}&masterSecrect={secret}")
}

/// Every reading that the published algorithm itself would allow.
fn readings(text: &str) -> Vec<Reading<'_>> {
    let Some(rest) = text.strip_prefix("appKey=") else { return Vec::new() };
    let mut found = Vec::new();
    for (app_key, rest) in splits(rest, "&timestamp=") {
        for (timestamp, rest) in splits(rest, "&randomStr=") {
            for (random_str, secret) in splits(rest, "&masterSecrect=") {
                found.push([app_key, timestamp, random_str, secret]);
            }
        }
    }
    found
}

fn splits<'a>(text: &'a str, by: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    text.match_indices(by).map(move |(at, _)| (&text[..at], &text[at + by.len()..]))
}

fn accepted(reading: Reading<'_>) -> bool {
    let [app_key, timestamp, random_str, secret] = reading;
    let Ok(fields) = Fields::new(app_key, timestamp, random_str) else { return false };
    let Ok(secret) = MasterSecret::new(secret) else { return false };
    assert_eq!(string_to_sign(&fields, &secret).concat(), join(reading).into_bytes());
    true
}

/// Values that love to be mistaken for one another.
fn tricky() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[0-9a-zA-Z_-]{1,3}",
        1 => Just("&".into()),
        1 => Just("=".into()),
        1 => Just("&timestamp=1".into()),
        1 => Just("&randomStr=2".into()),
        1 => Just("&masterSecrect=3".into()),
    ];
    prop::collection::vec(piece, 1..4).prop_map(|pieces: Vec<String>| pieces.concat())
}

proptest! {
    #[test]
    fn no_string_to_sign_has_two_accepted_readings(
        app_key in tricky(),
        timestamp in prop_oneof!["[0-9]{1,3}", tricky()],
        random_str in tricky(),
        secret in tricky(),
    ) {
        let tuple = [app_key.as_str(), &timestamp, &random_str, &secret];
        let text = join(tuple);
        let all = readings(&text);
        prop_assert!(all.contains(&tuple));
        let good: Vec<_> = all.into_iter().filter(|reading| accepted(*reading)).collect();
        prop_assert!(good.len() <= 1, "{good:?} share {text:?}");
        prop_assert_eq!(good.contains(&tuple), accepted(tuple));
    }

    #[test]
    fn hex_is_read_back(digest: [u8; 16]) {
        let signature = Signature::from_digest(digest);
        prop_assert_eq!(decode(signature.as_str()), Ok(digest));
        prop_assert_eq!(decode(&signature.as_str().to_ascii_lowercase()), Ok(digest));
    }
}

#[test]
fn the_known_ambiguous_pair_is_one_string_and_refused() {
    let first = ["k", "1", "2&randomStr=3", "s"];
    let second = ["k", "1&randomStr=2", "3", "s"];
    assert_eq!(join(first), join(second));
    assert_eq!(readings(&join(first)), [first, second]);
    assert!(!accepted(first));
    assert!(!accepted(second));
}
