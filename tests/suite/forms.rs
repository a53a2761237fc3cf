//! What a run's result looks like to machines: JUnit and Markdown, from a run and from its folder.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop};

/// A run with one limit broken and one kept, of one stream.
fn broken(workshop: &Workshop, form: &str) -> Ended {
    let cluster = Cluster::for_a_test();
    let topic = cluster.topic("forms");
    let profile = workshop.profile(&format!(
        "duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"2k/s\"\nslo = {{ end_to_end_p99 = \"1us\", end_to_end_max = \"1h\" }}\n"
    ));
    let out = workshop.fresh("out");
    let arguments = ["run", profile.to_str().unwrap(), "-b", &cluster.brokers, "--out", out.to_str().unwrap()];
    let mut ended = workshop.call(&[&arguments[..], &["--format", form]].concat());
    ended.out = Some(out);
    ended
}

/// Whether xmllint takes it; true where there is none.
fn is_well_formed(xml: &str) -> bool {
    let started = Command::new("xmllint").args(["--noout", "-"]).stdin(Stdio::piped()).spawn();
    let Ok(mut xmllint) = started else { return true };
    xmllint.stdin.take().unwrap().write_all(xml.as_bytes()).unwrap();
    xmllint.wait().unwrap().success()
}

#[test]
fn a_run_and_its_folder_say_the_same_in_junit() {
    let workshop = Workshop::new();
    let ended = broken(&workshop, "junit");
    assert_eq!(ended.code(), Some(1), "{}", ended.stderr);
    let xml = &ended.stdout;
    assert!(is_well_formed(xml), "{xml}");
    assert!(xml.contains(r#"<testcase name="end_to_end_p99" classname="floodmark."#), "{xml}");
    assert!(xml.contains(r#"<failure message="end_to_end_p99: observed "#) && xml.contains(", at most 1 µs"), "{xml}");
    assert!(xml.contains("<system-out>end_to_end_max: observed "), "{xml}");
    let shown = workshop.call(&["show", ended.out.as_ref().unwrap().to_str().unwrap(), "--format", "junit"]);
    assert_eq!((shown.code(), &shown.stdout), (Some(1), xml));
}

#[test]
fn a_run_and_its_folder_say_the_same_in_markdown() {
    let workshop = Workshop::new();
    let ended = broken(&workshop, "markdown");
    let text = &ended.stdout;
    assert!(ended.code() == Some(1) && text.starts_with("## FAIL: 1 of "), "{text}{}", ended.stderr);
    assert!(text.contains("| s | end_to_end_p99 | 1 µs |") && text.contains("| **BROKEN** |"), "{text}");
    let shown = workshop.call(&["show", ended.out.as_ref().unwrap().to_str().unwrap(), "--format", "markdown"]);
    assert_eq!((shown.code(), &shown.stdout), (Some(1), text));
}
