//! A captured curve is sent as planned, and its run can be read and merged again.

use std::fs;

use crate::cluster::Cluster;
use crate::program::{Workshop, assert_conserved};

const COUNTS: [u64; 10] = [20, 35, 80, 160, 300, 240, 0, 0, 90, 75];

/// A curve of ten minutes, in the workshop's folder, and a profile that plays it in two and a half seconds.
fn replay(workshop: &Workshop, topic: &str) -> std::path::PathBuf {
    let row = |(minute, count): (usize, &u64)| format!("2030-01-31T11:{minute:02}:00Z,{count}\n");
    let rows: String = COUNTS.iter().enumerate().map(row).collect();
    fs::write(workshop.path("curve.csv"), format!("# made for a test\ntimestamp,count\n{rows}")).unwrap();
    workshop.profile(&format!(
        "drain = \"5s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\n\
         curve = {{ file = \"curve.csv\", speed = 240, scale = 2, detail = {{ kind = \"poisson-exact\" }} }}\n"
    ))
}

#[test]
fn what_is_sent_is_what_was_captured() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let profile = replay(&workshop, &cluster.topic("replay"));
    let ended = workshop.run(&profile, &cluster.brokers, &[]);
    let out = ended.out.clone().unwrap();
    let summary = ended.sound();
    assert_conserved(&summary);
    assert_eq!(summary.totals.planned, 2 * COUNTS.iter().sum::<u64>());
    assert_eq!(summary.totals.delivered, summary.totals.planned);
    let manifest = fs::read_to_string(out.join("manifest.toml")).unwrap();
    assert!(manifest.contains(workshop.path("curve.csv").to_str().unwrap()) && manifest.contains("fingerprint"));
}

#[test]
fn parts_of_a_replay_join_only_with_the_curve_that_they_played() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let profile = replay(&workshop, &cluster.topic("parts"));
    let mut observer = workshop.start_on("consume", &profile, &cluster.brokers, &["--run-id", "joined"]);
    observer.until("it observes", |running| running.stderr().contains("Ready"));
    let mut parts = Vec::new();
    for shard in ["0/2", "1/2"] {
        let sent = workshop.start_on("produce", &profile, &cluster.brokers, &["--run-id", "joined", "--shard", shard]);
        parts.push(sent);
    }
    let mut folders: Vec<String> = parts.into_iter().map(|part| folder_of(part.wait())).collect();
    folders.push(folder_of(observer.wait()));
    let merge = || {
        let out = workshop.fresh("whole");
        let folders = folders.iter().map(String::as_str);
        workshop
            .call(&[&["merge", "--json", "--out", out.to_str().unwrap()], &folders.collect::<Vec<_>>()[..]].concat())
    };
    let joined = merge();
    assert!(joined.stdout.contains(&format!("\"planned\": {}", 2 * COUNTS.iter().sum::<u64>())), "{}", joined.stderr);
    let curve = fs::read_to_string(workshop.path("curve.csv")).unwrap();
    fs::write(workshop.path("curve.csv"), curve.replace(",300", ",301")).unwrap();
    let refused = merge();
    let (_, told) = refused.one_sentence();
    assert!(told.contains("not the one in the profile") && told.contains("curve.csv"), "{told}");
}

fn folder_of(ended: crate::program::Ended) -> String {
    ended.out.unwrap().to_str().unwrap().to_owned()
}
