//! A night's figures as a file for Prometheus: for node_exporter's textfile collector, or to be pushed.
//!
//! Gauges only, none with a time: so the text is OpenMetrics, and the older text format as well, which that collector reads. It takes `# UNIT` and
//! `# EOF` for comments; a counter or an info would be read as something else, or refused with the whole file.

use std::fmt;

use jiff::Timestamp;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::{self, Registry};

use crate::compare::Unit;
use crate::history::NightLine;
use crate::nightly::{FigureDecision, NightDecision};
use crate::nights::Judged;

/// What all names begin with.
const PREFIX: &str = "floodmark_nightly";

/// When a night was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct NightTimes {
    /// When its first run began.
    pub(crate) started: Timestamp,
    /// When its last run was over.
    pub(crate) ended: Timestamp,
}

impl NightTimes {
    /// By the lines of a night; nothing where none of them holds a time.
    pub(crate) fn of<'a>(lines: impl Iterator<Item = &'a NightLine> + Clone) -> Option<Self> {
        let started = lines.clone().filter_map(|line| line.started.parse().ok()).min()?;
        let ended = lines.filter_map(|line| line.ended.parse().ok()).max()?;
        Some(NightTimes { started, ended })
    }
}

/// A night's figures as the text of a file.
///
/// # Errors
/// None that is known: the text is made in memory.
pub(crate) fn metrics(night: &NightDecision, times: Option<NightTimes>) -> Result<String, fmt::Error> {
    let gauges = of_night(night, times).into_iter().chain(of_figures(night)).collect();
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(Gauges(gauges)));
    let mut text = String::new();
    text::encode(&mut text, &registry)?;
    Ok(text)
}

/// Gauges of one name. Their order is kept, as a registry's own families have none: the same night gives the same file.
#[derive(Debug)]
struct Gauge {
    name: &'static str,
    help: &'static str,
    unit: Option<registry::Unit>,
    values: Vec<(Labels, f64)>,
}

/// What tells two gauges of one name apart. A part that a figure does not have is empty, which Prometheus takes for absent.
#[derive(Debug, Clone, PartialEq, Eq, EncodeLabelSet)]
struct OfFigure {
    suite: String,
    profile: String,
    stream: String,
    stage: String,
    phase: String,
    model: String,
    figure: String,
    unit: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, EncodeLabelSet)]
struct OfSuite {
    suite: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Labels {
    Suite(OfSuite),
    Figure(Box<OfFigure>),
}

#[derive(Debug)]
struct Gauges(Vec<Gauge>);

impl Collector for Gauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Gauges(gauges) = self;
        for gauge in gauges.iter().filter(|gauge| !gauge.values.is_empty()) {
            let mut family =
                encoder.encode_descriptor(gauge.name, gauge.help, gauge.unit.as_ref(), MetricType::Gauge)?;
            for (labels, value) in &gauge.values {
                let value = ConstGauge::new(*value);
                match labels {
                    Labels::Suite(labels) => value.encode(family.encode_family(labels)?)?,
                    Labels::Figure(labels) => value.encode(family.encode_family(&**labels)?)?,
                }
            }
        }
        Ok(())
    }
}

/// What there is to say of the whole night.
fn of_night(night: &NightDecision, times: Option<NightTimes>) -> [Gauge; 4] {
    let seconds = || Some(registry::Unit::Seconds);
    let one = |name, help, unit, value: Option<f64>| {
        let labels = Labels::Suite(OfSuite { suite: night.suite.clone() });
        Gauge { name, help, unit, values: value.map(|value| (labels, value)).into_iter().collect() }
    };
    let worse = night.figures.iter().filter(|figure| figure.is_worse()).count();
    let (ended, took) = (times.map(|times| unix_seconds(times.ended)), times.map(duration));
    let finding =
        "What was found, as the exit code says it: 0 nothing, 1 a regression or a limit, 3 nothing can be said.";
    [
        one("finding", finding, None, Some(f64::from(night.finding.exit_code()))),
        one("worse_figures", "How many figures are worse than usual.", None, Some(worse as f64)),
        one("last_night_timestamp", "When the last run of the night was over.", seconds(), ended),
        one("duration", "From the night's first run to its end.", seconds(), took),
    ]
}

fn unix_seconds(moment: Timestamp) -> f64 {
    moment.as_millisecond() as f64 / 1e3
}

fn duration(times: NightTimes) -> f64 {
    times.ended.duration_since(times.started).as_secs_f64()
}

/// What there is to say of each figure.
fn of_figures(night: &NightDecision) -> [Gauge; 4] {
    let each = |name, help, value: fn(&FigureDecision) -> Option<f64>| Gauge {
        name,
        help,
        unit: None,
        values: night.figures.iter().filter_map(|figure| labelled(&night.suite, figure, value(figure)?)).collect(),
    };
    let could_see = "The smallest change that would be found in 9 of 10 within three nights, as a share of the usual.";
    let regressed =
        "1 for a figure that is worse than usual, 0 for one that is not; none where it could not be judged.";
    [
        each("figure", "The night's number, in the unit of its label.", |figure| figure.value),
        each("figure_usual", "The usual number, from the nights before.", |figure| figure.usual),
        each("could_see_ratio", could_see, |figure| figure.could_see.map(|seen| seen.share)),
        each("regressed", regressed, regression),
    ]
}

/// What is not a number is left out.
fn labelled(suite: &str, figure: &FigureDecision, value: f64) -> Option<(Labels, f64)> {
    let part = |part: &Option<String>| part.clone().unwrap_or_default();
    let place = &figure.place;
    let labels = OfFigure {
        suite: suite.to_owned(),
        profile: figure.profile.clone(),
        stream: part(&place.stream),
        stage: part(&place.stage),
        phase: part(&place.phase),
        model: part(&place.model),
        figure: figure.figure.clone(),
        unit: unit_name(figure.unit),
    };
    value.is_finite().then(|| (Labels::Figure(Box::new(labels)), value))
}

