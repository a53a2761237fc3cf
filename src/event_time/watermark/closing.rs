//! What a model says of a pipeline's windows: what each misses, and which are closed once everything has been read.

use super::rule::{NO_HORIZON, Rule};
use super::spec::ModelSpec;
use super::tally::ModelTally;
use crate::event_time::CountRange;
use crate::event_time::windows::{Prediction, WindowSpan};

impl Prediction for ModelTally {
    /// Unknown where the maximum is over all partitions (Spark, Azure, after a repartition topic), or where partitions may be idle: any
    /// late record may be dropped or kept.
    fn loss(&self, window: WindowSpan) -> Option<CountRange> {
        if self.follows_whole_stream() {
            return None;
        }
        let any_order = self.affected().get(window)?;
        // For an engine that keeps up, more may be certain.
        let kept_up = self.expected_affected().and_then(|affected| affected.get(window)).map_or(0, |loss| loss.min);
        Some(CountRange { min: any_order.min.max(kept_up).min(any_order.max), ..any_order })
    }

    fn total(&self) -> Option<CountRange> {
        (!self.follows_whole_stream()).then(|| self.dropped())
    }
}

/// The end up to which windows are closed once a pipeline has read everything, in milliseconds; `None` when none is. `maxima` are the
/// maximum event times of the partitions, nothing for those without events; `last_result_end_ms` is the latest end of a window with a
/// result.
///
/// With a model: windows with `end + allowed lateness <= horizon`, where the horizon is the minimum over the partitions. A partition
/// without events holds Flink's and Beam's watermark unless idleness is set; in Kafka Streams it is a task of its own that affects no
/// other. For Spark and Azure it is the horizon of the maximum over all; after a repartition topic, where any task may be behind, the
/// minimum. Without a model: windows that every partition's events have passed, and for which, or for a later window, a result was written.
#[must_use]
pub(crate) fn closed_until_ms(
    model: Option<&ModelSpec>,
    maxima: &[Option<i64>],
    last_result_end_ms: Option<i64>,
) -> Option<i64> {
    let with_events = || maxima.iter().flatten().copied();
    let Some(spec) = model else {
        return with_events().min().zip(last_result_end_ms).map(|(time_ms, end_ms)| time_ms.min(end_ms));
    };
    let rule = Rule::new(spec);
    let horizon = if spec.is_global() && !spec.repartitioned {
        rule.horizon(with_events().max())
    } else if spec.waits_for_empty() && maxima.contains(&None) {
        NO_HORIZON
    } else {
        rule.horizon(with_events().min())
    };
    // A window that includes its end may still take in an event that is as new as the newest.
    let open_ms = spec.allowed_ms.saturating_add(i64::from(spec.holds_window_ends()));
    let closed_ms = (horizon != NO_HORIZON).then(|| horizon.saturating_sub(open_ms))?;
    if spec.follows_clock() {
        // An event ahead of the clock does not take the watermark with it: a result of
        // this window or a later one has to show that it closed.
        return last_result_end_ms.map(|end_ms| end_ms.min(closed_ms));
    }
    Some(closed_ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Engine;

    fn until(engine: Engine, maxima: &[Option<i64>]) -> Option<i64> {
        closed_until_ms(Some(&ModelSpec { bound_ms: 5, ..ModelSpec::plain(engine) }), maxima, Some(7))
    }

    #[test]
    fn windows_close_when_the_slowest_partition_has_gone_past() {
        assert_eq!(until(Engine::Flink, &[Some(100), Some(80)]), Some(75));
        assert_eq!(until(Engine::FlinkSql, &[Some(100), Some(80)]), Some(76));
        assert_eq!(until(Engine::Spark, &[Some(100), Some(80)]), Some(95));
        let lateness = ModelSpec { allowed_ms: 20, ..ModelSpec::plain(Engine::KafkaStreams) };
        assert_eq!(closed_until_ms(Some(&lateness), &[Some(100), None, Some(80)], None), Some(60));
    }

    #[test]
    fn a_watermark_that_follows_the_clock_is_no_further_than_its_results() {
        assert_eq!(until(Engine::Beam, &[Some(100), Some(80)]), Some(7));
        let spec = ModelSpec::plain(Engine::Beam);
        assert_eq!(closed_until_ms(Some(&spec), &[Some(100)], Some(500)), Some(100));
        assert_eq!(closed_until_ms(Some(&spec), &[Some(100)], None), None);
    }

    /// Azure, tolerance 5: an event at 100 is in (90, 100], and another may come.
    #[test]
    fn a_window_that_holds_its_end_is_closed_by_what_is_past_it() {
        assert_eq!(until(Engine::AzureStreamAnalytics, &[Some(105), Some(107)]), Some(99));
    }

    #[test]
    fn a_partition_without_events_holds_flink_unless_it_may_idle() {
        assert_eq!(until(Engine::Flink, &[Some(100), None]), None);
        let idle = ModelSpec { idleness_ms: Some(1), ..ModelSpec::plain(Engine::Flink) };
        assert_eq!(closed_until_ms(Some(&idle), &[Some(100), None], None), Some(100));
        assert_eq!(until(Engine::KafkaStreams, &[None]), None);
    }

    #[test]
    fn without_a_model_results_and_events_say_what_is_closed() {
        assert_eq!(closed_until_ms(None, &[Some(100), Some(80)], Some(70)), Some(70));
        assert_eq!(closed_until_ms(None, &[Some(100), Some(80), None], Some(90)), Some(80));
        assert_eq!(closed_until_ms(None, &[Some(100)], None), None);
    }
}
