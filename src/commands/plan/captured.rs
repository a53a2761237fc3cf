//! What a plan says of a captured curve: what was captured, and how it is played.

use std::sync::Arc;

use serde::Serialize;

use crate::load::StreamSchedule;
use crate::profile::Replay;
use crate::report::figures;

/// A captured curve beside its plan.
#[derive(Debug, Serialize)]
pub(super) struct Captured {
    file: String,
    fingerprint: String,
    /// Buckets that are played, in captured time.
    buckets: usize,
    step_s: f64,
    events: f64,
    mean_per_s: f64,
    peak_per_s: f64,
    speed: f64,
    scale: f64,
    /// Events that `clip` cuts off, each time that the curve is played.
    clipped: f64,
    /// Most events in one second of the run; absent when there are too many to look at each.
    pub(super) fullest_second: Option<u64>,
    /// The captured buckets brought to the run's speed and scale, uncut: seconds from the start, events per second.
    #[serde(skip)]
    pub(super) line: Vec<(f64, f64)>,
}

impl Captured {
    /// None where the stream replays nothing. `share` is the shard's part of the stream.
    pub(super) fn of(replay: &Replay, share: f64, end_s: f64) -> Option<Self> {
        let (curve, played) = (replay.captured()?, replay.played()?);
        let buckets = played.counts().len();
        let captured_step_s = played.captured_step_ns() / 1e9;
        let counts = curve.counts().get(replay.buckets().ok()?)?;
        let events: f64 = counts.iter().sum();
        let step_s = played.step_ns() / 1e9;
        let rounds = if replay.loops { usize::MAX } else { buckets };
        let line = (0..rounds)
            .take_while(|bucket| *bucket as f64 * step_s < end_s)
            .flat_map(|bucket| {
                let per_s = counts[bucket % buckets] * played.scale() * share / step_s;
                let (from_s, to_s) = (bucket as f64 * step_s, (bucket + 1) as f64 * step_s);
                [(from_s, per_s), (to_s.min(end_s), per_s)]
            })
            .collect();
        Some(Captured {
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

    /// For people, in two lines.
    pub(super) fn describe(&self) -> String {
        let clipped = if self.clipped > 0.0 {
            format!(", {} events clipped", figures::count(self.clipped.round() as u64))
        } else {
            String::new()
        };
        let fullest = self.fullest_second.map(|most| format!("; the fullest second holds {}", figures::count(most)));
        format!(
            "  captured: {}, {} buckets of {}, {} events, {} on average, {} at most\n  played:   {} times as fast, {} times as high{clipped}{}\n",
            self.file,
            figures::count(self.buckets as u64),
            figures::seconds(self.step_s),
            figures::count(self.events.round() as u64),
            figures::rate(self.mean_per_s),
            figures::rate(self.peak_per_s),
            short(self.speed),
            short(self.scale),
            fullest.unwrap_or_default(),
        )
    }
}

/// A factor with four digits at most.
fn short(factor: f64) -> String {
    let decimals = (3 - factor.log10().floor() as i32).clamp(0, 12) as usize;
    let text = format!("{factor:.decimals$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
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

    #[test]
    fn a_factor_is_short() {
        assert_eq!([1.0, 60.0, 1.666_666, 0.012_345_6, 12_345.0].map(short), ["1", "60", "1.667", "0.01235", "12345"]);
    }
}
