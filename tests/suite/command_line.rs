//! The built program as a caller sees it: exit codes, one error, and a reader that goes away.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

fn floodmark(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_floodmark"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).env("NO_COLOR", "1");
    command
}

fn output(arguments: &[&str]) -> Output {
    floodmark(arguments).output().unwrap()
}

fn errors(arguments: &[&str]) -> (Option<i32>, String) {
    let output = output(arguments);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_profile_that_is_wrong_is_a_usage_error_with_its_line() {
    let arguments = ["plan", "profiles/average.toml", "--set", "stream.orders.rat=5k/s"];
    let (code, shown) = errors(&arguments);
    assert_eq!(code, Some(2), "{shown}");
    assert!(shown.contains("--set stream.orders.rat=5k/s") && shown.contains("did you mean `rate`?"), "{shown}");
    let (code, plain) = errors(&[&arguments[..], &["--json"]].concat());
    assert_eq!((code, plain.lines().count()), (Some(2), 1), "{plain}");
}

#[test]
fn wrong_usage_is_exit_code_two_and_help_is_zero() {
    for arguments in [&["fly"][..], &["run"], &["plan", "profiles/average.toml", "--duration", "10"], &[]] {
        assert_eq!(errors(arguments).0, Some(2), "{arguments:?}");
    }
    for arguments in [&["--help"][..], &["--version"], &["run", "--help"]] {
        assert_eq!(output(arguments).status.code(), Some(0), "{arguments:?}");
    }
    let (code, shown) = errors(&["plan", "profiles/none.toml"]);
    assert!(code == Some(2) && shown.contains("there is no profile profiles/none.toml"), "{shown}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    for arguments in [&["schema", "profile"][..], &["completions", "zsh"], &["completions", "man"]] {
        let mut child = floodmark(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let shown = String::from_utf8(output.stderr).unwrap();
        assert!(!first.is_empty() && output.status.success() && shown.is_empty(), "{arguments:?}: {shown}");
    }
}

#[test]
fn a_schema_is_json() {
    for format in ["profile", "summary", "watermark"] {
        let schema: serde_json::Value = serde_json::from_slice(&output(&["schema", format]).stdout).unwrap();
        assert!(schema["$schema"].as_str().unwrap().ends_with("2020-12/schema"), "{format}");
    }
}
