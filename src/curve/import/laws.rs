//! Laws of the import, for any data.

use proptest::prelude::*;

use super::*;
use crate::curve::{Origin, moment_text};

const START_S: i64 = 1_700_000_000;

fn options() -> Options {
    Options { now_unix_ms: i64::MAX, zone: Some("UTC".to_owned()), ..Options::default() }
}

/// A table of counts, a minute apart, with timestamps in some form.
fn table(counts: &[f64], stamp: impl Fn(i64) -> String) -> String {
    let row = |(row, count): (i64, &f64)| format!("{},{count}\n", stamp(START_S + row * 60));
    "timestamp,count\n".to_owned() + &(0..).zip(counts).map(row).collect::<String>()
}

fn counts() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((0_u32..100_000).prop_map(|count| f64::from(count) / 4.0), 2..60)
}

fn curve(text: &str, options: &Options) -> Curve {
    import(text.as_bytes(), options).unwrap().curve
}

/// One of the fixtures, with some bytes changed.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let fixtures = [
        include_str!("../../../tests/fixtures/curves/prometheus_rate.json"),
        include_str!("../../../tests/fixtures/curves/grafana_series_columns.csv"),
        include_str!("../../../tests/fixtures/curves/grafana_rows.csv"),
        include_str!("../../../tests/fixtures/curves/cloudwatch_statistics.json"),
        include_str!("../../../tests/fixtures/curves/cloudwatch_data.json"),
        include_str!("../../../tests/fixtures/curves/datadog_v1.json"),
        include_str!("../../../tests/fixtures/curves/datadog_v2.json"),
        include_str!("../../../tests/fixtures/curves/plain_autumn.csv"),
        include_str!("../../../tests/fixtures/curves/plain_odd.csv"),
        include_str!("../../../tests/fixtures/curves/plain_polls.csv"),
        include_str!("../../../tests/fixtures/curves/plain_events.csv"),
        include_str!("../../../tests/fixtures/curves/plain_log.csv"),
        include_str!("../../../tests/fixtures/curves/plain_thousands_points.csv"),
        include_str!("../../../tests/fixtures/curves/plain_day_first.csv"),
        include_str!("../../../tests/fixtures/curves/plain_far_apart.csv"),
        include_str!("../../../tests/fixtures/curves/grafana_two_series.csv"),
        include_str!("../../../tests/fixtures/curves/cloudwatch_documents.json"),
        include_str!("../../../tests/fixtures/curves/cloudwatch_per_second.json"),
        include_str!("../../../tests/fixtures/curves/datadog_interval.json"),
        include_str!("../../../tests/fixtures/curves/prometheus_warnings.json"),
        include_str!("../../../tests/fixtures/curves/prometheus_histograms.json"),
        include_str!("../../../tests/fixtures/curves/confluent_cloud.json"),
    ];
    let bytes = prop_oneof![any::<u8>(), prop::sample::select(b"0123456789,;\"-.eE\n".to_vec())];
    (prop::sample::select(fixtures.to_vec()), prop::collection::vec((any::<prop::sample::Index>(), bytes), 0..6))
        .prop_map(|(fixture, changes)| {
            let mut bytes = fixture.as_bytes().to_vec();
            for (place, byte) in changes {
                let place = place.index(bytes.len());
                bytes[place] = byte;
            }
            bytes
        })
}

/// Any policy at all.
fn policy() -> impl Strategy<Value = Policy> {
    (
        prop::sample::select(vec![Gaps::Fail, Gaps::Hold, Gaps::Zero, Gaps::Interpolate]),
        prop::sample::select(vec![Duplicates::Fail, Duplicates::Sum, Duplicates::First, Duplicates::Last]),
        prop::sample::select(vec![Negative::Fail, Negative::Zero, Negative::Gap]),
        any::<bool>(),
    )
        .prop_map(|(gaps, duplicates, negative, lenient)| Policy {
            gaps,
            duplicates,
            negative,
            unsorted: if lenient { Unsorted::Sort } else { Unsorted::Fail },
            off_grid: if lenient { OffGrid::Snap } else { OffGrid::Fail },
            future: if lenient { Future::Keep } else { Future::Fail },
            partial: if lenient { Partial::Keep } else { Partial::Fail },
        })
}

/// Any options that a user may give.
fn any_options() -> impl Strategy<Value = Options> {
    let values = [None, Some(Values::Counts), Some(Values::RatePerS), Some(Values::Counter), Some(Values::Events)];
    let series = [vec![], vec!["Orders"], vec!["IncomingMessages"], vec!["all"], vec!["orders", "returns"]];
    let forms = [None, None, Some("%d/%m/%Y %H:%M"), Some("%"), Some("[%s")];
    (
        policy(),
        prop::sample::select(values.to_vec()),
        prop::sample::select(vec![None, Some(Stamps::Start), Some(Stamps::End)]),
        prop::sample::select(series.to_vec()),
        prop::sample::select(vec![None, Some(1), Some(1000), Some(60_000), Some(86_400_000), Some(1 << 62)]),
        prop::sample::select(forms.to_vec()),
        any::<bool>(),
    )
        .prop_map(|(policy, values, stamps, series, step_ms, form, sum)| Options {
            policy,
            values,
            stamps,
            series: series.into_iter().map(str::to_owned).collect(),
            step_ms,
            time_format: form.map(str::to_owned),
            sum,
            now_unix_ms: 1_800_000_000_000,
            ..options()
        })
}

