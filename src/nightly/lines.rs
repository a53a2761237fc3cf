//! From what a night measured to the lines of its history.

use std::collections::BTreeMap;

use super::record::{NightRecord, NightRun, RunFigure};
use super::unsteady::MAY_DIFFER;
use crate::compare::{Figure, Place, figures_of, load_of};
use crate::figures::bytes;
use crate::history::{FigureLine, HISTORY_SCHEMA, NightLine, ProbeReading, Repetition, Surroundings, fingerprint};
use crate::results::manifest::HostFacts;
use crate::results::{Manifest, Summary};
use crate::verdict::Verdict;

/// How many of a run's sentences are kept.
const MOST_REASONS: usize = 5;

/// What counts of a run: its verdict, why it says nothing or what broke, and the figures that are judged.
#[must_use]
pub(crate) fn measured(
    (profile, number): (usize, u32),
    manifest: &Manifest,
    summary: &Summary,
    judged: &[Figure],
    folder: String,
) -> NightRun {
    let counts = matches!(summary.verdict, Verdict::Pass | Verdict::Fail) && !summary.interrupted && !summary.partial;
    let reasons = summary.reasons.iter().take(MOST_REASONS).map(|reason| reason.text.clone()).collect();
    let repetition =
        Repetition { number, verdict: summary.verdict, counts, reasons, run: summary.run.id.clone(), folder };
    let figures =
        figures_of(summary).into_iter().filter(|(subject, value)| judged.contains(&subject.figure) && *value > 0.0);
    let figures = figures.map(|(subject, value)| RunFigure {
        figure: subject.figure.name(),
        unit: subject.figure.unit(),
        less_is_worse: subject.figure.less_is_worse(),
        place: subject.place,
        value,
    });
    NightRun {
        profile,
        repetition,
        figures: if counts { figures.collect() } else { Vec::new() },
        surroundings: surroundings(manifest),
        took_s: 0.0,
    }
}

fn surroundings(manifest: &Manifest) -> Surroundings {
    let load = format!("{}seed={}\n", load_of(manifest), manifest.seed);
    Surroundings {
        load: format!("{:016x}", xxhash_rust::xxh3::xxh3_64(load.as_bytes())),
        target: if manifest.target.embedded { "embedded".to_owned() } else { manifest.target.cluster_id.clone() },
        floodmark: manifest.floodmark.clone(),
        librdkafka: manifest.librdkafka.clone(),
        machine: class_of(&manifest.host),
    }
}

/// "2 cores, Xeon 6, 25.3 GB"
fn class_of(host: &HostFacts) -> String {
    let cpu = host.cpu.clone().unwrap_or_else(|| "unknown CPU".to_owned());
    let memory = host.memory_bytes.map_or_else(|| "unknown memory".to_owned(), bytes);
    format!("{} cores, {cpu}, {memory}", host.cores)
}

/// The lines of a night, one for each profile that ran. `host` is this machine's name.
#[must_use]
pub(crate) fn lines(record: &NightRecord, host: &str) -> Vec<NightLine> {
    let suspect = suspect(&record.probes);
    let line = |(profile, asked): (usize, &super::record::Asked)| {
        let runs: Vec<&NightRun> = record.runs.iter().filter(|run| run.profile == profile).collect();
        let surroundings = runs.iter().rev().find(|run| run.repetition.counts).or(runs.last())?.surroundings.clone();
        Some(NightLine {
            schema: HISTORY_SCHEMA,
            suite: record.suite.clone(),
            night: record.night.clone(),
            profile: asked.name.clone(),
            fingerprint: fingerprint(&surroundings),
            surroundings,
            host: host.to_owned(),
            started: record.started.clone(),
            ended: record.ended.clone(),
            probes: record.probes.clone(),
            suspect: suspect.clone(),
            repetitions: runs.iter().map(|run| run.repetition.clone()).collect(),
            figures: figures(&runs),
        })
    };
    record.profiles.iter().enumerate().filter_map(line).collect()
}

/// The figures of a profile's runs, in the order in which a run has them.
fn figures(runs: &[&NightRun]) -> Vec<FigureLine> {
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    let mut lines: Vec<FigureLine> = Vec::new();
    for figure in runs.iter().flat_map(|run| &run.figures) {
        let at = *places.entry(key(&figure.place, &figure.figure)).or_insert_with(|| {
            lines.push(FigureLine {
                place: figure.place.clone(),
                figure: figure.figure.clone(),
                unit: figure.unit,
                less_is_worse: figure.less_is_worse,
                values: Vec::new(),
            });
            lines.len() - 1
        });
        lines[at].values.push(figure.value);
    }
    lines
}

/// A figure at a place, as a key that sorts.
#[must_use]
pub(super) fn key(place: &Place, figure: &str) -> String {
    format!("{:?} {:?} {:?} {:?} {figure}", place.stream, place.stage, place.phase, place.model)
}

/// Why the machine was too noisy, by its readings of this night alone.
fn suspect(probes: &[ProbeReading]) -> Option<String> {
    let cpu = probes.iter().map(|probe| probe.cpu_us_per_event);
    let (least, most) =
        cpu.fold((f64::INFINITY, 0.0), |(least, most), cpu| (f64::min(least, cpu), f64::max(most, cpu)));
    (most > least * (1.0 + MAY_DIFFER)).then(|| {
        format!("this machine's own speed changed during the night: {least:.2} to {most:.2} µs of CPU for each event of a fixed load, {:.0} % apart", 100.0 * (most / least - 1.0))
    })
}

#[cfg(test)]
mod tests {
    use super::super::examples::{night_of, probed, ran};
    use super::*;

    #[test]
    fn a_line_has_the_numbers_of_the_runs_that_count_and_the_reasons_of_those_that_do_not() {
        let mut record = night_of(&[2, 1]);
        probed(&mut record);
        ran(&mut record, 0, 1, false);
        ran(&mut record, 0, 1, true);
        ran(&mut record, 1, 1, true);
        ran(&mut record, 0, 2, true);
        // A void run leaves no figures.
        record.runs[0].figures.clear();
        let lines = lines(&record, "night-1");
        assert_eq!(lines.iter().map(|line| line.profile.as_str()).collect::<Vec<_>>(), ["profile-0", "profile-1"]);
        assert_eq!(lines[0].figures[0].values, [11.0, 12.0]);
        assert_eq!(lines[0].repetitions.iter().map(|run| run.counts).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!((lines[0].suspect.clone(), lines[0].fingerprint.len()), (None, 16));
    }

    #[test]
    fn a_machine_whose_speed_changes_within_the_night_is_suspect() {
        let mut record = night_of(&[1]);
        probed(&mut record);
        probed(&mut record);
        ran(&mut record, 0, 1, true);
        record.probes[1].cpu_us_per_event = 5.4;
        let said = lines(&record, "night-1")[0].suspect.clone().unwrap();
        assert!(said.contains("4.00 to 5.40") && said.contains("35 % apart"), "{said}");
    }
}
