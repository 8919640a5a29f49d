//! The real binary: output, precise errors, exit codes, and where the secret may come from.
#![allow(clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Output, Stdio};

const KEY: &str = "4f7aef34fb361292c566a1cd";
const SECRET: &str = "054d6103823a726fc12d0466";
const SIGNATURE: &str = "CDE6052A6A317D15694C189D5ACF2A79";

/// What one run left behind.
#[derive(Debug, PartialEq)]
struct Run {
    code: Option<i32>,
    out: String,
    err: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

fn tool(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jmessage-sign"));
    command.args(arguments).env_remove("JMESSAGE_MASTER_SECRET").stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Run {
    tool(arguments).output().unwrap().into()
}

fn run_with_stdin(arguments: &[&str], input: &str) -> Run {
    let mut child =
        tool(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap().into()
}

fn sign_vector<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["sign", "--app-key", KEY, "--timestamp", "111", "--random-str", "222"], more].concat()
}

fn verify_vector<'a>(more: &[&'a str]) -> Vec<&'a str> {
    let fields = ["verify", "--app-key", KEY, "--timestamp", "111", "--random-str", "222"];
    [&fields[..], &["--master-secret", SECRET], more].concat()
}

#[track_caller]
fn assert_usage(run: &Run, message: &str) {
    assert_eq!(run.err, format!("jmessage-sign: {message}\nTry 'jmessage-sign --help'.\n"));
    assert_eq!((run.code, run.out.as_str()), (Some(2), ""));
}

#[test]
fn signs_the_published_vector() {
    let plain = format!("appKey={KEY}\ntimestamp=111\nrandomStr=222\nsignature={SIGNATURE}\n");
    let signed = run(&sign_vector(&["--master-secret", SECRET]));
    assert_eq!(signed, Run { code: Some(0), out: plain, err: String::new() });

    let json = format!(
        "{{\"appKey\":\"{KEY}\",\"timestamp\":\"111\",\"randomStr\":\"222\",\"signature\":\"{SIGNATURE}\"}}\n"
    );
    let signed = run(&sign_vector(&["--json", &format!("--master-secret={SECRET}")]));
    assert_eq!(signed, Run { code: Some(0), out: json, err: String::new() });
}

#[test]
fn the_secret_need_not_stand_in_the_process_list() {
    let from_argument = run(&sign_vector(&["--master-secret", SECRET]));
    let from_environment =
        tool(&sign_vector(&[])).env("JMESSAGE_MASTER_SECRET", SECRET).output().unwrap().into();
    assert_eq!(from_argument, from_environment);
    for line in [SECRET.to_owned(), format!("{SECRET}\n"), format!("{SECRET}\r\nmore\n")] {
        assert_eq!(run_with_stdin(&sign_vector(&["--master-secret-stdin"]), &line), from_argument);
    }
    // An option wins over the environment.
    let mut command = tool(&sign_vector(&["--master-secret", SECRET]));
    let overridden: Run = command.env("JMESSAGE_MASTER_SECRET", "other").output().unwrap().into();
    assert_eq!(overridden, from_argument);
}

#[test]
fn sign_fills_in_the_time_and_a_fresh_random_string() {
    let fields = || {
        let signed = run(&["sign", "--app-key", KEY, "--master-secret", SECRET]);
        let value = |line: &str| line.split_once('=').unwrap().1.to_owned();
        signed.out.lines().map(value).collect::<Vec<_>>()
    };
    let (first, second) = (fields(), fields());
    assert_eq!(first[2].len(), 32);
    assert_ne!(first[2], second[2]);
    let arguments = ["--app-key", KEY, "--timestamp", &first[1], "--random-str", &first[2]];
    let rest = ["--signature", &first[3], "--master-secret", SECRET];
    let verified = run(&[&["verify"], &arguments[..], &rest].concat());
    assert_eq!(verified, Run { code: Some(0), out: "valid\n".into(), err: String::new() });
}

