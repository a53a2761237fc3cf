//! Which windows an event time belongs to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A window: start inclusive, end exclusive, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct WindowSpan {
    /// The first millisecond in it.
    pub start_ms: i64,
    /// The first millisecond behind it.
    pub end_ms: i64,
}

/// Tumbling or hopping windows, aligned to 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WindowShape {
    size_ms: i64,
    hop_ms: i64,
}

impl WindowShape {
    /// Windows of `size_ms`, one every `hop_ms`; equal for tumbling ones. `None` unless both are positive and the hop is at most the size, so that
    /// every event is in a window. A hop that does not divide the size is as good as another.
    #[must_use]
    pub fn new(size_ms: i64, hop_ms: i64) -> Option<Self> {
        (hop_ms > 0 && hop_ms <= size_ms).then_some(WindowShape { size_ms, hop_ms })
    }

    /// Tumbling windows; `None` for a size that is not positive.
    #[must_use]
    pub fn tumbling(size_ms: i64) -> Option<Self> {
        WindowShape::new(size_ms, size_ms)
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

    /// How many windows an event time is in: those that start at a multiple of the hop in `(t - size, t]`.
    #[inline]
    #[must_use]
    pub fn count(&self, event_time_ms: i64) -> i64 {
        (self.size_ms - 1 - event_time_ms.rem_euclid(self.hop_ms)) / self.hop_ms + 1
    }

    /// The end of the last window of an event time; the end of time, where that window would reach beyond it.
    #[inline]
    #[must_use]
    pub fn last_end_ms(&self, event_time_ms: i64) -> i64 {
        event_time_ms.div_euclid(self.hop_ms).saturating_mul(self.hop_ms).saturating_add(self.size_ms)
    }

    /// The windows of an event time, the earliest first: as many as [`WindowShape::count`] says.
    /// Those that would reach beyond the ends of i64 do not exist.
    pub fn windows(&self, event_time_ms: i64) -> impl Iterator<Item = WindowSpan> + use<> {
        let (size_ms, hop_ms) = (i128::from(self.size_ms), i128::from(self.hop_ms));
        let time_ms = i128::from(event_time_ms);
        let last_ms = time_ms - time_ms.rem_euclid(hop_ms);
        (0..i128::from(self.count(event_time_ms))).rev().filter_map(move |n| {
            let start_ms = last_ms - n * hop_ms;
            let (start_ms, end_ms) = (i64::try_from(start_ms).ok()?, i64::try_from(start_ms + size_ms).ok()?);
            Some(WindowSpan { start_ms, end_ms })
        })
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
            let shape = WindowShape::tumbling(size).unwrap();
            prop_assert!(shape.windows(time).all(|window| shape.has(window)));
        }
    }

    #[test]
    fn impossible_windows_are_refused() {
        assert_eq!(
            [(0, 0), (10, 0), (-10, 10), (-10, -10), (5, 10)].map(|(size, hop)| WindowShape::new(size, hop)),
            [None; 5]
        );
    }
}
