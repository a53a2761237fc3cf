//! What is measured of a run, under the names that Prometheus sees.

use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::latencies::{Bounds, HopMetric, seconds_of};
use crate::conclude::Role;
use crate::profile::timeline::phase_at;
use crate::profile::{Profile, Span, Stream};
use crate::run::{SecondSeen, StreamSecond, StreamTotals};

/// Which run it is.
pub(crate) struct Subject<'a> {
    pub run_id: &'a str,
    pub profile_name: &'a str,
    pub profile: &'a Profile,
    pub role: Role,
    pub cluster_id: &'a str,
}

/// The metrics of a run, second by second.
pub(crate) struct RunMetrics {
    elapsed: Gauge<f64, AtomicU64>,
    phases: Phases,
    streams: Vec<StreamMetrics>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStream {
    stream: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfStage {
    stream: String,
    stage: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfPhase {
    stream: String,
    phase: String,
}

impl RunMetrics {
    /// The metrics of a run that has not begun, and the registry that encodes them.
    pub(crate) fn of(subject: &Subject<'_>) -> (Self, Registry) {
        let mut registry = Registry::with_prefix("floodmark");
        registry.register("run", "Which run this is", Info::new(facts(subject)));
        let profile = subject.profile;
        let duration = seconds_gauge(&mut registry, "schedule_duration", "How long the schedule sends");
        duration.set(profile.duration().as_secs_f64());
        let elapsed = seconds_gauge(&mut registry, "elapsed", "Time since the first event was due");
        let phases = Phases { running: Family::default(), profile: profile.clone(), now: Vec::new() };
        registry.register(
            "phase",
            "1 for the phase that a stream is in, 0 for those that it was in",
            phases.running.clone(),
        );
        let families = Families::register(&mut registry, subject.role, Bounds::of(profile));
        let streams = profile.streams.iter().map(|stream| families.of_stream(stream, subject.role)).collect();
        (RunMetrics { elapsed, phases, streams }, registry)
    }

    /// Takes a second in that is over.
    pub(crate) fn take_in(&mut self, seen: &SecondSeen) {
        self.elapsed.set(Span::from_secs(seen.second + 1).as_secs_f64());
        self.phases.take_in(seen.second);
        for ((metrics, second), totals) in self.streams.iter().zip(&seen.streams).zip(&seen.totals) {
            metrics.take_in(second, totals);
        }
    }
}

fn facts(subject: &Subject<'_>) -> Vec<(&'static str, String)> {
    vec![
        ("run_id", subject.run_id.to_owned()),
        ("profile", subject.profile_name.to_owned()),
        ("role", subject.role.name().to_owned()),
        ("seed", subject.profile.seed.to_string()),
        ("cluster_id", subject.cluster_id.to_owned()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
    ]
}

fn seconds_gauge(registry: &mut Registry, name: &str, help: &str) -> Gauge<f64, AtomicU64> {
    let gauge = Gauge::default();
    registry.register_with_unit(name, help, Unit::Seconds, gauge.clone());
    gauge
}

/// Which phase each stream is in.
struct Phases {
    running: Family<OfPhase, Gauge>,
    profile: Profile,
    /// The phase of each stream; none before the first second.
    now: Vec<String>,
}

impl Phases {
    fn take_in(&mut self, second: u64) {
        let now: Vec<String> =
            self.profile.streams.iter().map(|stream| phase_of(&self.profile, stream, second)).collect();
        for (stream, phase) in self.profile.streams.iter().zip(&self.now) {
            self.set(stream, phase, 0);
        }
        for (stream, phase) in self.profile.streams.iter().zip(&now) {
            self.set(stream, phase, 1);
        }
        self.now = now;
    }

    fn set(&self, stream: &Stream, phase: &str, value: i64) {
        let labels = OfPhase { stream: stream.name.clone(), phase: phase.to_owned() };
        self.running.get_or_create(&labels).set(value);
    }
}

/// What a stream does in a second: warming up, draining, the phase's name, or only that it sends.
fn phase_of(profile: &Profile, stream: &Stream, second: u64) -> String {
    let at_ns = Span::from_secs(second).as_nanos();
    if at_ns >= profile.duration().as_nanos() {
        return "draining".to_owned();
    }
    if at_ns < profile.warmup.as_nanos() {
        return "warmup".to_owned();
    }
    let phase = phase_at(&stream.phases, u128::from(at_ns));
    phase.and_then(|phase| phase.name.clone()).unwrap_or_else(|| "sending".to_owned())
}

/// A hop's histograms, which all have the same buckets.
#[derive(Clone)]
struct WithBounds(Bounds);

impl MetricConstructor<HopMetric> for WithBounds {
    fn new_metric(&self) -> HopMetric {
        HopMetric::with(&self.0)
    }
}

type OfStreams<M, C = fn() -> M> = Family<OfStream, M, C>;
type OfStages<M, C = fn() -> M> = Family<OfStage, M, C>;

/// The families that this process has figures for.
struct Families {
    sends: Option<SendFamilies>,
    stages: Option<StageFamilies>,
}

struct SendFamilies {
    offered: OfStreams<Counter>,
    sent: OfStreams<Counter>,
    acked: OfStreams<Counter>,
    failed: OfStreams<Counter>,
    dropped: OfStreams<Counter>,
    bytes: OfStreams<Counter>,
    outstanding: OfStreams<Gauge>,
    behind: OfStreams<Gauge<f64, AtomicU64>>,
    due_to_sent: OfStreams<HopMetric, WithBounds>,
    own_lateness: OfStreams<HopMetric, WithBounds>,
    sent_to_acked: OfStreams<HopMetric, WithBounds>,
}

struct StageFamilies {
    delivered: OfStages<Counter>,
    seen: OfStages<Counter>,
    duplicates: OfStages<Counter>,
    /// Only where acknowledgements are heard, too.
    waiting: Option<OfStages<Gauge>>,
    end_to_end: OfStages<HopMetric, WithBounds>,
    sent_to_consumed: OfStages<HopMetric, WithBounds>,
}

impl Families {
    fn register(registry: &mut Registry, role: Role, bounds: Bounds) -> Self {
        let hops = WithBounds(bounds);
        Families {
            sends: role.sends().then(|| SendFamilies::register(registry, &hops)),
            stages: role.observes().then(|| StageFamilies::register(registry, &hops, role.sends())),
        }
    }

    fn of_stream(&self, stream: &Stream, role: Role) -> StreamMetrics {
        let of_stage = |stage: &crate::profile::Stage| {
            let labels = OfStage { stream: stream.name.clone(), stage: stage.name.clone() };
            // A stage that shows windows has no events to count.
            self.stages.as_ref().filter(|_| stage.results.is_none()).map(|families| families.of(&labels))
        };
        StreamMetrics {
            sends: self.sends.as_ref().map(|families| families.of(&OfStream { stream: stream.name.clone() })),
            stages: if role.observes() { stream.stages.iter().map(of_stage).collect() } else { Vec::new() },
        }
    }
}

impl SendFamilies {
    fn register(registry: &mut Registry, hops: &WithBounds) -> Self {
        let families = SendFamilies {
            offered: Family::default(),
            sent: Family::default(),
            acked: Family::default(),
            failed: Family::default(),
            dropped: Family::default(),
            bytes: Family::default(),
            outstanding: Family::default(),
            behind: Family::default(),
            due_to_sent: Family::new_with_constructor(hops.clone()),
            own_lateness: Family::new_with_constructor(hops.clone()),
            sent_to_acked: Family::new_with_constructor(hops.clone()),
        };
        let f = &families;
        registry.register("events_offered", "Sends that the schedule wanted", f.offered.clone());
        registry.register("events_sent", "Sends that were handed to the client", f.sent.clone());
        registry.register("events_acked", "Sends that the broker acknowledged", f.acked.clone());
        registry.register("events_failed", "Sends that the client gave up on", f.failed.clone());
        registry.register("events_dropped", "Sends that the generator dropped: the queue was full", f.dropped.clone());
        registry.register_with_unit(
            "sent",
            "Keys and payloads that were handed to the client",
            Unit::Bytes,
            f.bytes.clone(),
        );
        registry.register("events_outstanding", "Sends without an outcome yet", f.outstanding.clone());
        let behind = "How far the next event is behind its due time";
        registry.register_with_unit("behind_schedule", behind, Unit::Seconds, f.behind.clone());
        let due_to_sent = "From when an event was due to when it was handed to the client";
        registry.register_with_unit("due_to_sent_latency", due_to_sent, Unit::Seconds, f.due_to_sent.clone());
        let own = "How late the generator itself was, without waiting for a full queue";
        registry.register_with_unit("generator_lateness", own, Unit::Seconds, f.own_lateness.clone());
        let acks = "From when an event was handed to the client to its acknowledgement";
        registry.register_with_unit("sent_to_acked_latency", acks, Unit::Seconds, f.sent_to_acked.clone());
        families
    }

    fn of(&self, labels: &OfStream) -> SendMetrics {
        SendMetrics {
            offered: self.offered.get_or_create_owned(labels),
            sent: self.sent.get_or_create_owned(labels),
            acked: self.acked.get_or_create_owned(labels),
            failed: self.failed.get_or_create_owned(labels),
            dropped: self.dropped.get_or_create_owned(labels),
            bytes: self.bytes.get_or_create_owned(labels),
            outstanding: self.outstanding.get_or_create_owned(labels),
            behind: self.behind.get_or_create_owned(labels),
            due_to_sent: self.due_to_sent.get_or_create_owned(labels),
            own_lateness: self.own_lateness.get_or_create_owned(labels),
            sent_to_acked: self.sent_to_acked.get_or_create_owned(labels),
        }
    }
}

impl StageFamilies {
    fn register(registry: &mut Registry, hops: &WithBounds, hears_acks: bool) -> Self {
        let families = StageFamilies {
            delivered: Family::default(),
            seen: Family::default(),
            duplicates: Family::default(),
            waiting: hears_acks.then(Family::default),
            end_to_end: Family::new_with_constructor(hops.clone()),
            sent_to_consumed: Family::new_with_constructor(hops.clone()),
        };
        let f = &families;
        registry.register("events_delivered", "Events that were seen for the first time", f.delivered.clone());
        registry.register("events_seen", "Events that were seen, further copies included", f.seen.clone());
        registry.register("events_duplicated", "Copies that the profile did not ask for", f.duplicates.clone());
        if let Some(waiting) = &f.waiting {
            registry.register("events_waiting", "Sends that were acknowledged and not seen yet", waiting.clone());
        }
        let end_to_end = "From when an event was due to when it was seen; without the warm-up";
        registry.register_with_unit("end_to_end_latency", end_to_end, Unit::Seconds, f.end_to_end.clone());
        let consumed = "From when an event was handed to the client to when it was seen; without the warm-up";
        registry.register_with_unit("sent_to_consumed_latency", consumed, Unit::Seconds, f.sent_to_consumed.clone());
        families
    }

    fn of(&self, labels: &OfStage) -> StageMetrics {
        StageMetrics {
            delivered: self.delivered.get_or_create_owned(labels),
            seen: self.seen.get_or_create_owned(labels),
            duplicates: self.duplicates.get_or_create_owned(labels),
            waiting: self.waiting.as_ref().map(|waiting| waiting.get_or_create_owned(labels)),
            end_to_end: self.end_to_end.get_or_create_owned(labels),
            sent_to_consumed: self.sent_to_consumed.get_or_create_owned(labels),
        }
    }
}

/// What this process knows of a stream.
struct StreamMetrics {
    sends: Option<SendMetrics>,
    /// In the stream's order; none for a stage without events.
    stages: Vec<Option<StageMetrics>>,
}

struct SendMetrics {
    offered: Counter,
    sent: Counter,
    acked: Counter,
    failed: Counter,
    dropped: Counter,
    bytes: Counter,
    outstanding: Gauge,
    behind: Gauge<f64, AtomicU64>,
    due_to_sent: HopMetric,
    own_lateness: HopMetric,
    sent_to_acked: HopMetric,
}

struct StageMetrics {
    delivered: Counter,
    seen: Counter,
    duplicates: Counter,
    waiting: Option<Gauge>,
    end_to_end: HopMetric,
    sent_to_consumed: HopMetric,
}

impl StreamMetrics {
    fn take_in(&self, second: &StreamSecond, totals: &StreamTotals) {
        if let Some(sends) = &self.sends {
            sends.take_in(second, totals);
        }
        let stages = self.stages.iter().zip(&second.stages).zip(&totals.seen);
        for ((metrics, stage), seen) in
            stages.filter_map(|((metrics, stage), seen)| Some(((metrics.as_ref()?, stage), seen)))
        {
            let counts = &stage.interval.counts;
            metrics.delivered.inc_by(counts.delivered);
            metrics.seen.inc_by(counts.seen());
            metrics.duplicates.inc_by(counts.duplicates_accidental);
            metrics.end_to_end.take_in(&stage.interval.due_to_consumed);
            metrics.sent_to_consumed.take_in(&stage.interval.sent_to_consumed);
            if let Some(waiting) = &metrics.waiting {
                waiting.set(level(totals.acked.saturating_sub(*seen)));
            }
        }
    }
}

impl SendMetrics {
    fn take_in(&self, second: &StreamSecond, totals: &StreamTotals) {
        let StreamSecond { sends, acks, .. } = second;
        self.offered.inc_by(sends.due);
        self.sent.inc_by(sends.sent);
        self.acked.inc_by(acks.acked);
        self.failed.inc_by(acks.failed);
        self.dropped.inc_by(sends.dropped);
        self.bytes.inc_by(sends.sent_bytes);
        self.outstanding.set(level(totals.sent.saturating_sub(totals.acked + totals.failed)));
        self.behind.set(seconds_of(sends.behind_ns));
        self.due_to_sent.take_in(&sends.due_to_sent);
        self.own_lateness.take_in(&sends.own_lateness);
        self.sent_to_acked.take_in(&acks.sent_to_acked);
    }
}

fn level(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
