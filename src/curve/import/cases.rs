//! Files that were once read wrongly, each with the right answer.

use super::tests::{counts, fixture, options, said};
use super::*;
use crate::curve::moment_text;

/// What the import made of a file: its step in seconds, and its counts.
fn made(bytes: &[u8], options: &Options) -> (f64, Vec<f64>) {
    let read = import(bytes, options).map_err(|error| error.to_string()).unwrap();
    (read.curve.step_s(), read.curve.counts().to_vec())
}

fn refused(bytes: &[u8], options: &Options) -> Vec<String> {
    import(bytes, options).unwrap_err().sentences()
}

fn with(policy: Policy) -> Options {
    Options { policy, ..counts() }
}

const SNAP: Policy = Policy {
    off_grid: OffGrid::Snap,
    gaps: Gaps::Fail,
    duplicates: Duplicates::Fail,
    unsorted: Unsorted::Fail,
    negative: Negative::Fail,
    future: Future::Fail,
    partial: Partial::Fail,
};

#[test]
fn polls_that_come_early_and_late_are_buckets_of_what_they_are_about() {
    let minutes = (60.0, vec![12.0, 15.0, 9.0, 14.0, 11.0, 13.0]);
    assert_eq!(made(fixture!("plain_polls.csv"), &with(SNAP)), minutes);
    assert_eq!(made(fixture!("plain_polls.csv"), &Options { step_ms: Some(60_000), ..with(SNAP) }), minutes);
    let told = refused(fixture!("plain_polls.csv"), &counts());
    assert!(told.len() == 1 && told[0].contains("of a bucket of 1m (and 2 more): add --off-grid snap"), "{told:?}");
    // More than a hundred polls a second apart, none of them exactly.
    let jitter = |row: i64| [0_i64, 3, -5, 9, -2, 4, -8][row as usize % 7];
    let row = |row: i64| {
        format!("{}.{:03},5\n", 1_710_000_000 + row + jitter(row).min(0).signum(), (1000 + jitter(row)) % 1000)
    };
    let polls = "timestamp,count\n".to_owned() + &(1..150).map(row).collect::<String>();
    assert_eq!(made(polls.as_bytes(), &with(SNAP)), (1.0, vec![5.0; 149]));
}

#[test]
fn a_job_that_drifts_can_be_laid_on_the_minutes_it_is_about() {
    let row = |row: i64| format!("{},6\n", 1_710_000_000_000 + row * 60_300 + row % 3);
    let drifting = "timestamp,count\n".to_owned() + &(0..300).map(row).collect::<String>();
    let (step_s, own) = made(drifting.as_bytes(), &with(SNAP));
    assert_eq!((step_s, own.len()), (60.3, 300));
    let policy = Policy { gaps: Gaps::Zero, duplicates: Duplicates::Sum, ..SNAP };
    let (step_s, minutes) = made(drifting.as_bytes(), &Options { step_ms: Some(60_000), ..with(policy) });
    assert_eq!((step_s, minutes.iter().sum::<f64>()), (60.0, 1800.0));
}

#[test]
fn rows_of_no_step_ask_for_one_and_are_summed_into_it() {
    let file = fixture!("plain_two_in_a_bucket.csv");
    assert_eq!(made(file, &Options { step_ms: Some(600_000), ..options() }), (600.0, vec![30.0, 120.0, 130.0]));
    let told = refused(file, &options());
    assert!(
        told.len() == 1 && told[0].contains("the rows are 2m to 6m apart, in no fixed step: set the length"),
        "{told:?}"
    );
    // Rates cannot be summed.
    let rates = Options { step_ms: Some(600_000), values: Some(Values::RatePerS), ..options() };
    assert!(refused(file, &rates)[0].contains("only counts can be summed into equal buckets"));
}

#[test]
fn two_rows_in_one_bucket_are_summed_only_when_told_and_only_as_counts() {
    let file =
        b"timestamp,count\n1710000000,1\n1710000060,2\n1710000065,4\n1710000180,8\n1710000240,16\n1710000300,32\n";
    let policy = Policy { gaps: Gaps::Zero, ..SNAP };
    assert!(
        refused(file, &with(policy))[0]
            .contains("falls into the bucket of line 3: add --duplicates sum, first or last")
    );
    let sum = Policy { duplicates: Duplicates::Sum, ..policy };
    assert_eq!(made(file, &with(sum)), (60.0, vec![1.0, 6.0, 0.0, 8.0, 16.0, 32.0]));
    let rates = Options { values: Some(Values::RatePerMin), ..with(sum) };
    assert!(refused(file, &rates)[0].contains("add --duplicates first or last, or set longer buckets"));
}

