//! The figures of a model.

use serde::{Deserialize, Serialize};

use super::affected::AffectedWindows;
use super::certain::{Certain, CertainCounts};
use super::live::{Expected, Live};
use super::metric_unit::MetricUnit;
use super::spec::ModelSpec;
use super::unit_doubt::UnitDoubt;
use crate::event_time::CountRange;
use crate::mergeable::Merge;

/// The figures of a model over a stream, or over some partitions of it. Parts merge: what is certainly kept adds up exactly, and the merged
/// bounds enclose those of the whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelTally {
    spec: ModelSpec,
    kept: KeptTally,
}

/// The figures of a tally, as a run's folder keeps them: the model itself is in the run's profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptTally {
    certain: CertainCounts,
    /// Whether the watermark may be ahead of a partition because that partition is idle.
    may_idle: bool,
    live: Option<LiveTally>,
    without_event_time: u64,
    doubted: Option<UnitDoubt>,
}

/// What an engine that keeps up is expected to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LiveTally {
    expected: Option<Expected>,
    sure_drop: u64,
    pairs_sure: u64,
    kept: u64,
    affected: AffectedWindows,
    overtaken: u64,
    partitions: usize,
    /// How many of them have events.
    with_events: usize,
}

impl ModelTally {
    pub(super) fn new(spec: ModelSpec, certain: Certain, live: Option<Live>, overtaken: u64) -> Self {
        let live = live.map(|live| {
            let (partitions, with_events) = live.partitions();
            LiveTally {
                expected: Some(live.expected()),
                sure_drop: live.sure_drop,
                pairs_sure: live.pairs_sure,
                // For an overtaken record it is unknown what had been read before it, and so for the others, too.
                kept: if overtaken == 0 { live.kept() } else { 0 },
                partitions,
                with_events,
                affected: live.affected,
                overtaken,
            }
        });
        let (may_idle, certain) = (certain.may_idle(), certain.counts);
        ModelTally { spec, kept: KeptTally { certain, may_idle, live, without_event_time: 0, doubted: None } }
    }

    pub(super) fn with_bad_times(mut self, without_event_time: u64, doubted: Option<UnitDoubt>) -> Self {
        self.kept.without_event_time = without_event_time;
        self.kept.doubted = doubted;
        self
    }

    /// The tally of a model, from a run's folder.
    #[must_use]
    pub fn of_kept(spec: ModelSpec, kept: KeptTally) -> Self {
        ModelTally { spec, kept }
    }

    /// The part of it that a run's folder keeps.
    #[must_use]
    pub fn kept(&self) -> &KeptTally {
        &self.kept
    }

    /// Whose figures these are.
    #[must_use]
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Events that were judged.
    #[must_use]
    pub fn records(&self) -> u64 {
        self.kept.certain.records
    }

    /// Events that the engine rejects (Kafka Streams: negative times, no key); they are in no other count but [`ModelTally::records`].
    #[must_use]
    pub fn refused(&self) -> u64 {
        self.kept.certain.refused
    }

    /// Records without a readable event time; they are in no other count.
    #[must_use]
    pub fn without_event_time(&self) -> u64 {
        self.kept.without_event_time
    }

    /// The unit that event times seem to be in, in place of milliseconds.
    #[must_use]
    pub fn doubted(&self) -> Option<UnitDoubt> {
        self.kept.doubted
    }

    /// Events kept in at least one window, in any order of reading.
    #[must_use]
    pub fn sure_keep(&self) -> u64 {
        self.at_the_end().sure_keep
    }

    /// The claims at the end of the stream. With idleness, an engine that keeps up certainly keeps more.
    fn at_the_end(&self) -> CertainCounts {
        let mut counts = self.kept.certain.at_the_end();
        let more = self.kept.live.as_ref().map_or(0, |live| live.kept).saturating_sub(counts.sure_keep);
        counts.sure_keep += more;
        counts.race -= more.min(counts.race);
        counts.pairs_possible -= more.min(counts.pairs_possible);
        counts
    }

    /// Whether the loss of each window is unknown: its events may be dropped wherever the whole stream is ahead of them.
    #[must_use]
    pub fn follows_whole_stream(&self) -> bool {
        self.spec.is_global() || self.kept.may_idle
    }

    /// Events lost from all their windows, at least and at most.
    #[must_use]
    pub fn dropped(&self) -> CountRange {
        let certain = self.at_the_end();
        let kept_up = self.kept.live.as_ref().map_or(0, |live| live.sure_drop);
        let max = certain.sure_drop + certain.race;
        CountRange { min: certain.sure_drop.max(kept_up).min(max), max }
    }

    /// (Event, window) pairs of all events.
    #[must_use]
    pub fn pairs(&self) -> u64 {
        self.kept.certain.pairs
    }

    /// (Event, window) pairs lost, at least and at most.
    #[must_use]
    pub fn pairs_lost(&self) -> CountRange {
        let certain = self.at_the_end();
        let kept_up = self.kept.live.as_ref().map_or(0, |live| live.pairs_sure);
        let max = certain.pairs_possible;
        CountRange { min: certain.pairs_sure.max(kept_up).min(max), max }
    }

    /// What the engine's own metric ([`ModelSpec::metric`]) shows, at least and at most.
    #[must_use]
    pub fn metric(&self) -> CountRange {
        self.metric_of(self.dropped(), self.pairs_lost())
    }

