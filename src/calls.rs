//! Who waits for the answer to which request.

use crate::page::invoke;
use jmessage_client::Failure;
use std::cell::RefCell;
use wasm_bindgen::JsValue;

/// The page's callbacks for one request.
pub(crate) struct Call {
    pub(crate) rid: u64,
    pub(crate) success: JsValue,
    pub(crate) fail: JsValue,
}

/// The callbacks of all requests under way.
#[derive(Default)]
pub(crate) struct Calls(RefCell<Vec<Call>>);

impl Calls {
    pub(crate) fn add(&self, call: Call) {
        self.0.borrow_mut().push(call);
    }

    fn take(&self, rid: u64) -> Option<Call> {
        let mut calls = self.0.borrow_mut();
        let at = calls.iter().position(|call| call.rid == rid)?;
        Some(calls.remove(at))
    }

    /// The request succeeded; `with` is what `success` gets.
    pub(crate) fn succeed(&self, rid: u64, with: &JsValue) {
        if let Some(call) = self.take(rid) {
            invoke(&call.success, std::slice::from_ref(with));
        }
    }

    /// The request failed; `with` is what `fail` gets behind code and message.
    pub(crate) fn fail(&self, rid: u64, failure: &Failure, with: &JsValue) {
        if let Some(call) = self.take(rid) {
            call.fail(failure, with);
        }
    }
}

impl Call {
    pub(crate) fn fail(&self, failure: &Failure, with: &JsValue) {
        invoke(
            &self.fail,
            &[crate::frame::number(failure.code), JsValue::from_str(&failure.message), with.clone()],
        );
    }
}
