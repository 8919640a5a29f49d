//! The option bags of the calls. Real pages leave options out, pass null, and numbers for strings; what cannot be
//! understood becomes a precise 872002, never an exception.

use crate::frame::json;
use jmessage_client::Failure;
use jmessage_proto::Code;
use js_sys::JsString;
use serde::{Deserialize, Deserializer};
use wasm_bindgen::{JsCast, JsValue};

/// Any JavaScript value, taken as it is.
#[derive(Default)]
pub(crate) struct Any(pub(crate) JsValue);

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        serde_wasm_bindgen::preserve::deserialize(deserializer).map(Self)
    }
}

/// Options of `config`, and the answer of a signer.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct ConfigOptions {
    pub(crate) app_key: Any,
    pub(crate) timestamp: Any,
    /// Another spelling of `timestamp`. Both may be there: to serde that would be a field given twice.
    pub(crate) time_stamp: Any,
    pub(crate) random_str: Any,
    pub(crate) signature: Any,
    pub(crate) signer: Any,
    pub(crate) master_secrect: Any,
    /// Another spelling of `masterSecrect`.
    pub(crate) master_secret: Any,
    pub(crate) server: Any,
}

/// Options of `login`, `sendTextMessage` and `resendMessage`.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct CallOptions {
    pub(crate) username: Any,
    pub(crate) password: Any,
    pub(crate) target_id: Any,
    pub(crate) target_type: Any,
    pub(crate) text: Any,
    pub(crate) rid: Any,
    pub(crate) id_generated: Any,
    pub(crate) success: Any,
    pub(crate) fail: Any,
}

/// Reads an option bag. Anything but an object is an empty one: its required options are found missing.
pub(crate) fn read<T: Default + for<'de> Deserialize<'de>>(options: JsValue) -> T {
    if options.is_object() {
        serde_wasm_bindgen::from_value(options).unwrap_or_default()
    } else {
        T::default()
    }
}

impl Any {
    pub(crate) fn is_absent(&self) -> bool {
        self.0.is_undefined() || self.0.is_null()
    }

    /// This option, or the same one in its other spelling.
    pub(crate) fn or<'a>(&'a self, other: &'a Self) -> &'a Self {
        if self.is_absent() { other } else { self }
    }

    /// A text that is not empty. A number counts as its digits. Lone surrogates become U+FFFD.
    pub(crate) fn text(&self, name: &str) -> Result<String, Failure> {
        let is_number = self.0.as_f64().is_some_and(f64::is_finite);
        let text = if is_number { Some(json(&self.0)) } else { self.0.as_string() };
        match text {
            Some(text) if !text.is_empty() => Ok(text),
            Some(_) => Err(argument(name, " is empty")),
            None if self.is_absent() => Err(argument(name, " is missing")),
            None => Err(argument(name, " must be a string")),
        }
    }

    /// As [`Any::text`], refusing with 803007 what is longer than `most` UTF-16 units before it is copied.
    pub(crate) fn message_text(&self, name: &str, most: usize) -> Result<String, Failure> {
        if self.0.dyn_ref::<JsString>().is_some_and(|text| text.length() as usize > most) {
            return Err(Code::MessageTooLong.into());
        }
        self.text(name)
    }

    /// A request number, as a number or its digits.
    pub(crate) fn rid(&self) -> Option<u64> {
        if let Some(number) = self.0.as_f64() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "such numbers are found nowhere"
            )]
            return Some(number as u64);
        }
        self.0.as_string()?.parse().ok()
    }
}

/// 872002, saying which option is wrong.
pub(crate) fn argument(name: &str, problem: &str) -> Failure {
    let mut message = String::from(name);
    message.push_str(problem);
    Failure::new(Code::Arguments, &message)
}
