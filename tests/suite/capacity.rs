//! `floodmark capacity` by the built program: a search that is stopped, and what it refuses.

use std::path::Path;

use serde_json::Value;

use crate::program::Workshop;

const PROFILE: &str = "[[stream]]\nname = \"orders\"\nrate = \"500/s\"\nslo = { end_to_end_p99 = \"10s\" }\n";

fn record(out: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(out.join("capacity.json")).unwrap()).unwrap()
}

#[test]
fn a_search_that_was_stopped_goes_on_from_its_trials() {
    let workshop = Workshop::new();
    let (profile, out) = (workshop.profile(PROFILE), workshop.fresh("search"));
    let (broker, brokers) = crate::interruption::own_broker(&workshop);
    let arguments = [
        "capacity",
        profile.to_str().unwrap(),
        "-b",
        &brokers,
        "--trial",
        "8s",
        "--confirm",
        "8s",
        "--most",
        "1",
        "--out",
        out.to_str().unwrap(),
    ];
    let mut stopped = workshop.start(&arguments);
    stopped.until("the second trial", |search| search.stderr().contains("trial 2, short"));
    stopped.signal("INT");
    let stopped = stopped.wait();
    assert_eq!(stopped.code(), Some(3), "{}", stopped.stderr);
    assert!(stopped.stdout.starts_with("NOT FINISHED  no trial has passed or failed yet\n"), "{}", stopped.stdout);
    assert_eq!(record(&out)["trials"].as_array().unwrap().len(), 1);
    crate::capacity_plan::an_unfinished_search_is_no_measurement(&workshop, &out);
    shows_the_same(&workshop, &out, 3, &stopped.stdout);
    let junit = workshop.call(&["show", out.to_str().unwrap(), "--format", "junit"]);
    assert!(junit.code() == Some(3) && junit.stdout.contains("<error message=\"NOT FINISHED"), "{}", junit.stdout);

    let ended = workshop.call(&[&arguments[..], &["--need", "1.1x"]].concat());
    assert_eq!(ended.code(), Some(0), "{} {}", ended.stdout, ended.stderr);
    let needed = "AMBER  1x is confirmed, 1.1x the peak (550/s) is needed: the last 9 % are undecided";
    assert!(ended.stdout.contains(needed), "{}", ended.stdout);
    shows_the_same(&workshop, &out, 0, &ended.stdout);
    assert!(ended.stdout.contains("CAPACITY  at least 500/s (1x)"), "{}", ended.stdout);
    let (record, lengths) = (record(&out), ["warm_up", "short", "long"]);
    let trials = record["trials"].as_array().unwrap();
    assert_eq!(trials.iter().map(|trial| trial["length"].as_str().unwrap()).collect::<Vec<_>>(), lengths);
    assert_eq!(record["found"]["ended"], "at_least");
    for trial in trials {
        let folder = out.join(trial["folder"].as_str().unwrap());
        assert!(folder.join("summary.json").is_file(), "{}", folder.display());
    }
    crate::capacity_plan::a_search_is_a_measurement(&workshop, &out);
    a_page_has_every_trial(&workshop, &out);
    // The folder belongs to this search alone.
    let other = workshop.call(&[&arguments[..], &["--width", "0.1"]].concat());
    let (code, sentence) = other.one_sentence();
    assert!(code == Some(2) && sentence.contains("another profile, other changes or other rules"), "{sentence}");
    broker.signal("TERM");
    broker.wait();
}

/// A folder says what the command said, in every form.
fn shows_the_same(workshop: &Workshop, out: &Path, code: i32, said: &str) {
    let show = |form: &str| workshop.call(&["show", out.to_str().unwrap(), "--format", form]);
    let text = show("text");
    assert_eq!((text.code(), text.stdout.as_str()), (Some(code), said));
    let json: Value = serde_json::from_str(&show("json").stdout).unwrap();
    assert_eq!(json, record(out));
    for (form, start) in [("junit", "<?xml"), ("markdown", "## ")] {
        let shown = show(form);
        assert!(shown.code() == Some(code) && shown.stdout.starts_with(start), "{form}: {}", shown.stdout);
    }
}

