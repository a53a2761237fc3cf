//! What a person reads: the closing table, or with `--all` everything.

use super::{Ending, Format, Night, Searched};
use crate::report::terminal::capacity::capacity;
use crate::report::terminal::{closing, nightly, short};

pub(super) const TEXT: Format =
    Format { name: "text", is_for_machines: false, print, print_search, print_night, print_error: None };

#[expect(clippy::unnecessary_wraps, reason = "a form may fail")]
fn print(ending: &Ending<'_>) -> Result<Vec<u8>, String> {
    let print = if ending.is_whole { closing } else { short };
    Ok(print(ending.summary, Some(ending.folder), ending.look).into_bytes())
}

#[expect(clippy::unnecessary_wraps, reason = "a form may fail")]
fn print_search(searched: &Searched<'_>) -> Result<Vec<u8>, String> {
    Ok(capacity(searched.record, searched.look).into_bytes())
}

#[expect(clippy::unnecessary_wraps, reason = "a form may fail")]
fn print_night(night: &Night<'_>) -> Result<Vec<u8>, String> {
    Ok(nightly::night(night.decision, night.look).into_bytes())
}
