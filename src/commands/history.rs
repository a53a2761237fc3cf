//! `floodmark history`: the last nights of a suite, figure by figure.

mod known;

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{CommandError, Outcome};
use crate::compare::Thresholds;
use crate::history::History;
use crate::nightly::{Past, PastAsked, past};
use crate::redact::sentence;
use crate::report::nightly::page::past_page;
use crate::report::output::to_stderr;
use crate::report::screen::shortened;
use crate::report::terminal::{Look, history::past_nights};
use crate::results::{ResultsError, names::REPORT, pending::write_whole};

pub(super) use known::Known;

/// How many nights are shown where nobody asks for another number.
pub(super) const NIGHTS: u16 = 50;

/// Flags of `history`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Named by its file, a suite's own thresholds decide what matters; by its name alone, 5 % does.
It also writes a page, history/SUITE.html in the folder of results: the nights as pictures, with
links to the reports of their runs.

Examples:
  floodmark history
  floodmark history staging.toml --figure end_to_end_p99

Exit code: 0, also when a night was worse; `floodmark nightly` exits with 1 then")]
pub struct Args {
    /// The suite's file, or its name (default: the only one that has a history)
    pub suite: Option<PathBuf>,
    /// The folder of results
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub results: PathBuf,
    /// The last night to show, as it was seen then (default: the last there is)
    #[arg(long, value_name = "DATE")]
    pub night: Option<jiff::civil::Date>,
    /// Show this profile only
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Show this figure only
    #[arg(long, value_name = "NAME")]
    pub figure: Option<String>,
    /// How many nights to show
    #[arg(long, value_name = "COUNT", default_value_t = NIGHTS, value_parser = clap::value_parser!(u16).range(1..))]
    pub nights: u16,
    /// Print the nights as JSON
    #[arg(long)]
    pub json: bool,
}

/// Shows the nights.
///
/// # Errors
/// A suite, night, profile or figure that is not in the history, a history that cannot be read, or output that cannot be written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let known = Known::of(args.suite.as_deref(), &args.results, args.night)?;
    let night = args.night.map(|night| night.to_string());
    known.refuse_other_night(night.as_deref(), None)?;
    known.refuse_other_names(args.profile.as_deref(), args.figure.as_deref())?;
    let nights = usize::from(args.nights);
    let whole = known.past(None, nights);
    let page = write_past_page(&whole, &args.results);
    let mut shown = if night.is_some() { known.past(night, nights) } else { whole };
    let is_asked = |asked: &Option<String>, name: &str| asked.as_ref().is_none_or(|asked| asked == name);
    shown.figures.retain(|of| is_asked(&args.profile, &of.profile) && is_asked(&args.figure, &of.figure));
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &shown).map_err(std::io::Error::from)?;
        writeln!(out)?;
        return Ok(Outcome::Done);
    }
    out.write_all(past_nights(&shown, Look::of_stdout()).as_bytes())?;
    if let Some(page) = page {
        writeln!(out, "page       {}", page.display())?;
    }
    Ok(Outcome::Done)
}

/// Writes the page of the nights that a history ends with, as `nightly` leaves it.
pub(super) fn add_page(history: &History, thresholds: &Thresholds, results: &Path) {
    let asked = PastAsked { until: None, nights: NIGHTS.into(), thresholds: thresholds.clone() };
    let _written = write_past_page(&past_of(history, &asked, results), results);
}

/// The last nights of a history. A run whose page is not there has been cleaned away.
fn past_of(history: &History, asked: &PastAsked, results: &Path) -> Past {
    let has_page = |folder: &str| results.join(folder).join(REPORT).is_file();
    past(&history.nights, &history.accepted, asked, &has_page)
}

/// Writes the page of a suite's nights and gives its file. The history stands without: a page that cannot be written is one sentence.
pub(super) fn write_past_page(past: &Past, results: &Path) -> Option<PathBuf> {
    // A name from a file that others wrote leads to no other folder.
    let file = results.join("history").join(format!("{}.html", past.suite.replace('/', "_")));
    let bytes = past_page(past).map_err(|why| ResultsError::Unwritable { file: file.clone(), why });
    match bytes.and_then(|bytes| write_whole(&file, &bytes)) {
        Ok(()) => Some(file),
        Err(why) => {
            let why = shortened(&sentence(&why.to_string()));
            let _unread = to_stderr(&format!("note: the page of the nights is not written: {why}\n"));
            None
        }
    }
}
