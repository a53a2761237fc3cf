//! The rate over time, its integral (the cumulative rate) and the integral's inverse.

use super::parabola::{Parabola, parabola};
use crate::curve::Played;
use crate::profile::{Replay, Smooth, Span, Stream, timeline};

const SECOND_NS: u64 = 1_000_000_000;

/// A stretch of time in which the rate changes along a straight line, or along a parabola between the same ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Segment {
    /// Start, in nanoseconds from the start of the run.
    pub start_ns: u64,
    /// Length in nanoseconds.
    pub length_ns: u64,
    /// The rate at its start, events per second.
    pub from_per_s: f64,
    /// The rate at its end, events per second.
    pub to_per_s: f64,
    /// How far the parabola is above the straight line: four times the distance in the middle. 0 for a straight line.
    pub bend_per_s: f64,
    /// Events that are due within it.
    mass: f64,
    /// Events due before it.
    before: f64,
}

impl Segment {
    /// Events that are due within it.
    #[must_use]
    pub fn mass(&self) -> f64 {
        self.mass
    }

    /// Events due before it, and before the next segment.
    #[must_use]
    pub fn places(&self) -> (f64, f64) {
        (self.before, self.before + self.mass)
    }

    /// The rate over its length, scaled to 1.
    fn parabola(&self) -> Parabola {
        Parabola { from: self.from_per_s, to: self.to_per_s, bend: self.bend_per_s }
    }

    fn is_straight(&self) -> bool {
        self.bend_per_s.abs() <= 0.0
    }

    /// Nanoseconds from its start until `mass` events are due.
    fn nanos_until(&self, mass: f64) -> u64 {
        if self.is_straight() {
            return (self.seconds_until(mass) * 1e9) as u64;
        }
        // By shares of the whole: a bucket's end is rounded to a nanosecond, but its mass is not.
        let shape = self.parabola();
        (shape.inverse(mass / self.mass * shape.integral(1.0)) * self.length_ns as f64) as u64
    }

    fn seconds(&self) -> f64 {
        self.length_ns as f64 / 1e9
    }

    fn slope_per_s2(&self) -> f64 {
        (self.to_per_s - self.from_per_s) / self.seconds()
    }

    /// Seconds from its start until `mass` events are due: the smaller root of `mass = from·t + slope·t²/2`, in the form that loses no
    /// digits when the slope is small.
    fn seconds_until(&self, mass: f64) -> f64 {
        let discriminant = self.from_per_s * self.from_per_s + 2.0 * self.slope_per_s2() * mass;
        let denominator = self.from_per_s + discriminant.max(0.0).sqrt();
        if denominator > 0.0 { 2.0 * mass / denominator } else { 0.0 }
    }
}

/// A stream's rate over time.
#[derive(Debug, Clone, PartialEq)]
pub struct RateCurve {
    segments: Vec<Segment>,
    total: f64,
    end_ns: u64,
    /// Each segment is a bucket, and its events stay within it.
    keeps_buckets: bool,
}

impl RateCurve {
    /// The curve of a stream's phases or of its captured curve, cut at `duration`; with neither, the base rate all the time. Silence
    /// follows the last phase or bucket. `factor` scales every rate.
    #[must_use]
    pub fn of_stream(stream: &Stream, duration: Span, factor: f64) -> Self {
        let mut curve =
            RateCurve { segments: Vec::new(), total: 0.0, end_ns: duration.as_nanos(), keeps_buckets: false };
        if let Some(replay) = &stream.curve {
            if let Some(played) = replay.played() {
                curve.push_buckets(replay, &played);
            }
            return curve;
        }
        if let Some(records) = &stream.records {
            curve.push_seconds(records.due_ns());
            return curve;
        }
        if stream.phases.is_empty() {
            let base_per_s = stream.base_rate().as_per_s() * factor;
            curve.push(duration.as_nanos(), base_per_s, base_per_s);
            return curve;
        }
        for stretch in timeline::stretches(&stream.phases, stream.base_rate()) {
            if curve.is_full() {
                break;
            }
            curve.push(stretch.length_ns, stretch.from_per_s * factor, stretch.to_per_s * factor);
        }
        curve
    }

