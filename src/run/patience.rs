//! How long the watcher waits for threads that sit in the client. A rule: clocks and threads are elsewhere.

use std::time::Duration;

/// After a second signal, threads that listen end within this; whoever has not is inside a call that does not return.
const AFTER_THE_SECOND: Duration = Duration::from_millis(600);
/// What a client may take beyond the drain to come back from its last call: commits and their aborts, each bounded by a minute.
const FOR_LAST_CALLS: Duration = Duration::from_secs(150);

/// When somebody asked to stop, in nanoseconds on the run's clock.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Asked {
    pub(super) once_ns: Option<u64>,
    pub(super) twice_ns: Option<u64>,
}

/// Whether to wait on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    On,
    /// A second signal said not to.
    CutShort,
    /// Longer than anything takes that comes back at all.
    Stuck,
}

impl Asked {
    /// Whether to wait on at `now_ns` for what ends by itself at `end_ns`, or when asked to, and may take `drain` after that.
    pub(super) fn wait(&self, now_ns: u64, end_ns: u64, drain: Duration) -> Wait {
        let after = |since_ns: u64, time: Duration| now_ns.saturating_sub(since_ns) > time.as_nanos() as u64;
        if self.twice_ns.is_some_and(|twice_ns| after(twice_ns, AFTER_THE_SECOND)) {
            return Wait::CutShort;
        }
        let end_ns = self.once_ns.map_or(end_ns, |once_ns| once_ns.min(end_ns));
        if after(end_ns, drain.saturating_mul(2).saturating_add(FOR_LAST_CALLS)) { Wait::Stuck } else { Wait::On }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND_NS: u64 = 1_000_000_000;
    const DRAIN: Duration = Duration::from_secs(10);

    #[test]
    fn a_second_signal_is_waited_for_less_than_a_second() {
        let asked = Asked { once_ns: Some(5 * SECOND_NS), twice_ns: Some(6 * SECOND_NS) };
        assert_eq!(asked.wait(6 * SECOND_NS + 500_000_000, u64::MAX, DRAIN), Wait::On);
        assert_eq!(asked.wait(7 * SECOND_NS, u64::MAX, DRAIN), Wait::CutShort);
    }

    #[test]
    fn a_thread_that_never_comes_back_is_given_up_with_and_without_a_signal() {
        let nobody = Asked::default();
        assert_eq!(nobody.wait(60 * SECOND_NS + 100 * SECOND_NS, 60 * SECOND_NS, DRAIN), Wait::On);
        assert_eq!(nobody.wait(60 * SECOND_NS + 171 * SECOND_NS, 60 * SECOND_NS, DRAIN), Wait::Stuck);
        let once = Asked { once_ns: Some(SECOND_NS), twice_ns: None };
        assert_eq!(once.wait(172 * SECOND_NS, 3600 * SECOND_NS, DRAIN), Wait::Stuck);
        assert_eq!(nobody.wait(172 * SECOND_NS, 3600 * SECOND_NS, DRAIN), Wait::On);
        assert_eq!(nobody.wait(u64::MAX, u64::MAX, Duration::MAX), Wait::On, "no end is never over");
    }
}
