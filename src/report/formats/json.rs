//! The summary, as the run's folder keeps it.

use super::{Ending, Format};

pub(super) const JSON: Format = Format { name: "json", is_for_machines: true, print, print_error: None };

fn print(ending: &Ending<'_>) -> Result<Vec<u8>, String> {
    ending.summary.to_json().map(String::into_bytes).map_err(|error| error.to_string())
}
