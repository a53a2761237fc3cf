//! The engines, a file each: a description of what the engine does with late events.
//! The algorithms ask the description, never the engine's name.

mod azure;
mod beam;
mod description;
mod flink;
mod flink_sql;
mod kafka_streams;
mod spark;

pub(crate) use description::{Counts, Description, Lateness, Progress, Sliding};

use crate::profile::Engine;

impl Engine {
    /// What the engine does with late events.
    #[must_use]
    pub const fn description(self) -> &'static Description {
        match self {
            Engine::Flink => &flink::DESCRIPTION,
            Engine::FlinkSql => &flink_sql::DESCRIPTION,
            Engine::Spark => &spark::DESCRIPTION,
            Engine::KafkaStreams => &kafka_streams::DESCRIPTION,
            Engine::Beam => &beam::DESCRIPTION,
            Engine::AzureStreamAnalytics => &azure::DESCRIPTION,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Operator, Span, WatermarkModel, Window};

    /// The keys that a profile accepts for an engine and its description are written in two places, and they agree.
    #[test]
    fn a_profile_may_say_what_the_description_has_a_use_for() {
        for engine in Engine::ALL {
            let Description { progress, tolerates, windows, .. } = engine.description();
            let (plain, second) = (WatermarkModel::of(engine), Some(Span::from_millis(1_000)));
            let takes = |key: &str, model: WatermarkModel| model.faults().iter().all(|fault| fault.key != key);
            let has_grace = tolerates.lateness == Lateness::InPlaceOfBound;
            let pairs = [
                ("bound", WatermarkModel { bound: second, ..plain.clone() }, !has_grace),
                ("grace", WatermarkModel { grace: second, ..plain.clone() }, has_grace),
                (
                    "allowed_lateness",
                    WatermarkModel { allowed_lateness: second, ..plain.clone() },
                    tolerates.lateness != Lateness::None,
                ),
                ("idleness", WatermarkModel { idleness: second, ..plain.clone() }, progress.has_source_tasks()),
                (
                    "source_tasks",
                    WatermarkModel { source_tasks: Some(2), ..plain.clone() },
                    progress.has_source_tasks(),
                ),
                ("keeps_up", WatermarkModel { keeps_up: second, ..plain.clone() }, progress.moves_at_ticks()),
                ("repartitioned", WatermarkModel { repartitioned: true, ..plain.clone() }, progress.is_stream_time()),
                (
                    "record_cache",
                    WatermarkModel { record_cache: Some(true), ..plain.clone() },
                    progress.is_stream_time(),
                ),
                ("in_memory", WatermarkModel { in_memory: true, ..plain.clone() }, progress.is_stream_time()),
                (
                    "operator",
                    WatermarkModel { operator: Some(Operator::Aggregation), ..plain.clone() },
                    progress.moves_at_batches(),
                ),
                (
                    "allow_multiple",
                    WatermarkModel { allow_multiple: Some(false), ..plain.clone() },
                    progress.moves_at_batches(),
                ),
            ];
            for (key, model, is_used) in pairs {
                assert_eq!(takes(key, model), is_used, "{engine}: {key}");
            }
            let sliding = Window::Sliding { size: Span::from_millis(1_000) };
            let has_sliding = takes("window", WatermarkModel { window: sliding, ..plain });
            assert!(has_sliding || windows.sliding == Sliding::FromTimes, "{engine}");
        }
    }
}
