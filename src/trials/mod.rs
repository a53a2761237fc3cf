//! Trials on a target: each is a run in a process of its own, as a person would start it, and what came of it is read from its folder. So
//! nothing of one trial is left in the next, and every trial can be looked at, and made again, by itself.

mod child;
mod error;
mod measured_rate;
mod record;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use child::{Child, Ended};
pub(crate) use error::TrialError;
pub(crate) use measured_rate::{MeasuredRate, Unmeasured, measured_rate};
use record::{read_record, write_record};

use crate::capacity::{CAPACITY_SCHEMA, Found, Length, Rules, SearchRecord, Step, Trial, judged, next, worst};
use crate::conclude::read_run;
use crate::profile::Span;
use crate::results::RunFolder;
use crate::stop::StopFlag;

/// How a target is tried.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    /// The profile's file.
    pub(crate) profile: PathBuf,
    /// The profile's name.
    pub(crate) name: String,
    /// Flags of `floodmark run` for every trial: the target, and what is changed in the profile.
    pub(crate) flags: Vec<OsString>,
    /// More of them for the short trials alone.
    pub(crate) short_flags: Vec<OsString>,
    /// How long a short trial sends, warm-up included.
    pub(crate) short: Span,
    /// How long a long trial sends.
    pub(crate) long: Span,
    /// A hash of the profile with its changes.
    pub(crate) load: String,
    /// The folder of the search.
    pub(crate) out: PathBuf,
}

/// What a search has to tell while it goes on.
pub(crate) enum Told<'a> {
    /// A trial begins.
    Begins {
        /// Its number, from 1.
        number: usize,
        /// The multiple of the profile's rates.
        factor: f64,
        /// How long it is.
        length: Length,
    },
    /// A trial is over.
    Over {
        /// Its number, from 1.
        number: usize,
        /// What it said.
        trial: &'a Trial,
    },
}

/// Searches, from the trials on that the folder holds. Stopped, it ends with the trials that it has, and without `found`.
///
/// # Errors
/// A folder that holds something else, or a trial that cannot be made. What was measured before stays in the folder.
pub(crate) fn search(
    way: &Way,
    rules: Rules,
    stop: &StopFlag,
    tells: &mut dyn FnMut(Told<'_>),
) -> Result<SearchRecord, TrialError> {
    let mut record = begun(way, rules)?;
    loop {
        match next(&record.rules, &record.trials) {
            Step::End(conclusion) => {
                record.found = Some(Found::of(conclusion, &record.trials));
                write_record(&way.out, &record)?;
                return Ok(record);
            }
            Step::Try { .. } if stop.is_set() => return Ok(record),
            Step::Try { factor, length } => {
                tells(Told::Begins { number: record.trials.len() + 1, factor, length });
                let folder = free_folder(&way.out, record.trials.len() + 1);
                let ended = Child::start(&arguments(way, factor, length, &folder))?.wait(stop)?;
                if stop.is_set() {
                    return Ok(record);
                }
                let trial = read_trial(way, &folder, factor, length, ended, &mut record.cluster_id)?;
                tells(Told::Over { number: record.trials.len() + 1, trial: &trial });
                record.trials.push(trial);
                write_record(&way.out, &record)?;
            }
        }
    }
}

/// The folder's own search, where it is the same one, or a new one.
fn begun(way: &Way, rules: Rules) -> Result<SearchRecord, TrialError> {
    let asked = format!("{} {} {}", way.load, way.short, way.long);
    if let Some(record) = read_record(&way.out)? {
        return if record.asked == asked && record.rules == rules {
            Ok(record)
        } else {
            Err(TrialError::OtherSearch { folder: way.out.clone() })
        };
    }
    let record = SearchRecord {
        schema: CAPACITY_SCHEMA,
        profile: way.name.clone(),
        asked,
        cluster_id: None,
        rules,
        trials: Vec::new(),
        found: None,
        headroom: None,
    };
    write_record(&way.out, &record)?;
    Ok(record)
}

/// The folder of a trial. One that was interrupted has left its own: it stays, and the trial gets another.
fn free_folder(out: &Path, number: usize) -> PathBuf {
    let named = |again: usize| match again {
        0 => out.join("trials").join(format!("{number:02}")),
        again => out.join("trials").join(format!("{number:02}-{again}")),
    };
    (0..usize::MAX).map(named).find(|folder| !folder.exists()).unwrap_or_else(|| named(0))
}

/// What `floodmark` is called with.
fn arguments(way: &Way, factor: f64, length: Length, folder: &Path) -> Vec<OsString> {
    let lasts = if length == Length::Long { way.long } else { way.short };
    let mut arguments: Vec<OsString> = vec!["run".into(), way.profile.clone().into()];
    arguments.extend(way.flags.iter().cloned());
    if length != Length::Long {
        arguments.extend(way.short_flags.iter().cloned());
    }
    for (flag, value) in [("--rate-scale", factor.to_string()), ("--duration", lasts.to_string())] {
        arguments.extend([flag.into(), value.into()]);
    }
    arguments.extend(["--json".into(), "--quiet".into(), "--out".into(), folder.into()]);
    arguments
}

/// What a trial's folder says.
fn read_trial(
    way: &Way,
    folder: &Path,
    factor: f64,
    length: Length,
    ended: Ended,
    cluster_id: &mut Option<String>,
) -> Result<Trial, TrialError> {
    if let Ended::Refused { code, text } = ended {
        return Err(TrialError::Refused { is_usage: code == 2, text });
    }
    let opened = RunFolder::open(folder)?;
    let summary = read_run(folder)?.summary;
    let known = cluster_id.get_or_insert_with(|| summary.run.cluster_id.clone());
    if *known != summary.run.cluster_id {
        return Err(TrialError::OtherCluster { known: known.clone(), found: summary.run.cluster_id });
    }
    let profile = opened.manifest().profile(folder)?;
    let judged = judged(&profile, &summary, &opened.timeline()?);
    Ok(Trial {
        factor,
        length,
        outcome: judged.outcome,
        because: judged.because,
        held: judged.held_share.map(|share| share * factor),
        offered_per_s: summary.offered_per_s,
        worst: worst(&summary),
        folder: folder.strip_prefix(&way.out).unwrap_or(folder).display().to_string(),
    })
}
