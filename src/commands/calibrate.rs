//! `floodmark calibrate`: does the detector detect, on this cluster and this machine?

use std::ffi::OsString;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use super::{CommandError, Outcome, flags};
use crate::calibrate::{Calibration, FAULTS, Load, Row};
use crate::figures::seconds;
use crate::kafka::ClientSettings;
use crate::profile::{Rate, Span};
use crate::report::output::to_stderr;
use crate::report::terminal::Look;
use crate::report::terminal::calibrate::{calibrated, over_line};
use crate::stop::{StopFlag, signals};
use crate::trials::{self, CalibrationWay};

/// The rate of each stream, where nobody names one.
const RATE: Rate = Rate::per_s(300.0);
/// How long a run sends, where nobody says.
const DURATION: Span = Span::from_secs(20);
/// From what faults are drawn, where nobody says.
const SEED: u64 = 7;
/// Partitions of each topic.
const PARTITIONS: u16 = 4;
/// A partition that stalls is one that delivered for ten seconds before.
const LEAST: Span = Span::from_secs(20);
/// Fewer events a second do not show that a partition stalled.
const LEAST_PER_S: f64 = 100.0;

/// Flags of `calibrate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
A run of 11 streams, each through a relay that does one thing wrong and keeps books: it loses, repeats, delays, reorders, damages, holds up.
What the run finds is held against the books. Its topics begin with floodmark-calibrate-, and stay.

Examples:
  floodmark calibrate
  floodmark calibrate -b localhost:9092 --rate 2k/s --duration 60s

Exit codes: 0 every fault was found, and nothing else; 1 one was missed, or something was found that was not there; 2 wrong usage;
3 nothing can be said; 4 the environment failed")]
pub struct Args {
    /// Which cluster.
    #[command(flatten)]
    pub target: flags::TargetFlags,
    /// The rate of each of the 11 streams
    #[arg(long, value_name = "RATE", default_value_t = RATE)]
    pub rate: Rate,
    /// How long it sends
    #[arg(long, value_name = "SPAN", default_value_t = DURATION)]
    pub duration: Span,
    /// From what the faults are drawn
    #[arg(long, value_name = "N", default_value_t = SEED)]
    pub seed: u64,
    /// How many runs, each with the next seed
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub rounds: u64,
    /// The folder of the runs (default: results/calibrate- and the time)
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    pub json: bool,
}

/// Calibrates.
///
/// # Errors
/// A flag that cannot be used, a target that cannot be reached or may not be loaded, or a run that was refused.
pub(crate) fn run(args: &Args, out: &mut dyn Write) -> Result<Outcome, CommandError> {
    let way = way(args)?;
    let stop = StopFlag::default();
    signals::listen(&stop, None);
    let (streams, lasts, folder) = (FAULTS.len(), seconds(way.load.lasts.as_secs_f64()), way.out.display());
    say(&format!("{streams} streams of {} for {lasts} through relays; runs are in {folder}", way.rate));
    let found = trials::calibrate(&way, &stop, &mut |rows: &[Row]| say(&over_line(rows)))?;
    let Some(found) = found else {
        return Err(CommandError::Nothing("the calibration was stopped before its end".to_owned()));
    };
    print(&found, args.json, out)?;
    Ok(Outcome::Judged(found.verdict))
}

fn way(args: &Args) -> Result<CalibrationWay, CommandError> {
    if args.rounds == 0 {
        return Err(CommandError::Usage("--rounds 0: at least one run is made".to_owned()));
    }
    if args.duration < LEAST {
        return Err(CommandError::Usage(format!("--duration {}: a run lasts at least {LEAST}", args.duration)));
    }
    if args.rate.as_per_s() < LEAST_PER_S {
        return Err(CommandError::Usage(format!("--rate {}: a stream has at least {LEAST_PER_S}/s", args.rate)));
    }
    Ok(CalibrationWay {
        settings: args.target.settings()?,
        allow_cluster: args.target.allow_cluster.clone(),
        flags: args.target.arguments(),
        rate: args.rate.to_string(),
        load: load(args.rate, args.duration),
        seed: args.seed,
        rounds: args.rounds,
        out: args.out.clone().unwrap_or_else(|| flags::dated_folder("calibrate")),
    })
}

/// One run as it is made where nobody says more, on the target of these settings and flags.
pub(super) fn usual_way(
    settings: ClientSettings,
    cluster: Option<String>,
    flags: Vec<OsString>,
    out: PathBuf,
) -> CalibrationWay {
    CalibrationWay {
        settings,
        allow_cluster: cluster,
        flags,
        rate: RATE.to_string(),
        load: load(RATE, DURATION),
        seed: SEED,
        rounds: 1,
        out,
    }
}

fn load(rate: Rate, duration: Span) -> Load {
    let lasts = Duration::from_nanos(duration.as_nanos());
    Load { events: (rate.as_per_s() * lasts.as_secs_f64()).round() as u64, lasts, partitions: PARTITIONS }
}

fn print(found: &Calibration, is_json: bool, out: &mut dyn Write) -> Result<(), CommandError> {
    if is_json {
        serde_json::to_writer_pretty(&mut *out, found).map_err(std::io::Error::from)?;
        writeln!(out)?;
    } else {
        out.write_all(calibrated(found, Look::of_stdout()).as_bytes())?;
    }
    Ok(())
}

/// What goes on, on standard error. Nobody to read it is no reason to stop.
fn say(text: &str) {
    let _unread = to_stderr(&format!("{text}\n"));
}