    fn reached_ns(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.start_ns + last.length_ns)
    }

    fn is_full(&self) -> bool {
        self.reached_ns() >= self.end_ns
    }

    /// Appends a stretch, cut at the curve's end.
    fn push(&mut self, length_ns: u64, from_per_s: f64, to_per_s: f64) {
        let start_ns = self.reached_ns();
        let cut_ns = length_ns.min(self.end_ns.saturating_sub(start_ns));
        if cut_ns == 0 {
            return;
        }
        let to_per_s = from_per_s + (to_per_s - from_per_s) * (cut_ns as f64 / length_ns as f64);
        let mass = 0.5 * (from_per_s + to_per_s) * (cut_ns as f64 / 1e9);
        self.segments.push(Segment {
            start_ns,
            length_ns: cut_ns,
            from_per_s,
            to_per_s,
            bend_per_s: 0.0,
            mass,
            before: self.total,
        });
        self.total += mass;
    }

    /// One segment for each second from the start to the last event, at the rate of the events that are due in it.
    fn push_seconds(&mut self, due_ns: impl Iterator<Item = u64>) {
        let mut counts: Vec<u32> = Vec::new();
        for second in due_ns.take_while(|due_ns| *due_ns < self.end_ns).map(|due_ns| (due_ns / SECOND_NS) as usize) {
            counts.resize(counts.len().max(second + 1), 0);
            counts[second] += 1;
        }
        for count in counts {
            self.push(SECOND_NS, f64::from(count), f64::from(count));
        }
    }

    /// One segment for each bucket, with the bucket's own mass; repeated until the end if the curve loops.
    fn push_buckets(&mut self, replay: &Replay, played: &Played) {
        self.keeps_buckets = true;
        let buckets = played.counts().len();
        for bucket in 0.. {
            if self.is_full() || (bucket >= buckets && !replay.loops) {
                return;
            }
            let (start_ns, next_ns) = (played.edge_ns(bucket), played.edge_ns(bucket + 1));
            if next_ns <= start_ns {
                return; // Shorter than a nanosecond: nothing that a profile is allowed to ask for.
            }
            let shape = match replay.smooth {
                Smooth::Step => Parabola::flat(mean_per_s(played, bucket as i64, replay.loops)),
                Smooth::Parabola => {
                    let mean = |beside: i64| mean_per_s(played, bucket as i64 + beside, replay.loops);
                    parabola(mean(-2), mean(-1), mean(0), mean(1), mean(2))
                }
            };
            self.push_bucket(start_ns, next_ns - start_ns, shape, played.counts()[bucket % buckets]);
        }
    }

    fn push_bucket(&mut self, start_ns: u64, length_ns: u64, whole: Parabola, mass: f64) {
        let cut_ns = length_ns.min(self.end_ns - start_ns);
        let share = cut_ns as f64 / length_ns as f64;
        let shape = if cut_ns < length_ns { whole.before(share) } else { whole };
        let mass = if cut_ns < length_ns { shape.integral(1.0) * (cut_ns as f64 / 1e9) } else { mass };
        let Parabola { from, to, bend } = shape;
        self.segments.push(Segment {
            start_ns,
            length_ns: cut_ns,
            from_per_s: from,
            to_per_s: to,
            bend_per_s: bend,
            mass,
            before: self.total,
        });
        self.total += mass;
    }

    /// Events due over the whole time.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The end of the run, in nanoseconds from its start.
    #[must_use]
    pub fn end_ns(&self) -> u64 {
        self.end_ns
    }

    /// The pieces, in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The curve as points of a line: seconds from the start, events per second. A parabola is drawn with its middle.
    #[must_use]
    pub fn outline(&self) -> Vec<(f64, f64)> {
        let points = |segment: &Segment| {
            let start_s = segment.start_ns as f64 / 1e9;
            let middle =
                (!segment.is_straight()).then(|| (start_s + 0.5 * segment.seconds(), segment.parabola().at(0.5)));
            let ends = [(start_s, segment.from_per_s), (start_s + segment.seconds(), segment.to_per_s)];
            ends[..1].iter().copied().chain(middle).chain(ends[1..].iter().copied()).collect::<Vec<_>>()
        };
        self.segments.iter().flat_map(points).collect()
    }

    /// The highest rate, in events per second.
    #[must_use]
    pub fn peak_per_s(&self) -> f64 {
        self.segments.iter().fold(0.0, |peak, segment| peak.max(segment.from_per_s).max(segment.to_per_s))
    }

    /// The segment that holds a place on the cumulative rate. `hint` is the one that was used last.
    pub(super) fn segment_of(&self, events: f64, hint: usize) -> usize {
        let holds = |segment: &Segment| events >= segment.before && events < segment.before + segment.mass;
        // Usually the same one as before, or the next.
        for near in [hint, hint.saturating_add(1)] {
            if self.segments.get(near).is_some_and(holds) {
                return near;
            }
        }
        self.segments.partition_point(|segment| segment.before + segment.mass <= events)
    }

    /// The first segment that may hold events due at or after a moment: the one that contains it, or the next.
    pub(super) fn segment_from(&self, at_ns: u64) -> usize {
        self.segments.partition_point(|segment| segment.start_ns + segment.length_ns <= at_ns)
    }

    /// When `events` are due, counted from the start of a segment, and always before its end: what falls into a bucket stays in it.
    pub(super) fn when_in(&self, segment: &Segment, events: f64) -> u64 {
        segment.start_ns + segment.nanos_until(events).min(segment.length_ns - 1)
    }

    fn segment_at(&self, at_ns: u64) -> Option<&Segment> {
        let behind = self.segments.partition_point(|segment| segment.start_ns <= at_ns);
        let segment = self.segments.get(behind.checked_sub(1)?)?;
        (at_ns < segment.start_ns + segment.length_ns).then_some(segment)
    }

    /// The cumulative rate: events due before a moment.
    #[must_use]
    pub fn cumulative(&self, at_ns: u64) -> f64 {
        let Some(segment) = self.segment_at(at_ns) else {
            return if at_ns == 0 { 0.0 } else { self.total };
        };
        let seconds = (at_ns - segment.start_ns) as f64 / 1e9;
        if !segment.is_straight() {
            let share = (at_ns - segment.start_ns) as f64 / segment.length_ns as f64;
            let shape = segment.parabola();
            return segment.before + shape.integral(share) / shape.integral(1.0) * segment.mass;
        }
        segment.before + segment.from_per_s * seconds + 0.5 * segment.slope_per_s2() * seconds * seconds
    }

    /// The inverse of the cumulative rate: when `events` are due, in nanoseconds. `hint` is
    /// the segment that was used last; pass the same variable again.
    #[must_use]
    pub fn when(&self, events: f64, hint: &mut usize) -> u64 {
        *hint = self.segment_of(events, *hint);
        let Some(segment) = self.segments.get(*hint) else { return self.reached_ns() };
        if self.keeps_buckets {
            return self.when_in(segment, events - segment.before);
        }
        segment.start_ns + segment.nanos_until(events - segment.before).min(segment.length_ns)
    }
}

