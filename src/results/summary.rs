//! `summary.json`: what a run found, for programs. The names are a contract: they may be added to, not changed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::windows::WindowsSummary;
use crate::check::Counts;
use crate::event_time::lateness::{InjectionLedger, ProducerSkew};
use crate::event_time::watermark::Tolerance;
use crate::incidents::Incident;
use crate::latency::{Hop, Latencies};
use crate::verdict::{Reason, SloResult, Verdict};

mod event_time;
mod grouped;
mod phases;

pub(crate) use crate::event_time::CountRange;
pub(crate) use event_time::{EventTimeSummary, LatePartition, MOST_LISTED, WindowMissing};
pub use event_time::{FindingSummary, LatenessSummary};
pub use grouped::{GroupLatency, GroupedBy, GroupedLatency};
pub use phases::PhaseSummary;

/// The schema that this program writes and reads.
pub const SUMMARY_SCHEMA: u32 = 2;

/// What a run found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    /// The version of this layout: 2.
    pub schema: u32,
    /// The verdict.
    pub verdict: Verdict,
    /// Why, the strongest first; empty when the run passed without remarks.
    pub reasons: Vec<Reason>,
    /// Which run this is.
    pub run: RunFacts,
    /// The sum over all streams (each at its last stage).
    pub totals: Counts,
    /// One entry for each stream, in the profile's order.
    pub streams: Vec<StreamSummary>,
    /// What happened when: outages, saturation, broken limits, recovery, in the order in which they began.
    #[serde(default)]
    pub events: Vec<Incident>,
    /// The mean rate of the schedule while sending, in events per second, over all streams.
    #[serde(default)]
    pub offered_per_s: f64,
    /// The mean rate that was sent, in events per second, over all streams.
    #[serde(default)]
    pub achieved_per_s: f64,
    /// Bytes of keys and payloads that were sent, further copies included, over all streams.
    #[serde(default)]
    pub bytes: u64,
    /// How well the generator kept its own schedule.
    #[serde(default)]
    pub generator: GeneratorSummary,
    /// Whether the run was stopped before its schedule ended.
    #[serde(default)]
    pub interrupted: bool,
    /// What went wrong during the run and affects the measurement; the reasons contain these, too.
    #[serde(default)]
    pub troubles: Vec<Reason>,
    /// Whether a part of the run is missing: one side of it, a shard, or an end that never came.
    #[serde(default)]
    pub partial: bool,
}

/// Identifies the run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct RunFacts {
    /// The run's id, equal in all processes that share it.
    pub id: String,
    /// The profile's name: its file name without the extension.
    pub profile: String,
    /// The seed that everything random was drawn from.
    pub seed: u64,
    /// The fingerprint over the planned events: equal plans have equal fingerprints.
    pub fingerprint: String,
    /// When the first event was due, RFC 3339.
    pub started: String,
    /// How long events were sent, in seconds.
    pub duration_s: f64,
    /// The target cluster's id.
    pub cluster_id: String,
    /// Whether the target was the embedded broker.
    pub embedded: bool,
}

