//! What was fuzzed is replayed, so that the targets build, their corpora stay good, and what was found once is not found
//! again. `cargo xtask nightly` fuzzes.

#[path = "../../../fuzz/src/lib.rs"]
#[allow(
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "a target panics when a promise is broken"
)]
mod targets;

use anyhow::{Result, ensure};
use std::{fs, path::Path};

fn replay(name: &str, target: fn(&[u8])) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let mut inputs = Vec::new();
    for entry in fs::read_dir(&folder)? {
        inputs.push(entry?.path());
    }
    inputs.sort();
    ensure!(inputs.len() >= 5, "only {} inputs in {}", inputs.len(), folder.display());
    for input in inputs {
        let data = fs::read(&input)?;
        // Cut short too, at every place: half of an input is one more.
        for end in (0..data.len().min(2000)).chain([data.len()]) {
            target(&data[..end]);
        }
    }
    Ok(())
}

#[test]
fn requests_are_refused_or_read_alike_twice() -> Result<()> {
    replay("request", targets::request)
}

#[test]
fn responses_are_refused_or_read_alike_twice() -> Result<()> {
    replay("response", targets::response)
}

#[test]
fn bytes_on_a_websocket_say_the_same_however_they_are_cut() -> Result<()> {
    replay("websocket", targets::websocket)
}

#[test]
fn options_of_calls_are_refused_by_name_or_make_sense() -> Result<()> {
    replay("call", targets::call)
}

#[test]
fn fields_of_a_signature_are_in_the_grammar_or_refused() -> Result<()> {
    replay("signature", targets::signature)
}

#[test]
fn a_client_hands_on_each_entry_once_whatever_arrives() -> Result<()> {
    replay("client", targets::client)
}
