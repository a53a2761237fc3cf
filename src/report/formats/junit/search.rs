//! A search as one suite: a case for the capacity, and one for what is needed.

use super::suites::{Case, Document, Suite, plain};
use crate::capacity::{Bound, Ended, Headroom, Recovery, SearchRecord, SenderReach, Standing};
use crate::report::formats::places::Outcome;
use crate::report::terminal::capacity::words::{answer, headline, headroom, recovery, sender, sentences, standing};

/// The search as a document.
pub(super) fn document_of_search(record: &SearchRecord) -> Document {
    let of_need = record.headroom.as_ref().map(need_case);
    let afterwards = record.recovery.iter().map(recovery_case).chain(record.sender.iter().map(sender_case));
    let cases = std::iter::once(capacity_case(record)).chain(of_need).chain(afterwards).collect();
    let suite = Suite {
        name: "capacity".to_owned(),
        class: format!("floodmark.{}.capacity", plain(&record.profile)),
        facts: facts(record),
        cases,
    };
    Document { name: format!("floodmark {}", record.profile), time_s: None, started: None, suites: vec![suite] }
}

/// The figures that are worth a history.
fn facts(record: &SearchRecord) -> Vec<(&'static str, String)> {
    let bounds = |names: [&'static str; 2], bound: Option<&Bound>| {
        let of = |bound: &Bound| {
            let [factor, offered] = names;
            [(factor, bound.factor.to_string()), (offered, bound.offered_per_s.to_string())]
        };
        bound.map(of).into_iter().flatten().collect::<Vec<_>>()
    };
    let found = record.found.as_ref();
    let mut facts: Vec<(&'static str, String)> = record.cluster_id.iter().map(|id| ("cluster", id.clone())).collect();
    facts.push(("trials", record.trials.len().to_string()));
    facts.extend(bounds(["lower_factor", "lower_per_s"], found.and_then(|found| found.lower.as_ref())));
    facts.extend(bounds(["upper_factor", "upper_per_s"], found.and_then(|found| found.upper.as_ref())));
    facts.extend(found.and_then(|found| found.binding.as_ref()).map(|binding| ("binding", binding.what.clone())));
    facts
}

fn capacity_case(record: &SearchRecord) -> Case {
    let (word, _) = headline(record);
    let lines = std::iter::once(format!("{word}: {}", answer(record))).chain(sentences(record));
    let outcome = match record.found.as_ref().map(|found| found.ended) {
        Some(Ended::Found | Ended::AtLeast | Ended::SenderLimit) => Outcome::Passed,
        Some(Ended::Below | Ended::NotTheLoad | Ended::TooManyTrials | Ended::NoValidTrial) | None => Outcome::Erred,
    };
    Case { name: "capacity".to_owned(), outcome, kind: None, text: lines.collect::<Vec<_>>().join("\n") }
}

/// Only red is a failure: what is needed may be there at amber.
fn need_case(of: &Headroom) -> Case {
    let outcome = match of.standing {
        Standing::Red => Outcome::Failed,
        Standing::Green | Standing::Amber => Outcome::Passed,
    };
    let (word, _) = standing(of.standing);
    Case { name: "need".to_owned(), outcome, kind: None, text: format!("{word}: {}", headroom(of)) }
}

/// How long recovery may take is for no search to judge.
fn recovery_case(of: &Recovery) -> Case {
    let outcome = if of.gone_after_s.is_some() { Outcome::Passed } else { Outcome::Skipped };
    Case { name: "recovery".to_owned(), outcome, kind: None, text: recovery(of) }
}

fn sender_case(of: &SenderReach) -> Case {
    let outcome = if of.kept_up { Outcome::Passed } else { Outcome::Skipped };
    Case { name: "sender".to_owned(), outcome, kind: None, text: sender(of) }
}

#[cfg(test)]
mod tests {
    use super::super::junit;
    use super::*;
    use crate::capacity::examples::{record, trial, with_afterwards};
    use crate::capacity::{Conclusion, Length};
    use crate::verdict::Verdict;

    #[test]
    fn a_search_is_a_case_for_the_capacity_and_one_for_the_need() {
        insta::assert_snapshot!(String::from_utf8(junit(&document_of_search(&with_afterwards())).unwrap()).unwrap());
    }

    #[test]
    fn cases_agree_with_the_verdict() {
        let trials = || vec![trial(1.0, Length::Long, crate::capacity::Outcome::Pass)];
        let open = || Conclusion::Between { lower: 1.0, upper: 1.0, tried: [1.0, 1.0], moves: 0.0, again: None };
        let ended = [
            Some(Ended::Found),
            Some(Ended::AtLeast),
            Some(Ended::SenderLimit),
            Some(Ended::Below),
            Some(Ended::NotTheLoad),
            Some(Ended::TooManyTrials),
            Some(Ended::NoValidTrial),
            None,
        ];
        let standings = [None, Some(Standing::Green), Some(Standing::Amber), Some(Standing::Red)];
        for (ended, standing) in ended.into_iter().flat_map(|ended| standings.map(|standing| (ended, standing))) {
            let mut record = record(trials(), ended.map(|_| open()));
            record.found.iter_mut().zip(ended).for_each(|(found, ended)| found.ended = ended);
            record.headroom = standing.map(|standing| Headroom {
                need: 3.0,
                text: String::new(),
                need_per_s: 3000.0,
                standing,
                of_need: None,
            });
            let suite = &document_of_search(&record).suites[0];
            let [failed, erred] = [Outcome::Failed, Outcome::Erred].map(|outcome| suite.count(outcome) > 0);
            match record.verdict() {
                Verdict::Fail => assert!(failed, "{ended:?} {standing:?}"),
                Verdict::Void => assert!(erred && !failed, "{ended:?} {standing:?}"),
                Verdict::Pass => assert!(!erred && !failed, "{ended:?} {standing:?}"),
                Verdict::Part => panic!("{ended:?} {standing:?}"),
            }
        }
    }
}