/// What happened to a stream: the figures of its last stage that shows events.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct StreamSummary {
    /// The stream's name in the profile.
    pub name: String,
    /// The topic that it was sent to.
    pub topic: String,
    /// What happened to the events.
    pub counts: Counts,
    /// How long each hop took.
    pub latency_ms: HopLatencies,
    /// The limits, and what was measured against them.
    pub slo: Vec<SloResult>,
    /// What stream processors' watermarks would have dropped.
    pub watermarks: Vec<Watermark>,
    /// Each place where the stream was observed, when there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<StageSummary>,
    /// The most events that waited at the end of a second, at the last stage of events: due and not delivered; absent where the seconds do not
    /// tell, as in a part of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub most_waiting: Option<u64>,
    /// Each phase of the rate, when there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phases: Vec<PhaseSummary>,
    /// How long events took end to end, by partition, producer, size and time, when there is one place only: with several, each stage says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end_by: Option<GroupedLatency>,
    /// The mean rate of the schedule while sending, in events per second.
    #[serde(default)]
    pub offered_per_s: f64,
    /// The mean rate that was sent, in events per second.
    #[serde(default)]
    pub achieved_per_s: f64,
    /// Bytes of keys and payloads that were sent, further copies included.
    #[serde(default)]
    pub bytes: u64,
    /// Sends that were handed to the client, further copies included.
    #[serde(default)]
    pub sends: u64,
    /// How often events were due while the client's queue was full.
    #[serde(default)]
    pub queue_full: u64,
    /// How long the client took no events because its queue was full or a transaction was being committed, in seconds, over all workers.
    #[serde(default)]
    pub held_back_s: f64,
    /// How long the profile's ceiling held sending back, in seconds: the worst worker's.
    #[serde(default)]
    pub capped_s: f64,
    /// How late the last send was, in milliseconds.
    #[serde(default)]
    pub behind_at_end_ms: f64,
    /// The p99 of the generator's own lateness in its worst second, in milliseconds.
    #[serde(default)]
    pub worst_second_late_ms: f64,
    /// How late that may be before the offered load no longer counts as offered, in milliseconds.
    #[serde(default)]
    pub may_be_late_ms: f64,
    /// How many workers sent.
    #[serde(default)]
    pub workers: u64,
    /// How many events the clients' queues hold, over all workers; 0 where unknown.
    #[serde(default)]
    pub queue_events: u64,
    /// How long a client waits for a batch to fill, in milliseconds.
    #[serde(default)]
    pub linger_ms: f64,
    /// How long events may have waited for the observer itself, at most: that much of a latency may not be the target's.
    #[serde(default)]
    pub observer_behind_ms: Latencies,
    /// How late events were by the first model's rule, and which bound would be enough (with several stages: at the first one where a model reads).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<LatenessSummary>,
    /// What disturbs the watermark, the most harmful first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingSummary>,
    /// The producers whose clocks are furthest off, as observed and as the profile set them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ProducerSkew>,
    /// What happened to the events that the profile disturbed on purpose, by the first model's claims.
    #[serde(default)]
    pub injections: InjectionLedger,
}

/// What was seen at one of several stages.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct StageSummary {
    /// The stage's name in the profile.
    pub name: String,
    /// The topic that was read.
    pub topic: String,
    /// What happened to the events, as seen here.
    pub counts: Counts,
    /// How long each hop took, up to here.
    pub latency_ms: HopLatencies,
    /// How long events took end to end, by partition, producer, size and time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end_by: Option<GroupedLatency>,
    /// How long events may have waited for the observer itself, at most: that much of a latency may not be the target's.
    #[serde(default)]
    pub observer_behind_ms: Latencies,
    /// What stream processors' watermarks would have dropped.
    pub watermarks: Vec<Watermark>,
    /// The verdict on what was seen here, independent of the other stages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Why, the strongest first.
    #[serde(default)]
    pub reasons: Vec<Reason>,
    /// The limits that apply here: those on counts, and at the last stage those on latencies, too.
    #[serde(default)]
    pub slo: Vec<SloResult>,
    /// How late events were by the first model's rule, and which bound would be enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<LatenessSummary>,
    /// What disturbs the watermark, the most harmful first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<FindingSummary>,
    /// The producers whose clocks are furthest off, as observed and as the profile set them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clocks: Vec<ProducerSkew>,
    /// What happened to the events that the profile disturbed on purpose, by the first model's claims.
    #[serde(default)]
    pub injections: InjectionLedger,
    /// A pipeline's windows, if the stage shows them instead of events; counts and latencies are then empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub windows: Option<WindowsSummary>,
}

/// The latencies of every hop, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct HopLatencies {
    /// From when the schedule wanted it sent to when it was handed to the client.
    pub due_to_sent: Latencies,
    /// From when it was handed to the client to the acknowledgement.
    pub sent_to_acked: Latencies,
    /// From when it was handed to the client to when it was seen.
    pub sent_to_consumed: Latencies,
    /// From when the schedule wanted it sent to when it was seen: end to end.
    pub due_to_consumed: Latencies,
}

impl HopLatencies {
    /// One hop's figures.
    #[must_use]
    pub fn get(&self, hop: Hop) -> &Latencies {
        match hop {
            Hop::DueToSent => &self.due_to_sent,
            Hop::SentToAcked => &self.sent_to_acked,
            Hop::SentToConsumed => &self.sent_to_consumed,
            Hop::DueToConsumed => &self.due_to_consumed,
        }
    }
}

