//! What a history says of one of its nights.

use super::decision::{Broken, DECISION_SCHEMA, FigureDecision, NightDecision, NightFinding, ProfileNight};
use super::series::{Told, told};
use crate::compare::Thresholds;
use crate::history::{Accepted, NightLine, Repetition};
use crate::nights::{FAMILY_LEVEL, FigureNight, Judged, LEAST_NIGHTS, NightJudged, Reading, Suspect, judge};
use crate::verdict::Verdict;

/// Judges a night by the nights before it, and gives the profiles that more repetitions would say more of. `lines` are all lines of the suite,
/// sorted by night; later nights do not count.
#[must_use]
pub(crate) fn decide(
    lines: &[NightLine],
    accepted: &[Accepted],
    night: &str,
    thresholds: &Thresholds,
) -> (NightDecision, Vec<String>) {
    let told = told(lines, accepted, night, thresholds);
    let tonight: Vec<&NightLine> = lines.iter().filter(|line| line.night == night).collect();
    let judged = judge(&told.nights).pop();
    let suspected = judged.iter().flat_map(|judged| &judged.suspected).filter_map(|at| told.figures.get(*at));
    let suspected = suspected.map(|figure| figure.profile.clone()).collect();
    (decision(&told, judged.as_ref(), &tonight, night), suspected)
}

/// The decision of a night whose figures are judged. `told` ends with it.
pub(super) fn decision(
    told: &Told,
    judged: Option<&NightJudged>,
    tonight: &[&NightLine],
    night: &str,
) -> NightDecision {
    let figures = figures(told, judged);
    let broken: Vec<Broken> = tonight.iter().flat_map(|line| broken(line)).collect();
    let profiles: Vec<ProfileNight> = tonight.iter().map(|line| profile(line)).collect();
    let is_unsteady = told.nights.machine.last().is_some_and(|machine| machine.is_noisy);
    let suspect = suspect(tonight, is_unsteady, judged);
    let finding = finding(&broken, &figures, &profiles, suspect.is_some());
    let together = figures.iter().filter(|figure| figure.usual.is_some()).count();
    NightDecision {
        schema: DECISION_SCHEMA,
        suite: tonight.first().map(|line| line.suite.clone()).unwrap_or_default(),
        night: night.to_owned(),
        finding,
        text: text(finding, &broken, &figures, &profiles, suspect.as_deref()),
        broken,
        suspect,
        profiles,
        family_level: FAMILY_LEVEL,
        judged: together,
        notes: notes(told, judged, &figures),
        figures,
    }
}

fn figures(told: &Told, judged: Option<&NightJudged>) -> Vec<FigureDecision> {
    let series = told.figures.iter().zip(&told.nights.series);
    let of_night = judged.map(|judged| judged.figures.as_slice()).unwrap_or_default();
    let one =
        |((named, series), night): ((&super::series::Named, &crate::nights::Series), &FigureNight)| FigureDecision {
            profile: named.profile.clone(),
            place: named.place.clone(),
            figure: named.figure.clone(),
            unit: named.unit,
            less_is_worse: series.less_is_worse,
            judged: night.judged,
            value: night.value,
            usual: night.usual,
            by: night.by,
            since: night.since.and_then(|at| told.names.get(at).cloned()),
            chance: night.chance,
            could_see: night.could_see,
            least: series.least,
            nights: series.nights.iter().flatten().count(),
        };
    series.zip(of_night).map(one).collect()
}

/// The limits that broke in a profile's runs, each sentence's kind once: what is certain needs no statistics.
fn broken(line: &NightLine) -> Vec<Broken> {
    let failed: Vec<&Repetition> = line.repetitions.iter().filter(|run| run.verdict == Verdict::Fail).collect();
    let first = failed.first();
    first
        .map(|first| Broken {
            profile: line.profile.clone(),
            runs: failed.len(),
            of: line.repetitions.len(),
            text: first.reasons.first().cloned().unwrap_or_else(|| "The run failed.".to_owned()),
            folder: first.folder.clone(),
        })
        .into_iter()
        .collect()
}

