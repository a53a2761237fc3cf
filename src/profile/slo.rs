//! The limits of a stream or of a phase.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::count_limit::CountLimit;
use super::units::Span;

/// Limits on what is measured. Unless set, `lost`, `failed` and `phantom` are limited to 0, `duplicates` to 0 with exactly-once, and the rest not at all.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Slo {
    /// Half of the events are consumed within this, counted from due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end_p50: Option<Span>,
    /// 90 % of events are consumed within this, counted from due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end_p90: Option<Span>,
    /// 95 % of events are consumed within this, counted from due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end_p95: Option<Span>,
    /// 99 % of events are consumed within this, counted from due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end_p99: Option<Span>,
    /// 99.9 % of events are consumed within this, counted from due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end_p999: Option<Span>,
    /// No event takes longer than this from due to consumed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end_max: Option<Span>,
    /// 99 % of events are acked within this, counted from sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ack_p99: Option<Span>,
    /// The most events that may be lost: a number, or a share of the acked ones like `"0.01%"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<CountLimit>,
    /// The most accidental duplicates: a number, or a share of the delivered events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<CountLimit>,
    /// The most accidental reorderings within a lane: a number, or a share of the delivered events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reordered: Option<CountLimit>,
    /// The most events that may fail: a number, or a share of the planned ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<CountLimit>,
    /// The most events that the generator may drop (`when_full = "drop"`): a number, or a share of the planned ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<CountLimit>,
    /// The most messages with an id that was never sent: a number, or a share of the delivered events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phantom: Option<CountLimit>,
    /// The most events that any of the stream's `[[stream.watermark]]` models may drop: a number, or a share like `"0.1%"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watermark_drops: Option<CountLimit>,
    /// The most events that may wait at once at the stream's last stage: due and not delivered, at the end of a second.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lag: Option<u64>,
    /// The least share of the offered rate, above 0 and up to 1, that is delivered while it is offered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub throughput: Option<f64>,
    /// The longest time from when a backlog begins to fall until it is gone and the latency is back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovers_within: Option<Span>,
    /// The most windows of a `results` stage that may miss an event, for any reason: a number, or a share of the compared ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows_short: Option<CountLimit>,
}
