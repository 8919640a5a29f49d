//! Where signatures come from, if not from the page's own call: an URL, a function, or the master secret.

use crate::frame::{json, number};
use crate::options::{Options, Problem};
use crate::page;
use gloo_net::http::{Request, Response};
use jmessage_client::{Credentials, Failure, Signature};
use jmessage_proto::Code;
use jmessage_sign::{Fields, MasterSecret, sign};
use js_sys::{Date, Function, JSON, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCache, RequestInit};

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
pub(crate) fn credentials(options: &Options) -> Result<(Credentials, Option<Signer>), Problem> {
    let source = if let Some(signer) = options.given("signer") {
        match signer.dyn_into::<Function>() {
            Ok(function) => Source::Function(function),
            Err(_) => Source::Url(options.text("signer")?),
        }
    } else if let Some(spelling) =
        ["masterSecrect", "masterSecret"].into_iter().find(|name| options.has(name))
    {
        options.text("appKey")?;
        Source::Secret(secret(&options.text(spelling)?)?)
    } else {
        return fields(None, options).map(|signature| (Credentials::Fields(signature), None));
    };
    let app_key = if options.has("appKey") { Some(options.text("appKey")?) } else { None };
    Ok((Credentials::Signer(app_key.clone()), Some(Signer { app_key, source })))
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

/// The fields that prove the App, from the page or from a signer; `app_key` if they need not name it.
fn fields(app_key: Option<&String>, options: &Options) -> Result<Signature, Problem> {
    let timestamp = if options.has("timeStamp") { "timeStamp" } else { "timestamp" };
    Ok(Signature {
        app_key: app_key.cloned().map_or_else(|| options.text("appKey"), Ok)?,
        timestamp: options.text(timestamp)?,
        random_str: options.text("randomStr")?,
        signature: options.text("signature")?,
    })
}

impl Signer {
    /// A fresh signature, or why there is none.
    pub(crate) async fn sign(&self) -> Result<Signature, Failure> {
        let answer = match &self.source {
            Source::Secret(secret) => return sign_here(self.app_key.clone().unwrap_or_default(), secret),
            Source::Url(url) => fetch(url).await,
            Source::Function(function) => call(function).await,
        };
        let answer = answer.ok_or(Failure::new(Code::SignatureInvalid, "the signer failed"))?;
        fields(self.app_key.as_ref(), &Options::new(answer)).map_err(|Problem(field, problem)| {
            let mut message = String::from("the signer's answer: ");
            message.push_str(field);
            message.push_str(problem);
            Failure::new(Code::SignatureInvalid, &message)
        })
    }
}

async fn fetch(url: &str) -> Option<JsValue> {
    let options = RequestInit::new();
    options.set_cache(RequestCache::NoStore);
    // gloo-net's own builder takes URLs apart to put them together again.
    let request = Request::from(web_sys::Request::new_with_str_and_init(url, &options).ok()?);
    let response = request.send().await.ok().filter(Response::ok)?;
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

fn sign_here(app_key: String, secret: &MasterSecret) -> Result<Signature, Failure> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "seconds since 1970")]
    let timestamp = json(&number((Date::now() / 1000.0) as u64));
    let random_str = random_hex();
    let fields =
        Fields::new(&app_key, &timestamp, &random_str).map_err(|_| Failure::from(Code::ConfigFailed))?;
    let signature = sign(&fields, secret).as_bytes().iter().map(|digit| char::from(*digit)).collect();
    Ok(Signature { app_key, timestamp, random_str, signature })
}

/// Random bytes fit for secrets.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // Fails only for more than 64 kB.
    _ = CRYPTO.with(|crypto| crypto.get_random_values_with_u8_array(&mut bytes));
    bytes
}

fn random_hex() -> String {
    let mut text = String::new();
    for byte in random::<32>() {
        text.push(char::from(b'a' + (byte & 15)));
    }
    text
}
