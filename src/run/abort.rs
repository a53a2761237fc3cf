//! Whether a run is so far beyond its limits that going on is pointless, as its profile says.

use super::seconds::{SecondSeen, StreamSecond, StreamTotals};
use crate::figures::{count, latency, seconds};
use crate::profile::{AbortWhen, Profile, Stream};
use crate::verdict::{Reason, ReasonCode};

/// Looks at each second once. Pure: it knows no clock but the seconds' numbers.
#[derive(Debug, Clone, Default)]
pub(super) struct AbortWatch {
    /// By stream: since which second it is over.
    since: Vec<Option<u64>>,
}

impl AbortWatch {
    /// Takes in a second; gives the reason to end the run with it, if there is one.
    pub(super) fn take(&mut self, seen: &SecondSeen, profile: &Profile) -> Option<Reason> {
        self.since.resize(profile.streams.len(), None);
        let mut reason = None;
        for (((stream, second), totals), since) in
            profile.streams.iter().zip(&seen.streams).zip(&seen.totals).zip(&mut self.since)
        {
            let Some(when) = &stream.abort_when else { continue };
            let over = over(stream, when, second, totals);
            *since = over.as_ref().map(|_| since.unwrap_or(seen.second));
            let lasted_s = since.map_or(0, |since| seen.second + 1 - since);
            if let Some(over) = over.filter(|_| lasted_s as f64 >= when.lasts.as_secs_f64()) {
                let text = format!(
                    "{}: {over} for {}, up to second {}: the run was ended, as `abort_when` asks",
                    stream.name,
                    seconds(lasted_s as f64),
                    seen.second + 1
                );
                reason.get_or_insert(Reason::new(ReasonCode::Aborted, text).of_stream(&stream.name));
            }
        }
        reason
    }
}

/// What is over its limit in this second, in words.
fn over(stream: &Stream, when: &AbortWhen, second: &StreamSecond, totals: &StreamTotals) -> Option<String> {
    let place = stream.last_of_events();
    let p99_ms = second.stages.get(place).and_then(|stage| stage.interval.due_to_consumed.measured_quantile_ms(0.99));
    let limit_ms = when.end_to_end_p99.map(|limit| limit.as_millis_f64());
    if let (Some(p99_ms), Some(limit_ms)) = (p99_ms, limit_ms)
        && p99_ms > limit_ms
    {
        return Some(format!("end_to_end_p99 was over {}", latency(limit_ms)));
    }
    let limit = when.max_lag?;
    let seen = totals.seen.get(place).copied().unwrap_or(0);
    let waiting = totals.sent.saturating_sub(totals.failed).saturating_sub(seen);
    (waiting > limit).then(|| format!("more than {} events waited", count(limit)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::consume::StageFigures;

    fn profile(when: &str) -> Profile {
        let mut profile: Profile =
            toml::from_str(&format!("[[stream]]\nname = \"orders\"\nrate = \"1/s\"\nabort_when = {when}")).unwrap();
        profile.imply_stages();
        profile
    }

    fn second(second: u64, p99_ms: f64, waiting: u64) -> SecondSeen {
        let mut stage = StageFigures::default();
        stage.interval.due_to_consumed.record((p99_ms * 1e6) as i64);
        let totals = StreamTotals { sent: 10 + waiting, acked: 10, failed: 0, seen: vec![10] };
        SecondSeen {
            second,
            streams: vec![StreamSecond { stages: vec![stage], ..StreamSecond::default() }],
            totals: vec![totals],
        }
    }

    fn ends_at(when: &str, seconds: &[SecondSeen]) -> Option<String> {
        let (profile, mut watch) = (profile(when), AbortWatch::default());
        seconds.iter().find_map(|second| watch.take(second, &profile)).map(|reason| reason.text)
    }

    #[test]
    fn only_what_lasts_ends_a_run() {
        let when = "{ end_to_end_p99 = \"2s\", for = \"3s\" }";
        let slow = |number| second(number, 2500.0, 0);
        let quick = |number| second(number, 10.0, 0);
        assert_eq!(ends_at(when, &[slow(0), slow(1), quick(2), slow(3), slow(4)]), None);
        let ended = ends_at(when, &[quick(0), slow(1), slow(2), slow(3), slow(4)]);
        let text =
            "orders: end_to_end_p99 was over 2 s for 3 s, up to second 4: the run was ended, as `abort_when` asks";
        assert_eq!(ended.as_deref(), Some(text));
    }

    #[test]
    fn what_is_not_acknowledged_waits_too() {
        let when = "{ max_lag = 1000, for = \"1s\" }";
        assert_eq!(ends_at(when, &[second(0, 1.0, 1000)]), None);
        assert!(ends_at(when, &[second(0, 1.0, 1001)]).is_some_and(|text| text.contains("more than 1,000 events")));
    }
}
