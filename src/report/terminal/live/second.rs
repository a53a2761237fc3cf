//! From a second of a run to the figures of the live line.

use super::LiveFigures;
use crate::conclude::Role;
use crate::latency::LatencyHistogram;
use crate::mergeable::Merge;
use crate::profile::timeline::phase_at as phase_of_stream_at;
use crate::profile::{Profile, Stream};
use crate::run::{SecondSeen, StreamSecond, StreamTotals};

impl LiveFigures {
    /// How the run goes in this second, for a process of this role.
    #[must_use]
    pub(crate) fn of_second(seen: &SecondSeen, role: Role, profile: &Profile) -> Self {
        let total_s = profile.duration().as_secs_f64();
        let mut figures = LiveFigures {
            sends: role != Role::Consume,
            observes: role != Role::Produce,
            elapsed_s: (seen.second + 1) as f64,
            total_s: Some(total_s),
            phase: phase_at(seen.second as f64, profile, total_s),
            ..LiveFigures::default()
        };
        let (mut end_to_end, mut lateness) = (LatencyHistogram::default(), LatencyHistogram::default());
        for ((second, totals), stream) in seen.streams.iter().zip(&seen.totals).zip(&profile.streams) {
            figures.add_sent(second, totals);
            figures.add_seen(second, totals, stream, &mut end_to_end);
            lateness.merge(second.sends.own_lateness.clone());
        }
        // A worker whose client takes nothing says every second how far it is behind.
        let is_quiet = figures.offered_per_s + figures.sent_per_s + figures.behind_s == 0.0;
        figures.all_sent = is_quiet && seen.second as f64 >= total_s;
        figures.end_to_end_p50_ms = end_to_end.measured_quantile_ms(0.5);
        figures.end_to_end_p99_ms = end_to_end.measured_quantile_ms(0.99);
        figures.lateness_p99_ms = lateness.measured_quantile_ms(0.99);
        figures
    }

    fn add_sent(&mut self, second: &StreamSecond, totals: &StreamTotals) {
        self.offered_per_s += second.sends.due as f64;
        self.sent_per_s += second.sends.sent as f64;
        self.acked_per_s += second.acks.acked as f64;
        self.behind_s = self.behind_s.max(second.sends.behind_ns as f64 / 1e9);
        self.troubled += totals.failed + second.sends.dropped;
    }

    /// What was seen at the stream's last stage that shows events.
    fn add_seen(
        &mut self,
        second: &StreamSecond,
        totals: &StreamTotals,
        stream: &Stream,
        end_to_end: &mut LatencyHistogram,
    ) {
        let place = stream.last_of_events();
        if let (Some(stage), Some(seen)) = (second.stages.get(place), totals.seen.get(place)) {
            self.lag_events += (totals.acked as i64 - *seen as i64).max(0);
            self.seen_per_s += stage.interval.counts.seen() as f64;
            end_to_end.merge(stage.interval.due_to_consumed.clone());
        }
    }
}

/// What goes on: warm-up, the first stream's named phase, or the drain.
fn phase_at(second: f64, profile: &Profile, total_s: f64) -> Option<String> {
    if second >= total_s {
        return Some("draining".to_owned());
    }
    if second < profile.warmup.as_secs_f64() {
        return Some("warmup".to_owned());
    }
    let phased = profile.streams.iter().find(|stream| !stream.phases.is_empty())?;
    phase_of_stream_at(&phased.phases, (second * 1e9) as u128).and_then(|phase| phase.name.clone())
}
