//! Where signatures come from, if not from the page's own call: an URL, a function, or the master secret.

use crate::options::{Any, ConfigOptions, argument, read};
use crate::page;
use gloo_net::http::{Request, Response};
use jmessage_client::{Credentials, Failure, Signature};
use jmessage_proto::Code;
use jmessage_sign::{Fields, MasterSecret, sign};
use js_sys::{Date, Function, JSON, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::RequestCache;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = crypto)]
    static CRYPTO: web_sys::Crypto;
}

/// Obtains signatures.
#[derive(Clone)]
pub(crate) struct Signer {
    /// Whom to sign for; a signer on a server may say it in its answer instead.
    app_key: Option<String>,
    source: Source,
}

#[derive(Clone)]
enum Source {
    /// Answers with JSON.
    Url(String),
    /// Returns the fields, or a promise of them.
    Function(Function),
    /// For Node servers and local development only.
    Secret(MasterSecret),
}

/// What `config` was given: what the machine needs, and the signer it may ask, if any.
pub(crate) fn credentials(options: &ConfigOptions) -> Result<(Credentials, Option<Signer>), Failure> {
    let source = if !options.signer.is_absent() {
        match options.signer.0.dyn_ref::<Function>() {
            Some(function) => Source::Function(function.clone()),
            None => Source::Url(options.signer.text("signer")?),
        }
    } else if !options.master_secrect.or(&options.master_secret).is_absent() {
        options.app_key.text("appKey")?;
        Source::Secret(secret(options.master_secrect.or(&options.master_secret))?)
    } else {
        return fields(None, options).map(|signature| (Credentials::Fields(signature), None));
    };
    let app_key = if options.app_key.is_absent() { None } else { Some(options.app_key.text("appKey")?) };
    Ok((Credentials::Signer(app_key.clone()), Some(Signer { app_key, source })))
}

fn secret(option: &Any) -> Result<MasterSecret, Failure> {
    if page::is_public() {
        page::warn(
            "JMessage: masterSecrect in a page lets every visitor sign in as anybody. Use it on localhost and in Node \
             only; a page in public gets its signature from your server (options signature or signer).",
        );
    }
    MasterSecret::new(&option.text("masterSecrect")?).map_err(|_| argument("masterSecrect", " is invalid"))
}

/// The fields that prove the App, from the page or from a signer; `app_key` if they need not name it.
fn fields(app_key: Option<&str>, options: &ConfigOptions) -> Result<Signature, Failure> {
    Ok(Signature {
        app_key: match app_key {
            Some(app_key) => app_key.into(),
            None => options.app_key.text("appKey")?,
        },
        timestamp: options.timestamp.or(&options.time_stamp).text("timestamp")?,
        random_str: options.random_str.text("randomStr")?,
        signature: options.signature.text("signature")?,
    })
}

impl Signer {
    /// A fresh signature, or why there is none.
    pub(crate) async fn sign(&self) -> Result<Signature, String> {
        let answer = match &self.source {
            Source::Secret(secret) => return sign_here(self.app_key.as_deref().unwrap_or_default(), secret),
            Source::Url(url) => fetch(url).await,
            Source::Function(function) => call(function).await,
        };
        let answer = answer.ok_or("the signer failed")?;
        fields(self.app_key.as_deref(), &read(answer)).map_err(|failure| {
            let mut reason = String::from("the signer's answer: ");
            reason.push_str(&failure.message);
            reason
        })
    }
}

async fn fetch(url: &str) -> Option<JsValue> {
    let response = Request::get(url).cache(RequestCache::NoStore).send().await.ok().filter(Response::ok)?;
    JSON::parse(&response.text().await.ok()?).ok()
}

async fn call(function: &Function) -> Option<JsValue> {
    let promise = function.call0(&JsValue::UNDEFINED).map(|answer| Promise::resolve(&answer));
    let answer = match promise {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    answer.map_err(|error| web_sys::console::error_1(&error)).ok()
}

fn sign_here(app_key: &str, secret: &MasterSecret) -> Result<Signature, String> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970")]
    let seconds = (Date::now() / 1000.0) as u64;
    let timestamp = seconds.to_string();
    let random_str = random_hex();
    let fields = Fields::new(app_key, &timestamp, &random_str).map_err(|_| Code::ConfigFailed.message())?;
    let signature = sign(&fields, secret).as_str().into();
    Ok(Signature { app_key: app_key.into(), timestamp, random_str, signature })
}

/// Random bytes fit for secrets.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Fails only for more than 64 kB.
    _ = CRYPTO.with(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    bytes
}

fn random_hex() -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    random::<16>().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}