#[test]
fn verify_tells_its_verdicts_apart() {
    let lower = SIGNATURE.to_lowercase();
    let altered = SIGNATURE.replace('C', "D");
    for (signature, now, code, word, sentence) in [
        (SIGNATURE, "171", 0, "valid", ""),
        (&lower, "51", 0, "valid", ""),
        (&altered, "111", 1, "mismatch", "the signature does not belong to these fields and this secret"),
        (&altered, "999", 1, "mismatch", "the signature does not belong to these fields and this secret"),
        (SIGNATURE, "172", 3, "expired", "the signature has expired: signed 61 s ago, the window is 60 s"),
        (
            SIGNATURE,
            "50",
            4,
            "not-yet-valid",
            "the timestamp of the signature lies in the future: by 61 s, the window is 60 s",
        ),
    ] {
        let arguments = verify_vector(&["--signature", signature, "--window", "60", "--now", now]);
        let verdict = run(&arguments);
        assert_eq!((verdict.code, verdict.out), (Some(code), format!("{word}\n")));
        assert_eq!(verdict.err.trim_end().trim_start_matches("jmessage-sign: "), sentence);

        let verdict = run(&[&arguments[..], &["--json"]].concat());
        let json = match code {
            0 => "{\"valid\":true}\n".into(),
            _ => format!("{{\"valid\":false,\"reason\":\"{word}\"}}\n"),
        };
        assert_eq!((verdict.code, verdict.out), (Some(code), json));
    }
}

#[test]
fn the_window_is_ten_minutes_unless_told_otherwise() {
    let at = |now| run(&verify_vector(&["--signature", SIGNATURE, "--now", now])).code;
    assert_eq!(at("711"), Some(0));
    assert_eq!(at("712"), Some(3));
}

#[test]
fn milliseconds_are_named() {
    let fields = ["--app-key", KEY, "--timestamp", "1433158400000", "--random-str", "222"];
    let signed = run(&[&["sign", "--master-secret", SECRET], &fields[..]].concat());
    let signature = signed.out.lines().last().unwrap().strip_prefix("signature=").unwrap();
    let rest = ["--master-secret", SECRET, "--signature", signature, "--now", "1433158400"];
    let verdict = run(&[&["verify"], &fields[..], &rest].concat());
    assert_eq!((verdict.code, verdict.out.as_str()), (Some(4), "not-yet-valid\n"));
    assert!(verdict.err.ends_with("it looks like milliseconds, and must be seconds\n"), "{verdict:?}");
}

#[test]
fn wrong_arguments_are_named_precisely() {
    for (arguments, message) in [
        (&[][..], "a command is missing: sign or verify"),
        (&["frobnicate"], "the first argument must be a command: sign or verify"),
        (&["sign"], "--app-key is missing"),
        (&["sign", "--app-key"], "--app-key needs a value"),
        (&["sign", "--app-key", "--json"], "--app-key needs a value"),
        (&["sign", "--app-key", "a", "--app-key=b"], "--app-key is given twice"),
        (&["sign", "--json=yes"], "--json takes no value"),
        (&["sign", "--now", "1"], "there is no option --now here"),
        (&["sign", "--secret=hunter2"], "there is no option --secret here"),
        (&["sign", "hunter2"], "an argument stands where an option was expected"),
        (&["verify", "--app-key", "a"], "--timestamp is missing"),
        (&["verify", "--app-key", "a", "--timestamp", "1"], "--random-str is missing"),
        (&["verify", "--app-key=a", "--timestamp=1", "--random-str=2"], "--signature is missing"),
    ] {
        assert_usage(&run(arguments), message);
    }
    let verify = |more: &[&str]| run(&verify_vector(&[&["--signature", SIGNATURE], more].concat()));
    assert_usage(&verify(&["--window", "soon"]), "--window must be a whole number of seconds");
    assert_usage(&verify(&["--now", "-1"]), "--now must be a whole number of seconds");
}

