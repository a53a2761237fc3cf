//! What came of an import: how the export was read, and what was odd in it.

use std::path::Path;

use crate::curve::import::{Finding, Imported};
use crate::curve::moment_text;
use crate::report::figures::{count, rounded};
use crate::units::Span;

/// All of it. `source` is the export's name, `out` the file that the curve was written to.
#[must_use]
pub(crate) fn imported_curve(source: &str, out: Option<&Path>, imported: &Imported) -> String {
    let Imported { curve, format, series, rows, values, stamps, filled, stamp_form, findings } = imported;
    let step = Span::from_millis(curve.step_ms());
    let (start, end) = (curve.bucket_start_ms(0), curve.bucket_start_ms(curve.counts().len()));
    let mut text = format!("{source}: {format}, series `{series}`\n");
    text += &format!("  read as   {values}; times are {stamp_form}, and mean the bucket's {stamps}\n");
    text += &format!("  curve     {} to {}\n", moment_text(start), moment_text(end));
    text += &format!(
        "            {} rows, {} buckets of {step}, {} events\n",
        count(*rows as u64),
        count(curve.counts().len() as u64),
        rounded(curve.total())
    );
    if *filled > 0 {
        let noun = if *filled == 1 { "bucket" } else { "buckets" };
        text += &format!("  filled    {} {noun}\n", count(*filled as u64));
    }
    text.extend(findings.iter().map(finding));
    match out {
        Some(file) => text + &format!("  written   {}\n", file.display()),
        None => text + "  nothing was written: add --out FILE\n",
    }
}

/// Something odd, with its first lines and what was done about it.
fn finding(finding: &Finding) -> String {
    let Finding { count: all, first, then, .. } = finding;
    let mut text = format!("  note      {} ({then})\n", first.first().map_or("", String::as_str));
    first.iter().skip(1).for_each(|more| text += &format!("            {more}\n"));
    if *all > first.len() {
        text += &format!("            and {} more\n", count((all - first.len()) as u64));
    }
    text
}
