//! The real binary over real HTTP: what it signs verifies, and only the right pages may ask.
#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use jmessage_sign::{Fields, MasterSecret, verify};
use serde_json::Value;

const KEY: &str = "4f7aef34fb361292c566a1cd";
const SECRET: &str = "054d6103823a726fc12d0466";

/// A running example; stopped when dropped.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_signature-server"))
            .args(["--listen", "127.0.0.1:0", "--allow-origin", "https://chat.example.com"])
            .args(["--allow-origin", "http://localhost:8080"])
            .env("JMESSAGE_APP_KEY", KEY)
            .env("JMESSAGE_MASTER_SECRET", SECRET)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    /// One request with the given further header lines.
    fn request(&self, method: &str, target: &str, headers: &[&str]) -> Answer {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let lines = [headers, &[""]].concat().join("\r\n");
        let host = &self.address;
        write!(stream, "{method} {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{lines}\r\n")
            .unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        Answer { head: head.to_ascii_lowercase(), body: body.to_owned() }
    }

    fn get(&self, target: &str, headers: &[&str]) -> Answer {
        self.request("GET", target, headers)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Answer {
    /// In lower case.
    head: String,
    body: String,
}

impl Answer {
    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    #[track_caller]
    fn assert_never_cached_nor_guessed(&self, content_type: &str) {
        assert_eq!(self.header("content-type"), Some(content_type));
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(self.header("vary"), Some("origin"));
    }
}

/// The four fields are all there, as strings, and verify now; gives back the random string.
#[track_caller]
fn assert_signed(json: &str) -> String {
    let value: Value = serde_json::from_str(json).unwrap();
    assert_eq!(value.as_object().unwrap().len(), 5);
    let field = |name: &str| value[name].as_str().unwrap();
    assert_eq!(field("appKey"), KEY);
    assert_eq!(field("timestamp"), field("timeStamp"));
    let fields = Fields::new(KEY, field("timestamp"), field("randomStr")).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(verify(&fields, field("signature"), &MasterSecret::new(SECRET).unwrap(), now, 60), Ok(()));
    assert!(!json.contains(SECRET));
    field("randomStr").to_owned()
}

#[test]
fn json_verifies_and_is_new_each_time() {
    let server = Server::start();
    let (first, second) = (server.get("/signature", &[]), server.get("/signature?_=1433158400", &[]));
    assert_eq!((first.status(), second.status()), ("200", "200"));
    first.assert_never_cached_nor_guessed("application/json");
    assert_ne!(assert_signed(&first.body), assert_signed(&second.body));
}

#[test]
fn listed_origins_and_no_others_get_the_cors_header() {
    let server = Server::start();
    for (origin, listed) in [
        ("https://chat.example.com", true),
        ("http://localhost:8080", true),
        ("http://chat.example.com", false),
        ("https://chat.example.com:8443", false),
        ("https://chat.example.com.evil.example", false),
        ("null", false),
    ] {
        let line = format!("Origin: {origin}");
        let expected = listed.then_some(origin);
        let answer = server.get("/signature", &[&line]);
        assert_eq!(answer.header("access-control-allow-origin"), expected, "{origin}");

        let preflight =
            server.request("OPTIONS", "/signature", &[&line, "Access-Control-Request-Method: GET"]);
        assert_eq!(preflight.status(), if listed { "204" } else { "403" }, "{origin}");
        assert_eq!(preflight.header("access-control-allow-origin"), expected, "{origin}");
        assert_eq!(preflight.header("vary"), Some("origin"));
    }
    assert_eq!(server.get("/signature", &[]).header("access-control-allow-origin"), None);
    assert_eq!(server.request("POST", "/signature", &[]).status(), "405");
}

#[test]
fn jsonp_wraps_the_same_fields() {
    let server = Server::start();
    for name in ["jsonpCallback", "$", "_a.b.c", "jQuery1720_1433158400", &"a".repeat(64)] {
        let answer =
            server.get(&format!("/signature?callback={name}"), &["Referer: http://localhost:8080/im"]);
        assert_eq!(answer.status(), "200");
        answer.assert_never_cached_nor_guessed("text/javascript; charset=utf-8");
        let json = answer.body.strip_prefix(&format!("/**/{name}(")).unwrap().strip_suffix(");").unwrap();
        assert_signed(json);
    }
}

#[test]
fn a_callback_that_is_no_name_is_refused_and_not_repeated() {
    let server = Server::start();
    let long = "a".repeat(65);
    for name in ["", "1a", ".a", "a-b", "a(b", "a%3Cscript%3E", "%E4%BD%A0", "a%0Ab", "a%5B0%5D", &long] {
        let answer =
            server.get(&format!("/signature?callback={name}"), &["Referer: http://localhost:8080/im"]);
        assert_eq!(answer.status(), "400", "{name}");
        answer.assert_never_cached_nor_guessed("application/json");
        assert!(
            answer.body.starts_with(r#"{"error":"callback must be a JavaScript name"#),
            "{}",
            answer.body
        );
    }
}

#[test]
fn jsonp_obeys_the_allow_list_too() {
    let server = Server::start();
    let own = format!("Referer: http://{}/page.html", server.address);
    for (headers, status) in [
        (&["Referer: https://chat.example.com/"][..], "200"),
        (&["Referer: https://chat.example.com/im?a=b#c"], "200"),
        (&[own.as_str()], "200"),
        (&["Sec-Fetch-Site: same-origin"], "200"),
        (&["Sec-Fetch-Site: none"], "200"),
        (&[], "403"),
        (&["Sec-Fetch-Site: cross-site"], "403"),
        (&["Referer: https://evil.example/"], "403"),
        (&["Referer: https://evil.example/https://chat.example.com/"], "403"),
        (&["Referer: https://chat.example.com@evil.example/"], "403"),
        (&["Referer: https://evil.example/", "Sec-Fetch-Site: same-origin"], "403"),
        (&["Referer: about:blank"], "403"),
    ] {
        let answer = server.get("/signature?callback=f", headers);
        assert_eq!(answer.status(), status, "{headers:?}");
        assert_eq!(answer.body.starts_with("/**/f("), status == "200", "{headers:?}");
    }
}

#[test]
fn a_termination_signal_stops_it_cleanly() {
    let mut server = Server::start();
    assert_eq!(server.get("/signature", &[]).status(), "200");
    // The shell's own `kill`: a program of that name is not on every machine.
    let kill = format!("kill -TERM {}", server.child.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

#[test]
fn wrong_arguments_are_refused_without_showing_the_secret() {
    let run = |key: &str, secret: &str, more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signature-server"));
        command.args(["--listen", "127.0.0.1:0", "--app-key", key, "--master-secret", secret]).args(more);
        let output = command.output().unwrap();
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(2), &b""[..]));
        String::from_utf8(output.stderr).unwrap()
    };
    let error = run(KEY, "not good", &[]);
    assert!(error.contains("masterSecrect has a character at position 4"), "{error}");
    assert!(!error.contains("not good"), "{error}");
    assert!(run("a&b", SECRET, &[]).contains("appKey has a character at position 2"));
    for origin in ["chat.example.com", "ftp://chat.example.com", "https://", "https://a.example/", "*"] {
        let error = run(KEY, SECRET, &["--allow-origin", origin]);
        assert!(error.contains("an origin is http:// or https://"), "{origin}: {error}");
    }
}

#[test]
fn help_does_not_print_the_secret_of_the_environment() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_signature-server"));
    let output = command.arg("--help").env("JMESSAGE_MASTER_SECRET", SECRET).output().unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("JMESSAGE_MASTER_SECRET") && help.contains("--allow-origin"), "{help}");
    assert!(!help.contains(SECRET), "{help}");
}
