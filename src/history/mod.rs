//! The history of a suite's nights: append-only files of JSON lines, and what they say when they are read again.
//!
//! `line` is what a line says, `file` where it stands, `append` writes one, `read` takes all files of a suite together. What is left out or
//! joined on the way is a `remark`. `fingerprint` says which nights can be compared, `since` from when on after a change was accepted.
//! `clean` removes the folders of old runs, and no line.

mod append;
mod clean;
mod cleanable;
#[cfg(test)]
mod examples;
mod file;
mod file_read;
mod fingerprint;
mod joined;
mod line;
mod line_read;
mod merged;
mod read;
mod remark;
mod schema;
mod since;
mod suites;

pub use append::{Repaired, append};
pub use clean::clean;
pub use cleanable::{NightFolder, cleanable};
pub use fingerprint::{changed, fingerprint};
pub use line::{Accepted, FigureLine, HISTORY_SCHEMA, Line, NightLine, ProbeReading, Repetition, Surroundings};
pub use merged::History;
pub use read::read;
pub use remark::{Remark, RemarkCode};
pub(crate) use schema::history_schema;
pub use since::accepted_since;
pub(crate) use suites::suites;
