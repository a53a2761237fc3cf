//! What the exit code means.

use floodmark::verdict::{ReasonCode, Verdict};

use crate::cluster::Cluster;
use crate::program::{Ended, Workshop};

fn run_with(slo: &str, rate: &str) -> Ended {
    run_capped("", slo, rate)
}

fn run_capped(head: &str, slo: &str, rate: &str) -> Ended {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("verdict");
    let text = format!(
        "{head}duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"{rate}\"\nslo = {{ {slo} }}\n"
    );
    workshop.run(&workshop.profile(&text), &cluster.brokers, &[])
}

#[test]
fn a_broken_limit_fails_the_run() {
    let ended = run_with("end_to_end_p99 = \"1us\"", "2k/s");
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(1), Verdict::Fail), "{}", ended.stderr);
    assert!(summary.reasons[0].slo.as_deref() == Some("end_to_end_p99"), "{:?}", summary.reasons);
    assert!(!summary.streams[0].slo.iter().find(|slo| slo.name == "end_to_end_p99").unwrap().ok);
}

#[test]
fn a_kept_limit_does_not() {
    let summary = run_with("end_to_end_p99 = \"1h\"", "2k/s").sound();
    assert!(summary.streams[0].slo.iter().all(|slo| slo.ok && slo.observed.is_some()));
}

#[test]
fn a_quantile_of_too_few_samples_is_no_pass() {
    let ended = run_with("end_to_end_p99 = \"1h\"", "500/s");
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{}", ended.stderr);
    assert!(summary.reasons.iter().any(|reason| reason.code == ReasonCode::TooFewSamples), "{:?}", summary.reasons);
    let limit = summary.streams[0].slo.iter().find(|slo| slo.name == "end_to_end_p99").unwrap();
    assert!(!limit.ok && limit.observed.is_none());
}

#[test]
fn a_ceiling_below_the_rate_is_named_as_what_held_it_back() {
    let ended = run_capped("ceiling = \"1k/s\"\n", "lost = 0", "2k/s");
    let summary = ended.summary();
    assert_eq!((ended.code(), summary.verdict), (Some(3), Verdict::Void), "{}", ended.stderr);
    assert!(summary.reasons.iter().any(|reason| reason.code == ReasonCode::HeldBackByCeiling), "{:?}", summary.reasons);
    // Lateness caused by the ceiling does not count as the generator's own, however busy this machine is.
    let (own, all) = (summary.generator.lateness_ms.p99, summary.streams[0].latency_ms.due_to_sent.p99);
    assert!(own * 2.0 < all, "{own} ms of {all} ms");
    // However late: nothing is skipped.
    assert_eq!((summary.totals.planned, summary.totals.delivered), (2000, 2000));
}

#[test]
fn a_folder_is_shown_as_its_run_was() {
    let (cluster, workshop) = (Cluster::for_a_test(), Workshop::new());
    let topic = cluster.topic("shown");
    let text = format!("duration = \"1s\"\n[[stream]]\nname = \"s\"\ntopic = \"{topic}\"\nrate = \"100/s\"\n");
    let ended = workshop.run(&workshop.profile(&text), &cluster.brokers, &[]);
    let folder = ended.out.as_ref().unwrap().to_str().unwrap();
    for form in [&["--json"][..], &["--format", "json"]] {
        let shown = workshop.call(&[&["show", folder], form].concat());
        assert_eq!((shown.code(), &shown.stdout), (ended.code(), &ended.stdout), "{form:?}");
    }
    let table = workshop.call(&["show", folder]);
    assert!(table.stdout.contains("seed") && !table.stdout.starts_with('{'), "{}", table.stdout);
    assert_eq!(table.stdout, workshop.call(&["show", folder, "--format", "text"]).stdout);
}
