//! A night: a line for each run while it goes on, and at the end one screen: three lines when nothing is worse.

use super::compare::place_title;
use super::paint::{Ink, Look, paint};
use super::tables::{line, push_wrapped};
use crate::compare::words;
use crate::figures::{count, seconds};
use crate::nightly::{FigureDecision, NightDecision, NightFinding, ProfileNight};
use crate::nights::Judged;
use crate::trials::NightTold;
use crate::verdict::Verdict;

/// How many worse figures are put into sentences; the rest are counted.
const MOST_SENTENCES: usize = 12;

/// What goes on, in a line.
#[must_use]
pub(crate) fn told_line(told: &NightTold<'_>) -> String {
    match told {
        NightTold::Probes { record } => {
            let when = if record.runs.is_empty() {
                "before the runs".to_owned()
            } else {
                format!("after {} runs", record.runs.len())
            };
            format!("probe of this machine {when} …")
        }
        NightTold::Begins { record, turn, of, left_s } => {
            let name = record.profiles.get(turn.profile).map(|profile| profile.name.as_str()).unwrap_or_default();
            let again = if turn.is_again { ", again, as it was void" } else { "" };
            let number = record.runs.len() + 1;
            format!(
                "run {number} of {of}: {name}, repetition {}{again}, about {} left …",
                turn.number,
                seconds(*left_s)
            )
        }
        NightTold::Over { record } => {
            let Some(run) = record.runs.last() else { return String::new() };
            let why = run.repetition.reasons.first().map_or(String::new(), |why| format!(": {why}"));
            let counts = if run.repetition.counts { "" } else { ", does not count" };
            let verdict = match run.repetition.verdict {
                Verdict::Pass => "pass",
                Verdict::Fail => "fail",
                Verdict::Void | Verdict::Part => "void",
            };
            format!("run {}: {verdict}{counts}{why}", record.runs.len())
        }
        NightTold::Suspected { record } => {
            let names = record
                .suspected
                .iter()
                .flatten()
                .filter_map(|at| record.profiles.get(*at))
                .map(|profile| profile.name.as_str());
            format!("a figure may be worse: {} run once more as often", names.collect::<Vec<_>>().join(", "))
        }
        NightTold::CutShort { why } => format!("the budget ends the night: {why}"),
    }
}

/// What a person reads of a night.
#[must_use]
pub(crate) fn night(decision: &NightDecision, look: Look) -> String {
    let mut text = String::new();
    let (word, ink) = headline(decision.finding);
    line(&mut text, &format!("{}  {}", paint(word, ink, look), answer(decision)));
    for sentence in sentences(decision) {
        push_wrapped(&mut text, &sentence, look.width);
    }
    line(&mut text, &seen(decision));
    line(&mut text, &runs(decision));
    text
}

/// The finding in a word.
#[must_use]
pub(in crate::report) fn headline(finding: NightFinding) -> (&'static str, Ink) {
    match finding {
        NightFinding::Quiet => ("QUIET", Ink::Good),
        NightFinding::Regression => ("REGRESSION", Ink::Bad),
        NightFinding::Limit => ("FAIL", Ink::Bad),
        NightFinding::Void => ("VOID", Ink::Doubt),
        NightFinding::Suspect => ("SUSPECT", Ink::Doubt),
    }
}

/// "staging, night 2030-01-31: no limit broke, …"
#[must_use]
pub(in crate::report) fn answer(decision: &NightDecision) -> String {
    format!("{}, night {}: {}", words::one_line(&decision.suite), decision.night, decision.text)
}

/// What is worse, what broke, what is better, and what else to know, a sentence each.
#[must_use]
pub(in crate::report) fn sentences(decision: &NightDecision) -> Vec<String> {
    let broken = decision.broken.iter().map(|broken| {
        format!(
            "{}: {} of {} runs broke a limit: {}",
            words::one_line(&broken.profile),
            broken.runs,
            broken.of,
            broken.text
        )
    });
    let mut sentences: Vec<String> = broken.collect();
    let worse: Vec<&FigureDecision> = decision.figures.iter().filter(|figure| figure.is_worse()).collect();
    sentences.extend(worse.iter().take(MOST_SENTENCES).map(|figure| changed(figure)));
    let more = worse.len().saturating_sub(MOST_SENTENCES);
    if more > 0 {
        sentences.push(format!("{} more figures are worse: `floodmark history` has all of them.", count(more as u64)));
    }
    let others = decision.figures.iter().filter(|figure| matches!(figure.judged, Judged::Better | Judged::Back));
    sentences.extend(others.take(MOST_SENTENCES).map(changed));
    let void = decision.profiles.iter().filter(|profile| profile.counted > 0).flat_map(|profile| {
        profile.void.iter().map(|why| {
            format!(
                "{}: {} of {} runs do not count: {why}",
                words::one_line(&profile.name),
                profile.runs - profile.counted,
                profile.runs
            )
        })
    });
    sentences.extend(void);
    let is_said = matches!(decision.finding, NightFinding::Suspect);
    sentences.extend(decision.suspect.iter().filter(|_| !is_said).map(|why| format!("No figure is judged: {why}.")));
    sentences.extend(decision.notes.iter().cloned());
    sentences
}

