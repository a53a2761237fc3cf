//! The built program as its caller sees it: exit codes, one error, and a reader that goes away.

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
    for arguments in [
        &["fly"][..],
        &["run"],
        &["plan", "profiles/average.toml", "--duration", "10"],
        &["show", "results", "--format", "xml"],
        &["show", "results", "--format", "text", "--json"],
        &[],
    ] {
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
    for arguments in [&["schema", "profile"][..], &["completions", "zsh"], &["man", "run"]] {
        let mut child = floodmark(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        let shown = String::from_utf8(output.stderr).unwrap();
        assert!(!first.is_empty() && output.status.success() && shown.is_empty(), "{arguments:?}: {shown}");
    }
}

/// The exit code when nobody reads the output, standard output alone or both.
fn code_unread(arguments: &[&str], also_errors: bool) -> Option<i32> {
    // A pipe whose reading end is closed: the effect of `| true`.
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let errors = if also_errors { Stdio::from(writer.try_clone().unwrap()) } else { Stdio::null() };
    floodmark(arguments).stdin(Stdio::null()).stdout(writer).stderr(errors).status().unwrap().code()
}

#[test]
fn the_verdict_decides_the_code_whoever_reads_the_output() {
    let place = tempfile::tempdir().unwrap();
    let out = |name: &str| place.path().join(name).to_str().unwrap().to_owned();
    let broken = "stream.orders.slo.end_to_end_p99=1ns";
    let run = |name: &str, more: &[&str], also_errors: bool| {
        let folder = out(name);
        let whole = ["run", "profiles/average.toml", "--duration", "4s", "--set", broken, "--out", &folder];
        code_unread(&[&whole[..], more].concat(), also_errors)
    };
    assert_eq!(run("text", &[], false), Some(1));
    assert_eq!(run("json", &["--json"], false), Some(1));
    assert_eq!(run("both", &[], true), Some(1));
    let merged = |name: &str| code_unread(&["merge", &out("text"), "--out", &out(name)], false);
    assert_eq!(merged("merged"), Some(1));
    let wrong = ["run", "profiles/average.toml", "--set", "stream.orders.rat=5k/s", "--json"];
    assert_eq!(code_unread(&wrong, true), Some(2));
}

#[test]
fn an_error_is_json_where_json_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.txt"), "mine").unwrap();
    let occupied = folder.path().to_str().unwrap();
    let average = "profiles/average.toml";
    let cases: [(&[&str], i32, &str, &str); 5] = [
        (&["plan", average, "--set", "stream.orders.rat=5k/s"], 2, "profile", "rat"),
        (&["run", average, "--out", occupied], 2, "usage", "not empty"),
        (&["merge", "results/there-is-none"], 2, "usage", "no floodmark run"),
        (&["run", average, "-b", "127.0.0.1:1"], 4, "environment", "127.0.0.1:1"),
        (&["run", average, "--colour"], 2, "usage", "--colour"),
    ];
    for (arguments, code, name, said) in cases {
        let output = output(&[arguments, &["--json"]].concat());
        let shown = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {shown}");
        let json: serde_json::Value = serde_json::from_str(&shown).unwrap_or_else(|error| panic!("{error}: {shown}"));
        let error = &json["error"];
        assert!(error["code"] == name && error["text"].as_str().unwrap().contains(said), "{shown}");
        assert!(error.as_object().unwrap().contains_key("help"), "{shown}");
    }
}

#[test]
fn a_schema_is_json() {
    for format in ["profile", "summary", "watermark"] {
        let schema: serde_json::Value = serde_json::from_slice(&output(&["schema", format]).stdout).unwrap();
        assert!(schema["$schema"].as_str().unwrap().ends_with("2020-12/schema"), "{format}");
    }
}
