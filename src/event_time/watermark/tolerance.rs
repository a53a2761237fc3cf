//! How much disorder a model allows for, in the engine's own terms: the one place that names it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::spec::ModelSpec;
use crate::event_time::engines::Lateness;
use crate::profile::Span;

/// A length of time that an engine allows, under the engine's own name for it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Tolerance {
    /// The engine's own term, as in `bound`, `delay` or `grace`.
    pub name: String,
    /// How long it is, in milliseconds.
    pub ms: u64,
}

impl ModelSpec {
    /// The limit on an event's disorder, in milliseconds: the bound, or Kafka Streams' grace, which takes its place.
    #[must_use]
    pub const fn tolerance_ms(&self) -> i64 {
        match self.description().tolerates.lateness {
            Lateness::InPlaceOfBound => self.allowed_ms,
            Lateness::None | Lateness::OpenWindows(_) | Lateness::UntilArrival { .. } => self.bound_ms,
        }
    }

    /// What the model allows for: first the limit on an event's disorder, then what else keeps a late event, where that is set.
    #[must_use]
    pub fn tolerances(&self) -> Vec<Tolerance> {
        let further = match self.description().tolerates.lateness {
            Lateness::OpenWindows(name) => Some((name, self.allowed_ms)).filter(|(_, ms)| *ms > 0),
            Lateness::UntilArrival { name, .. } => Some((name, self.late_arrival_ms)),
            Lateness::None | Lateness::InPlaceOfBound => None,
        };
        let tolerance =
            |(name, ms): (&str, i64)| Tolerance { name: name.to_owned(), ms: u64::try_from(ms).unwrap_or(0) };
        std::iter::once((self.description().tolerates.name, self.tolerance_ms()))
            .chain(further)
            .map(tolerance)
            .collect()
    }
}

/// The engine's name for the tolerance to choose: `bound`, where that is unknown.
#[must_use]
pub(crate) fn chosen_name(tolerances: &[Tolerance]) -> &str {
    tolerances.first().map_or("bound", |first| first.name.as_str())
}

/// For people: `bound 5s, allowed lateness 2s`.
#[must_use]
pub(crate) fn tolerance_text(tolerances: &[Tolerance]) -> String {
    let one = |of: &Tolerance| format!("{} {}", of.name, Span::from_millis(of.ms));
    tolerances.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_time::lateness::LogRule;
    use crate::profile::Engine;

    fn text(engine: Engine, bound_ms: i64, allowed_ms: i64) -> String {
        tolerance_text(&ModelSpec { bound_ms, allowed_ms, ..ModelSpec::plain(engine) }.tolerances())
    }

    #[test]
    fn every_engine_has_its_own_word_and_its_own_value() {
        assert_eq!(text(Engine::Flink, 5_000, 0), "bound 5s");
        assert_eq!(text(Engine::Flink, 0, 2_500), "bound 0s, allowed lateness 2s500ms");
        assert_eq!(text(Engine::FlinkSql, 5_000, 0), "delay 5s");
        assert_eq!(text(Engine::Spark, 60_000, 0), "delay 1m");
        assert_eq!(text(Engine::KafkaStreams, 0, 5_000), "grace 5s");
        assert_eq!(text(Engine::Beam, 5_000, 1_000), "max delay 5s, allowed lateness 1s");
        assert_eq!(text(Engine::AzureStreamAnalytics, 0, 0), "out-of-order tolerance 0s, late-arrival tolerance 5s");
    }

    /// After a repartition topic its grace used to be called a bound of 0.
    #[test]
    fn a_repartitioned_grace_is_a_grace() {
        let plain = ModelSpec { allowed_ms: 5_000, ..ModelSpec::plain(Engine::KafkaStreams) };
        let behind = ModelSpec { repartitioned: true, ..plain };
        assert_eq!(behind.tolerances(), plain.tolerances());
    }

    #[test]
    fn what_is_said_is_what_events_are_held_against() {
        for engine in Engine::ALL {
            let has_bound = engine.description().tolerates.lateness != Lateness::InPlaceOfBound;
            let bound_ms = if has_bound { 700 } else { 0 };
            let spec = ModelSpec { bound_ms, allowed_ms: 300, ..ModelSpec::plain(engine) };
            assert_eq!(spec.tolerances()[0].ms, LogRule::of_model(&spec).bound_ms, "{engine}");
        }
    }
}
