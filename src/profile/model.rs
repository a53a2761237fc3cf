//! The profile as its author writes it: one type for each table, every key documented.
//!
//! The doc comments here are what `floodmark schema profile` shows in an editor.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    arrivals::{Arrivals, OnOff},
    bounds::{MAX_PARTITIONS, MAX_PRODUCERS},
    client::Client,
    contents::{Codec, KeyDistribution, Keys, Payload},
    injections::{Lateness, Retries, Skew},
    phase::Phase,
    record::{Compression, RecordTimestamp},
    recorded::Records,
    replay::Replay,
    run_fault::RunFault,
    sla::{AbortWhen, Sla},
    slo::Slo,
    timeline,
    units::{Rate, Span},
    watermark::WatermarkModel,
    window_results::WindowResults,
};
use crate::payload::Template;
use crate::payload::schema::SchemaText;

/// The default number of partitions of a topic that floodmark creates.
pub const DEFAULT_PARTITIONS: u32 = 4;

/// A traffic profile: one or several streams that run together for the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The question that this profile answers, in one sentence. Printed at the start of a run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Everything random is drawn from this number: the same seed gives the same events. Default 1.
    #[serde(default = "defaults::seed")]
    pub seed: u64,
    /// How long events are sent. Default: the longest stream's phases, curve or records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<Span>,
    /// The first part of the run: its events are sent and checked for loss, but left out of every latency. Default none.
    #[serde(default)]
    pub warmup: Span,
    /// How long to wait, after the last send, for events that have not arrived. Default 30s.
    #[serde(default = "defaults::drain")]
    pub drain: Span,
    /// The safety ceiling over all streams together: the producers never exceed it, even if the profile asks for more. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<Rate>,
    /// How late this machine may send before the offered load no longer counts as offered: the p99 of the generator's own lateness in its
    /// worst second. Default: a tenth of the stream's shortest phase, ramp, burst or curve bucket, at least 10ms and at most 1s.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generator_late_p99: Option<Span>,
    /// The streams, each the traffic of one topic.
    #[serde(rename = "stream", default)]
    pub streams: Vec<Stream>,
    /// What is broken on purpose while the traffic runs, and put right again. It changes no event.
    #[serde(rename = "fault", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub faults: Vec<RunFault>,
}

