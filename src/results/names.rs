//! The names of files in a folder of results.

/// The manifest's file name.
pub(crate) const MANIFEST: &str = "manifest.toml";
/// The summary's file name.
pub(crate) const SUMMARY: &str = "summary.json";
/// The timeline's file name.
pub(crate) const TIMELINE: &str = "timeline.csv";
/// The file name of the watermark log.
pub(crate) const WATERMARKS: &str = "watermarks.csv";
/// The file name of the page for a browser.
pub(crate) const REPORT: &str = "report.html";
/// The file name of what a night has done so far.
pub(crate) const NIGHT: &str = "nightly.json";
