//! `plan` always says the same about a profile, and a run does it.

use crate::cluster::Cluster;
use crate::program::Workshop;

fn plan(workshop: &Workshop, profile: &str, more: &[&str]) -> (String, serde_json::Value) {
    let ended = workshop.call(&[&["plan", "--json", profile], more].concat());
    assert_eq!(ended.code(), Some(0), "{}", ended.stderr);
    let parsed = serde_json::from_str(&ended.stdout).unwrap();
    (ended.stdout, parsed)
}

#[test]
fn a_plan_depends_on_profile_seed_and_shard_alone() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("plan");
    let text = format!(
        "duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"2k/s\"\narrivals = \"poisson\"\n\
         retries = {{ share = 0.1, base = \"10ms\" }}\nlateness = {{ share = 0.1, median = \"1s\" }}\n"
    );
    let profile = workshop.profile(&text);
    let name = profile.to_str().unwrap();
    let (whole, parsed) = plan(&workshop, name, &[]);
    assert_eq!(whole, plan(&workshop, name, &[]).0);
    let mut prints = vec![parsed["fingerprint"].clone()];
    for other in [["--seed", "2"], ["--shard", "0/2"], ["--shard", "1/2"], ["--rate-scale", "2"]] {
        prints.push(plan(&workshop, name, &other).1["fingerprint"].clone());
    }
    prints.push(plan(&workshop, name, &["--set", "stream.s.retries.share=0.2"]).1["fingerprint"].clone());
    for (place, print) in prints.iter().enumerate() {
        assert!(!prints[..place].contains(print), "{place}");
    }

    let summary = workshop.run(&profile, &cluster.brokers, &[]).sound();
    assert_eq!(summary.run.fingerprint, prints[0]);
    assert_eq!(summary.totals.planned, parsed["events"]);
    assert_eq!(summary.totals.copies_planned, parsed["streams"][0]["copies"]);
}

const LUNCH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/curves/lunch.csv");

#[test]
fn a_replay_is_planned_over_its_captured_curve() {
    let workshop = Workshop::new();
    let text = format!(
        "ceiling = \"60/s\"\n[[stream]]\nname = \"s\"\ncurve = {{ file = \"{LUNCH}\", speed = 60, target_peak = \"50/s\", clip = \"40/s\", \
         detail = {{ kind = \"b-model\", bias = 0.7 }} }}\n"
    );
    let profile = workshop.profile(&text);
    let (_, parsed) = plan(&workshop, profile.to_str().unwrap(), &[]);
    let captured = &parsed["streams"][0]["captured"];
    assert_eq!((&captured["buckets"], &captured["events"]), (&20.into(), &5870.0.into()));
    // 1,200 in the fullest minute are 50 in a second of the run; the clip takes 10 of them.
    assert!((captured["scale"].as_f64().unwrap() - 50.0 / 1200.0).abs() < 1e-12);
    assert!((captured["clipped"].as_f64().unwrap() - 10.0).abs() < 1e-9);
    assert_eq!((&parsed["duration_s"], &captured["fullest_second"]), (&20.0.into(), &40.into()));
    assert!(parsed["notes"][0].as_str().unwrap().contains("above the ceiling of 60/s"), "bursts rise above it");

    let shown = workshop.call(&["plan", profile.to_str().unwrap()]);
    assert_eq!(shown.code(), Some(0), "{}", shown.stderr);
    for said in ["20 buckets of 1m 00s, 5,870 events", "60 times as fast", "10 events clipped", "• captured"] {
        assert!(shown.stdout.contains(said), "{said}: {}", shown.stdout);
    }
}
