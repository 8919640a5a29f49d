//! What the tool takes from the machine: the clock, a random string, the secret.

use std::collections::hash_map::RandomState;
use std::env;
use std::hash::BuildHasher;
use std::io::{self, BufRead, Read};
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use jmessage_sign::{FieldError, MasterSecret};

use crate::args::Options;
use crate::failure::Failure;

const SECRET_VARIABLE: &str = "JMESSAGE_MASTER_SECRET";

/// Far more than the longest secret; what follows is not read.
const LINE_LIMIT: u64 = 1024;

/// Seconds since 1970-01-01 UTC.
pub(crate) fn now() -> Result<u64, Failure> {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|since| since.as_secs())
        .map_err(|_| Failure::System("the system clock stands before 1970".into()))
}

/// 32 hex digits that differ from call to call. The random string is public and only has to be new each
/// time, so the randomly keyed hasher of the standard library is source enough.
pub(crate) fn random_str() -> String {
    let seed = (SystemTime::now(), process::id());
    let half = || RandomState::new().hash_one(seed);
    format!("{:016x}{:016x}", half(), half())
}

/// The secret from the first source given: argument, standard input, environment.
pub(crate) fn master_secret(options: &Options) -> Result<MasterSecret, Failure> {
    let (source, text) = match (&options.master_secret, options.master_secret_stdin) {
        (Some(_), true) => {
            let both = "--master-secret and --master-secret-stdin exclude each other";
            return Err(Failure::Usage(both.into()));
        }
        (Some(text), false) => ("--master-secret", text.clone()),
        (None, true) => ("--master-secret-stdin", first_line()?),
        (None, false) => (SECRET_VARIABLE, from_environment()?),
    };
    MasterSecret::new(&text).map_err(|error: FieldError| Failure::Usage(format!("{source}: {error}")))
}

fn first_line() -> Result<String, Failure> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .take(LINE_LIMIT)
        .read_line(&mut line)
        .map_err(|error| Failure::System(format!("standard input could not be read: {error}")))?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

fn from_environment() -> Result<String, Failure> {
    match env::var(SECRET_VARIABLE) {
        Ok(text) if !text.is_empty() => Ok(text),
        Err(env::VarError::NotUnicode(_)) => {
            Err(Failure::Usage(format!("{SECRET_VARIABLE} must be valid UTF-8")))
        }
        Ok(_) | Err(env::VarError::NotPresent) => Err(Failure::Usage(format!(
            "the master secret is missing: set {SECRET_VARIABLE}, or give --master-secret-stdin or --master-secret"
        ))),
    }
}
