//! When a stage's backlog was more than it is in calm seconds.

use std::ops::Range;

use super::seconds::Seconds;

/// Fewer events than this are no backlog at any rate.
const FEW_EVENTS: u64 = 10;
/// For how many seconds a backlog that does not fall must not rise either, to count as lost and not as waiting.
const SETTLED: usize = 5;
/// For how many seconds in a row a smaller backlog must be there, to count.
const LASTING: usize = 3;
/// How many calm seconds say what is usual.
const CALM: usize = 10;

/// From when a backlog rose to when it was gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Swell {
    /// When it was there.
    pub lasts: Range<usize>,
    /// When it was highest: the last such second.
    pub peak: usize,
    /// The most events that waited.
    pub most: u64,
    /// The calm seconds before it.
    pub calm_before: Range<usize>,
}

/// All of them, in order.
pub(super) fn swells(seconds: &Seconds) -> Vec<Swell> {
    let mut swells = Vec::new();
    // Before its first delivery, a stage that takes its time is filled.
    let first = (0..seconds.len()).find(|at| seconds.at(*at).delivered > 0).unwrap_or(0);
    let mut calm = Calm { from: first, level: if first == 0 { 0 } else { seconds.backlog(first) } };
    let mut at = first;
    while at < seconds.len() {
        if calm.ends_by(seconds, at) {
            let start = calm.end(seconds, at);
            let end = (at..seconds.len()).find(|at| is_over(seconds, *at, calm.level)).unwrap_or(seconds.len());
            if end > at {
                swells.push(swell(seconds, start..end, calm.from.min(start)..start));
            }
            // In the second in which a backlog ends, events are delivered that waited behind it: the next one is calm again.
            calm = Calm { from: end + 1, level: seconds.backlog(end.min(seconds.len() - 1)) };
            at = end.max(at + 1);
        } else {
            if !seconds.is_short(at) {
                calm.level = calm.usual(seconds, at);
            }
            at += 1;
        }
    }
    swells
}

fn swell(seconds: &Seconds, lasts: Range<usize>, calm_before: Range<usize>) -> Swell {
    let peak = lasts.clone().max_by_key(|at| seconds.backlog(*at)).unwrap_or(lasts.start);
    let most = seconds.backlog(peak);
    Swell {
        lasts,
        peak,
        most,
        calm_before: calm_before.start.max(calm_before.end.saturating_sub(CALM))..calm_before.end,
    }
}

/// The events that are offered in `of_a_second` seconds at the rate around `at`, and never fewer than a few.
fn about(seconds: &Seconds, at: usize, of_a_second: f64) -> u64 {
    let offered = seconds.at(at).offered.max(seconds.at(at.saturating_sub(1)).offered);
    FEW_EVENTS.max((offered as f64 * of_a_second) as u64)
}

/// What is usual before a backlog rises.
struct Calm {
    from: usize,
    level: u64,
}

impl Calm {
    /// The least backlog of the last calm seconds. It follows what is lost little by little.
    fn usual(&self, seconds: &Seconds, at: usize) -> u64 {
        let last = self.from.max((at + 1).saturating_sub(SETTLED))..at + 1;
        last.map(|at| seconds.backlog(at)).min().unwrap_or(self.level)
    }

    /// Whether a backlog is there at `at`. The figures of a second that come in late move one second's events, and are no backlog: it takes
    /// the events of one and a quarter seconds, or those of half a second for three seconds in a row, when they also take longer than usual.
    fn ends_by(&self, seconds: &Seconds, at: usize) -> bool {
        let is_above = |at: usize, of_a_second: f64| {
            seconds.backlog(at) > self.level.saturating_add(about(seconds, at, of_a_second))
        };
        if is_above(at, 1.25) {
            return true;
        }
        let last = at.saturating_sub(LASTING - 1)..at + 1;
        let lasts = last.start >= self.from && last.len() == LASTING && last.clone().all(|at| is_above(at, 0.5));
        lasts && self.is_slower(seconds, last)
    }

    /// Whether each of these seconds was slower than twice the worst calm one before. A stage that always takes its time has more under way
    /// at a higher rate, and is no slower.
    fn is_slower(&self, seconds: &Seconds, during: Range<usize>) -> bool {
        let start = self.end(seconds, during.end - 1).min(during.start);
        let usual_ms = seconds.worst_p99_ms(self.from.min(start)..start);
        let is_slower = |at: usize| {
            let p99_ms = seconds.at(at).p99_ms;
            p99_ms.zip(usual_ms).is_some_and(|(p99_ms, usual_ms)| p99_ms > 2.0 * usual_ms)
        };
        during.into_iter().all(is_slower)
    }

    /// The first second of the rise that has come to more than is usual at `at`.
    fn end(&self, seconds: &Seconds, at: usize) -> usize {
        let is_more = |at: &usize| seconds.backlog(*at) > self.level.saturating_add(about(seconds, *at, 0.1));
        (self.from..at).rev().take_while(is_more).last().unwrap_or(at)
    }
}

/// A backlog is over when it is down to its usual level. Lost events would keep it up for ever, so it is also over when it no longer rises
/// and the events that arrive are less than half as old as they would be behind the whole backlog.
fn is_over(seconds: &Seconds, at: usize, level: u64) -> bool {
    let over = seconds.backlog(at).saturating_sub(level);
    if over <= about(seconds, at, 0.1) {
        return true;
    }
    let settled = at..seconds.len().min(at + SETTLED);
    let most = settled.clone().map(|at| seconds.backlog(at)).max().unwrap_or(0);
    let rises = most > seconds.backlog(at).saturating_add(about(seconds, at, 0.1));
    let is_young = |at: usize| {
        let age_ms = seconds.age_in_turn_ms(at, seconds.backlog(at).saturating_sub(level));
        seconds.at(at).p99_ms.is_some_and(|p99_ms| p99_ms < age_ms / 2.0)
    };
    settled.len() == SETTLED && !rises && settled.into_iter().all(is_young)
}
