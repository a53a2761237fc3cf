//! The files of a run: written while it is going on, readable after a kill, read again by later commands. Nothing here prints.

pub(crate) mod error;
pub(crate) mod folder;
pub(crate) mod hlog;
pub(crate) mod inventory;
pub(crate) mod manifest;
pub(crate) mod names;
pub(crate) mod pending;
pub(crate) mod stamp;
pub mod summary;
pub(crate) mod timeline;
pub mod verdicts;
pub(crate) mod watermark_rows;
pub(crate) mod windows;
pub(crate) mod writer;

pub(crate) use error::ResultsError;
pub(crate) use folder::LogFile;
pub use folder::{RunFolder, runs_at};
pub use hlog::LogKey;
pub use manifest::Manifest;
pub use manifest::RunState;
pub use summary::Summary;
pub(crate) use summary::summary_schema;
pub use timeline::TimelineRow;
pub(crate) use verdicts::verdicts_schema;
pub(crate) use watermark_rows::WatermarkRow;
pub(crate) use writer::RunWriter;

/// The complete lines of a file: the one that a killed process was writing last is left out.
fn whole_lines(file: &[u8]) -> &[u8] {
    let end = file.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    &file[..end]
}
