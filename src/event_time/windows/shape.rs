//! Which windows an event time belongs to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A window: start inclusive, end exclusive, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct WindowSpan {
    /// The first millisecond in it.
    pub start_ms: i64,
    /// The first millisecond after it.
    pub end_ms: i64,
}

/// Where an engine puts an event time on the edge of a window, or before 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edges {
    /// `[start, end)`, everywhere.
    HoldStart,
    /// `(start, end]`, everywhere: Azure Stream Analytics.
    HoldEnd,
    /// `[start, end)`, and no window begins before 1970: Kafka Streams.
    FromZero,
    /// `[start, end)`, and more than a hop before 1970 the last window of an event begins at the next multiple of the hop, not at the one
    /// before: Beam's `FixedWindows` and `SlidingWindows`, whose `%` rounds towards zero. The event is then before that window.
    TowardsZero,
}

/// Tumbling or hopping windows, aligned to 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowShape {
    size_ms: i64,
    hop_ms: i64,
    edges: Edges,
}

impl WindowShape {
    /// Windows of `size_ms`, one every `hop_ms`; equal for tumbling ones. `None` unless both are positive and the hop is at most the size,
    /// so that every event is in a window. The hop need not divide the size.
    #[must_use]
    pub fn new(size_ms: i64, hop_ms: i64) -> Option<Self> {
        (hop_ms > 0 && hop_ms <= size_ms).then_some(WindowShape { size_ms, hop_ms, edges: Edges::HoldStart })
    }

    /// Tumbling windows; `None` for a size that is not positive.
    #[must_use]
    pub fn tumbling(size_ms: i64) -> Option<Self> {
        WindowShape::new(size_ms, size_ms)
    }

    /// The same windows, as assigned by an engine with these edges.
    #[must_use]
    pub fn with_edges(self, edges: Edges) -> Self {
        WindowShape { edges, ..self }
    }

    /// How long a window is, in milliseconds.
    #[must_use]
    pub fn size_ms(&self) -> i64 {
        self.size_ms
    }

    /// From the start of a window to the start of the next, in milliseconds.
    #[inline]
    #[must_use]
    pub fn hop_ms(&self) -> i64 {
        self.hop_ms
    }

    /// How many windows an event time is in: those that start at a multiple of the hop in `(t - size, t]`, if the engine has them.
    #[inline]
    #[must_use]
    pub fn count(&self, event_time_ms: i64) -> i64 {
        let since_start_ms = self.held_ms(event_time_ms).rem_euclid(self.hop_ms);
        let around = (self.size_ms - 1 - since_start_ms) / self.hop_ms + 1;
        match self.edges {
            Edges::HoldStart | Edges::HoldEnd => around,
            Edges::FromZero => around.min(event_time_ms.div_euclid(self.hop_ms).saturating_add(1)).max(0),
            // For tumbling windows a different window, for hopping ones one more.
            Edges::TowardsZero => around + i64::from(self.is_ahead(event_time_ms) && self.hop_ms < self.size_ms),
        }
    }

    /// The end of the last window of an event time; the maximum of i64 if that window would reach beyond it.
    #[inline]
    #[must_use]
    pub fn last_end_ms(&self, event_time_ms: i64) -> i64 {
        let hops = self.held_ms(event_time_ms).div_euclid(self.hop_ms) + i64::from(self.is_ahead(event_time_ms));
        hops.saturating_mul(self.hop_ms).saturating_add(self.size_ms)
    }

    /// The windows of an event time, the earliest first: as many as [`WindowShape::count`] says.
    /// Those that would reach beyond the ends of i64 do not exist.
    pub fn windows(&self, event_time_ms: i64) -> impl Iterator<Item = WindowSpan> + use<> {
        let (size_ms, hop_ms) = (i128::from(self.size_ms), i128::from(self.hop_ms));
        let held_ms = i128::from(self.held_ms(event_time_ms));
        let last_ms = held_ms - held_ms.rem_euclid(hop_ms) + hop_ms * i128::from(self.is_ahead(event_time_ms));
        (0..i128::from(self.count(event_time_ms))).rev().filter_map(move |n| {
            let start_ms = last_ms - n * hop_ms;
            let (start_ms, end_ms) = (i64::try_from(start_ms).ok()?, i64::try_from(start_ms + size_ms).ok()?);
            Some(WindowSpan { start_ms, end_ms })
        })
    }

    /// The time whose windows `[start, end)` are those of an event time: `(start, end]` contains t if `[start, end)` contains t - 1.
    #[inline]
    fn held_ms(&self, event_time_ms: i64) -> i64 {
        event_time_ms.saturating_sub(i64::from(self.edges == Edges::HoldEnd))
    }

