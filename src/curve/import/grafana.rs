//! CSV from Grafana's panel inspector: `"Time","series",...`, or in older versions `Series;Time;Value`.
//!
//! With comma or semicolon; for Excel with a byte order mark, a first line `sep=,`, or in UTF-16 with tabs. Times are in the browser's zone
//! and do not name it, or epochs in milliseconds.

use std::collections::BTreeMap;

use super::{
    Findings, ImportError, Options, Place, Stamps,
    numbers::number,
    series::{Export, Rows, Sample, Series},
    stamps::{StampReader, bare},
    table::Table,
};

/// Reads Grafana's CSV. A timestamp is taken as the bucket's start; Grafana passes on what its data source returns.
pub(super) fn read(text: &str, options: &Options, findings: &mut Findings) -> Result<Export, ImportError> {
    let first = text.lines().next().unwrap_or_default();
    let says_delimiter = first.trim_matches('"').starts_with("sep=");
    // The rest begins with the end of the first line, so that line numbers are right.
    let text = if says_delimiter { text.get(first.len()..).unwrap_or_default() } else { text };
    let table = Table::open(text, options)?;
    let (series, stamp_form, local) = if table.header == ["Series", "Time", "Value"] {
        rows_of_series(&table, options, findings)?
    } else {
        let time = table.header.iter().position(|name| name.eq_ignore_ascii_case("time")).unwrap_or(0);
        let (series, stamps) = table.series(time, options, findings)?;
        (series, stamps.form(), stamps.is_local())
    };
    let rows = if series.len() > 1 { Rows::Joined } else { Rows::Free };
    Ok(Export { series, stamps: Stamps::Start, ordered: true, rows, stamp_form, local })
}

/// The older form: each row names its series.
fn rows_of_series(
    table: &Table<'_>,
    options: &Options,
    findings: &mut Findings,
) -> Result<(Vec<Series>, String, bool), ImportError> {
    let decimal = table.decimal(&[2], options, findings)?;
    let mut rows: BTreeMap<String, Vec<(Place, String, f64)>> = BTreeMap::new();
    table.each_row(|line, record| {
        let place = Place::line(line);
        let [name, time, value] = [0, 1, 2].map(|column| bare(record.get(column).unwrap_or_default()));
        let of_series = rows.entry(name.to_owned()).or_default();
        if options.asks_for(name) {
            of_series.push((place, time.to_owned(), number(value, decimal, place)?));
        }
        Ok(())
    })?;
    let mut series = Vec::with_capacity(rows.len());
    let (mut form, mut local) = (String::new(), false);
    for (name, rows) in rows {
        // Each series passes the change of clocks at night by itself.
        let mut stamps = StampReader::new(options)?;
        let sample =
            |(place, time, value): (Place, String, f64)| Ok(Sample { place, at_ms: stamps.read(&time, place)?, value });
        let samples: Vec<Sample> = rows.into_iter().map(sample).collect::<Result<_, ImportError>>()?;
        if !samples.is_empty() {
            (form, local) = (stamps.form(), stamps.is_local());
        }
        findings.take(&mut stamps.findings);
        series.push(Series { name, samples, ..Series::default() });
    }
    Ok((series, form, local))
}
