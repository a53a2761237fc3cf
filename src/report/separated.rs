//! Which groups of events are the slow ones, in words.

use crate::latency::Dimension;
use crate::report::figures::{count, share};
use crate::results::summary::{GroupLatency, GroupedBy, GroupedLatency};

/// Groups that explain less of the difference between the humps than this do not separate them.
const LEAST_EXPLAINED: f64 = 0.8;
/// The most groups that are named.
const MOST_NAMED: usize = 8;
/// The most stretches of time that are named.
const MOST_STRETCHES: usize = 3;

/// What separates two humps, as a sentence without its full stop; nothing where there are not two, or nothing was measured by group.
#[must_use]
pub(crate) fn what_separates(grouped: &GroupedLatency) -> Option<String> {
    let measured: Vec<&GroupedBy> = grouped.dimensions.iter().filter(|of| of.explains.is_some()).collect();
    let separating = measured.iter().filter(|of| of.explains >= Some(LEAST_EXPLAINED));
    let told: Vec<String> = separating.enumerate().map(|(place, of)| told_of(of, place == 0)).collect();
    match (told.is_empty(), measured.as_slice()) {
        (_, []) => None,
        (false, _) => Some(capital(&told.join("; "))),
        (true, [only]) => Some(format!("{} does not separate them", capital(name(only.by)))),
        (true, several) => {
            let names: Vec<String> = several.iter().map(|of| name(of.by).to_owned()).collect();
            Some(format!("Neither {} separates them", joined(&names, "nor")))
        }
    }
}

/// "partitions 3 and 7 are the second hump (98.00 % of their events, 0.20 % of the others')"
fn told_of(grouped: &GroupedBy, is_first: bool) -> String {
    let is_slow = |group: &&GroupLatency| group.second_hump.unwrap_or(0).saturating_mul(2) > group.count;
    let (slow, others): (Vec<&GroupLatency>, Vec<&GroupLatency>) = grouped.groups.iter().partition(is_slow);
    let are_one = match grouped.by {
        Dimension::Size => false,
        Dimension::Time => true,
        Dimension::Partition | Dimension::SentPartition | Dimension::Producer => slow.len() == 1,
    };
    let (are, their) = if are_one { ("is", "its") } else { ("are", "their") };
    let slow_names = match grouped.by {
        Dimension::Size => format!("payloads of {}", joined(&sizes_of(&slow), "and")),
        Dimension::Time => format!("what was due {}", joined(&stretches_of(&slow, grouped.slice_s), "and")),
        Dimension::Partition | Dimension::SentPartition | Dimension::Producer => numbers_of(grouped.by, &slow),
    };
    let shares = format!("{} of {their} events, {} of the others'", share_of(&slow), share_of(&others));
    if is_first {
        format!("{slow_names} {are} the second hump ({shares})")
    } else {
        format!("so {are} {slow_names} ({shares})")
    }
}

fn share_of(groups: &[&GroupLatency]) -> String {
    let sum = |of: fn(&GroupLatency) -> u64| groups.iter().map(|group| of(group)).fold(0, u64::saturating_add);
    share(sum(|group| group.second_hump.unwrap_or(0)), sum(|group| group.count))
}

/// What a dimension is called.
fn name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Partition => "partition",
        Dimension::SentPartition => "input partition",
        Dimension::Producer => "producer",
        Dimension::Size => "size",
        Dimension::Time => "time",
    }
}

/// "partitions 3 and 7"
fn numbers_of(dimension: Dimension, groups: &[&GroupLatency]) -> String {
    let plural = if groups.len() == 1 { "" } else { "s" };
    let mut names: Vec<String> = groups.iter().map(|group| group.of.to_string()).collect();
    shorten(&mut names, MOST_NAMED);
    format!("{}{plural} {}", name(dimension), joined(&names, "and"))
}

/// A list of names, cut to a limit; its last entry counts the ones left out.
fn shorten(names: &mut Vec<String>, most: usize) {
    if names.len() > most {
        let more = names.split_off(most - 1).len();
        names.push(format!("{more} more"));
    }
}

/// Groups that follow each other are one range, up to below its end.
fn ranges_of(groups: &[&GroupLatency], end_of: impl Fn(u64) -> u64) -> Vec<(u64, u64)> {
    let mut ranges: Vec<(u64, u64)> = Vec::new();
    for group in groups {
        match ranges.last_mut() {
            Some((_, end)) if *end == group.of => *end = end_of(group.of),
            _ => ranges.push((group.of, end_of(group.of))),
        }
    }
    ranges
}

