//! Each format once, from files as the tools write them, with their quirks; and what is refused.

use super::*;
use crate::curve::moment_text;

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/curves/", $name)).as_slice()
    };
}

pub(super) use fixture;

pub(super) fn options() -> Options {
    Options { now_unix_ms: 1_900_000_000_000, ..Options::default() }
}

pub(super) fn counts() -> Options {
    Options { values: Some(Values::Counts), ..options() }
}

fn rates() -> Options {
    Options { values: Some(Values::RatePerS), ..options() }
}

/// An import in a line: series, first bucket, step in seconds, counts; then what was found.
pub(super) fn said(bytes: &[u8], options: &Options) -> String {
    match import(bytes, options) {
        Ok(read) => {
            let start = moment_text(read.curve.bucket_start_ms(0));
            let counts = read.curve.counts();
            let first = format!("{}: {} from {start}, {} s: {counts:?}", read.format, read.series, read.curve.step_s());
            let notes =
                read.findings.iter().map(|finding| format!(" | {} ({})", finding.first.join(" & "), finding.then));
            first + &notes.collect::<String>()
        }
        Err(error) => error.to_string(),
    }
}

#[test]
fn prometheus_means_the_bucket_that_ends_at_its_stamp() {
    let series = vec!["orders_total{instance=\"10.0.0.8:9100\",job=\"checkout\"}".to_owned()];
    assert_eq!(
        said(fixture!("prometheus_increase.json"), &Options { series, ..counts() }),
        "Prometheus query_range JSON: orders_total{instance=\"10.0.0.8:9100\",job=\"checkout\"} \
         from 2023-11-14T22:13:20.781Z, 60 s: [7.0, 8.0, 9.0, 10.0]"
    );
}

#[test]
fn prometheus_names_its_series_its_gaps_and_its_errors() {
    assert_eq!(
        said(fixture!("prometheus_increase.json"), &counts()),
        "it has 2 series: choose one with --series NAME, several with --series NAME --series OTHER --sum, or --series all: \
         `orders_total{instance=\"10.0.0.7:9100\",job=\"checkout\"}`, `orders_total{instance=\"10.0.0.8:9100\",job=\"checkout\"}`; \
         line 1, point 3: no number for 2023-11-14T22:16:20.781Z: add --gaps zero, hold or interpolate"
    );
    let series = vec!["orders_total{instance=\"10.0.0.7:9100\",job=\"checkout\"}".to_owned()];
    assert_eq!(
        said(fixture!("prometheus_increase.json"), &Options { series, ..counts() }),
        "line 1, point 3: no number for 2023-11-14T22:16:20.781Z: add --gaps zero, hold or interpolate"
    );
    assert_eq!(
        said(fixture!("prometheus_rate.json"), &rates()),
        "line 11, point 3: 1 bucket of 1m has no row before this one, from 2023-11-14T22:16:20Z: add --gaps zero, hold or interpolate"
    );
    assert!(
        said(fixture!("prometheus_rate.json"), &options())
            .contains("does not tell what its values are: set --values to counts")
    );
    assert!(
        said(fixture!("prometheus_error.json"), &counts()).contains("query that failed: invalid parameter \"query\"")
    );
    assert!(said(fixture!("prometheus_instant.json"), &counts()).contains("this is a vector, a single moment"));
}

#[test]
fn a_rate_is_a_count_over_its_bucket() {
    let policy = Policy { gaps: Gaps::Interpolate, ..Policy::default() };
    assert_eq!(
        said(fixture!("prometheus_rate.json"), &Options { policy, ..rates() }),
        "Prometheus query_range JSON: {} from 2023-11-14T22:13:20Z, 60 s: [120.0, 150.0, 165.0, 180.0] \
         | PromQL warning: metric might not be a counter (a remark by the server) \
         | line 11, point 3: 1 bucket of 1m has no row before this one, from 2023-11-14T22:16:20Z (filled: interpolate)"
    );
}

