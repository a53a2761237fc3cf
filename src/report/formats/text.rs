//! What a person reads: the closing table.

use super::{Ending, Format};
use crate::report::terminal::closing;

pub(super) const TEXT: Format = Format { name: "text", is_for_machines: false, print };

#[expect(clippy::unnecessary_wraps, reason = "a form may fail")]
fn print(ending: &Ending<'_>) -> Result<Vec<u8>, String> {
    Ok(closing(ending.summary, Some(ending.folder), ending.look).into_bytes())
}
