//! Finds what may be wrong in a series and, if the policy says how, repairs it: order, repetition, the future, values below 0, and gaps.

use super::{
    Duplicates, Findings, Future, Gaps, ImportError, Kind, Negative, Place, Policy, Unsorted, Values, layout::Layout,
    policy::word_of, series::Sample,
};
use crate::curve::moment_text;

/// Sorts the samples by time, those of one moment in the order of the file. Continues
/// after a finding that stops the import, to find the others.
pub(super) fn sort(samples: &mut [Sample], ordered: bool, policy: &Policy, findings: &mut Findings) {
    if samples.is_sorted_by_key(|sample| sample.at_ms) {
        return;
    }
    if ordered {
        note_disorder(samples, policy, findings);
    }
    samples.sort_by_key(|sample| sample.at_ms);
}

fn note_disorder(samples: &[Sample], policy: &Policy, findings: &mut Findings) {
    let stops = policy.unsorted == Unsorted::Fail;
    let then = if stops { "add --unsorted sort to put the rows in order" } else { "put in order" };
    if samples.is_sorted_by(|earlier, later| earlier.at_ms > later.at_ms) {
        let place = samples.get(1).map(|sample| sample.place);
        return findings.note(Kind::Unsorted, place, "the newest rows come first", then, stops);
    }
    let mut latest = samples[0].at_ms;
    for pair in samples.windows(2) {
        if pair[1].at_ms < pair[0].at_ms {
            let what = || {
                let over = if pair[1].at_ms <= latest { ", before earlier rows" } else { "" };
                format!("goes back from {} to {}{over}", moment_text(pair[0].at_ms), moment_text(pair[1].at_ms))
            };
            findings.note_with(Kind::Unsorted, pair[1].place, what, then, stops);
        }
        latest = latest.max(pair[1].at_ms);
    }
}

/// Merges the samples with the same timestamp.
pub(super) fn unite(
    samples: &mut Vec<Sample>,
    values: Values,
    policy: &Policy,
    findings: &mut Findings,
) -> Result<(), ImportError> {
    let stops = policy.duplicates == Duplicates::Fail;
    let then = if stops {
        "add --duplicates sum, first or last".to_owned()
    } else {
        format!("taken: {}", word_of(&policy.duplicates))
    };
    let mut kept: Vec<Sample> = Vec::with_capacity(samples.len());
    for sample in samples.drain(..) {
        let Some(before) = kept.last_mut().filter(|before| before.at_ms == sample.at_ms) else {
            kept.push(sample);
            continue;
        };
        if values == Values::Counter && policy.duplicates == Duplicates::Sum {
            return Err(ImportError::SumOfTotals);
        }
        let what = || format!("{} again, as in {}", moment_text(sample.at_ms), before.place);
        findings.note_with(Kind::Duplicate, sample.place, what, &then, stops);
        *before = united(*before, sample, policy.duplicates);
    }
    *samples = kept;
    Ok(())
}

/// Merges two rows that fall into one bucket. Rates and totals of two rows cannot be summed.
pub(super) fn two_in_a_bucket(
    before: f64,
    sample: &Sample,
    earlier: Place,
    layout: &Layout<'_>,
    findings: &mut Findings,
) -> f64 {
    let duplicates = layout.options.policy.duplicates;
    let counts = layout.values == Values::Counts;
    let stops = duplicates == Duplicates::Fail || (duplicates == Duplicates::Sum && !counts);
    let then = match (stops, counts) {
        (true, true) => "add --duplicates sum, first or last, or set longer buckets with --step".to_owned(),
        (true, false) => "add --duplicates first or last, or set longer buckets with --step".to_owned(),
        (false, _) => format!("taken: {}", word_of(&duplicates)),
    };
    let what = || format!("{} falls into the bucket of {earlier}", moment_text(sample.at_ms));
    findings.note_with(Kind::Duplicate, sample.place, what, &then, stops);
    united(Sample { value: before, ..*sample }, *sample, duplicates).value
}

