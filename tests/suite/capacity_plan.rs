//! `floodmark capacity plan` by the built program: from a curve, a profile and a search to what to order, and what it refuses.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::program::{Ended, Workshop};

/// Two days of five minutes with 600 events each; one bucket holds 6,000.
fn curve(workshop: &Workshop) {
    let row = |bucket: u32| {
        let (day, minute) = (bucket / 288 + 1, bucket % 288 * 5);
        let count = if bucket == 300 { 6000 } else { 600 };
        format!("2026-03-{day:02} {:02}:{:02}:00,{count}\n", minute / 60, minute % 60)
    };
    fs::write(workshop.path("export.csv"), "time,value\n".to_owned() + &(0..576).map(row).collect::<String>()).unwrap();
    let import = ["curve", "import", "export.csv", "--values", "counts", "--zone", "UTC", "--out", "curve.csv"];
    let imported = workshop.call(&import);
    assert_eq!(imported.code(), Some(0), "{}", imported.stderr);
}

fn plan(workshop: &Workshop, more: &[&str]) -> Ended {
    workshop.call(&[&["capacity", "plan"], more].concat())
}

fn json(ended: &Ended) -> Value {
    serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error}: {} {}", ended.stdout, ended.stderr))
}

/// The entry of a list that has this key.
fn entry<'a>(plan: &'a Value, list: &str, key: &str) -> &'a Value {
    let of = plan[list].as_array().unwrap().iter().find(|entry| entry["key"] == key);
    of.unwrap_or_else(|| panic!("no {key} in {plan:#}"))
}

fn value(plan: &Value, key: &str) -> f64 {
    entry(plan, "lines", key)["value"].as_f64().unwrap()
}

const GIVEN: [&str; 12] = [
    "--event-bytes",
    "403B",
    "--per-partition",
    "10/s",
    "--per-consumer",
    "15/s",
    "--retention",
    "1d",
    "--broker-disk",
    "100MB",
    "--per-broker",
    "100/s",
];

#[test]
fn three_times_the_peak_of_a_curve_is_planned_for() {
    let workshop = Workshop::new();
    curve(&workshop);
    let network = ["--network-in", "1MB/s", "--network-out", "1MB"];
    let arguments = [&["--curve", "curve.csv", "--times", "3"], &GIVEN[..], &network].concat();
    let ended = plan(&workshop, &[&arguments[..], &["--json"]].concat());
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let planned = json(&ended);
    // The busiest bucket holds 6,000 in 300 s, and the fullest day 287 × 600 + 6,000.
    let kept = 3.0 * (287.0 * 600.0 + 6000.0) / 86_400.0;
    let one_copy = 500.0 * kept * (86_400.0 + 604_800.0);
    let expected = [
        ("partitions", 8.0),    // 60 × 1.2 / 10 = 7.2
        ("consumers", 5.0),     // 60 × 1.2 / 15 = 4.8
        ("catch_up", 14_400.0), // 3,600 × 60 / (75 - 60)
        ("produced", 30_000.0), // 60 × 500
        ("brokers_by_rate", 2.0),
        ("brokers_by_storage", 77.0), // 2.14 GB × 3 / 85 MB = 75.5, and one
        ("brokers_needed", 77.0),
    ];
    for (key, by_hand) in expected.into_iter().chain([("one_copy", one_copy)]) {
        let worked = value(&planned, key);
        assert!((worked - by_hand).abs() <= by_hand * 1e-9, "{key}: {worked} {by_hand}");
    }
    let basis = |key: &str| entry(&planned, "inputs", key)["basis"].to_string();
    assert_eq!(
        [basis("observed_peak"), basis("peak"), basis("spare")].join(" "),
        r#"["measured"] ["measured","given"] ["assumed"]"#
    );
    assert_eq!(planned["missing"], serde_json::json!([]));
    // Every figure can be set by the flag that it names.
    let help = plan(&workshop, &["--help"]).stdout;
    for input in planned["inputs"].as_array().unwrap() {
        assert!(help.contains(&format!("{} <", input["flag"].as_str().unwrap())), "{input}");
    }

    let shown = plan(&workshop, &arguments).stdout;
    assert!(shown.starts_with("PLAN  8 partitions, 5 consumers in each group, 77 brokers, "), "{shown}");
    assert!(shown.contains("busiest bucket of curve.csv, a mean over 5m"), "{shown}");
    assert!(shown.contains("single seconds inside a bucket are higher"), "{shown}");
}

#[test]
fn a_profile_tells_its_peak_and_the_size_of_its_events() {
    let workshop = Workshop::new();
    let phases = "phases = [{ for = \"10s\" }, { for = \"10s\", rate = \"4x\" }]";
    let text = format!("[[stream]]\nname = \"orders\"\nrate = \"500/s\"\npayload = {{ size = \"512B\" }}\n{phases}\n");
    let profile = workshop.profile(&text);
    let planned = json(&plan(&workshop, &[profile.to_str().unwrap(), "--times", "1.5", "--json"]));
    let known = |key: &str| entry(&planned, "inputs", key)["value"].as_f64();
    assert_eq!([known("observed_peak"), known("peak"), known("event")], [2000.0, 3000.0, 512.0].map(Some));
    // What it was not told, it does not say.
    let missing: Vec<&str> =
        planned["missing"].as_array().unwrap().iter().map(|of| of["key"].as_str().unwrap()).collect();
    let expected = [
        "consumers",
        "partitions",
        "brokers_by_rate",
        "brokers_by_network_in",
        "brokers_by_network_out",
        "brokers_by_storage",
    ];
    assert_eq!(missing, expected);
}

