//! What the models of a run came to, as its summary holds it.

use super::model_notes::{note_on_empty, notes_of};
use crate::event_time::watermark::{Expected, ModelSpec, ModelTally};
use crate::profile::{Stream, WatermarkFault};
use crate::results::summary::{EngineMetric, ExpectedDrops, Watermark};

/// The models of a stream, in their order.
///
/// # Errors
/// The first rule that one of them breaks.
pub(crate) fn models_of(stream: &Stream) -> Result<Vec<ModelSpec>, WatermarkFault> {
    stream.watermarks.iter().map(ModelSpec::of).collect()
}

/// Which of a stream's models read at a stage: one that names none reads at the first. `place` is the stage's among the stream's.
pub(crate) fn models_at(stream: &Stream, place: usize) -> impl Iterator<Item = usize> {
    let first = stream.stages.first().map(|stage| stage.name.as_str());
    let name = stream.stages.get(place).map(|stage| stage.name.as_str());
    let reads_here = move |stage: &Option<String>| stage.as_deref().or(first) == name;
    (0..).zip(&stream.watermarks).filter(move |(_, model)| reads_here(&model.stage)).map(|(number, _)| number)
}

/// What a person calls a model: its engine and windows.
pub(super) fn model_name(spec: &ModelSpec) -> String {
    spec.window_text().map_or_else(|| spec.engine.to_string(), |window| format!("{}, {window}", spec.engine))
}

/// What a model came to over some of a topic's partitions: what depends on the others is left open.
#[must_use]
pub(super) fn watermark_of_some(tally: &ModelTally, stage: &str) -> Watermark {
    let mut watermark = watermark_of(tally, stage);
    // A partition that others observe only looks empty from here.
    watermark.notes.retain(|note| Some(note) != note_on_empty(tally).as_ref());
    watermark.expected = None;
    if tally.follows_whole_stream() {
        leave_open(&mut watermark);
    }
    watermark
}

/// What a model came to.
#[must_use]
pub(crate) fn watermark_of(tally: &ModelTally, stage: &str) -> Watermark {
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

/// There are events that were not seen, and any event may be dropped for them.
pub(crate) fn leave_open(watermark: &mut Watermark) {
    watermark.kept_sure = 0;
    watermark.dropped_possible = watermark.records.saturating_sub(watermark.refused);
    watermark.pairs_lost.max = watermark.pairs;
    watermark.engine_metric.max = watermark.engine_metric_at_most;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event_time::watermark::{TimedRecord, Watermarks, WindowMs};
    use crate::mergeable::Merge;
    use crate::profile::Engine;

    /// (partition, event time) of a topic of two partitions; what the observer of some of them tells.
    fn tally(spec: &ModelSpec, events: &[(u16, i64)], of_part: impl Fn(u16) -> bool) -> ModelTally {
        let mut watermarks = Watermarks::new(&[*spec], 2);
        for (partition, event_time_ms) in events.iter().copied().filter(|(partition, _)| of_part(*partition)) {
            watermarks.observe(&TimedRecord {
                partition,
                event_time_ms,
                appended_ms: Some(event_time_ms),
                appended_by_ms: None,
                key_hash: Some(0),
            });
        }
        watermarks.finish().remove(0)
    }

    /// Each partition is in order, and the first far ahead of the other.
    const EVENTS: [(u16, i64); 4] = [(0, 900_000), (1, 1_000), (0, 900_010), (1, 1_010)];

    /// Of an observer of both partitions, of two observers, and of the second of them alone.
    fn told(spec: &ModelSpec) -> [Watermark; 3] {
        let [first, second] = [0, 1].map(|own| tally(spec, &EVENTS, |partition| partition == own));
        let mut merged = first;
        merged.merge(second.clone());
        let whole = tally(spec, &EVENTS, |_| true);
        [watermark_of(&whole, "orders"), watermark_of(&merged, "orders"), watermark_of_some(&second, "orders")]
    }

    /// An event is in up to 12 windows of 10 ms, and the store may refuse 3 more: the metric is above the number of pairs.
    #[test]
    fn the_most_of_a_merged_metric_holds_for_the_whole() {
        let window = WindowMs::Sliding { size_ms: 10 };
        let streams =
            ModelSpec { repartitioned: true, in_memory: true, window, ..ModelSpec::plain(Engine::KafkaStreams) };
        let [whole, merged, _] = told(&streams);
        assert_eq!(whole.engine_metric.max, 3 * 12 + 4 * 3);
        assert!(merged.engine_metric.max >= whole.engine_metric.max, "{:?}", merged.engine_metric);
        let [whole, merged, second] = told(&ModelSpec::plain(Engine::Spark));
        assert_eq!(
            (whole.engine_metric.max, merged.engine_metric.max),
            (2, 2),
            "the merge knows the largest time of all"
        );
        assert_eq!((second.engine_metric.max, second.kept_sure), (2, 0), "what one of them saw may all be dropped");
    }

    /// Partition 1 may have been idle, and what its own part kept was behind partition 0's.
    #[test]
    fn what_a_part_keeps_where_partitions_may_idle_is_not_sure_of_the_whole() {
        let flink = ModelSpec { idleness_ms: Some(1_000), ..ModelSpec::plain(Engine::Flink) };
        let [whole, merged, second] = told(&flink);
        assert_eq!(merged.kept_sure, whole.kept_sure);
        assert!(merged.dropped_possible >= whole.dropped_possible && whole.dropped_possible > 0);
        assert_eq!((second.kept_sure, second.dropped_possible), (0, 2));
        let [whole, merged, second] = told(&ModelSpec::plain(Engine::Flink));
        assert_eq!(
            (whole.kept_sure, merged.kept_sure, second.kept_sure),
            (4, 4, 2),
            "each partition's own order decides"
        );
    }

    /// To an observer of partition 1 alone partition 0 looks empty; together they know that it is not.
    #[test]
    fn a_partition_that_another_observer_reads_is_not_said_to_be_empty() {
        let says_empty = |of: &Watermark| of.notes.iter().any(|note| note.contains("have no events"));
        assert!(told(&ModelSpec::plain(Engine::Flink)).iter().all(|told| !says_empty(told)));
        let spec = ModelSpec::plain(Engine::Flink);
        assert!(says_empty(&watermark_of(&tally(&spec, &EVENTS[..1], |_| true), "orders")));
    }
}
