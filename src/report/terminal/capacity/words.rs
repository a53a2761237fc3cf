//! What a search says, in sentences: the screen, the page and the other forms share them.

use crate::capacity::{
    Bound, Ended, Found, Headroom, Length, Outcome, Recovery, SearchRecord, SenderReach, Standing, Trial, so_far,
};
use crate::figures::{count, rate, seconds};
use crate::report::terminal::paint::Ink;

/// What a search ended in, in a word or two.
#[must_use]
pub(crate) fn headline(record: &SearchRecord) -> (&'static str, Ink) {
    match record.found.as_ref().map(|found| found.ended) {
        Some(Ended::Found) => ("CAPACITY", Ink::Good),
        Some(Ended::AtLeast | Ended::SenderLimit) => ("CAPACITY", Ink::Doubt),
        Some(Ended::Below | Ended::NotTheLoad) => ("CAPACITY", Ink::Bad),
        Some(Ended::TooManyTrials | Ended::NoValidTrial) => ("NOT FOUND", Ink::Doubt),
        None => ("NOT FINISHED", Ink::Doubt),
    }
}

/// The answer in one line.
#[must_use]
pub(crate) fn answer(record: &SearchRecord) -> String {
    let Some(found) = &record.found else { return unfinished(&record.trials) };
    let at = |bound: &Bound| format!("{} ({})", rate(bound.offered_per_s), times(bound.factor));
    match (&found.lower, &found.upper) {
        (Some(lower), Some(upper)) => {
            format!("{} to {}, {} apart", at(lower), at(upper), percent(upper.factor / lower.factor - 1.0, 1))
        }
        (Some(lower), None) => format!("at least {}", at(lower)),
        (None, Some(upper)) => format!("below {}", at(upper)),
        (None, None) => "no trial said anything".to_owned(),
    }
}

fn unfinished(trials: &[Trial]) -> String {
    match (trials.len(), bounds_so_far(trials)) {
        (0, _) => "no trial is over yet".to_owned(),
        (_, None) => "no trial has passed or failed yet".to_owned(),
        (_, Some(bounds)) => format!("so far {bounds}"),
    }
}

/// "2x passes, 4x fails"; nothing before the first trial that says something.
#[must_use]
pub(crate) fn bounds_so_far(trials: &[Trial]) -> Option<String> {
    let (lower, upper) = so_far(trials);
    let lower = lower.map(|factor| format!("{} passes", times(factor)));
    let upper = upper.map(|factor| format!("{} fails", times(factor)));
    let bounds: Vec<String> = lower.into_iter().chain(upper).collect();
    Some(bounds.join(", ")).filter(|bounds| !bounds.is_empty())
}

/// What stands behind the answer.
#[must_use]
pub(crate) fn sentences(record: &SearchRecord) -> Vec<String> {
    let Some(found) = &record.found else {
        return vec!["the same command with the same --out goes on from the trials in the folder".to_owned()];
    };
    let mut sentences: Vec<String> = found.upper.iter().map(|upper| why_it_fails(upper, found)).collect();
    if let Some(lower) = found.lower {
        let Bound { passes, fails, .. } = lower;
        let verb = if passes == 1 { "passes" } else { "pass" };
        sentences.push(format!("at {}, {passes} of {} {verb}", times(lower.load()), trials(passes + fails)));
    }
    let is_widened = found.lower.into_iter().chain(found.upper).any(|bound| bound.tried.is_some());
    if is_widened && found.moves.is_none() {
        sentences.push("seconds differ much, so the interval is wider than its trials, by two standard errors of what the target held".to_owned());
    }
    sentences.extend(found.moves.map(|moves| {
        format!(
            "what the target holds differs by {} from trial to trial, more than chance explains, so the interval is wider than its trials, by two \
             standard deviations of that",
            percent(moves, 0)
        )
    }));
    sentences.extend(rechecked(record, found));
    let why = match found.ended {
        Ended::Found => None,
        Ended::AtLeast => Some("no higher load was to be tried: --most sets where the search ends"),
        Ended::SenderLimit => Some(
            "this machine cannot send more, so nothing that it sends breaks a limit: send from several with --shard, or from a larger one",
        ),
        Ended::NotTheLoad => Some(
            "lower loads are not faster, so something other than the load breaks the limit: raise the limit, or begin at a higher load with --start where slow batches are the cause",
        ),
        Ended::Below => Some("the lowest load that is tried breaks a limit: look at that trial first"),
        Ended::TooManyTrials => Some(
            "as many trials were made as --most-trials allows, and those beside the capacity contradict each other: take longer ones with --trial, or a wider interval with --width",
        ),
        Ended::NoValidTrial => Some("trials at one load said nothing, again and again: see why below"),
    };
    sentences.extend(why.map(str::to_owned));
    sentences
}

