//! Whether an interval still holds some time after it was found. A target may move: a JVM that grows faster or runs short of CPU, a neighbour, a
//! disk that fills. Both bounds are tried again, and one that does not hold is moved outwards until a trial agrees. Pure.

use super::known::MOST_INVALID;
use super::step::{Again, Conclusion, Rules, Step, Why};
use super::trial::{Length, Outcome, Trial};

/// What the search found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found {
    /// The lower and the upper bound.
    pub(super) bounds: [f64; 2],
    /// The loads of their trials.
    pub(super) tried: [f64; 2],
    /// By how much the target moves.
    pub(super) moves: f64,
    /// How long a trial must be to count.
    pub(super) length: Length,
}

/// So many trials to see it are enough.
const MOST_LATER: usize = 12;

/// The next of the trials that come later, or the end. `may_be_made` is how many trials the search has left.
pub(super) fn recheck(rules: &Rules, found: &Found, later: &[Trial], may_be_made: usize) -> Step {
    let [lower, upper] = found.bounds;
    let said_nothing = later.iter().rev().take_while(|trial| trial.outcome == Outcome::Invalid).count();
    let may_try = may_be_made > 0 && later.len() < MOST_LATER && said_nothing < MOST_INVALID;
    let try_at = |factor: f64, undecided: Conclusion| match may_try && (rules.least..=rules.most).contains(&factor) {
        true => Step::Try { factor, length: found.length, later: true },
        false => Step::End(if later.iter().any(contradicts(found)) { undecided } else { found.after(None) }),
    };
    let open = |lower, upper| Conclusion::Open { lower, upper, why: Why::TooManyTrials };
    let holds = match edge(lower, Outcome::Pass, rules.width, later) {
        Edge::Stands(holds) => holds,
        Edge::Unknown(factor) => return try_at(factor, open(None, Some(upper))),
    };
    // What fails at the lower bound fails at the upper one, too.
    let expected = if holds < lower { Edge::Stands(upper) } else { edge(upper, Outcome::Fail, rules.width, later) };
    match expected {
        Edge::Stands(fails) => Step::End(found.after(Some([holds, fails]))),
        Edge::Unknown(factor) => try_at(factor, open(Some(lower), None)),
    }
}

impl Found {
    /// The conclusion, with the bounds that later trials agree with, where there were any.
    fn after(&self, later: Option<[f64; 2]>) -> Conclusion {
        let [lower, upper] = later.unwrap_or(self.bounds);
        let [found_lower, found_upper] = self.bounds;
        let tried = [
            if lower < found_lower { lower } else { self.tried[0] },
            if upper > found_upper { upper } else { self.tried[1] },
        ];
        let hold = [lower >= found_lower, upper <= found_upper];
        let again = later.map(|_| Again { bounds: self.bounds, hold });
        Conclusion::Between { lower, upper, tried, moves: self.moves, again }
    }
}

/// Whether a trial says that the interval holds no longer.
fn contradicts(found: &Found) -> impl Fn(&Trial) -> bool {
    let [lower, upper] = found.bounds;
    move |trial| match trial.outcome {
        Outcome::Pass => trial.factor >= upper,
        Outcome::Fail => trial.factor <= lower,
        Outcome::Invalid => false,
    }
}

/// Where a bound is by the later trials.
enum Edge {
    /// They agree with it here.
    Stands(f64),
    /// This load is to be tried.
    Unknown(f64),
}

/// The first load from a bound outwards at which later trials say what they should. Each step is twice as large as the one before.
fn edge(bound: f64, expected: Outcome, width: f64, later: &[Trial]) -> Edge {
    let (mut load, mut step) = (bound, width);
    loop {
        match agree(load, expected, later) {
            Some(true) => return Edge::Stands(load),
            None => return Edge::Unknown(load),
            Some(false) => {
                load *= if expected == Outcome::Pass { 1.0 / (1.0 + step) } else { 1.0 + step };
                step *= 2.0;
            }
        }
    }
}

/// Whether the trials at a load say what they should, by the best of three: the first one, when it does.
fn agree(load: f64, expected: Outcome, later: &[Trial]) -> Option<bool> {
    let at = || later.iter().filter(|trial| trial.factor.total_cmp(&load).is_eq() && trial.outcome != Outcome::Invalid);
    let agree = at().filter(|trial| trial.outcome == expected).count();
    let differ = at().count() - agree;
    if agree > differ { Some(true) } else { (differ >= 2 && differ > agree).then_some(false) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules { start: 1.0, width: 0.05, least: 0.01, most: 100.0, most_trials: 40, recheck: true };
    const FOUND: Found = Found { bounds: [2.0, 2.1], tried: [2.0, 2.1], moves: 0.0, length: Length::Short };

    /// The end on a target of this capacity, and the loads of the trials.
    fn tried_again(capacity: f64, upsets: &[usize]) -> (Step, Vec<f64>) {
        let mut later = Vec::new();
        loop {
            match recheck(&RULES, &FOUND, &later, 40) {
                Step::Try { factor, length, later: is_later } => {
                    assert!(is_later);
                    let passes = (factor <= capacity) != upsets.contains(&later.len());
                    let outcome = if passes { Outcome::Pass } else { Outcome::Fail };
                    later.push(Trial { factor, length, outcome, later: true, ..Trial::default() });
                }
                end => return (end, later.iter().map(|trial| trial.factor).collect()),
            }
        }
    }

    fn interval(step: Step) -> [f64; 2] {
        let Step::End(Conclusion::Between { lower, upper, again, .. }) = step else { panic!("{step:?}") };
        let hold = [lower >= FOUND.bounds[0], upper <= FOUND.bounds[1]];
        assert_eq!(again, Some(Again { bounds: FOUND.bounds, hold }));
        [lower, upper]
    }

    #[test]
    fn a_still_target_takes_two_trials_more() {
        let (end, loads) = tried_again(2.05, &[]);
        assert_eq!((interval(end), loads), ([2.0, 2.1], vec![2.0, 2.1]));
    }

    #[test]
    fn one_accident_moves_no_bound() {
        let undisturbed = tried_again(2.05, &[]).0;
        assert_eq!(tried_again(2.05, &[0]).0, undisturbed);
        assert_eq!(tried_again(2.05, &[1]).0, undisturbed);
    }

    #[test]
    fn the_interval_grows_to_hold_what_the_target_takes_now() {
        for capacity in [0.9, 1.3, 1.7, 1.95, 2.15, 2.4, 3.0, 5.0] {
            let (end, loads) = tried_again(capacity, &[]);
            let [lower, upper] = interval(end);
            assert!(lower <= capacity && capacity <= upper, "{capacity}: {lower} to {upper}");
            assert!(lower <= 2.0 && 2.1 <= upper && loads.len() <= MOST_LATER, "{capacity}: {loads:?}");
        }
    }

    #[test]
    fn a_target_that_takes_nothing_any_more_leaves_no_lower_bound() {
        let end = Conclusion::Open { lower: None, upper: Some(2.1), why: Why::TooManyTrials };
        assert_eq!(tried_again(0.001, &[]).0, Step::End(end));
    }

    #[test]
    fn trials_that_say_nothing_leave_the_interval_as_it_was() {
        let nothing = Trial { factor: 2.0, outcome: Outcome::Invalid, later: true, ..Trial::default() };
        let end = recheck(&RULES, &FOUND, &[nothing.clone(), nothing.clone(), nothing], 40);
        assert_eq!(end, Step::End(FOUND.after(None)));
        assert_eq!(recheck(&RULES, &FOUND, &[], 0), Step::End(FOUND.after(None)));
    }
}