/// A sample without a number gives way to one with a number.
fn united(before: Sample, sample: Sample, duplicates: Duplicates) -> Sample {
    match (before.value.is_nan(), sample.value.is_nan(), duplicates) {
        (_, true, _) => before,
        (true, false, _) | (_, _, Duplicates::Last) => sample,
        (_, _, Duplicates::Sum) => Sample { value: before.value + sample.value, ..before },
        (_, _, Duplicates::First | Duplicates::Fail) => before,
    }
}

/// Records samples in the future.
pub(super) fn look_ahead(samples: &[Sample], now_unix_ms: i64, policy: &Policy, findings: &mut Findings) {
    let stops = policy.future == Future::Fail;
    let then = if stops { "check the unit and the zone, or add --future keep" } else { "kept" };
    let later = samples.partition_point(|sample| sample.at_ms <= now_unix_ms);
    for sample in &samples[later..] {
        findings.note_with(
            Kind::Future,
            sample.place,
            || format!("{} is in the future", moment_text(sample.at_ms)),
            then,
            stops,
        );
    }
}

/// Records samples without a number, and those below 0, which no count or rate can be.
pub(super) fn look_at_values(samples: &mut [Sample], values: Values, policy: &Policy, findings: &mut Findings) {
    let gaps = gap_policy(policy);
    let negative = match policy.negative {
        Negative::Fail => "add --negative zero or --negative gap, or --values counter if it is a running total",
        Negative::Zero => "taken as 0",
        Negative::Gap => "taken as a gap",
    };
    for sample in samples {
        if sample.value < 0.0 && values != Values::Counter {
            let what = || format!("{} is below 0", sample.value);
            findings.note_with(Kind::Negative, sample.place, what, negative, policy.negative == Negative::Fail);
            sample.value = if policy.negative == Negative::Gap { f64::NAN } else { 0.0 };
        } else if sample.value.is_nan() {
            let what = || format!("no number for {}", moment_text(sample.at_ms));
            findings.note_with(Kind::NoNumber, sample.place, what, &gaps, policy.gaps == Gaps::Fail);
        }
    }
}

/// What is done about gaps, or what to do.
pub(super) fn gap_policy(policy: &Policy) -> String {
    match policy.gaps {
        Gaps::Fail => "add --gaps zero, hold or interpolate".to_owned(),
        other => format!("filled: {}", word_of(&other)),
    }
}

/// Fills the buckets that are NaN, and returns how many there were. At the ends, `hold` and `interpolate` both take the nearest count.
pub(super) fn fill(counts: &mut [f64], gaps: Gaps) -> usize {
    let mut filled = 0;
    let mut from = 0;
    while let Some(offset) = counts[from..].iter().position(|count| count.is_nan()) {
        let start = from + offset;
        let end =
            counts[start..].iter().position(|count| !count.is_nan()).map_or(counts.len(), |length| start + length);
        let before = start.checked_sub(1).and_then(|before| counts.get(before).copied());
        let after = counts.get(end).copied();
        let (left, right) = (before.or(after).unwrap_or(0.0), after.or(before).unwrap_or(0.0));
        let length = (end - start + 1) as f64;
        for (place, count) in counts[start..end].iter_mut().enumerate() {
            *count = match gaps {
                Gaps::Hold => left,
                Gaps::Zero | Gaps::Fail => 0.0,
                Gaps::Interpolate => left + (right - left) * (place + 1) as f64 / length,
            };
        }
        filled += end - start;
        from = end;
    }
    filled
}

