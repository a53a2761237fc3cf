//! The rate over time, its integral (the cumulative rate) and the integral's inverse.

use crate::profile::{Phase, Rate, Span, Stream};

/// A stretch of time in which the rate changes along a straight line.
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
    /// Events due before it.
    before: f64,
}

impl Segment {
    /// Events that are due within it.
    #[must_use]
    pub fn mass(&self) -> f64 {
        0.5 * (self.from_per_s + self.to_per_s) * self.seconds()
    }

    fn seconds(&self) -> f64 {
        self.length_ns as f64 / 1e9
    }

    fn slope_per_s2(&self) -> f64 {
        (self.to_per_s - self.from_per_s) / self.seconds()
    }

    /// Seconds from its start until `mass` events are due: the smaller root of
    /// `mass = from·t + slope·t²/2`, in the form that loses no digits when the slope is small.
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
}

impl RateCurve {
    /// The curve of a stream's phases, cut at `duration`; without phases the base rate all the time, after the last phase silence.
    /// `factor` scales every rate.
    #[must_use]
    pub fn of_stream(stream: &Stream, duration: Span, factor: f64) -> Self {
        let mut curve = RateCurve { segments: Vec::new(), total: 0.0, end_ns: duration.as_nanos() };
        if stream.phases.is_empty() {
            curve.push(duration.as_nanos(), stream.rate.as_per_s() * factor, stream.rate.as_per_s() * factor);
            return curve;
        }
        // Before the first phase the stream is at its base rate: a ramp at the start begins there.
        let mut level = stream.rate.as_per_s() * factor;
        curve.push_phases(&stream.phases, stream.rate, factor, &mut level);
        curve
    }

    fn push_phases(&mut self, phases: &[Phase], base: Rate, factor: f64, level_per_s: &mut f64) {
        for phase in phases {
            for _ in 0..phase.repeat.unwrap_or(1) {
                if self.is_full() {
                    return;
                }
                match phase.lasts {
                    Some(lasts) => self.push_phase(phase, lasts, base, factor, level_per_s),
                    None => self.push_phases(&phase.phases, base, factor, level_per_s),
                }
            }
        }
    }

    fn push_phase(&mut self, phase: &Phase, lasts: Span, base: Rate, factor: f64, level_per_s: &mut f64) {
        let target = phase.rate.map_or(base, |rate| rate.resolve(base)).as_per_s() * factor;
        let ramp_ns = phase.ramp.unwrap_or_default().as_nanos().min(lasts.as_nanos());
        self.push(ramp_ns, *level_per_s, target);
        self.push(lasts.as_nanos() - ramp_ns, target, target);
        *level_per_s = target;
    }

    fn reached_ns(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.start_ns + last.length_ns)
    }

    fn is_full(&self) -> bool {
        self.reached_ns() >= self.end_ns
    }

    /// Adds a stretch behind the others, cut at the curve's end.
    fn push(&mut self, length_ns: u64, from_per_s: f64, to_per_s: f64) {
        let start_ns = self.reached_ns();
        let cut_ns = length_ns.min(self.end_ns.saturating_sub(start_ns));
        if cut_ns == 0 {
            return;
        }
        let to_per_s = from_per_s + (to_per_s - from_per_s) * (cut_ns as f64 / length_ns as f64);
        let segment = Segment { start_ns, length_ns: cut_ns, from_per_s, to_per_s, before: self.total };
        self.total += segment.mass();
        self.segments.push(segment);
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

    /// The straight pieces, in order.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The curve as points of a line: seconds from the start, events per second.
    #[must_use]
    pub fn outline(&self) -> Vec<(f64, f64)> {
        let ends = |segment: &Segment| {
            let start_s = segment.start_ns as f64 / 1e9;
            [(start_s, segment.from_per_s), (start_s + segment.seconds(), segment.to_per_s)]
        };
        self.segments.iter().flat_map(ends).collect()
    }

    /// The rate at a moment, in events per second; 0 outside.
    #[must_use]
    pub fn at(&self, at_ns: u64) -> f64 {
        self.segment_at(at_ns).map_or(0.0, |segment| {
            let share = (at_ns - segment.start_ns) as f64 / segment.length_ns as f64;
            segment.from_per_s + (segment.to_per_s - segment.from_per_s) * share
        })
    }

    /// The highest rate, in events per second.
    #[must_use]
    pub fn peak_per_s(&self) -> f64 {
        self.segments.iter().fold(0.0, |peak, segment| peak.max(segment.from_per_s).max(segment.to_per_s))
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
        segment.before + segment.from_per_s * seconds + 0.5 * segment.slope_per_s2() * seconds * seconds
    }

    /// The inverse of the cumulative rate: when `events` are due, in nanoseconds. `hint` is the piece that was used last; pass the same one again.
    #[must_use]
    pub fn when(&self, events: f64, hint: &mut usize) -> u64 {
        let holds = |segment: &Segment| events >= segment.before && events < segment.before + segment.mass();
        if !self.segments.get(*hint).is_some_and(holds) {
            *hint = self.segments.partition_point(|segment| segment.before + segment.mass() <= events);
        }
        let Some(segment) = self.segments.get(*hint) else { return self.reached_ns() };
        let nanos = (segment.seconds_until(events - segment.before) * 1e9) as u64;
        segment.start_ns + nanos.min(segment.length_ns)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn curve_of(pieces: &[(u64, f64, f64)]) -> RateCurve {
        let end_ns = pieces.iter().map(|piece| piece.0).sum();
        let mut curve = RateCurve { segments: Vec::new(), total: 0.0, end_ns };
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
