//! Plain CSV: a column with the time, and a column for each series. `count` and `rate` in the header say what the values are.
//! With only a time column, or when the user says so, each row is one event.

use super::{
    Findings, ImportError, Options, Stamps, Values,
    series::{Export, Rows},
    table::Table,
};

/// Names of time columns.
const TIMES: [&str; 7] = ["timestamp", "time", "date", "datetime", "ts", "@timestamp", "_time"];

/// Reads plain CSV. A timestamp is the bucket's start.
pub(super) fn read(text: &str, options: &Options, findings: &mut Findings) -> Result<Export, ImportError> {
    let table = Table::open(text, options)?;
    let is_time = |name: &String| TIMES.contains(&name.to_ascii_lowercase().as_str());
    let time = table.header.iter().position(is_time).unwrap_or(0);
    if table.header.len() < 2 || options.values == Some(Values::Events) {
        let (series, stamps) = table.events(time, options, findings)?;
        // Logs of several machines in one file are not sorted, and that is normal.
        return Ok(Export {
            series,
            stamps: Stamps::Start,
            ordered: false,
            rows: Rows::Free,
            stamp_form: stamps.form(),
            local: stamps.is_local(),
        });
    }
    let (mut series, stamps) = table.series(time, options, findings)?;
    series.iter_mut().for_each(|one| one.values = said_by(&one.name));
    let rows = if series.len() > 1 { Rows::Joined } else { Rows::Free };
    Ok(Export {
        series,
        stamps: Stamps::Start,
        ordered: true,
        rows,
        stamp_form: stamps.form(),
        local: stamps.is_local(),
    })
}

/// What a column's name says about its values. `value` and other names say nothing.
fn said_by(name: &str) -> Option<Values> {
    match name.to_ascii_lowercase().as_str() {
        "count" | "counts" => Some(Values::Counts),
        "rate" | "rate_per_s" | "rate-per-s" => Some(Values::RatePerS),
        "rate_per_min" | "rate-per-min" => Some(Values::RatePerMin),
        _ => None,
    }
}
