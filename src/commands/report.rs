//! `floodmark report`: the folder of a run, or of a search, as one page for a browser.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::sweep::{sweep_in, write_sweep_report};
use super::{CommandError, Outcome};
use crate::capacity::SearchRecord;
use crate::conclude::{Ended, read_run};
use crate::redact::sentence;
use crate::report::output::to_stderr;
use crate::report::page::Page;
use crate::report::screen::shortened;
use crate::report::searched::{searched_page, way_between};
use crate::results::names::REPORT;
use crate::results::{ResultsError, RunFolder, Summary, pending::write_whole};
use crate::trials::record_in;

/// Flags of `report`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  floodmark report results/average-20300131-110000-1a2b
  floodmark report results/*")]
pub struct Args {
    /// The folders of results
    #[arg(required = true, value_name = "DIR")]
    pub results: Vec<PathBuf>,
    /// The file to write (default: report.html in the folder)
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// Writes a report of each folder. One that cannot be read does not keep the others from theirs.
///
/// # Errors
/// Folders that cannot be read or hold no run, or a file that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    if args.out.is_some() && args.results.len() > 1 {
        let several = format!(
            "--out takes the report of one folder, and there are {}: without it each folder gets its own",
            args.results.len()
        );
        return Err(CommandError::Usage(several));
    }
    let mut failures = Vec::new();
    for folder in &args.results {
        let file = args.out.clone().unwrap_or_else(|| folder.join(REPORT));
        match report_of(folder, &file) {
            Ok(()) => writeln!(out, "report     {}", file.display())?,
            Err(failure) => failures.push(failure),
        }
    }
    match failures.as_slice() {
        [] => Ok(Outcome::Done),
        failures => Err(told(failures)),
    }
}

/// Writes the page of what a folder holds.
fn report_of(folder: &Path, file: &Path) -> Result<(), ResultsError> {
    if let Some(record) = sweep_in(folder)? {
        return write_sweep_report(&record, file);
    }
    match record_in::<SearchRecord>(folder)? {
        Some(record) => write_search_report(&record, folder, file),
        None => write_report(folder, &read_run(folder)?.summary, file, damage(folder)),
    }
}

/// Writes the report of a search. A page elsewhere has links to the trials all the same.
fn write_search_report(record: &SearchRecord, folder: &Path, file: &Path) -> Result<(), ResultsError> {
    let beside = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let way = match (beside.canonicalize(), folder.canonicalize()) {
        (Ok(from), Ok(to)) => way_between(&from, &to),
        _ => PathBuf::new(),
    };
    let bytes = searched_page(record, &way).map_err(|why| ResultsError::Unwritable { file: file.to_owned(), why })?;
    write_whole(file, &bytes)
}

/// What has happened to the files of a run since it ended in order: the page may lack something, and says so.
fn damage(folder: &Path) -> Option<String> {
    let run = RunFolder::open(folder).ok().filter(RunFolder::ended_in_order)?;
    run.verify().err().map(|damage| damage.to_string())
}

/// Writes the report of a run whose summary is known, and what is wrong with its folder.
///
/// # Errors
/// Files that cannot be read, or a report that cannot be written.
fn write_report(folder: &Path, summary: &Summary, file: &Path, damage: Option<String>) -> Result<(), ResultsError> {
    let run = RunFolder::open(folder)?;
    let mut page = Page::new(summary, run.manifest(), &run.timeline()?, damage);
    for name in run.log_names()? {
        if let Some(log) = run.log(&name)? {
            page.take(log.open()?).map_err(|why| log.malformed(why))?;
        }
    }
    let bytes = page.to_html().map_err(|why| ResultsError::Unwritable { file: file.to_owned(), why })?;
    write_whole(file, &bytes)
}

/// Puts the page for a browser beside a run's results.
pub(super) fn add_report(ended: &Ended) {
    tell_if_missing(write_report(&ended.folder, &ended.summary, &ended.folder.join(REPORT), None));
}

/// Puts the page for a browser beside a search's trials.
pub(super) fn add_search_report(record: &SearchRecord, folder: &Path) {
    tell_if_missing(write_search_report(record, folder, &folder.join(REPORT)));
}

/// Results stand without their page: one that cannot be made is one sentence.
fn tell_if_missing(written: Result<(), ResultsError>) {
    if let Err(why) = written {
        let told = format!(
            "note: there is no {REPORT}, everything else is there: {}\n",
            shortened(&sentence(&why.to_string()))
        );
        let _unwritten = to_stderr(&told);
    }
}

fn told(failures: &[ResultsError]) -> CommandError {
    let text = failures.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    if failures.iter().all(ResultsError::is_usage) {
        CommandError::Usage(text)
    } else {
        CommandError::Environment(text)
    }
}
