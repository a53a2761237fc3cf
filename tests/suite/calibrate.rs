//! `floodmark calibrate`: faults that are made on purpose are found.

use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::Workshop;

/// How many relays there are on any cluster, and how many faults of the broker itself on the embedded one beside them.
const RELAYS: usize = 11;
const MISDEEDS: usize = 6;

/// What a machine that is busy with other tests may bend: when things happened, and how long they took.
const OF_TIME: [&str; 8] = [
    "due_to_consumed_p50",
    "due_to_consumed_p99",
    "sent_to_acked_p50",
    "incidents",
    "partition_stalled",
    "no_deliveries",
    "no_acknowledgements",
    "throttled",
];

#[test]
fn every_fault_on_the_embedded_broker_is_counted_as_it_was_and_nothing_else() {
    is_counted_as_it_was(&[], RELAYS + MISDEEDS);
}

#[test]
fn every_fault_of_a_relay_on_a_cluster_is_counted_as_it_was_and_nothing_else() {
    let cluster = Cluster::for_a_test();
    is_counted_as_it_was(&["-b", &cluster.brokers], RELAYS);
}

fn is_counted_as_it_was(on: &[&str], faults: usize) {
    let workshop = Workshop::new();
    let out = workshop.fresh("calibrate");
    let ended = workshop.call(&[&["calibrate", "--json", "--out", out.to_str().unwrap()], on].concat());
    let found: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|why| panic!("{why}: {}", ended.stderr));
    let rows = found["rows"].as_array().unwrap();
    assert_eq!(rows.len(), faults, "{}", ended.stdout);
    for row in rows {
        let counts =
            row["cells"].as_array().unwrap().iter().filter(|cell| !OF_TIME.contains(&cell["figure"].as_str().unwrap()));
        for cell in counts {
            assert_eq!(cell["found"], cell["injected"], "{}: {}", row["fault"], cell["figure"]);
        }
        assert_ne!(row["standing"], "wrong_pass", "{}", row["fault"]);
    }
    let of = |fault: &str, figure: &str| {
        let row = rows.iter().find(|row| row["fault"] == fault).unwrap();
        row["cells"].as_array().unwrap().iter().find(|cell| cell["figure"] == figure).unwrap()["injected"]
            .as_f64()
            .unwrap()
    };
    assert_eq!((of("lose-one", "missing"), of("none", "missing")), (1.0, 0.0));
    assert!(of("repeat", "duplicates_accidental") > 0.0 && of("damage", "unreadable") > 0.0);
    // The exit code is the verdict's.
    let code = match found["verdict"].as_str().unwrap() {
        "pass" => 0,
        "fail" => 1,
        _ => 3,
    };
    assert_eq!(ended.code(), Some(code), "{}", ended.stderr);
}

#[test]
fn what_cannot_be_calibrated_is_refused_in_a_sentence() {
    let workshop = Workshop::new();
    for (flags, said) in [
        (["--rounds", "0"], "--rounds 0: at least one run is made"),
        (["--duration", "2s"], "--duration 2s: a run lasts at least 20s"),
        (["--rate", "10/s"], "--rate 10/s: a stream has at least 100/s"),
    ] {
        let refused = workshop.call(&["calibrate", flags[0], flags[1]]);
        assert_eq!(refused.code(), Some(2));
        assert_eq!(refused.stderr, format!("error: {said}\n"));
    }
    let no_broker = workshop.call(&["calibrate", "-b", "127.0.0.1:1", "--json"]);
    assert_eq!(no_broker.code(), Some(4));
    assert!(no_broker.stdout.contains("nothing listens there"), "{}", no_broker.stdout);
}
