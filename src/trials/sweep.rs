//! The trials of a sweep: round after round, each combination once, until all are made; or a search for each.

mod before;
mod searches;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Instant;

use before::before;

use super::TrialError;
use super::child::{Child, Ended};
use super::folder::{below, free_folder, same_cluster};
use super::record::{Record, read_record, write_record};
use crate::broker::{Broker, BrokerConfig};
use crate::conclude::read_run;
use crate::profile::Span;
use crate::results::RunFolder;
use crate::stop::StopFlag;
use crate::sweep::{BESIDE_S, SWEEP_SCHEMA, SweepRecord, SweepTrial, Turn, measured, named, next_turn};

/// How trials are made.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// The profile's file.
    pub(crate) profile: PathBuf,
    /// Flags of `floodmark run` for every trial: the target, and what is changed in the profile.
    pub(crate) flags: Vec<OsString>,
    /// More of them for each combination.
    pub(crate) own_flags: Vec<Vec<OsString>>,
    /// How long a trial sends, warm-up included.
    pub(crate) lasts: Span,
    /// Whether each trial gets an embedded broker of its own.
    pub(crate) embedded: bool,
    /// The folder of the sweep.
    pub(crate) out: PathBuf,
}

/// What a sweep has to tell while it goes on.
pub(crate) enum SweepTold<'a> {
    /// A trial begins.
    Begins {
        /// The sweep so far.
        record: &'a SweepRecord,
        /// Which trial.
        turn: Turn,
        /// How many trials are to be made in all.
        of: usize,
        /// How long those that are left take, in seconds.
        left_s: f64,
    },
    /// A trial is over: the last of the sweep.
    Over {
        /// The sweep so far.
        record: &'a SweepRecord,
    },
    /// The search for the next combination begins.
    Searches {
        /// The sweep so far.
        record: &'a SweepRecord,
    },
    /// A search is over: the last of the sweep.
    Searched {
        /// The sweep so far.
        record: &'a SweepRecord,
    },
}

impl Record for SweepRecord {
    const FILE: &str = "sweep.json";
    const SCHEMA: u32 = SWEEP_SCHEMA;

    fn schema(&self) -> u32 {
        self.schema
    }
}

/// Makes the trials, from those on that the folder holds. `asked` is a sweep without trials. Stopped, it ends with the trials that it has.
///
/// # Errors
/// A folder that holds something else, or a trial that cannot be made. What was measured before stays in the folder.
pub(crate) fn sweep(
    series: &Series,
    asked: SweepRecord,
    stop: &StopFlag,
    tells: &mut dyn FnMut(SweepTold<'_>),
) -> Result<SweepRecord, TrialError> {
    let mut record = begun(series, asked)?;
    if record.is_capacity {
        return searches::search_each(series, record, stop, tells);
    }
    let turns = record.turns();
    while let Some(turn) = next_turn(&turns, &record.trials).filter(|_| !stop.is_set()) {
        let of = record.trials_in_all();
        let left_s = left_s(&record, of);
        tells(SweepTold::Begins { record: &record, turn, of, left_s });
        let Some(trial) = make(series, turn, &mut record, stop)? else { break };
        record.trials.push(trial);
        record.conclude();
        write_record(&series.out, &record)?;
        tells(SweepTold::Over { record: &record });
    }
    Ok(record)
}

/// The folder's own sweep, where it is the same one, or a new one.
fn begun(series: &Series, mut asked: SweepRecord) -> Result<SweepRecord, TrialError> {
    if let Some(record) = read_record::<SweepRecord>(&series.out)? {
        return if record.asked == asked.asked {
            Ok(record)
        } else {
            Err(TrialError::OtherRecord { what: "sweep", folder: series.out.clone() })
        };
    }
    asked.conclude();
    write_record(&series.out, &asked)?;
    Ok(asked)
}

/// How long the trials that are left take, by those that were made.
fn left_s(record: &SweepRecord, of: usize) -> f64 {
    let took_s: f64 = record.trials.iter().map(|trial| trial.took_s).sum();
    let each_s = if record.trials.is_empty() { record.trial_s + BESIDE_S } else { took_s / record.trials.len() as f64 };
    each_s * (of - record.trials.len()) as f64
}

/// One trial; none when it was stopped.
fn make(
    series: &Series,
    turn: Turn,
    record: &mut SweepRecord,
    stop: &StopFlag,
) -> Result<Option<SweepTrial>, TrialError> {
    let begun = Instant::now();
    let number = record.trials.len() + 1;
    before(series, turn.combination, number, record, stop)?;
    if stop.is_set() {
        return Ok(None);
    }
    let broker = series.embedded.then(|| Broker::start(BrokerConfig::default())).transpose();
    let broker = broker.map_err(|error| TrialError::NoBroker(error.to_string()))?;
    let folder = free_folder(&series.out, &format!("{number:02}"));
    let arguments = arguments(series, turn, broker.as_ref(), folder.clone());
    let ended = Child::start(&arguments)?.wait(stop)?;
    if stop.is_set() {
        return Ok(None);
    }
    if let Ended::Refused { code, text } = ended {
        let text = format!("trial {number} ({}): {text}", settings(record, turn));
        return Err(TrialError::Refused { is_usage: code == 2, text });
    }
    let opened = RunFolder::open(&folder)?;
    let summary = read_run(&folder)?.summary;
    if !series.embedded {
        same_cluster(&mut record.cluster_id, &summary.run.cluster_id)?;
    }
    let measurement = measured(&opened.manifest().profile(&folder)?, &summary, &opened.timeline()?);
    Ok(Some(SweepTrial {
        round: turn.round,
        combination: turn.combination + 1,
        verdict: summary.verdict,
        figures: measurement.figures,
        because: measurement.because,
        took_s: begun.elapsed().as_secs_f64(),
        folder: below(&series.out, &folder),
    }))
}

fn settings(record: &SweepRecord, turn: Turn) -> String {
    record.combinations.get(turn.combination).map(|of| named(&record.keys, of)).unwrap_or_default()
}

/// What `floodmark` is called with.
fn arguments(series: &Series, turn: Turn, broker: Option<&Broker>, folder: PathBuf) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = vec!["run".into(), series.profile.clone().into()];
    arguments.extend(series.flags.iter().cloned());
    if let Some(broker) = broker {
        arguments.extend(["--brokers".into(), broker.address().to_string().into()]);
    }
    arguments.extend(series.own_flags.get(turn.combination).into_iter().flatten().cloned());
    arguments.extend(["--duration".into(), series.lasts.to_string().into()]);
    arguments.extend(["--json".into(), "--quiet".into(), "--out".into(), folder.into()]);
    arguments
}