/// "average, orders at output: end_to_end_p99 is 15.2 ms, usually 12.1 ms: 26 % worse since night 2030-01-30."
#[must_use]
pub(in crate::report) fn changed(figure: &FigureDecision) -> String {
    let value =
        |value: Option<f64>| value.map_or_else(|| "not measured".to_owned(), |value| words::figure(value, figure.unit));
    let place = format!("{}, {}", words::one_line(&figure.profile), place_title(&figure.place));
    let (is, usual) = (value(figure.value), value(figure.usual));
    let by = figure.by.map_or(String::new(), |by| share(by.abs()));
    let since = figure.since.as_ref().map_or(String::new(), |night| format!(" since night {night}"));
    let said = match figure.judged {
        Judged::Worse => format!("{by} worse{since}"),
        Judged::StillWorse => format!("{by} worse, as it has been{since}"),
        Judged::Better => format!("{by} better{since}"),
        Judged::Back => format!("about as it was, after it was worse{since}"),
        Judged::AsUsual => "as usual".to_owned(),
        Judged::TooFewNights => format!("{} nights are too few to judge", figure.nights),
        Judged::TooNoisy => "it varies too much to judge".to_owned(),
        Judged::Suspect => "not judged: the machine was not itself".to_owned(),
        Judged::NotMeasured => "not measured".to_owned(),
    };
    format!("{place}: {} is {is}, usually {usual}: {said}.", figure.figure)
}

/// What could have been seen: a silence is worth as much as that.
#[must_use]
pub(in crate::report) fn seen(decision: &NightDecision) -> String {
    let mut shares: Vec<f64> =
        decision.figures.iter().filter_map(|figure| figure.could_see).map(|could_see| could_see.share).collect();
    shares.sort_by(f64::total_cmp);
    let at = |part: f64| shares.get(((shares.len().saturating_sub(1)) as f64 * part).round() as usize).copied();
    let once_in = (1.0 / decision.family_level).round();
    match (at(0.5), at(0.9)) {
        (Some(half), Some(most)) => format!(
            "could see  a change for the worse by {} within three nights in half of the {} figures, by {} in 9 of 10 of them; at most 1 false alarm in {once_in} nights",
            visible(half),
            shares.len(),
            visible(most)
        ),
        _ => "could see  only broken limits: there are too few nights to judge figures".to_owned(),
    }
}

/// How many runs count, and since when there is a history.
#[must_use]
pub(in crate::report) fn runs(decision: &NightDecision) -> String {
    let sum = |of: fn(&ProfileNight) -> usize| decision.profiles.iter().map(of).sum::<usize>();
    let (counted, runs) = (sum(|profile| profile.counted), sum(|profile| profile.runs));
    let nights = decision.figures.iter().map(|figure| figure.nights).max().unwrap_or(1);
    let plural =
        |number: usize, word: &str| format!("{} {word}{}", count(number as u64), if number == 1 { "" } else { "s" });
    format!(
        "measured   {counted} of {} count, of {}; night {nights} of this baseline",
        plural(runs, "run"),
        plural(decision.profiles.len(), "profile")
    )
}

/// A change that could be seen. Beyond a doubling the figure says no more than that.
fn visible(change: f64) -> String {
    if change > 1.0 { "more than 100 %".to_owned() } else { share(change) }
}

/// "12 %", "0.4 %"
fn share(share: f64) -> String {
    let percent = 100.0 * share;
    if percent >= 9.95 { format!("{percent:.0} %") } else { format!("{} %", (percent * 10.0).round() / 10.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nightly::decision_examples::{quiet, worse};

    #[test]
    fn a_quiet_night_is_three_lines() {
        let text = night(&quiet(), Look::PLAIN);
        assert_eq!(text.lines().count(), 3, "{text}");
        insta::assert_snapshot!(text);
    }

    #[test]
    fn a_red_night_says_what_changed_where_by_how_much_and_since_when() {
        insta::assert_snapshot!(night(&worse(), Look::PLAIN));
    }
}
