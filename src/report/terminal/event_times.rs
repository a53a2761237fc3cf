//! The part of the closing table on event times: what was found, which bound would do, whose clock is off, what became of the injected.
//! Where there is nothing to say nothing is shown.

use super::{
    lateness::{advice, clocks, finding_list, injections},
    paint::{Ink, Look, paint},
    tables::{line, push_wrapped},
};
use crate::{
    event_time::lateness::{Attention, Finding, ProducerSkew},
    event_time::watermark::{chosen_name, tolerance_text},
    figures,
    report::figures::{count, share},
    results::summary::{LatenessSummary, StreamSummary},
};

/// Most findings that are shown; `summary.json` has more.
const MOST_FINDINGS: usize = 5;

/// What there is to say of a stream's event times; empty when that is nothing.
#[must_use]
pub(crate) fn event_times(stream: &StreamSummary, look: Look) -> String {
    let mut text = String::new();
    let found: Vec<Finding> = stream.findings.iter().map(|of| of.finding.clone()).collect();
    if !found.is_empty() {
        line(&mut text, "");
        text.push_str(&finding_list(&found[..found.len().min(MOST_FINDINGS)], look));
        if found.len() > MOST_FINDINGS {
            line(&mut text, &format!("    and {} more in summary.json", found.len() - MOST_FINDINGS));
        }
    }
    // Where nothing is late, no bound has to be chosen.
    if let Some(lateness) = stream.lateness.as_ref().filter(|of| of.late > 0 || of.refused > 0) {
        line(&mut text, "");
        late(&mut text, lateness, look);
    }
    let off: Vec<ProducerSkew> = stream.clocks.iter().filter(|skew| is_worth_a_row(skew)).copied().collect();
    let tables = [clocks(&off), injections(&stream.injections)];
    for table in tables.iter().filter(|table| !table.is_empty()) {
        line(&mut text, "");
        text.push_str(table);
    }
    text
}

/// How late events are, and the bounds that could be chosen.
pub(super) fn late(text: &mut String, lateness: &LatenessSummary, look: Look) {
    let LatenessSummary { model, tolerance, records, late, .. } = lateness;
    line(
        text,
        &format!(
            "  {model}, {}: {} of {} events ({}) come later than that",
            tolerance_text(tolerance),
            count(*late),
            count(*records),
            share(*late, *records)
        ),
    );
    windows(text, lateness);
    text.push_str(&advice(chosen_name(tolerance), &lateness.candidates));
    if let Some(advised_ms) = lateness.advised_ms {
        let bound =
            paint(&format!("{} {}", chosen_name(tolerance), figures::exact_length(advised_ms)), Ink::Strong, look);
        line(text, &format!("  advised: {bound}, which covers the latest event for any alignment of windows"));
    }
    lateness.notes.iter().for_each(|note| push_wrapped(text, note, look.width));
}

/// Where events are missing: the partitions, and the windows that miss most.
fn windows(text: &mut String, lateness: &LatenessSummary) {
    const MOST_NAMED: usize = 8;
    let partitions: Vec<String> =
        lateness.partitions.iter().filter(|of| of.late > 0).map(|of| of.partition.to_string()).collect();
    if !partitions.is_empty() {
        let more = if partitions.len() > MOST_NAMED { ", …" } else { "" };
        let named = partitions[..partitions.len().min(MOST_NAMED)].join(", ");
        line(text, &format!("  in partitions {named}{more} (most late events first)"));
    }
    if let Some(worst) = lateness.windows.first() {
        let length_ms = worst.end_ms.abs_diff(worst.start_ms);
        let misses = figures::range(worst.missing_sure, worst.missing_possible);
        line(text, &format!("  worst window: {} ({}) misses {misses}", worst.start, figures::exact_length(length_ms)));
    }
}

/// A clock that is far off, or events that something else than the profile moves.
fn is_worth_a_row(skew: &ProducerSkew) -> bool {
    let limit_ms = Attention::default().skew_ms as f64;
    skew.median_ms.abs() >= limit_ms || skew.unexplained_ms.is_some_and(|ms| ms.abs() >= limit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_time::lateness::Scope;
    use crate::event_time::watermark::Tolerance;
    use crate::results::summary::{FindingSummary, LatePartition};

    fn lateness(late: u64) -> LatenessSummary {
        let of = |partition| LatePartition { partition, records: 10, late, lateness_p99_ms: 1, lateness_max_ms: 2 };
        LatenessSummary {
            model: "kafka-streams, tumbling 10s".to_owned(),
            scope: Scope::Partition,
            bound_ms: 5000,
            tolerance: vec![Tolerance { name: "grace".to_owned(), ms: 5000 }],
            records: 4000,
            late: late * 12,
            refused: 0,
            advised_ms: Some(51_700),
            candidates: Vec::new(),
            partitions: (0..12).map(of).collect(),
            windows: Vec::new(),
            notes: Vec::new(),
        }
    }

    #[test]
    fn where_there_is_nothing_to_say_nothing_is_shown() {
        assert_eq!(event_times(&StreamSummary::default(), Look::PLAIN), "");
        let in_time = StreamSummary { lateness: Some(lateness(0)), ..StreamSummary::default() };
        assert_eq!(event_times(&in_time, Look::PLAIN), "");
    }

    #[test]
    fn the_worst_findings_come_first_then_where_events_are_late_and_the_advised_bound() {
        let behind = |producer| Finding::ProducerBehind { producer, behind_ms: 47_000, late: 5, late_in_all: 60 };
        let found = |producer| FindingSummary { sentence: String::new(), finding: behind(producer) };
        let stream = StreamSummary {
            findings: (0..7).map(found).collect(),
            lateness: Some(lateness(5)),
            ..StreamSummary::default()
        };
        let text = event_times(&stream, Look { width: 200, ..Look::PLAIN });
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        assert!(lines[..5].iter().all(|line| line.contains("'s clock is 47 s behind the others'")), "{text}");
        assert_eq!(
            lines[5..],
            [
                "    and 2 more in summary.json",
                "  kafka-streams, tumbling 10s, grace 5s: 60 of 4,000 events (1.50 %) come later than that",
                "  in partitions 0, 1, 2, 3, 4, 5, 6, 7, … (most late events first)",
                "  advised: grace 51.7 s, which covers the latest event for any alignment of windows",
            ]
        );
    }
}
