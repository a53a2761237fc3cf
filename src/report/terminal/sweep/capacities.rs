//! The capacity of each combination.

use crate::capacity::{Bound, Ended};
use crate::figures::{rate, seconds};
use crate::report::terminal::paint::{Ink, Look, paint};
use crate::report::terminal::tables::{line, plain_table, push_table};
use crate::sweep::{CapacityOf, SweepRecord, named};

/// What stands above the columns, after the settings.
pub(crate) const BOUNDS: [&str; 4] = ["passes", "fails", "first broken", ""];

/// A line of a search that begins.
#[must_use]
pub(crate) fn searches_line(record: &SweepRecord) -> String {
    let (made, of) = (record.capacities.len(), record.combinations.len());
    let settings = record.combinations.get(made).map(|of| named(&record.keys, of)).unwrap_or_default();
    let took_s: f64 = record.capacities.iter().map(|of| of.took_s).sum();
    let left_s = took_s / made.max(1) as f64 * (of - made) as f64;
    let left = if made == 0 { String::new() } else { format!(", about {} left", seconds(left_s)) };
    format!("search {} of {of}: {settings}{left} …", made + 1)
}

/// A line of the last search, which is over.
#[must_use]
pub(crate) fn searched_line(record: &SweepRecord) -> String {
    let Some(of) = record.capacities.last() else { return String::new() };
    format!("search {}: {}", of.combination, held(of))
}

/// What a person reads.
#[must_use]
pub(crate) fn capacities(record: &SweepRecord, look: Look) -> String {
    let mut text = String::new();
    let (word, ink, told) = most(record);
    line(&mut text, &format!("{}  {told}", paint(word, ink, look)));
    line(&mut text, "");
    let mut table = plain_table(record.keys.len() + 1 + BOUNDS.len(), record.keys.len() + 1..record.keys.len() + 3);
    let heads = std::iter::once("#".to_owned()).chain(record.keys.iter().map(|key| key.name.clone()));
    table.add_row(heads.chain(BOUNDS.map(str::to_owned)).collect::<Vec<_>>());
    for of in &record.capacities {
        table.add_row(capacity_row(record, of));
    }
    push_table(&mut text, &table);
    text
}

/// How it ended, in a word and a sentence: which combination takes the most, and which may take as much.
#[must_use]
pub(crate) fn most(record: &SweepRecord) -> (&'static str, Ink, String) {
    let (made, of) = (record.capacities.len(), record.combinations.len());
    if made < of {
        let told = format!("{made} of {of} searches are over: the same command with the same --out goes on from them");
        return ("NOT FINISHED", Ink::Doubt, told);
    }
    let per_s = |of: &CapacityOf| of.found.lower.map(|lower| lower.offered_per_s);
    let known = || record.capacities.iter().filter_map(|of| Some((of, per_s(of)?)));
    let Some((best, least_per_s)) = known().max_by(|one, other| one.1.total_cmp(&other.1)) else {
        return ("INCOMPLETE", Ink::Doubt, "no search confirmed a load".to_owned());
    };
    let may_reach = |of: &CapacityOf| of.found.upper.is_none_or(|upper| upper.offered_per_s > least_per_s);
    let others = known().filter(|(of, _)| of.combination != best.combination && may_reach(of));
    let others: Vec<String> = others.map(|(of, _)| format!("#{}", of.combination)).collect();
    let also =
        if others.is_empty() { String::new() } else { format!("; not told apart from it: {}", others.join(", ")) };
    let settings = record.combinations.get(best.combination - 1).map(|of| named(&record.keys, of)).unwrap_or_default();
    ("SWEPT", Ink::Good, format!("#{} {settings} takes the most: {}{also}", best.combination, held(best)))
}

/// What a combination takes, in words.
fn held(of: &CapacityOf) -> String {
    let shown = |bound: &Bound| rate(bound.offered_per_s);
    match (&of.found.lower, &of.found.upper) {
        (Some(lower), Some(upper)) => format!("{} to {}", shown(lower), shown(upper)),
        (Some(lower), None) => format!("at least {}", shown(lower)),
        (None, Some(upper)) => format!("below {}", shown(upper)),
        (None, None) => "nothing is known".to_owned(),
    }
}

/// A combination's cells: number, settings, bounds, what broke, and how the search ended.
#[must_use]
pub(crate) fn capacity_row(record: &SweepRecord, of: &CapacityOf) -> Vec<String> {
    let settings = record.combinations.get(of.combination - 1).into_iter().flatten().cloned();
    let bound = |bound: Option<Bound>| bound.map_or_else(|| "–".to_owned(), |bound| rate(bound.offered_per_s));
    let broken = of.found.binding.as_ref().map(|binding| binding.what.clone()).unwrap_or_default();
    let ended = match of.found.ended {
        Ended::Found => "",
        Ended::AtLeast => "no higher load was tried",
        Ended::Below => "the lowest load fails",
        Ended::TooManyTrials => "the bounds are not as close as they should be",
        Ended::NoValidTrial => "trials said nothing",
        Ended::SenderLimit => "this machine cannot send more",
        Ended::NotTheLoad => "lower loads are not faster",
    };
    let cells = [bound(of.found.lower), bound(of.found.upper), broken, ended.to_owned()];
    std::iter::once(of.combination.to_string()).chain(settings).chain(cells).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::Found;
    use crate::sweep::made_up::record;

    fn of(combination: usize, lower: f64, upper: Option<f64>) -> CapacityOf {
        let bound =
            |per_s: f64| Bound { factor: per_s / 1000.0, offered_per_s: per_s, tried: None, passes: 2, fails: 0 };
        let ended = if upper.is_some() { Ended::Found } else { Ended::AtLeast };
        let found = Found {
            ended,
            lower: Some(bound(lower)),
            upper: upper.map(bound),
            moves: None,
            rechecked: None,
            binding: None,
        };
        CapacityOf { combination, found, took_s: 90.0, folder: format!("searches/{combination}") }
    }

    #[test]
    fn the_most_is_named_with_those_that_may_be_as_much() {
        let mut record = record();
        record.is_capacity = true;
        record.combinations.truncate(3);
        record.capacities = vec![of(1, 2000.0, Some(2100.0)), of(2, 3000.0, Some(3150.0))];
        assert_eq!(searches_line(&record), "search 3 of 3: linger.ms=5 compression.type=none, about 1m 30s left …");
        assert!(capacities(&record, Look::PLAIN).starts_with("NOT FINISHED  2 of 3 searches are over"));
        record.capacities.push(of(3, 2950.0, Some(3050.0)));
        let told = "SWEPT  #2 linger.ms=0 compression.type=zstd takes the most: 3,000/s to 3,150/s; not told apart from it: #3\n";
        let text = capacities(&record, Look::PLAIN);
        assert!(text.starts_with(told), "{text}");
        assert!(
            text.lines().any(|line| line.split_whitespace().eq(["1", "0", "none", "2,000/s", "2,100/s"])),
            "{text}"
        );
    }
}
