//! `floodmark new`: each profile that it writes can be planned and run.

use std::fs;

use floodmark::profile::Profile;

use crate::cluster::Cluster;
use crate::inspect::write_orders;
use crate::program::Workshop;

fn new(workshop: &Workshop, arguments: &[&str]) -> String {
    let ended = workshop.call(&[&["new"][..], arguments].concat());
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    ended.stdout
}

/// Runs a profile for a short while on the embedded broker, and says what was delivered.
fn delivered(workshop: &Workshop, profile: &str) -> u64 {
    let out = workshop.fresh("out");
    let ended = workshop.call(&["run", profile, "--duration", "4s", "--json", "--out", out.to_str().unwrap()]);
    assert!(matches!(ended.code(), Some(0 | 3)), "{}{}", ended.stdout, ended.stderr);
    let summary: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((&summary["totals"]["lost"], &summary["totals"]["phantom"]), (&0.into(), &0.into()));
    summary["totals"]["delivered"].as_u64().unwrap()
}

#[test]
fn every_profile_inside_can_be_written_and_is_the_same_traffic() {
    let workshop = Workshop::new();
    let listed = new(&workshop, &["--list"]);
    let names: Vec<&str> =
        listed.lines().take_while(|line| !line.is_empty()).map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(names.len(), 6, "{listed}");
    for name in names {
        let told = new(&workshop, &[&format!("mine-{name}"), "--from-profile", name]);
        assert!(told.contains(&format!("floodmark run mine-{name}.toml")), "{told}");
        let fingerprint = |profile: &str| {
            let plan: serde_json::Value =
                serde_json::from_str(&workshop.call(&["plan", profile, "--json"]).stdout).unwrap();
            plan["fingerprint"].clone()
        };
        assert_eq!(fingerprint(&format!("mine-{name}.toml")), fingerprint(name));
    }
}

#[test]
fn a_file_that_exists_is_overwritten_only_when_asked() {
    let workshop = Workshop::new();
    new(&workshop, &["orders"]);
    assert!(delivered(&workshop, "orders.toml") > 3_000);
    fs::write(workshop.path("orders.toml"), "mine").unwrap();
    let refused = workshop.call(&["new", "orders.toml"]);
    assert!(refused.code() == Some(2) && refused.stderr.contains("orders.toml already exists"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(workshop.path("orders.toml")).unwrap(), "mine");
    new(&workshop, &["orders.toml", "--force"]);
    assert!(Profile::from_file(&workshop.path("orders.toml")).is_ok());
    for (arguments, said) in [
        (&["absent/orders"][..], "there is no folder absent"),
        (&["x", "--from-profile", "averag"], "did you mean `average`"),
        (&["x", "--from-schema", "orders.xsd"], "orders.xsd cannot be read"),
    ] {
        let ended = workshop.call(&[&["new"][..], arguments].concat());
        assert!(ended.code() == Some(2) && ended.stderr.contains(said), "{}", ended.stderr);
    }
}

#[test]
fn a_topic_becomes_a_profile_that_runs() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.unmarked_topic("orders");
    cluster.create(&topic, 2);
    write_orders(&cluster, &topic, 1200);
    let from = ["-b", cluster.brokers.as_str(), "--from-topic", &topic];
    new(&workshop, &[&["mean"][..], &from].concat());
    let mean = Profile::from_file(&workshop.path("mean.toml")).unwrap().profile;
    assert_eq!((mean.streams[0].partitions, mean.streams[0].keys.count), (Some(2), 7));
    delivered(&workshop, "mean.toml");
    let kept = ["kept", "--keep-payloads", "50", "--mask", "/customer/name", "--curve", "--since", "20m"];
    let told = new(&workshop, &[&kept[..], &from].concat());
    assert!(told.contains("kept.csv: the captured rate") && told.contains("kept.jsonl: 50 messages"), "{told}");
    assert!(!fs::read_to_string(workshop.path("kept.jsonl")).unwrap().contains("Miller"));
    let profile = fs::read_to_string(workshop.path("kept.toml")).unwrap();
    assert!(profile.contains("id = \"/orderId\", event_time = \"/placedAt\""), "{profile}");
    let sampled = workshop.call(&["plan", "kept.toml", "--sample", "1"]);
    assert!(sampled.stdout.contains("\"orderId\":\""), "{}{}", sampled.stdout, sampled.stderr);
    let faster = "stream.0.curve.speed=600";
    let out = workshop.fresh("out");
    let ended = workshop.call(&["run", "kept.toml", "--set", faster, "--json", "--out", out.to_str().unwrap()]);
    let summary: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(
        (&summary["totals"]["delivered"], &summary["totals"]["lost"]),
        (&1200.into(), &0.into()),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_topic_that_is_quiet_now_becomes_one_by_its_newest_messages() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.unmarked_topic("orders");
    cluster.create(&topic, 2);
    write_orders(&cluster, &topic, 100);
    let from = ["-b", cluster.brokers.as_str(), "--from-topic", &topic, "--since", "10s"];
    new(&workshop, &[&["quiet"][..], &from].concat());
    delivered(&workshop, "quiet.toml");
    let refused = workshop.call(&[&["new", "curve", "--curve"][..], &from].concat());
    assert!(refused.code() == Some(3) && refused.stderr.contains("go further back with --since"), "{}", refused.stderr);
}