#[test]
fn grafana_writes_columns_with_marks_and_thousands() {
    let zone = Some("Europe/Berlin".to_owned());
    let orders = Options { series: vec!["Orders".to_owned()], zone, ..counts() };
    assert_eq!(
        said(fixture!("grafana_series_columns.csv"), &orders),
        "a Grafana CSV export: Orders from 2023-11-14T22:14:20Z, 60 s: [1234.0, 12345.0, 999.0] \
         | commas in numbers are read as thousands separators (if they are decimal commas, add --decimal comma)"
    );
    assert_eq!(
        said(fixture!("grafana_series_columns.csv"), &Options { series: vec!["Returns".to_owned()], ..orders.clone() }),
        "line 4: no number for 2023-11-14T22:16:20Z: add --gaps zero, hold or interpolate"
    );
    assert!(said(fixture!("grafana_series_columns.csv"), &counts()).contains(
        "or --series all: `Orders`, `Returns`; line 2: `2023-11-14 23:14:20` has no zone: add the zone that the file was written in, as in --zone UTC"
    ));
    assert_eq!(
        said(fixture!("grafana_series_columns.csv"), &Options { series: vec!["Order".to_owned()], ..orders }),
        "it has no series `Order`, only `Orders`, `Returns`"
    );
}

#[test]
fn grafana_writes_rows_semicolons_and_utf_16() {
    let orders = Options { series: vec!["orders".to_owned()], ..counts() };
    assert_eq!(
        said(fixture!("grafana_rows.csv"), &orders),
        "a Grafana CSV export: orders from 2023-11-14T22:14:20Z, 60 s: [1234.5, 1234.5]"
    );
    assert_eq!(
        said(fixture!("grafana_sep.csv"), &rates()),
        "a Grafana CSV export: {job=\"checkout\", path=\"/pay\"} from 2023-11-14T22:14:20Z, 60 s: [750.0, 795.0]"
    );
    let utc = Options { zone: Some("UTC".to_owned()), ..counts() };
    assert_eq!(
        said(fixture!("grafana_excel.csv"), &utc),
        "a Grafana CSV export: Orders from 2023-11-14T22:14:20Z, 60 s: [10.0, 11.0]"
    );
    assert!(
        said(fixture!("grafana_formatted.csv"), &utc)
            .starts_with("line 2: `1.23 K` is not a number; export raw values")
    );
}

#[test]
fn cloudwatch_has_no_order_and_leaves_periods_out() {
    let policy = Policy { gaps: Gaps::Zero, ..Policy::default() };
    assert_eq!(
        said(fixture!("cloudwatch_statistics.json"), &Options { policy, ..options() }),
        "CloudWatch get-metric-statistics JSON: RequestCount from 2023-11-14T22:15:00Z, 300 s: [10.0, 20.0, 30.0, 0.0, 40.0] \
         | line 14, point 3: 1 bucket of 5m has no row before this one, from 2023-11-14T22:30:00Z (filled: zero)"
    );
    assert!(said(fixture!("cloudwatch_average.json"), &options()).starts_with("line 4, point 1: there is no Sum"));
    let incoming = Options { series: vec!["IncomingMessages".to_owned()], ..counts() };
    assert_eq!(
        said(fixture!("cloudwatch_data.json"), &incoming),
        "CloudWatch get-metric-data JSON: IncomingMessages from 2023-11-14T22:15:00Z, 60 s: [1.0, 2.0, 3.0]"
    );
    let outgoing = Options { series: vec!["OutgoingMessages".to_owned()], ..counts() };
    assert!(said(fixture!("cloudwatch_data.json"), &outgoing).contains(
        "the status of `OutgoingMessages` is PartialData: export it again, or for a shorter time, or keep what there is with --partial keep"
    ));
    assert!(said(fixture!("cloudwatch_data.json"), &Options { values: None, ..incoming }).contains("--values"));
}

#[test]
fn datadog_says_counts_in_its_query_or_is_asked() {
    let policy = Policy { gaps: Gaps::Hold, ..Policy::default() };
    assert_eq!(
        said(fixture!("datadog_v1.json"), &Options { policy, ..options() }),
        "Datadog time series JSON: orders.placed{env:prod} from 2023-11-14T22:14:00Z, 60 s: [12.0, 12.0, 15.0] \
         | line 1, point 2: no number for 2023-11-14T22:15:00Z (filled: hold)"
    );
    let prod = Options { series: vec!["query 0{env:prod}".to_owned()], ..rates() };
    assert_eq!(
        said(fixture!("datadog_v2.json"), &prod),
        "Datadog time series JSON: query 0{env:prod} from 2023-11-14T22:14:00Z, 60 s: [90.0, 150.0]"
    );
    assert!(said(b"{\"errors\":[\"Forbidden\"]}", &options()).ends_with("query that failed: Forbidden"));
}

