//! Records that are sent again at the distances at which they were recorded.

use std::collections::BTreeMap;
use std::fs;

use serde_json::Value;

use crate::cluster::Cluster;
use crate::program::Workshop;
use crate::templates::read_all;

/// Three seconds of records, not in order, a tenth of them without a key.
fn records(events: u64) -> String {
    let row = |n: u64| {
        let at_ms = 1_760_000_000_000 + (n * 7919) % 3000;
        let key = if n.is_multiple_of(10) { String::new() } else { format!("customer {}", n % 13) };
        format!("{at_ms},{key},\"{{\"\"id\"\":\"\"old\"\",\"\"n\"\":{n},\"\"at\"\":{at_ms}}}\"\n")
    };
    let rows: String = (0..events).map(row).collect();
    format!("timestamp,key,payload\n{rows}")
}

#[test]
fn records_are_sent_with_their_keys_payloads_and_distances() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("records");
    fs::write(workshop.path("records.csv"), records(600)).unwrap();
    let profile = workshop.profile(&format!(
        "[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nproducers = 3\nrecords = {{ file = \"records.csv\", speed = 2 }}\n\
         [stream.payload]\nid = \"/id\"\ndue = \"/at\"\n"
    ));
    let summary = workshop.run(&profile, &cluster.brokers, &[]).sound();
    let counts = summary.totals;
    assert_eq!((counts.planned, counts.delivered, counts.lost), (600, 600, 0), "{counts:?}");
    let sent: BTreeMap<u64, (String, i64)> = read_all(&cluster, &topic, 4, 600)
        .into_iter()
        .map(|(key, payload, _)| {
            let value: Value = serde_json::from_slice(&payload).unwrap();
            (value["n"].as_u64().unwrap(), (key, value["at"].as_i64().unwrap()))
        })
        .collect();
    let first = sent.values().map(|(_, at_ms)| *at_ms).min().unwrap();
    assert_eq!(sent.len(), 600);
    for (n, (key, at_ms)) in sent {
        let expected = if n.is_multiple_of(10) { String::new() } else { format!("customer {}", n % 13) };
        assert_eq!(key, expected, "record {n}");
        let after_ms = i64::try_from((n * 7919) % 3000).unwrap();
        assert!((at_ms - first - after_ms / 2).abs() <= 1, "record {n}: {} ms after the first", at_ms - first);
    }
}

#[test]
fn what_is_wrong_with_records_is_said_with_the_line() {
    let workshop = Workshop::new();
    fs::write(workshop.path("records.csv"), "timestamp,key,payload\n1760000000000,a,{}\nnoon,b,{}\n").unwrap();
    let refused = |more: &str, expected: &str| {
        let profile =
            workshop.profile(&format!("[[stream]]\nname = \"s\"\nrecords = {{ file = \"records.csv\" }}\n{more}"));
        let refused = workshop.call(&["plan", profile.to_str().unwrap()]);
        assert!(refused.code() == Some(2) && refused.stderr.contains(expected), "{}", refused.stderr);
    };
    refused("", "line 3: `noon` is not a time");
    fs::write(workshop.path("records.csv"), "timestamp,key,payload\n1760000000000,a,{}\n").unwrap();
    refused("payload = { id = \"/id\" }", "record 1, in the order of their times: no value stands at /id");
    refused("", "the id has no place");
}