fn unit_name(unit: Unit) -> &'static str {
    match unit {
        Unit::Ms => "ms",
        Unit::PerS => "per_s",
        Unit::Events => "events",
        Unit::S => "s",
    }
}

/// A figure that could not be judged is not said to be well.
fn regression(figure: &FigureDecision) -> Option<f64> {
    match figure.judged {
        Judged::Worse | Judged::StillWorse => Some(1.0),
        Judged::Back | Judged::Better | Judged::AsUsual => Some(0.0),
        Judged::TooFewNights | Judged::TooNoisy | Judged::Suspect | Judged::NotMeasured => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nightly::decision_examples::{quiet, worse};
    use proptest::prelude::*;
    use serde_json::json;

    fn times() -> Option<NightTimes> {
        let (started, ended) = ("2030-01-31T02:00:00Z".parse().unwrap(), "2030-01-31T02:31:40.5Z".parse().unwrap());
        Some(NightTimes { started, ended })
    }

    fn series(text: &str) -> Vec<&str> {
        text.lines().filter(|line| !line.starts_with('#')).collect()
    }

    /// The same figure with one part of what tells it apart named so.
    fn named(figure: &FigureDecision, part: usize, name: &str) -> FigureDecision {
        let (mut figure, name) = (figure.clone(), name.to_owned());
        let place = &mut figure.place;
        match part {
            0 => figure.profile = name,
            1 => place.stream = Some(name),
            2 => place.stage = Some(name),
            3 => place.phase = Some(name),
            4 => place.model = Some(name),
            _ => figure.figure = name,
        }
        figure
    }

    #[test]
    fn a_night_as_a_file() {
        insta::assert_snapshot!(metrics(&worse(), times()).unwrap());
    }

    #[test]
    fn the_older_format_reads_it_too() {
        let text = metrics(&worse(), times()).unwrap();
        assert!(text.ends_with("\n# EOF\n"));
        for line in text.lines().filter(|line| line.starts_with("# TYPE ")) {
            assert!(line.ends_with(" gauge"), "{line}");
        }
        for line in series(&text) {
            let (_, value) = line.rsplit_once("} ").unwrap();
            assert!(value.parse::<f64>().is_ok(), "a value and no time: {line}");
        }
    }

    #[test]
    fn what_could_not_be_judged_is_not_said_to_be_well() {
        let mut night = quiet();
        night.figures.truncate(1);
        for judged in [Judged::TooFewNights, Judged::TooNoisy, Judged::Suspect, Judged::NotMeasured] {
            night.figures[0].judged = judged;
            assert!(!metrics(&night, None).unwrap().contains("_regressed"), "{judged:?}");
        }
        for (judged, value) in [(Judged::StillWorse, "1.0"), (Judged::Worse, "1.0"), (Judged::Back, "0.0")] {
            night.figures[0].judged = judged;
            let text = metrics(&night, None).unwrap();
            let said = series(&text).into_iter().find(|line| line.starts_with("floodmark_nightly_regressed{")).unwrap();
            assert!(said.ends_with(&format!(" {value}")), "{said}");
        }
    }

    #[test]
    fn what_is_not_there_is_left_out() {
        let mut night = quiet();
        for figure in &mut night.figures {
            (figure.value, figure.usual, figure.could_see) = (Some(f64::NAN), None, None);
        }
        let text = metrics(&night, None).unwrap();
        for name in ["figure", "figure_usual", "could_see_ratio", "last_night_timestamp_seconds", "duration_seconds"] {
            assert!(!text.contains(&format!("floodmark_nightly_{name}")), "{name}: {text}");
        }
    }

    fn line(started: &str, ended: &str) -> NightLine {
        let surroundings = json!({"load": "", "target": "", "floodmark": "", "librdkafka": "", "machine": ""});
        let line = json!({
            "schema": 1, "suite": "staging", "night": "2030-01-31", "profile": "average", "fingerprint": "", "surroundings": surroundings,
            "host": "", "started": started, "ended": ended, "probes": [], "repetitions": [], "figures": [],
        });
        serde_json::from_value(line).unwrap()
    }

    #[test]
    fn the_times_of_a_night_span_those_of_its_lines() {
        let lines = [
            line("2030-01-31T02:10:00Z", "2030-01-31T02:31:40.5Z"),
            line("2030-01-31T02:00:00Z", "2030-01-31T02:20:00Z"),
            line("once", "later"),
        ];
        assert_eq!(NightTimes::of(lines.iter()), times());
        assert_eq!(NightTimes::of(lines[2..].iter()), None);
    }

    proptest! {
        #[test]
        fn each_series_is_one_line_and_is_there_once(
            names in prop::collection::hash_set("\\PC{0,3}[\"\\\\\n]?", 1..6), part in 0..6_usize,
        ) {
            let mut night = quiet();
            let figure = night.figures.remove(0);
            night.figures = names.iter().map(|name| named(&figure, part, name)).collect();
            let text = metrics(&night, None).unwrap();
            let mut labels: Vec<&str> = series(&text).into_iter().map(|line| line.rsplit_once("} ").unwrap().0).collect();
            // Two of the night, four of each figure.
            prop_assert_eq!(labels.len(), 2 + 4 * names.len());
            labels.sort_unstable();
            labels.dedup();
            prop_assert_eq!(labels.len(), 2 + 4 * names.len());
        }
    }
}
