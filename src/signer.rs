//! Where signatures come from: the page's own call, its signer, or the master secret.

use crate::frame::{json, number};
use crate::options::{Options, Problem};
use crate::page;
use jmessage_client::{Credentials, Failure, Signature};
use jmessage_proto::Code;
use jmessage_sign::{Fields, MasterSecret, sign};
use js_sys::Date;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = crypto)]
    static CRYPTO: web_sys::Crypto;
}

/// An App's key and master secret. For Node servers and local development only.
pub(crate) struct Secret {
    app_key: String,
    secret: MasterSecret,
}

/// What `config` was given: what the machine needs, and what to sign with if the page gave that.
pub(crate) fn credentials(options: &Options) -> Result<(Credentials, Option<Secret>), Problem> {
    let app_key = || options.text("appKey");
    if let Some(signer) = options.given("signer") {
        if !signer.is_function() {
            options.text("signer")?;
        }
        // A signer may say it in its answer instead.
        let app_key = if options.has("appKey") { Some(app_key()?) } else { None };
        return Ok((Credentials::Signer(app_key), None));
    }
    let Some(spelling) = ["masterSecrect", "masterSecret"].into_iter().find(|name| options.has(name)) else {
        return Ok((Credentials::Fields(fields(options, app_key()?)?), None));
    };
    let app_key = app_key()?;
    let secret = secret(&options.text(spelling)?)?;
    Ok((Credentials::Signer(Some(app_key.clone())), Some(Secret { app_key, secret })))
}

fn secret(secret: &str) -> Result<MasterSecret, Problem> {
    if page::is_public() {
        page::warn(
            "JMessage: masterSecrect in a page lets every visitor sign in as anybody. Use it on localhost and in Node \
             only; a page in public gets its signature from your server (options signature or signer).",
        );
    }
    MasterSecret::new(secret).map_err(|_| Problem("masterSecrect", " is invalid"))
}

/// The fields that prove the App, from the page or from its signer.
fn fields(options: &Options, app_key: String) -> Result<Signature, Problem> {
    let timestamp = if options.has("timeStamp") { "timeStamp" } else { "timestamp" };
    Ok(Signature {
        app_key,
        timestamp: options.text(timestamp)?,
        random_str: options.text("randomStr")?,
        signature: options.text("signature")?,
    })
}

/// What the page's signer answered; undefined if it failed. `app_key` if the answer need not name it.
pub(crate) fn answered(answer: JsValue, app_key: Option<&str>) -> Result<Signature, Failure> {
    if answer.is_undefined() {
        return Err(Failure::new(Code::SignatureInvalid, "the signer failed"));
    }
    let answer = Options::new(answer);
    let app_key = app_key.map_or_else(|| answer.text("appKey"), |app_key| Ok(app_key.into()));
    app_key.and_then(|app_key| fields(&answer, app_key)).map_err(|Problem(field, problem)| {
        let mut message = String::from("the signer's answer: ");
        message.push_str(field);
        message.push_str(problem);
        Failure::new(Code::SignatureInvalid, &message)
    })
}

/// A signature of this moment.
pub(crate) fn sign_with(Secret { app_key, secret }: &Secret) -> Result<Signature, Failure> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970")]
    let timestamp = json(&number((Date::now() / 1000.0) as u64));
    let random_str = random_text();
    let fields =
        Fields::new(app_key, &timestamp, &random_str).map_err(|_| Failure::from(Code::ConfigFailed))?;
    let signature = sign(&fields, secret).as_bytes().iter().map(|digit| char::from(*digit)).collect();
    Ok(Signature { app_key: app_key.clone(), timestamp, random_str, signature })
}

fn random_text() -> String {
    let mut bytes = [0; 32];
    // Fails only for more than 64 kB.
    _ = CRYPTO.with(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    bytes.into_iter().map(|byte| char::from(b'a' + (byte & 15))).collect()
}