#[test]
fn silent_periods_that_an_exporter_leaves_out_are_buckets_without_events() {
    let night = fixture!("cloudwatch_silent_night.json");
    let zero = Policy { gaps: Gaps::Zero, ..Policy::default() };
    for step_ms in [None, Some(60_000)] {
        let (step_s, counts) = made(night, &Options { step_ms, policy: zero, ..options() });
        assert_eq!((step_s, counts.len(), counts.iter().sum::<f64>()), (60.0, 110, 183.0));
    }
    let told = refused(night, &options());
    assert!(
        told.len() == 1 && told[0].contains("of 1m have no row") && told[0].contains("add --gaps zero"),
        "{told:?}"
    );
    // In a table anyone may have written, the same may be longer buckets: the import asks.
    let read = import(night, &Options { policy: zero, ..options() }).unwrap().curve;
    let rows = read.counts().iter().enumerate().filter(|(_, count)| **count > 0.0);
    let row = |(bucket, count)| format!("{},{count}\n", moment_text(read.bucket_start_ms(bucket)));
    let table = "timestamp,count\n".to_owned() + &rows.map(row).collect::<String>();
    assert!(
        refused(table.as_bytes(), &options())[0]
            .contains("add --step 5m to sum counts into equal buckets, or --step 1m --gaps zero")
    );
    let told = Options { step_ms: Some(60_000), policy: zero, ..options() };
    assert_eq!(made(table.as_bytes(), &told).1.len(), 110);
    let held = Options { policy: Policy { gaps: Gaps::Hold, ..zero }, ..told };
    assert!(
        refused(table.as_bytes(), &held)[0].contains("add --gaps zero if the export leaves out buckets without events")
    );
}

#[test]
fn pages_of_one_series_are_joined_and_the_last_status_counts() {
    for pages in [fixture!("cloudwatch_two_pages.json"), fixture!("cloudwatch_documents.json")] {
        let (step_s, found) = made(pages, &counts());
        assert_eq!((step_s, &found[..2]), (60.0, &[5.0, 7.0][..]));
    }
    let both = [
        fixture!("prometheus_warnings.json"),
        b"\n",
        &br#"{"status": "success", "data": {"resultType": "matrix",
        "result": [{"metric": {"__name__": "placed"}, "values": [[1710000180, "310"]]}]}}"#[..],
    ]
    .concat();
    let kept = with(Policy { partial: Partial::Keep, ..Policy::default() });
    assert_eq!(made(&both, &kept).1, [800.0, 820.0, 300.0, 310.0]);
}

#[test]
fn an_answer_that_is_partial_is_read_only_when_told() {
    let file = fixture!("prometheus_warnings.json");
    let told = refused(file, &counts());
    assert_eq!(
        told,
        [
            "the answer says it is partial (isPartial) (and 1 more): export it again, or for a shorter time, or keep what there is with --partial keep"
        ]
    );
    let kept = said(file, &with(Policy { partial: Partial::Keep, ..Policy::default() }));
    assert!(
        kept.contains("[800.0, 820.0, 300.0]") && kept.contains("the answer warns: fetch series: store gateway 3"),
        "{kept}"
    );
    let first_page = br#"{"MetricDataResults": [], "NextToken": "x"}"#;
    assert!(refused(first_page, &counts()).concat().contains("has no series"));
    let first_page = fixture!("cloudwatch_documents.json").split(|byte| *byte == b'\n').next().unwrap();
    assert!(
        refused(first_page, &Options { step_ms: Some(60_000), ..counts() })[0]
            .contains("has a NextToken: pages are missing (and 1 more)")
    );
}

#[test]
fn points_that_part_thousands_are_never_decimals() {
    let utc = Options { zone: Some("UTC".to_owned()), ..counts() };
    assert_eq!(made(fixture!("plain_thousands_points.csv"), &utc).1, [3200.0, 1125.0, 740.0]);
    assert!(
        said(fixture!("plain_thousands_points.csv"), &utc)
            .contains("line 2: points in numbers are read as thousands separators")
    );
    let asked = refused(b"t;n\n2025-03-02T08:00:00Z;3.200\n2025-03-02T08:01:00Z;1.125\n", &counts());
    assert!(
        asked.len() == 1
            && asked[0]
                .contains("the point in `3.200` may be a thousands separator or a decimal mark: add --decimal point"),
        "{asked:?}"
    );
    let decimals = Options { decimal: Some(Decimal::Point), ..utc };
    assert_eq!(made(fixture!("plain_thousands_points.csv"), &decimals).1, [3.2, 1.125, 740.0]);
}

