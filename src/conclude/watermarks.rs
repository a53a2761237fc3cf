//! What the models of a run came to, as its summary holds it.

use crate::check::Merge;
use crate::event_time::watermark::{Expected, ModelSpec, ModelTally};
use crate::profile::{Stream, WatermarkFault};
use crate::results::summary::{CountRange, EngineMetric, ExpectedDrops, Watermark};

/// The models of a stream, in their order.
///
/// # Errors
/// The first rule that one of them breaks.
pub fn models_of(stream: &Stream) -> Result<Vec<ModelSpec>, WatermarkFault> {
    stream.watermarks.iter().map(ModelSpec::of).collect()
}

/// Which of a stream's models read at a stage: one that names none reads at the first. `place` is the stage's among the stream's.
pub fn models_at(stream: &Stream, place: usize) -> impl Iterator<Item = usize> {
    let first = stream.stages.first().map(|stage| stage.name.as_str());
    let name = stream.stages.get(place).map(|stage| stage.name.as_str());
    let reads_here = move |stage: &Option<String>| stage.as_deref().or(first) == name;
    (0..).zip(&stream.watermarks).filter(move |(_, model)| reads_here(&model.stage)).map(|(number, _)| number)
}

/// What a person calls a model: its engine and windows.
pub(super) fn model_name(spec: &ModelSpec) -> String {
    spec.window_text().map_or_else(|| spec.engine.to_string(), |window| format!("{}, {window}", spec.engine))
}

/// What a model came to.
#[must_use]
pub fn watermark_of(tally: &ModelTally, stage: &str) -> Watermark {
    let (spec, dropped, metric) = (tally.spec(), tally.dropped(), tally.metric());
    Watermark {
        engine: spec.engine.name().to_owned(),
        scope: spec.scope().to_owned(),
        bound_ms: spec.tolerance_ms() as f64,
        tolerance: spec.tolerances(),
        window: spec.window_text(),
        dropped_sure: dropped.min,
        dropped_possible: dropped.max,
        windows_affected: tally.affected().len(),
        engine_metric: EngineMetric { name: spec.metric().to_owned(), min: metric.min, max: metric.max },
        engine_metric_at_most: tally.metric_at_most(),
        follows_whole_stream: tally.follows_whole_stream(),
        allowed_lateness_ms: spec.allowed_ms as f64,
        stage: stage.to_owned(),
        records: tally.records(),
        kept_sure: tally.sure_keep(),
        pairs: tally.pairs(),
        pairs_lost: tally.pairs_lost(),
        expected: tally.expected().map(expected),
        without_event_time: tally.without_event_time(),
        refused: tally.refused(),
        notes: notes_of(tally),
    }
}

fn expected(expected: Expected) -> ExpectedDrops {
    let Expected { records, pairs, metric } = expected;
    ExpectedDrops { records, pairs, metric }
}

/// What Kafka Streams refuses, and what it depends on.
fn streams_notes(tally: &ModelTally) -> Vec<String> {
    let (spec, mut notes) = (tally.spec(), Vec::new());
    if tally.refused() > 0 {
        notes.push(format!(
            "{} events have no key or a time before 1970: {} leaves them out and counts them in {}.",
            tally.refused(),
            spec.engine,
            spec.metric()
        ));
    }
    if spec.depends_on_record_cache() {
        notes.push(
            "Whether a window that has closed is still found depends on the record cache: with `record_cache` the figures are exact."
                .to_owned(),
        );
    }
    notes
}

fn notes_of(tally: &ModelTally) -> Vec<String> {
    let spec = tally.spec();
    let mut notes = Vec::new();
    if let Some(unit) = tally.doubted() {
        notes.push(format!("An event time looks like {unit}; milliseconds since 1970 are expected."));
    }
    let empty = tally.empty_partitions();
    if empty > 0 && tally.records() > 0 && spec.waits_for_empty() {
        notes.push(format!(
            "{empty} of the partitions have no events and hold the watermark at its minimum: {} drops nothing and no window fires{}.",
            spec.engine,
            if spec.follows_clock() { "" } else { ", unless idleness is set" }
        ));
    }
    if tally.may_idle() && tally.dropped().max > 0 {
        notes.push(match spec.keeps_up_ms {
            None => "With idleness the watermark may be ahead of any partition: only what no event of the stream closes is sure to be kept. Say how far the engine may be behind (`keeps_up`) to know more.".to_owned(),
            Some(_) => "With idleness the watermark may be ahead of any partition: sure to be kept is what no event closes that the engine can have read.".to_owned(),
        });
    }
    if tally.may_idle() && tally.expected().is_some() && spec.source_tasks != Some(1) {
        notes.push("The expected range is that of one source task: of several, one that comes back from idle is left out of the watermark until it has caught up, and more may be dropped.".to_owned());
    }
    if tally.unclocked() > 0 {
        notes.push(format!(
            "{} events are not sure to be kept because it is not known when they were appended: the watermark of {} follows its clock where a partition was read to its end.",
            tally.unclocked(),
            spec.engine
        ));
    }
    if tally.overtaken() > 0 {
        notes.push(format!(
            "{} events were read long after later ones of other partitions; the expected range takes them for later than they were.",
            tally.overtaken()
        ));
    }
    if tally.affected().not_kept() > 0 {
        notes.push(format!(
            "{} losses are in more windows than are told apart: there are more affected windows than counted.",
            tally.affected().not_kept()
        ));
    }
    notes.extend(spec.description().note.map(str::to_owned));
    if tally.without_arrival() > 0 {
        notes.push(format!(
            "{} events are not sure to be kept because it is not known when they arrived.",
            tally.without_arrival()
        ));
    }
    if spec.follows_clock() {
        notes.push(format!("The clock of {}'s reader is taken to agree with the records' stamps.", spec.engine));
    }
    if spec.repartitioned {
        notes.push(
            "Behind a repartition topic no drop is sure: which records meet in a task depends on their new keys."
                .to_owned(),
        );
    }
    notes.extend(streams_notes(tally));
    notes
}

