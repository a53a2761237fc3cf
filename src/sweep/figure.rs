//! What is measured of each trial: one number for each figure.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A figure of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Figure {
    /// Events delivered in a second, at the last stage of every stream, while events were offered and after the warm-up; at most what was offered.
    DeliveredPerS,
    /// Events acknowledged in a second, in the same seconds.
    AckedPerS,
    /// Events offered in a second, in the same seconds.
    OfferedPerS,
    /// Payload bytes sent in a second, before compression.
    PayloadBytesPerS,
    /// Half of the events took no longer from due to delivered, in milliseconds, at the stream with the worst p99.
    EndToEndP50Ms,
    /// 99 % of the events took no longer from due to delivered, in milliseconds, at the worst stream.
    EndToEndP99Ms,
    /// 99 % of the events took no longer from sent to acknowledged, in milliseconds, at the worst stream.
    AckP99Ms,
    /// CPU time of the generator's own process for each event that it sent, in microseconds: sending and reading back, not the brokers.
    CpuUsPerEvent,
}

/// The figures of a trial; one that could not be measured is absent.
pub(crate) type Figures = BTreeMap<Figure, f64>;