#[test]
fn the_interval_that_datadog_states_is_the_bucket() {
    let zero = Options { policy: Policy { gaps: Gaps::Zero, ..Policy::default() }, ..options() };
    assert_eq!(made(fixture!("datadog_interval.json"), &zero), (20.0, vec![30.0, 0.0, 50.0, 0.0, 0.0, 0.0, 20.0]));
    assert!(refused(fixture!("datadog_interval.json"), &options())[0].contains("1 bucket of 20s has no row"));
    let milliseconds = String::from_utf8(fixture!("datadog_interval.json").to_vec()).unwrap().replace("20,", "20000,");
    assert_eq!(made(milliseconds.as_bytes(), &zero), (20.0, vec![30.0, 0.0, 50.0, 0.0, 0.0, 0.0, 20.0]));
}

#[test]
fn ratios_and_other_units_are_not_counts() {
    for values in [None, Some(Values::Counts)] {
        let told = refused(fixture!("datadog_ratio.json"), &Options { values, ..options() });
        assert!(told[0].contains("divides one series by another"), "{told:?}");
    }
    let of = |expression: &str, unit: &str| {
        format!(
            "{{\"status\":\"ok\",\"series\":[{{\"metric\":\"m\",\"expression\":\"{expression}\",\"unit\":{unit},\
             \"pointlist\":[[1710000000000,1],[1710000060000,2]]}}]}}"
        )
        .into_bytes()
    };
    assert!(refused(&of("sum:m{env:a/b}.as_count() / 60", "null"), &options())[0].contains("--values"));
    assert_eq!(made(&of("sum:m{env:a/b,*}.as_count()", "null"), &options()).1, [1.0, 2.0]);
    let bytes = r#"[{"family":"bytes","name":"byte"},null]"#;
    assert!(refused(&of("sum:m{*}.as_count()", bytes), &options())[0].contains("its unit is byte, not events"));
    let per_minute = r#"[{"family":"network","name":"request"},{"family":"time","name":"minute"}]"#;
    assert_eq!(made(&of("sum:m{*}", per_minute), &options()).1, [1.0, 2.0]);
    // An average of counts per second is a rate; their sum is nothing.
    assert_eq!(made(fixture!("cloudwatch_per_second.json"), &options()).1, [90.0, 120.0]);
    let sums = String::from_utf8(fixture!("cloudwatch_per_second.json").to_vec()).unwrap().replace("Average", "Sum");
    assert!(refused(sums.as_bytes(), &options())[0].contains("export with --statistics Average"));
    let percent = sums.replace("Count/Second", "Percent");
    assert!(refused(percent.as_bytes(), &options())[0].contains("its unit is Percent, not a count"));
}

#[test]
fn histograms_beside_numbers_are_named() {
    let file = fixture!("prometheus_histograms.json");
    let told = refused(file, &counts());
    assert!(
        told.iter().any(|told| told
            .contains("line 2, point 1: a histogram of `latency`, not a number (and 1 more): use histogram_count(…)")),
        "{told:?}"
    );
    let held = said(file, &with(Policy { gaps: Gaps::Hold, ..Policy::default() }));
    assert!(held.contains("[4.0, 6.0, 6.0, 6.0]") && held.contains("a histogram of `latency`"), "{held}");
}

