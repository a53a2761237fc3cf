//! Brokers that ask the client to wait, as a quota does.

use std::collections::BTreeMap;

use super::stretches::joined;
use super::{Incident, IncidentKind};

/// Seconds that are further apart are two stretches: the client counts once a second, and a quota takes turns.
const GAP: usize = 2;

/// When a stream's clients were throttled, from the longest wait of each second, in milliseconds.
#[must_use]
pub(crate) fn throttled(stream: &str, waited_ms: &BTreeMap<u64, u64>) -> Vec<Incident> {
    let seconds = waited_ms.keys().filter_map(|second| usize::try_from(*second).ok());
    let incident = |lasts: std::ops::Range<usize>| {
        let (from_s, to_s) = (lasts.start as u64, lasts.end as u64);
        let longest_ms = waited_ms.range(from_s..to_s).map(|(_, ms)| *ms).max().unwrap_or(0);
        Incident::new(IncidentKind::Throttled, (stream, None), (from_s, Some(to_s)), longest_ms as f64)
    };
    joined(seconds.map(|second| second..second + 1), GAP).into_iter().map(incident).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_with_a_wait_belong_together_and_the_longest_is_told() {
        let told = throttled("orders", &[(4, 80), (5, 1_200), (8, 300), (20, 7)].into());
        let lasts: Vec<_> = told.iter().map(|of| (of.from_s, of.to_s, of.figure)).collect();
        assert_eq!(lasts, [(4, Some(9), 1_200.0), (20, Some(21), 7.0)]);
        assert!(throttled("orders", &BTreeMap::new()).is_empty());
    }
}