/// "from 20 s to 41 s"
fn stretches_of(slices: &[&GroupLatency], slice_s: Option<u64>) -> Vec<String> {
    let ranges = ranges_of(slices, |from_s| from_s.saturating_add(slice_s.unwrap_or(1)));
    let mut names: Vec<String> =
        ranges.into_iter().map(|(from_s, to_s)| format!("from {} s to {} s", count(from_s), count(to_s))).collect();
    shorten(&mut names, MOST_STRETCHES);
    names
}

/// "4,096 to 16,383 B"
fn sizes_of(groups: &[&GroupLatency]) -> Vec<String> {
    let ranges = ranges_of(groups, |from| from.saturating_mul(2).max(1));
    let range = |(from, after): (u64, u64)| match after.saturating_sub(1) {
        last if last <= from => format!("{} B", count(from)),
        last => format!("{} to {} B", count(from), count(last)),
    };
    ranges.into_iter().map(range).collect()
}

/// "3", "3 and 7", "3, 5 and 7"
fn joined(names: &[String], word: &str) -> String {
    match names {
        [first @ .., before, last] => {
            let first: String = first.iter().map(|name| format!("{name}, ")).collect();
            format!("{first}{before} {word} {last}")
        }
        _ => names.concat(),
    }
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grouped_by(by: Dimension, explains: f64, groups: &[(u64, u64, u64)]) -> GroupedBy {
        let group = |(of, count, second): &(u64, u64, u64)| GroupLatency {
            of: *of,
            count: *count,
            second_hump: Some(*second),
            ..GroupLatency::default()
        };
        GroupedBy { by, explains: Some(explains), slice_s: Some(4), groups: groups.iter().map(group).collect() }
    }

    fn said(dimensions: &[GroupedBy]) -> Option<String> {
        what_separates(&GroupedLatency { valley_ms: Some(100.0), dimensions: dimensions.to_vec() })
    }

    #[test]
    fn the_groups_that_are_the_second_hump_are_named_with_shares() {
        let one = grouped_by(Dimension::Partition, 0.97, &[(0, 1000, 2), (3, 500, 490), (4, 1000, 0)]);
        assert_eq!(
            said(&[one]).unwrap(),
            "Partition 3 is the second hump (98.00 % of its events, 0.10 % of the others')"
        );
        let two = grouped_by(Dimension::SentPartition, 0.8, &[(0, 1000, 2), (3, 500, 490), (7, 500, 500)]);
        let sizes =
            grouped_by(Dimension::Size, 0.9, &[(64, 1000, 0), (4096, 500, 500), (8192, 10, 10), (65536, 10, 10)]);
        assert_eq!(
            said(&[two, sizes]).unwrap(),
            "Input partitions 3 and 7 are the second hump (99.00 % of their events, 0.20 % of the others'); \
             so are payloads of 4,096 to 16,383 B and 65,536 to 131,071 B (100 % of their events, 0 % of the others')"
        );
        let slow_at = |slow: &[u64]| {
            let slice = |of: u64| (of * 4, 100, if slow.contains(&of) { 100 } else { 0 });
            said(&[grouped_by(Dimension::Time, 0.9, &(0..40).map(slice).collect::<Vec<_>>())]).unwrap()
        };
        assert_eq!(
            slow_at(&[5, 6, 9]),
            "What was due from 20 s to 28 s and from 36 s to 40 s is the second hump (100 % of its events, 0 % of the others')"
        );
        let often = slow_at(&[1, 3, 5, 7, 9]);
        assert!(often.starts_with("What was due from 4 s to 8 s, from 12 s to 16 s and 3 more is the"), "{often}");
        let many: Vec<(u64, u64, u64)> = (0..30).map(|of| (of, 10, if of < 20 { 10 } else { 0 })).collect();
        let many = said(&[grouped_by(Dimension::Producer, 1.0, &many)]).unwrap();
        assert!(many.starts_with("Producers 0, 1, 2, 3, 4, 5, 6 and 13 more are the second hump (100 % of"), "{many}");
    }

    #[test]
    fn where_nothing_separates_only_what_was_measured_is_said() {
        let nothing = |by| grouped_by(by, 0.79, &[(0, 1000, 400), (1, 1000, 900)]);
        let [partition, producer, size] = [Dimension::Partition, Dimension::Producer, Dimension::Size].map(nothing);
        assert_eq!(
            said(&[partition, producer.clone(), size]).unwrap(),
            "Neither partition, producer nor size separates them"
        );
        assert_eq!(said(std::slice::from_ref(&producer)).unwrap(), "Producer does not separate them");
        assert_eq!((said(&[]), said(&[GroupedBy { explains: None, ..producer }])), (None, None));
    }
}
