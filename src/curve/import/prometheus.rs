//! Prometheus' answer to `/api/v1/query_range`: a matrix of `[seconds, "value"]`.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Findings, ImportError, Place, Stamps,
    error::one_line,
    json::{self, Lines},
    series::{Export, Sample, Series},
    stamps::StampReader,
};

const FORM: &str = "[1700000000, \"12.5\"]";

// Unknown keys are allowed here and in the other tools' answers: the tools add some with every version.
#[derive(Deserialize)]
struct Answer<'a> {
    error: Option<String>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(rename = "resultType")]
    result_type: Option<String>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(default)]
    metric: BTreeMap<String, String>,
    #[serde(borrow, default)]
    values: Vec<&'a RawValue>,
}

/// Reads Prometheus' answer. The value at a stamp is about the time before it: `increase(x[1m])` at 12:01 is the minute from 12:00.
pub(super) fn read(text: &str) -> Result<Export, ImportError> {
    let wrong = |why: String| ImportError::Shape { place: Place::line(1), why };
    let answer: Answer<'_> = json::parse(text)?;
    if let Some(error) = answer.error {
        return Err(wrong(format!("this is Prometheus' answer to a query that failed: {}", one_line(&error))));
    }
    let data = answer.data.ok_or_else(|| wrong("Prometheus' answer holds no `data`".to_owned()))?;
    if let Some(other) = data.result_type.filter(|kind| kind != "matrix") {
        return Err(wrong(format!("this is a {other}, one moment only: ask query_range, which answers with a matrix")));
    }
    let lines = Lines::of(text);
    let rows: Vec<Row<'_>> = match data.result {
        Some(result) => serde_json::from_str(result.get()).map_err(|error| ImportError::Shape {
            place: lines.place(result.get(), 0),
            why: format!("`result` is no list of series with `metric` and `values`: {error}"),
        })?,
        None => Vec::new(),
    };
    let series = rows.into_iter().map(|row| series_of(row, &lines)).collect::<Result<_, _>>()?;
    Ok(Export {
        series,
        stamps: Stamps::End,
        ordered: true,
        stamp_form: "epoch seconds",
        findings: Findings::default(),
    })
}

fn series_of(row: Row<'_>, lines: &Lines<'_>) -> Result<Series, ImportError> {
    let mut stamps = StampReader::default();
    let mut samples = Vec::with_capacity(row.values.len());
    for (number, point) in row.values.into_iter().enumerate() {
        let ((at, value), place): ((&RawValue, Cow<'_, str>), Place) = lines.point(point, number, FORM)?;
        let at_ms = stamps.read(at.get(), place)?;
        samples.push(Sample { place, at_ms, value: super::numbers::number(&value, None, place)? });
    }
    Ok(Series { name: name_of(&row.metric), samples, values: None })
}

/// A series by its labels, as Prometheus writes it: `http_requests_total{job="api"}`.
fn name_of(metric: &BTreeMap<String, String>) -> String {
    let mut name = metric.get("__name__").cloned().unwrap_or_default();
    let labels: Vec<String> = metric
        .iter()
        .filter(|(label, _)| *label != "__name__")
        .map(|(label, value)| format!("{label}={value:?}"))
        .collect();
    if !labels.is_empty() || name.is_empty() {
        // Writing into a string cannot fail.
        let _ = write!(name, "{{{}}}", labels.join(","));
    }
    name
}