#[test]
fn a_night_with_two_hours_of_one_name_is_eight_half_hours_long() {
    let zone = Some("Europe/Berlin".to_owned());
    let told = said(fixture!("plain_autumn.csv"), &Options { zone, ..options() });
    let curve = "plain CSV: rate from 2024-10-26T23:30:00Z, 1800 s: [3600.0, 5400.0, 7200.0, 9000.0, 10800.0, 12600.0]";
    assert!(
        told.starts_with(curve) && told.contains("line 5: the clocks showed this time twice: read as the second one"),
        "{told}"
    );
    let in_utc = said(fixture!("plain_autumn.csv"), &Options { zone: Some("UTC".to_owned()), ..options() });
    assert!(
        in_utc.starts_with("line 5: goes back from 2024-10-27T02:30:00Z to 2024-10-27T02:00:00Z, before earlier rows"),
        "{in_utc}"
    );
}

#[test]
fn a_running_total_is_counted_by_its_differences() {
    let policy = Policy { gaps: Gaps::Hold, ..Policy::default() };
    assert_eq!(
        said(fixture!("plain_counter.csv"), &Options { values: Some(Values::Counter), policy, ..options() }),
        "plain CSV: total from 2023-11-14T22:13:20Z, 60 s: [60.0, 40.0, 30.0, 30.0] \
         | line 7: 1 bucket of 1m has no row before this one, from 2023-11-14T22:16:20Z (filled: hold) \
         | the total falls from 160 to 40 at 2023-11-14T22:15:20Z (taken as a restart from 0)"
    );
}

#[test]
fn all_that_is_odd_is_said_at_once_and_repaired_as_told() {
    assert_eq!(
        said(fixture!("plain_odd.csv"), &options()),
        "line 7: goes back from 2023-11-14T22:18:00Z to 2023-11-14T22:16:00Z, before earlier rows: add --unsorted sort to put the rows in order; line 7: 2023-11-14T22:16:00Z again, as in line 5 (and 1 more): add --duplicates sum, first or last; \
         line 8: 2023-11-14T22:17:03Z is 3s after the edge of a bucket of 1m: add --off-grid snap to move each to the nearest edge"
    );
    let policy = Policy {
        unsorted: Unsorted::Sort,
        duplicates: Duplicates::Last,
        off_grid: OffGrid::Snap,
        negative: Negative::Zero,
        ..Policy::default()
    };
    let told = said(fixture!("plain_odd.csv"), &Options { policy, ..options() });
    assert!(
        told.starts_with("plain CSV: count from 2023-11-14T22:13:00Z, 60 s: [3.0, 4.0, 5.0, 2.0, 1.0, 0.0] | "),
        "{told}"
    );
    assert!(told.contains("line 9: -4 is below 0 (taken as 0)"), "{told}");
}

#[test]
fn a_resolution_that_changes_is_summed_only_when_told() {
    let mut text = "timestamp,count\n".to_owned();
    (0..20).for_each(|row| text += &format!("{},1\n", 1_700_000_000 + row * 60));
    (0..10).for_each(|row| text += &format!("{},5\n", 1_700_001_200 + row * 300));
    let told = said(text.as_bytes(), &options());
    assert!(told.starts_with("line 22: from here the rows are 5m apart, others 1m: add --step 5m"), "{told}");
    let told = said(text.as_bytes(), &Options { step_ms: Some(300_000), ..options() });
    assert!(
        told.contains("300 s: [5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0] | "),
        "{told}"
    );
    let told = said(text.as_bytes(), &Options { step_ms: Some(60_000), ..options() });
    assert!(told.starts_with("buckets of 1m cannot be made from the file's buckets of 5m"), "{told}");
    let told = said(text.as_bytes(), &Options { step_ms: Some(300_000), ..rates() });
    assert!(told.starts_with("line 22: the rows are not evenly spaced"), "{told}");
}

#[test]
fn buckets_can_be_made_longer_and_none_is_lost() {
    let text = b"timestamp,count\n1700000000,1\n1700000060,2\n1700000120,3\n";
    let told = said(text, &Options { step_ms: Some(120_000), ..options() });
    assert!(told.contains("120 s: [3.0, 3.0] | the last bucket has only 1 of 2 buckets of the file"), "{told}");
    assert!(said(text, &Options { step_ms: Some(90_000), ..options() }).contains("choose a multiple"));
}

