//! Import: a production rate as the tools export it, made into a curve.
//!
//! Bytes become text, the format is recognised, its file reads the series, and one of them is put on a grid of equal buckets. Anything
//! unusual in the data is a finding with its line. Nothing is repaired unless the policy says how.

mod cloudwatch;
mod confluent;
mod datadog;
mod error;
mod events;
mod findings;
mod format;
mod grafana;
mod grid;
mod json;
mod layout;
mod numbers;
mod plain;
mod policy;
mod prometheus;
mod quoted;
mod recognise;
mod repair;
mod series;
mod stamps;
mod steps;
mod sum;
mod table;
mod text;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub(crate) use error::ImportError;
pub(crate) use findings::{Finding, Findings, Kind};
pub(crate) use format::Format;
pub use policy::Values;
pub(crate) use policy::{
    Decimal, Duplicates, Future, Gaps, Negative, OffGrid, Partial, Policy, Stamps, Unsorted, word,
};
pub(crate) use series::Place;

use super::Curve;
use series::{Export, Foreign, Series};
pub(in crate::curve) use stamps::zone_named;

/// What the data does not say itself, and what may be done with it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The format; recognised when it is not given.
    pub format: Option<Format>,
    /// Which of several series; `all` is all of them.
    pub series: Vec<String>,
    /// Whether several series are added up.
    pub sum: bool,
    /// What the values are. Needed if the file does not say.
    pub values: Option<Values>,
    /// The zone of timestamps without one: `UTC`, `Europe/Berlin`, `+02:00`.
    pub zone: Option<String>,
    /// The form of the timestamps in the letters of `strptime`; recognised when it is not given.
    pub time_format: Option<String>,
    /// The length of the curve's buckets, in milliseconds; as in the file when it is not given.
    pub step_ms: Option<u64>,
    /// Which end of its bucket a timestamp means; the format's own when it is not given.
    pub stamps: Option<Stamps>,
    /// What a comma in a number means, if the numbers do not show it.
    pub decimal: Option<Decimal>,
    /// What may be repaired, and how.
    pub policy: Policy,
    /// The current time, in milliseconds since 1970: later timestamps are in the future.
    pub now_unix_ms: i64,
}

/// The result of an import.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The curve.
    pub curve: Curve,
    /// The file's format.
    pub format: Format,
    /// The series that was taken.
    pub series: String,
    /// How many values the series had.
    pub rows: usize,
    /// What the values were taken to be.
    pub values: Values,
    /// Which end of its bucket a timestamp was taken to be.
    pub stamps: Stamps,
    /// How many buckets had no number of their own and were filled by the policy.
    pub filled: usize,
    /// The form of the timestamps, for people: `RFC 3339`, `epoch milliseconds`.
    pub stamp_form: String,
    /// What was unusual, and what was done about it.
    pub findings: Findings,
}

/// The word for all series together.
const ALL: &str = "all";

impl Options {
    /// Whether a series is among those to read; all are when none is named.
    pub(in crate::curve) fn asks_for(&self, name: &str) -> bool {
        self.series.is_empty() || self.series.iter().any(|asked| asked == name) || self.wants_all()
    }

    fn wants_all(&self) -> bool {
        matches!(self.series.as_slice(), [only] if only == ALL)
    }
}

/// Reads an export. The same bytes and options give the same curve on any machine.
///
/// # Errors
/// [`ImportError`]: with the lines and the fixes; everything that is missing is asked for at once.
pub fn import(bytes: &[u8], options: &Options) -> Result<Imported, ImportError> {
    let mut findings = Findings::default();
    match read(bytes, options, &mut findings) {
        Ok(imported) => Ok(imported),
        Err(ImportError::Stopped(findings)) => Err(ImportError::Stopped(findings)),
        Err(fault) if findings.stop() => Err(ImportError::Besides { fault: Box::new(fault), findings }),
        Err(fault) => Err(fault),
    }
}

fn read(bytes: &[u8], options: &Options, findings: &mut Findings) -> Result<Imported, ImportError> {
    let text = text::decode(bytes)?;
    let format = match options.format {
        Some(format) => format,
        None => recognise::recognise(&text, options.time_format.as_deref())?,
    };
    if options.values == Some(Values::Events) && format != Format::Csv {
        return Err(ImportError::NoEvents { format });
    }
    let export = match format {
        Format::Curve => return curve_file(&text, options),
        Format::Prometheus => prometheus::read(&text, "Prometheus'", options, findings)?,
        Format::Loki => prometheus::read(&text, "Loki's", options, findings)?,
        Format::Grafana => grafana::read(&text, options, findings)?,
        Format::CloudwatchStatistics => cloudwatch::read_statistics(&text)?,
        Format::CloudwatchData => cloudwatch::read_data(&text, options, findings)?,
        Format::Datadog => datadog::read(&text, findings)?,
        Format::ConfluentCloud => confluent::read(&text, options, findings)?,
        Format::Csv => plain::read(&text, options, findings)?,
    };
    made_of(export, format, options, findings)
}

