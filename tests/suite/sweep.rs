//! `floodmark sweep` by the built program: a sweep that is stopped and goes on, what it leaves, and the command before each trial.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::program::Workshop;

const PROFILE: &str = "[[stream]]\nname = \"orders\"\nrate = \"500/s\"\n";
/// Both differ in all keys.
const LIST: &str = "linger.ms,consumers,stream.orders.partitions\n0,1,2\n30,4,3\n";

fn json_of(file: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn a_sweep_that_was_stopped_goes_on_and_leaves_a_table_a_page_and_a_picture() {
    let workshop = Workshop::new();
    let (profile, out) = (workshop.profile(PROFILE), workshop.fresh("sweep"));
    let (list, seen) = (workshop.path("list.csv"), workshop.path("seen"));
    fs::write(&list, LIST).unwrap();
    let (broker, brokers) = crate::interruption::own_broker(&workshop);
    let before = format!("echo {{consumers}} $FLOODMARK_CONSUMERS $FLOODMARK_LINGER_MS >> {}", seen.display());
    let [profile, list, out_text] = [&profile, &list, &out].map(|path| path.to_str().unwrap());
    let arguments = [
        "sweep",
        profile,
        "-b",
        &brokers,
        "--list",
        list,
        "--before",
        &before,
        "--repeat",
        "1",
        "--duration",
        "2s",
        "--out",
        out_text,
    ];
    let mut stopped = workshop.start(&arguments);
    stopped.until("the second trial", |sweep| sweep.stderr().contains("trial 2 of 3, round 1 of 1"));
    stopped.signal("INT");
    let stopped = stopped.wait();
    assert_eq!(stopped.code(), Some(3), "{}", stopped.stderr);
    assert!(stopped.stdout.starts_with("NOT FINISHED  1 of 3 trials are made"), "{}", stopped.stdout);
    assert_eq!(json_of(&out.join("sweep.json"))["trials"].as_array().unwrap().len(), 1);

    let ended = workshop.call(&arguments);
    // Whether this machine kept up does not matter here.
    let code = if ended.stdout.starts_with("SWEPT  ") { 0 } else { 3 };
    assert_eq!(ended.code(), Some(code), "{} {}", ended.stdout, ended.stderr);
    let record = json_of(&out.join("sweep.json"));
    assert_eq!(record["found"]["is_complete"], true);
    played(&record, &out);
    let mut commands: Vec<String> = fs::read_to_string(&seen).unwrap().lines().map(str::to_owned).collect();
    commands.dedup();
    commands.sort();
    commands.dedup();
    assert_eq!(commands, ["1 1 0", "4 4 30"]);
    for file in ["report.html", "sweep.svg", "sweep.png"].map(|name| out.join(name)).iter().filter(|_| code == 0) {
        assert!(file.is_file(), "{}", file.display());
    }
    shown(&workshop, out_text, &ended.stdout, &record);
    let other = workshop.call(&[&arguments[..], &["-X", "acks=1"]].concat());
    let (code, sentence) = other.one_sentence();
    assert!(code == Some(2) && sentence.contains("holds a sweep with another profile"), "{sentence}");
    broker.signal("TERM");
    broker.wait();
}

/// Every trial was played with its own settings.
fn played(record: &Value, out: &Path) {
    let trials = record["trials"].as_array().unwrap();
    let mut turns: Vec<(u64, u64)> =
        trials.iter().map(|trial| (trial["round"].as_u64().unwrap(), trial["combination"].as_u64().unwrap())).collect();
    turns.sort_unstable();
    assert_eq!(turns, [(0, 1), (1, 1), (1, 2)]);
    for trial in trials {
        let summary = json_of(&out.join(trial["folder"].as_str().unwrap()).join("summary.json"));
        let stream = &summary["streams"][0];
        let expected = if trial["combination"] == 1 {
            (json!(0.0), json!("floodmark-orders-2-partitions"))
        } else {
            (json!(30.0), json!("floodmark-orders-3-partitions"))
        };
        assert_eq!((&stream["linger_ms"], &stream["topic"]), (&expected.0, &expected.1));
    }
}

/// A sweep's folder is shown and reported like a run's.
fn shown(workshop: &Workshop, out: &str, printed: &str, record: &Value) {
    assert_eq!(workshop.call(&["show", out]).stdout, printed);
    let again: Value = serde_json::from_str(&workshop.call(&["show", out, "--json"]).stdout).unwrap();
    assert_eq!(again, *record);
    let page = workshop.path("page.html");
    let reported = workshop.call(&["report", out, "--out", page.to_str().unwrap()]);
    assert_eq!(reported.code(), Some(0), "{}", reported.stderr);
    assert!(fs::read_to_string(page).unwrap().contains("linger.ms"));
}

#[test]
fn a_command_that_fails_ends_the_sweep_before_its_trial() {
    let workshop = Workshop::new();
    let profile = workshop.profile(PROFILE);
    let arguments = ["sweep", profile.to_str().unwrap(), "--vary", "consumers=1,2", "--out", "out", "--before"];
    let ended = workshop.call(&[&arguments[..], &["echo no {consumers} today; exit 7"]].concat());
    let (code, sentence) = ended.one_sentence();
    let said = "--before ended with exit code 7 before trial 1 (consumers=1), so it was not made; what the command said is in out/before.log";
    assert_eq!((code, sentence), (Some(4), said));
    assert_eq!(fs::read_to_string(workshop.path("out/before.log")).unwrap(), "no 1 today\n");
}
