//! `floodmark schema`: the JSON Schema of a file format.

use std::io::Write;

use super::{CommandError, Outcome};
use crate::{
    calibrate::calibration_schema,
    capacity::capacity_schema,
    compare::compare_schema,
    history::history_schema,
    nightly::{night_schema, past_schema},
    profile::schema::profile_schema_text,
    provision::provision_schema,
    results::{summary_schema, verdicts_schema},
    sweep::sweep_schema,
};

/// Flags of `schema`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Editors with a TOML language server (Taplo, Even Better TOML) complete and check a profile whose first line is
  #:schema PATH-TO/profile.schema.json

Example:
  floodmark schema profile > profile.schema.json")]
pub struct Args {
    /// The format
    pub format: Format,
}

/// The formats that have a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A traffic profile
    Profile,
    /// A run's summary.json
    Summary,
    /// What `floodmark watermark FILE --json` prints
    Watermark,
    /// What `floodmark compare --json` prints
    Compare,
    /// What `floodmark calibrate --json` prints
    Calibrate,
    /// The capacity.json of a search
    Capacity,
    /// What `floodmark capacity plan --json` prints
    CapacityPlan,
    /// The sweep.json of a sweep
    Sweep,
    /// A line of a nightly's history
    History,
    /// What `floodmark nightly --json` prints
    Nightly,
    /// What `floodmark history --json` prints
    Nights,
}

impl Format {
    /// The schema as text.
    fn schema_text(self) -> String {
        match self {
            Format::Profile => profile_schema_text(),
            Format::Summary => summary_schema(),
            Format::Watermark => verdicts_schema(),
            Format::Compare => compare_schema(),
            Format::Calibrate => calibration_schema(),
            Format::Capacity => capacity_schema(),
            Format::CapacityPlan => provision_schema(),
            Format::Sweep => sweep_schema(),
            Format::History => history_schema(),
            Format::Nightly => night_schema(),
            Format::Nights => past_schema(),
        }
    }
}

/// Prints the schema.
///
/// # Errors
/// When it cannot be printed.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    out.write_all(args.format.schema_text().as_bytes())?;
    Ok(Outcome::Done)
}
