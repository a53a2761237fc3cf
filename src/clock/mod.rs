//! One clock per process: monotonic, anchored once to wall time, so that a step of the wall clock distorts nothing.

pub(crate) mod kernel;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// CPU time that this process has used so far, in all its threads, in nanoseconds; absent if the system does not report it.
#[must_use]
pub fn cpu_ns() -> Option<u64> {
    let used = cpu_time::ProcessTime::try_now().ok()?.as_duration();
    u64::try_from(used.as_nanos()).ok()
}

/// Reads time in nanoseconds since 1970 that never jumps and never runs backwards.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    anchor: Instant,
    anchor_unix_ns: u64,
}

impl Clock {
    /// Anchors a clock to the current wall time. A process makes one, and copies it.
    #[must_use]
    pub fn anchored_now() -> Self {
        let anchor = Instant::now();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
        Clock { anchor, anchor_unix_ns: since_1970.as_nanos() as u64 }
    }

    /// Nanoseconds since 1970 by this clock.
    #[must_use]
    pub fn now_ns(&self) -> u64 {
        self.anchor_unix_ns + self.anchor.elapsed().as_nanos() as u64
    }

    /// How far the wall clock has moved away from this clock since it was anchored, in nanoseconds: a step or a slew of the wall clock.
    #[must_use]
    pub fn wall_minus_clock_ns(&self) -> i64 {
        let wall_ns = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_nanos() as i128;
        (wall_ns - i128::from(self.now_ns())) as i64
    }
}