/// The mean rate of a bucket, in events per second. Beyond the first and the last bucket the curve wraps around if it loops; otherwise the
/// end bucket's rate continues.
fn mean_per_s(played: &Played, bucket: i64, repeats: bool) -> f64 {
    let last = played.counts().len() as i64 - 1;
    let place = if repeats { bucket.rem_euclid(last + 1) } else { bucket.clamp(0, last) };
    played.counts()[place as usize] / (played.step_ns() / 1e9)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve_of(pieces: &[(u64, f64, f64)]) -> RateCurve {
        let end_ns = pieces.iter().map(|piece| piece.0).sum();
        let mut curve = RateCurve { segments: Vec::new(), total: 0.0, end_ns, keeps_buckets: false };
        for &(length_ns, from, to) in pieces {
            curve.push(length_ns, from, to);
        }
        curve
    }

    proptest! {
        #[test]
        fn when_is_the_inverse_of_cumulative(
            pieces in prop::collection::vec((1_000_000_u64..100_000_000_000, 0.0..300_000.0, 0.0..300_000.0), 1..8),
            share in 0.0..1.0_f64,
        ) {
            let curve = curve_of(&pieces);
            prop_assume!(curve.total() > 1.0);
            let events = curve.total() * share;
            let at_ns = curve.when(events, &mut 0);
            // A nanosecond holds at most rate/1e9 events; the inverse truncates to a whole one.
            let slack = 2e-9 * curve.peak_per_s() + 1e-9 * curve.total();
            prop_assert!((curve.cumulative(at_ns) - events).abs() <= slack, "{} against {events}", curve.cumulative(at_ns));
        }

        #[test]
        fn a_hint_never_changes_the_answer(
            pieces in prop::collection::vec((1_000_000_u64..10_000_000_000, 0.0..3_000.0, 0.0..3_000.0), 1..8),
            share in 0.0..1.0_f64,
            hint in 0_usize..10,
        ) {
            let curve = curve_of(&pieces);
            let events = curve.total() * share;
            let mut used = hint;
            prop_assert_eq!(curve.when(events, &mut 0), curve.when(events, &mut used));
        }
    }

    #[test]
    fn a_day_at_a_hundred_thousand_per_second_drifts_by_nothing() {
        let day_ns = 86_400_000_000_000;
        let curve = curve_of(&[(day_ns, 100_000.0, 100_000.0)]);
        let last = 8_640_000_000_f64 - 0.5;
        assert_eq!(curve.when(last, &mut 0), day_ns - 5_000);
    }
}
