//! All files of a suite as one history. Pure, and the same in whatever order the files come.

use std::collections::{BTreeMap, BTreeSet};

use super::file_read::FileRead;
use super::joined::joined;
use super::remark::{Gathered, Remark, RemarkCode};
use super::{Accepted, NightLine, changed};

/// What the files of a suite say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    /// The nights by night and profile: one line for each, and several only where they cannot be compared.
    pub nights: Vec<NightLine>,
    /// The accepted changes, in the order in which they were accepted.
    pub accepted: Vec<Accepted>,
    /// What was left out or taken together.
    pub remarks: Vec<Remark>,
}

/// Takes the files together.
#[must_use]
pub(super) fn merged(mut files: Vec<FileRead>) -> History {
    files.sort_by(|one, other| one.file.cmp(&other.file));
    let (mut history, mut said, mut lines) = (History::default(), Gathered::default(), Vec::new());
    for file in files {
        lines.extend(first_of_each(file.nights, &mut said));
        history.accepted.extend(file.accepted);
        history.remarks.extend(file.remarks);
    }
    // Within a file the order says which line was first, even if the clock was set back; between files only the clock does.
    lines.sort_by(|one, other| one.started.cmp(&other.started));
    let lines = first_of_each(lines, &mut said);
    history.nights = by_night(lines).into_values().flat_map(|night| one_for_each_kind(night, &mut said)).collect();
    history.accepted.sort_by(|one, other| order(one).cmp(&order(other)));
    history.accepted.dedup();
    history.remarks.extend(said.remarks());
    history
}

/// The first line of each night, profile and machine.
fn first_of_each(mut lines: Vec<NightLine>, said: &mut Gathered) -> Vec<NightLine> {
    let mut seen = BTreeSet::new();
    lines.retain(|line| {
        let is_first = seen.insert((line.night.clone(), line.profile.clone(), line.host.clone()));
        if !is_first {
            said.note(RemarkCode::Twice, line, format!("{} wrote more than one line, and the first counts", line.host));
        }
        is_first
    });
    lines
}

fn by_night(lines: Vec<NightLine>) -> BTreeMap<(String, String), Vec<NightLine>> {
    let mut nights: BTreeMap<_, Vec<NightLine>> = BTreeMap::new();
    for line in lines {
        nights.entry((line.night.clone(), line.profile.clone())).or_default().push(line);
    }
    nights
}

/// A profile's night in one line, or in several that cannot be compared: the one that began last comes last.
fn one_for_each_kind(night: Vec<NightLine>, said: &mut Gathered) -> Vec<NightLine> {
    let mut kinds: BTreeMap<String, Vec<NightLine>> = BTreeMap::new();
    for line in night {
        kinds.entry(line.fingerprint.clone()).or_default().push(line);
    }
    let mut lines: Vec<NightLine> = Vec::new();
    for kind in kinds.into_values() {
        let several = kind.len() > 1;
        let Some(line) = joined(kind) else { continue };
        if several {
            let what = format!("measured on {}, whose runs are taken together", line.host);
            said.note(RemarkCode::Joined, &line, what);
        }
        lines.push(line);
    }
    lines.sort_by(|one, other| (&one.started, &one.fingerprint).cmp(&(&other.started, &other.fingerprint)));
    for pair in lines.windows(2) {
        if let [one, other] = pair {
            said.note(RemarkCode::NotAlike, other, not_alike(one, other));
        }
    }
    lines
}

fn not_alike(one: &NightLine, other: &NightLine) -> String {
    let differ = changed(&one.surroundings, &other.surroundings).join("; ");
    format!(
        "measured on {} and on {}, which cannot be compared: on {} {differ}; each is kept",
        one.host, other.host, other.host
    )
}

