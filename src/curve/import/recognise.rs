//! Which tool wrote a file, by what only it writes.

use std::collections::BTreeMap;

use serde::{Deserialize, de::IgnoredAny};
use serde_json::value::RawValue;

use super::{Format, ImportError, json::Pages, quoted::beginning};
use crate::curve::FIRST_LINE;

/// The top-level keys of each tool's answer.
#[derive(Deserialize)]
struct Keys<'a> {
    #[serde(rename = "MetricDataResults")]
    metric_data_results: Option<IgnoredAny>,
    #[serde(rename = "Datapoints")]
    datapoints: Option<IgnoredAny>,
    status: Option<IgnoredAny>,
    series: Option<IgnoredAny>,
    error: Option<IgnoredAny>,
    #[serde(rename = "errorType")]
    error_type: Option<IgnoredAny>,
    #[serde(borrow)]
    errors: Option<&'a RawValue>,
    #[serde(borrow)]
    data: Option<&'a RawValue>,
}

/// What is inside `data`.
#[derive(Deserialize)]
struct DataKeys<'a> {
    attributes: Option<IgnoredAny>,
    #[serde(borrow, rename = "resultType")]
    result_type: Option<&'a RawValue>,
    stats: Option<BTreeMap<String, IgnoredAny>>,
}

/// Recognises the tool by what only it writes.
pub(super) fn recognise(text: &str, time_format: Option<&str>) -> Result<Format, ImportError> {
    let start = text.trim_start();
    if start.starts_with('{') {
        return recognise_json(text);
    }
    if start.starts_with(FIRST_LINE) {
        return Ok(Format::Curve);
    }
    let header = start.lines().find(|line| !line.starts_with('#')).unwrap_or_default();
    let mut cells = header.split([',', ';', '\t']).map(|cell| cell.trim().trim_matches('"'));
    let (first, second) = (cells.next().unwrap_or_default(), cells.next());
    match (first, second) {
        ("Time", Some(_)) | ("Series", Some("Time")) => Ok(Format::Grafana),
        (first, _) if first.starts_with("sep=") => Ok(Format::Grafana),
        // Logs put their timestamps into brackets.
        _ if start.starts_with('[') && time_format.is_some_and(|form| form.starts_with('[')) => Ok(Format::Csv),
        _ if start.starts_with(['[', '<']) => Err(ImportError::Unrecognised { start: beginning(header) }),
        _ => Ok(Format::Csv),
    }
}

fn recognise_json(text: &str) -> Result<Format, ImportError> {
    let keys: Keys<'_> = Pages::of(text)?.first()?;
    // If it is not a table it is none of the tools' data; their readers, or the code below, report that.
    let data: Option<DataKeys<'_>> = keys.data.and_then(|data| serde_json::from_str(data.get()).ok());
    let is_list = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get().starts_with('['));
    let lists_objects = |raw: Option<&RawValue>| raw.is_some_and(|raw| raw.get()[1..].trim_start().starts_with('{'));
    match keys {
        Keys { metric_data_results: Some(_), .. } => Ok(Format::CloudwatchData),
        Keys { datapoints: Some(_), .. } => Ok(Format::CloudwatchStatistics),
        Keys { series: Some(_), .. } => Ok(Format::Datadog),
        // Both tools' errors have a status; only Prometheus' have a type.
        Keys { status: Some(_), error: Some(_), error_type: None, .. } => Ok(Format::Datadog),
        Keys { errors, .. } if is_list(errors) && lists_objects(errors) => Ok(Format::ConfluentCloud),
        Keys { errors: Some(_), .. } => Ok(Format::Datadog),
        Keys { status: None, data, .. } if is_list(data) => Ok(Format::ConfluentCloud),
        Keys { status, .. } => match data {
            Some(DataKeys { attributes: Some(_), .. }) => Ok(Format::Datadog),
            Some(DataKeys { result_type, stats, .. }) if is_loki(result_type, stats.as_ref()) => Ok(Format::Loki),
            _ if status.is_some() => Ok(Format::Prometheus),
            _ => Err(unrecognised(text)),
        },
    }
}

/// Only Loki has streams, and statistics of its own parts.
fn is_loki(result_type: Option<&RawValue>, stats: Option<&BTreeMap<String, IgnoredAny>>) -> bool {
    result_type.is_some_and(|kind| kind.get() == "\"streams\"")
        || stats.is_some_and(|stats| stats.contains_key("summary") || stats.contains_key("ingester"))
}

fn unrecognised(text: &str) -> ImportError {
    ImportError::Unrecognised { start: beginning(text.trim_start().lines().next().unwrap_or_default()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_is_known_by_what_it_writes() {
        for (text, format) in [
            ("{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}", Format::Prometheus),
            ("{\"status\":\"error\",\"errorType\":\"bad_data\",\"error\":\"x\"}", Format::Prometheus),
            ("{\"Label\":\"R\",\"Datapoints\":[]}", Format::CloudwatchStatistics),
            ("{\"MetricDataResults\":[],\"Messages\":[]}", Format::CloudwatchData),
            ("{\"status\":\"ok\",\"series\":[]}", Format::Datadog),
            ("{\"data\":{\"type\":\"timeseries_response\",\"attributes\":{}}}", Format::Datadog),
            ("{\"errors\":[\"Forbidden\"]}", Format::Datadog),
            ("{\"status\":\"error\",\"error\":\"bad query\"}", Format::Datadog),
            ("{\"data\":[{\"timestamp\":\"2030-01-31T11:00:00Z\",\"value\":1.0}]}", Format::ConfluentCloud),
            ("{\"data\":[]}", Format::ConfluentCloud),
            ("{\"errors\":[{\"status\":\"401\",\"detail\":\"x\"}]}", Format::ConfluentCloud),
            ("{\"status\":\"success\",\"data\":{\"resultType\":\"streams\",\"result\":[]}}", Format::Loki),
            (
                "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[],\"stats\":{\"summary\":{}}}}",
                Format::Loki,
            ),
            (
                "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[],\"stats\":{\"timings\":{}}}}",
                Format::Prometheus,
            ),
            ("\"Time\",\"A-series\"\n", Format::Grafana),
            ("sep=,\n\"Time\",\"A\"\n", Format::Grafana),
            ("Series;Time;Value\n", Format::Grafana),
            ("timestamp,count\n", Format::Csv),
            ("# floodmark curve\ntimestamp,count\n", Format::Curve),
            ("# by hand\ntimestamp,count\n", Format::Csv),
        ] {
            assert_eq!(recognise(text, None), Ok(format), "{text}");
        }
    }

    #[test]
    fn what_is_unknown_or_broken_is_said() {
        let refusal = |text| recognise(text, None).unwrap_err().to_string();
        assert!(refusal("{\"a\":1}").contains("not recognised from `{\"a\":1}`; name it with --format prometheus, "));
        assert!(refusal("<html>").contains("not recognised"));
        assert!(refusal("{\"a\":\n 1,}").starts_with("line 2, column 4: this is not valid JSON: "));
    }
}
