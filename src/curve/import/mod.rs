//! Import: the rate of production as the tools export it, made into a curve.
//!
//! Bytes become text, the format is recognised, its file reads the series, and one of them is laid on a grid of equal buckets.
//! Whatever is odd in the data is a finding with its line. Nothing is repaired unless the policy says how.

mod cloudwatch;
mod datadog;
mod error;
mod findings;
mod format;
mod grafana;
mod grid;
mod json;
mod numbers;
mod plain;
mod policy;
mod prometheus;
mod repair;
mod series;
mod stamps;
mod steps;
mod table;
mod text;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod tests;

pub use error::ImportError;
pub use findings::{Finding, Findings, Kind};
pub use format::Format;
pub use policy::{Decimal, Duplicates, Future, Gaps, Negative, OffGrid, Policy, Stamps, Unsorted, Values, word};
pub use series::Place;

use super::Curve;
use series::{Export, Series};
pub(in crate::curve) use stamps::zone_named;

/// What the data does not say itself, and what may be done to it.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The format; recognised when it is not given.
    pub format: Option<Format>,
    /// Which of several series.
    pub series: Option<String>,
    /// What the values are. Needed when the file does not say it.
    pub values: Option<Values>,
    /// The zone of stamps that have none: `UTC`, `Europe/Berlin`, `+02:00`.
    pub zone: Option<String>,
    /// How long the curve's buckets shall be, in milliseconds; as in the file when it is not given.
    pub step_ms: Option<u64>,
    /// Which end of its bucket a stamp means; the format's own when it is not given.
    pub stamps: Option<Stamps>,
    /// What a comma in a number means, where the file does not settle it.
    pub decimal: Option<Decimal>,
    /// What may be repaired, and how.
    pub policy: Policy,
    /// What the time is now, in milliseconds since 1970: stamps behind it are in the future.
    pub now_unix_ms: i64,
}

/// What an import made of a file.
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
    /// What the values were taken as.
    pub values: Values,
    /// Which end of its bucket a stamp was taken as.
    pub stamps: Stamps,
    /// How many buckets had no number of their own and were filled by the policy.
    pub filled: usize,
    /// The form of the stamps, for people: `RFC 3339`, `epoch milliseconds`.
    pub stamp_form: &'static str,
    /// What was odd, and what was done about it.
    pub findings: Findings,
}

/// Reads an export. The same bytes and options give the same curve on any machine.
///
/// # Errors
/// [`ImportError`]: one sentence with the line and the way out.
pub fn import(bytes: &[u8], options: &Options) -> Result<Imported, ImportError> {
    let text = text::decode(bytes)?;
    let format = match options.format {
        Some(format) => format,
        None => format::recognise(&text)?,
    };
    let export = match format {
        Format::Curve => return curve_file(&text, options),
        Format::Prometheus => prometheus::read(&text)?,
        Format::Grafana => grafana::read(&text, options)?,
        Format::CloudwatchStatistics => cloudwatch::read_statistics(&text)?,
        Format::CloudwatchData => cloudwatch::read_data(&text)?,
        Format::Datadog => datadog::read(&text)?,
        Format::Csv => plain::read(&text, options)?,
    };
    let Export { series, stamps, ordered, stamp_form, mut findings } = export;
    let chosen = choose(series, options.series.as_deref())?;
    let values = options.values.or(chosen.values).ok_or(ImportError::ValuesWanted { format })?;
    let stamps = options.stamps.unwrap_or(stamps);
    let (name, rows) = (chosen.name.clone(), chosen.samples.len());
    let layout = grid::Layout { values, stamps, ordered, local: stamp_form == "local time", options };
    let (curve, filled) = grid::curve_of(chosen, &layout, &mut findings)?;
    Ok(Imported { curve, format, series: name, rows, values, stamps, filled, stamp_form, findings })
}

/// A curve file is taken as it is: it has no gaps and nothing to ask.
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
        stamp_form: "RFC 3339",
        findings,
        curve,
    })
}

/// The one series, or the one that was asked for.
fn choose(mut series: Vec<Series>, asked: Option<&str>) -> Result<Series, ImportError> {
    let names = || series.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
    let place = match asked {
        Some(asked) => match series.iter().filter(|one| one.name == asked).count() {
            1 => series.iter().position(|one| one.name == asked),
            0 => return Err(ImportError::NoSuchSeries { asked: asked.to_owned(), names: error::list(&names()) }),
            _ => return Err(ImportError::SeriesTwice { asked: asked.to_owned() }),
        },
        None if series.len() > 1 => {
            return Err(ImportError::SeriesWanted { count: series.len(), names: error::list(&names()) });
        }
        None => (!series.is_empty()).then_some(0),
    };
    place.map(|place| series.swap_remove(place)).ok_or(ImportError::NoSeries)
}
