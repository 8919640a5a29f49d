//! The published vector, the window's edges, and properties of sign and verify together.
#![allow(clippy::unwrap_used)]

use jmessage_sign::{Fields, MasterSecret, VerifyError, sign, verify};
use proptest::prelude::*;
use proptest::sample::Index;

const VECTOR: &str = "CDE6052A6A317D15694C189D5ACF2A79";

fn vector() -> (Fields<'static>, MasterSecret) {
    let fields = Fields::new("4f7aef34fb361292c566a1cd", "111", "222").unwrap();
    (fields, MasterSecret::new("054d6103823a726fc12d0466").unwrap())
}

#[test]
fn the_published_vector_signs_and_verifies() {
    let (fields, secret) = vector();
    let signature = sign(&fields, &secret);
    assert_eq!(signature.as_str(), VECTOR);
    assert_eq!(signature.to_string(), VECTOR);
    assert_eq!(format!("{signature:>34}"), format!("  {VECTOR}"));
    assert_eq!(verify(&fields, VECTOR, &secret, 111, 0), Ok(()));
    assert_eq!(verify(&fields, &VECTOR.to_lowercase(), &secret, 111, 0), Ok(()));
}

#[test]
fn the_window_counts_both_ways_and_includes_its_edges() {
    let (fields, secret) = vector();
    let at = |now, window| verify(&fields, VECTOR, &secret, now, window);
    assert_eq!(at(211, 100), Ok(()));
    assert_eq!(at(212, 100), Err(VerifyError::Expired));
    assert_eq!(at(11, 100), Ok(()));
    assert_eq!(at(10, 100), Err(VerifyError::NotYetValid));
    assert_eq!(at(112, 0), Err(VerifyError::Expired));
    assert_eq!(at(110, 0), Err(VerifyError::NotYetValid));
    assert_eq!(at(u64::MAX, u64::MAX), Ok(()));
    assert_eq!(at(u64::MAX, 600), Err(VerifyError::Expired));
}

#[test]
fn a_wrong_signature_is_a_mismatch_whatever_the_clock_says() {
    let (fields, _) = vector();
    let other = MasterSecret::new("054d6103823a726fc12d0467").unwrap();
    for now in [0, 111, 1_000_000] {
        assert_eq!(verify(&fields, VECTOR, &other, now, 60), Err(VerifyError::Mismatch));
    }
}

#[test]
fn milliseconds_are_never_taken_for_seconds() {
    let (_, secret) = vector();
    let fields = Fields::new("4f7aef34fb361292c566a1cd", "1433158400000", "222").unwrap();
    let signature = sign(&fields, &secret);
    let verdict = verify(&fields, signature.as_str(), &secret, 1_433_158_400, 600);
    assert_eq!(verdict, Err(VerifyError::NotYetValid));
}

#[test]
fn a_secret_prints_as_stars() {
    assert_eq!(format!("{:?}", vector().1), "MasterSecret(***)");
    assert_eq!(format!("{:#?}", vector().1), "MasterSecret(***)");
}

/// The four signed values and the signature, all good.
fn signed() -> impl Strategy<Value = [String; 5]> {
    ("[A-Za-z0-9_-]{1,64}", "[0-9]{1,15}", "[A-Za-z0-9._~:+/-]{1,128}", "[A-Za-z0-9_-]{1,64}").prop_map(
        |(app_key, timestamp, random_str, secret)| {
            let fields = Fields::new(&app_key, &timestamp, &random_str).unwrap();
            let signature = sign(&fields, &MasterSecret::new(&secret).unwrap()).to_string();
            [app_key, timestamp, random_str, secret, signature]
        },
    )
}

/// Verifies at exactly the signed second, so that only the signature is judged.
fn judge([app_key, timestamp, random_str, secret, signature]: &[String; 5]) -> Result<(), VerifyError> {
    let fields = Fields::new(app_key, timestamp, random_str)?;
    verify(&fields, signature, &MasterSecret::new(secret)?, fields.timestamp_seconds(), 0)
}

/// One edit of one character.
#[derive(Clone, Debug)]
enum Edit {
    Replace(char),
    Insert(char),
    Remove,
    SwapCase,
}

fn edit() -> impl Strategy<Value = Edit> {
    // Mostly characters that the grammar lets through, so that the hash has to notice.
    let character = prop_oneof![4 => "[0-9a-zA-Z_-]", 1 => any::<char>().prop_map(String::from)]
        .prop_map(|text| text.chars().next().unwrap_or('0'));
    prop_oneof![
        character.clone().prop_map(Edit::Replace),
        character.prop_map(Edit::Insert),
        Just(Edit::Remove),
        Just(Edit::SwapCase),
    ]
}

fn apply(edit: &Edit, text: &str, place: Index) -> String {
    let mut characters: Vec<char> = text.chars().collect();
    let at = place.index(characters.len());
    match *edit {
        Edit::Replace(character) => characters[at] = character,
        Edit::Insert(character) => characters.insert(at, character),
        Edit::Remove => drop(characters.remove(at)),
        Edit::SwapCase if characters[at].is_ascii_lowercase() => characters[at].make_ascii_uppercase(),
        Edit::SwapCase => characters[at].make_ascii_lowercase(),
    }
    characters.into_iter().collect()
}

proptest! {
    #[test]
    fn what_is_signed_verifies(values in signed()) {
        prop_assert_eq!(judge(&values), Ok(()));
        prop_assert!(values[4].bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b)));
    }

    #[test]
    fn any_single_edit_is_noticed(values in signed(), which in 0..5_usize, edit in edit(), place: Index) {
        let mut edited = values.clone();
        edited[which] = apply(&edit, &values[which], place);
        let same = if which == 4 {
            edited[4].eq_ignore_ascii_case(&values[4])
        } else {
            edited[which] == values[which]
        };
        prop_assume!(!same);
        prop_assert!(
            matches!(judge(&edited), Err(VerifyError::Mismatch | VerifyError::Malformed(_))),
            "{:?} passed for {:?}", edited, values
        );
    }

    #[test]
    fn the_window_is_a_distance(timestamp in 0..2_000_u64, now in 0..2_000_u64, window in 0..2_000_u64) {
        let secret = MasterSecret::new("s").unwrap();
        let timestamp_text = timestamp.to_string();
        let fields = Fields::new("k", &timestamp_text, "r").unwrap();
        let expected = match now.abs_diff(timestamp) <= window {
            true => Ok(()),
            false if now > timestamp => Err(VerifyError::Expired),
            false => Err(VerifyError::NotYetValid),
        };
        prop_assert_eq!(verify(&fields, sign(&fields, &secret).as_str(), &secret, now, window), expected);
    }
}
