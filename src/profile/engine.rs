//! The stream processors that are modelled, and what a profile may set for each.
//!
//! Their behaviour with late events is in `event_time/engines`.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    nearest,
    units::{UnitError, unit_error},
};

/// A stream processor whose rule for late events is modelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Flink's DataStream API, `forBoundedOutOfOrderness`.
    Flink,
    /// Flink SQL, `WATERMARK FOR ts AS ts - INTERVAL …`.
    FlinkSql,
    /// Spark Structured Streaming, `withWatermark`.
    Spark,
    /// Kafka Streams, windows with a grace period.
    KafkaStreams,
    /// Apache Beam's KafkaIO with a limited delay.
    Beam,
    /// Azure Stream Analytics, its out-of-order tolerance.
    AzureStreamAnalytics,
}

/// What a profile may set for an engine's model.
#[derive(Debug, Clone, Copy)]
pub(super) struct Settings {
    /// The engine, as a profile writes it.
    name: &'static str,
    /// The keys that it has, besides those of every engine (`window`, `interval`, `stage`).
    keys: &'static [&'static str],
    /// Whether it drops late events from windows only, so that a model has to name one.
    pub(super) needs_windows: bool,
    /// Whether it has windows around each event. Others call a hopping window sliding.
    pub(super) has_sliding_windows: bool,
    /// Whether the size of a hopping window must be a multiple of its hop.
    pub(super) hops_divide_sizes: bool,
    /// Whether it drops records without a key before its windows see them.
    pub(super) drops_null_keys: bool,
}

/// The usual settings.
const USUAL: Settings = Settings {
    name: "",
    keys: &[],
    needs_windows: false,
    has_sliding_windows: false,
    hops_divide_sizes: false,
    drops_null_keys: false,
};

impl Engine {
    /// All of them, in the order of the documentation.
    pub const ALL: [Engine; 6] = [
        Engine::Flink,
        Engine::FlinkSql,
        Engine::Spark,
        Engine::KafkaStreams,
        Engine::Beam,
        Engine::AzureStreamAnalytics,
    ];

    /// What a profile may set for its model.
    pub(super) const fn settings(self) -> Settings {
        match self {
            Engine::Flink => Settings {
                name: "flink",
                keys: &["bound", "allowed_lateness", "idleness", "source_tasks", "keeps_up"],
                ..USUAL
            },
            Engine::FlinkSql => Settings {
                name: "flink-sql",
                keys: &["bound", "idleness", "source_tasks", "keeps_up"],
                hops_divide_sizes: true,
                ..USUAL
            },
            Engine::Spark => Settings { name: "spark", keys: &["bound", "operator", "allow_multiple"], ..USUAL },
            Engine::KafkaStreams => Settings {
                name: "kafka-streams",
                keys: &["allowed_lateness", "grace", "repartitioned", "record_cache", "in_memory"],
                needs_windows: true,
                has_sliding_windows: true,
                drops_null_keys: true,
                ..USUAL
            },
            Engine::Beam => Settings {
                name: "beam",
                keys: &["bound", "allowed_lateness", "keeps_up"],
                needs_windows: true,
                ..USUAL
            },
            Engine::AzureStreamAnalytics => Settings {
                name: "azure-stream-analytics",
                keys: &["bound", "allowed_lateness"],
                has_sliding_windows: true,
                ..USUAL
            },
        }
    }

    /// As a profile writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.settings().name
    }

    /// All names, as in `flink, spark`.
    #[must_use]
    pub fn names() -> String {
        Engine::ALL.map(Engine::name).join(", ")
    }

    /// Whether a model of it may have this key.
    pub(super) fn has(self, key: &str) -> bool {
        self.settings().keys.contains(&key)
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Engine {
    type Err = UnitError;

    fn from_str(text: &str) -> Result<Self, UnitError> {
        Engine::ALL.into_iter().find(|engine| engine.name() == text.trim()).ok_or_else(|| {
            let near = nearest::nearest(text, Engine::ALL.map(Engine::name).into_iter())
                .map(|near| format!("did you mean `{near}`? "));
            unit_error(
                text,
                "an engine that is modelled",
                format!("{}choose one of {}", near.unwrap_or_default(), Engine::names()),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::WatermarkModel;

    /// The schema is generated from the enum itself: it reveals an engine that is missing in the list, or has another name there.
    #[test]
    fn all_engines_are_listed_as_a_profile_writes_them() {
        let schema = serde_json::to_string(&schemars::schema_for!(Engine)).unwrap();
        assert_eq!(schema.matches("\"const\":").count(), Engine::ALL.len(), "{schema}");
        for engine in Engine::ALL {
            assert_eq!(serde_json::to_value(engine).unwrap(), engine.name());
            assert!(schema.contains(&format!("\"const\":\"{engine}\"")), "{engine} in {schema}");
        }
    }

    #[test]
    fn an_engine_has_only_keys_that_a_model_has() {
        let schema = schemars::schema_for!(WatermarkModel);
        for engine in Engine::ALL {
            for key in engine.settings().keys {
                assert!(schema.as_value()["properties"].get(key).is_some(), "{engine}: {key}");
            }
        }
    }
}
