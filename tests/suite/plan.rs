//! `plan` says the same of the same profile, and what a run then does.

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
