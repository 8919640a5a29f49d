//! `docs/delivery.md` names tests; each of them is there.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path};

/// The texts between backticks.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

#[test]
fn every_test_that_the_promises_name_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let promises = fs::read_to_string(root.join("docs/delivery.md")).unwrap();
    let mut named = 0;
    for line in promises.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(quoted).collect();
        let [tests, files] = cells.as_slice() else { continue };
        let [file] = files.as_slice() else { continue };
        // Other rows name commands and what they run.
        if Path::new(file).extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let text = fs::read_to_string(root.join(file)).unwrap_or_default();
        for test in tests {
            assert!(text.contains(&format!("fn {test}(")), "{file} has no test {test}");
            named += 1;
        }
    }
    assert!(named > 40, "the tables were not understood: {named}");
}
