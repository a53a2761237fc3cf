//! A stage's seconds, as they are looked at.

use std::ops::Range;

use super::{Incident, IncidentKind};

/// The widths in which a stage may be looked at, in seconds.
const WIDTHS_S: [usize; 7] = [1, 2, 5, 10, 15, 30, 60];

/// What happened at one stage within one second, or within a few when the stage delivers in batches.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Second {
    /// Sends that were due.
    pub offered: u64,
    /// Sends that were handed to the client.
    pub sent: u64,
    /// Sends that were acknowledged.
    pub acked: u64,
    /// Sends given up on or dropped.
    pub given_up: u64,
    /// Events delivered; further copies included where the profile asks for them.
    pub delivered: u64,
    /// Handed to the client and neither acknowledged nor given up on, at the end.
    pub outstanding: u64,
    /// The end-to-end median, in milliseconds, where something was measured.
    pub p50_ms: Option<f64>,
    /// The end-to-end p99, in milliseconds, where something was measured.
    pub p99_ms: Option<f64>,
}

impl Second {
    fn add(&mut self, later: &Second) {
        self.offered = self.offered.saturating_add(later.offered);
        self.sent = self.sent.saturating_add(later.sent);
        self.acked = self.acked.saturating_add(later.acked);
        self.given_up = self.given_up.saturating_add(later.given_up);
        self.delivered = self.delivered.saturating_add(later.delivered);
        self.outstanding = later.outstanding;
        self.p50_ms = [self.p50_ms, later.p50_ms].into_iter().flatten().reduce(f64::max);
        self.p99_ms = [self.p99_ms, later.p99_ms].into_iter().flatten().reduce(f64::max);
    }
}

/// All seconds of one stage of a stream.
#[derive(Debug)]
pub(crate) struct Seconds {
    stream: String,
    stage: Option<String>,
    width_s: usize,
    seconds: Vec<Second>,
    /// Due and not delivered at the end of each; lost events stay in it.
    backlog: Vec<u64>,
}

impl Seconds {
    /// The seconds of a run, in their order. A stage that delivers in batches is looked at over several seconds at a time: the least with which
    /// most of them deliver.
    #[must_use]
    pub(crate) fn new(stream: &str, stage: Option<&str>, seconds: &[Second]) -> Self {
        let of_width = |width_s: &usize| (*width_s, put_together(seconds, *width_s));
        let delivers = |(_, seconds): &(usize, Vec<Second>)| {
            let due = || seconds.iter().filter(|second| second.offered > 0);
            due().filter(|second| second.delivered > 0).count() * 2 >= due().count()
        };
        let (width_s, seconds) = WIDTHS_S.iter().map(of_width).find(delivers).unwrap_or_else(|| (1, seconds.to_vec()));
        let backlog = backlog(&seconds);
        Seconds { stream: stream.to_owned(), stage: stage.map(str::to_owned), width_s, seconds, backlog }
    }

    pub(super) fn len(&self) -> usize {
        self.seconds.len()
    }

    pub(super) fn width_s(&self) -> usize {
        self.width_s
    }

    pub(super) fn at(&self, at: usize) -> &Second {
        &self.seconds[at]
    }

    pub(super) fn of(&self, lasts: &Range<usize>) -> impl Iterator<Item = &Second> {
        self.seconds[lasts.clone()].iter()
    }

    /// Due and not delivered at the end of a second.
    pub(super) fn backlog(&self, at: usize) -> u64 {
        self.backlog[at]
    }

    /// The age in milliseconds of an event that is delivered in a second while `waiting` later ones still wait: the time in which those fell due.
    pub(super) fn age_in_turn_ms(&self, at: usize, waiting: u64) -> f64 {
        let mut left = waiting as f64;
        let mut seconds = 0.0;
        for second in self.seconds[..=at].iter().rev() {
            if left <= 0.0 {
                break;
            }
            let offered = second.offered.max(1) as f64;
            seconds += (left / offered).min(1.0);
            left -= offered;
        }
        seconds * self.width_s as f64 * 1e3
    }

    /// Whether less was delivered than offered, by more than a tenth.
    pub(super) fn is_short(&self, at: usize) -> bool {
        let second = self.at(at);
        second.delivered.saturating_add(second.given_up) < second.offered - second.offered / 10
    }

    /// The worst p99 of single seconds, in milliseconds.
    pub(super) fn worst_p99_ms(&self, lasts: Range<usize>) -> Option<f64> {
        self.of(&lasts).filter_map(|second| second.p99_ms).reduce(f64::max)
    }

    /// Where a stretch ends, or the end of sending, if that comes first.
    pub(super) fn end_of(&self, lasts: &Range<usize>) -> usize {
        let sent = self.seconds.iter().rposition(|second| second.offered > 0).map_or(0, |last| last + 1);
        if lasts.end < self.len() {
            lasts.end.saturating_sub(1).max(lasts.start + 1)
        } else {
            sent.max(lasts.start + 1)
        }
    }

    pub(super) fn incident(&self, kind: IncidentKind, lasts: &Range<usize>, figure: f64) -> Incident {
        let seconds = |place: usize| (place * self.width_s) as u64;
        let to_s = (lasts.end < self.len()).then(|| seconds(lasts.end));
        Incident::new(kind, (&self.stream, self.stage.as_deref()), (seconds(lasts.start), to_s), figure)
    }
}

fn put_together(seconds: &[Second], width_s: usize) -> Vec<Second> {
    let one = |chunk: &[Second]| {
        chunk.iter().fold(Second::default(), |mut sum, second| {
            sum.add(second);
            sum
        })
    };
    seconds.chunks(width_s).map(one).collect()
}

/// What is due and not delivered, at the end of each second. What is delivered before the second in which it counts as due is not forgotten: a
/// second that ends late has deliveries of the next one in it, and a sum that was cut off at 0 would miss them at the end.
#[must_use]
pub(crate) fn backlog(seconds: &[Second]) -> Vec<u64> {
    let waiting = |left: &mut i128, second: &Second| {
        *left += i128::from(second.offered) - i128::from(second.delivered) - i128::from(second.given_up);
        Some(u64::try_from(*left).unwrap_or(if *left < 0 { 0 } else { u64::MAX }))
    };
    seconds.iter().scan(0, waiting).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_delivered_in_a_second_that_ends_late_leaves_no_backlog() {
        let second = |offered, delivered| Second { offered, delivered, ..Second::default() };
        let mut seconds: Vec<Second> = (0..40).map(|at| second(300, if at % 2 == 0 { 305 } else { 295 })).collect();
        seconds.push(second(0, 0));
        assert_eq!(backlog(&seconds).last(), Some(&0));
        assert_eq!(backlog(&[second(300, 310), second(300, 200)]), [0, 90]);
        assert_eq!(backlog(&[second(u64::MAX, 0), second(u64::MAX, 0)]), [u64::MAX, u64::MAX]);
    }
}
