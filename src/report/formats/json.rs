//! The summary, as the run's folder keeps it; a search, as its folder does.

use super::{Ending, Format, Night, Searched};

pub(super) const JSON: Format =
    Format { name: "json", is_for_machines: true, print, print_search, print_night, print_error: None };

fn print(ending: &Ending<'_>) -> Result<Vec<u8>, String> {
    ending.summary.to_json().map(String::into_bytes).map_err(|error| error.to_string())
}

fn print_search(searched: &Searched<'_>) -> Result<Vec<u8>, String> {
    let mut bytes = serde_json::to_vec_pretty(searched.record).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn print_night(night: &Night<'_>) -> Result<Vec<u8>, String> {
    let mut bytes = serde_json::to_vec_pretty(night.decision).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    Ok(bytes)
}