#[test]
fn the_exit_code_says_whether_the_brokers_are_enough() {
    let workshop = Workshop::new();
    let of = |brokers: &str, more: &[&str]| {
        let ended = plan(&workshop, &[&["--peak", "60/s", "--brokers", brokers], &GIVEN[..], more].concat());
        (
            ended.code(),
            ended.stdout.lines().next().unwrap_or_default().split("  ").next().unwrap_or_default().to_owned(),
        )
    };
    let roomy = ["--network-in", "1MB/s", "--network-out", "1MB/s", "--segment-roll", "1h"];
    assert_eq!(of("100", &roomy), (Some(0), "ENOUGH".to_owned()));
    assert_eq!(of("3", &roomy), (Some(1), "NOT ENOUGH".to_owned()));
    assert_eq!(of("100", &["--segment-roll=1h"]), (Some(3), "NOT SURE".to_owned()));
}

#[test]
fn what_cannot_be_planned_is_refused_in_a_sentence() {
    let workshop = Workshop::new();
    curve(&workshop);
    fs::write(workshop.path("silent.csv"), "# floodmark curve\n# step: 60s\ntimestamp,count\n2030-01-31T11:00:00Z,0\n")
        .unwrap();
    fs::create_dir(workshop.path("folder")).unwrap();
    let refused: [(&[&str], &str); 11] = [
        (&[], "there is no peak to plan for: set --peak 40k/s"),
        (&["--peak", "0/s"], "the wanted peak is not above 0"),
        (&["--curve", "silent.csv"], "the wanted peak is not above 0"),
        (&["--curve", "curve.csv", "--times=-3"], "the wanted peak is not above 0"),
        (&["--peak", "1k/s", "--times", "nan"], "--times NaN: it must be a finite number"),
        (&["--peak", "1k/s", "--mean", "2k/s"], "--mean 2,000/s: the mean cannot be above the peak"),
        (&["--peak", "1k/s", "--brokers", "2"], "3 copies of each partition need 3 brokers, and there are 2"),
        (&["--peak", "1k/s", "--per-partition", "0/s"], "--per-partition 0/s: it must be above 0"),
        (&["--peak", "1k/s", "--per-broker-from", "folder"], "`folder` has no search in it"),
        (&["--peak", "1k/s", "--per-broker-from", "export.csv"], "`export.csv` has no search in it"),
        (&["--peak", "1G/s", "--event-bytes", "1GB", "--retention", "100000d"], "comes to more than can be planned"),
    ];
    for (arguments, said) in refused {
        let ended = plan(&workshop, arguments);
        let (code, sentence) = ended.one_sentence();
        assert!(code == Some(2) && sentence.contains(said), "{arguments:?}: {sentence}");
    }
}

/// A search that goes on, or was stopped, has measured nothing yet.
pub(crate) fn an_unfinished_search_is_no_measurement(workshop: &Workshop, search: &Path) {
    let ended = plan(workshop, &["--peak", "5k/s", "--per-broker-from", search.to_str().unwrap()]);
    let (code, sentence) = ended.one_sentence();
    assert!(code == Some(2) && sentence.contains("is not finished"), "{sentence}");
}

/// A search that ended "at least" measured at least that, with the size of its events; one without a lower bound measured nothing.
pub(crate) fn a_search_is_a_measurement(workshop: &Workshop, search: &Path) {
    let folder = search.to_str().unwrap();
    let arguments = ["--peak", "5k/s", "--per-broker-from", folder, "--per-partition-from", folder, "--json"];
    let planned = json(&plan(workshop, &arguments));
    let record: Value = serde_json::from_str(&fs::read_to_string(search.join("capacity.json")).unwrap()).unwrap();
    let confirmed = record["found"]["lower"]["offered_per_s"].as_f64().unwrap();
    let [broker, partition, event] = ["per_broker", "per_partition", "event"].map(|key| entry(&planned, "inputs", key));
    assert_eq!((broker["value"].as_f64(), &broker["at_least"]), (Some(confirmed), &true.into()));
    // Nobody said how many brokers and copies there were.
    assert_eq!(broker["basis"], serde_json::json!(["measured", "assumed"]));
    assert_eq!(partition["basis"], serde_json::json!(["measured"]));
    // The payload, and the key.
    assert!(event["value"].as_f64().is_some_and(|bytes| (512.0..530.0).contains(&bytes)), "{event}");
    assert!(partition["from"].as_str().unwrap().contains(" over "), "{partition}");
    assert!(partition["value"].as_f64().unwrap() <= confirmed, "{partition}");
    // A cluster of three with two copies took each event twice, with three brokers.
    let more = ["--measured-brokers", "3", "--measured-replication", "2"];
    let planned = json(&plan(workshop, &[&arguments[..], &more].concat()));
    assert_eq!(entry(&planned, "inputs", "per_broker")["basis"], serde_json::json!(["measured", "given"]));
    let broker = entry(&planned, "inputs", "per_broker")["value"].as_f64().unwrap();
    assert!((broker - confirmed * 2.0 / 3.0).abs() < 1e-9, "{broker} {confirmed}");

    let mut unbound = record;
    unbound["found"]["ended"] = "below".into();
    unbound["found"].as_object_mut().unwrap().remove("lower");
    let elsewhere = workshop.fresh("unbound");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("capacity.json"), unbound.to_string()).unwrap();
    let ended = plan(workshop, &["--peak", "5k/s", "--per-broker-from", elsewhere.to_str().unwrap()]);
    let (code, sentence) = ended.one_sentence();
    assert!(code == Some(2) && sentence.contains("confirmed no load"), "{sentence}");
}