/// What stands for a model in the results of several parts, each of which saw other partitions. Where events of any partition may close a window for all, what
/// is sure of a part is not sure of the whole.
pub(super) fn merge_watermarks(own: &mut Vec<Watermark>, other: Vec<Watermark>) {
    if own.is_empty() {
        *own = other;
        return;
    }
    for (own, other) in own.iter_mut().zip(other) {
        own.merge(other);
        if own.follows_whole_stream || own.scope == "query" {
            leave_open(own);
        }
    }
}

/// There are events that were not seen, and any event may be dropped for them.
pub fn leave_open(watermark: &mut Watermark) {
    watermark.kept_sure = 0;
    watermark.dropped_possible = watermark.records.saturating_sub(watermark.refused);
    watermark.pairs_lost.max = watermark.pairs;
    watermark.engine_metric.max = watermark.engine_metric_at_most;
}

impl Merge for Watermark {
    fn merge(&mut self, other: Self) {
        let Watermark {
            engine: _,
            scope: _,
            bound_ms: _,
            tolerance: _,
            window: _,
            dropped_sure,
            dropped_possible,
            windows_affected,
            engine_metric: EngineMetric { name: _, min, max },
            engine_metric_at_most,
            follows_whole_stream,
            allowed_lateness_ms: _,
            stage: _,
            records,
            kept_sure,
            pairs,
            pairs_lost: CountRange { min: pairs_min, max: pairs_max },
            expected: _,
            without_event_time,
            refused,
            notes,
        } = other;
        self.dropped_sure += dropped_sure;
        self.dropped_possible += dropped_possible;
        self.windows_affected += windows_affected;
        self.engine_metric.min += min;
        self.engine_metric.max += max;
        self.engine_metric_at_most += engine_metric_at_most;
        self.follows_whole_stream |= follows_whole_stream;
        self.records += records;
        self.kept_sure += kept_sure;
        self.pairs += pairs;
        self.pairs_lost.min += pairs_min;
        self.pairs_lost.max += pairs_max;
        self.expected = None;
        self.without_event_time += without_event_time;
        self.refused += refused;
        self.notes.extend(notes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_time::watermark::{TimedRecord, Watermarks, WindowMs};
    use crate::profile::Engine;

    /// (partition, event time) of a topic of two partitions; what is said of those of a part, and of all.
    fn said(spec: &ModelSpec, events: &[(u16, i64)], of_part: impl Fn(u16) -> bool) -> Watermark {
        let mut watermarks = Watermarks::new(&[*spec], 2);
        for (partition, event_time_ms) in events.iter().copied().filter(|(partition, _)| of_part(*partition)) {
            watermarks.observe(&TimedRecord {
                partition,
                event_time_ms,
                appended_ms: None,
                appended_by_ms: None,
                key_hash: Some(0),
            });
        }
        watermark_of(&watermarks.finish().remove(0), "orders")
    }

    /// Each partition is in order, and the first far ahead of the other.
    const EVENTS: [(u16, i64); 4] = [(0, 900_000), (1, 1_000), (0, 900_010), (1, 1_010)];

    fn whole_and_merged(spec: &ModelSpec) -> (Watermark, Watermark) {
        let mut merged = vec![said(spec, &EVENTS, |partition| partition == 0)];
        merge_watermarks(&mut merged, vec![said(spec, &EVENTS, |partition| partition == 1)]);
        (said(spec, &EVENTS, |_| true), merged.remove(0))
    }

    /// An event is in up to 12 windows of 10 ms, and the store may refuse 3 more: the metric of the whole is above the number of pairs.
    #[test]
    fn the_most_of_a_merged_metric_holds_for_the_whole() {
        let window = WindowMs::Sliding { size_ms: 10 };
        let streams =
            ModelSpec { repartitioned: true, in_memory: true, window, ..ModelSpec::plain(Engine::KafkaStreams) };
        let (whole, merged) = whole_and_merged(&streams);
        assert_eq!(whole.engine_metric.max, 3 * 12 + 4 * 3);
        assert_eq!(merged.engine_metric.max, 4 * 12 + 4 * 3);
        let (whole, merged) = whole_and_merged(&ModelSpec::plain(Engine::Spark));
        assert_eq!((whole.engine_metric.max, merged.engine_metric.max), (2, 4));
    }

    /// Partition 1 may have been idle, and what its own part kept was behind partition 0's.
    #[test]
    fn what_a_part_keeps_where_partitions_may_idle_is_not_sure_of_the_whole() {
        let flink = ModelSpec { idleness_ms: Some(1_000), ..ModelSpec::plain(Engine::Flink) };
        let (whole, merged) = whole_and_merged(&flink);
        assert!(merged.kept_sure <= whole.kept_sure, "{} of {}", merged.kept_sure, whole.kept_sure);
        assert!(merged.dropped_possible >= whole.dropped_possible && whole.dropped_possible > 0);
        let busy = ModelSpec::plain(Engine::Flink);
        let (whole, merged) = whole_and_merged(&busy);
        assert_eq!((whole.kept_sure, merged.kept_sure), (4, 4), "each partition's own order decides");
    }
}