fn profile(line: &NightLine) -> ProfileNight {
    let mut void: Vec<String> = Vec::new();
    for run in line.repetitions.iter().filter(|run| !run.counts) {
        let why = run.reasons.first().cloned().unwrap_or_else(|| "The run says nothing.".to_owned());
        if !void.contains(&why) {
            void.push(why);
        }
    }
    ProfileNight {
        name: line.profile.clone(),
        counted: line.repetitions.iter().filter(|run| run.counts).count(),
        runs: line.repetitions.len(),
        void,
        folders: line.repetitions.iter().map(|run| run.folder.clone()).collect(),
    }
}

fn suspect(tonight: &[&NightLine], is_unsteady: bool, judged: Option<&NightJudged>) -> Option<String> {
    let within = tonight.iter().find_map(|line| line.suspect.clone()).filter(|_| is_unsteady);
    let away = judged.and_then(|judged| judged.suspect);
    within.or_else(|| {
        away.map(|Suspect { by, reading }| {
            let word = if by > 0.0 { "slower" } else { "faster" };
            let by_what = match reading {
                Reading::Cpu => "by the CPU time of a fixed load",
                Reading::Answers => "by how long a fixed load waits for its answers: something else was busy on it",
            };
            format!("this machine was {:.0} % {word} than usual, {by_what}", 100.0 * by.abs())
        })
    })
}

fn finding(broken: &[Broken], figures: &[FigureDecision], profiles: &[ProfileNight], is_suspect: bool) -> NightFinding {
    if !broken.is_empty() {
        NightFinding::Limit
    } else if figures.iter().any(FigureDecision::is_worse) {
        NightFinding::Regression
    } else if profiles.is_empty() || profiles.iter().any(|profile| profile.counted == 0) {
        NightFinding::Void
    } else if is_suspect {
        NightFinding::Suspect
    } else {
        NightFinding::Quiet
    }
}