#[test]
fn each_message_names_the_system_that_wrote_the_file() {
    assert!(refused(fixture!("loki_streams.json"), &counts())[0].contains("these are Loki's log lines"));
    assert!(
        refused(fixture!("datadog_refused.json"), &counts())[0]
            .contains("this is Datadog's answer to a query that failed: Error parsing")
    );
    assert!(
        refused(fixture!("prometheus_error.json"), &counts())[0]
            .contains("this is Prometheus' answer to a query that failed")
    );
    let denied = br#"{"errors":[{"status":"401","detail":"Unauthorized"}]}"#;
    assert!(
        refused(denied, &counts())[0].contains("this is Confluent Cloud's answer to a query that failed: Unauthorized")
    );
    let matrix = br#"{"status":"success","data":{"resultType":"matrix","result":[],"stats":{"summary":{}}}}"#;
    assert_eq!(import(matrix, &counts()), Err(ImportError::NoSeries));
    let orders = Options { series: vec!["metric.topic=orders".to_owned()], ..counts() };
    assert_eq!(
        said(fixture!("confluent_cloud.json"), &orders),
        "Confluent Cloud Metrics API JSON: metric.topic=orders from 2025-03-02T08:00:00Z, 60 s: [300.0, 320.0]"
    );
    assert!(
        refused(fixture!("confluent_cloud.json"), &options())[1]
            .starts_with("Confluent Cloud Metrics API JSON does not tell")
    );
}

#[test]
fn blanks_and_byte_order_marks_around_cells_are_nothing() {
    assert_eq!(made(fixture!("plain_blank_end.csv"), &options()), (60.0, vec![4.0, 5.0]));
}

#[test]
fn a_stamp_for_each_event_is_counted_per_bucket() {
    let log = import(fixture!("plain_events.csv"), &options()).unwrap();
    assert_eq!(
        (log.values, log.curve.step_s(), log.curve.counts().len(), log.curve.total()),
        (Values::Events, 1.0, 42, 6.0)
    );
    assert_eq!(&log.curve.counts()[..4], [2.0, 0.0, 3.0, 0.0]);
    assert!(
        log.findings
            .iter()
            .any(|finding| finding.then.contains("counted in buckets of 1s; --step sets another length"))
    );
    let of_a_minute = Options { step_ms: Some(60_000), ..options() };
    assert_eq!(made(fixture!("plain_events.csv"), &of_a_minute), (60.0, vec![6.0]));
    // Neither other columns nor the order matter: logs of several machines are not sorted.
    let told = Options { values: Some(Values::Events), ..of_a_minute.clone() };
    assert_eq!(made(fixture!("plain_log.csv"), &told), (60.0, vec![2.0, 1.0]));
    let one_column = b"2025-03-02T08:00:05Z\n2025-03-02T08:00:06Z\n2025-03-02T08:01:30Z\n";
    assert_eq!(made(one_column, &of_a_minute), (60.0, vec![2.0, 1.0]));
    assert_eq!(made(&[b"at\n", &one_column[..]].concat(), &of_a_minute), (60.0, vec![2.0, 1.0]));
    let json = Options { values: Some(Values::Events), ..options() };
    assert!(refused(fixture!("datadog_v1.json"), &json)[0].contains("--values events counts the rows of a CSV file"));
}

#[test]
fn rows_of_other_series_are_no_gaps() {
    let of = |name: &str| Options { series: vec![name.to_owned()], ..counts() };
    assert_eq!(made(fixture!("grafana_two_series.csv"), &of("orders")), (60.0, vec![100.0, 120.0, 90.0]));
    assert_eq!(made(fixture!("grafana_two_series.csv"), &of("returns")), (60.0, vec![3.0, 4.0, 5.0]));
    // An empty cell at the series' own time is a gap.
    assert!(refused(b"\"Time\",\"a\",\"b\"\n1710000000000,1,\n1710000030000,,7\n1710000060000,2,\n1710000090000,,8\n1710000120000,,\n1710000180000,4,\n", &of("a"))[0]
        .contains("line 6: no number for 2024-03-09T16:02:00Z"));
}

