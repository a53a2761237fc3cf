//! The search: which trial comes next, given those that were made. A pure function, so a search goes on from the trials that it has.
//!
//! In the manner of the Multiple Loss Ratio search (RFC 9971): a load is a lower bound when most of its trials pass and an upper bound when
//! most of them fail; short trials narrow the interval, a long one confirms its lower end. Here a trial passes or fails by all limits of the
//! profile together, loads are multiples of the profile's rates, and the interval is halved on a logarithmic scale.

use super::known::{Known, MOST_INVALID};
use super::recheck::{Found, recheck};
use super::step::{Conclusion, Rules, Step, Why};
use super::trial::{Length, Outcome, Trial};

/// The trial that comes next, or the end.
#[must_use]
pub(crate) fn next(rules: &Rules, trials: &[Trial]) -> Step {
    let (first, later) = trials.split_at(trials.iter().take_while(|trial| !trial.later).count());
    match searched(rules, first) {
        Step::End(Conclusion::Between { lower, upper, tried, moves, .. }) if rules.recheck => {
            let found = Found { bounds: [lower, upper], tried, moves, length: Known::of(first).length() };
            match recheck(rules, &found, later, rules.most_trials.saturating_sub(trials.len())) {
                Step::End(conclusion) => Step::End(Known::of(trials).as_it_moves(trials, conclusion)),
                step => step,
            }
        }
        step => step,
    }
}

/// The end as it is before the bounds are tried again; none while the search goes on.
#[must_use]
pub(crate) fn found_first(rules: &Rules, trials: &[Trial]) -> Option<Conclusion> {
    let first = trials.iter().take_while(|trial| !trial.later).count();
    match searched(rules, &trials[..first]) {
        Step::End(conclusion) => Some(conclusion),
        Step::Try { .. } => None,
    }
}

/// The trial that comes next until the interval is found.
fn searched(rules: &Rules, trials: &[Trial]) -> Step {
    if !trials.iter().any(|trial| trial.length == Length::WarmUp) {
        return Step::Try { factor: rules.start, length: Length::WarmUp, later: false };
    }
    let known = Known::of(trials);
    let step = match once_again(trials) {
        Again::GiveUp => return known.open(Why::Invalid),
        Again::Repeat(step) => step,
        Again::No => known.settle(rules, trials),
    };
    if let Step::Try { factor, .. } = step
        && known.unsendable.is_some_and(|unsendable| factor >= unsendable)
    {
        return known.open(Why::Invalid);
    }
    match step {
        Step::Try { .. } if trials.len() >= rules.most_trials => known.open(Why::TooManyTrials),
        step => step,
    }
}

/// Where the capacity may be by the trials that were made: the highest load that passes, and the lowest that fails.
#[must_use]
pub(crate) fn so_far(trials: &[Trial]) -> (Option<f64>, Option<f64>) {
    let known = Known::of(trials);
    (known.lower().map(|load| load.factor), known.upper().map(|load| load.factor))
}

enum Again {
    No,
    Repeat(Step),
    GiveUp,
}

/// A trial that said nothing is made again.
fn once_again(trials: &[Trial]) -> Again {
    let counted = || trials.iter().rev().filter(|trial| trial.length != Length::WarmUp);
    let Some(last) = counted().next().filter(|last| last.outcome == Outcome::Invalid) else { return Again::No };
    let in_a_row = counted().take_while(|trial| trial.outcome == Outcome::Invalid).count();
    if in_a_row >= MOST_INVALID {
        // What this machine cannot send ends no search: there is something to be known below it.
        let is_the_machine = counted().take(in_a_row).all(|trial| trial.sender_late);
        return if is_the_machine { Again::No } else { Again::GiveUp };
    }
    Again::Repeat(Step::Try { factor: last.factor, length: last.length, later: false })
}
