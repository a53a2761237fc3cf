//! From what was said of a figure night by night to its changes.

use super::{PastChange, PastPoint};
use crate::nights::Judged;

/// The changes. `since` has the first night of the change that was said of each night, and `names` the names of the nights.
pub(super) fn changes(points: &[PastPoint], since: &[Option<String>], names: &[&str]) -> Vec<PastChange> {
    let mut changes: Vec<PastChange> = Vec::new();
    for (at, (point, since)) in points.iter().zip(since).enumerate() {
        let last = changes.last_mut().filter(|last| !last.is_over);
        match (side(point.judged), since, last) {
            (Some(is_worse), Some(since), Some(last)) if last.is_worse == is_worse => {
                last.since.clone_from(since);
                (last.from, last.to) = (place(names, since), at);
            }
            (Some(is_worse), Some(since), last) => {
                last.into_iter().for_each(|last| last.is_over = true);
                let from = place(names, since);
                changes.push(PastChange { is_worse, since: since.clone(), from, to: at, by: point.by, is_over: false });
            }
            (_, _, Some(last)) if ends(point.judged, last.is_worse) => last.is_over = true,
            _ => {}
        }
    }
    changes
}

fn side(judged: Judged) -> Option<bool> {
    match judged {
        Judged::Worse | Judged::StillWorse => Some(true),
        Judged::Better => Some(false),
        _ => None,
    }
}

/// A night without a judgement ends no alarm. A figure that is too few nights old has another usual: the change was accepted.
fn ends(judged: Judged, is_worse: bool) -> bool {
    match judged {
        Judged::AsUsual | Judged::TooNoisy | Judged::TooFewNights => true,
        Judged::Back => !is_worse,
        _ => false,
    }
}

fn place(names: &[&str], night: &str) -> Option<usize> {
    names.iter().position(|name| *name == night)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was said of each night, by a letter: worse, better, back, as usual, suspect, too few nights. Changes are said to have begun when their first
    /// letter was said.
    fn of(said: &str) -> Vec<(bool, usize, usize, bool)> {
        let judged = |letter| match letter {
            'w' => Judged::StillWorse,
            'b' => Judged::Better,
            '<' => Judged::Back,
            '?' => Judged::Suspect,
            '1' => Judged::TooFewNights,
            _ => Judged::AsUsual,
        };
        let point = |judged| PastPoint { judged, value: None, usual: None, by: None, run: None };
        let points: Vec<PastPoint> = said.chars().map(|letter| point(judged(letter))).collect();
        let names: Vec<String> = (10..10 + points.len()).map(|night| format!("2030-01-{night}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let begun = |at: usize| said[..=at].rfind('.').map_or(0, |calm| calm + 1);
        let since: Vec<Option<String>> = points
            .iter()
            .enumerate()
            .map(|(at, point)| side(point.judged).map(|_| names[begun(at)].to_owned()))
            .collect();
        let changes = changes(&points, &since, &names);
        changes.iter().map(|change| (change.is_worse, change.from.unwrap(), change.to, change.is_over)).collect()
    }

    #[test]
    fn nights_of_one_change_are_one_change_and_after_a_usual_night_it_is_another() {
        assert_eq!(of("..www"), [(true, 2, 4, false)]);
        assert_eq!(of("..ww..w"), [(true, 2, 3, true), (true, 6, 6, false)]);
        assert_eq!(of("..bbb.."), [(false, 2, 4, true)]);
    }

    #[test]
    fn nights_that_say_nothing_end_no_alarm_and_a_new_usual_does() {
        assert_eq!(of("..ww?"), [(true, 2, 3, false)]);
        assert_eq!(of("..ww?w"), [(true, 2, 5, false)]);
        assert_eq!(of("..ww<<"), [(true, 2, 3, false)]);
        assert_eq!(of("..ww<<."), [(true, 2, 3, true)]);
        assert_eq!(of("..ww1"), [(true, 2, 3, true)]);
    }
}
