//! Which tool wrote a file.

use std::fmt;

use serde::{Deserialize, Serialize, de::IgnoredAny};

use super::{ImportError, error::beginning, json};
use crate::curve::FIRST_LINE;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Prometheus' answer to `query_range`.
    Prometheus,
    /// A CSV that Grafana exported.
    Grafana,
    /// CloudWatch's answer to `get-metric-statistics`.
    CloudwatchStatistics,
    /// CloudWatch's answer to `get-metric-data`.
    CloudwatchData,
    /// Datadog's answer to a query of a time series.
    Datadog,
    /// A CSV with a time and a value.
    Csv,
    /// A curve file of floodmark's own.
    Curve,
}

impl Format {
    /// The words for the formats.
    pub const WORDS: &'static str =
        "prometheus, grafana, cloudwatch-statistics, cloudwatch-data, datadog, csv or curve";
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Prometheus => "Prometheus query_range JSON",
            Format::Grafana => "a Grafana CSV export",
            Format::CloudwatchStatistics => "CloudWatch get-metric-statistics JSON",
            Format::CloudwatchData => "CloudWatch get-metric-data JSON",
            Format::Datadog => "Datadog time series JSON",
            Format::Csv => "plain CSV",
            Format::Curve => "a floodmark curve file",
        })
    }
}

/// The keys at the top of each tool's answer.
#[derive(Deserialize)]
struct Keys {
    #[serde(rename = "MetricDataResults")]
    metric_data_results: Option<IgnoredAny>,
    #[serde(rename = "Datapoints")]
    datapoints: Option<IgnoredAny>,
    status: Option<IgnoredAny>,
    series: Option<IgnoredAny>,
    errors: Option<IgnoredAny>,
    data: Option<DataKeys>,
}

#[derive(Deserialize)]
struct DataKeys {
    attributes: Option<IgnoredAny>,
}

/// Recognises the tool by what only it writes.
pub(super) fn recognise(text: &str) -> Result<Format, ImportError> {
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
        _ if start.starts_with(['[', '<']) => Err(ImportError::Unrecognised { start: beginning(header) }),
        _ => Ok(Format::Csv),
    }
}

fn recognise_json(text: &str) -> Result<Format, ImportError> {
    let keys: Keys = json::parse(text)?;
    match keys {
        Keys { metric_data_results: Some(_), .. } => Ok(Format::CloudwatchData),
        Keys { datapoints: Some(_), .. } => Ok(Format::CloudwatchStatistics),
        Keys { series: Some(_), .. }
        | Keys { errors: Some(_), .. }
        | Keys { data: Some(DataKeys { attributes: Some(_) }), .. } => Ok(Format::Datadog),
        Keys { status: Some(_), .. } => Ok(Format::Prometheus),
        _ => Err(ImportError::Unrecognised { start: beginning(text.trim_start().lines().next().unwrap_or_default()) }),
    }
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
            ("\"Time\",\"A-series\"\n", Format::Grafana),
            ("sep=,\n\"Time\",\"A\"\n", Format::Grafana),
            ("Series;Time;Value\n", Format::Grafana),
            ("timestamp,count\n", Format::Csv),
            ("# floodmark curve\ntimestamp,count\n", Format::Curve),
            ("# by hand\ntimestamp,count\n", Format::Csv),
        ] {
            assert_eq!(recognise(text), Ok(format), "{text}");
        }
    }

    #[test]
    fn what_is_unknown_or_broken_is_said() {
        let refusal = |text| recognise(text).unwrap_err().to_string();
        assert!(refusal("{\"a\":1}").contains("not recognised from `{\"a\":1}`; say --format prometheus, "));
        assert!(refusal("<html>").contains("not recognised"));
        assert!(refusal("{\"a\":\n 1,}").starts_with("line 2, column 4: this is no valid JSON: "));
    }
}
