//! A night as suites of cases: one for the night, and one for each place of each profile, with a case for each figure.

use super::suites::{Case, Document, Suite, plain};
use crate::nightly::{FigureDecision, NightDecision, NightFinding, ProfileNight};
use crate::nights::Judged;
use crate::report::formats::places::Outcome;
use crate::report::terminal::nightly::{answer, changed, headline, sentences};

/// The night as a document.
pub(super) fn document_of_night(decision: &NightDecision) -> Document {
    let class = format!("floodmark.{}", plain(&decision.suite));
    let facts = vec![("night", decision.night.clone()), ("figures", decision.judged.to_string())];
    let cases = std::iter::once(night_case(decision))
        .chain(decision.profiles.iter().map(|profile| profile_case(decision, profile)));
    let mut suites = vec![Suite { name: "night".to_owned(), class: class.clone(), facts, cases: cases.collect() }];
    for figure in &decision.figures {
        let name = place_name(figure);
        if suites.last().is_none_or(|suite| suite.name != name) {
            suites.push(Suite { class: format!("{class}.{name}"), name, facts: Vec::new(), cases: Vec::new() });
        }
        if let Some(suite) = suites.last_mut() {
            suite.cases.push(figure_case(figure));
        }
    }
    Document { name: format!("floodmark {}", decision.suite), time_s: None, started: None, suites }
}

/// The names of cases stay the same from night to night: a class is `floodmark.SUITE.PROFILE.STREAM.STAGE.PHASE`.
fn place_name(figure: &FigureDecision) -> String {
    let place = &figure.place;
    let parts = [&place.stream, &place.stage, &place.phase, &place.model].into_iter().flatten();
    std::iter::once(&figure.profile).chain(parts).map(|part| plain(part)).collect::<Vec<_>>().join(".")
}

fn night_case(decision: &NightDecision) -> Case {
    let (word, _) = headline(decision.finding);
    let lines = std::iter::once(format!("{word}: {}", answer(decision))).chain(sentences(decision));
    let outcome = match decision.finding {
        NightFinding::Quiet => Outcome::Passed,
        NightFinding::Regression | NightFinding::Limit => Outcome::Failed,
        NightFinding::Void | NightFinding::Suspect => Outcome::Erred,
    };
    Case { name: "night".to_owned(), outcome, kind: None, text: lines.collect::<Vec<_>>().join("\n") }
}

/// Whether a profile's runs say something, and kept its limits.
fn profile_case(decision: &NightDecision, profile: &ProfileNight) -> Case {
    let broken = decision.broken.iter().find(|broken| broken.profile == profile.name);
    let (outcome, text) = match broken {
        Some(broken) => {
            (Outcome::Failed, format!("{} of {} runs broke a limit: {}", broken.runs, broken.of, broken.text))
        }
        None if profile.counted == 0 => (Outcome::Erred, profile.void.join("\n")),
        None => (Outcome::Passed, format!("{} of {} runs count", profile.counted, profile.runs)),
    };
    Case { name: format!("limits of {}", profile.name), outcome, kind: None, text }
}

/// A figure that cannot be judged tonight is skipped: the night itself is the error then.
fn figure_case(figure: &FigureDecision) -> Case {
    let outcome = match figure.judged {
        Judged::Worse | Judged::StillWorse => Outcome::Failed,
        Judged::Better | Judged::Back | Judged::AsUsual => Outcome::Passed,
        Judged::TooFewNights | Judged::TooNoisy | Judged::Suspect | Judged::NotMeasured => Outcome::Skipped,
    };
    Case { name: figure.figure.clone(), outcome, kind: None, text: changed(figure) }
}

#[cfg(test)]
mod tests {
    use super::super::junit;
    use super::*;
    use crate::nightly::decision_examples::{quiet, worse};

    #[test]
    fn a_night_is_a_case_for_itself_one_for_each_profile_and_one_for_each_figure() {
        insta::assert_snapshot!(String::from_utf8(junit(&document_of_night(&worse())).unwrap()).unwrap());
    }

    #[test]
    fn failures_and_errors_agree_with_the_exit_code() {
        let counted = |decision: &NightDecision| {
            let document = document_of_night(decision);
            let of = |outcome| document.suites.iter().map(|suite| suite.count(outcome)).sum::<usize>();
            (of(Outcome::Failed) > 0, of(Outcome::Erred) > 0)
        };
        assert_eq!((quiet().finding.exit_code(), counted(&quiet())), (0, (false, false)));
        assert_eq!((worse().finding.exit_code(), counted(&worse())), (1, (true, false)));
        let mut void = quiet();
        (void.finding, void.profiles[0].counted) = (NightFinding::Void, 0);
        assert_eq!((void.finding.exit_code(), counted(&void)), (3, (false, true)));
    }
}
