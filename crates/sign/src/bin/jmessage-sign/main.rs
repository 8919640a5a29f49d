//! `jmessage-sign`: the library on the command line, for scripts and for trying things out.

mod args;
mod failure;
mod system;

use std::io::{self, Write};
use std::process::ExitCode;

use jmessage_sign::{DEFAULT_WINDOW_SECONDS, Field, FieldError, Fields, sign, verify};

use crate::args::{Command, Options};
use crate::failure::{Failure, Reason};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

fn run() -> Result<(), Failure> {
    match args::parse(std::env::args_os().skip(1)).map_err(Failure::Usage)? {
        Command::Help => print(include_str!("help.txt").trim_end()),
        Command::Version => print(concat!("jmessage-sign ", env!("CARGO_PKG_VERSION"))),
        Command::Sign(options) => run_sign(&options),
        Command::Verify(options) => run_verify(&options),
    }
}

fn run_sign(options: &Options) -> Result<(), Failure> {
    let app_key = required(options.app_key.as_deref(), "--app-key")?;
    let timestamp = match &options.timestamp {
        Some(timestamp) => timestamp.clone(),
        None => system::now()?.to_string(),
    };
    let random_str = options.random_str.clone().unwrap_or_else(system::random_str);
    let fields = Fields::new(app_key, &timestamp, &random_str).map_err(malformed)?;
    let signature = sign(&fields, &system::master_secret(options)?);
    // The grammar leaves nothing that JSON would have to escape.
    print(&if options.json {
        format!(
            r#"{{"appKey":"{app_key}","timestamp":"{timestamp}","randomStr":"{random_str}","signature":"{signature}"}}"#
        )
    } else {
        format!("appKey={app_key}\ntimestamp={timestamp}\nrandomStr={random_str}\nsignature={signature}")
    })
}

fn run_verify(options: &Options) -> Result<(), Failure> {
    let app_key = required(options.app_key.as_deref(), "--app-key")?;
    let timestamp = required(options.timestamp.as_deref(), "--timestamp")?;
    let random_str = required(options.random_str.as_deref(), "--random-str")?;
    let signature = required(options.signature.as_deref(), "--signature")?;
    let fields = Fields::new(app_key, timestamp, random_str).map_err(malformed)?;
    let window = seconds(options.window.as_deref(), "--window")?.unwrap_or(DEFAULT_WINDOW_SECONDS);
    let now = match seconds(options.now.as_deref(), "--now")? {
        Some(now) => now,
        None => system::now()?,
    };
    let secret = system::master_secret(options)?;
    let Err(error) = verify(&fields, signature, &secret, now, window) else {
        return print(if options.json { r#"{"valid":true}"# } else { "valid" });
    };
    let Some(reason) = Reason::of(error) else {
        return Err(Failure::Usage(format!("--signature: {error}")));
    };
    let word = reason.word();
    print(&if options.json { format!(r#"{{"valid":false,"reason":"{word}"}}"#) } else { word.into() })?;
    Err(Failure::Refused(
        reason,
        explain(reason, &error.to_string(), fields.timestamp_seconds(), now, window),
    ))
}

/// The verdict in one sentence, with the distance that decided it.
fn explain(reason: Reason, verdict: &str, signed_at: u64, now: u64, window: u64) -> String {
    let distance = now.abs_diff(signed_at);
    match reason {
        Reason::Mismatch => verdict.to_owned(),
        Reason::Expired => format!("{verdict}: signed {distance} s ago, the window is {window} s"),
        // A hundred times today's distance from 1970 is no clock error; a thousand times is another unit.
        Reason::NotYetValid if signed_at / 100 > now => {
            format!("{verdict}: it looks like milliseconds, and must be seconds")
        }
        Reason::NotYetValid => format!("{verdict}: by {distance} s, the window is {window} s"),
    }
}

fn required<'a>(value: Option<&'a str>, option: &str) -> Result<&'a str, Failure> {
    value.ok_or_else(|| Failure::Usage(format!("{option} is missing")))
}

fn malformed(error: FieldError) -> Failure {
    let option = match error.field {
        Field::AppKey => "--app-key",
        Field::Timestamp => "--timestamp",
        Field::RandomStr => "--random-str",
        Field::MasterSecret => "--master-secret",
        Field::Signature => "--signature",
    };
    Failure::Usage(format!("{option}: {error}"))
}

fn seconds(value: Option<&str>, option: &str) -> Result<Option<u64>, Failure> {
    let parse = |text: &str| {
        text.parse().map_err(|_| Failure::Usage(format!("{option} must be a whole number of seconds")))
    };
    value.map(parse).transpose()
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::System(format!("standard output could not be written: {error}")))
}
