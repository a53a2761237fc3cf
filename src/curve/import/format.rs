//! The formats of exported rate curves.

use std::fmt;

use serde::{Deserialize, Serialize};

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
    /// Loki's answer to `query_range`, in Prometheus' form.
    Loki,
    /// Confluent Cloud's answer to a query of its Metrics API.
    ConfluentCloud,
    /// A CSV with a time and a value.
    Csv,
    /// A curve file of floodmark's own.
    Curve,
}

impl Format {
    /// The words for the formats.
    pub const WORDS: &'static str =
        "prometheus, loki, grafana, cloudwatch-statistics, cloudwatch-data, datadog, confluent-cloud, csv or curve";
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Format::Prometheus => "Prometheus query_range JSON",
            Format::Grafana => "a Grafana CSV export",
            Format::CloudwatchStatistics => "CloudWatch get-metric-statistics JSON",
            Format::CloudwatchData => "CloudWatch get-metric-data JSON",
            Format::Datadog => "Datadog time series JSON",
            Format::Loki => "Loki query_range JSON",
            Format::ConfluentCloud => "Confluent Cloud Metrics API JSON",
            Format::Csv => "plain CSV",
            Format::Curve => "a floodmark curve file",
        })
    }
}
