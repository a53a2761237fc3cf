//! Lines for tests.

use super::{
    Accepted, FigureLine, HISTORY_SCHEMA, Line, NightLine, ProbeReading, Repetition, Surroundings, fingerprint,
};
use crate::compare::{Place, Unit};
use crate::verdict::Verdict;

pub(super) fn surroundings() -> Surroundings {
    let of = str::to_owned;
    Surroundings {
        load: of("5d41402abc4b2a76"),
        target: of("embedded"),
        floodmark: of("0.1.0"),
        librdkafka: of("2.12.0"),
        machine: of("2 cores, Xeon, 8.34 GB"),
    }
}

/// A night of one profile: two runs, two figures.
pub(super) fn night(night: &str, profile: &str, host: &str) -> NightLine {
    let repetition = |number| Repetition {
        number,
        verdict: Verdict::Pass,
        counts: true,
        reasons: Vec::new(),
        run: format!("{profile}-{night}-{host}-{number}"),
        folder: format!("nightly/staging/{night}/trials/{profile}-{number}"),
    };
    let figure = |name: &str, values: [f64; 2]| FigureLine {
        place: Place { stream: Some("orders".to_owned()), ..Place::default() },
        figure: name.to_owned(),
        unit: Unit::Ms,
        less_is_worse: false,
        values: values.to_vec(),
    };
    NightLine {
        schema: HISTORY_SCHEMA,
        suite: "staging".to_owned(),
        night: night.to_owned(),
        profile: profile.to_owned(),
        fingerprint: fingerprint(&surroundings()),
        surroundings: surroundings(),
        host: host.to_owned(),
        started: format!("{night}T01:00:00.000Z"),
        ended: format!("{night}T01:20:00.000Z"),
        probes: vec![ProbeReading { after_runs: 0, cpu_us_per_event: 4.1, ack_p50_ms: 0.7, ack_p99_ms: 2.3 }],
        suspect: None,
        repetitions: vec![repetition(1), repetition(2)],
        figures: vec![figure("end_to_end_p99", [8.03, 8.11]), figure("ack_p99", [6.64, 6.7])],
    }
}

pub(super) fn accepted(since: &str) -> Accepted {
    Accepted {
        schema: HISTORY_SCHEMA,
        suite: "staging".to_owned(),
        since: since.to_owned(),
        profile: None,
        figure: None,
        why: "six partitions".to_owned(),
        accepted: format!("{since}T08:00:00.000Z"),
        host: "night-1".to_owned(),
    }
}

/// As it stands in a file, without the line end.
pub(super) fn text_of(line: &Line) -> String {
    serde_json::to_string(line).unwrap()
}

/// Several as a file.
pub(super) fn file_of_lines(lines: &[NightLine]) -> String {
    lines.iter().map(|line| format!("{}\n", text_of(&Line::Night(line.clone())))).collect()
}
