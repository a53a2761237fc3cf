//! `floodmark accept`: a change is the new usual, from a night on, for a reason that stays in the history.

use std::io::Write;
use std::path::PathBuf;

use super::history::{Known, NIGHTS, write_past_page};
use super::{CommandError, Outcome};
use crate::history::{Accepted, HISTORY_SCHEMA, Line, append};
use crate::report::output::to_stderr;
use crate::report::terminal::{Look, history::accepted_change};
use crate::results::manifest::HostFacts;
use crate::results::stamp::now_rfc3339;

/// Flags of `accept`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Nights from the one named on are compared with each other, no longer with those before it.
Nothing is removed: the reason, the time and the machine stand in the history.

Examples:
  floodmark accept staging --since 2026-11-22 --why \"orders carry signatures now\"
  floodmark accept staging --since 2026-11-22 --figure ack_p99 --why \"acks=all\"

Exit codes: 0 accepted; 2 wrong usage, or a night, profile or figure that is not in the history;
4 the history cannot be written")]
pub struct Args {
    /// The suite's file, or its name
    pub suite: PathBuf,
    /// The first night of the new usual
    #[arg(long, value_name = "DATE")]
    pub since: jiff::civil::Date,
    /// Why: it stays in the history, and stands in the page
    #[arg(long, value_name = "TEXT")]
    pub why: String,
    /// For this profile only
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// For this figure only
    #[arg(long, value_name = "NAME")]
    pub figure: Option<String>,
    /// The folder of results
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub results: PathBuf,
}

/// Accepts a change, and says which alarms are over.
///
/// # Errors
/// No reason, a night, profile or figure that is not in the history, or a history that cannot be read or written.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let why = args.why.trim();
    if why.is_empty() {
        return Err(CommandError::Usage(
            "--why is empty; write the reason, for those who read the history later".to_owned(),
        ));
    }
    let mut known = Known::of(Some(&args.suite), &args.results, Some(args.since))?;
    let since = args.since.to_string();
    known.refuse_other_names(args.profile.as_deref(), args.figure.as_deref())?;
    known.refuse_other_night(Some(&since), args.profile.as_deref())?;
    let accepted = Accepted {
        schema: HISTORY_SCHEMA,
        suite: known.name.clone(),
        since,
        profile: args.profile.clone(),
        figure: args.figure.clone(),
        why: why.to_owned(),
        accepted: now_rfc3339(),
        host: HostFacts::of_this_machine().hostname,
    };
    let before = known.decided(&known.history.accepted);
    if let Some(repaired) = append(&args.results, &Line::Accepted(accepted.clone()))? {
        let _unread = to_stderr(&format!("note: {repaired}\n"));
    }
    known.history.accepted.push(accepted.clone());
    let after = known.decided(&known.history.accepted);
    out.write_all(accepted_change(&accepted, &before, &after, Look::of_stdout()).as_bytes())?;
    if let Some(page) = write_past_page(&known.past(None, NIGHTS.into()), &args.results) {
        writeln!(out, "page       {}", page.display())?;
    }
    Ok(Outcome::Done)
}
