//! The one rule: which windows an event belongs to, and which of them are already closed. Integer milliseconds, saturating.

use super::spec::{ModelSpec, WindowMs};
use crate::event_time::engines::{Lateness, Sliding};
use crate::event_time::windows::{WindowShape, WindowSpan};

/// The horizon while nothing has been seen: everything is kept.
pub(crate) const NO_HORIZON: i64 = i64::MIN;

/// How an engine assigns events to windows.
#[derive(Debug, Clone, Copy)]
enum Assigner {
    /// One interval around each event.
    Around { before_ms: i64, after_ms: i64 },
    /// Aligned to 1970.
    Aligned(WindowShape),
}

/// An engine's rule.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    spec: ModelSpec,
    assigner: Assigner,
}

impl Rule {
    /// The rule of a model.
    #[must_use]
    pub(crate) fn new(spec: &ModelSpec) -> Self {
        let windows = &spec.description().windows;
        let around = |before_ms, after_ms| Assigner::Around { before_ms, after_ms };
        let assigner = match spec.window {
            WindowMs::None => around(0, windows.alone_ms),
            WindowMs::Aligned(shape) => Assigner::Aligned(shape.with_edges(windows.edges)),
            WindowMs::Sliding { size_ms } => match windows.sliding {
                Sliding::FromTimes => around(size_ms, size_ms.saturating_add(1)),
                Sliding::FromEvents => around(size_ms, 1),
            },
            WindowMs::Session { gap_ms } => around(0, gap_ms.saturating_add(windows.sessions.longer_ms)),
        };
        Rule { spec: *spec, assigner }
    }

    /// The model whose rule it is.
    #[must_use]
    pub(crate) fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// The horizon once the engine has taken `maximum` into account: M - B, and the engine's own offset.
    #[inline]
    #[must_use]
    pub(crate) fn horizon(&self, maximum: Option<i64>) -> i64 {
        let behind = maximum.map(|maximum| maximum.saturating_sub(self.spec.bound_ms).saturating_add(self.shift_ms()));
        behind.unwrap_or(NO_HORIZON).max(self.spec.description().begins_at_ms.unwrap_or(NO_HORIZON))
    }

    /// The horizon of a watermark that is given.
    #[must_use]
    pub(crate) fn horizon_of_watermark(&self, watermark_ms: i64) -> i64 {
        watermark_ms.saturating_add(self.spec.description().last_ms)
    }

    /// Whether the engine rejects such events: Kafka Streams rejects negative times, and records without a key where it groups by their
    /// existing key. They do not move its stream time, and its metric counts them.
    #[must_use]
    pub(crate) fn refuses(&self, event_time_ms: i64, key_hash: Option<u64>) -> bool {
        self.spec.refuses_events() && (event_time_ms < 0 || key_hash.is_none() && !self.spec.repartitioned)
    }

    /// How many windows an event belongs to.
    #[inline]
    #[must_use]
    pub(crate) fn windows(&self, event_time_ms: i64) -> u32 {
        match self.assigner {
            Assigner::Around { .. } => 1,
            Assigner::Aligned(shape) if shape.size_ms() == shape.hop_ms() => 1,
            Assigner::Aligned(shape) => u32::try_from(shape.count(event_time_ms)).unwrap_or(u32::MAX),
        }
    }

    /// The end of an event's last window; an event that is judged by itself ends with its own time.
    #[inline]
    #[must_use]
    pub(crate) fn last_end_ms(&self, event_time_ms: i64) -> i64 {
        match self.assigner {
            _ if self.spec.judges_events() => event_time_ms.saturating_add(1),
            Assigner::Around { after_ms, .. } => event_time_ms.saturating_add(after_ms),
            Assigner::Aligned(shape) => shape.last_end_ms(event_time_ms),
        }
    }

    /// The shortest time from an event to the end of its last window, in milliseconds.
    pub(in crate::event_time) fn least_end_ms(&self) -> i64 {
        match self.assigner {
            _ if self.spec.judges_events() => 1,
            Assigner::Around { after_ms, .. } => after_ms,
            Assigner::Aligned(shape) => shape.size_ms() - shape.hop_ms() + 1,
        }
    }

    /// What is added to `M - B` to get the horizon, in milliseconds.
    pub(in crate::event_time) fn shift_ms(&self) -> i64 {
        self.spec.description().shift_ms()
    }

    /// How long windows stay open after the watermark has passed them, apart from the tolerance for disorder, in milliseconds.
    pub(in crate::event_time) fn open_ms(&self) -> i64 {
        match self.spec.description().tolerates.lateness {
            Lateness::InPlaceOfBound => 0,
            Lateness::None | Lateness::OpenWindows(_) | Lateness::UntilArrival { .. } => self.spec.allowed_ms,
        }
    }

    /// Whether a window with this end is closed at a horizon: what still belongs to it is lost.
    #[inline]
    #[must_use]
    pub(crate) fn is_closed(&self, end_ms: i64, horizon: i64) -> bool {
        horizon != NO_HORIZON && end_ms.saturating_add(self.spec.allowed_ms) <= horizon
    }

    /// Whether an event is lost from one of its windows.
    #[must_use]
    pub(crate) fn is_lost_from(&self, event_time_ms: i64, window: &WindowSpan, horizon: i64) -> bool {
        let ends_ms = if self.spec.judges_events() { self.last_end_ms(event_time_ms) } else { window.end_ms };
        self.is_closed(ends_ms, horizon)
    }

