//! CloudWatch's answers, as the AWS command line prints them. Points are unsorted, and periods without data are left out.

use std::{borrow::Cow, collections::HashMap};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Findings, ImportError, Options, Partial, Place, Stamps, Values,
    json::Pages,
    note_partial,
    quoted::one_line,
    series::{Export, Foreign, Rows, Sample, Series},
    stamps::StampReader,
};

const STATISTICS_FORM: &str = "{\"Timestamp\": \"2030-01-31T11:00:00Z\", \"Sum\": 12.0, \"Unit\": \"Count\"}";
const PER_S: &str = "Count/Second";

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
    average: Option<f64>,
    #[serde(borrow)]
    unit: Option<Cow<'a, str>>,
}

/// Reads the answer to `get-metric-statistics`. Sums of a count are events per period, an average of counts per second is a rate; a
/// timestamp is the period's start.
/// is the period's start.
pub(super) fn read_statistics(text: &str) -> Result<Export, ImportError> {
    let pages = Pages::of(text)?;
    let answers: Vec<Statistics<'_>> = pages.read()?;
    let name = answers.iter().find_map(|page| page.label.clone()).unwrap_or_else(|| "Datapoints".to_owned());
    let mut stamps = StampReader::default();
    let mut samples = Vec::new();
    let mut unit: Option<String> = None;
    for (number, raw) in answers.into_iter().flat_map(|page| page.datapoints).enumerate() {
        let (point, place): (Datapoint<'_>, Place) = pages.point(raw, number, STATISTICS_FORM)?;
        let value = value_of(&point).map_err(|why| ImportError::Shape { place, why: why.to_owned() })?;
        samples.push(Sample { place, at_ms: stamps.read(unquoted(point.timestamp), place)?, value });
        let other = point.unit.filter(|unit| !matches!(unit.as_ref(), "Count" | "None"));
        unit = unit.or(other.map(Cow::into_owned));
    }
    let values = match unit.as_deref() {
        None => Some(Values::Counts),
        Some(PER_S) => Some(Values::RatePerS),
        Some(_) => None,
    };
    let foreign = unit.filter(|unit| unit != PER_S).map(|unit| {
        let unit = one_line(&unit);
        Foreign::Unit(format!(
            "its unit is {unit}, not a count: export a metric that counts events, or state what it is with --values"
        ))
    });
    let series = vec![Series { name, samples, values, foreign, ..Series::default() }];
    Ok(export(series, stamps.form()))
}

/// The statistic that gives the number of events.
fn value_of(point: &Datapoint<'_>) -> Result<f64, &'static str> {
    match (point.unit.as_deref(), point.sum, point.average) {
        (Some(PER_S), _, Some(average)) => Ok(average),
        (Some(PER_S), Some(_), None) => {
            Err("a Sum of values in Count/Second is not a count: export with --statistics Average, which is a rate")
        }
        (_, Some(sum), _) => Ok(sum),
        (_, None, _) => Err(
            "there is no Sum, and other statistics do not tell how many events there were: export with --statistics Sum",
        ),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Data<'a> {
    #[serde(borrow, default)]
    metric_data_results: Vec<MetricData<'a>>,
    #[serde(default)]
    messages: Vec<Message>,
    next_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    code: Option<String>,
    value: Option<String>,
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
    #[serde(borrow, default)]
    messages: Vec<&'a RawValue>,
}

/// Reads the answer to `get-metric-data`, of one page or several. It does not name its statistic, so the import asks what the values are; a
/// timestamp is the period's start.
pub(super) fn read_data(text: &str, options: &Options, findings: &mut Findings) -> Result<Export, ImportError> {
    let pages = Pages::of(text)?;
    let mut answers: Vec<Data<'_>> = pages.read()?;
    let stops = options.policy.partial == Partial::Fail;
    if answers.last().is_some_and(|page| page.next_token.is_some()) {
        note_partial(findings, "the last page of the answer has a NextToken: pages are missing", stops);
    }
    for message in answers.iter_mut().flat_map(|page| std::mem::take(&mut page.messages)) {
        let said = [message.code, message.value].into_iter().flatten().collect::<Vec<_>>().join(": ");
        note_partial(findings, &format!("the answer says {}", one_line(&said)), stops);
    }
    let mut known: HashMap<(Option<String>, Option<String>), usize> = HashMap::new();
    let mut all: Vec<(MetricData<'_>, Vec<Sample>)> = Vec::new();
    let mut stamp_form = String::new();
    for mut one in answers.into_iter().flat_map(|page| page.metric_data_results) {
        let samples = samples_of(&mut one, &pages, &mut stamp_form)?;
        // Further pages of a series repeat its id and label; the status of the last one counts.
        match known.get(&(one.id.clone(), one.label.clone())).and_then(|at| all.get_mut(*at)) {
            Some((before, earlier)) => {
                earlier.extend(samples);
                before.status_code = one.status_code;
                before.messages.extend(one.messages);
            }
            None => {
                known.insert((one.id.clone(), one.label.clone()), all.len());
                all.push((one, samples));
            }
        }
    }
    let mut of_label: HashMap<Option<String>, usize> = HashMap::new();
    all.iter().for_each(|(one, _)| *of_label.entry(one.label.clone()).or_default() += 1);
    let mut series = Vec::with_capacity(all.len());
    for (one, samples) in all {
        let name = name_of(&one, of_label.get(&one.label).is_some_and(|count| *count > 1));
        if options.series.is_empty() || options.asks_for(&name) {
            if let Some(status) = one.status_code.filter(|status| status != "Complete") {
                let what = format!("the status of `{}` is {}", one_line(&name), one_line(&status));
                note_partial(findings, &what, stops);
            }
            one.messages.iter().for_each(|said| note_partial(findings, &one_line(said.get()), stops));
        }
        series.push(Series { name, samples, ..Series::default() });
    }
    Ok(export(series, stamp_form))
}

/// Every answer has one period, and leaves out those without data.
fn export(series: Vec<Series>, stamp_form: String) -> Export {
    Export { series, stamps: Stamps::Start, ordered: false, rows: Rows::OneStep, stamp_form, local: false }
}

fn samples_of(
    one: &mut MetricData<'_>,
    pages: &Pages<'_>,
    stamp_form: &mut String,
) -> Result<Vec<Sample>, ImportError> {
    let (timestamps, values) = (std::mem::take(&mut one.timestamps), std::mem::take(&mut one.values));
    if timestamps.len() != values.len() {
        let name = one_line(&name_of(one, false));
        let why = format!("`{name}` has {} Timestamps, but {} Values", timestamps.len(), values.len());
        return Err(ImportError::Shape { place: Place::line(1), why });
    }
    let mut stamps = StampReader::default();
    let mut samples = Vec::with_capacity(values.len());
    for (number, (at, value)) in timestamps.into_iter().zip(values).enumerate() {
        let (value, place): (Option<f64>, Place) = pages.point(value, number, "12.0")?;
        let at_ms = stamps.read(unquoted(at), pages.place(at.get(), number))?;
        samples.push(Sample { place, at_ms, value: value.unwrap_or(f64::NAN) });
    }
    *stamp_form = stamps.form();
    Ok(samples)
}

/// The label; with the id if two have the same.
fn name_of(one: &MetricData<'_>, twice: bool) -> String {
    match (&one.label, &one.id) {
        (Some(label), Some(id)) if twice => format!("{label} ({id})"),
        (Some(label), _) => label.clone(),
        (None, id) => id.clone().unwrap_or_default(),
    }
}

/// A timestamp: text or, from some SDKs, a number.
fn unquoted(raw: &RawValue) -> &str {
    raw.get().trim_matches('"')
}
