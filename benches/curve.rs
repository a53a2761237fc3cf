//! How fast a large export becomes a curve, and a curve file is written and read, on one core.

use std::fmt::Write as _;

use divan::{Bencher, black_box, counter::ItemsCount};
use floodmark::curve::import::{Options, Values, import};
use floodmark::curve::{Curve, Origin, moment_text};

fn main() {
    divan::main();
}

/// A name, the number of rows and their distance in seconds.
const SIZES: [(&str, usize, i64); 2] = [("year of minutes", 525_600, 60), ("week of seconds", 604_800, 1)];
const NAMES: [&str; 2] = [SIZES[0].0, SIZES[1].0];
const START_S: i64 = 1_700_000_000;

#[expect(clippy::panic, reason = "a case that does not exist leaves nothing to measure")]
fn size(name: &str) -> (usize, i64) {
    SIZES.iter().find(|size| size.0 == name).map_or_else(|| panic!("{name}"), |size| (size.1, size.2))
}

/// An export whose counts rise and fall over a day.
fn export(format: &str, rows: usize, step_s: i64) -> String {
    let mut text = match format {
        "prometheus" => {
            "{\"status\":\"success\",\"data\":{\"resultType\":\"matrix\",\"result\":[{\"metric\":{},\"values\":["
                .to_owned()
        }
        _ => "timestamp,count\n".to_owned(),
    };
    for row in 0..rows {
        let at_s = START_S + row as i64 * step_s;
        let count = 1000 + (row * 7919) % 613;
        // Writing into a string cannot fail.
        let _ = match format {
            "prometheus" => write!(text, "{}[{at_s},\"{count}\"]", if row > 0 { "," } else { "" }),
            "csv" => writeln!(text, "{},{count}", moment_text(at_s * 1000)),
            _ => writeln!(text, "{},{count}", moment_text(at_s * 1000).replace('T', " ").replace('Z', "")),
        };
    }
    if format == "prometheus" {
        text += "]}]}}";
    }
    text
}

fn import_of(bencher: Bencher<'_, '_>, format: &str, name: &str) {
    let (rows, step_s) = size(name);
    let text = export(format, rows, step_s);
    let options = Options {
        values: Some(Values::Counts),
        zone: Some("Asia/Tokyo".to_owned()),
        now_unix_ms: i64::MAX,
        ..Options::default()
    };
    bencher.counter(ItemsCount::new(rows)).bench_local(|| {
        let buckets = import(black_box(text.as_bytes()), &options).map(|read| read.curve.counts().len());
        assert_eq!(buckets, Ok(rows));
    });
}

#[divan::bench(args = NAMES)]
fn import_csv(bencher: Bencher<'_, '_>, name: &str) {
    import_of(bencher, "csv", name);
}

#[divan::bench(args = NAMES)]
fn import_csv_in_local_time(bencher: Bencher<'_, '_>, name: &str) {
    import_of(bencher, "csv, local times", name);
}

#[divan::bench(args = NAMES)]
fn import_prometheus(bencher: Bencher<'_, '_>, name: &str) {
    import_of(bencher, "prometheus", name);
}

#[divan::bench(args = NAMES)]
fn write_and_read(bencher: Bencher<'_, '_>, name: &str) {
    let (rows, step_s) = size(name);
    let counts = (0..rows).map(|row| ((row * 7919) % 613) as f64).collect();
    let curve = Curve::new(Some(START_S * 1000), step_s as u64 * 1000, counts);
    bencher.counter(ItemsCount::new(rows)).bench_local(|| {
        let text = curve.as_ref().ok().and_then(|curve| curve.write(&Origin::default()).ok()).unwrap_or_default();
        assert_eq!(Curve::read(black_box(text.as_bytes())).map(|read| read.counts().len()), Ok(rows));
    });
}
