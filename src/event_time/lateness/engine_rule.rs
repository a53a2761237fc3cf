//! An engine's model, as the measurement of lateness needs it.

use std::num::NonZeroU64;

use super::{
    log::LogRule,
    rule::{LateRule, LateWindow},
};
use crate::event_time::engines::{Lateness, Sliding};
use crate::event_time::watermark::{ModelSpec, WindowMs};

/// An event time further ahead of the clock than this is taken for one from the future, in milliseconds: an hour,
/// from which on Kafka itself refuses record timestamps (`message.timestamp.after.max.ms`, since 4.0).
pub const AHEAD_LIMIT_MS: u64 = 3_600_000;

impl LateRule {
    /// When the model loses an event from all its windows.
    ///
    /// An event's last window decides (Azure: its time by itself). Hopping windows of size `S` by `H` end last `S - H` behind the tumbling window of length `H` that holds
    /// the event; sliding windows of size `S` end at `t + S + 1` (Kafka Streams: the first of them at `t + 1`), a session of one event at `t + gap`
    /// (Kafka Streams: one later).
    /// Spark without windows drops `t <= M - B`, one more than the others. Kafka Streams has no bound but its grace, which stands in its place.
    #[must_use]
    pub fn of_model(spec: &ModelSpec) -> Self {
        let engine = spec.description();
        let raw = (LateWindow::Raw, 0);
        let (window, longer_ms) = match spec.window {
            _ if spec.judges_events() => raw,
            WindowMs::None => raw,
            WindowMs::Aligned(shape) => NonZeroU64::new(in_u64(shape.hop_ms()))
                .map_or(raw, |hop| (LateWindow::Tumbling { size_ms: hop }, in_u64(shape.size_ms() - shape.hop_ms()))),
            WindowMs::Sliding { size_ms } => match engine.windows.sliding {
                Sliding::FromTimes => (LateWindow::Raw, in_u64(size_ms)),
                Sliding::FromEvents => raw,
            },
            WindowMs::Session { gap_ms } => (LateWindow::Raw, in_u64(gap_ms + engine.windows.sessions.longer_ms - 1)),
        };
        let alone_ms = if spec.window == WindowMs::None { engine.windows.alone_ms } else { 1 };
        let open_ms = match engine.tolerates.lateness {
            Lateness::InPlaceOfBound => 0,
            Lateness::None | Lateness::OpenWindows(_) | Lateness::UntilArrival { .. } => in_u64(spec.allowed_ms),
        };
        LateRule {
            window,
            allowed_lateness_ms: longer_ms.saturating_add(open_ms),
            follows_clock: spec.follows_clock(),
            shift_ms: engine.shift_ms() + 1 - alone_ms,
        }
    }
}

impl LogRule {
    /// What a watermark log judges a model by.
    #[must_use]
    pub fn of_model(spec: &ModelSpec) -> Self {
        LogRule {
            late: LateRule::of_model(spec),
            bound_ms: in_u64(spec.tolerance_ms()),
            ahead_limit_ms: AHEAD_LIMIT_MS,
        }
    }
}

fn in_u64(ms: i64) -> u64 {
    u64::try_from(ms).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event_time::watermark::{NO_HORIZON, Rule};
    use crate::profile::Engine;

    fn windows() -> impl Strategy<Value = WindowMs> {
        prop_oneof![
            Just(WindowMs::None),
            (1..50_i64, 0..250_i64).prop_map(|(hop_ms, more_ms)| WindowMs::hopping(hop_ms + more_ms, hop_ms)),
            (1..100_i64).prop_map(|size_ms| WindowMs::Sliding { size_ms }),
            (1..100_i64).prop_map(|gap_ms| WindowMs::Session { gap_ms }),
        ]
    }

    proptest! {
        #[test]
        fn an_event_needs_a_larger_bound_exactly_if_the_model_loses_it(
            window in windows(), bound_ms in 0..300_i64, allowed_ms in 0..200_i64, max in 1000..2000_i64, time in 1000..2000_i64,
        ) {
            for engine in Engine::ALL {
                let bound_ms = if engine == Engine::KafkaStreams { 0 } else { bound_ms };
                let spec = ModelSpec { window, bound_ms, allowed_ms, ..ModelSpec::plain(engine) };
                let (rule, log) = (Rule::new(&spec), LogRule::of_model(&spec));
                let loses = rule.is_closed(rule.last_end_ms(time), rule.horizon(Some(max)));
                prop_assert_eq!(log.late.needed_bound_ms(Some(max), time) > log.bound_ms, loses, "{:?}", spec);
            }
        }

        #[test]
        fn a_partitions_watermark_is_the_models(
            bound_ms in 0..300_i64, max in prop_oneof![Just(None), (-500..2000_i64).prop_map(Some)], now_ms in 0..2000_i64, is_at_its_end in any::<bool>(),
        ) {
            for engine in [Engine::Flink, Engine::Beam] {
                let spec = ModelSpec { bound_ms, ..ModelSpec::plain(engine) };
                let horizon = Rule::new(&spec).horizon_at(max, now_ms, is_at_its_end.then_some(now_ms));
                let watermark = LateRule::of_model(&spec).watermark_ms(in_u64(bound_ms), max, now_ms, is_at_its_end);
                prop_assert_eq!(watermark, (horizon != NO_HORIZON).then_some(horizon), "{:?}", spec);
            }
        }
    }
}