#[test]
fn malformed_fields_are_named_precisely() {
    let secret = ["--master-secret", SECRET];
    let sign = |fields: &[&str]| run(&[&["sign"], fields, &secret].concat());
    assert_usage(&sign(&["--app-key", ""]), "--app-key: appKey must be 1 to 64 characters long");
    assert_usage(
        &sign(&["--app-key", "a", "--timestamp", "1&randomStr=2"]),
        "--timestamp: timestamp has a character at position 2 that is not one of 0-9",
    );
    assert_usage(
        &sign(&["--app-key", "a", "--random-str", "2&randomStr=3"]),
        "--random-str: randomStr has a character at position 2 that is not one of A-Z a-z 0-9 - . _ ~ : + /",
    );
    assert_usage(
        &run(&verify_vector(&["--signature", "CDE6"])),
        "--signature: signature must be 32 characters long",
    );
}

#[test]
fn a_bad_secret_is_never_repeated() {
    let alphabet = "that is not one of A-Z a-z 0-9 _ -";
    let spaced = format!("masterSecrect has a character at position 4 {alphabet}");
    let bad = run(&sign_vector(&["--master-secret", "not good"]));
    assert_usage(&bad, &format!("--master-secret: {spaced}"));
    let bad = run_with_stdin(&sign_vector(&["--master-secret-stdin"]), "not good\n");
    assert_usage(&bad, &format!("--master-secret-stdin: {spaced}"));
    let bad = run_with_stdin(&sign_vector(&["--master-secret-stdin"]), "");
    assert_usage(&bad, "--master-secret-stdin: masterSecrect must be 1 to 64 characters long");
    let bad: Run = tool(&sign_vector(&[])).env("JMESSAGE_MASTER_SECRET", "not good").output().unwrap().into();
    assert_usage(&bad, &format!("JMESSAGE_MASTER_SECRET: {spaced}"));

    let missing = "the master secret is missing: set JMESSAGE_MASTER_SECRET, or give --master-secret-stdin \
                   or --master-secret";
    assert_usage(&run(&sign_vector(&[])), missing);
    let empty: Run = tool(&sign_vector(&[])).env("JMESSAGE_MASTER_SECRET", "").output().unwrap().into();
    assert_usage(&empty, missing);
    assert_usage(
        &run(&sign_vector(&["--master-secret", SECRET, "--master-secret-stdin"])),
        "--master-secret and --master-secret-stdin exclude each other",
    );
}

#[test]
fn unreadable_input_is_a_failure_of_the_system() {
    let mut child = tool(&sign_vector(&["--master-secret-stdin"]))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"\xff\xfe\n").unwrap();
    let failed: Run = child.wait_with_output().unwrap().into();
    assert_eq!((failed.code, failed.out.as_str()), (Some(5), ""));
    assert!(failed.err.starts_with("jmessage-sign: standard input could not be read: "), "{failed:?}");
}

#[test]
fn help_names_every_option_and_exit_code() {
    let help = run(&["--help"]);
    assert_eq!((help.code, help.err.as_str()), (Some(0), ""));
    for word in [
        "--app-key",
        "--timestamp",
        "--random-str",
        "--signature",
        "--master-secret ",
        "--master-secret-stdin",
        "JMESSAGE_MASTER_SECRET",
        "--window",
        "--now",
        "--json",
        "--help",
        "--version",
        "[default 600]",
    ] {
        assert!(help.out.contains(word), "{word}");
    }
    for code in 0..=5 {
        assert!(help.out.contains(&format!("\n  {code}  ")), "exit code {code}");
    }
    for same in [&["-h"][..], &["help"], &["sign", "--help"], &["verify", "--app-key", "a", "-h"]] {
        assert_eq!(run(same), help);
    }
    let version = run(&["--version"]);
    assert_eq!(version.out, format!("jmessage-sign {}\n", env!("CARGO_PKG_VERSION")));
}
