//! `floodmark compare` by the built program: folders in, a table or JSON and an exit code out.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::program::{Workshop, as_if_killed};

/// A run of a second on the embedded broker.
fn real_run(workshop: &Workshop) -> PathBuf {
    let profile = workshop.profile("duration = \"1s\"\n[[stream]]\nname = \"orders\"\nrate = \"2k/s\"\n");
    let out = workshop.fresh("out");
    let ended = workshop.call(&["run", profile.to_str().unwrap(), "--json", "--out", out.to_str().unwrap()]);
    assert_eq!(ended.summary().totals.delivered, 2_000, "{}", ended.stderr);
    out
}

/// The run once more, under another id, with its summary changed.
fn copy(run: &Path, to: &Path, change: impl FnOnce(&mut Value)) -> PathBuf {
    fs::create_dir_all(to).unwrap();
    let id: String = to.file_name().unwrap().to_str().unwrap().chars().filter(char::is_ascii_alphanumeric).collect();
    let manifest = fs::read_to_string(run.join("manifest.toml")).unwrap();
    let own = manifest
        .lines()
        .map(|line| if line.starts_with("run_id = ") { format!("run_id = \"{id}\"") } else { line.to_owned() });
    fs::write(to.join("manifest.toml"), own.collect::<Vec<_>>().join("\n")).unwrap();
    let mut summary: Value = serde_json::from_str(&fs::read_to_string(run.join("summary.json")).unwrap()).unwrap();
    // Whether this machine kept up does not matter here.
    summary["verdict"] = json!("pass");
    summary["reasons"] = json!([]);
    change(&mut summary);
    fs::write(to.join("summary.json"), summary.to_string()).unwrap();
    to.to_owned()
}

