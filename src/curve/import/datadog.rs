//! Datadog's answers: `/api/v1/query` with `series` and `pointlist`, and `/api/v2/query/timeseries` with `times` and `values`.
//!
//! `interval` is not used: the documentation calls it milliseconds, and answers have been seen with seconds. The stamps say it, too.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Findings, ImportError, Place, Stamps, Values,
    error::one_line,
    json::{self, Lines},
    series::{Export, Sample, Series},
    stamps::StampReader,
};

#[derive(Deserialize)]
struct Answer<'a> {
    error: Option<String>,
    errors: Option<Vec<String>>,
    #[serde(borrow)]
    series: Option<Vec<Queried<'a>>>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
}

#[derive(Deserialize)]
struct Queried<'a> {
    metric: Option<String>,
    display_name: Option<String>,
    scope: Option<String>,
    expression: Option<String>,
    #[serde(borrow, default)]
    pointlist: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Data<'a> {
    #[serde(borrow)]
    attributes: Attributes<'a>,
}

#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(default)]
    series: Vec<Group>,
    #[serde(borrow, default)]
    times: Vec<&'a RawValue>,
    #[serde(borrow, default)]
    values: Vec<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Group {
    #[serde(default)]
    group_tags: Vec<String>,
    #[serde(default)]
    query_index: u32,
}

/// Reads Datadog's answer, of either version. A stamp is the interval's start, in milliseconds.
pub(super) fn read(text: &str) -> Result<Export, ImportError> {
    let answer: Answer<'_> = json::parse(text)?;
    let refused = answer.error.or(answer.errors.map(|errors| errors.join("; "))).filter(|error| !error.is_empty());
    if let Some(error) = refused {
        let why = format!("this is Datadog's answer to a query that failed: {}", one_line(&error));
        return Err(ImportError::Shape { place: Place::line(1), why });
    }
    let lines = Lines::of(text);
    let series = match answer.data {
        Some(data) => second_version(data.attributes, &lines)?,
        None => answer
            .series
            .unwrap_or_default()
            .into_iter()
            .map(|one| first_version(one, &lines))
            .collect::<Result<_, _>>()?,
    };
    Ok(Export {
        series,
        stamps: Stamps::Start,
        ordered: true,
        stamp_form: "epoch milliseconds",
        findings: Findings::default(),
    })
}

fn first_version(one: Queried<'_>, lines: &Lines<'_>) -> Result<Series, ImportError> {
    let mut stamps = StampReader::default();
    let mut samples = Vec::with_capacity(one.pointlist.len());
    for (number, raw) in one.pointlist.into_iter().enumerate() {
        let ((at, value), place): ((&RawValue, Option<f64>), Place) =
            lines.point(raw, number, "[1700000000000.0, 12.0]")?;
        samples.push(Sample { place, at_ms: stamps.read(at.get(), place)?, value: value.unwrap_or(f64::NAN) });
    }
    let metric = one.metric.or(one.display_name).unwrap_or_default();
    let name = one.scope.map_or_else(|| metric.clone(), |scope| format!("{metric}{{{scope}}}"));
    Ok(Series { name, samples, values: one.expression.as_deref().and_then(said_by) })
}

/// What the query says of its values; nothing if it neither asks for counts nor for rates.
fn said_by(expression: &str) -> Option<Values> {
    match (expression.contains(".as_count()"), expression.contains(".as_rate()")) {
        (true, false) => Some(Values::Counts),
        (false, true) => Some(Values::RatePerS),
        _ => None,
    }
}

fn second_version(answer: Attributes<'_>, lines: &Lines<'_>) -> Result<Vec<Series>, ImportError> {
    let mut series = Vec::with_capacity(answer.values.len());
    for (number, values) in answer.values.into_iter().enumerate() {
        let name = answer.series.get(number).map_or_else(|| format!("series {number}"), name_of);
        if values.len() != answer.times.len() {
            let why = format!("`{name}` has {} values, and there are {} times", values.len(), answer.times.len());
            return Err(ImportError::Shape { place: Place::line(1), why });
        }
        let mut stamps = StampReader::default();
        let mut samples = Vec::with_capacity(values.len());
        for (number, (at, value)) in answer.times.iter().zip(values).enumerate() {
            let (value, place): (Option<f64>, Place) = lines.point(value, number, "12.0")?;
            let at_ms = stamps.read(at.get(), lines.place(at.get(), number))?;
            samples.push(Sample { place, at_ms, value: value.unwrap_or(f64::NAN) });
        }
        series.push(Series { name, samples, values: None });
    }
    Ok(series)
}

fn name_of(group: &Group) -> String {
    let tags = if group.group_tags.is_empty() { "*".to_owned() } else { group.group_tags.join(",") };
    format!("query {}{{{tags}}}", group.query_index)
}