    /// The most that the metric can show of these events, whatever else there is in the stream: each is lost from all its windows.
    #[must_use]
    pub fn metric_at_most(&self) -> u64 {
        let all = |count| CountRange { min: 0, max: count };
        match self.spec.metric_unit() {
            MetricUnit::Event => self.records() - self.refused(),
            _ => self.metric_of(all(self.records()), all(self.pairs())).max,
        }
    }

    fn metric_of(&self, dropped: CountRange, lost: CountRange) -> CountRange {
        match self.spec.metric_unit() {
            // Events that arrive too late or too early have metrics of their own.
            MetricUnit::Event if self.spec.judges_events() => self.kept.certain.out_of_order,
            MetricUnit::Event if self.spec.sums_rows_first() => {
                CountRange { min: dropped.min.min(1), max: dropped.max }
            }
            MetricUnit::Event => dropped,
            MetricUnit::Pair => {
                let (windows, by_store) = self.spec.unseen_in_tasks();
                let by_store = by_store * self.records() + self.kept.certain.refused_by_store_possible;
                // What the engine rejects counts too, and an event without a readable time may have been given a negative one.
                let refused = self.refused();
                let maybe_refused = if self.spec.refuses_events() { self.kept.without_event_time } else { 0 };
                CountRange {
                    min: lost.min + refused + self.kept.certain.refused_by_store_sure,
                    max: lost.max.saturating_mul(windows) + refused + by_store + maybe_refused,
                }
            }
            // Rows of one group count once in a batch, however many there are.
            MetricUnit::Group | MetricUnit::GroupOfPartition => CountRange { min: lost.min.min(1), max: lost.max },
        }
    }

    /// What to expect of an engine that keeps up. Absent when the append times are unknown, for merged parts, for sessions that late events
    /// may join, and after a repartition topic.
    #[must_use]
    pub fn expected(&self) -> Option<Expected> {
        if self.spec.is_in_one_task() {
            let (records, pairs) = (self.dropped(), self.pairs_lost());
            return Some(Expected { records, pairs, metric: self.metric() });
        }
        if self.spec.judges_events() {
            // Nothing can be expected where arrival times are unknown.
            let is_known = self.kept.certain.without_arrival == 0;
            return is_known.then(|| Expected {
                records: self.dropped(),
                pairs: self.pairs_lost(),
                metric: self.metric(),
            });
        }
        self.kept.live.as_ref()?.expected
    }

    /// The windows that may miss events. Where the engine's maximum is over all partitions, nearly every window may: there these are the
    /// windows that are expected to miss events if the engine keeps up.
    #[must_use]
    pub fn affected(&self) -> &AffectedWindows {
        match &self.kept.live {
            Some(live) if self.follows_whole_stream() => &live.affected,
            _ => &self.kept.certain.affected,
        }
    }

    /// The windows that are expected to miss events in some phase if the engine keeps up, with their certain losses.
    #[must_use]
    pub fn expected_affected(&self) -> Option<&AffectedWindows> {
        self.kept.live.as_ref().map(|live| &live.affected)
    }

    /// Whether the model's idleness leaves open what is kept: there are partitions that may have been idle.
    #[must_use]
    pub fn may_idle(&self) -> bool {
        self.kept.may_idle
    }

    /// Events that may be lost because their append times are unknown, which a watermark that follows the clock depends on.
    #[must_use]
    pub fn unclocked(&self) -> u64 {
        self.kept.certain.unclocked
    }

    /// Events whose arrival time is unknown, and so whether they arrived too late or too early.
    #[must_use]
    pub fn without_arrival(&self) -> u64 {
        self.kept.certain.without_arrival
    }

    /// Records that were read so long after others that the expected range takes them as appended later than they were.
    #[must_use]
    pub fn overtaken(&self) -> u64 {
        self.kept.live.as_ref().map_or(0, |live| live.overtaken)
    }

    /// Partitions without events, if append order was followed. In Flink and Beam one of them holds the watermark at its minimum: nothing
    /// is dropped, and no window ever fires.
    #[must_use]
    pub fn empty_partitions(&self) -> usize {
        self.kept.live.as_ref().map_or(0, |live| live.partitions.saturating_sub(live.with_events))
    }
}

impl Merge for ModelTally {
    /// The other part is of the same model and of other partitions. The expected range is lost: it depends on the order of the whole.
    fn merge(&mut self, other: Self) {
        let ModelTally { spec, kept: KeptTally { certain, may_idle, live, without_event_time, doubted } } = other;
        self.kept.certain.merge(&spec, certain);
        self.kept.may_idle |= may_idle;
        self.kept.without_event_time += without_event_time;
        self.kept.doubted = self.kept.doubted.or(doubted);
        match (&mut self.kept.live, live) {
            (Some(own), Some(other)) => {
                let LiveTally {
                    expected: _,
                    sure_drop,
                    pairs_sure,
                    kept: _,
                    affected,
                    overtaken,
                    partitions,
                    with_events,
                } = other;
                own.expected = None;
                // Neither part knew how far the other's partitions were by then.
                own.kept = 0;
                own.sure_drop += sure_drop;
                own.pairs_sure += pairs_sure;
                own.affected.merge(affected);
                own.overtaken += overtaken;
                own.partitions = own.partitions.max(partitions);
                own.with_events += with_events;
            }
            (own, _) => *own = None,
        }
    }
}