/// One topic's traffic.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stream {
    /// The stream's name in reports. Letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// The topic to send to. Default: `floodmark-` and the stream's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topic: Option<String>,
    /// Partitions of the topic when floodmark creates it (default 4); an existing topic must have this many, if it is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = MAX_PARTITIONS))]
    pub partitions: Option<u32>,
    /// How much each partition gets, in proportion to the others: a number for each. Of keys where there are any (a key stays in its partition), otherwise of events. Default: all alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub partition_weights: Vec<f64>,
    /// Logical producers, each with a clock, a sequence and an even part of the rate; also the most workers and shards that can share the stream. Default 4.
    #[serde(default = "defaults::producers")]
    #[schemars(range(min = 1, max = MAX_PRODUCERS))]
    pub producers: u16,
    /// The base rate, as in `200k/s`, `90/min`. Required without a `curve` or `records`, and not with one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// How single events fall around the rate. Default paced.
    #[serde(default)]
    pub arrivals: Arrivals,
    /// The bursts of `arrivals = "on-off"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_off: Option<OnOff>,
    /// The rate over time. Default: the base rate for the whole duration. After the last phase the stream is silent.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub phases: Vec<Phase>,
    /// A captured curve, instead of `rate` and `phases`. After its end the stream is silent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub curve: Option<Replay>,
    /// Records that are sent again at the distances at which they were recorded, with their keys and payloads, instead of `rate`, `phases` and `curve`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<Records>,
    /// What the client is asked to guarantee. Default at-least-once.
    #[serde(default)]
    pub delivery: Delivery,
    /// Which client sends. Default librdkafka, as applications use it; direct is floodmark's own and takes far less CPU, but never sends in transactions. See docs/direct.md.
    #[serde(default, skip_serializing_if = "is_default")]
    pub client: Client,
    /// How batches are compressed. `-X compression.codec=…` wins. Default none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression: Option<Compression>,
    /// How hard: gzip 1 to 9, lz4 and zstd 1 to 12. Default: the codec's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compression_level: Option<u8>,
    /// With exactly-once: how often the transaction is committed. Default 100ms.
    #[serde(default = "defaults::transaction")]
    pub transaction: Span,
    /// What happens to an event that is due while the client's queue is full. Default late.
    #[serde(default)]
    pub when_full: WhenFull,
    /// Which key an event carries.
    #[serde(default)]
    pub keys: Keys,
    /// What an event's payload looks like, and how large it is.
    #[serde(default)]
    pub payload: Payload,
    /// Record headers of your own: their names, and texts that may have places like `{{key}}` and `{{country}}` (slower: one client call for each event).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Which moment stands in the timestamp of a record. Default sent.
    #[serde(default, skip_serializing_if = "is_default")]
    pub record_timestamp: RecordTimestamp,
    /// The producers' clocks are wrong, and so are the event times that they write.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skew: Option<Skew>,
    /// Some events happened earlier than they are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lateness: Option<Lateness>,
    /// Some events are sent again later, with the same id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<Retries>,
    /// What the events are for: "critical", "analytics" or "logs" limit the end-to-end p99 to 500 ms, 5 s or 30 s, unless `slo` limits it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<Sla>,
    /// Limits on what is measured; a broken one fails the run.
    #[serde(default)]
    pub slo: Slo,
    /// What ends the run before its time, because going on is pointless; it then fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub abort_when: Option<AbortWhen>,
    /// Where the stream is observed. Default: its own topic. With several, the figures of the last one that shows events are the stream's.
    #[serde(rename = "stage", default, skip_serializing_if = "none_written")]
    #[schemars(length(min = 1))]
    pub stages: Vec<Stage>,
    /// Models of engines: which events would each drop as too late?
    #[serde(rename = "watermark", default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    pub watermarks: Vec<WatermarkModel>,
    /// The names and texts of `headers`, once they are read.
    #[serde(skip)]
    pub(crate) read_headers: Vec<(Arc<str>, Arc<Template>)>,
}

/// What the client is asked to guarantee.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Delivery {
    /// acks=1, no retry by the client.
    BestEffort,
    /// acks=all, retried until the delivery timeout; the client may duplicate.
    #[default]
    AtLeastOnce,
    /// Idempotent and transactional, checked with read_committed.
    ExactlyOnce,
}

/// What happens to an event that is due while the client's queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhenFull {
    /// It is sent late, and its latency counts from when it was due.
    #[default]
    Late,
    /// It is not sent, and counts as dropped by the generator.
    Drop,
}

/// Which records of transactions a consumer reads, by Kafka's own names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Those of committed transactions, up to the first open one.
    #[default]
    ReadCommitted,
    /// All of them, those of aborted transactions as well.
    ReadUncommitted,
}