/// The events between the values of a running total, one bucket fewer than values; and how many buckets share a number that is known only
/// for several of them. A fall is a restart from 0.
pub(super) fn differences(totals: &[f64], gaps: Gaps, mut reset: impl FnMut(usize, f64, f64)) -> (Vec<f64>, usize) {
    let mut counts = vec![f64::NAN; totals.len().saturating_sub(1)];
    let mut shared = 0;
    let known: Vec<usize> = (0..totals.len()).filter(|place| !totals[*place].is_nan()).collect();
    for pair in known.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        let (before, now) = (totals[from], totals[to]);
        if now < before {
            reset(to, before, now);
        }
        let events = if now < before { now.max(0.0) } else { now - before };
        let buckets = to - from;
        if buckets > 1 {
            shared += buckets;
        }
        match gaps {
            // The events during the gap are known only as a sum, and were first seen at its end.
            Gaps::Zero => {
                counts[from..to].fill(0.0);
                counts[to - 1] = events;
            }
            Gaps::Fail | Gaps::Hold | Gaps::Interpolate => counts[from..to].fill(events / buckets as f64),
        }
    }
    (counts, shared)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NAN: f64 = f64::NAN;

    fn filled(counts: &[f64], gaps: Gaps) -> Vec<f64> {
        let mut counts = counts.to_vec();
        fill(&mut counts, gaps);
        counts
    }

    #[test]
    fn a_gap_is_filled_as_the_policy_says() {
        let counts = [NAN, 4.0, NAN, NAN, 10.0, NAN];
        assert_eq!(filled(&counts, Gaps::Zero), [0.0, 4.0, 0.0, 0.0, 10.0, 0.0]);
        assert_eq!(filled(&counts, Gaps::Hold), [4.0, 4.0, 4.0, 4.0, 10.0, 10.0]);
        assert_eq!(filled(&counts, Gaps::Interpolate), [4.0, 4.0, 6.0, 8.0, 10.0, 10.0]);
    }

    #[test]
    fn a_running_total_gives_its_differences_and_a_fall_is_a_restart() {
        let mut resets = Vec::new();
        let totals = [5.0, 8.0, NAN, 14.0, 2.0];
        let (counts, shared) = differences(&totals, Gaps::Hold, |place, from, to| resets.push((place, from, to)));
        assert_eq!((counts, shared, resets), (vec![3.0, 3.0, 3.0, 2.0], 2, vec![(4, 14.0, 2.0)]));
        assert_eq!(differences(&totals, Gaps::Zero, |_, _, _| {}).0, [3.0, 0.0, 6.0, 2.0]);
    }

    proptest! {
        #[test]
        fn filling_leaves_what_is_known_and_stays_between_the_neighbours(
            counts in prop::collection::vec(prop_oneof![Just(NAN), 0.0..100.0], 1..40),
            gaps in prop_oneof![Just(Gaps::Hold), Just(Gaps::Zero), Just(Gaps::Interpolate)],
        ) {
            let highest = counts.iter().copied().filter(|count| !count.is_nan()).fold(0.0, f64::max);
            for (before, after) in counts.iter().zip(filled(&counts, gaps)) {
                prop_assert!(before.is_nan() || (*before - after).abs() < 1e-12);
                prop_assert!((0.0..=highest + 1e-9).contains(&after));
            }
        }

        #[test]
        fn a_running_total_keeps_its_mass(
            steps in prop::collection::vec(0.0..100.0, 2..40),
            missing in prop::collection::vec(any::<bool>(), 40),
            gaps in prop_oneof![Just(Gaps::Hold), Just(Gaps::Zero)],
        ) {
            let mut totals: Vec<f64> = steps.iter().scan(7.0, |sum, step| { *sum += step; Some(*sum) }).collect();
            let mass = totals[totals.len() - 1] - totals[0];
            let inner = 1..totals.len() - 1;
            inner.for_each(|place| if missing[place] { totals[place] = NAN });
            let (counts, _) = differences(&totals, gaps, |_, _, _| {});
            prop_assert!((counts.iter().sum::<f64>() - mass).abs() < 1e-6);
        }
    }
}