proptest! {
    #[test]
    fn every_form_of_stamp_gives_the_same_curve(counts in counts()) {
        let expected = Curve::new(Some(START_S * 1000), 60_000, counts.clone()).unwrap();
        let stamps: [fn(i64) -> String; 6] = [
            |at_s| at_s.to_string(),
            |at_s| format!("{at_s}000"),
            |at_s| format!("{at_s}000000"),
            |at_s| format!("{at_s}000000000"),
            |at_s| moment_text(at_s * 1000),
            |at_s| moment_text(at_s * 1000).replace('T', " ").replace('Z', ""),
        ];
        for stamp in stamps {
            prop_assert_eq!(&curve(&table(&counts, stamp), &options()), &expected);
        }
    }

    #[test]
    fn the_order_of_rows_does_not_matter_once_they_may_be_sorted(
        (counts, order) in counts().prop_flat_map(|counts| {
            let order: Vec<usize> = (0..counts.len()).collect();
            (Just(counts), Just(order).prop_shuffle())
        })
    ) {
        let text = table(&counts, |at_s| at_s.to_string());
        let rows: Vec<&str> = text.lines().skip(1).collect();
        let shuffled = order.iter().fold("timestamp,count\n".to_owned(), |text, row| text + rows[*row] + "\n");
        let sorting = Options { policy: Policy { unsorted: Unsorted::Sort, ..Policy::default() }, ..options() };
        prop_assert_eq!(curve(&shuffled, &sorting), curve(&text, &options()));
    }

    #[test]
    fn no_event_is_lost_or_made_where_rows_repeat_or_are_missing(
        counts in counts(),
        repeated in prop::collection::vec(1_usize..4, 60),
        coarse in 1_u64..5,
    ) {
        let text = table(&counts, |at_s| at_s.to_string());
        let mut rows = "timestamp,count\n".to_owned();
        let mut mass = 0.0;
        for (row, line) in text.lines().skip(1).enumerate() {
            // The first two rows and the last stay, so that step and end are the same.
            let times = if row < 2 || row + 1 == counts.len() { 1 } else { repeated[row] - 1 };
            (0..times).for_each(|_| rows = format!("{rows}{line}\n"));
            mass += times as f64 * counts[row];
        }
        let policy = Policy { duplicates: Duplicates::Sum, gaps: Gaps::Zero, ..Policy::default() };
        let fine = import(rows.as_bytes(), &Options { policy, ..options() });
        // With most rows missing, the usual distance may be another one.
        prop_assume!(fine.as_ref().is_ok_and(|read| read.curve.step_ms() == 60_000));
        let coarser = Options { policy, step_ms: Some(coarse * 60_000), ..options() };
        for read in [fine.unwrap().curve, curve(&rows, &coarser)] {
            prop_assert!((read.total() - mass).abs() < 1e-6, "{} {mass}", read.total());
        }
    }

    #[test]
    fn rates_times_their_buckets_are_counts(counts in counts()) {
        let text = table(&counts, |at_s| at_s.to_string());
        let per_s = Options { values: Some(Values::RatePerS), ..options() };
        let per_min = Options { values: Some(Values::RatePerMin), ..options() };
        for (count, rate) in counts.iter().zip(curve(&text, &per_s).counts()) {
            prop_assert!((count * 60.0 - rate).abs() < 1e-6);
        }
        prop_assert_eq!(curve(&text, &per_min).counts().to_vec(), counts);
    }

    #[test]
    fn a_curve_file_is_imported_as_it_is(counts in counts(), step_ms in 1_u64..10_000_000) {
        let curve = Curve::new(Some(START_S * 1000), step_ms, counts).unwrap();
        let text = curve.write(&Origin::default()).unwrap();
        let read = import(text.as_bytes(), &Options::default()).unwrap();
        prop_assert_eq!((read.format, read.curve), (Format::Curve, curve));
    }

    #[test]
    fn damaged_files_are_refused_or_read_but_never_break_the_import(bytes in damaged(), options in any_options()) {
        match import(&bytes, &options) {
            Ok(read) => {
                prop_assert!(read.curve.counts().iter().all(|count| *count >= 0.0));
                // No content of a few bytes may fill the memory.
                prop_assert!(read.curve.counts().len() <= 2_000_000, "{} buckets", read.curve.counts().len());
            }
            Err(error) => {
                let said = error.to_string();
                prop_assert!(!said.is_empty() && said.lines().count() == 1, "{}", said);
                prop_assert!(error.sentences().iter().all(|sentence| sentence.lines().count() == 1));
            }
        }
    }

    #[test]
    fn no_bytes_make_the_import_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = import(&bytes, &options());
    }
}