#[test]
fn series_are_summed_bucket_by_bucket() {
    let topics = ["metric.topic=orders", "metric.topic=returns"].map(str::to_owned).to_vec();
    for (series, sum) in [(topics.clone(), true), (vec!["all".to_owned()], false)] {
        let read = import(fixture!("confluent_cloud.json"), &Options { series, sum, ..counts() }).unwrap();
        assert_eq!((read.curve.counts(), read.rows), (&[330.0, 340.0][..], 4));
        assert_eq!(read.series, "metric.topic=orders + metric.topic=returns");
    }
    let unsaid = refused(fixture!("confluent_cloud.json"), &Options { series: topics, ..counts() });
    assert_eq!(unsaid, ["2 series are selected: add --sum to add them up"]);
    // Restarts of one counter are not those of another.
    let counters = b"t,a,b\n1710000000,100,7\n1710000060,5,9\n1710000120,6,12\n";
    let all = Options { series: vec!["all".to_owned()], values: Some(Values::Counter), ..options() };
    assert_eq!(made(counters, &all).1, [7.0, 4.0]);
    // A series that ends early has a gap there, and buckets at other times are not moved unless told.
    let all = Options { series: vec!["all".to_owned()], ..counts() };
    let told = refused(fixture!("grafana_two_series.csv"), &all);
    assert!(told[0].contains("the buckets of `returns` begin 20s after those of the first series"), "{told:?}");
    let moved = Options { policy: Policy { gaps: Gaps::Zero, ..SNAP }, ..all };
    assert_eq!(made(fixture!("grafana_two_series.csv"), &moved).1, [103.0, 124.0, 95.0]);
    let ends = b"t,a,b\n1710000000,1,10\n1710000060,2,20\n1710000120,3,\n";
    let told = refused(ends, &Options { series: vec!["all".to_owned()], ..counts() });
    assert!(told[0].contains("`b`, line 4: no number for"), "{told:?}");
}

#[test]
fn totals_without_end_and_files_that_swell_are_refused() {
    assert!(refused(fixture!("plain_infinite.csv"), &options())[0].contains("can be counted exactly"));
    let swollen = with(Policy { gaps: Gaps::Zero, ..Policy::default() });
    let told = refused(fixture!("plain_far_apart.csv"), &swollen);
    assert!(told[0].contains("would be 28000001 buckets (limit 1000400 for this file)"), "{told:?}");
    assert!(fixture!("plain_far_apart.csv").len() < 82);
}

#[test]
fn a_time_format_can_be_given_and_is_proposed() {
    let file = fixture!("plain_day_first.csv");
    let told = refused(file, &counts());
    assert_eq!(told, ["line 2: `31/01/2025 22:59` is not a time: set its form, as in --time-format '%d/%m/%Y %H:%M'"]);
    let either = refused(b"t,count\n03/04/2025 10:00,1\n", &counts());
    assert!(either[0].contains("'%d/%m/%Y %H:%M' or --time-format '%m/%d/%Y %H:%M'"), "{either:?}");
    let told = Options { time_format: Some("%d/%m/%Y %H:%M".to_owned()), ..counts() };
    assert!(refused(file, &told)[0].contains("`31/01/2025 22:59` has no zone"));
    let berlin = Options { zone: Some("Europe/Berlin".to_owned()), ..told };
    assert!(said(file, &berlin).contains("from 2025-01-31T21:59:00Z, 60 s: [40.0, 50.0, 60.0]"));
    let wrong = Options { time_format: Some("%m/%d/%Y %H:%M".to_owned()), ..berlin };
    assert!(
        refused(file, &wrong)[0]
            .contains("line 2: `31/01/2025 22:59` is not a time: it does not have the form %m/%d/%Y %H:%M")
    );
    // An offset in the stamp is its zone.
    let log = b"[31/Jan/2025:22:59:00 +0100]\n[31/Jan/2025:22:59:30 +0100]\n";
    let form = Options { time_format: Some("[%d/%b/%Y:%H:%M:%S %z]".to_owned()), step_ms: Some(60_000), ..options() };
    assert_eq!(said(log, &form).split(" | ").next(), Some("plain CSV: rows from 2025-01-31T21:59:00Z, 60 s: [2.0]"));
}

#[test]
fn all_that_has_to_be_said_is_asked_at_once() {
    let told = refused(
        b"Zeit;A;B\n2025-03-02 08:00:00;1.250;5\n2025-03-02 08:01:00;2.500;6\n2025-03-02 08:04:00;1.125;7\n",
        &options(),
    );
    for (asked, expected) in told.iter().zip([
        "it has 2 series: choose one with --series NAME",
        "line 2: `2025-03-02 08:00:00` has no zone: add the zone that the file was written in, as in --zone UTC",
        "plain CSV does not tell what its values are: set --values",
        "line 2: the point in `1.250` may be a thousands separator or a decimal mark: add --decimal",
        "line 4: 2 buckets of 1m have no row before this one",
    ]) {
        assert!(asked.starts_with(expected), "{asked}");
    }
    assert_eq!(told.len(), 5, "{told:?}");
    // A fault does not hide any of the questions.
    let told = refused(b"Zeit;A\n2025-03-02 08:00:00;many\n", &options());
    assert!(told[0].contains("`many` is not a number"), "{told:?}");
}