/// Whether the interval held when it was tried again: "tried again 1m 24s later, both bounds hold".
fn rechecked(record: &SearchRecord, found: &Found) -> Option<String> {
    let Some(first) = found.rechecked else {
        let is_to_be = record.rules.recheck && found.ended == Ended::Found;
        return is_to_be
            .then(|| "the bounds were not tried again, so nothing says that they hold a minute later".to_owned());
    };
    let later = first.after_s.map_or_else(|| "later".to_owned(), |after_s| format!("{} later", seconds(after_s)));
    let lower = found.lower?;
    let at = |factor: f64| format!("{} ({})", rate(lower.offered_per_s / lower.factor * factor), times(factor));
    Some(if !first.lower_holds {
        format!("it moves: {later} {} no longer passed, so the interval begins lower", at(first.lower))
    } else if !first.upper_holds {
        format!("it moves: {later} {} no longer failed, so the interval ends higher", at(first.upper))
    } else {
        format!("tried again {later}, both bounds hold")
    })
}

fn why_it_fails(upper: &Bound, found: &Found) -> String {
    let Bound { passes, fails, .. } = *upper;
    let why = found.binding.as_ref().map(|binding| format!(": {}", binding.text)).unwrap_or_default();
    let verb = if fails == 1 { "fails" } else { "fail" };
    format!("at {}, {fails} of {} {verb}{why}", times(upper.load()), trials(passes + fails))
}

/// "1 trial", "12 trials"
#[must_use]
pub(super) fn trials(number: usize) -> String {
    format!("{number} {}", if number == 1 { "trial" } else { "trials" })
}

/// How a standing is called.
#[must_use]
pub(crate) fn standing(of: Standing) -> (&'static str, Ink) {
    match of {
        Standing::Green => ("GREEN", Ink::Good),
        Standing::Amber => ("AMBER", Ink::Doubt),
        Standing::Red => ("RED", Ink::Bad),
    }
}

/// What is confirmed beside what is needed: "5.3x is confirmed, 3x the peak (3,000/s) is needed: 77 % to spare".
#[must_use]
pub(crate) fn headroom(of: &Headroom) -> String {
    let needed = needed(of);
    let Some(share) = of.of_need else { return format!("no load is confirmed, {needed}") };
    let spare = match (of.standing, share - 1.0) {
        (Standing::Green, spare) => format!("{} to spare", percent(spare, 0)),
        (Standing::Amber, spare) if spare >= 0.0 => {
            format!("{} to spare, less than 20 %", percent(spare, 0))
        }
        (Standing::Amber, spare) => format!("the last {} are undecided", percent(-spare, 0)),
        (Standing::Red, spare) => format!("{} too little", percent(-spare, 0)),
    };
    format!("{} is confirmed, {needed}: {spare}", times(share * of.need))
}

/// "3x the peak (3,000/s) is needed"; what is no multiple of the peak is one of the profile, too: "2x the p99 burst (1,800/s, 1.6x) is needed".
fn needed(of: &Headroom) -> String {
    let factor = times(of.need);
    let also = if of.text.split(' ').next() == Some(&factor) { String::new() } else { format!(", {factor}") };
    format!("{} ({}{also}) is needed", of.text, rate(of.need_per_s))
}

/// How the target recovered from a burst, beside what arithmetic says.
#[must_use]
pub(crate) fn recovery(of: &Recovery) -> String {
    let place = of.place.as_ref().map(|place| format!(" of {place}")).unwrap_or_default();
    let gone = match of.gone_after_s {
        Some(after_s) => format!("were gone after {}", seconds(after_s)),
        None => format!("were not gone after {}", seconds(of.watched_s)),
    };
    format!(
        "after a burst of {} ({} times the capacity) for {}, {} events{place} waited and {gone}; {}",
        rate(of.burst_per_s),
        of.times,
        seconds(of.burst_s),
        count(of.most_waiting),
        formula(of)
    )
}

/// "arithmetic says 19 to 21 s"
fn formula(of: &Recovery) -> String {
    let [least, most] = of.formula_s;
    let (least, most) = (seconds(least), seconds(most));
    if least == most { format!("arithmetic says {least}") } else { format!("arithmetic says {least} to {most}") }
}

