//! What an accepted change comes to: the alarms that are over, and those that are left.

use super::words::by;
use crate::compare::words::{in_one_line, one_line};
use crate::history::Accepted;
use crate::nightly::{FigureDecision, NightDecision};
use crate::nights::Judged;
use crate::report::terminal::compare::place_title;
use crate::report::terminal::paint::{Ink, Look, paint};
use crate::report::terminal::tables::{line, push_wrapped};

/// What a person reads of it. `before` and `after` are the decisions of the last night.
#[must_use]
pub(crate) fn accepted_change(
    accepted: &Accepted,
    before: &NightDecision,
    after: &NightDecision,
    look: Look,
) -> String {
    let mut text = String::new();
    let (word, since) = (paint("ACCEPTED", Ink::Good, look), one_line(&accepted.since));
    line(&mut text, &format!("{word}  from night {since} on: {}", in_one_line(&accepted.why)));
    for sentence in sentences(before, after) {
        push_wrapped(&mut text, &sentence, look.width);
    }
    text
}

fn sentences(before: &NightDecision, after: &NightDecision) -> Vec<String> {
    let alarms: Vec<&FigureDecision> = before.figures.iter().filter(|figure| figure.is_worse()).collect();
    if alarms.is_empty() {
        return vec![format!(
            "No figure was worse in night {}, so no alarm ends; what comes from the accepted night on is compared with itself.",
            one_line(&before.night)
        )];
    }
    alarms.into_iter().map(|alarm| outcome(alarm, after)).collect()
}

fn outcome(alarm: &FigureDecision, after: &NightDecision) -> String {
    let is_same =
        |of: &&FigureDecision| of.profile == alarm.profile && of.place == alarm.place && of.figure == alarm.figure;
    let now = after.figures.iter().find(is_same);
    let what = format!("{}, {}: {}", one_line(&alarm.profile), place_title(&alarm.place), one_line(&alarm.figure));
    let by = by(alarm.by);
    match now.map(|now| now.judged) {
        Some(Judged::Worse | Judged::StillWorse) => format!("{what} is still worse: {by}."),
        Some(Judged::TooFewNights) => {
            format!(
                "{what} ({by}) is no alarm any more; it is judged again once there are three nights of the new usual."
            )
        }
        _ => format!("{what} ({by}) is no alarm any more."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::Thresholds;
    use crate::nightly::decide;
    use crate::nightly::examples::eventful;

    #[test]
    fn an_alarm_that_is_over_is_named_and_one_that_is_left_too() {
        let (lines, _) = eventful();
        let last = lines.last().unwrap().night.clone();
        let decided = |accepted: &[Accepted]| decide(&lines, accepted, &last, &Thresholds::of(&[])).0;
        let before = decided(&[]);
        assert!(before.figures.iter().any(FigureDecision::is_worse));
        let accepted = |figure: &str, since: usize| Accepted {
            since: lines[since].night.clone(),
            profile: None,
            figure: Some(figure.to_owned()),
            why: "acks=all".to_owned(),
            ..eventful().1[0].clone()
        };
        let said = |accepted: Accepted| {
            let after = decided(std::slice::from_ref(&accepted));
            accepted_change(&accepted, &before, &after, Look::PLAIN)
        };
        let over = said(accepted("end_to_end_p99", 26));
        assert!(over.starts_with("ACCEPTED  from night 2030-01-27 on: acks=all\n"), "{over}");
        assert!(over.contains("profile-0, orders: end_to_end_p99 (+31 %) is no alarm any more."), "{over}");
        let left = said(accepted("delivered_per_s", 26));
        assert!(left.contains("end_to_end_p99 is still worse: +31 %."), "{left}");
        let none = accepted_change(
            &accepted("end_to_end_p99", 26),
            &decided(&[accepted("end_to_end_p99", 26)]),
            &before,
            Look::PLAIN,
        );
        assert!(none.contains("No figure was worse in night"), "{none}");
    }
}
