//! Prometheus' answer to `/api/v1/query_range`: a matrix of `[seconds, "value"]`. Loki answers a metric query in the same form.

use std::{borrow::Cow, collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    Decimal, Findings, Gaps, ImportError, Kind, Options, Partial, Place, Stamps,
    json::Pages,
    quoted::one_line,
    repair::gap_policy,
    series::{Export, Rows, Sample, Series, join_page},
    stamps::StampReader,
};

const FORM: &str = "[1700000000, \"12.5\"]";

// Unknown keys are allowed here and in the other tools' answers: the tools add some with every version.
#[derive(Deserialize)]
struct Answer<'a> {
    error: Option<String>,
    #[serde(rename = "errorType")]
    error_type: Option<String>,
    #[serde(borrow)]
    data: Option<Data<'a>>,
    #[serde(default)]
    warnings: Vec<String>,
    #[serde(default)]
    infos: Vec<String>,
    #[serde(rename = "isPartial", default)]
    is_partial: bool,
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
    #[serde(borrow, default)]
    histograms: Vec<&'a RawValue>,
}

/// Reads the answer, of one page or several; `tool` is the tool's name. The value at a timestamp is for the time before it:
/// `increase(x[1m])` at 12:01 is the minute from 12:00.
pub(super) fn read(text: &str, tool: &str, options: &Options, findings: &mut Findings) -> Result<Export, ImportError> {
    let pages = Pages::of(text)?;
    let mut series = Vec::new();
    for answer in pages.read::<Answer<'_>>()? {
        refuse(&answer, tool)?;
        note_remarks(&answer, options, findings);
        let Some(result) = answer.data.and_then(|data| data.result) else { continue };
        let rows: Vec<Row<'_>> = serde_json::from_str(result.get()).map_err(|error| ImportError::Shape {
            place: pages.place(result.get(), 0),
            why: format!("`result` is not a list of series with `metric` and `values`: {error}"),
        })?;
        let page = rows.into_iter().map(|row| series_of(row, &pages, options, findings)).collect::<Result<_, _>>()?;
        join_page(&mut series, page);
    }
    Ok(Export {
        series,
        stamps: Stamps::End,
        ordered: true,
        rows: Rows::OneStep,
        stamp_form: "epoch seconds".to_owned(),
        local: false,
    })
}

/// An answer without a curve.
fn refuse(answer: &Answer<'_>, tool: &str) -> Result<(), ImportError> {
    let wrong = |why: String| Err(ImportError::Shape { place: Place::line(1), why });
    if let Some(error) = &answer.error {
        let kind = answer.error_type.as_deref().map(|kind| format!(" ({})", one_line(kind))).unwrap_or_default();
        return wrong(format!("this is {tool} answer to a query that failed: {}{kind}", one_line(error)));
    }
    let Some(data) = &answer.data else { return wrong(format!("{tool} answer has no `data`")) };
    match data.result_type.as_deref() {
        None | Some("matrix") => Ok(()),
        Some("streams") => wrong(
            "these are Loki's log lines, at most as many as the query's limit: query their number, as in \
             sum(count_over_time({app=\"checkout\"}[1m])) with query_range and step=60, and import that with --values counts"
                .to_owned(),
        ),
        Some(other) => wrong(format!(
            "this is a {}, a single moment: use query_range, which answers with a matrix",
            one_line(other)
        )),
    }
}

/// Records what the tool says about its own answer. A warning means that something may be missing.
fn note_remarks(answer: &Answer<'_>, options: &Options, findings: &mut Findings) {
    let stops = options.policy.partial == Partial::Fail;
    if answer.is_partial {
        super::note_partial(findings, "the answer says it is partial (isPartial)", stops);
    }
    // Remarks on the query itself, which newer versions put among the warnings.
    let about_query = |warning: &&String| warning.starts_with("PromQL ");
    for warning in answer.warnings.iter().filter(|warning| !about_query(warning)) {
        super::note_partial(findings, &format!("the answer warns: {}", one_line(warning)), stops);
    }
    for info in answer.infos.iter().chain(answer.warnings.iter().filter(about_query)) {
        findings.note(Kind::Remark, None, &one_line(info), "a remark by the server", false);
    }
}

fn series_of(
    row: Row<'_>,
    pages: &Pages<'_>,
    options: &Options,
    findings: &mut Findings,
) -> Result<Series, ImportError> {
    let name = name_of(&row.metric);
    let mut stamps = StampReader::default();
    let mut samples = Vec::with_capacity(row.values.len() + row.histograms.len());
    for (number, point) in row.values.into_iter().enumerate() {
        let ((at, value), place): ((&RawValue, Cow<'_, str>), Place) = pages.point(point, number, FORM)?;
        let at_ms = stamps.read(at.get(), place)?;
        samples.push(Sample { place, at_ms, value: super::numbers::number(&value, Decimal::Point, place)? });
    }
    let plain = samples.len();
    if options.series.is_empty() || options.asks_for(&name) {
        for (number, point) in row.histograms.into_iter().enumerate() {
            let ((at, _), place): ((&RawValue, &RawValue), Place) = pages.point(point, number, "[1700000000, {…}]")?;
            let at_ms = stamps.read(at.get(), place)?;
            note_histogram(&name, place, options, findings);
            samples.push(Sample { place, at_ms, value: f64::NAN });
        }
    }
    if plain > 0 {
        samples.sort_by_key(|sample| sample.at_ms);
    }
    Ok(Series { name, samples, ..Series::default() })
}

/// A native histogram where a number should be.
fn note_histogram(name: &str, place: Place, options: &Options, findings: &mut Findings) {
    let stops = options.policy.gaps == Gaps::Fail;
    let what = || format!("a histogram of `{}`, not a number", one_line(name));
    let then = if stops {
        format!("use histogram_count(…) in the query, or {}", gap_policy(&options.policy))
    } else {
        gap_policy(&options.policy)
    };
    findings.note_with(Kind::Histogram, place, what, &then, stops);
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