/// The curve of an export's series.
fn made_of(
    export: Export,
    format: Format,
    options: &Options,
    findings: &mut Findings,
) -> Result<Imported, ImportError> {
    let Export { series, stamps, ordered, rows, stamp_form, local } = export;
    let chosen = choose(series, options, findings)?;
    let values = values_of(&chosen, format, options, findings)?;
    let stamps = options.stamps.unwrap_or(stamps);
    let own = |sample: &&series::Sample| rows != series::Rows::Joined || !sample.value.is_nan();
    let count = chosen.iter().map(|one| one.samples.iter().filter(own).count()).sum();
    let name = chosen.iter().map(|one| one.name.as_str()).collect::<Vec<_>>().join(" + ");
    let layout = layout::Layout { values, stamps, ordered, rows, local, options };
    let grid::Laid { curve, values, filled } = sum::curve_of(chosen, &layout, findings)?;
    let findings = std::mem::take(findings);
    Ok(Imported { curve, format, series: name, rows: count, values, stamps, filled, stamp_form, findings })
}

/// What the values are: as the user says, or as all series say; else a question, and counts for now.
fn values_of(
    chosen: &[Series],
    format: Format,
    options: &Options,
    findings: &mut Findings,
) -> Result<Values, ImportError> {
    for one in chosen {
        match &one.foreign {
            Some(Foreign::Never(why)) => {
                return Err(ImportError::Foreign { name: quoted::one_line(&one.name), why: why.clone() });
            }
            Some(Foreign::Unit(why)) if options.values.is_none() => {
                return Err(ImportError::Foreign { name: quoted::one_line(&one.name), why: why.clone() });
            }
            _ => {}
        }
    }
    let said =
        chosen.first().and_then(|one| one.values).filter(|said| chosen.iter().all(|one| one.values == Some(*said)));
    let events = if format == Format::Csv { ", or events (each row is one)" } else { "" };
    match options.values.or(said) {
        Some(values) => Ok(values),
        None => {
            let what = format!("{format} does not tell what its values are");
            let then = format!(
                "set --values to counts (events in each bucket), rate-per-s, rate-per-min, counter (a running total){events}"
            );
            findings.note(Kind::ValuesWanted, None, &what, &then, true);
            Ok(Values::Counts)
        }
    }
}

/// A curve file is used as it is: it has no gaps and no questions.
fn curve_file(text: &str, options: &Options) -> Result<Imported, ImportError> {
    let read = Curve::read(text.as_bytes())?;
    let mut findings = Findings::default();
    let curve = match options.step_ms {
        Some(step_ms) => grid::coarser(&read, step_ms, &mut findings)?,
        None => read,
    };
    Ok(Imported {
        format: Format::Curve,
        series: "count".to_owned(),
        rows: curve.counts().len(),
        values: Values::Counts,
        stamps: Stamps::Start,
        filled: 0,
        stamp_form: "RFC 3339".to_owned(),
        findings,
        curve,
    })
}

/// The only series, those that were asked for, or, with a question, the first.
fn choose(mut series: Vec<Series>, options: &Options, findings: &mut Findings) -> Result<Vec<Series>, ImportError> {
    let names = || quoted::list(&series.iter().map(|one| one.name.clone()).collect::<Vec<_>>());
    if series.is_empty() {
        return Err(ImportError::NoSeries);
    }
    if options.series.is_empty() {
        if series.len() > 1 && !options.sum {
            let what = format!("it has {} series", series.len());
            let then = format!(
                "choose one with --series NAME, several with --series NAME --series OTHER --sum, or --series all: {}",
                names()
            );
            findings.note(Kind::SeriesWanted, None, &what, &then, true);
            series.truncate(1);
        }
        return Ok(series);
    }
    let all = options.wants_all() && series.iter().all(|one| one.name != ALL);
    for asked in options.series.iter().filter(|_| !all) {
        match series.iter().filter(|one| one.name == *asked).count() {
            1 => {}
            0 => return Err(ImportError::NoSuchSeries { asked: quoted::one_line(asked), names: names() }),
            _ => return Err(ImportError::SeriesTwice { asked: quoted::one_line(asked) }),
        }
    }
    if options.series.len() > 1 && !options.sum {
        let what = format!("{} series are selected", options.series.len());
        findings.note(Kind::SeriesWanted, None, &what, "add --sum to add them up", true);
    }
    series.retain(|one| all || options.series.contains(&one.name));
    Ok(series)
}

/// Records that an answer is incomplete.
fn note_partial(findings: &mut Findings, what: &str, stops: bool) {
    let then = if stops {
        "export it again, or for a shorter time, or keep what there is with --partial keep"
    } else {
        "kept"
    };
    findings.note(Kind::Partial, None, what, then, stops);
}
