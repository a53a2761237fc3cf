//! How often a run says how it goes.

use super::flags::WatchFlags;
use crate::profile::units::Span;
use crate::report::terminal::Look;

/// How often, in seconds, where nobody said and nobody watches: a log that is read later needs no line a second.
const USUAL_S: u64 = 10;

/// In which seconds a run says how it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cadence {
    /// Once in this many seconds.
    Every(u64),
    /// In none.
    Never,
}

impl Cadence {
    /// A terminal shows every second; elsewhere each is a line.
    pub(super) fn of(flags: &WatchFlags, look: Look) -> Self {
        match (flags.quiet, look.terminal, flags.progress) {
            (true, ..) => Cadence::Never,
            (false, true, _) => Cadence::Every(1),
            (false, false, None) => Cadence::Every(USUAL_S),
            (false, false, Some(every)) => Cadence::Every(whole_seconds(every)),
        }
    }

    /// Whether this second is shown, counted from 0.
    pub(super) fn shows(self, second: u64) -> bool {
        match self {
            Cadence::Every(seconds) => (second + 1).is_multiple_of(seconds),
            Cadence::Never => false,
        }
    }
}

/// Figures come by the second: a shorter span means every one of them.
fn whole_seconds(span: Span) -> u64 {
    span.as_nanos().div_ceil(1_000_000_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(flags: &WatchFlags, look: Look) -> Vec<u64> {
        let cadence = Cadence::of(flags, look);
        (0..25).filter(|second| cadence.shows(*second)).collect()
    }

    #[test]
    fn a_log_has_a_line_every_ten_seconds_and_a_terminal_every_second() {
        let terminal = Look { terminal: true, ..Look::PLAIN };
        let every = |text: &str| WatchFlags { progress: Some(text.parse().unwrap()), ..WatchFlags::default() };
        let all: Vec<u64> = (0..25).collect();
        assert_eq!(shown(&WatchFlags::default(), Look::PLAIN), [9, 19]);
        assert_eq!(shown(&WatchFlags::default(), terminal), all);
        assert_eq!(shown(&every("1s"), Look::PLAIN), all);
        assert_eq!(shown(&every("100ms"), Look::PLAIN), all);
        assert_eq!(shown(&every("6500ms"), Look::PLAIN), [6, 13, 20]);
        assert_eq!(shown(&every("1m"), terminal), all, "a terminal is drawn over");
        let quiet = WatchFlags { quiet: true, ..WatchFlags::default() };
        assert!(shown(&quiet, Look::PLAIN).is_empty() && shown(&quiet, terminal).is_empty());
    }
}
