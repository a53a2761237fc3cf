//! Whether a target was idle when a trial began, or still busy with what the one before had left.

use super::plays::CALM_S;
use super::trial::{Binding, Length, Outcome, Trial};
use crate::conclude::seconds_of;
use crate::figures::latency;
use crate::incidents::waiting;
use crate::profile::Profile;
use crate::results::TimelineRow;

/// So much longer than on an idle target may events wait in the calm beginning: the figure comes from seconds with few events.
const MARGIN_MS: f64 = 250.0;

/// How long events waited at the end of a trial's calm beginning, in milliseconds, at the worst stage: what waited over the rate at which it was
/// offered (J. D. C. Little 1961).
#[must_use]
pub(crate) fn at_start_ms(profile: &Profile, rows: &[TimelineRow]) -> Option<f64> {
    let last = usize::try_from(CALM_S).ok()?.checked_sub(1)?;
    let at_stage = |stream, place| -> Option<f64> {
        let seconds = seconds_of(stream, place, rows);
        let (waits, offered) = (*waiting(&seconds).get(last)?, seconds.get(last)?.offered);
        (offered > 0).then(|| waits as f64 / offered as f64 * 1e3)
    };
    let streams = profile.streams.iter();
    let places = streams.flat_map(|stream| (0..stream.stages.len()).map(move |place| (stream, place)));
    let of_events = places.filter(|(stream, place)| stream.stages[*place].results.is_none());
    of_events.filter_map(|(stream, place)| at_stage(stream, place)).reduce(f64::max)
}

/// Why a trial that failed is not counted: it began before the target was idle. What idle looks like, the trials say that began or ended well.
#[must_use]
pub(crate) fn was_busy(at_start_ms: Option<f64>, before: &[Trial]) -> Option<Binding> {
    let began_idle = before.iter().filter(|trial| trial.length == Length::WarmUp || trial.outcome == Outcome::Pass);
    let idle_ms = began_idle.filter_map(|trial| trial.at_start_ms).reduce(f64::max)?;
    let waited_ms = at_start_ms.filter(|waited_ms| *waited_ms > idle_ms * 2.0 + MARGIN_MS)?;
    let text = format!(
        "the target was not idle when the trial began: events waited {} at a tenth of the load, and {} at most in trials before",
        latency(waited_ms),
        latency(idle_ms)
    );
    Some(Binding { what: "not_idle".to_owned(), stream: None, stage: None, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(length: Length, outcome: Outcome, at_start_ms: f64) -> Trial {
        Trial { length, outcome, at_start_ms: Some(at_start_ms), ..Trial::default() }
    }

    #[test]
    fn what_waits_at_the_end_of_the_calm_is_what_an_event_waits_for() {
        let profile =
            Profile::from_text("duration = \"9s\"\n[[stream]]\nname = \"orders\"\nrate = \"1k/s\"\n", "idle.toml");
        let row = |second: u64, delivered_per_s| TimelineRow {
            second,
            stream: "orders".to_owned(),
            offered_per_s: 100.0,
            delivered_per_s,
            ..TimelineRow::default()
        };
        let rows = [row(0, 80.0), row(1, 70.0), row(2, 0.0)];
        assert_eq!(at_start_ms(&profile.unwrap().profile, &rows), Some(500.0));
    }

    #[test]
    fn a_target_is_busy_by_what_it_was_when_it_was_not() {
        let before = [trial(Length::WarmUp, Outcome::Fail, 40.0), trial(Length::Short, Outcome::Fail, 5000.0)];
        assert_eq!(was_busy(Some(320.0), &before), None);
        assert!(was_busy(Some(340.0), &before).unwrap().text.contains("340 ms at a tenth of the load, and 40"));
        // One that delivers in batches is slow at every start.
        let batches = [&before[..], &[trial(Length::Short, Outcome::Pass, 900.0)]].concat();
        assert_eq!(was_busy(Some(2000.0), &batches), None);
        assert_eq!(was_busy(None, &before), None);
        assert_eq!(was_busy(Some(5000.0), &[]), None);
    }
}
