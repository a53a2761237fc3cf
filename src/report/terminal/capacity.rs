//! A search for a capacity: a line for each trial, and at the end what was found.

mod knee;
pub(crate) mod words;

use super::paint::{Look, paint};
use super::tables::{line, plain_table, push_table, push_wrapped};
use crate::capacity::{Length, Outcome, SearchRecord, Trial};
use crate::figures::{count, latency, rate};
use crate::profile::Span;
use words::{
    afterwards, answer, bounds_so_far, by_load, headline, headroom, kind, length, outcome, sentences, standing, times,
    trials,
};

/// A line of a trial that begins, after those before it.
#[must_use]
pub(crate) fn begun_line(number: usize, factor: f64, of: Length, lasts: Span, before: &[Trial]) -> String {
    let so_far = bounds_so_far(before).map(|bounds| format!("; so far {bounds}")).unwrap_or_default();
    format!("trial {number}, {}, {} for {lasts}{so_far} …", length(of), times(factor))
}

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
    format!("trial {number}, {}, {offered} ({}): {said}{because}", kind(trial), times(trial.factor))
}

/// What a person reads of a search.
#[must_use]
pub(crate) fn capacity(record: &SearchRecord, look: Look) -> String {
    let mut text = String::new();
    let (word, ink) = headline(record);
    line(&mut text, &format!("{}  {}", paint(word, ink, look), answer(record)));
    for sentence in sentences(record) {
        push_wrapped(&mut text, &sentence, look.width);
    }
    if let Some(of) = &record.headroom {
        let (word, ink) = standing(of.standing);
        line(&mut text, &format!("{}  {}", paint(word, ink, look), headroom(of)));
    }
    for sentence in afterwards(record) {
        push_wrapped(&mut text, &sentence, look.width);
    }
    if let Some(knee) = knee::knee(record, look.width) {
        text.push('\n');
        text.push_str(&knee);
    }
    line(&mut text, "");
    line(&mut text, &facts(record));
    push_trials(&mut text, record);
    text
}

/// What was searched, and where.
#[must_use]
pub(crate) fn facts(record: &SearchRecord) -> String {
    let cluster = record.cluster_id.as_deref().unwrap_or("that was not reached");
    format!("{} on cluster {cluster}, {}", record.profile, trials(record.trials.len()))
}

/// The trials by their load.
fn push_trials(text: &mut String, record: &SearchRecord) {
    if record.trials.is_empty() {
        return;
    }
    let mut table = plain_table(8, 0..5);
    table.add_row(["load", "offered", "p50", "p99", "waiting", "trial", "", ""]);
    for (_, trial) in by_load(record) {
        table.add_row(cells(trial));
    }
    push_table(text, &table);
}

/// A trial's row: load, offered, p50, p99, waiting, length, outcome, what it broke.
#[must_use]
pub(crate) fn cells(trial: &Trial) -> [String; 8] {
    let because = trial.because.as_ref().filter(|_| trial.length != Length::WarmUp);
    let what = because.map(|binding| binding.what.clone()).unwrap_or_default();
    let worst = trial.worst.as_ref();
    let none = || "–".to_owned();
    let figure = |ms: Option<f64>| ms.map_or_else(none, latency);
    [
        times(trial.factor),
        rate(trial.offered_per_s),
        figure(worst.map(|worst| worst.p50_ms)),
        figure(worst.map(|worst| worst.p99_ms)),
        worst.and_then(|worst| worst.most_waiting).map_or_else(none, count),
        kind(trial),
        outcome(trial).to_owned(),
        what,
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::Conclusion;
    use crate::capacity::examples::{found, record, trial, with_afterwards};

    #[test]
    fn the_answer_comes_first_and_then_why() {
        insta::assert_snapshot!(capacity(&with_afterwards(), Look::PLAIN));
    }

    #[test]
    fn what_is_needed_stands_beside_what_is_confirmed() {
        let line =
            |need| capacity(&found(need), Look::PLAIN).lines().find(|line| line.contains("needed")).unwrap().to_owned();
        assert_eq!(line("1.5x"), "GREEN  2x is confirmed, 1.5x the peak (1,500/s) is needed: 33 % to spare");
        assert_eq!(
            line("1.9x"),
            "AMBER  2x is confirmed, 1.9x the peak (1,900/s) is needed: 5 % to spare, less than 20 %"
        );
        assert_eq!(
            line("2.05x"),
            "AMBER  2x is confirmed, 2.05x the peak (2,050/s) is needed: the last 2 % are undecided"
        );
        assert_eq!(line("4x"), "RED  2x is confirmed, 4x the peak (4,000/s) is needed: 50 % too little");
    }

    #[test]
    fn a_search_without_an_end_says_how_far_it_came_and_how_it_goes_on() {
        let text = |trials| capacity(&record(trials, None), Look::PLAIN);
        assert!(
            text(vec![]).starts_with("NOT FINISHED  no trial is over yet\n  - the same command"),
            "{}",
            text(vec![])
        );
        let two = text(vec![trial(1.0, Length::Short, Outcome::Pass), trial(2.0, Length::Short, Outcome::Fail)]);
        assert!(two.starts_with("NOT FINISHED  so far 1x passes, 2x fails\n"), "{two}");
        let open = capacity(
            &record(vec![trial(1.0, Length::Long, Outcome::Pass)], Some(Conclusion::AtLeast(1.0))),
            Look::PLAIN,
        );
        assert!(open.starts_with("CAPACITY  at least 1,000/s (1x)\n"), "{open}");
    }

    #[test]
    fn a_trial_that_begins_says_how_long_it_takes_and_what_is_known() {
        let before = [trial(1.0, Length::Short, Outcome::Pass)];
        let line = |before| begun_line(3, 2.0, Length::Short, Span::from_secs(12), before);
        assert_eq!(line(&before[..]), "trial 3, short, 2x for 12s; so far 1x passes …");
        assert_eq!(line(&[]), "trial 3, short, 2x for 12s …");
    }
}
