//! The runs of a night: one after the other, and the machine itself before, between and after them.

mod probe;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::TrialError;
use super::child::{Child, Ended};
use super::folder::{below, free_folder, same_cluster};
use super::record::{Record, read_record, write_record};
use crate::compare::Figure;
use crate::conclude::read_run;
use crate::figures::seconds;
use crate::nightly::{NIGHT_SCHEMA, Next, NightRecord, NightRun, Turn, left, measured, next};
use crate::results::RunFolder;
use crate::results::names::NIGHT;
use crate::results::stamp::now_rfc3339;
use crate::stop::StopFlag;

/// How long a run takes beside the time in which it sends, at most, before any was made: its start, its drain.
const BESIDE_S: f64 = 8.0;

/// How the runs of a night are made.
#[derive(Debug, Clone)]
pub(crate) struct NightWay {
    /// For each profile: its file, and the flags of its runs.
    pub(crate) profiles: Vec<ProfileWay>,
    /// Flags of every run: the target.
    pub(crate) flags: Vec<OsString>,
    /// The figures that the history keeps.
    pub(crate) figures: Vec<Figure>,
    /// How long all of it may take.
    pub(crate) budget: Option<Duration>,
    /// Whether the target is the embedded broker, a new one for each run.
    pub(crate) embedded: bool,
    /// The folder of the night.
    pub(crate) out: PathBuf,
    /// The folder of all results, which the folders of runs are written down below.
    pub(crate) results: PathBuf,
}

/// How one profile runs.
#[derive(Debug, Clone)]
pub(crate) struct ProfileWay {
    /// Its file.
    pub(crate) file: PathBuf,
    /// Flags of its runs.
    pub(crate) flags: Vec<OsString>,
    /// How long it sends, in seconds.
    pub(crate) lasts_s: f64,
}

/// What a night has to tell while it goes on.
pub(crate) enum NightTold<'a> {
    /// The machine is looked at.
    Probes {
        /// The night so far.
        record: &'a NightRecord,
    },
    /// A run begins.
    Begins {
        /// The night so far.
        record: &'a NightRecord,
        /// Which run.
        turn: Turn,
        /// How many are to be made in all.
        of: usize,
        /// How long those that are left take, in seconds.
        left_s: f64,
    },
    /// A run is over: the last of the night.
    Over {
        /// The night so far.
        record: &'a NightRecord,
    },
    /// Some profiles are run once more as often.
    Suspected {
        /// The night so far.
        record: &'a NightRecord,
    },
    /// The budget is spent.
    CutShort {
        /// Why no more runs are made.
        why: &'a str,
    },
}

impl Record for NightRecord {
    const FILE: &str = NIGHT;
    const SCHEMA: u32 = NIGHT_SCHEMA;

    fn schema(&self) -> u32 {
        self.schema
    }
}