fn order(of: &Accepted) -> impl Ord + '_ {
    (&of.accepted, &of.host, &of.since, &of.profile, &of.figure, &of.why)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::super::examples::{accepted, night};
    use super::super::fingerprint;
    use super::*;

    fn file(name: &str, nights: Vec<NightLine>) -> FileRead {
        FileRead { file: PathBuf::from(name), nights, ..FileRead::default() }
    }

    fn of_later_client(mut line: NightLine) -> NightLine {
        line.surroundings.librdkafka = "2.13.0".to_owned();
        line.fingerprint = fingerprint(&line.surroundings);
        line
    }

    #[test]
    fn nights_stand_by_night_and_profile() {
        let dates = ["2026-11-26", "2026-11-25"];
        let of = |profile| file(profile, dates.map(|date| night(date, profile, "h")).to_vec());
        let history = merged(vec![of("peak"), of("average")]);
        let names: Vec<(&str, &str)> =
            history.nights.iter().map(|line| (line.night.as_str(), line.profile.as_str())).collect();
        let [last, first] = dates;
        assert_eq!(names, [(first, "average"), (first, "peak"), (last, "average"), (last, "peak")]);
        assert!(history.remarks.is_empty());
    }

    #[test]
    fn the_first_line_of_a_file_counts_and_between_files_the_one_that_began_first() {
        let mut again = night("2026-11-25", "average", "h");
        again.started = "2026-11-24T23:00:00.000Z".to_owned();
        let first = night("2026-11-25", "average", "h");
        let other = of_later_client(again.clone());
        let history = merged(vec![file("a", vec![first.clone(), again])]);
        assert_eq!(history.nights, vec![first.clone()]);
        let history = merged(vec![file("a", vec![first]), file("b", vec![other.clone()])]);
        assert_eq!(history.nights, [other]);
        assert_eq!(history.remarks[0].code, RemarkCode::Twice);
        assert_eq!(
            history.remarks[0].text,
            "average, night 2026-11-25: h wrote more than one line, and the first counts"
        );
    }

    #[test]
    fn machines_of_a_class_are_taken_together_and_others_are_kept_apart() {
        let dates = ["2026-11-24", "2026-11-25"];
        let of = |host| dates.map(|date| night(date, "average", host)).to_vec();
        let apart = of_later_client(night("2026-11-25", "average", "c"));
        let history = merged(vec![file("a", of("a")), file("b", of("b")), file("c", vec![apart])]);
        let hosts: Vec<&str> = history.nights.iter().map(|line| line.host.as_str()).collect();
        assert_eq!(hosts.len(), 3);
        assert!(hosts.iter().filter(|host| **host == "a, b").count() == 2 && hosts.contains(&"c"), "{hosts:?}");
        let said: Vec<String> =
            history.remarks.iter().map(|remark| format!("{:?}: {}", remark.code, remark.text)).collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_change_that_two_files_have_was_accepted_once() {
        let of = |name: &str| FileRead {
            accepted: vec![accepted("2026-11-25"), accepted("2026-11-20")],
            ..file(name, Vec::new())
        };
        let history = merged(vec![of("a"), of("b")]);
        assert_eq!(history.accepted, [accepted("2026-11-20"), accepted("2026-11-25")]);
    }

    fn any_line() -> impl Strategy<Value = NightLine> {
        (20..23_u8, "[pq]", "[ab]", 0..3_u8, any::<bool>(), any::<bool>()).prop_map(
            |(day, profile, host, hour, is_later, is_noisy)| {
                let mut line = night(&format!("2026-11-{day}"), &profile, &host);
                line.started = format!("2026-11-{day}T0{hour}:00:00.000Z");
                line.suspect = is_noisy.then(|| "35 % apart".to_owned());
                if is_later { of_later_client(line) } else { line }
            },
        )
    }

    proptest! {
        #[test]
        fn the_order_of_the_files_does_not_matter(
            files in prop::collection::vec(prop::collection::vec(any_line(), 0..6), 0..5).prop_map(|files| {
                files.into_iter().enumerate().map(|(at, lines)| file(&at.to_string(), lines)).collect::<Vec<_>>()
            }).prop_flat_map(|files| (Just(files.clone()), Just(files).prop_shuffle())),
        ) {
            let (one, other) = files;
            prop_assert_eq!(merged(one), merged(other));
        }

        #[test]
        fn no_night_is_lost_and_none_counts_twice(lines in prop::collection::vec(any_line(), 0..20)) {
            let history = merged(vec![file("a", lines.clone())]);
            let wanted: BTreeSet<(String, String)> = lines.into_iter().map(|line| (line.night, line.profile)).collect();
            let found: BTreeSet<(String, String)> =
                history.nights.iter().map(|line| (line.night.clone(), line.profile.clone())).collect();
            prop_assert_eq!(wanted, found);
            let kinds: BTreeSet<(&str, &str, &str)> =
                history.nights.iter().map(|line| (line.night.as_str(), line.profile.as_str(), line.fingerprint.as_str())).collect();
            prop_assert_eq!(kinds.len(), history.nights.len());
        }
    }
}
