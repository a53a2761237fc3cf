//! A curve's path through the program: from an export to a profile that replays it.

use std::fs;
use std::path::Path;

use crate::program::Workshop;

fn export(name: &str) -> String {
    format!("{}/tests/fixtures/curves/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Four hours of minutes, some far fuller than their neighbours.
fn bursty(workshop: &Workshop) -> String {
    let path = workshop.path("bursty.csv");
    let count = |minute: u32| if minute.wrapping_mul(2_654_435_761).is_multiple_of(5) { 3000 } else { 600 };
    let row = |minute: u32| format!("2023-11-14 {:02}:{:02}:00,{}\n", minute / 60, minute % 60, count(minute));
    fs::write(&path, "timestamp,count\n".to_owned() + &(0..240).map(row).collect::<String>()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn an_export_becomes_a_curve_a_picture_a_fit_and_a_plan() {
    let workshop = Workshop::new();
    let bursty = bursty(&workshop);
    let said = workshop.call(&["curve", "import", &bursty, "--zone", "UTC", "--out", "curve.csv"]);
    assert_eq!(said.code(), Some(0), "{}", said.stderr);
    assert!(said.stdout.contains("plain CSV") && said.stdout.contains("240 buckets of 1m"), "{}", said.stdout);

    let shown = workshop.call(&["curve", "show", "curve.csv", "--svg", "c.svg", "--png", "c.png"]);
    assert!(
        shown.code() == Some(0) && shown.stdout.contains("3 x peak      150/s"),
        "{}{}",
        shown.stdout,
        shown.stderr
    );
    assert!(fs::read_to_string(workshop.path("c.svg")).unwrap().starts_with("<svg"));
    assert!(fs::read(workshop.path("c.png")).unwrap().starts_with(b"\x89PNG"));

    for kind in ["poisson", "overdispersed", "b-model", "on-off"] {
        let fitted = workshop.call(&["curve", "fit", "curve.csv", "--kind", kind]);
        assert_eq!(fitted.code(), Some(0), "{kind}: {}", fitted.stderr);
        let snippet = fitted.stdout.lines().last().unwrap();
        let profile = workshop.profile(&format!("[[stream]]\nname = \"s\"\n{snippet}\n"));
        let planned = workshop.call(&["plan", "--json", profile.to_str().unwrap()]);
        assert_eq!(planned.code(), Some(0), "{snippet}: {}", planned.stderr);
        let plan: serde_json::Value = serde_json::from_str(&planned.stdout).unwrap();
        assert!(plan["duration_s"].as_f64().is_some_and(|seconds| (seconds - 14_400.0).abs() < 1.0), "{snippet}");
    }
}

#[test]
fn json_says_what_was_read_and_found() {
    let workshop = Workshop::new();
    let file = export("cloudwatch_statistics.json");
    let said = workshop.call(&["curve", "import", &file, "--gaps", "zero", "--json", "--out", "c.csv"]);
    let report: serde_json::Value = serde_json::from_str(&said.stdout).unwrap();
    assert_eq!((&report["format"], &report["buckets"]), (&"cloudwatch-statistics".into(), &5.into()));
    assert_eq!((&report["filled"], &report["findings"][0]["kind"]), (&1.into(), &"gap".into()));
    let shown = workshop.call(&["curve", "show", "c.csv", "--json"]);
    let figures: serde_json::Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!((figures["total"].as_f64(), figures["p99_per_s"].as_f64()), (Some(100.0), None));
    let fitted = workshop.call(&["curve", "fit", "c.csv", "--json"]);
    assert!(fitted.code() == Some(2) && fitted.stderr.contains("c.csv: 5 buckets are too few"), "{}", fitted.stderr);
}

#[test]
fn a_curve_is_never_written_over_something_else() {
    let workshop = Workshop::new();
    let (file, notes) = (export("datadog_v1.json"), workshop.path("notes.txt"));
    fs::write(&notes, "# mine").unwrap();
    let import =
        |out: &Path| workshop.call(&["curve", "import", &file, "--gaps", "hold", "--out", out.to_str().unwrap()]);
    let refused = import(&notes);
    assert!(refused.code() == Some(2) && refused.stderr.contains("is not a curve file"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&notes).unwrap(), "# mine");
    let curve = workshop.path("curve.csv");
    assert_eq!([import(&curve).code(), import(&curve).code()], [Some(0), Some(0)]);
}

#[test]
fn a_picture_is_never_written_over_a_file_unless_asked() {
    let workshop = Workshop::new();
    let file = export("lunch.csv");
    let notes = workshop.path("notes.svg");
    fs::write(&notes, "mine").unwrap();
    for flag in ["--svg", "--png"] {
        let refused = workshop.call(&["curve", "show", &file, flag, "notes.svg"]);
        assert_eq!(refused.code(), Some(2), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("notes.svg already exists") && refused.stderr.contains("--force"),
            "{}",
            refused.stderr
        );
        assert_eq!(fs::read_to_string(&notes).unwrap(), "mine");
    }
    let forced = workshop.call(&["curve", "show", &file, "--svg", "notes.svg", "--force", "--zone", "Asia/Tokyo"]);
    assert_eq!(forced.code(), Some(0), "{}", forced.stderr);
    assert!(fs::read_to_string(&notes).unwrap().contains("Thu 31 Jan 2030, Asia/Tokyo"));
    assert!(
        forced.stdout.contains("Thu 31 Jan 2030, Asia/Tokyo") && forced.stdout.contains("20:55"),
        "{}",
        forced.stdout
    );
}

#[test]
fn all_questions_of_an_import_come_in_one_run() {
    let workshop = Workshop::new();
    let ended = workshop.call(&["curve", "import", &export("plain_thousands_points.csv")]);
    assert_eq!(ended.code(), Some(2), "{}", ended.stderr);
    assert!(ended.stderr.contains("2 things need a decision or a correction:\n  line 2: "), "{}", ended.stderr);
    assert!(ended.stderr.contains("--zone UTC") && ended.stderr.contains("set --values to counts"), "{}", ended.stderr);
    let told = ["--zone", "UTC", "--values", "counts", "--json", "--out", "c.csv"];
    let read = workshop.call(&[&["curve", "import", &export("plain_thousands_points.csv")], &told[..]].concat());
    let report: serde_json::Value = serde_json::from_str(&read.stdout).unwrap();
    assert_eq!((report["total"].as_f64(), report["step_s"].as_f64()), (Some(5065.0), Some(60.0)));
}

#[test]
fn several_series_are_summed_and_a_time_format_is_taken() {
    let workshop = Workshop::new();
    let confluent = export("confluent_cloud.json");
    let two = ["--series", "metric.topic=orders", "--series", "metric.topic=returns", "--sum"];
    for series in [&two[..], &["--series", "all"]] {
        let arguments = [&["curve", "import", &confluent, "--values", "counts"], series].concat();
        let read = workshop.call(&arguments);
        assert!(read.code() == Some(0) && read.stdout.contains("670 events"), "{}{}", read.stdout, read.stderr);
    }
    let odd = export("plain_day_first.csv");
    let form = ["--time-format", "%d/%m/%Y %H:%M", "--zone", "Europe/Berlin", "--values", "counts"];
    let read = workshop.call(&[&["curve", "import", &odd], &form[..]].concat());
    assert!(read.stdout.contains("2025-01-31T21:59:00Z to 2025-01-31T22:02:00Z"), "{}{}", read.stdout, read.stderr);
    let partial = workshop.call(&[
        "curve",
        "import",
        &export("prometheus_warnings.json"),
        "--values",
        "counts",
        "--partial",
        "keep",
    ]);
    assert!(partial.code() == Some(0) && partial.stdout.contains("note"), "{}", partial.stderr);
}

#[test]
fn bad_input_is_a_usage_error_in_one_line() {
    let workshop = Workshop::new();
    let huge = workshop.path("huge.csv");
    fs::File::create(&huge).and_then(|file| file.set_len(2 << 30)).unwrap();
    let folder = workshop.path("");
    let (increase, odd) = (export("prometheus_increase.json"), export("plain_odd.csv"));
    let infinite = export("plain_infinite.csv");
    for (arguments, expected) in [
        (vec!["import", huge.to_str().unwrap()], "is larger than 1.07 GB"),
        (vec!["import", folder.to_str().unwrap()], "cannot read"),
        (vec!["import", "none.csv"], "cannot read none.csv"),
        (
            vec!["import", &increase, "--values", "counts", "--gaps", "zero"],
            "it has 2 series: choose one with --series NAME",
        ),
        (
            vec!["import", &odd, "--duplicates", "last", "--off-grid", "snap", "--negative", "zero"],
            "line 7: goes back from",
        ),
        (vec!["import", &infinite], "can be counted exactly"),
        (vec!["show", &infinite], "can be counted exactly"),
        (vec!["import", &odd, "--step", "0s"], "--step 0s is not a whole number"),
        (vec!["show", &odd], "line 6: 2023-11-14T22:18:00Z should be 2023-11-14T22:17:00Z"),
        (vec!["show", &increase], "line 1: the columns are"),
        (vec!["show", &odd, "--zone", "Mars/Olympus"], "`Mars/Olympus` is not a known time zone"),
        (vec!["fit", "none.csv"], "cannot read none.csv"),
    ] {
        let ended = workshop.call(&[vec!["curve"], arguments.clone()].concat());
        assert_eq!((ended.code(), ended.stderr.lines().count()), (Some(2), 1), "{arguments:?}: {}", ended.stderr);
        assert!(ended.stderr.contains(expected), "{arguments:?}: {}", ended.stderr);
    }
}
