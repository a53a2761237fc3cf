//! `floodmark capture --records`: a topic's records themselves, and a profile that replays them.

use std::io::Write;
use std::path::Path;

use super::{Args, refuse_wrong_files, refuse_wrong_masks, seen_from, write_file};
use crate::capture::live::{RecordsOrder, RecordsTaken, take_records};
use crate::capture::records_text;
use crate::commands::{CommandError, Outcome};
use crate::report::terminal::capture::{ProgressLine, RecordsReport};

/// Records.
///
/// # Errors
/// A range or topic that cannot be read, or a file that cannot be written.
pub(super) fn run(args: &Args, file: &Path, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let (settings, profile) = (args.settings()?, args.profile_path(file));
    refuse_wrong_masks(&args.mask)?;
    refuse_to_overwrite(file, &profile)?;
    let from = args.from.ok_or_else(|| CommandError::Usage("add --from".to_owned()))?;
    let order = RecordsOrder {
        settings: &settings,
        allow_cluster: args.target.allow_cluster.as_deref(),
        topic: &args.topic,
        from,
        to: args.to,
        most: args.records_limit,
        masked: &args.mask,
        file,
    };
    let mut line = ProgressLine::default();
    let taken = take_records(&order, &mut |progress| line.show(progress));
    line.close();
    let taken = taken?;
    let report = RecordsReport { topic: &args.topic, taken: &taken, file, profile: &profile };
    write_file(&profile, &profile_of(args, &taken, &report.range(), file, &profile)?)?;
    if args.json {
        writeln!(out, "{:#}", report.json())?;
    } else {
        out.write_all(report.for_people().as_bytes())?;
    }
    Ok(Outcome::Done)
}

fn profile_of(
    args: &Args,
    taken: &RecordsTaken,
    range: &str,
    file: &Path,
    profile: &Path,
) -> Result<String, CommandError> {
    Ok(records_text(&args.topic, taken.partitions, range, &seen_from(profile, file)?))
}

/// Records are the user's data: no file of them is replaced.
fn refuse_to_overwrite(file: &Path, profile: &Path) -> Result<(), CommandError> {
    if file == profile {
        let text = format!("{} cannot be both the records and the profile: name another --profile", file.display());
        return Err(CommandError::Usage(text));
    }
    if file.exists() {
        let text = format!("{} already exists: remove it, or name another file for --records", file.display());
        return Err(CommandError::Usage(text));
    }
    refuse_wrong_files([(file, "--records"), (profile, "--profile")], profile)
}
