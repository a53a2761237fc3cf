//! Lateness as a person reads it: which bound it should be, whose clock is off, what stalls, what became of the injected.

use super::{
    paint::Look,
    tables::{line, plain_table, push_table, push_wrapped},
};
use crate::{
    event_time::lateness::{Candidate, Finding, InjectionLedger, ProducerSkew},
    figures,
    report::figures::{count, latency, share},
};

/// Most producers in the table of clocks.
const MOST_CLOCKS: usize = 20;

/// Candidate bounds (`name` is what the engine calls one), each with what it would have dropped and what it costs. Empty when nothing was measured.
#[must_use]
pub(crate) fn advice(name: &str, candidates: &[Candidate]) -> String {
    let mut text = String::new();
    if candidates.is_empty() {
        return text;
    }
    let mut table = plain_table(5, 1..5);
    table.add_row([format!("which {name}").as_str(), name, "drops", "share", "adds to results"]);
    for candidate in candidates {
        table.add_row([
            candidate.reason.title().to_owned(),
            figures::exact_length(candidate.bound_ms),
            figures::range(candidate.drops_min, candidate.drops_max),
            share(candidate.drops_max, candidate.records),
            figures::exact_length(candidate.adds_ms),
        ]);
    }
    push_table(&mut text, &table);
    text
}

/// What was found, one item each, broken to the width.
#[must_use]
pub(crate) fn finding_list(findings: &[Finding], look: Look) -> String {
    let mut text = String::new();
    for finding in findings {
        push_wrapped(&mut text, &finding.to_string(), look.width);
    }
    text
}

/// The producers' clocks, as the stream shows them and as the profile made them; the furthest off first.
#[must_use]
pub(crate) fn clocks(producers: &[ProducerSkew]) -> String {
    let mut text = String::new();
    if producers.is_empty() {
        return text;
    }
    let mut by_offset: Vec<&ProducerSkew> = producers.iter().collect();
    by_offset.sort_by(|one, other| other.median_ms.abs().total_cmp(&one.median_ms.abs()));
    let mut table = plain_table(7, 0..7);
    table.add_row(["producer", "events", "clock off by", "injected", "unexplained", "drift", "least, most"]);
    let or_dash = |ms: Option<f64>| ms.map_or_else(|| "–".to_owned(), latency);
    for skew in by_offset.iter().take(MOST_CLOCKS) {
        table.add_row([
            skew.producer.to_string(),
            count(skew.events),
            latency(skew.median_ms),
            or_dash(skew.injected_ms),
            or_dash(skew.unexplained_ms),
            skew.drift_ppm.map_or_else(|| "–".to_owned(), |ppm| format!("{ppm:.0} ppm")),
            format!("{}, {}", latency(skew.min_ms), latency(skew.max_ms)),
        ]);
    }
    push_table(&mut text, &table);
    if producers.len() > MOST_CLOCKS {
        line(&mut text, &format!("  and {} more", producers.len() - MOST_CLOCKS));
    }
    text
}

/// What became of the injected, by kind. Empty when nothing was injected.
#[must_use]
pub(crate) fn injections(ledger: &InjectionLedger) -> String {
    let mut text = String::new();
    if ledger.kinds.is_empty() {
        return text;
    }
    let mut table = plain_table(7, 1..7);
    table.add_row(["injected", "events", "seen", "dropped", "race", "kept", "counted twice"]);
    for (kind, of) in &ledger.kinds {
        let mut row = vec![kind.title().to_owned()];
        row.extend([of.injected, of.seen, of.dropped, of.race, of.kept, of.counted_twice].map(count));
        table.add_row(row);
    }
    push_table(&mut text, &table);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_time::lateness::{Disturbed, advice::BoundReason};
    use crate::event_time::watermark::Claim;

    #[test]
    fn the_advice_shows_bound_drops_and_price() {
        let candidate = |reason, bound_ms, drops| Candidate {
            reason,
            bound_ms,
            drops_min: drops,
            drops_max: drops,
            records: 240_000,
            share: drops as f64 / 240_000.0,
            adds_ms: bound_ms,
        };
        let table = advice(
            "bound",
            &[
                candidate(BoundReason::TwiceP99Jitter, 94_016, 0),
                candidate(BoundReason::MaxSkewPlus10Percent, 51_700, 0),
                candidate(BoundReason::DropsBelow1Percent, 12_345, 2399),
                candidate(BoundReason::DropsBelow001Percent, 40_110, 3),
                candidate(BoundReason::DropsNone, 46_998, 0),
            ],
        );
        insta::assert_snapshot!(table);
        assert_eq!(advice("bound", &[]), "");
    }

    #[test]
    fn findings_are_items_that_fit_the_width() {
        let findings = [
            Finding::FutureEvent {
                partition: 1,
                events: 12,
                ahead_ms: 31_536_000_000,
                event_time_ms: 1_791_536_000_000,
                producer: Some(3),
                late: 29_800,
                stalled_s: 41,
            },
            Finding::ProducerAhead { producer: 10, ahead_ms: 30_012, late: 11_204, late_in_all: 12_034 },
            Finding::Idle { partition: 2, longest_s: 60, from_s: 0, never: true },
        ];
        let text = finding_list(&findings, Look { width: 80, ..Look::PLAIN });
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn clocks_stand_beside_what_was_injected() {
        let skew = |producer, median_ms: f64, injected_ms: Option<f64>| ProducerSkew {
            producer,
            events: 10_204,
            median_ms,
            min_ms: median_ms - 12_000.0,
            max_ms: median_ms + 0.4,
            lowest_slice_ms: median_ms,
            highest_slice_ms: median_ms,
            drift_ppm: injected_ms.map(|_| -183.2),
            injected_ms,
            unexplained_ms: injected_ms.map(|injected| median_ms - injected),
        };
        insta::assert_snapshot!(clocks(&[
            skew(0, 0.3, Some(0.0)),
            skew(9, -40_000.4, Some(-40_000.0)),
            skew(10, 30_000.1, None)
        ]));
        let many: Vec<_> = (0..30).map(|producer| skew(producer, 1.0, None)).collect();
        assert!(clocks(&many).ends_with("  and 10 more\n"));
    }

    #[test]
    fn the_ledger_of_injections_has_a_row_for_each_kind() {
        let mut ledger = InjectionLedger::default();
        for n in 0..1200 {
            let disturbed =
                Disturbed { skew: n % 3 == 0, late: n % 10 == 0, retried: n % 4 == 0, copies: 1, absurd: false };
            ledger.inject(disturbed, if disturbed.retried { 2 } else { 1 });
            ledger.see(disturbed, if disturbed.late { Claim::SureDrop } else { Claim::SureKeep });
            if disturbed.retried {
                ledger.see_copy(if disturbed.late { Claim::Race } else { Claim::SureKeep }, false);
            }
        }
        insta::assert_snapshot!(injections(&ledger));
        assert_eq!(injections(&InjectionLedger::default()), "");
    }
}