/// What this machine can send by itself: a limit that it does not reach with ease may be its own.
#[must_use]
pub(crate) fn sender(of: &SenderReach) -> String {
    let [sent, asked] = [rate(of.sent_per_s), rate(of.asked_per_s)];
    let made = of.made_per_s.map(|per_s| format!(" (one core makes {}, where nobody takes them)", rate(per_s)));
    let (made, times) = (made.unwrap_or_default(), of.times);
    if of.kept_up {
        return format!(
            "this machine alone sent {sent} in time, {times} times the highest load{made}: the limit is not its own"
        );
    }
    let why = of.because.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    format!(
        "this machine alone sent {sent} of {asked}, {times} times the highest load{made}: the limit may be its own{why}"
    )
}

/// What was measured when the search was over.
#[must_use]
pub(crate) fn afterwards(record: &SearchRecord) -> Vec<String> {
    record.recovery.iter().map(recovery).chain(record.sender.iter().map(sender)).collect()
}

/// How a trial is called by its length: one that was made later by that.
#[must_use]
pub(crate) fn kind(trial: &Trial) -> String {
    if trial.later { format!("{}, later", length(trial.length)) } else { length(trial.length).to_owned() }
}

/// How a length of trials is called.
#[must_use]
pub(crate) fn length(of: Length) -> &'static str {
    match of {
        Length::WarmUp => "warm-up",
        Length::Short => "short",
        Length::Long => "long",
    }
}

/// What a trial said, as a word in a table.
#[must_use]
pub(crate) fn outcome(trial: &Trial) -> &'static str {
    match (trial.length, trial.outcome) {
        (Length::WarmUp, _) => "–",
        (_, Outcome::Pass) => "pass",
        (_, Outcome::Fail) => "fail",
        (_, Outcome::Invalid) => "nothing",
    }
}

/// The trials by their load; of one load, in the order in which they were made.
#[must_use]
pub(crate) fn by_load(record: &SearchRecord) -> Vec<(usize, &Trial)> {
    let mut trials: Vec<(usize, &Trial)> = (1..).zip(&record.trials).collect();
    trials.sort_by(|(_, one), (_, other)| one.factor.total_cmp(&other.factor));
    trials
}

/// A factor with four digits, so that two loads of a search never look the same: `0.25x`, `2.004x`, `1,240x`.
#[must_use]
pub(crate) fn times(factor: f64) -> String {
    if factor >= 1000.0 {
        return format!("{}x", count(factor.round() as u64));
    }
    let decimals = (3.0 - factor.max(1e-9).log10().floor()) as usize;
    let text = format!("{factor:.decimals$}");
    let text = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    format!("{text}x")
}

fn percent(share: f64, decimals: usize) -> String {
    format!("{:.decimals$} %", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::Rechecked;

    #[test]
    fn a_need_that_is_no_multiple_of_the_peak_is_also_told_as_one() {
        let of = |text: &str| Headroom {
            need: 1.6,
            text: text.to_owned(),
            need_per_s: 1600.0,
            standing: Standing::Green,
            of_need: Some(1.25),
        };
        assert_eq!(headroom(&of("1.6x the peak")), "2x is confirmed, 1.6x the peak (1,600/s) is needed: 25 % to spare");
        assert_eq!(
            headroom(&of("2x the p99 burst")),
            "2x is confirmed, 2x the p99 burst (1,600/s, 1.6x) is needed: 25 % to spare"
        );
    }

    #[test]
    fn a_target_that_moved_is_said_to_have() {
        let said = |hold: Option<[bool; 2]>| {
            let mut record = crate::capacity::examples::found("3x");
            let found = record.found.as_mut().unwrap();
            found.rechecked = hold.map(|[lower_holds, upper_holds]| Rechecked {
                lower: 2.0,
                upper: 2.1,
                lower_holds,
                upper_holds,
                after_s: Some(84.0),
            });
            sentences(&record).last().unwrap().clone()
        };
        assert_eq!(said(Some([true, true])), "tried again 1m 24s later, both bounds hold");
        assert!(said(Some([false, true])).starts_with("it moves: 1m 24s later 2,000/s (2x) no longer passed"));
        assert!(said(Some([true, false])).starts_with("it moves: 1m 24s later 2,100/s (2.1x) no longer failed"));
        assert!(said(None).starts_with("the bounds were not tried again"));
    }

    #[test]
    fn a_factor_has_the_digits_that_tell_it_from_the_next() {
        let shown = [0.000_976_562_5, 0.25, 1.0, 2.004, 2.0, 10.0, 12.345, 100.0, 999.96, 1240.4].map(times);
        let expected = ["0.0009766x", "0.25x", "1x", "2.004x", "2x", "10x", "12.35x", "100x", "1000x", "1,240x"];
        assert_eq!(shown, expected);
    }
}
