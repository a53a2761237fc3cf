//! Nights for tests.

use super::lines::lines;
use super::past::{Past, PastAsked, past};
use super::record::{Asked, NIGHT_SCHEMA, NightRecord, NightRun, RunFigure};
use crate::compare::{Place, Thresholds, Unit};
use crate::history::{Accepted, FigureLine, NightLine, ProbeReading, Repetition, Surroundings};
use crate::verdict::Verdict;

/// A night in which nothing was done yet, and how often each profile is to run.
pub(crate) fn night_of(repetitions: &[usize]) -> NightRecord {
    let asked = |(at, repetitions): (usize, &usize)| Asked { name: format!("profile-{at}"), repetitions: *repetitions };
    NightRecord {
        schema: NIGHT_SCHEMA,
        suite: "staging".to_owned(),
        night: "2030-01-31".to_owned(),
        started: "2030-01-31T01:00:00Z".to_owned(),
        ended: "2030-01-31T01:30:00Z".to_owned(),
        profiles: repetitions.iter().enumerate().map(asked).collect(),
        ..NightRecord::default()
    }
}

/// Looks at the machine.
pub(crate) fn probed(record: &mut NightRecord) {
    let after_runs = record.runs.len() as u32;
    record.probes.push(ProbeReading { after_runs, cpu_us_per_event: 4.0, ack_p50_ms: 1.0, ack_p99_ms: 3.0 });
}

/// Makes a run.
pub(crate) fn ran(record: &mut NightRecord, profile: usize, number: u32, counts: bool) {
    let verdict = if counts { Verdict::Pass } else { Verdict::Void };
    let reasons = if counts { Vec::new() } else { vec!["The generator was late.".to_owned()] };
    let run = format!("run-{profile}-{number}-{}", record.runs.len());
    let folder = format!("runs/{run}");
    let figure = RunFigure {
        place: Place { stream: Some("orders".to_owned()), ..Place::default() },
        figure: "end_to_end_p99".to_owned(),
        unit: Unit::Ms,
        less_is_worse: false,
        value: 10.0 + f64::from(number),
    };
    record.runs.push(NightRun {
        profile,
        repetition: Repetition { number, verdict, counts, reasons, run, folder },
        figures: vec![figure],
        surroundings: Surroundings { target: "embedded".to_owned(), ..Surroundings::default() },
        took_s: 10.0,
    });
}

/// A history of so many nights of five runs that hardly differ; the nights wobble by a percent, and `level` says how slow each is.
pub(crate) fn history(nights: usize, level: &dyn Fn(usize) -> f64) -> Vec<NightLine> {
    let line = |night: usize| {
        let mut record = night_of(&[5]);
        record.night = format!("2030-{:02}-{:02}", night / 28 + 1, night % 28 + 1);
        probed(&mut record);
        (1..=5).for_each(|number| ran(&mut record, 0, number, true));
        let by = level(night) * (1.0 + 0.004 * ((night * 7 % 5) as f64 - 2.0));
        record
            .runs
            .iter_mut()
            .flat_map(|run| &mut run.figures)
            .for_each(|figure| figure.value = (12.0 + figure.value / 100.0) * by);
        lines(&record, "night-1")
    };
    (0..nights).flat_map(line).collect()
}

/// A second reading of the probe, a third slower than the first.
pub(crate) fn slowed(line: &mut NightLine) {
    let slower = line.probes.iter().map(|probe| ProbeReading { cpu_us_per_event: 5.4, ..*probe }).collect::<Vec<_>>();
    line.probes.extend(slower);
}

/// Thirty nights with all that can be marked: a new baseline with the 9th, a night of a noisy machine, one without a run that counts, an accepted
/// change, a figure that got worse in the last four nights, and one that got better in the last two.
pub(crate) fn eventful() -> (Vec<NightLine>, Vec<Accepted>) {
    let mut nights = history(30, &|_| 1.0);
    for (at, line) in nights.iter_mut().enumerate() {
        let p99 = line.figures[0].clone();
        let named = |name: &str, unit, level: f64| FigureLine {
            figure: name.to_owned(),
            unit,
            less_is_worse: unit == Unit::PerS,
            values: p99.values.iter().map(|value| value * level).collect(),
            ..p99.clone()
        };
        let [worse, better] = [26, 28].map(|since| if at >= since { 1.3 } else { 1.0 });
        let mut elsewhere = named("end_to_end_p50", Unit::Ms, 0.2);
        elsewhere.place.stage = Some("input".to_owned());
        elsewhere.place.phase = Some("peak".to_owned());
        line.figures = vec![
            elsewhere,
            named("end_to_end_p99", Unit::Ms, worse),
            named("delivered_per_s", Unit::PerS, 80.0 * better),
        ];
        line.surroundings.machine = "2 cores, Xeon 6, 25.3 GB".to_owned();
        line.surroundings.librdkafka = if at < 8 { "2.11.0" } else { "2.12.0" }.to_owned();
        line.fingerprint = line.surroundings.librdkafka.clone();
    }
    nights[20].suspect = Some("this machine's own speed changed during the night: 4.00 to 5.40 µs of CPU for each event of a fixed load, 35 % apart".to_owned());
    slowed(&mut nights[20]);
    nights[23].figures.clear();
    for run in &mut nights[23].repetitions {
        (run.counts, run.verdict, run.reasons) = (false, Verdict::Void, vec!["The generator was late.".to_owned()]);
    }
    let accepted = Accepted {
        schema: 1,
        suite: "staging".to_owned(),
        since: nights[11].night.clone(),
        profile: Some("profile-0".to_owned()),
        figure: Some("end_to_end_p50".to_owned()),
        why: "the input topic has six partitions now".to_owned(),
        accepted: "2030-01-13T07:00:00.000Z".to_owned(),
        host: "night-1".to_owned(),
    };
    (nights, vec![accepted])
}

/// The eventful nights as they are shown. The runs of the first ten were cleaned away.
pub(crate) fn past_of() -> Past {
    let (mut nights, accepted) = eventful();
    for line in &mut nights {
        let night = line.night.clone();
        line.repetitions
            .iter_mut()
            .for_each(|run| run.folder = format!("nightly/staging/{night}/profile-0-{}", run.number));
    }
    let first = format!("nightly/staging/{}/", nights[10].night);
    past(&nights, &accepted, &shown(50), &|folder| folder >= first.as_str())
}

/// A suite without a night.
pub(crate) fn nothing_of() -> Past {
    past(&[], &[], &shown(50), &|_| false)
}

/// So many nights, judged by the usual thresholds.
pub(crate) fn shown(nights: usize) -> PastAsked {
    PastAsked { until: None, nights, thresholds: Thresholds::of(&[]) }
}