/// Makes the runs of a night, from those on that its folder holds. `asked` is a night without runs. `suspects` says which profiles should run more
/// often. Stopped, it ends with what it has; what is left, the same call makes.
///
/// # Errors
/// A folder that holds another night, or a run that cannot be made. What was measured before stays in the folder.
pub(crate) fn night(
    way: &NightWay,
    asked: NightRecord,
    stop: &StopFlag,
    suspects: &mut dyn FnMut(&NightRecord) -> Vec<usize>,
    tells: &mut dyn FnMut(NightTold<'_>),
) -> Result<NightRecord, TrialError> {
    let mut record = begun(way, asked)?;
    let begun = Instant::now();
    let spent_before: f64 = record.runs.iter().map(|run| run.took_s).sum();
    while !stop.is_set() {
        match next(&record) {
            Next::Nothing => break,
            Next::Ask => {
                let suspected = suspects(&record);
                record.suspected = Some(suspected);
                if record.suspected.as_ref().is_some_and(|suspected| !suspected.is_empty()) {
                    tells(NightTold::Suspected { record: &record });
                }
            }
            Next::Probe => {
                tells(NightTold::Probes { record: &record });
                let Some(reading) = probe::probe(&way.out, record.runs.len(), stop)? else { break };
                record.probes.push(reading);
            }
            Next::Run(turn) => {
                let spent_s = spent_before + begun.elapsed().as_secs_f64();
                if let Some(why) = over_budget(way, &record, turn, spent_s) {
                    tells(NightTold::CutShort { why: &why });
                    record.cut_short = Some(why);
                } else {
                    let of = record.runs.len() + left(&record).len();
                    tells(NightTold::Begins { record: &record, turn, of, left_s: left_s(way, &record) });
                    let Some(run) = make(way, turn, &mut record, stop)? else { break };
                    record.runs.push(run);
                    tells(NightTold::Over { record: &record });
                }
            }
        }
        record.ended = now_rfc3339();
        write_record(&way.out, &record)?;
    }
    Ok(record)
}

/// Begins a night in its folder, or finds it there: what else belongs to the night may lie beside its runs from now on.
///
/// # Errors
/// A folder that holds another night, or something else.
pub(crate) fn begin(way: &NightWay, asked: NightRecord) -> Result<(), TrialError> {
    begun(way, asked).map(drop)
}

/// Marks a night whose lines are in the history.
///
/// # Errors
/// When the system refuses.
pub(crate) fn complete(way: &NightWay, record: &mut NightRecord) -> Result<(), TrialError> {
    record.is_complete = true;
    Ok(write_record(&way.out, record)?)
}

/// How long the whole night takes, in seconds, when no run is void and no profile suspected.
#[must_use]
pub(crate) fn takes_s(way: &NightWay, record: &NightRecord) -> f64 {
    left_s(way, record) + 3.0 * probe::TAKES_S
}

/// The folder's own night, where it is the same one, or a new one.
fn begun(way: &NightWay, asked: NightRecord) -> Result<NightRecord, TrialError> {
    match read_record::<NightRecord>(&way.out)? {
        Some(record) if record.asked == asked.asked => Ok(record),
        Some(_) => Err(TrialError::OtherRecord { what: "night", folder: way.out.clone() }),
        None => {
            write_record(&way.out, &asked)?;
            Ok(asked)
        }
    }
}

/// How long the runs that are left take, by those that were made.
fn left_s(way: &NightWay, record: &NightRecord) -> f64 {
    left(record).into_iter().map(|profile| each_s(way, record, profile)).sum()
}

/// How long a run of a profile takes: the longest so far, or as it will send and a little beside.
fn each_s(way: &NightWay, record: &NightRecord, profile: usize) -> f64 {
    let made = record.runs.iter().filter(|run| run.profile == profile).map(|run| run.took_s);
    made.reduce(f64::max).unwrap_or_else(|| way.profiles.get(profile).map_or(0.0, |of| of.lasts_s) + BESIDE_S)
}

/// Why a run is not made any more.
fn over_budget(way: &NightWay, record: &NightRecord, turn: Turn, spent_s: f64) -> Option<String> {
    let budget_s = way.budget?.as_secs_f64();
    let each_s = each_s(way, record, turn.profile) + probe::TAKES_S;
    (spent_s + each_s > budget_s).then(|| {
        format!(
            "{} of {} are spent, and a run takes {}: {} {} not made",
            seconds(spent_s),
            seconds(budget_s),
            seconds(each_s - probe::TAKES_S),
            left(record).len(),
            if left(record).len() == 1 { "run is" } else { "runs are" }
        )
    })
}

/// One run; none when it was stopped.
fn make(way: &NightWay, turn: Turn, record: &mut NightRecord, stop: &StopFlag) -> Result<Option<NightRun>, TrialError> {
    let begun = Instant::now();
    let Some((of, asked)) = way.profiles.get(turn.profile).zip(record.profiles.get(turn.profile)) else {
        return Ok(None);
    };
    let name = format!("{}-{}", asked.name, turn.number);
    let folder = free_folder(&way.out, &name);
    let mut arguments: Vec<OsString> = vec!["run".into(), of.file.clone().into()];
    arguments.extend(way.flags.iter().chain(&of.flags).cloned());
    arguments.extend(["--json".into(), "--quiet".into(), "--out".into(), folder.clone().into()]);
    let ended = Child::start(&arguments)?.wait(stop)?;
    if stop.is_set() {
        return Ok(None);
    }
    if let Ended::Refused { code, text } = ended {
        return Err(TrialError::Refused { is_usage: code == 2, text: format!("{name}: {text}") });
    }
    let (opened, summary) = (RunFolder::open(&folder)?, read_run(&folder)?.summary);
    if !way.embedded {
        same_cluster(&mut record.cluster_id, &summary.run.cluster_id)?;
    }
    let written = below(&way.results, &folder);
    let mut run = measured((turn.profile, turn.number), opened.manifest(), &summary, &way.figures, written);
    run.took_s = begun.elapsed().as_secs_f64();
    Ok(Some(run))
}
