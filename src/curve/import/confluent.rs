//! Confluent Cloud's answer to a query of its Metrics API: `{"data": [{"timestamp": …, "value": …, "metric.topic": …}]}`.
//! Other keys of a point are the labels that the query grouped by.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Findings, ImportError, Options, Partial, Place, Stamps,
    json::Pages,
    quoted::one_line,
    series::{Export, Rows, Sample, Series},
    stamps::StampReader,
};

const FORM: &str = "{\"timestamp\": \"2030-01-31T11:00:00Z\", \"value\": 12.0}";

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow, default)]
    data: Vec<&'a RawValue>,
    #[serde(default)]
    errors: Vec<Refusal>,
    meta: Option<Meta>,
}

#[derive(Deserialize)]
struct Refusal {
    detail: Option<String>,
}

#[derive(Deserialize)]
struct Meta {
    pagination: Option<Pagination>,
}

#[derive(Deserialize)]
struct Pagination {
    next_page_token: Option<String>,
}

/// Reads the answer, of one page or several. A timestamp is the start of its interval.
pub(super) fn read(text: &str, options: &Options, findings: &mut Findings) -> Result<Export, ImportError> {
    let pages = Pages::of(text)?;
    let answers: Vec<Answer<'_>> = pages.read()?;
    let next = answers.last().and_then(|page| page.meta.as_ref()).and_then(|meta| meta.pagination.as_ref());
    if next.is_some_and(|pagination| pagination.next_page_token.is_some()) {
        let stops = options.policy.partial == Partial::Fail;
        super::note_partial(findings, "the answer has a next_page_token: pages are missing", stops);
    }
    if let Some(refusal) = answers.iter().flat_map(|page| &page.errors).next() {
        let why = refusal.detail.as_deref().map(one_line).unwrap_or_default();
        let why = format!("this is Confluent Cloud's answer to a query that failed: {why}");
        return Err(ImportError::Shape { place: Place::line(1), why });
    }
    let mut series: Vec<Series> = Vec::new();
    let mut place_of: BTreeMap<String, usize> = BTreeMap::new();
    let mut stamps = StampReader::default();
    for (number, raw) in answers.into_iter().flat_map(|page| page.data).enumerate() {
        let (point, place): (BTreeMap<String, serde_json::Value>, Place) = pages.point(raw, number, FORM)?;
        let text = |key: &str| point.get(key).and_then(serde_json::Value::as_str);
        let wrong = || ImportError::Shape { place, why: format!("this point does not have the form {FORM}") };
        let at_ms = stamps.read(text("timestamp").ok_or_else(wrong)?, place)?;
        let value = match point.get("value") {
            Some(serde_json::Value::Null) => f64::NAN,
            value => value.and_then(serde_json::Value::as_f64).ok_or_else(wrong)?,
        };
        let name = name_of(&point);
        let sample = Sample { place, at_ms, value };
        let known = *place_of.entry(name.clone()).or_insert_with(|| {
            series.push(Series { name, ..Series::default() });
            series.len() - 1
        });
        if let Some(one) = series.get_mut(known) {
            one.samples.push(sample);
        }
    }
    // With one point per group, points alternate between groups; within a group their order is not guaranteed.
    Ok(Export {
        series,
        stamps: Stamps::Start,
        ordered: false,
        rows: Rows::OneStep,
        stamp_form: stamps.form(),
        local: false,
    })
}

fn name_of(point: &BTreeMap<String, serde_json::Value>) -> String {
    let label = |(key, value): (&String, &serde_json::Value)| {
        value.as_str().map_or_else(|| format!("{key}={value}"), |value| format!("{key}={value}"))
    };
    let labels: Vec<String> =
        point.iter().filter(|(key, _)| !["timestamp", "value"].contains(&key.as_str())).map(label).collect();
    if labels.is_empty() { "value".to_owned() } else { labels.join(",") }
}
