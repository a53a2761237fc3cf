//! The safety ceiling: never send faster than this, even if the schedule asks for more.

use std::num::NonZeroU32;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

use crate::profile::Rate;

/// A limit on events per second, shared by all workers of a process. Its burst is 10 ms
/// worth of events, not the limiter's default of one second's.
pub struct Ceiling {
    limiter: DefaultDirectRateLimiter,
}

impl Ceiling {
    /// A ceiling of `rate`, at least 1 and at most 2^32 - 1 events per second.
    #[must_use]
    pub fn new(rate: Rate) -> Self {
        let per_s = NonZeroU32::new(rate.as_per_s() as u32).unwrap_or(NonZeroU32::MIN);
        let burst = NonZeroU32::new(per_s.get() / 100).unwrap_or(NonZeroU32::MIN);
        Ceiling { limiter: RateLimiter::direct(Quota::per_second(per_s).allow_burst(burst)) }
    }

    /// Whether one more event may be sent now.
    #[must_use]
    pub fn allows(&self) -> bool {
        self.limiter.check().is_ok()
    }
}
