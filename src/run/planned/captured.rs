//! What a plan says of a captured curve: what was captured, and how it is played.

use std::sync::Arc;

use serde::Serialize;

use crate::curve::Played;
use crate::load::StreamSchedule;
use crate::profile::Replay;

/// A captured curve beside its plan.
#[derive(Debug, Serialize)]
pub(crate) struct CapturedCurve {
    /// The curve file.
    pub file: String,
    /// That of its counts.
    pub fingerprint: String,
    /// Buckets that are played, in captured time.
    pub buckets: usize,
    /// How long a bucket is in captured time, in seconds.
    pub step_s: f64,
    /// What those buckets hold.
    pub events: f64,
    /// The captured rate on average.
    pub mean_per_s: f64,
    /// That of the fullest bucket.
    pub peak_per_s: f64,
    /// How many times as fast it is played.
    pub speed: f64,
    /// How many times as high.
    pub scale: f64,
    /// Events that `clip` cuts off, each time that the curve is played.
    pub clipped: f64,
    /// Most events in one second of the run; absent when there are too many to look at each.
    pub fullest_second: Option<u64>,
    /// The captured buckets brought to the run's speed and scale, uncut: seconds from the start, events per second.
    #[serde(skip)]
    pub line: Vec<(f64, f64)>,
}

impl CapturedCurve {
    /// None where the stream replays nothing. `share` is the shard's part of the stream.
    pub(super) fn of(replay: &Replay, share: f64, end_s: f64) -> Option<Self> {
        let (curve, played) = (replay.captured()?, replay.played()?);
        let buckets = played.counts().len();
        let captured_step_s = played.captured_step_ns() / 1e9;
        let counts = curve.counts().get(replay.buckets().ok()?)?;
        let events: f64 = counts.iter().sum();
        let line = line_of(replay, &played, counts, share, end_s);
        Some(CapturedCurve {
            file: replay.file.clone(),
            fingerprint: curve.fingerprint(),
            buckets,
            step_s: captured_step_s,
            events,
            mean_per_s: events / (captured_step_s * buckets as f64),
            peak_per_s: counts.iter().copied().fold(0.0, f64::max) / captured_step_s,
            speed: replay.speed(),
            scale: played.scale(),
            clipped: played.clipped(),
            fullest_second: None,
            line,
        })
    }
}

/// The captured buckets as the run plays them, up to its end: `share` of them, seconds from the start, events per second.
fn line_of(replay: &Replay, played: &Played, counts: &[f64], share: f64, end_s: f64) -> Vec<(f64, f64)> {
    let (buckets, step_s) = (played.counts().len(), played.step_ns() / 1e9);
    let rounds = if replay.loops { usize::MAX } else { buckets };
    (0..rounds)
        .take_while(|bucket| *bucket as f64 * step_s < end_s)
        .flat_map(|bucket| {
            let per_s = counts[bucket % buckets] * played.scale() * share / step_s;
            let (from_s, to_s) = (bucket as f64 * step_s, (bucket + 1) as f64 * step_s);
            [(from_s, per_s), (to_s.min(end_s), per_s)]
        })
        .collect()
}

/// The most events of these producers that are due in one second.
pub(super) fn fullest_second(schedule: &Arc<StreamSchedule>, producers: impl Iterator<Item = u16>) -> u64 {
    let seconds = schedule.curve().end_ns() / 1_000_000_000 + 1;
    let mut counts = vec![0_u64; usize::try_from(seconds).unwrap_or(0)];
    for send in producers.flat_map(|producer| schedule.sends(producer, 0)).filter(|send| send.attempt == 0) {
        if let Some(count) = counts.get_mut((send.due_ns / 1_000_000_000) as usize) {
            *count += 1;
        }
    }
    counts.into_iter().max().unwrap_or(0)
}

/// Fewer points of a long line: of each stretch the lowest and the highest, in their order.
pub(super) fn thinned(points: Vec<(f64, f64)>) -> Vec<(f64, f64)> {
    const MOST: usize = 4000;
    if points.len() <= MOST {
        return points;
    }
    let (first, last) = (points.first().copied(), points.last().copied());
    let stretch = points.len().div_ceil(MOST / 2);
    let extremes = |points: &[(f64, f64)]| {
        let by_rate = |one: &&(f64, f64), other: &&(f64, f64)| one.1.total_cmp(&other.1);
        let (low, high) = (points.iter().min_by(by_rate).copied(), points.iter().max_by(by_rate).copied());
        let mut pair: Vec<(f64, f64)> = low.into_iter().chain(high).collect();
        pair.sort_by(|one, other| one.0.total_cmp(&other.0));
        pair
    };
    first.into_iter().chain(points.chunks(stretch).flat_map(extremes)).chain(last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thinned_line_keeps_its_order_its_ends_and_its_peaks() {
        let mut points: Vec<(f64, f64)> = (0..100_000).map(|at| (f64::from(at), 5.0)).collect();
        points[77_777].1 = 9.0;
        let thin = thinned(points.clone());
        assert!(thin.len() <= 4002 && thin.is_sorted_by(|one, other| one.0 <= other.0));
        assert!(thin.contains(&points[77_777]) && thin.last() == points.last());
        assert_eq!(thin[0], points[0]);
        assert_eq!(thinned(points[..10].to_vec()), points[..10]);
    }
}
