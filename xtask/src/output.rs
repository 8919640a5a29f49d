//! What the commands print: headings, notes and failures, coloured only on a terminal.

use std::io::{IsTerminal, Write};

/// A heading: one stage of a command begins.
pub(crate) fn stage(text: &str) {
    paint("1;36", &format!("\n==> {text}"));
}

/// Something is about to be installed, with the reason.
pub(crate) fn install(what: &str, why: &str) {
    paint("33", &format!("    installing {what}: {why}"));
}

/// One plain line of progress.
pub(crate) fn note(text: &str) {
    paint("0", &format!("    {text}"));
}

/// A command line as it is run.
pub(crate) fn command(text: &str) {
    paint("2", &format!("    $ {text}"));
}

/// The reason why a command ends without success.
pub(crate) fn failure(text: &str) {
    paint("1;31", &format!("\nerror: {text}"));
}

/// Writes to standard error: standard output belongs to the programs that are run.
fn paint(style: &str, text: &str) {
    let mut err = std::io::stderr().lock();
    // A closed terminal is no reason to stop the work.
    let _ = if err.is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        writeln!(err, "\x1b[{style}m{text}\x1b[0m")
    } else {
        writeln!(err, "{text}")
    };
}
