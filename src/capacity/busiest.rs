//! The busiest stretch of a profile, which short trials play: what holds there holds in the calm before and after it.

use crate::load::rate::RateCurve;
use crate::profile::timeline::{Stretch, stretches};
use crate::profile::{Profile, Replay, Span, Stream, WindowEdge};

/// When the stretch of `length_ns` begins in which the most events are due, over all streams, in nanoseconds from the start: the earliest of
/// equals. Where no rate ever changes, the first one is as good as any other.
#[must_use]
pub(super) fn busiest_ns(profile: &Profile, length_ns: u64) -> u64 {
    let changing = || profile.streams.iter().filter(|stream| !stream.phases.is_empty() || stream.curve.is_some());
    let longest_ns = changing().map(once_through_ns).max().unwrap_or_default();
    let rates: Vec<RateCurve> =
        changing().map(|stream| RateCurve::of_stream(stream, Span::from_nanos(longest_ns), 1.0)).collect();
    let events = |from_ns: u64| -> f64 {
        let until_ns = from_ns.saturating_add(length_ns);
        rates.iter().map(|rate| rate.cumulative(until_ns) - rate.cumulative(from_ns)).sum()
    };
    let edges = rates.iter().flat_map(|rate| rate.segments()).map(|segment| segment.start_ns).chain([longest_ns]);
    let starts = edges.flat_map(|edge_ns| [edge_ns, edge_ns.saturating_sub(length_ns)]);
    // More by a rounding error only is not more.
    let better = |best: (u64, f64), from_ns: u64| {
        let found = events(from_ns);
        let (more, same) = (found > best.1 * (1.0 + 1e-9), found > best.1 * (1.0 - 1e-9));
        if more || same && from_ns < best.0 { (from_ns, found) } else { best }
    };
    starts.fold((u64::MAX, 0.0), better).0.min(longest_ns)
}

/// Events per second over all streams in that stretch.
#[must_use]
pub(super) fn busiest_per_s(profile: &Profile, length_ns: u64) -> f64 {
    let from_ns = busiest_ns(profile, length_ns);
    let until_ns = from_ns.saturating_add(length_ns);
    let events = |stream: &Stream| {
        let rate = RateCurve::of_stream(stream, Span::from_nanos(until_ns), 1.0);
        rate.cumulative(until_ns) - rate.cumulative(from_ns)
    };
    profile.streams.iter().map(events).sum::<f64>() / (length_ns as f64 / 1e9)
}

/// How long the phases of a stream take, or its curve once.
fn once_through_ns(stream: &Stream) -> u64 {
    let curve_ns = stream.curve.as_ref().and_then(Replay::played).map_or(0, |played| played.length_ns());
    u64::try_from(stream.phases_length()).unwrap_or(u64::MAX).max(curve_ns)
}

/// A stream's phases between two moments. The rates are multiples of the stream's base rate.
#[must_use]
pub(super) fn cut(stream: &Stream, from_ns: u64, until_ns: u64) -> Vec<Stretch> {
    let mut pieces = Vec::new();
    let mut begins_ns = 0_u64;
    for of in laid_out(stream) {
        let ends_ns = begins_ns.saturating_add(of.length_ns);
        let (low_ns, high_ns) = (from_ns.max(begins_ns), until_ns.min(ends_ns));
        if low_ns < high_ns {
            let rate = |at_ns: u64| {
                let share = (at_ns - begins_ns) as f64 / of.length_ns as f64;
                of.from_per_s + (of.to_per_s - of.from_per_s) * share
            };
            pieces.push(Stretch { length_ns: high_ns - low_ns, from_per_s: rate(low_ns), to_per_s: rate(high_ns) });
        }
        begins_ns = ends_ns;
    }
    pieces
}

/// A stream's stretches with rates as multiples of its base rate; those without length are left out.
fn laid_out(stream: &Stream) -> impl Iterator<Item = Stretch> {
    let base = stream.base_rate();
    let relative = move |of: Stretch| Stretch {
        from_per_s: of.from_per_s / base.as_per_s(),
        to_per_s: of.to_per_s / base.as_per_s(),
        ..of
    };
    stretches(&stream.phases, base).filter(|of| of.length_ns > 0).map(relative)
}

