//! CloudWatch's answers, as the AWS command line prints them. Points come in no order, and periods without data are left out.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Findings, ImportError, Kind, Place, Stamps, Values,
    json::{self, Lines},
    series::{Export, Sample, Series},
    stamps::StampReader,
};

const STATISTICS_FORM: &str = "{\"Timestamp\": \"2030-01-31T11:00:00Z\", \"Sum\": 12.0, \"Unit\": \"Count\"}";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics<'a> {
    label: Option<String>,
    #[serde(borrow, default)]
    datapoints: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Datapoint<'a> {
    #[serde(borrow)]
    timestamp: &'a RawValue,
    sum: Option<f64>,
    #[serde(borrow)]
    unit: Option<Cow<'a, str>>,
}

/// Reads the answer to `get-metric-statistics`. Sums of a count are events per period; a stamp is the period's start.
pub(super) fn read_statistics(text: &str) -> Result<Export, ImportError> {
    let answer: Statistics<'_> = json::parse(text)?;
    let lines = Lines::of(text);
    let mut stamps = StampReader::default();
    let mut samples = Vec::with_capacity(answer.datapoints.len());
    let mut all_counts = true;
    for (number, raw) in answer.datapoints.into_iter().enumerate() {
        let (point, place): (Datapoint<'_>, Place) = lines.point(raw, number, STATISTICS_FORM)?;
        let Some(value) = point.sum else {
            let why =
                "there is no Sum, and other statistics do not say how many events there were: ask for --statistics Sum";
            return Err(ImportError::Shape { place, why: why.to_owned() });
        };
        all_counts &= point.unit.as_deref().is_none_or(|unit| matches!(unit, "Count" | "None"));
        samples.push(Sample { place, at_ms: stamps.read(unquoted(point.timestamp), place)?, value });
    }
    let values = all_counts.then_some(Values::Counts);
    let series = vec![Series { name: answer.label.unwrap_or_else(|| "Datapoints".to_owned()), samples, values }];
    Ok(Export {
        series,
        stamps: Stamps::Start,
        ordered: false,
        stamp_form: stamps.form(),
        findings: Findings::default(),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data<'a> {
    #[serde(borrow, default)]
    metric_data_results: Vec<MetricData<'a>>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct MetricData<'a> {
    id: Option<String>,
    label: Option<String>,
    #[serde(borrow, default)]
    timestamps: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    values: Vec<&'a RawValue>,
    status_code: Option<String>,
}

/// Reads the answer to `get-metric-data`. It does not say its statistic, so what the values are is asked; a stamp is the period's start.
pub(super) fn read_data(text: &str) -> Result<Export, ImportError> {
    let answer: Data<'_> = json::parse(text)?;
    let lines = Lines::of(text);
    let mut findings = Findings::default();
    if answer.next_token.is_some() {
        findings.note(
            Kind::Partial,
            None,
            "the answer has a NextToken",
            "this is the first page only: export all pages",
            false,
        );
    }
    let twice =
        |label: &Option<String>| answer.metric_data_results.iter().filter(|other| other.label == *label).count() > 1;
    let names: Vec<String> = answer.metric_data_results.iter().map(|one| name_of(one, twice(&one.label))).collect();
    let mut stamp_form = "";
    let mut series = Vec::with_capacity(names.len());
    for (one, name) in answer.metric_data_results.into_iter().zip(names) {
        if let Some(status) = one.status_code.filter(|status| status != "Complete") {
            let what = format!("the status of `{name}` is {status}");
            findings.note(Kind::Partial, None, &what, "points may be missing: ask again, or for a shorter time", false);
        }
        if one.timestamps.len() != one.values.len() {
            let why = format!("`{name}` has {} Timestamps and {} Values", one.timestamps.len(), one.values.len());
            return Err(ImportError::Shape { place: Place::line(1), why });
        }
        let mut stamps = StampReader::default();
        let mut samples = Vec::with_capacity(one.values.len());
        for (number, (at, value)) in one.timestamps.into_iter().zip(one.values).enumerate() {
            let (value, place): (Option<f64>, Place) = lines.point(value, number, "12.0")?;
            let at_ms = stamps.read(unquoted(at), lines.place(at.get(), number))?;
            samples.push(Sample { place, at_ms, value: value.unwrap_or(f64::NAN) });
        }
        stamp_form = stamps.form();
        series.push(Series { name, samples, values: None });
    }
    Ok(Export { series, stamps: Stamps::Start, ordered: false, stamp_form, findings })
}

/// The label; with the id where two have the same.
fn name_of(one: &MetricData<'_>, twice: bool) -> String {
    match (&one.label, &one.id) {
        (Some(label), Some(id)) if twice => format!("{label} ({id})"),
        (Some(label), _) => label.clone(),
        (None, id) => id.clone().unwrap_or_default(),
    }
}

/// A stamp: text or, from some SDKs, a number.
fn unquoted(raw: &RawValue) -> &str {
    raw.get().trim_matches('"')
}