/// How well the generator kept its own schedule.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct GeneratorSummary {
    /// How late events were handed to the client, over all streams, in milliseconds.
    pub lateness_ms: Latencies,
    /// How often events were due while a client's queue was full.
    #[serde(default)]
    pub queue_full: u64,
    /// CPU time that the process used, observing and the embedded broker included, in seconds; absent where unknown.
    #[serde(default)]
    pub cpu_s: Option<f64>,
}

/// What a stream processor's watermark would have dropped as too late.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Watermark {
    /// The engine whose rule this is.
    pub engine: String,
    /// What the engine's watermark covers, as in `partition` or `task`.
    pub scope: String,
    /// How much disorder the engine allows, in milliseconds: its bound, or Kafka Streams' grace. The same as the first `tolerance`.
    pub bound_ms: f64,
    /// What the engine allows, each under the engine's own name, as in `bound`, `delay` or `grace`; disorder is compared with the first.
    #[serde(default)]
    pub tolerance: Vec<Tolerance>,
    /// The window that events are grouped into, as in `tumbling 10s`; absent without windows.
    pub window: Option<String>,
    /// Events that are dropped in any order of reading.
    pub dropped_sure: u64,
    /// Events that are dropped in some orders of reading.
    pub dropped_possible: u64,
    /// Windows that miss at least one event.
    pub windows_affected: u64,
    /// What the engine's own metric should show.
    pub engine_metric: EngineMetric,
    /// The most that these events can add to the engine's own metric, whatever else is in the stream: each is lost from all its windows.
    #[serde(default)]
    pub engine_metric_at_most: u64,
    /// Whether events of any partition may close a window for all: then what is certainly kept in a part is not certain for the whole.
    #[serde(default)]
    pub follows_whole_stream: bool,
    /// How long a window stays open after the watermark has passed its end, in milliseconds: allowed lateness or grace.
    #[serde(default)]
    pub allowed_lateness_ms: f64,
    /// The stage where the engine reads.
    #[serde(default)]
    pub stage: String,
    /// Events that were judged.
    #[serde(default)]
    pub records: u64,
    /// Events kept in at least one window, in any order of reading.
    #[serde(default)]
    pub kept_sure: u64,
    /// (Event, window) pairs of all events.
    #[serde(default)]
    pub pairs: u64,
    /// (Event, window) pairs that are lost, at least and at most.
    #[serde(default)]
    pub pairs_lost: CountRange,
    /// What an engine that keeps up should show, over the unknown phase of its ticks and, for Flink, the 100 ms of its network buffers;
    /// absent when the append times are unknown, when parts were merged, and for sessions that a late event may join. With idleness it is
    /// that of one source task.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<ExpectedDrops>,
    /// Messages without a readable event time; they are in no other count.
    #[serde(default)]
    pub without_event_time: u64,
    /// Events whose time the engine rejects (Kafka Streams, before 1970).
    #[serde(default)]
    pub refused: u64,
    /// What to know about these figures, a sentence each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The expected range of each count, for an engine that keeps up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct ExpectedDrops {
    /// Events lost from all their windows.
    pub records: CountRange,
    /// (Event, window) pairs lost.
    pub pairs: CountRange,
    /// The engine's own metric.
    pub metric: CountRange,
}

/// The range in which an engine's own metric should lie.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct EngineMetric {
    /// The metric's name in the engine.
    pub name: String,
    /// The minimum that it should show.
    pub min: u64,
    /// The maximum that it should show.
    pub max: u64,
}

impl Summary {
    /// Adds something that went wrong after the verdict, and updates the verdict.
    pub fn add_trouble(&mut self, trouble: Reason) {
        self.troubles.push(trouble.clone());
        self.reasons.push(trouble);
        self.verdict = Verdict::weigh(&mut self.reasons);
    }

    /// As JSON, indented, with a line end.
    ///
    /// # Errors
    /// The encoder's error; no value of this type makes it fail.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }
}

/// The JSON Schema of `summary.json`, indented, with a line end.
#[must_use]
pub fn summary_schema() -> String {
    let mut schema = schemars::schema_for!(Summary);
    schema.insert("title".to_owned(), "floodmark summary".into());
    format!("{:#}\n", schema.to_value())
}

#[cfg(test)]
pub(crate) mod tests;
