//! When bytes arrive at the other end of a link that is slow, and whether they do at all. Pure.

use std::time::{Duration, Instant};

use crate::profile::NetworkFault;

/// What is wrong with the way to a broker; nothing by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Condition {
    pub(super) is_reset: bool,
    pub(super) is_black_hole: bool,
    delay: Duration,
    jitter: Duration,
    /// How much passes in a second; all of it where there is no limit.
    bytes_per_s: Option<u64>,
}

impl Condition {
    pub(super) fn of(fault: &NetworkFault) -> Self {
        let span = |span: Option<crate::profile::Span>| Duration::from_nanos(span.unwrap_or_default().as_nanos());
        Condition {
            is_reset: fault.reset,
            is_black_hole: fault.black_hole,
            delay: span(fault.delay),
            jitter: span(fault.jitter),
            bytes_per_s: fault.bandwidth.map(|bandwidth| bandwidth.as_bytes_per_s().max(1)),
        }
    }
}

/// One direction of the way to a broker, which all connections to it share.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wire {
    /// Until when it is busy with what was sent before.
    free_at: Option<Instant>,
}

impl Wire {
    /// When bytes that are sent `now` arrive. `luck`, from 0 to 1, says where in the jitter.
    pub(super) fn arrival(&mut self, condition: &Condition, now: Instant, bytes: usize, luck: f64) -> Instant {
        let sent = match condition.bytes_per_s {
            Some(bytes_per_s) => {
                let begins = self.free_at.map_or(now, |free_at| free_at.max(now));
                begins + Duration::from_secs_f64(bytes as f64 / bytes_per_s as f64)
            }
            None => now,
        };
        self.free_at = condition.bytes_per_s.map(|_| sent);
        let varies = condition.jitter.as_secs_f64() * (2.0 * luck.clamp(0.0, 1.0) - 1.0);
        sent + Duration::from_secs_f64((condition.delay.as_secs_f64() + varies).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn condition(text: &str) -> Condition {
        Condition::of(&toml::from_str(text).unwrap())
    }

    #[test]
    fn a_delay_is_a_delay_and_jitter_is_around_it() {
        let (now, slow) = (Instant::now(), condition("delay = \"50ms\"\njitter = \"10ms\""));
        let after = |luck| Wire::default().arrival(&slow, now, 1000, luck) - now;
        assert_eq!([0.0, 0.5, 1.0].map(after), [40, 50, 60].map(Duration::from_millis));
        assert_eq!(Wire::default().arrival(&Condition::default(), now, usize::MAX, 0.3), now);
    }

    #[test]
    fn connections_share_the_bandwidth_and_silence_saves_none_of_it() {
        let (now, narrow) = (Instant::now(), condition("bandwidth = \"1MB/s\""));
        let mut wire = Wire::default();
        let mut after_ms = |at_ms, bytes| {
            let at = now + Duration::from_millis(at_ms);
            (wire.arrival(&narrow, at, bytes, 0.5) - now).as_millis()
        };
        assert_eq!([after_ms(0, 500_000), after_ms(0, 500_000), after_ms(5_000, 100_000)], [500, 1_000, 5_100]);
    }

    proptest! {
        #[test]
        fn no_more_passes_than_the_bandwidth(sizes in prop::collection::vec((0..200_u64, 1..100_000_usize), 1..50)) {
            let (begin, narrow) = (Instant::now(), condition("bandwidth = \"64KiB/s\"\ndelay = \"20ms\""));
            let (mut wire, mut now, mut sent) = (Wire::default(), begin, 0);
            for (pause_ms, bytes) in sizes {
                now += Duration::from_millis(pause_ms);
                sent += bytes;
                let arrives = wire.arrival(&narrow, now, bytes, 0.5);
                prop_assert!(arrives >= now + Duration::from_millis(20));
                let least_s = sent as f64 / 65_536.0;
                prop_assert!((arrives - begin).as_secs_f64() + 1e-6 >= least_s, "{sent} bytes within {:?}", arrives - begin);
            }
        }
    }
}