/// A folder with five runs whose latencies are around these times those of `run`.
fn set(workshop: &Workshop, run: &Path, name: &str, factor: f64) -> PathBuf {
    let folder = workshop.path(name);
    for (number, near) in [0.98, 0.99, 1.0, 1.01, 1.02].iter().enumerate() {
        copy(run, &folder.join(format!("{name}-{number}")), |summary| {
            for hop in ["due_to_sent", "sent_to_acked", "sent_to_consumed", "due_to_consumed"] {
                for percentile in ["p50", "p90", "p99", "p999", "max"] {
                    let value = &mut summary["streams"][0]["latency_ms"][hop][percentile];
                    *value = json!(value.as_f64().unwrap() * near * factor);
                }
            }
        });
    }
    folder
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn sets_are_compared_figure_by_figure_and_the_exit_code_says_what_was_found() {
    let workshop = Workshop::new();
    let run = real_run(&workshop);
    let (base, same, slow) =
        (set(&workshop, &run, "base", 1.0), set(&workshop, &run, "same", 1.001), set(&workshop, &run, "slow", 1.3));
    let equal = workshop.call(&["compare", text(&base), text(&same)]);
    assert_eq!(equal.code(), Some(0), "{}{}", equal.stdout, equal.stderr);
    assert!(equal.stdout.starts_with("NO REGRESSION  "), "{}", equal.stdout);
    let worse = workshop.call(&["compare", "--base", text(&base), "--new", text(&slow)]);
    assert_eq!(worse.code(), Some(1), "{}", worse.stdout);
    assert!(worse.stdout.starts_with("REGRESSION  "), "{}", worse.stdout);
    let row = worse.stdout.lines().find(|row| row.starts_with("  end_to_end_p99")).unwrap();
    assert!(row.contains("+30 %") && row.ends_with("WORSE"), "{row}");
    let better = workshop.call(&["compare", text(&slow), text(&base), "--json"]);
    assert_eq!(better.code(), Some(0), "{}", better.stdout);
    let lenient = ["compare", text(&base), text(&slow), "--threshold", "40%", "--json"];
    let found = workshop.call(&lenient);
    assert_eq!(found.code(), Some(0), "{}", found.stdout);
    let found: Value = serde_json::from_str(&found.stdout).unwrap();
    assert_eq!((&found["finding"], &found["schema"]), (&json!("no_regression"), &json!(1)));
    let p99 = found["figures"].as_array().unwrap().iter().find(|figure| figure["figure"] == "end_to_end_p99").unwrap();
    assert!((p99["apart"]["ratio"].as_f64().unwrap() - 1.3).abs() < 0.01, "{p99}");
    assert_eq!((&p99["judgement"], &p99["place"]["stream"]), (&json!("not_worse"), &json!("orders")));
    let single = ["compare", text(&base), text(&slow), "--threshold", "40%", "--threshold", "ack_p50=1%"];
    assert_eq!(workshop.call(&single).code(), Some(1));
}

#[test]
fn single_runs_are_judged_by_lost_events_and_the_verdict() {
    let workshop = Workshop::new();
    let run = real_run(&workshop);
    let base = copy(&run, &workshop.path("one"), |_| ());
    let slow = copy(&run, &workshop.path("slow"), |summary| {
        summary["streams"][0]["latency_ms"]["due_to_consumed"]["p99"] = json!(9_000.0);
    });
    let lossy = copy(&run, &workshop.path("lossy"), |summary| summary["streams"][0]["counts"]["lost"] = json!(7));
    let failed = copy(&run, &workshop.path("failed"), |summary| summary["verdict"] = json!("fail"));
    for (new, code, said) in [
        (&slow, 3, "UNCLEAR  One run each has no interval"),
        (&lossy, 1, "7 events were lost in a run of new, and none in any run of base."),
        (&failed, 1, "The verdict went from pass to fail."),
    ] {
        let ended = workshop.call(&["compare", text(&base), text(new)]);
        assert_eq!(ended.code(), Some(code), "{}", ended.stdout);
        assert!(ended.stdout.contains(said), "{}", ended.stdout);
    }
}

#[test]
fn what_cannot_be_compared_is_one_sentence() {
    let workshop = Workshop::new();
    let run = real_run(&workshop);
    let base = copy(&run, &workshop.path("base"), |_| ());
    let empty = workshop.path("empty");
    fs::create_dir(&empty).unwrap();
    let damaged = copy(&run, &workshop.path("damaged"), |_| ());
    fs::write(damaged.join("summary.json"), "{\"schema\": 2, \"verdict\"").unwrap();
    let later = copy(&run, &workshop.path("later"), |summary| summary["schema"] = json!(99));
    let nan = copy(&run, &workshop.path("nan"), |summary| {
        summary["streams"][0]["latency_ms"]["due_to_consumed"]["p99"] = Value::Null;
    });
    let other = copy(&run, &workshop.path("other"), |_| ());
    let manifest = fs::read_to_string(other.join("manifest.toml")).unwrap();
    fs::write(other.join("manifest.toml"), manifest.replace("rate = \"2k/s\"", "rate = \"3k/s\"")).unwrap();
    let cases: [(&Path, &[&str], &str); 8] = [
        (&base, &[], "is named twice"),
        (&workshop.path("absent"), &[], "has no floodmark run in it"),
        (&empty, &[], "has no floodmark run in it"),
        (&damaged, &[], "is damaged or was not written by floodmark"),
        (&later, &[], "schema 99"),
        (&nan, &[], "is damaged or was not written by floodmark"),
        (&other, &[], "stream.orders.rate is 2k/s and 3k/s"),
        (&other, &["--threshold", "much"], "is not a share like 5%"),
    ];
    for (new, more, said) in cases {
        let arguments = [&["compare", text(&base), text(new), "--json"], more].concat();
        let ended = workshop.call(&arguments);
        assert_eq!(ended.code(), Some(2), "{said}: {}{}", ended.stdout, ended.stderr);
        assert!(ended.stderr.contains(said), "{said}: {}", ended.stderr);
        let error: Value = serde_json::from_str(&ended.stdout).unwrap();
        assert_eq!(error["error"]["code"], "usage");
    }
    let anyway = workshop.call(&["compare", text(&base), text(&other), "--anyway"]);
    assert_eq!(anyway.code(), Some(3), "{}{}", anyway.stdout, anyway.stderr);
    assert!(anyway.stdout.contains("The profiles differ"), "{}", anyway.stdout);
}

#[test]
fn a_killed_run_is_left_out_and_hostile_names_stay_in_their_line() {
    let workshop = Workshop::new();
    let run = real_run(&workshop);
    let base = copy(&run, &workshop.path("base"), |_| ());
    let killed = copy(&run, &workshop.path("kil\u{1b}[2Jled\nREGRESSION"), |_| ());
    as_if_killed(&killed);
    let ended = workshop.call(&["compare", text(&base), text(&killed)]);
    assert_eq!(ended.code(), Some(3), "{}{}", ended.stdout, ended.stderr);
    assert!(ended.stdout.contains("was killed or is still going; it is left out."), "{}", ended.stdout);
    assert!(!ended.stdout.contains('\u{1b}') && !ended.stdout.contains("\nREGRESSION"), "{}", ended.stdout);
}
