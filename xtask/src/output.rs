//! What the commands print: headings, notes and failures, coloured only on a terminal.

use std::io::IsTerminal;

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
    if std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none() {
        eprintln!("\x1b[{style}m{text}\x1b[0m");
    } else {
        eprintln!("{text}");
    }
}