#[test]
fn an_hour_without_rows_in_local_time_hints_at_the_zone() {
    let text = b"timestamp,count\n2024-03-31 01:00:00,1\n2024-03-31 01:30:00,1\n2024-03-31 03:00:00,1\n2024-03-31 03:30:00,1\n";
    let told = said(text, &Options { zone: Some("UTC".to_owned()), ..options() });
    assert!(told.contains("exactly one hour, as when clocks change"), "{told}");
    let berlin = said(text, &Options { zone: Some("Europe/Berlin".to_owned()), ..options() });
    assert!(berlin.ends_with("1800 s: [1.0, 1.0, 1.0, 1.0]"), "{berlin}");
}

#[test]
fn bad_input_is_one_sentence_with_its_line() {
    let rows = |rows: &str| format!("timestamp,count\n{rows}").into_bytes();
    for (bytes, expected) in [
        (Vec::new(), "the file is empty"),
        (b" \n".to_vec(), "the file is empty"),
        (rows(""), "line 1: there is a header, but no row below it"),
        (rows("1700000000,5\n"), "line 2: there is only one row"),
        (b"timestamp count\n1700000000 5\n".to_vec(), "line 1: `timestamp count` is only one column"),
        (b"timestamp|count\n1700000000|5\n".to_vec(), "line 1: `timestamp|count` is only one column"),
        (rows("1700000000,1,234\n"), "line 2: the row has 3 columns, but the header has 2"),
        (rows("1700000000,many\n"), "line 2: `many` is not a number"),
        (rows("soon,5\n"), "line 2: `soon` is not a time"),
        (
            rows("2000000000,1\n2000000060,1\n"),
            "line 2: 2033-05-18T03:33:20Z is in the future (and 1 more): check the unit",
        ),
        (rows("1700000000,NaN\n1700000060,\n"), "the series `count` has no numbers"),
        (rows("200000000,1\n200000001,2\n1700000000,3\n"), "would be 1500000001 buckets (limit 1000300 for this file)"),
        (b"timestamp,a,b\n1700000000,1,2\n".to_vec(), "it has 2 series: choose one with --series NAME"),
        (b"\x1f\x8b\x08\x00".to_vec(), "line 1: this is binary data, not text; it looks like gzip"),
        (b"timestamp,count\n\xc3\x28\n".to_vec(), "line 2: this is binary data"),
        (b"\x7fELF\x02\x01\x01\0\0".to_vec(), "line 1: this is binary data"),
        (b"{\"status\": \"succ".to_vec(), "line 1, column 16: this is not valid JSON"),
        (b"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[]}}".to_vec(), "it has no series"),
        (
            b"{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":7}}".to_vec(),
            "is not a list of series",
        ),
        (
            b"{\"status\":\"ok\",\"series\":[{\"pointlist\":[[1]]}]}".to_vec(),
            "line 1, point 1: `[1]` does not have the form",
        ),
        (b"{\"Label\":\"x\",\"Datapoints\":[]}".to_vec(), "the series `x` has no numbers"),
        (b"<html><body>Sign in</body></html>".to_vec(), "line 1: the format is not recognised"),
        (b"# floodmark curve\ntimestamp,count\n2023-11-14T22:15:00Z,5\n".to_vec(), "there is only one row"),
    ] {
        let told = import(&bytes, &options()).map_err(|error| error.to_string()).unwrap_err();
        assert!(told.contains(expected) && told.lines().count() == 1, "{:?}: {told}", String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn one_row_is_enough_when_its_length_is_said() {
    let told = said(b"timestamp,count\n1700000000,5\n", &Options { step_ms: Some(60_000), ..options() });
    assert_eq!(told, "plain CSV: count from 2023-11-14T22:13:20Z, 60 s: [5.0]");
    let total = Options { step_ms: Some(60_000), values: Some(Values::Counter), ..options() };
    assert!(said(b"timestamp,count\n1700000000,5\n", &total).starts_with("line 2: a running total with one value"));
}

#[test]
fn a_table_without_a_header_is_read_and_asked_about() {
    let text = b"1700000000;5\n1700000060;6\n";
    assert!(said(text, &options()).contains("--values"));
    assert_eq!(said(text, &counts()), "plain CSV: column 2 from 2023-11-14T22:13:20Z, 60 s: [5.0, 6.0]");
}
