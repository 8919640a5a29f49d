//! What the grammar takes and what it refuses, and how it says so.
#![allow(clippy::unwrap_used)]

use jmessage_sign::{Field, FieldError, Fields, MasterSecret, Problem, VerifyError, verify};

const KEY: &str = "4f7aef34fb361292c566a1cd";
const SIGNATURE: &str = "CDE6052A6A317D15694C189D5ACF2A79";

/// Puts `value` in the place of `field`, everything else being good.
fn try_field(field: Field, value: &str) -> Result<(), FieldError> {
    let secret = MasterSecret::new("054d6103823a726fc12d0466").unwrap();
    match field {
        Field::AppKey => Fields::new(value, "111", "222").map(drop),
        Field::Timestamp => Fields::new(KEY, value, "222").map(drop),
        Field::RandomStr => Fields::new(KEY, "111", value).map(drop),
        Field::MasterSecret => MasterSecret::new(value).map(drop),
        Field::Signature => match verify(&Fields::new(KEY, "111", "222").unwrap(), value, &secret, 111, 0) {
            Err(VerifyError::Malformed(error)) => Err(error),
            Ok(()) | Err(VerifyError::Mismatch | VerifyError::Expired | VerifyError::NotYetValid) => Ok(()),
        },
    }
}

const ALL: [Field; 5] =
    [Field::AppKey, Field::Timestamp, Field::RandomStr, Field::MasterSecret, Field::Signature];

#[test]
fn separators_and_everything_odd_are_refused_everywhere() {
    for field in ALL {
        let good = if field == Field::Signature { SIGNATURE } else { "11111" };
        assert_eq!(try_field(field, good), Ok(()));
        for odd in ["&", "=", " ", "\t", "\n", "\0", "\x7f", "%", "#", "?", "\"", "'", "<", "\\", "{"] {
            let value = format!("1{odd}{}", &good[2..]);
            let expected = FieldError { field, problem: Problem::Character { position: 1 } };
            assert_eq!(try_field(field, &value), Err(expected), "{field:?} {odd:?}");
        }
        // Same length in bytes, so that the alphabet and not the length refuses it.
        for odd in ["\u{e9}", "\u{ff11}"] {
            let value = format!("1{odd}{}", &good[1 + odd.len()..]);
            let expected = FieldError { field, problem: Problem::Character { position: 1 } };
            assert_eq!(try_field(field, &value), Err(expected), "{field:?} {odd:?}");
        }
    }
}

#[test]
fn lengths_are_bounded_on_both_sides() {
    for (field, min, max) in [
        (Field::AppKey, 1, 64),
        (Field::Timestamp, 1, 15),
        (Field::RandomStr, 1, 128),
        (Field::MasterSecret, 1, 64),
        (Field::Signature, 32, 32),
    ] {
        let error = Err(FieldError { field, problem: Problem::Length { min, max } });
        assert_eq!(try_field(field, &"1".repeat(min)), Ok(()));
        assert_eq!(try_field(field, &"1".repeat(max)), Ok(()));
        assert_eq!(try_field(field, &"1".repeat(min - 1)), error);
        assert_eq!(try_field(field, &"1".repeat(max + 1)), error);
    }
}

#[test]
fn the_usual_values_pass() {
    for (field, value) in [
        (Field::AppKey, KEY),
        (Field::AppKey, "my_app-2"),
        (Field::Timestamp, "0"),
        (Field::Timestamp, "1433158400"),
        (Field::Timestamp, "999999999999999"),
        (Field::RandomStr, "7e6f1c52-4f0a-4a57-9a5c-0c7d3b7a1f10"),
        (Field::RandomStr, "022cd9fd995849b58b3ef0e943421ed9"),
        (Field::RandomStr, "0.8446543691214174"),
        (Field::RandomStr, "mK+/aQ"),
        (Field::Signature, "cde6052a6a317d15694c189d5acf2a79"),
    ] {
        assert_eq!(try_field(field, value), Ok(()), "{value}");
    }
}

#[test]
fn timestamps_are_unsigned_plain_decimals() {
    for value in ["+1", "-1", "1.5", "1e3", "0x1", "1_0"] {
        assert!(try_field(Field::Timestamp, value).is_err(), "{value}");
    }
    let seconds = |text| Fields::new(KEY, text, "222").unwrap().timestamp_seconds();
    assert_eq!(seconds("0"), 0);
    assert_eq!(seconds("000000000000042"), 42);
    assert_eq!(seconds("999999999999999"), 999_999_999_999_999);
}

#[test]
fn the_ambiguous_pair_is_refused() {
    let first = Fields::new(KEY, "1", "2&randomStr=3").unwrap_err();
    let second = Fields::new(KEY, "1&randomStr=2", "3").unwrap_err();
    assert_eq!(first, FieldError { field: Field::RandomStr, problem: Problem::Character { position: 1 } });
    assert_eq!(second, FieldError { field: Field::Timestamp, problem: Problem::Character { position: 1 } });
}

#[test]
fn errors_say_where_but_never_what() {
    let error = MasterSecret::new("hunter2 is my secret").unwrap_err();
    assert_eq!(
        error.to_string(),
        "masterSecrect has a character at position 8 that is not one of A-Z a-z 0-9 _ -"
    );
    let error = try_field(Field::RandomStr, "").unwrap_err();
    assert_eq!(error.to_string(), "randomStr must be 1 to 128 characters long");
    let error = VerifyError::from(try_field(Field::Signature, "abc").unwrap_err());
    assert_eq!(error.to_string(), "signature must be 32 characters long");
    assert!(std::error::Error::source(&error).is_some());
}
