//! The option bags of the calls. Real pages leave options out, pass null, and numbers for strings; what cannot be
//! understood becomes a precise 872002, never an exception.
//!
//! Fields are read one by one: deserializing the bags into structs is a third of the whole download.

use crate::frame::{get, json};
use jmessage_client::Failure;
use jmessage_proto::Code;
use js_sys::JsString;
use wasm_bindgen::{JsCast, JsValue};

/// The most that a text other than a message may have, in UTF-16 units: several of them fit in one frame.
const MAX_TEXT: usize = 4096;

/// What a page passed to a call. Anything but an object is an empty bag: its required options are found missing.
pub(crate) struct Options(JsValue);

/// Which option is wrong, and in what way.
#[derive(Clone, Copy)]
pub(crate) struct Problem(pub(crate) &'static str, pub(crate) &'static str);

impl From<Problem> for Failure {
    fn from(Problem(option, problem): Problem) -> Self {
        let mut message = String::from(option);
        message.push_str(problem);
        Self::new(Code::Arguments, &message)
    }
}

impl Options {
    pub(crate) fn new(options: JsValue) -> Self {
        Self(options)
    }

    /// The option as it is; undefined if absent.
    pub(crate) fn get(&self, name: &str) -> JsValue {
        get(&self.0, name)
    }

    /// The option, unless it is absent or null.
    pub(crate) fn given(&self, name: &str) -> Option<JsValue> {
        Some(self.get(name)).filter(|value| !value.is_undefined() && !value.is_null())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.given(name).is_some()
    }

    /// A text that is not empty, nor longer than any name or address. A number counts as its digits. Lone surrogates
    /// become U+FFFD.
    pub(crate) fn text(&self, name: &'static str) -> Result<String, Problem> {
        if self.is_longer(name, MAX_TEXT) { Err(Problem(name, " is too long")) } else { self.any_text(name) }
    }

    /// As [`Options::text`], of any length.
    pub(crate) fn any_text(&self, name: &'static str) -> Result<String, Problem> {
        let value = self.given(name).ok_or(Problem(name, " is missing"))?;
        let text =
            if value.as_f64().is_some_and(f64::is_finite) { Some(json(&value)) } else { value.as_string() };
        let text = text.ok_or(Problem(name, " must be a string"))?;
        if text.is_empty() { Err(Problem(name, " is empty")) } else { Ok(text) }
    }

    /// Whether the text has more than `most` UTF-16 units. Cheaper than copying it to find out.
    pub(crate) fn is_longer(&self, name: &str, most: usize) -> bool {
        self.get(name).dyn_ref::<JsString>().is_some_and(|text| text.length() as usize > most)
    }
}