/// A place where the stream is observed, and where in its messages the parts of an event are.
/// A part is a JSON pointer (`/meta/id`) or `header:NAME`; an id is also found anywhere in a text that is not JSON (`text`). The schedule knows when an event was due: a stage without `due` still has end-to-end latencies, and a stage with a different `due` is reported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stage {
    /// The stage's name in reports.
    pub name: String,
    /// The topic to read.
    pub topic: String,
    /// Where the id is. Default: where the stream writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Where the due time (µs since 1970) is. Default: where the stream writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
    /// Where the send time (µs since 1970) is. Default: where the stream writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<String>,
    /// Where the event time is. Default: where the stream writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time: Option<String>,
    /// How the event time is written: `s`, `ms`, `us`, `ns` (numbers since 1970), `rfc3339` (also without a zone, which is UTC), or a pattern of
    /// strptime (`%d.%m.%Y %H:%M:%S`). Default: recognised for each time; a number that is not between 2000 and 2100 in any unit is taken as milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_time_format: Option<String>,
    /// How the stage's messages are written, if not as the stream's: `json`, or by a schema: `avro`, `protobuf`, `json-schema`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codec: Option<Codec>,
    /// The file of the schema by which messages are read that name none, relative to the profile's folder. Default: the stream's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub schema: Option<String>,
    /// Files of what the schema refers to, each under the name by which it is referred to.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: BTreeMap<String, String>,
    /// protobuf: which message of the schema the stage holds. Default: the only one that is part of no other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The consumer group of the application whose output the topic is. When it rebalances, that is named among what happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Which client reads the stage. Default librdkafka; direct is floodmark's own and checks each batch against its CRC. See docs/direct.md.
    #[serde(default, skip_serializing_if = "is_default")]
    pub client: Client,
    /// Whether records of open or aborted transactions are read: "read_committed" (the default) or "read_uncommitted".
    #[serde(default)]
    pub isolation: Isolation,
    /// At a pipeline's output: an event is lost when nothing has arrived for this long. Default 5s.
    #[serde(default = "defaults::quiet")]
    pub quiet: Span,
    /// The topic holds a pipeline's window results instead of events: each window is compared with the events that belong in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub results: Option<WindowResults>,
    /// No one wrote it: the stream names no stage, and is observed in its own topic.
    #[serde(skip)]
    pub implied: bool,
    /// Its own schema, once it is read.
    #[serde(skip)]
    pub(crate) schema_text: Option<SchemaText>,
}

impl Stage {
    /// The stage of a stream that names none: its own topic, under the stream's name.
    fn implied_by(stream: &Stream) -> Self {
        Stage {
            name: stream.name.clone(),
            topic: stream.topic_name(),
            id: None,
            due: None,
            sent: None,
            event_time: None,
            event_time_format: None,
            group: None,
            // Whoever sends with floodmark's own client also reads with it.
            client: stream.client,
            isolation: Isolation::default(),
            quiet: defaults::quiet(),
            codec: None,
            schema: None,
            references: BTreeMap::new(),
            message: None,
            results: None,
            implied: true,
            schema_text: None,
        }
    }