/// The mean multiple of the base rate in some pieces; 0 without any.
#[must_use]
pub(super) fn mean(pieces: &[Stretch]) -> f64 {
    let length_ns: u64 = pieces.iter().map(|of| of.length_ns).sum();
    let mass: f64 = pieces.iter().map(|of| (of.from_per_s + of.to_per_s) / 2.0 * of.length_ns as f64).sum();
    if length_ns > 0 { mass / length_ns as f64 } else { 0.0 }
}

/// A replay of the buckets from a moment on, for so long, at the height that they have in the whole; none where the curve is not known.
#[must_use]
pub(super) fn window(replay: &Replay, from_ns: u64, length_ns: u64) -> Option<Replay> {
    let (played, buckets, step_ms) = (replay.played()?, replay.buckets().ok()?, replay.captured()?.step_ms());
    let count = played.counts().len();
    let first = (0..count).rfind(|bucket| played.edge_ns(*bucket) <= from_ns).unwrap_or_default();
    let end_ns = played.edge_ns(first).saturating_add(length_ns);
    let last = (first + 1..count).find(|bucket| played.edge_ns(*bucket) >= end_ns).unwrap_or(count);
    let offset = |bucket: usize| {
        let ms = step_ms.saturating_mul(u64::try_from(buckets.start + bucket).unwrap_or(u64::MAX));
        WindowEdge::Offset(Span::from_nanos(ms.saturating_mul(1_000_000)))
    };
    let mut part = replay.clone();
    (part.window, part.scale) = (vec![offset(first), offset(last)], Some(played.scale()));
    (part.target_peak, part.target_mean) = (None, None);
    Some(part)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::curve::Curve;

    fn profile(streams: &str) -> Profile {
        Profile::from_text(streams, "busiest.toml").unwrap().profile
    }

    const S: u64 = 1_000_000_000;

    #[test]
    fn short_trials_play_the_burst() {
        let of = profile(
            "[[stream]]\nname = \"orders\"\nrate = \"100/s\"\n\
             phases = [{ for = \"20s\" }, { for = \"20s\", rate = \"3x\" }, { for = \"60s\" }]\n\
             [[stream]]\nname = \"steady\"\nrate = \"10/s\"",
        );
        let from = busiest_ns(&of, 12 * S);
        assert_eq!(from, 20 * S);
        let pieces = cut(&of.streams[0], from, from + 12 * S);
        assert_eq!(pieces, [Stretch { length_ns: 12 * S, from_per_s: 3.0, to_per_s: 3.0 }]);
        let from = busiest_ns(&of, 30 * S);
        assert_eq!(from, 10 * S);
        let lengths: Vec<u64> = cut(&of.streams[0], from, from + 30 * S).iter().map(|of| of.length_ns / S).collect();
        assert_eq!(lengths, [10, 20]);
        assert_eq!(busiest_ns(&profile("duration = \"9s\"\n[[stream]]\nname = \"steady\"\nrate = \"10/s\""), S), 0);
    }

    #[test]
    fn a_cut_through_a_ramp_keeps_its_slope() {
        let of = profile(
            "[[stream]]\nname = \"orders\"\nrate = \"100/s\"\nphases = [{ for = \"40s\", rate = \"5x\", ramp = \"40s\" }]",
        );
        let from = busiest_ns(&of, 10 * S);
        let pieces = cut(&of.streams[0], from, from + 10 * S);
        assert_eq!(pieces, [Stretch { length_ns: 10 * S, from_per_s: 4.0, to_per_s: 5.0 }]);
        assert!((mean(&pieces) - 4.5).abs() < 1e-9);
    }

    #[test]
    fn the_busiest_buckets_are_played_at_the_height_that_they_have_in_the_whole() {
        let text = "file = \"a.csv\"\nspeed = 2.0\ntarget_mean = \"50/s\"\n";
        let mut replay: Replay = toml::from_str(text).unwrap();
        replay.set_captured(Curve::new(None, 10_000, vec![10.0, 20.0, 90.0, 80.0, 0.0]).unwrap());
        let whole = replay.played().unwrap();
        // Played twice as fast, a bucket takes 5 s: the third begins after 10 s, and 7 s of it need the fourth.
        let busy = window(&replay, 10 * S, 7 * S).unwrap();
        assert_eq!(busy.buckets().unwrap(), 2..4);
        assert_eq!(busy.played().unwrap().counts(), &whole.counts()[2..4]);
    }
}
