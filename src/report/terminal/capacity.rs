//! A search for a capacity: a line for each trial, and at the end what was found.

use super::paint::{Ink, Look, paint};
use super::tables::{line, plain_table, push_table, push_wrapped};
use crate::capacity::{Bound, Ended, Found, Headroom, Length, Outcome, SearchRecord, Standing, Trial};
use crate::figures::{count, latency, rate};

/// A line of a trial that is over.
#[must_use]
pub(crate) fn trial_line(number: usize, trial: &Trial) -> String {
    let said = match (trial.length, trial.outcome) {
        (Length::WarmUp, _) => "not counted",
        (_, Outcome::Pass) => "passes",
        (_, Outcome::Fail) => "fails",
        (_, Outcome::Invalid) => "says nothing",
    };
    let because = trial.because.as_ref().filter(|_| trial.length != Length::WarmUp);
    let because = because.map(|binding| format!(": {}", binding.text)).unwrap_or_default();
    let offered = rate(trial.offered_per_s);
    format!("trial {number}, {}, {offered} ({}): {said}{because}", length(trial.length), times(trial.factor))
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

/// A factor: `0.25x`, `3.6x`, `1,240x`.
#[must_use]
pub(crate) fn times(factor: f64) -> String {
    format!("{}x", rate(factor).trim_end_matches("/s"))
}

/// What a person reads of a search.
#[must_use]
pub(crate) fn capacity(record: &SearchRecord, look: Look) -> String {
    let mut text = String::new();
    match &record.found {
        Some(found) => push_found(&mut text, found, look),
        None => line(&mut text, "not finished: the same command goes on from the trials in the folder"),
    }
    if let Some(headroom) = &record.headroom {
        push_headroom(&mut text, headroom, look);
    }
    line(&mut text, "");
    let cluster = record.cluster_id.as_deref().unwrap_or("that was not reached");
    line(&mut text, &format!("{} on cluster {cluster}, {} trials", record.profile, record.trials.len()));
    push_trials(&mut text, record);
    text
}

fn push_found(text: &mut String, found: &Found, look: Look) {
    let (word, ink) = headline(found);
    line(text, &format!("{}  {}", paint(word, ink, look), answer(found)));
    for sentence in sentences(found) {
        push_wrapped(text, &sentence, look.width);
    }
}

/// What is there beside what is needed.
fn push_headroom(text: &mut String, headroom: &Headroom, look: Look) {
    let (word, ink) = match headroom.standing {
        Standing::Green => ("GREEN", Ink::Good),
        Standing::Amber => ("AMBER", Ink::Doubt),
        Standing::Red => ("RED", Ink::Bad),
    };
    let share = headroom.of_need.map_or_else(
        || "nothing is confirmed".to_owned(),
        |share| format!("{:.0} % of it is confirmed", share * 100.0),
    );
    let needed = format!("{} ({}, {})", rate(headroom.need_per_s), headroom.text, times(headroom.need));
    line(text, &format!("{}  {needed} is needed: {share}", paint(word, ink, look)));
}

fn headline(found: &Found) -> (&'static str, Ink) {
    match found.ended {
        Ended::Found => ("CAPACITY", Ink::Good),
        Ended::AtLeast | Ended::SenderLimit => ("CAPACITY", Ink::Doubt),
        Ended::Below | Ended::NotTheLoad => ("CAPACITY", Ink::Bad),
        Ended::TooManyTrials | Ended::NoValidTrial => ("NOT FOUND", Ink::Doubt),
    }
}

/// The answer in one line.
fn answer(found: &Found) -> String {
    let at = |bound: &Bound| format!("{} ({})", rate(bound.offered_per_s), times(bound.factor));
    match (&found.lower, &found.upper) {
        (Some(lower), Some(upper)) => {
            let apart = (upper.factor / lower.factor - 1.0) * 100.0;
            format!("{} to {}, {apart:.1} % apart", at(lower), at(upper))
        }
        (Some(lower), None) => format!("at least {}", at(lower)),
        (None, Some(upper)) => format!("below {}", at(upper)),
        (None, None) => "no trial said anything".to_owned(),
    }
}

fn sentences(found: &Found) -> Vec<String> {
    let mut sentences = Vec::new();
    if let Some(upper) = &found.upper {
        let why = found.binding.as_ref().map(|binding| format!(": {}", binding.text)).unwrap_or_default();
        sentences.push(format!(
            "at {}, {} of {} trials fail{why}",
            times(upper.factor),
            upper.fails,
            upper.passes + upper.fails
        ));
    }
    if let Some(lower) = &found.lower {
        let all = lower.passes + lower.fails;
        sentences.push(format!("at {}, {} of {all} trials pass", times(lower.factor), lower.passes));
    }
    let why = match found.ended {
        Ended::Found => None,
        Ended::AtLeast => Some("no higher load was to be tried: --most sets where the search ends"),
        Ended::SenderLimit => Some(
            "this machine cannot send more, so nothing that it sends breaks a limit: send from several with --shard, or from a larger one",
        ),
        Ended::NotTheLoad => Some(
            "lower loads are no faster, so it is not the load that breaks the limit: allow more, or begin at a higher load with --start where slow batches are the cause",
        ),
        Ended::Below => Some("the lowest load that is tried breaks a limit: look at that trial first"),
        Ended::TooManyTrials => Some("as many trials were made as --most-trials allows"),
        Ended::NoValidTrial => Some("trials at one load said nothing, again and again: see why below"),
    };
    sentences.extend(why.map(str::to_owned));
    sentences
}

/// The trials by their load.
fn push_trials(text: &mut String, record: &SearchRecord) {
    let mut trials: Vec<&Trial> = record.trials.iter().collect();
    trials.sort_by(|one, other| one.factor.total_cmp(&other.factor));
    let mut table = plain_table(8, 0..5);
    table.add_row(["load", "offered", "p50", "p99", "waiting", "trial", "", ""]);
    for trial in trials {
        let outcome = match (trial.length, trial.outcome) {
            (Length::WarmUp, _) => "–",
            (_, Outcome::Pass) => "pass",
            (_, Outcome::Fail) => "fail",
            (_, Outcome::Invalid) => "nothing",
        };
        let because = trial.because.as_ref().filter(|_| trial.length != Length::WarmUp);
        let what = because.map(|binding| binding.what.as_str()).unwrap_or_default();
        let worst = trial.worst.as_ref();
        let [p50, p99] = [worst.map(|worst| worst.p50_ms), worst.map(|worst| worst.p99_ms)]
            .map(|ms| ms.map_or_else(|| "–".to_owned(), latency));
        let waiting = worst.and_then(|worst| worst.most_waiting).map_or_else(|| "–".to_owned(), count);
        let (load, offered) = (times(trial.factor), rate(trial.offered_per_s));
        table.add_row([&load, &offered, &p50, &p99, &waiting, length(trial.length), outcome, what]);
    }
    push_table(text, &table);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::{Binding, CAPACITY_SCHEMA, Conclusion, Rules};

    fn trial(factor: f64, length: Length, outcome: Outcome) -> Trial {
        let text = "orders at output: end_to_end_p99 is 1.2 s (limit 1 s)".to_owned();
        let binding = Binding { what: "end_to_end_p99".to_owned(), stream: None, stage: None, text };
        Trial {
            factor,
            length,
            outcome,
            because: (outcome != Outcome::Pass).then_some(binding),
            offered_per_s: factor * 500.0,
            folder: "trials/01".to_owned(),
            ..Trial::default()
        }
    }

    fn record(conclusion: Option<Conclusion>) -> SearchRecord {
        let trials = vec![
            trial(1.0, Length::WarmUp, Outcome::Fail),
            trial(1.0, Length::Short, Outcome::Pass),
            trial(2.0, Length::Short, Outcome::Fail),
            trial(1.0, Length::Long, Outcome::Pass),
        ];
        SearchRecord {
            schema: CAPACITY_SCHEMA,
            profile: "orders".to_owned(),
            asked: String::new(),
            cluster_id: Some("abc".to_owned()),
            rules: Rules { start: 1.0, width: 1.0, least: 0.1, most: 100.0, most_trials: 40 },
            found: conclusion.map(|conclusion| Found::of(conclusion, &trials)),
            trials,
            headroom: None,
            sender: None,
            recovery: None,
        }
    }

    #[test]
    fn the_answer_comes_first_and_then_why() {
        let text = capacity(&record(Some(Conclusion::Between { lower: 1.0, upper: 2.0 })), Look::PLAIN);
        let told = "CAPACITY  500/s (1x) to 1,000/s (2x), 100.0 % apart\n  \
                    - at 2x, 1 of 1 trials fail: orders at output: end_to_end_p99 is 1.2 s (limit 1 s)\n  \
                    - at 1x, 2 of 2 trials pass\n\n\
                    orders on cluster abc, 4 trials\n";
        assert!(text.starts_with(told), "{text}");
        let warm_up = text.lines().find(|line| line.contains("warm-up")).unwrap();
        assert!(warm_up.trim_end().ends_with('–'), "{warm_up}");
    }

    #[test]
    fn a_search_without_an_end_says_how_it_goes_on() {
        assert!(capacity(&record(None), Look::PLAIN).starts_with("not finished: the same command goes on"));
        let open = capacity(&record(Some(Conclusion::AtLeast(1.0))), Look::PLAIN);
        assert!(open.starts_with("CAPACITY  at least 500/s (1x)\n"), "{open}");
    }
}