    /// The name that the profile gives it; none where the profile names no stage.
    #[must_use]
    pub fn written_name(&self) -> Option<&str> {
        (!self.implied).then_some(&self.name)
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn none_written(stages: &[Stage]) -> bool {
    stages.iter().all(|stage| stage.implied)
}

mod defaults {
    //! Defaults of keys.
    use super::Span;

    pub(super) fn seed() -> u64 {
        1
    }
    pub(super) fn drain() -> Span {
        Span::from_secs(30)
    }
    pub(super) fn producers() -> u16 {
        4
    }
    pub(super) fn transaction() -> Span {
        Span::from_millis(100)
    }
    pub(super) fn quiet() -> Span {
        Span::from_secs(5)
    }
}

impl Profile {
    /// Gives a stage to each stream that names none, and to each class of service its limit: from here on every stream has them.
    pub(crate) fn imply_stages(&mut self) {
        for stream in self.streams.iter_mut().filter(|stream| stream.stages.is_empty()) {
            stream.stages.push(Stage::implied_by(stream));
        }
        for stream in &mut self.streams {
            stream.slo.end_to_end_p99 = stream.slo.end_to_end_p99.or(stream.sla.map(Sla::end_to_end_p99));
        }
    }

    /// How long events are sent: the key, or the longest stream's phases, curve or records.
    #[must_use]
    pub fn duration(&self) -> Span {
        let longest = || self.streams.iter().map(Stream::own_length).max().unwrap_or(0);
        self.duration.unwrap_or_else(|| Span::from_nanos(u64::try_from(longest()).unwrap_or(u64::MAX)))
    }
}

impl Stream {
    /// Nanoseconds that the phases take, repeats included.
    #[must_use]
    pub fn phases_length(&self) -> u128 {
        timeline::length_ns(&self.phases)
    }

    /// Nanoseconds that the captured curve is played; none without one, or if it loops.
    #[must_use]
    pub fn curve_length(&self) -> u128 {
        let once = self.curve.as_ref().filter(|curve| !curve.loops);
        once.and_then(Replay::played).map_or(0, |played| u128::from(played.length_ns()))
    }

    /// Nanoseconds that the stream's phases, its curve or its records take; 0 if it has none of them, or its curve loops.
    #[must_use]
    pub fn own_length(&self) -> u128 {
        let records = self.records.as_ref().map_or(0, |records| u128::from(records.length().as_nanos()));
        self.phases_length().max(self.curve_length()).max(records)
    }

    /// The bursts that its events arrive in.
    #[must_use]
    pub fn bursts(&self) -> Option<OnOff> {
        self.on_off.filter(|_| self.arrivals == Arrivals::OnOff)
    }

    /// The base rate; none with a curve.
    #[must_use]
    pub fn base_rate(&self) -> Rate {
        self.rate.unwrap_or_default()
    }

    /// The expected number of events over a run of `duration`, with bursts counted as if they never paused; exact when nothing is cut.
    #[must_use]
    pub fn planned_events(&self, duration: Span) -> f64 {
        let base = self.base_rate();
        if let Some(records) = &self.records {
            return records.due_ns().take_while(|due_ns| *due_ns < duration.as_nanos()).count() as f64;
        }
        if let Some(curve) = &self.curve {
            let times = if curve.loops { duration.as_secs_f64() } else { 0.0 };
            return curve.played().map_or(0.0, |played| played.total().max(played.mean_per_s() * times));
        }
        if self.phases.is_empty() {
            return base.as_per_s() * duration.as_secs_f64();
        }
        timeline::events(&self.phases, base)
    }

    /// Every text of its records that may have places for fields.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &Arc<Template>> {
        self.payload.template().into_iter().chain(self.read_headers.iter().map(|(_, text)| text))
    }

    /// The share of events, 0 to 1, that are tombstones.
    #[must_use]
    pub fn tombstone_share(&self) -> f64 {
        self.payload.tombstone_share.unwrap_or(0.0)
    }

    /// Whether any of its records are tombstones: drawn, or recorded as such.
    #[must_use]
    pub fn has_tombstones(&self) -> bool {
        let recorded = self.records.as_ref().and_then(Records::recorded);
        self.tombstone_share() > 0.0 || recorded.is_some_and(|recorded| recorded.has_tombstones())
    }

    /// The share of events, 0 to 1, whose record has no key although the event has one.
    #[must_use]
    pub fn null_key_share(&self) -> f64 {
        self.keys.null_share.unwrap_or(0.0)
    }

    /// Whether some of its records have no key.
    #[must_use]
    pub fn has_records_without_key(&self) -> bool {
        let recorded = self.records.as_ref().and_then(Records::recorded);
        let drawn = self.keys.distribution == KeyDistribution::None || self.null_key_share() > 0.0;
        recorded.map_or(drawn, |recorded| !recorded.all_have_keys())
    }

    /// How many partitions the topic must have, if the profile says: by number, or by a weight for each.
    #[must_use]
    pub fn wanted_partitions(&self) -> Option<u32> {
        let weights = self.partition_weights.len() as u32;
        self.partitions.or((weights > 0).then_some(weights))
    }

    /// How many partitions the topic gets when floodmark creates it.
    #[must_use]
    pub fn planned_partitions(&self) -> u16 {
        u16::try_from(self.wanted_partitions().unwrap_or(DEFAULT_PARTITIONS)).unwrap_or(u16::MAX)
    }

    /// The place of the last stage that shows events, whose figures are the stream's.
    #[must_use]
    pub fn last_of_events(&self) -> usize {
        self.stages.iter().rposition(|stage| stage.results.is_none()).unwrap_or(0)
    }

    /// The place of the stage that observes the stream's own topic, if one does.
    #[must_use]
    pub fn own_stage(&self) -> Option<usize> {
        let own = self.topic_name();
        self.stages.iter().position(|stage| stage.topic == own && stage.results.is_none())
    }

    /// The topic's name, given or default.
    #[must_use]
    pub fn topic_name(&self) -> String {
        self.topic.clone().unwrap_or_else(|| format!("floodmark-{}", self.name))
    }
}
