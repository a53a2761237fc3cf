//! What comes next in a night: a run, a look at the machine, or the question whether more runs are needed. It follows from what was done alone, so
//! a night that was killed goes on where it was.

use super::record::NightRecord;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Next {
    /// The machine is looked at.
    Probe,
    /// A profile runs.
    Run(Turn),
    /// Which profiles are suspected, so that they run more often?
    Ask,
    /// Nothing: the night can be judged.
    Nothing,
}

/// A run to make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Which profile, from 0.
    pub(crate) profile: usize,
    /// Which of its repetitions, from 1.
    pub(crate) number: u32,
    /// Whether the run of this repetition was void.
    pub(crate) is_again: bool,
}

/// Looks at the machine before, between and after the runs.
const PROBES: usize = 3;
/// A void run is made once more.
const TRIES: usize = 2;

/// What comes next.
#[must_use]
pub(crate) fn next(record: &NightRecord) -> Next {
    if record.probes.is_empty() {
        return Next::Probe;
    }
    let planned = planned(record);
    let is_open = |turn: &&Turn| tries(record, turn).is_some();
    let open = planned.iter().find(is_open).filter(|_| record.cut_short.is_none());
    let done = planned.iter().filter(|turn| tries(record, turn).is_none()).count();
    if record.probes.len() < 2 && (open.is_none() || done >= planned.len().div_ceil(2)) {
        return Next::Probe;
    }
    if let Some(turn) = open {
        return Next::Run(Turn { is_again: tries(record, turn) == Some(1), ..*turn });
    }
    if record.suspected.is_none() && record.cut_short.is_none() {
        return Next::Ask;
    }
    if record.probes.len() < PROBES { Next::Probe } else { Next::Nothing }
}

/// How many runs are still to be made, as far as is known.
#[must_use]
pub(crate) fn left(record: &NightRecord) -> Vec<usize> {
    planned(record).iter().filter(|turn| tries(record, turn).is_some()).map(|turn| turn.profile).collect()
}

/// Every repetition, one of each profile in turn: what disturbs the machine for a while disturbs all of them. Those on suspicion come last.
fn planned(record: &NightRecord) -> Vec<Turn> {
    let most = record.profiles.iter().map(|profile| profile.repetitions).max().unwrap_or(0);
    let suspected = record.suspected.as_deref().unwrap_or_default();
    let turns = |numbers: std::ops::Range<usize>, more: bool| {
        numbers.flat_map(move |number| {
            let runs = record.profiles.iter().enumerate().filter_map(move |(profile, asked)| {
                let number = if more { number + asked.repetitions } else { number };
                let is_due = number < if more { 2 * asked.repetitions } else { asked.repetitions };
                let is_due = is_due && (!more || suspected.contains(&profile));
                is_due.then_some(Turn { profile, number: number as u32 + 1, is_again: false })
            });
            runs.collect::<Vec<_>>()
        })
    };
    turns(0..most, false).chain(turns(0..most, true)).collect()
}

/// How often a repetition was tried; none when it is done: a run counts, or it was void too often.
fn tries(record: &NightRecord, turn: &Turn) -> Option<usize> {
    let runs = record.runs.iter().filter(|run| run.profile == turn.profile && run.repetition.number == turn.number);
    let (tried, counts) = runs.fold((0, false), |(tried, counts), run| (tried + 1, counts || run.repetition.counts));
    (!counts && tried < TRIES).then_some(tried)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::examples::{night_of, probed, ran};
    use super::*;

    /// Does all that comes next; the runs whose place is in `void` say nothing. Gives what was done, as text.
    fn lived(record: &mut NightRecord, void: &[usize], suspected: &[usize]) -> Vec<String> {
        let mut done = Vec::new();
        loop {
            match next(record) {
                Next::Probe => {
                    probed(record);
                    done.push("probe".to_owned());
                }
                Next::Run(turn) => {
                    ran(record, turn.profile, turn.number, !void.contains(&record.runs.len()));
                    done.push(format!("{}{}{}", turn.profile, turn.number, if turn.is_again { " again" } else { "" }));
                }
                Next::Ask => record.suspected = Some(suspected.to_vec()),
                Next::Nothing => return done,
            }
        }
    }

    #[test]
    fn profiles_take_turns_between_looks_at_the_machine() {
        assert_eq!(lived(&mut night_of(&[2, 2]), &[], &[]), ["probe", "01", "11", "probe", "02", "12", "probe"]);
        assert_eq!(lived(&mut night_of(&[1]), &[], &[]), ["probe", "01", "probe", "probe"]);
    }

    #[test]
    fn a_void_run_is_made_once_more_and_a_suspected_profile_runs_twice_as_often() {
        assert_eq!(lived(&mut night_of(&[2]), &[0], &[]), ["probe", "01", "01 again", "probe", "02", "probe"]);
        assert_eq!(lived(&mut night_of(&[1]), &[0, 1], &[]), ["probe", "01", "01 again", "probe", "probe"]);
        assert_eq!(lived(&mut night_of(&[2, 1]), &[], &[0])[5..], ["03", "04", "probe"]);
    }

    #[test]
    fn a_night_that_is_cut_short_ends_with_a_look_at_the_machine() {
        let mut record = night_of(&[3]);
        probed(&mut record);
        ran(&mut record, 0, 1, true);
        record.cut_short = Some("the budget is spent".to_owned());
        assert_eq!(lived(&mut record, &[], &[]), ["probe", "probe"]);
    }

    proptest! {
        /// Killed after any step and read again from its file, a night does what it would have done.
        #[test]
        fn a_night_goes_on_where_it_was(counts in prop::collection::vec(1..4_usize, 1..4), void in prop::collection::vec(0..12_usize, 0..4), stop in 0..20_usize) {
            let suspected = [0];
            let whole = lived(&mut night_of(&counts), &void, &suspected);
            let mut record = night_of(&counts);
            let mut before = Vec::new();
            for _ in 0..stop {
                match next(&record) {
                    Next::Probe => { probed(&mut record); before.push("probe".to_owned()); }
                    Next::Run(turn) => {
                        let counts = !void.contains(&record.runs.len());
                        ran(&mut record, turn.profile, turn.number, counts);
                        before.push(format!("{}{}{}", turn.profile, turn.number, if turn.is_again { " again" } else { "" }));
                    }
                    Next::Ask => record.suspected = Some(suspected.to_vec()),
                    Next::Nothing => break,
                }
            }
            let mut again: NightRecord = serde_json::from_str(&serde_json::to_string(&record).unwrap()).unwrap();
            before.extend(lived(&mut again, &void, &suspected));
            prop_assert_eq!(before, whole);
        }
    }
}
