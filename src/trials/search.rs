//! The search for a capacity: trials at the loads that it asks for, until it ends.

mod afterwards;
mod way;

use std::path::Path;
use std::time::{Duration, Instant};

pub(crate) use way::Way;

use super::TrialError;
use super::child::{Child, Ended};
use super::folder::{below, free_folder, same_cluster};
use super::record::{Record, read_record, write_record};
use crate::capacity::{
    Burst, CAPACITY_SCHEMA, Found, Headroom, Length, Outcome, Rules, SearchRecord, Step, Trial, at_start_ms,
    found_first, judged, next, was_busy, worst,
};
use crate::conclude::read_run;
use crate::profile::Span;
use crate::results::RunFolder;
use crate::stop::StopFlag;

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
        /// For how long it sends.
        lasts: Span,
        /// Those before it.
        before: &'a [Trial],
    },
    /// A trial is over.
    Over {
        /// Its number, from 1.
        number: usize,
        /// What it said.
        trial: &'a Trial,
    },
    /// The search is over: so many times the highest load that counts is sent to a broker on this machine.
    Sender {
        /// How many times.
        times: f64,
    },
    /// The bounds are tried again, after some time.
    Recheck {
        /// How much of it is left.
        waits: Duration,
    },
    /// A burst over the capacity begins.
    Burst {
        /// Which.
        burst: Burst,
    },
}

/// Searches, from the trials on that the folder holds, and then sees what this machine can send by itself and how the target recovers. Stopped, it
/// ends with what it has, and without `found` where that is not known yet.
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
                let found = record.found.insert(Found::of(conclusion, &record.trials)).clone();
                return finished(way, record, &found, stop, tells);
            }
            Step::Try { .. } if stop.is_set() => return Ok(record),
            Step::Try { later: true, .. } if record.found.is_none() => {
                let found = found_first(&record.rules, &record.trials).map(|first| Found::of(first, &record.trials));
                record = before_recheck(way, record, found, stop, tells)?;
            }
            Step::Try { factor, length, later } => {
                let number = record.trials.len() + 1;
                let lasts = way.plays(length).lasts;
                tells(Told::Begins { number, factor, length, lasts, before: &record.trials });
                let folder = free_folder(&way.out, &format!("{number:02}"));
                let arguments = way.arguments("run", way.plays(length), factor, &way.target, &folder);
                let ended = Child::start(&arguments)?.wait(stop)?;
                if stop.is_set() {
                    return Ok(record);
                }
                let trial = Trial { later, ..read_trial(way, &folder, factor, length, ended, &mut record)? };
                tells(Told::Over { number, trial: &trial });
                record.trials.push(trial);
                write_record(&way.out, &record)?;
            }
        }
    }
}

/// Adds what is measured when a search is over, unless it has been.
fn finished(
    way: &Way,
    mut record: SearchRecord,
    found: &Found,
    stop: &StopFlag,
    tells: &mut dyn FnMut(Told<'_>),
) -> Result<SearchRecord, TrialError> {
    record.headroom = way.needed.as_ref().map(|needed| Headroom::of(needed, found));
    record = with_recovery(way, record, stop, tells)?;
    if record.sender.is_none() && !stop.is_set() {
        record.sender = afterwards::sender(way, found, stop, tells)?;
        write_record(&way.out, &record)?;
    }
    Ok(record)
}

/// What stands between the search and the second look at its bounds: the recovery from a burst, and the rest of the time that was asked for.
fn before_recheck(
    way: &Way,
    mut record: SearchRecord,
    found: Option<Found>,
    stop: &StopFlag,
    tells: &mut dyn FnMut(Told<'_>),
) -> Result<SearchRecord, TrialError> {
    let due = Instant::now() + way.recheck_after;
    record.headroom = way.needed.as_ref().zip(found.as_ref()).map(|(needed, found)| Headroom::of(needed, found));
    record.found = found;
    record = with_recovery(way, record, stop, tells)?;
    tells(Told::Recheck { waits: due.saturating_duration_since(Instant::now()) });
    // A stop shows where the next trial would begin.
    let _ended = stop.sleeps_until(due);
    Ok(record)
}

/// Adds how the target recovers from a burst, unless that is known.
fn with_recovery(
    way: &Way,
    mut record: SearchRecord,
    stop: &StopFlag,
    tells: &mut dyn FnMut(Told<'_>),
) -> Result<SearchRecord, TrialError> {
    write_record(&way.out, &record)?;
    if record.recovery.is_none() && !stop.is_set() {
        record.recovery = afterwards::recovery(way, &record, stop, tells)?;
        write_record(&way.out, &record)?;
    }
    Ok(record)
}

impl Record for SearchRecord {
    const FILE: &str = "capacity.json";
    const SCHEMA: u32 = CAPACITY_SCHEMA;

    fn schema(&self) -> u32 {
        self.schema
    }
}

/// The folder's own search, where it is the same one, or a new one.
fn begun(way: &Way, rules: Rules) -> Result<SearchRecord, TrialError> {
    let asked = way.asked();
    if let Some(record) = read_record::<SearchRecord>(&way.out)? {
        return if record.asked == asked && record.rules == rules {
            Ok(record)
        } else {
            Err(TrialError::OtherRecord { what: "search", folder: way.out.clone() })
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
        sender: None,
        recovery: None,
    };
    write_record(&way.out, &record)?;
    Ok(record)
}

/// What a trial's folder says.
fn read_trial(
    way: &Way,
    folder: &Path,
    factor: f64,
    length: Length,
    ended: Ended,
    record: &mut SearchRecord,
) -> Result<Trial, TrialError> {
    if let Ended::Refused { code, text } = ended {
        return Err(TrialError::Refused { is_usage: code == 2, text });
    }
    let opened = RunFolder::open(folder)?;
    let summary = read_run(folder)?.summary;
    same_cluster(&mut record.cluster_id, &summary.run.cluster_id)?;
    let (profile, rows) = (opened.manifest().profile(folder)?, opened.timeline()?);
    let at_start_ms = way.plays(length).is_calm_first.then(|| at_start_ms(&profile, &rows)).flatten();
    let judged = judged(&profile, &summary, &rows);
    let busy = was_busy(at_start_ms, &record.trials).filter(|_| judged.outcome == Outcome::Fail);
    Ok(Trial {
        factor,
        length,
        outcome: if busy.is_some() { Outcome::Invalid } else { judged.outcome },
        because: busy.or(judged.because),
        sender_late: judged.sender_late,
        later: false,
        started: Some(summary.run.started.clone()),
        held: judged.held_share.map(|share| share * factor),
        held_error: judged.held_error.map(|error| error * factor),
        offered_per_s: way.short.per_s * factor,
        at_start_ms,
        worst: worst(&summary),
        folder: below(&way.out, folder),
    })
}