/// The page leads to the page of every trial, wherever it lies.
fn a_page_has_every_trial(workshop: &Workshop, out: &Path) {
    let elsewhere = workshop.path("elsewhere.html");
    let (folder, file) = (out.to_str().unwrap(), elsewhere.to_str().unwrap());
    let made = workshop.call(&["report", folder, "--out", file]);
    assert_eq!(made.code(), Some(0), "{}", made.stderr);
    for page in [&out.join("report.html"), &elsewhere] {
        let html = std::fs::read_to_string(page).unwrap().replace("&#x2f;", "/");
        let links = html.split("<td><a href=\"").skip(1).map(|rest| rest.split_once('"').unwrap().0);
        let trials: Vec<_> = links.map(|link| page.parent().unwrap().join(link)).collect();
        assert!(trials.len() == 3 && trials.iter().all(|trial| trial.is_file()), "{trials:?}");
    }
}

#[test]
fn a_curve_is_searched_where_it_is_busiest() {
    let workshop = Workshop::new();
    let rows: Vec<String> = [100, 100, 3000, 100, 100]
        .iter()
        .enumerate()
        .map(|(bucket, count)| format!("2030-01-31T11:00:{:02}Z,{count}", bucket * 10))
        .collect();
    let curve = workshop.path("curve.csv");
    std::fs::write(&curve, format!("timestamp,count\n{}\n", rows.join("\n"))).unwrap();
    let profile = workshop.profile(&format!(
        "[[stream]]\nname = \"orders\"\ncurve = {{ file = {curve:?}, smooth = \"step\" }}\nslo = {{ end_to_end_p99 = \"10s\" }}\n"
    ));
    let out = workshop.fresh("search");
    let needs = ["--need", "3x-peak", "--need-curve", curve.to_str().unwrap()];
    let lengths = ["--trial", "8s", "--confirm", "8s", "--most", "1", "--out", out.to_str().unwrap()];
    let ended = workshop.call(&[&["capacity", profile.to_str().unwrap()], &needs[..], &lengths].concat());
    assert_eq!(ended.code(), Some(0), "{} {}", ended.stdout, ended.stderr);
    let record = record(&out);
    assert_eq!(
        (&record["found"]["ended"], &record["found"]["lower"]["offered_per_s"]),
        (&"at_least".into(), &300.0.into())
    );
    let headroom = &record["headroom"];
    assert_eq!((&headroom["need_per_s"], &headroom["standing"]), (&900.0.into(), &"amber".into()));
    assert_eq!(headroom["text"], "3x the peak of curve.csv");
    for trial in record["trials"].as_array().unwrap() {
        let folder = out.join(trial["folder"].as_str().unwrap());
        let summary = std::fs::read_to_string(folder.join("summary.json")).unwrap();
        let summary: Value = serde_json::from_str(&summary).unwrap();
        // Ten seconds of the full bucket: two to warm up, and the trial's eight.
        assert_eq!(summary["totals"]["planned"], 3000, "{}", folder.display());
        assert!(trial["at_start_ms"].is_null());
    }
    let sender = &record["sender"];
    assert!(sender["asked_per_s"].as_f64().unwrap() > 400.0, "{sender}");
    // Nothing to recover from where no upper bound is known.
    assert!(record["recovery"].is_null());
}

#[test]
fn what_no_search_can_answer_is_refused() {
    let workshop = Workshop::new();
    let limited = workshop.profile(PROFILE);
    let unlimited = workshop.profile("[[stream]]\nname = \"orders\"\nrate = \"500/s\"\n");
    let refused = [
        (&unlimited, &[][..], "stream `orders` has no limit on its latency, lag or throughput"),
        (&limited, &["--trial", "5s"], "--trial 5s: a trend shows from 8s on"),
        (&limited, &["--width", "0"], "--width 0: the bounds may be 0.01 to 1 apart"),
        (&limited, &["--start", "0"], "--start 0: a multiple of the rates must be above 0"),
        (&limited, &["--most", "0.5"], "--most 0.5: it must not be below --start"),
        (
            &limited,
            &["--need", "2x-p99-burst"],
            "the profile has 30 seconds, and 100 are the least; ask for a multiple of the peak",
        ),
        (&limited, &["--need-curve", "no-such.csv"], "--need-curve: cannot read no-such.csv: No such file"),
    ];
    for (profile, more, said) in refused {
        let ended = workshop.call(&[&["capacity", profile.to_str().unwrap()], more].concat());
        let (code, sentence) = ended.one_sentence();
        assert!(code == Some(2) && sentence.contains(said), "{sentence}");
    }
    let dead = workshop.call(&["capacity", limited.to_str().unwrap(), "-b", "127.0.0.1:1", "--out", "dead"]);
    assert!(dead.code() == Some(4) && dead.stderr.contains("nothing listens there"), "{}", dead.stderr);
}