    /// From how many of its windows an event is lost. They are the earliest ones.
    #[must_use]
    pub(crate) fn lost_windows(&self, event_time_ms: i64, horizon: i64) -> u32 {
        let (last_end_ms, windows) = (self.last_end_ms(event_time_ms), self.windows(event_time_ms));
        let hop_ms = match self.assigner {
            Assigner::Aligned(shape) if windows > 1 && !self.spec.judges_events() => shape.hop_ms(),
            _ => return if self.is_closed(last_end_ms, horizon) { windows } else { 0 },
        };
        if horizon == NO_HORIZON {
            return 0;
        }
        // Windows end at last_end - k * hop; those that end after the horizon are the first ones, k < open.
        let ahead_ms = last_end_ms.saturating_add(self.spec.allowed_ms).saturating_sub(horizon);
        let open = if ahead_ms <= 0 { 0 } else { ahead_ms.div_euclid(hop_ms) + i64::from(ahead_ms % hop_ms != 0) };
        windows - u32::try_from(open).unwrap_or(u32::MAX).min(windows)
    }

    /// The windows that an event belongs to, the earliest first.
    pub(crate) fn spans(&self, event_time_ms: i64) -> impl Iterator<Item = WindowSpan> + use<> {
        let (around, aligned) = match self.assigner {
            Assigner::Around { before_ms, after_ms } => {
                let start_ms = event_time_ms.saturating_sub(before_ms);
                (Some(WindowSpan { start_ms, end_ms: event_time_ms.saturating_add(after_ms) }), None)
            }
            Assigner::Aligned(shape) => (None, Some(shape.windows(event_time_ms))),
        };
        around.into_iter().chain(aligned.into_iter().flatten())
    }

    /// The early-arrival policy: an event this far ahead of its arrival is dropped before any other check.
    #[must_use]
    pub(crate) fn is_early(&self, event_time_ms: i64, arrived_ms: i64) -> bool {
        self.early_arrival_ms().is_some_and(|early_ms| event_time_ms.saturating_sub(arrived_ms) > early_ms)
    }

    /// The late-arrival policy: an event that arrives this long after its time is dropped, or its time adjusted.
    #[must_use]
    pub(crate) fn arrives_late(&self, event_time_ms: i64, arrived_ms: i64) -> bool {
        self.early_arrival_ms().is_some() && arrived_ms.saturating_sub(event_time_ms) > self.spec.late_arrival_ms
    }

    /// For an engine that judges arrivals: how far ahead of its arrival an event's time may be.
    fn early_arrival_ms(&self) -> Option<i64> {
        match self.spec.description().tolerates.lateness {
            Lateness::UntilArrival { early_ms, .. } => Some(early_ms),
            Lateness::None | Lateness::OpenWindows(_) | Lateness::InPlaceOfBound => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::profile::Engine;

    fn hopping(engine: Engine, size_ms: i64, hop_ms: i64) -> Rule {
        Rule::new(&ModelSpec { window: WindowMs::hopping(size_ms, hop_ms), ..ModelSpec::plain(engine) })
    }

    proptest! {
        #[test]
        fn an_event_is_in_each_of_its_windows_and_in_no_other(time in -100_000..100_000_i64, hop in 1..50_i64, more in 0..400_i64) {
            let rule = hopping(Engine::Flink, hop + more, hop);
            let spans: Vec<WindowSpan> = rule.spans(time).collect();
            prop_assert_eq!(spans.len(), rule.windows(time) as usize);
            prop_assert!(spans.iter().all(|span| span.start_ms <= time && time < span.end_ms && span.start_ms.rem_euclid(hop) == 0));
            prop_assert!(spans.windows(2).all(|pair| pair[1].start_ms - pair[0].start_ms == hop));
        }

        #[test]
        fn lost_windows_are_counted_as_if_one_by_one(time in -1000..1000_i64, hop in 1..20_i64, more in 0..160_i64, horizon in -1200..1200_i64, allowed_ms in 0..50_i64) {
            for engine in Engine::ALL {
                let plain = ModelSpec::plain(engine);
                let spec = ModelSpec { window: WindowMs::hopping(hop + more, hop), allowed_ms, ..plain };
                let rule = Rule::new(&spec);
                if rule.refuses(time, Some(0)) {
                    continue;
                }
                let one_by_one = rule.spans(time).filter(|span| rule.is_lost_from(time, span, horizon)).count();
                prop_assert_eq!(rule.lost_windows(time, horizon) as usize, one_by_one);
                let starts_at_zero = engine.description().refuses_events;
                prop_assert!(!starts_at_zero || rule.spans(time).all(|span| span.start_ms >= 0));
            }
        }

        #[test]
        fn no_time_is_too_absurd(time in any::<i64>(), maximum in any::<i64>(), bound_ms in 0..i64::MAX, size in 1..i64::MAX) {
            for engine in Engine::ALL {
                for window in [WindowMs::None, WindowMs::tumbling(size), WindowMs::Sliding { size_ms: size }, WindowMs::Session { gap_ms: size }] {
                    let rule = Rule::new(&ModelSpec { bound_ms, allowed_ms: bound_ms, window, ..ModelSpec::plain(engine) });
                    let lost = rule.lost_windows(time, rule.horizon(Some(maximum)));
                    prop_assert!(lost <= rule.windows(time));
                    prop_assert!(rule.spans(time).count() <= 1);
                }
            }
        }
    }

    #[test]
    fn windows_of_negative_times_are_aligned_downwards() {
        let rule = hopping(Engine::Flink, 10, 10);
        assert_eq!(rule.spans(-1).collect::<Vec<_>>(), [WindowSpan { start_ms: -10, end_ms: 0 }]);
        assert_eq!(rule.spans(-10).collect::<Vec<_>>(), [WindowSpan { start_ms: -10, end_ms: 0 }]);
    }
}
