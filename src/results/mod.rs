//! The files of a run: written while it goes on, readable after a kill, read again by later commands. Nothing here prints.

pub mod error;
pub mod folder;
pub mod hlog;
pub mod inventory;
pub mod manifest;
pub mod names;
pub mod pending;
pub mod stamp;
pub mod summary;
pub mod timeline;
pub mod verdicts;
pub mod watermark_rows;
pub mod windows;
pub mod writer;

pub use error::ResultsError;
pub use folder::{LogFile, RunFolder};
pub use hlog::LogKey;
pub use manifest::{Manifest, RunState};
pub use summary::{Summary, summary_schema};
pub use timeline::TimelineRow;
pub use verdicts::verdicts_schema;
pub use watermark_rows::WatermarkRow;
pub use writer::RunWriter;

/// The lines of a file that have their end: what a killed process was writing last is left out.
fn whole_lines(file: &[u8]) -> &[u8] {
    let end = file.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    &file[..end]
}
