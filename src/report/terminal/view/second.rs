//! From a second of a run to the figures of the live view.

use std::time::Duration;

use super::rows::{Row, Times};
use super::{Next, PhaseNow, View, figure, seconds_of_ns};
use crate::latency::LatencyHistogram;
use crate::mergeable::Merge;
use crate::profile::timeline::phase_and_rest_at;
use crate::profile::{Phase, Profile};
use crate::report::screen::clean;
use crate::run::{SecondSeen, StreamSecond, StreamTotals};

impl View {
    /// A second is over.
    pub(crate) fn second(&mut self, seen: &SecondSeen, profile: &Profile) {
        let now_s = seen.second + 1;
        self.elapsed_s = Some(now_s);
        self.phase = phase_at(seen.second, profile);
        let mut lateness = LatencyHistogram::default();
        for second in &seen.streams {
            lateness.merge(second.sends.own_lateness.clone());
        }
        self.own_lateness_p99_ms = lateness.measured_quantile_ms(0.99);
        let is_quiet =
            seen.streams.iter().all(|second| second.sends.due + second.sends.sent + second.sends.behind_ns == 0);
        self.all_sent = is_quiet && figure(now_s) > self.total_s;
        for row in &mut self.rows {
            if let (Some(second), Some(totals)) = (seen.streams.get(row.stream), seen.totals.get(row.stream)) {
                row.add_sent(second);
                row.add_given_up(second, self.stops_asked == 0);
                row.add_seen(second, totals);
                row.add_latency(second, seen.second);
                row.remember();
            }
        }
    }
}

impl Row {
    /// The stage that is seen here.
    fn place(&self) -> Option<usize> {
        self.seeing.as_ref().map(|seeing| seeing.stage)
    }

    fn add_sent(&mut self, second: &StreamSecond) {
        let Some(sending) = &mut self.sending else { return };
        sending.due_per_s = second.sends.due;
        sending.sent_per_s = second.sends.sent;
        sending.acked_per_s = second.acks.acked;
        sending.behind_s = seconds_of_ns(second.sends.behind_ns);
    }

    /// What is dropped because somebody asked for an end is nobody's trouble.
    fn add_given_up(&mut self, second: &StreamSecond, is_dropped_for_room: bool) {
        let Some(sending) = &mut self.sending else { return };
        let dropped = if is_dropped_for_room { second.sends.dropped } else { 0 };
        sending.given_up += dropped + second.acks.failed;
    }

    fn add_seen(&mut self, second: &StreamSecond, totals: &StreamTotals) {
        let Some(seeing) = &mut self.seeing else { return };
        let Some(stage) = second.stages.get(seeing.stage) else { return };
        seeing.seen_per_s = stage.interval.counts.seen();
        seeing.lag = seeing.has_lag.then(|| totals.acked.saturating_sub(totals.seen[seeing.stage]));
        let nothing = seeing.seen_per_s == 0 && seeing.lag.is_some_and(|lag| lag > 0);
        seeing.nothing_for_s = if nothing { seeing.nothing_for_s + 1 } else { 0 };
    }

    fn add_latency(&mut self, second: &StreamSecond, number: u64) {
        let latencies = match self.times {
            Times::Nothing => None,
            Times::Acks => Some(&second.acks.sent_to_acked),
            Times::EndToEnd => {
                self.place().and_then(|place| second.stages.get(place)).map(|stage| &stage.interval.due_to_consumed)
            }
        };
        self.p99_ms = latencies.and_then(|latencies| latencies.measured_quantile_ms(0.99));
        // A second in which nothing was measured tells neither that the limit is broken nor that it is kept.
        if let (Some(p99_ms), Some(limit_ms)) = (self.p99_ms, self.limit_ms) {
            let since_s = self.over_since_s.unwrap_or(number);
            self.over_since_s = (p99_ms > limit_ms).then_some(since_s);
        }
    }

    fn remember(&mut self) {
        let seen = self.seeing.as_ref().map(|seeing| seeing.seen_per_s);
        let sent = self.sending.as_ref().map(|sending| sending.sent_per_s);
        self.rates.push(figure(seen.or(sent).unwrap_or(0)));
        self.p99s.push(self.p99_ms.unwrap_or(0.0));
    }
}

/// What goes on in this second, and what comes next: warm-up, the phases of the first stream that has some, the drain.
fn phase_at(second: u64, profile: &Profile) -> Option<PhaseNow> {
    let (total, warmup) =
        (Duration::from_nanos(profile.duration().as_nanos()), Duration::from_nanos(profile.warmup.as_nanos()));
    let now = Duration::from_secs(second + 1);
    let next = |name: &str, at: Duration| Next { name: name.to_owned(), in_s: at.saturating_sub(now).as_secs() };
    if now > total {
        return Some(PhaseNow { name: "draining".to_owned(), next: None });
    }
    let sending = || ("sending".to_owned(), total);
    let (name, end) = if now <= warmup {
        ("warmup".to_owned(), warmup)
    } else {
        named_phase_at(profile, Duration::from_secs(second)).unwrap_or_else(sending)
    };
    let next = if end < total {
        next(&named_phase_at(profile, end).unwrap_or_else(sending).0, end)
    } else {
        next("the drain", total)
    };
    Some(PhaseNow { name, next: Some(next) })
}

/// The phase that the first stream with phases is in, and when it ends.
fn named_phase_at(profile: &Profile, at: Duration) -> Option<(String, Duration)> {
    let phased = profile.streams.iter().find(|stream| !stream.phases.is_empty())?;
    let (phase, rest_ns) = phase_and_rest_at(&phased.phases, at.as_nanos())?;
    let rest = Duration::from_nanos(u64::try_from(rest_ns).unwrap_or(u64::MAX));
    Some((name_of(phase), at.saturating_add(rest)))
}

/// A phase's name, or its rate where it has none.
fn name_of(phase: &Phase) -> String {
    let rate = || phase.rate.map_or_else(|| "1x".to_owned(), |rate| rate.to_string());
    phase.name.as_deref().map_or_else(rate, clean)
}
