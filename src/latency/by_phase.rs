//! Latencies of one hop, phase by phase.

use std::collections::BTreeMap;

use super::LatencyHistogram;
use crate::mergeable::Merge;

/// A histogram for each phase in which something was measured, by the phase's place in its stream.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct ByPhase {
    phases: BTreeMap<u8, LatencyHistogram>,
}

impl ByPhase {
    /// Records one latency, `times` times; of an event that belongs to no phase, nothing.
    pub(crate) fn record(&mut self, phase: Option<u8>, latency_ns: i64, times: u64) {
        if let Some(phase) = phase {
            self.phases.entry(phase).or_default().record_times(latency_ns, times);
        }
    }

    /// A phase's latencies, if any were measured.
    #[must_use]
    pub(crate) fn of(&self, phase: u8) -> Option<&LatencyHistogram> {
        self.phases.get(&phase)
    }

    /// All phases in which something was measured.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u8, &LatencyHistogram)> {
        self.phases.iter().map(|(phase, latencies)| (*phase, latencies))
    }
}

impl FromIterator<(u8, LatencyHistogram)> for ByPhase {
    fn from_iter<I: IntoIterator<Item = (u8, LatencyHistogram)>>(phases: I) -> Self {
        ByPhase { phases: phases.into_iter().collect() }
    }
}

impl Merge for ByPhase {
    fn merge(&mut self, other: Self) {
        for (phase, latencies) in other.phases {
            match self.phases.get_mut(&phase) {
                Some(own) => own.merge(latencies),
                None => _ = self.phases.insert(phase, latencies),
            }
        }
    }
}
