//! Plain CSV: a column with the time, and a column for each series. `count` and `rate` in the header say what the values are.

use super::{Findings, ImportError, Options, Stamps, Values, series::Export, table::Table};

/// What columns with the time are called.
const TIMES: [&str; 7] = ["timestamp", "time", "date", "datetime", "ts", "@timestamp", "_time"];

/// Reads plain CSV. A stamp is the bucket's start.
pub(super) fn read(text: &str, options: &Options) -> Result<Export, ImportError> {
    let table = Table::open(text)?;
    let is_time = |name: &String| TIMES.contains(&name.to_ascii_lowercase().as_str());
    let time = table.header.iter().position(is_time).unwrap_or(0);
    let mut findings = Findings::default();
    let (mut series, stamp_form) = table.series(time, options, &mut findings)?;
    series.iter_mut().for_each(|one| one.values = said_by(&one.name));
    Ok(Export { series, stamps: Stamps::Start, ordered: true, stamp_form, findings })
}

/// What a column's name says of its values. `value` and other names say nothing.
fn said_by(name: &str) -> Option<Values> {
    match name.to_ascii_lowercase().as_str() {
        "count" | "counts" => Some(Values::Counts),
        "rate" | "rate_per_s" | "rate-per-s" => Some(Values::RatePerS),
        "rate_per_min" | "rate-per-min" => Some(Values::RatePerMin),
        _ => None,
    }
}