    /// Whether the last window of an event time begins after it.
    #[inline]
    fn is_ahead(&self, event_time_ms: i64) -> bool {
        self.edges == Edges::TowardsZero && event_time_ms < -self.hop_ms && event_time_ms % self.hop_ms != 0
    }

    /// Whether a window is one of these.
    #[must_use]
    pub fn has(&self, span: WindowSpan) -> bool {
        span.end_ms.checked_sub(span.start_ms) == Some(self.size_ms) && span.start_ms.rem_euclid(self.hop_ms) == 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::Engine;

    fn of_engine(shape: WindowShape, engine: Engine) -> WindowShape {
        shape.with_edges(engine.description().windows.edges)
    }

    proptest! {
        #[test]
        fn an_event_is_in_every_window_around_it_and_in_no_other(
            hop in 1..100_i64, more in 0..500_i64, time in -100_000..100_000_i64,
        ) {
            let shape = WindowShape::new(hop + more, hop).unwrap();
            let windows: Vec<_> = shape.windows(time).collect();
            let around = (time - shape.size_ms() + 1..=time).filter(|start_ms| start_ms.rem_euclid(hop) == 0);
            prop_assert_eq!(windows.iter().map(|window| window.start_ms).collect::<Vec<_>>(), around.collect::<Vec<_>>());
            prop_assert_eq!(windows.len() as i64, shape.count(time));
            let most = (shape.size_ms - 1) / shape.hop_ms + 1;
            prop_assert!((most - 1..=most).contains(&shape.count(time)));
            prop_assert!(more % hop != 0 || shape.count(time) == most);
            for window in &windows {
                prop_assert!(shape.has(*window) && window.start_ms <= time && time < window.end_ms);
            }
            prop_assert_eq!(windows.last().map(|window| window.end_ms), Some(shape.last_end_ms(time)));
            prop_assert!(windows.is_sorted());
        }

        #[test]
        fn no_event_time_is_too_absurd(size in 1..=i64::MAX, time in any::<i64>()) {
            for engine in Engine::ALL {
                let shape = of_engine(WindowShape::tumbling(size).unwrap(), engine);
                prop_assert!(shape.windows(time).all(|window| shape.has(window)));
                prop_assert!(shape.windows(time).all(|window| window.end_ms == shape.last_end_ms(time)));
            }
        }
    }

    fn starts(engine: Engine, size_ms: i64, hop_ms: i64, time: i64) -> Vec<i64> {
        let shape = of_engine(WindowShape::new(size_ms, hop_ms).unwrap(), engine);
        let starts: Vec<i64> = shape.windows(time).map(|window| window.start_ms).collect();
        assert_eq!(starts.len() as i64, shape.count(time));
        assert!(starts.last().is_none_or(|start_ms| start_ms + size_ms == shape.last_end_ms(time)));
        starts
    }

    #[test]
    fn azures_windows_hold_their_end_and_not_their_start() {
        assert_eq!(
            [100, 101, 110].map(|time| starts(Engine::AzureStreamAnalytics, 10, 10, time)),
            [[90], [100], [100]]
        );
        assert_eq!(starts(Engine::AzureStreamAnalytics, 10, 5, 100), [90, 95]);
        assert_eq!(starts(Engine::Flink, 10, 5, 100), [95, 100]);
    }

    #[test]
    fn no_window_of_kafka_streams_begins_before_1970() {
        assert_eq!(starts(Engine::KafkaStreams, 10, 5, 3), [0]);
        assert_eq!(starts(Engine::KafkaStreams, 10, 5, 7), [0, 5]);
        assert_eq!(starts(Engine::Flink, 10, 5, 3), [-5, 0]);
    }

    /// What Beam 2.69's `FixedWindows` and `SlidingWindows` answered.
    #[test]
    fn beams_windows_before_1970_are_rounded_towards_it() {
        assert_eq!([-9, -8, -5, -4, -1, 0].map(|time| starts(Engine::Beam, 4, 4, time)[0]), [-8, -8, -4, -4, -4, 0]);
        assert_eq!(starts(Engine::Beam, 8, 4, -9), [-16, -12, -8]);
        assert_eq!(starts(Engine::Beam, 8, 4, -8), [-12, -8]);
        assert_eq!(starts(Engine::Beam, 8, 4, -3), [-8, -4]);
        assert_eq!(starts(Engine::Flink, 4, 4, -9), [-12]);
    }

    #[test]
    fn impossible_windows_are_refused() {
        assert_eq!(
            [(0, 0), (10, 0), (-10, 10), (-10, -10), (5, 10)].map(|(size, hop)| WindowShape::new(size, hop)),
            [None; 5]
        );
    }
}
