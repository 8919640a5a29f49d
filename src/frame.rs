//! Frames as JavaScript objects: the browser parses and prints JSON.

use jmessage_client::Payload;
use jmessage_proto::{FrameError, MAX_POSITIONS, Position, Request, Response, Sink, Source};
use js_sys::{Array, JSON, Number, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A nested value that the machine passes on.
#[derive(Clone, PartialEq)]
pub(crate) struct Body(pub(crate) JsValue);

impl Payload for Body {
    fn is_own_copy(&self, username: &str) -> bool {
        let is_me = |name| get(&self.0, name).as_string().is_some_and(|id| id == username);
        is_me("from_id") && !is_me("target_id")
    }
}

/// A property, or undefined.
pub(crate) fn get(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or_default()
}

/// Sets a property of an object of our own making.
pub(crate) fn set(object: &JsValue, name: &str, value: &JsValue) {
    // Plain objects accept every property.
    _ = Reflect::set(object, &name.into(), value);
}

/// A number that came over the wire. At most 2^53 − 1, so that nothing is lost.
fn whole(value: &JsValue) -> Option<u64> {
    let number = value.as_f64().filter(|number| *number >= 0.0 && Number::is_safe_integer(value))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "just checked")]
    Some(number as u64)
}

/// Numbers of the wire and of the machine are at most 2^53 − 1.
#[expect(clippy::cast_precision_loss, reason = "see the contract")]
pub(crate) fn number(value: u64) -> JsValue {
    JsValue::from_f64(value as f64)
}

struct Incoming(JsValue);

impl Incoming {
    fn field<T>(
        &self,
        name: &'static str,
        read: impl Fn(&JsValue) -> Option<T>,
    ) -> Result<Option<T>, FrameError> {
        let value = get(&self.0, name);
        if value.is_undefined() || value.is_null() {
            return Ok(None);
        }
        read(&value).map(Some).ok_or(FrameError::Invalid(name))
    }
}

impl Source for Incoming {
    type Value = Body;

    fn text(&self, name: &'static str) -> Result<Option<String>, FrameError> {
        self.field(name, JsValue::as_string)
    }

    fn number(&self, name: &'static str) -> Result<Option<u64>, FrameError> {
        self.field(name, whole)
    }

    fn positions(&self, name: &'static str) -> Result<Option<Vec<Position>>, FrameError> {
        self.field(name, |value| {
            let pairs = value.dyn_ref::<Array>()?;
            if pairs.length() as usize > MAX_POSITIONS {
                return None;
            }
            let position = |pair: JsValue| {
                let pair = pair.dyn_into::<Array>().ok()?;
                Some(Position { conversation: whole(&pair.get(0))?, seq: whole(&pair.get(1))? })
            };
            pairs.iter().map(position).collect()
        })
    }

    fn value(&self, name: &'static str) -> Result<Option<Body>, FrameError> {
        self.field(name, |value| Some(Body(value.clone())))
    }
}

struct Outgoing(Object);

impl Sink for Outgoing {
    type Value = Body;

    fn text(&mut self, name: &'static str, value: &str) {
        set(&self.0, name, &value.into());
    }

    fn number(&mut self, name: &'static str, value: u64) {
        set(&self.0, name, &number(value));
    }

    fn positions(&mut self, name: &'static str, value: &[Position]) {
        #[expect(clippy::cast_precision_loss, reason = "at most 2^53 − 1")]
        let pairs: Vec<_> = value.iter().map(|at| (at.conversation as f64, at.seq as f64)).collect();
        set(&self.0, name, &serde_wasm_bindgen::to_value(&pairs).unwrap_or_default());
    }

    fn value(&mut self, name: &'static str, value: Body) {
        set(&self.0, name, &value.0);
    }
}

/// Reads a frame. `None` if it is none of this wire: a newer server may say more than we know.
pub(crate) fn decode(frame: JsValue) -> Option<Response<Body>> {
    Response::read(&Incoming(frame)).ok()
}

/// Writes a frame, as an object still.
pub(crate) fn encode(request: Request<Body>) -> JsValue {
    let mut object = Outgoing(Object::new());
    request.write(&mut object);
    object.0.into()
}

/// Parses JSON; undefined if it is none.
pub(crate) fn parse(text: &str) -> JsValue {
    JSON::parse(text).unwrap_or_default()
}

/// A value as JSON; empty if it has none.
pub(crate) fn json(value: &JsValue) -> String {
    JSON::stringify(value).map(String::from).unwrap_or_default()
}
