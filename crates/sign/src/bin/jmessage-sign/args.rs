//! The command line, read into words. Nothing here judges a value: that is the library's grammar.

use std::ffi::OsString;

/// What was asked for.
pub(crate) enum Command {
    Help,
    Version,
    Sign(Options),
    Verify(Options),
}

/// The options of both commands; each has been given at most once. No `Debug`: it holds the secret.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) app_key: Option<String>,
    pub(crate) timestamp: Option<String>,
    pub(crate) random_str: Option<String>,
    pub(crate) signature: Option<String>,
    pub(crate) window: Option<String>,
    pub(crate) now: Option<String>,
    pub(crate) master_secret: Option<String>,
    pub(crate) master_secret_stdin: bool,
    pub(crate) json: bool,
}

/// Where an option's argument goes.
enum Slot<'a> {
    Value(&'a mut Option<String>),
    Switch(&'a mut bool),
}

/// Reads the arguments after the program's name. The error is one sentence for the user; it never repeats a
/// value, which may be a secret put in the wrong place.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, String> {
    let mut arguments = arguments.map(|argument| {
        argument.into_string().map_err(|_| String::from("the arguments must be valid UTF-8"))
    });
    let Some(command) = arguments.next().transpose()? else {
        return Err("a command is missing: sign or verify".into());
    };
    let verify = match command.as_str() {
        "-h" | "--help" | "help" => return Ok(Command::Help),
        "-V" | "--version" => return Ok(Command::Version),
        "sign" => false,
        "verify" => true,
        _ => return Err("the first argument must be a command: sign or verify".into()),
    };
    let mut options = Options::default();
    while let Some(argument) = arguments.next().transpose()? {
        let (name, inline) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        match name {
            "-h" | "--help" => return Ok(Command::Help),
            "-V" | "--version" => return Ok(Command::Version),
            _ if !name.starts_with('-') => {
                return Err("an argument stands where an option was expected".into());
            }
            _ => {}
        }
        match options.slot(name, verify).ok_or_else(|| format!("there is no option {name} here"))? {
            Slot::Value(slot) => {
                let next = || match arguments.next().transpose()? {
                    Some(value) if !value.starts_with("--") => Ok(value),
                    Some(_) | None => Err(format!("{name} needs a value")),
                };
                let value = inline.map_or_else(next, Ok)?;
                if slot.replace(value).is_some() {
                    return Err(format!("{name} is given twice"));
                }
            }
            Slot::Switch(_) if inline.is_some() => return Err(format!("{name} takes no value")),
            Slot::Switch(slot) => *slot = true,
        }
    }
    Ok(if verify { Command::Verify(options) } else { Command::Sign(options) })
}

impl Options {
    fn slot(&mut self, name: &str, verify: bool) -> Option<Slot<'_>> {
        Some(match name {
            "--app-key" => Slot::Value(&mut self.app_key),
            "--timestamp" => Slot::Value(&mut self.timestamp),
            "--random-str" => Slot::Value(&mut self.random_str),
            "--master-secret" => Slot::Value(&mut self.master_secret),
            "--master-secret-stdin" => Slot::Switch(&mut self.master_secret_stdin),
            "--json" => Slot::Switch(&mut self.json),
            "--signature" if verify => Slot::Value(&mut self.signature),
            "--window" if verify => Slot::Value(&mut self.window),
            "--now" if verify => Slot::Value(&mut self.now),
            _ => return None,
        })
    }
}
