//! `floodmark nightly` by the built program: a night that is measured, killed and resumed, judged against a history, and refused.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::program::Workshop;

/// A suite of one short profile.
fn suite(workshop: &Workshop, head: &str) -> PathBuf {
    let profile = "duration = \"2s\"\nwarmup = \"0s\"\n[[stream]]\nname = \"orders\"\nrate = \"1k/s\"\n";
    fs::write(workshop.path("average.toml"), profile).unwrap();
    let file = workshop.path("staging.toml");
    fs::write(&file, format!("repetitions = 2\n{head}[[profile]]\nfile = \"average.toml\"\n")).unwrap();
    file
}

/// The lines of the only file of the suite's history.
fn lines(workshop: &Workshop) -> Vec<Value> {
    let file = history_file(workshop);
    fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn history_file(workshop: &Workshop) -> PathBuf {
    let folder = workshop.path("results/history/staging");
    let mut files = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let file = files.find(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    file.unwrap_or_else(|| panic!("no history in {}", folder.display()))
}

fn night<'a>(suite: &'a Path, night: &'a str) -> [&'a str; 4] {
    ["nightly", suite.to_str().unwrap(), "--night", night]
}

#[test]
fn a_night_that_calibrates_is_measured_only_where_every_fault_was_found() {
    let workshop = Workshop::new();
    let suite = suite(&workshop, "calibrate = true\n");
    let ended = workshop.call(&[&night(&suite, "2030-01-31")[..], &["--json"]].concat());
    let was_found = workshop.path("results/nightly/staging/2030-01-31/calibrate/calibration.json").exists();
    assert_eq!(workshop.path("results/history/staging").exists(), was_found, "{} {}", ended.stdout, ended.stderr);
    // A machine that is busy with other tests may bend when a fault was seen.
    if !was_found {
        assert_eq!(ended.code(), Some(3), "{}", ended.stderr);
        assert!(ended.stdout.contains("nothing is measured tonight"), "{}", ended.stdout);
    }
}

#[test]
fn a_night_is_measured_once_and_a_killed_one_goes_on_where_it_was() {
    let workshop = Workshop::new();
    let suite = suite(&workshop, "");
    let arguments = night(&suite, "2030-01-31");
    let mut killed = workshop.start(&arguments);
    killed.until("the second run", |night| night.stderr().contains("run 2 of 2"));
    killed.signal("KILL");
    killed.wait();
    let folder = workshop.path("results/nightly/staging/2030-01-31");
    let before: Value = serde_json::from_slice(&fs::read(folder.join("nightly.json")).unwrap()).unwrap();
    assert_eq!(before["runs"].as_array().unwrap().len(), 1);

    let ended = workshop.call(&[&arguments[..], &["--json"]].concat());
    let decision: Value =
        serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{} {}", ended.stdout, ended.stderr));
    // A busy machine makes a night suspect or void, and that is said, too.
    let code = match decision["finding"].as_str().unwrap() {
        "quiet" => 0,
        "limit" => 1,
        _ => 3,
    };
    assert_eq!(ended.code(), Some(code), "{}", ended.stdout);
    let lines = lines(&workshop);
    assert_eq!(lines.len(), 1);
    let numbers: Vec<u64> =
        lines[0]["repetitions"].as_array().unwrap().iter().map(|run| run["number"].as_u64().unwrap()).collect();
    assert!(numbers.starts_with(&[1]) && numbers.contains(&2), "{numbers:?}");
    assert_eq!(lines[0]["repetitions"][0], before["runs"][0]["repetition"]);
    assert_eq!(lines[0]["probes"].as_array().unwrap().len(), 3);
    let figures = lines[0]["figures"].as_array().unwrap();
    assert!(code != 0 || figures.iter().any(|figure| figure["figure"] == "end_to_end_p99"), "{figures:?}");

    // Asked again, it says the same and measures nothing.
    let again = workshop.call(&[&arguments[..], &["--json"]].concat());
    assert_eq!((again.code(), again.stdout), (Some(code), ended.stdout));
    assert!(again.stderr.contains("in the history already"), "{}", again.stderr);
}

#[test]
fn a_night_that_is_worse_than_those_before_it_is_a_regression() {
    let workshop = Workshop::new();
    let suite = suite(&workshop, "");
    let first = workshop.call(&[&night(&suite, "2030-01-01")[..], &["--json"]].concat());
    let file = history_file(&workshop);
    let line: Value = serde_json::from_str(fs::read_to_string(&file).unwrap().lines().next().unwrap()).unwrap();
    let mut text = String::new();
    // Nights like the first, a few percent apart; in the last one all takes twice as long.
    for at in 1..=15_u32 {
        let mut line = line.clone();
        line["night"] = Value::from(format!("2030-01-{at:02}"));
        line["suspect"] = Value::Null;
        let factor = (1.0 + 0.01 * f64::from(at * 3 % 5)) * if at == 15 { 2.0 } else { 1.0 };
        for figure in line["figures"].as_array_mut().unwrap() {
            // Whatever this machine measured: two repetitions that differ by a little.
            let level = if figure["unit"] == "ms" { 10.0 * factor } else { 1000.0 };
            figure["values"] = serde_json::json!([level, 1.01 * level]);
        }
        for run in line["repetitions"].as_array_mut().unwrap() {
            run["verdict"] = Value::from("pass");
            run["counts"] = Value::from(true);
        }
        text.push_str(&format!("{line}\n"));
    }
    fs::write(&file, text).unwrap();
    let quiet = workshop.call(&night(&suite, "2030-01-14"));
    let worse = workshop.call(&night(&suite, "2030-01-15"));
    assert!(!first.stdout.is_empty());
    assert_eq!(quiet.code(), Some(0), "{} {}", quiet.stdout, quiet.stderr);
    assert_eq!(quiet.stdout.lines().count(), 3, "{}", quiet.stdout);
    assert_eq!(worse.code(), Some(1), "{} {}", worse.stdout, worse.stderr);
    assert!(worse.stdout.starts_with("REGRESSION  staging, night 2030-01-15: "), "{}", worse.stdout);
    assert!(worse.stdout.contains("worse since night 2030-01-15"), "{}", worse.stdout);
    for (format, said) in [("junit", "<failure"), ("markdown", "## REGRESSION")] {
        let shown = workshop.call(&[&night(&suite, "2030-01-15")[..], &["--format", format]].concat());
        assert!(shown.code() == Some(1) && shown.stdout.contains(said), "{}", shown.stdout);
    }
}

#[test]
fn what_cannot_be_a_night_is_refused_before_anything_is_sent() {
    let workshop = Workshop::new();
    let refused = |head: &str, more: &[&str]| {
        let suite = suite(&workshop, head);
        let ended = workshop.call(&[&["nightly", suite.to_str().unwrap()], more].concat());
        let (code, sentence) = ended.one_sentence();
        (code, sentence.to_owned())
    };
    let (code, said) = refused("budget = \"5s\"\n", &[]);
    assert!(code == Some(2) && said.contains("its budget is 5 s"), "{said}");
    let (code, said) = refused("[[profile]]\nfile = \"average.toml\"\n", &[]);
    assert!(code == Some(2) && said.contains("stands in it twice"), "{said}");
    let (code, said) = refused("cluster = \"other\"\n", &[]);
    assert!(code == Some(2) && said.contains("-b HOST:PORT"), "{said}");
    let (broker, brokers) = crate::interruption::own_broker(&workshop);
    let (code, said) = refused("cluster = \"other\"\n", &["-b", &brokers]);
    assert!(
        code == Some(2) && said.contains("may load cluster other only") && said.contains("nothing was sent"),
        "{said}"
    );
    let (code, said) = refused("", &["-b", &brokers]);
    assert!(code == Some(2) && said.contains("names no cluster"), "{said}");
    broker.signal("TERM");
    broker.wait();
}
