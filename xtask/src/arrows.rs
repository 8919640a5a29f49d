//! The arrows between the workspace's crates: who may use whom, and which outside crates a room
//! must not know. Cargo enforces that there are no circles; this enforces the direction.

use crate::workspace::Workspace;
use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What one crate may use of ours, and what it must not use of others'.
struct Room {
    name: &'static str,
    may_use: &'static [&'static str],
    must_not_know: &'static [&'static str],
}

const BROWSER: [&str; 4] = ["js-sys", "wasm-bindgen", "wasm-bindgen-futures", "web-sys"];

/// The table of rooms in `ARCHITECTURE.md`.
const ROOMS: &[Room] = &[
    Room {
        name: "jmessage-wasm",
        may_use: &["jmessage-client", "jmessage-proto", "jmessage-sign", "jmessage-model"],
        must_not_know: &["axum", "tokio", "rusqlite"],
    },
    Room {
        name: "jmessage-model",
        may_use: &[],
        must_not_know: &["axum", "rusqlite", "serde_json", "tokio"],
    },
    Room {
        name: "jmessage-proto",
        may_use: &["jmessage-model"],
        must_not_know: &["axum", "tokio", "web-sys"],
    },
    Room {
        name: "jmessage-media",
        may_use: &["jmessage-model"],
        must_not_know: &["axum", "http", "object_store", "rusqlite", "tokio"],
    },
    Room { name: "jmessage-sign", may_use: &[], must_not_know: &["axum", "serde", "serde_json", "tokio"] },
    Room {
        name: "jmessage-client",
        may_use: &["jmessage-model", "jmessage-proto"],
        must_not_know: &["gloo-net", "js-sys", "tokio", "wasm-bindgen", "wasm-bindgen-futures", "web-sys"],
    },
    Room {
        name: "jmessage-core",
        may_use: &["jmessage-model"],
        must_not_know: &["axum", "http", "hyper", "object_store", "rusqlite", "serde_json", "sqlx"],
    },
    Room { name: "jmessage-store", may_use: &["jmessage-model", "jmessage-core"], must_not_know: &["axum"] },
    Room { name: "jmessage-bus", may_use: &["jmessage-model"], must_not_know: &["axum", "rusqlite"] },
    Room {
        name: "jmessage-gateway",
        may_use: &["jmessage-core", "jmessage-media", "jmessage-model", "jmessage-proto", "jmessage-sign"],
        must_not_know: &["image", "object_store", "rusqlite", "sqlx"],
    },
    Room {
        name: "jmessage-server",
        may_use: &[
            "jmessage-bus",
            "jmessage-core",
            "jmessage-gateway",
            "jmessage-model",
            "jmessage-proto",
            "jmessage-sign",
            "jmessage-store",
        ],
        must_not_know: &BROWSER,
    },
    Room {
        name: "jmessage-testkit",
        may_use: &[
            "jmessage-bus",
            "jmessage-client",
            "jmessage-core",
            "jmessage-gateway",
            "jmessage-media",
            "jmessage-model",
            "jmessage-proto",
            "jmessage-server",
            "jmessage-sign",
            "jmessage-store",
        ],
        must_not_know: &BROWSER,
    },
    Room { name: "signature-server", may_use: &["jmessage-sign"], must_not_know: &["rusqlite"] },
    Room { name: "xtask", may_use: &[], must_not_know: &["axum", "rusqlite", "tokio"] },
];

/// Checks every member of the workspace; the error lists all violations.
pub(crate) fn check(ws: &Workspace) -> Result<String> {
    let names: Vec<&str> = ws.members.iter().filter_map(|member| member["name"].as_str()).collect();
    let mut wrong = Vec::new();
    let mut arrows = 0;
    for member in &ws.members {
        let name = member["name"].as_str().context("a package without a name")?;
        let Some(room) = ROOMS.iter().find(|room| room.name == name) else {
            wrong.push(format!("{name} has no room: add it to ARCHITECTURE.md and to xtask/src/arrows.rs"));
            continue;
        };
        let dependencies = member["dependencies"].as_array().context("a package without dependencies")?;
        for dependency in dependencies.iter().filter(|dependency| ships(dependency)) {
            let used = dependency["name"].as_str().context("a dependency without a name")?;
            arrows += usize::from(names.contains(&used));
            wrong.extend(violation(room, used, names.contains(&used)));
        }
    }
    if wrong.is_empty() {
        Ok(format!("{} crates, {arrows} arrows, all allowed", ws.members.len()))
    } else {
        bail!("{}", wrong.join("\n"))
    }
}

/// Tests may use what they like.
fn ships(dependency: &Value) -> bool {
    dependency["kind"].as_str() != Some("dev")
}

fn violation(room: &Room, used: &str, ours: bool) -> Option<String> {
    if ours && !room.may_use.contains(&used) {
        Some(format!("{} must not use {used}; it may use [{}]", room.name, room.may_use.join(", ")))
    } else if room.must_not_know.contains(&used) {
        Some(format!("{} must not know {used}", room.name))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::path::PathBuf;

    fn workspace(members: Value) -> Workspace {
        let Value::Array(members) = members else { panic!("members are a list") };
        Workspace { root: PathBuf::new(), target: PathBuf::new(), members }
    }

    #[test]
    fn an_arrow_against_the_table_is_named() {
        let ws = workspace(json!([
            {"name": "jmessage-model", "dependencies": []},
            {"name": "jmessage-store", "dependencies": []},
            {"name": "jmessage-core", "dependencies": [
                {"name": "jmessage-model", "kind": null},
                {"name": "jmessage-store", "kind": null},
                {"name": "rusqlite", "kind": "build"},
            ]},
        ]));
        let text = check(&ws).unwrap_err().to_string();
        assert!(text.contains("jmessage-core must not use jmessage-store"), "{text}");
        assert!(text.contains("jmessage-core must not know rusqlite"), "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn tests_may_use_anything_and_new_crates_need_a_room() {
        let model =
            json!({"name": "jmessage-model", "dependencies": [{"name": "jmessage-core", "kind": "dev"}]});
        let core = json!({"name": "jmessage-core", "dependencies": []});
        assert!(check(&workspace(json!([model, core]))).is_ok());
        let stranger = json!({"name": "jmessage-extra", "dependencies": []});
        assert!(check(&workspace(json!([stranger]))).unwrap_err().to_string().contains("has no room"));
    }
}
