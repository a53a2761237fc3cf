//! Made-up keys and trials, for tests.

use super::figure::{Figure, Figures};
use super::record::{Key, SWEEP_SCHEMA, SweepFound, SweepRecord, SweepTrial};
use super::role::Role;
use crate::verdict::Verdict;

pub(crate) fn key(name: &str, values: &[&str]) -> Key {
    Key { name: name.to_owned(), role: Role::Client, values: values.iter().map(|value| (*value).to_owned()).collect() }
}

pub(crate) fn trial(round: usize, combination: usize, p99_ms: f64, cpu_us: f64) -> SweepTrial {
    let figures: Figures = [
        (Figure::OfferedPerS, 1000.0),
        (Figure::DeliveredPerS, 1000.0),
        (Figure::AckedPerS, 1000.0),
        (Figure::PayloadBytesPerS, 512_000.0),
        (Figure::EndToEndP50Ms, p99_ms / 2.0),
        (Figure::EndToEndP99Ms, p99_ms),
        (Figure::AckP99Ms, p99_ms * 0.8),
        (Figure::CpuUsPerEvent, cpu_us),
    ]
    .into();
    SweepTrial {
        round,
        combination,
        verdict: Verdict::Pass,
        figures: Some(figures),
        because: None,
        took_s: 9.0,
        folder: format!("trials/{round}-{combination}"),
    }
}

/// Three lingers and two codecs, three rounds.
pub(crate) fn record() -> SweepRecord {
    let keys = vec![key("linger.ms", &["0", "5", "50"]), key("compression.type", &["none", "zstd"])];
    let combinations =
        ["0", "5", "50"].iter().flat_map(|one| ["none", "zstd"].map(|two| vec![(*one).to_owned(), two.to_owned()]));
    let p99_ms = [4.0, 5.0, 9.0, 9.5, 55.0, 54.0];
    let cpu_us = [40.0, 48.0, 21.0, 26.0, 20.9, 24.0];
    let near = |round: usize, at: usize| 1.0 + 0.01 * ((round * 5 + at * 3) % 4) as f64;
    let of_round = |round: usize| {
        (0..6).map(move |at| trial(round, at + 1, p99_ms[at] * near(round, at), cpu_us[at] * near(at, round)))
    };
    let mut record = SweepRecord {
        schema: SWEEP_SCHEMA,
        profile: "orders".to_owned(),
        asked: "0123".to_owned(),
        cluster_id: Some("abc".to_owned()),
        keys,
        combinations: combinations.collect(),
        repeat: 3,
        seed: 7,
        trial_s: 8.0,
        before: None,
        trials: std::iter::once(trial(0, 1, 99.0, 99.0)).chain((1..=3).flat_map(of_round)).collect(),
        is_capacity: false,
        capacities: Vec::new(),
        found: SweepFound::default(),
    };
    record.conclude();
    record
}