fn text(
    finding: NightFinding,
    broken: &[Broken],
    figures: &[FigureDecision],
    profiles: &[ProfileNight],
    suspect: Option<&str>,
) -> String {
    let worse = figures.iter().filter(|figure| figure.is_worse()).count();
    let judged = figures.iter().filter(|figure| figure.usual.is_some()).count();
    match finding {
        NightFinding::Limit => {
            let runs: usize = broken.iter().map(|broken| broken.runs).sum();
            let also = match worse {
                0 => String::new(),
                1 => "; 1 figure is worse than before, too".to_owned(),
                _ => format!("; {worse} figures are worse than before, too"),
            };
            format!(
                "limits broke in {runs} {} of {}{also}",
                if runs == 1 { "run" } else { "runs" },
                listed(broken.iter().map(|broken| broken.profile.as_str()))
            )
        }
        NightFinding::Regression => format!(
            "{worse} of {judged} figures {} worse than the nights before",
            if worse == 1 { "is" } else { "are" }
        ),
        NightFinding::Void => match profiles.iter().find(|profile| profile.counted == 0) {
            Some(profile) => format!(
                "no run of {} counts: {}",
                profile.name,
                profile.void.first().map_or("it was not made", |why| why.trim_end_matches('.'))
            ),
            None => "no run was made".to_owned(),
        },
        NightFinding::Suspect => format!("nothing can be said: {}", suspect.unwrap_or("the machine was not itself")),
        NightFinding::Quiet if judged == 0 => {
            let nights = figures.iter().map(|figure| figure.nights).max().unwrap_or(0);
            format!("no limit broke; figures are judged from night {} on, and this is night {nights}", LEAST_NIGHTS + 1)
        }
        NightFinding::Quiet => format!("no limit broke, and none of {judged} figures is worse than the nights before"),
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

fn notes(told: &Told, judged: Option<&NightJudged>, figures: &[FigureDecision]) -> Vec<String> {
    let mut notes = told.begins.clone();
    if let Some(since) = judged.map(|judged| judged.machine_since).filter(|since| *since > 0)
        && let Some(name) = told.names.get(since)
    {
        notes.push(format!(
            "this machine is another one since night {name}, by a fixed load: figures are compared from there on"
        ));
    }
    let noisy: Vec<&FigureDecision> = figures.iter().filter(|figure| figure.judged == Judged::TooNoisy).collect();
    if let Some(first) = noisy.first() {
        let mends =
            noisy.iter().filter_map(|figure| figure.could_see.and_then(|could_see| could_see.repetitions)).max();
        let way_out = mends.map_or_else(
            || "more repetitions would not mend it: whole nights differ".to_owned(),
            |repetitions| format!("{repetitions} repetitions would mend it"),
        );
        notes.push(format!(
            "{} of {} figures vary too much to judge, {} of {} among them; {way_out}",
            noisy.len(),
            figures.len(),
            first.figure,
            first.profile
        ));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A history of `nights` nights; the last is `by` times as slow.
    fn history(nights: usize, by: f64) -> Vec<NightLine> {
        super::super::examples::history(nights, &|night| if night + 1 == nights { by } else { 1.0 })
    }

    fn decided(lines: &[NightLine]) -> NightDecision {
        let night = lines.last().map(|line| line.night.clone()).unwrap_or_default();
        decide(lines, &[], &night, &Thresholds::of(&[])).0
    }

    #[test]
    fn the_first_nights_are_quiet_and_say_from_when_on_figures_are_judged() {
        let decision = decided(&history(3, 2.0));
        assert_eq!((decision.finding, decision.judged), (NightFinding::Quiet, 0));
        assert!(decision.text.contains("judged from night 11 on, and this is night 3"), "{}", decision.text);
    }

    #[test]
    fn a_slow_night_is_a_regression_and_an_equal_one_is_not() {
        let slow = decided(&history(20, 1.5));
        assert_eq!((slow.finding, slow.finding.exit_code()), (NightFinding::Regression, 1));
        assert_eq!(slow.figures[0].since.as_deref(), Some("2030-01-20"));
        assert!((slow.figures[0].by.unwrap() - 0.5).abs() < 0.05);
        let equal = decided(&history(20, 1.0));
        assert_eq!(equal.finding, NightFinding::Quiet);
        assert!(equal.figures[0].could_see.is_some_and(|could_see| could_see.share < 0.25));
    }

    #[test]
    fn a_broken_limit_counts_at_once_and_all_void_is_void() {
        let mut lines = history(1, 1.0);
        lines[0].repetitions[2].verdict = Verdict::Fail;
        lines[0].repetitions[2].reasons = vec!["3 events were lost.".to_owned()];
        let failed = decided(&lines);
        assert_eq!((failed.finding, failed.broken[0].runs, failed.broken[0].of), (NightFinding::Limit, 1, 5));
        lines[0].repetitions.iter_mut().for_each(|run| (run.counts, run.verdict) = (false, Verdict::Void));
        let void = decided(&lines);
        assert_eq!((void.finding, void.finding.exit_code()), (NightFinding::Void, 3));
        assert!(void.text.contains("no run of profile-0 counts"), "{}", void.text);
    }

    #[test]
    fn another_version_begins_a_new_baseline_and_says_so() {
        let mut lines = history(20, 1.5);
        let last = lines.last_mut().unwrap();
        last.surroundings.librdkafka = "9.9.9".to_owned();
        last.fingerprint = crate::history::fingerprint(&last.surroundings);
        let decision = decided(&lines);
        assert_eq!(decision.finding, NightFinding::Quiet);
        assert!(
            decision.notes[0].contains("a new baseline begins with night 2030-01-20")
                && decision.notes[0].contains("9.9.9"),
            "{:?}",
            decision.notes
        );
    }
}
