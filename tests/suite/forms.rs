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

#[test]
fn a_run_that_cannot_start_is_an_error_in_junit_with_its_sentence_and_exit_code() {
    let workshop = Workshop::new();
    let good = workshop.profile("duration = \"1s\"\n[[stream]]\nname = \"s\"\nrate = \"2k/s\"\n");
    let bad = workshop.profile("duration = \"1s\"\n[[stream]]\nname = \"s\"\nrat = \"2k/s\"\n");
    let [good, bad] = [&good, &bad].map(|path| path.to_str().unwrap());
    let cases: [(&[&str], i32, &str, &str); 5] = [
        (&["run", bad], 2, "profile", "`rat`"),
        (&["run", good, "-b", "127.0.0.1:1"], 4, "environment", "127.0.0.1:1"),
        (&["merge", "absent"], 2, "usage", "`absent` has no floodmark run in it"),
        (&["show", "absent"], 2, "usage", "`absent` has no floodmark run in it"),
        (&["run", good, "--rate-scale", "much"], 2, "usage", "--rate-scale"),
    ];
    for (arguments, code, kind, said) in cases {
        let ended = workshop.call(&[arguments, &["--format", "junit"]].concat());
        let xml = &ended.stdout;
        assert!(is_well_formed(xml), "{xml}");
        assert_eq!(ended.code(), Some(code), "{xml}{}", ended.stderr);
        assert!(xml.contains("<testsuites name=\"floodmark\" tests=\"1\" failures=\"0\" errors=\"1\">"), "{xml}");
        let (_, message) =
            xml.split_once(&format!("<error type=\"{kind}\" message=\"")).unwrap_or_else(|| panic!("{xml}"));
        let (message, _) = message.split_once('"').unwrap();
        assert!(message.contains(said) && ended.stderr.contains(said), "{message}\n{}", ended.stderr);
    }
    assert_eq!(workshop.call(&["run", bad]).stdout, "", "only where it was asked for");
}
