//! A run whose streams go through relays that do wrong on purpose.

mod brokers;
mod relays;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::TrialError;
use super::child::{Child, Ended};
use super::folder::free_folder;
use crate::broker::{Broker, BrokerConfig};
use crate::calibrate::{Calibration, FAULTS, Load, Of, Row, compared, concluded, input, output, profile_text};
use crate::conclude::read_run;
use crate::kafka::{ClientSettings, Operation, Target, TopicPlan};
use crate::results::ResultsError;
use crate::results::pending::write_whole;
use crate::stop::StopFlag;
use relays::Relays;

/// How long the cluster may take to answer at first.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How a calibration is made.
#[derive(Debug, Clone)]
pub(crate) struct CalibrationWay {
    /// The client's settings; without brokers, an embedded broker is started.
    pub(crate) settings: ClientSettings,
    /// The cluster that may be loaded though it is not on this machine.
    pub(crate) allow_cluster: Option<String>,
    /// Flags of the run: the target, but for the brokers.
    pub(crate) flags: Vec<OsString>,
    /// The rate of each stream, as a profile has it.
    pub(crate) rate: String,
    /// What that comes to.
    pub(crate) load: Load,
    /// From what the first run is drawn; each further one from the next number.
    pub(crate) seed: u64,
    /// How many runs.
    pub(crate) rounds: u64,
    /// The folder of the runs.
    pub(crate) out: PathBuf,
}

/// Makes the runs and holds each against its relays' books; none when it was stopped. `tells` gets the rows of each run.
///
/// # Errors
/// A target that cannot be reached or may not be loaded, or a run that was refused.
pub(crate) fn calibrate(
    way: &CalibrationWay,
    stop: &StopFlag,
    tells: &mut dyn FnMut(&[Row]),
) -> Result<Option<Calibration>, TrialError> {
    fs::create_dir_all(&way.out).map_err(|system| ResultsError::CannotCreate { folder: way.out.clone(), system })?;
    let (broker, settings) = broker_of(way)?;
    let target = Target::connect(&settings, CONNECT_TIMEOUT).map_err(refused)?;
    target.confirm(way.allow_cluster.as_deref()).map_err(refused)?;
    prepare(&target, way.load.partitions)?;
    let mut rows = Vec::new();
    for seed in way.seed..way.seed.saturating_add(way.rounds) {
        let Some(of_run) = run(way, (&target, &settings), seed, stop)? else { return Ok(None) };
        tells(&of_run);
        rows.extend(of_run);
        if broker.is_some() {
            let Some(of_brokers) = brokers::broker_rows(way, seed, stop)? else { return Ok(None) };
            tells(&of_brokers);
            rows.extend(of_brokers);
        }
    }
    let (cluster_id, folder) = (target.cluster_id().to_owned(), way.out.display().to_string());
    Ok(Some(concluded(Of { cluster_id, rounds: way.rounds, events: way.load.events, folder }, rows)))
}

/// One run through the relays; none when it was stopped.
fn run(
    way: &CalibrationWay,
    (target, settings): (&Target, &ClientSettings),
    seed: u64,
    stop: &StopFlag,
) -> Result<Option<Vec<Row>>, TrialError> {
    let relays = Relays::start(target, settings, way.load, seed)?;
    let folder = free_folder(&way.out, &format!("seed-{seed}"));
    let ended = Child::start(&arguments(way, settings, seed, &folder)?)?.wait(stop)?;
    let books = relays.stop()?;
    if stop.is_set() {
        return Ok(None);
    }
    if let Ended::Refused { code, text } = ended {
        return Err(TrialError::Refused { is_usage: code == 2, text });
    }
    let summary = read_run(&folder)?.summary;
    Ok(Some(FAULTS.iter().zip(&books).filter_map(|(fault, books)| compared(fault, seed, books, &summary)).collect()))
}

fn refused(error: impl std::fmt::Display) -> TrialError {
    TrialError::Refused { is_usage: false, text: error.to_string() }
}

/// A broker of our own where none was named, and the settings that lead to it.
fn broker_of(way: &CalibrationWay) -> Result<(Option<Broker>, ClientSettings), TrialError> {
    if way.settings.brokers().is_some() {
        return Ok((None, way.settings.clone()));
    }
    let broker = Broker::start(BrokerConfig::default()).map_err(|error| TrialError::NoBroker(error.to_string()))?;
    let mut settings = way.settings.clone();
    settings.set("bootstrap.servers", &broker.address().to_string());
    Ok((Some(broker), settings))
}

/// The topics: all of them are floodmark's own, and stay.
fn prepare(target: &Target, partitions: u16) -> Result<(), TrialError> {
    let names: Vec<String> = FAULTS.iter().flat_map(|fault| [input(fault.name), output(fault.name)]).collect();
    let plan = |topic| TopicPlan { topic, partitions: Some(u32::from(partitions)), allowed: false };
    let plans: Vec<TopicPlan<'_>> = names.iter().map(|name| plan(name.as_str())).collect();
    target.prepare_topics(&plans, Operation::Write).map(drop).map_err(refused)
}

fn arguments(
    way: &CalibrationWay,
    settings: &ClientSettings,
    seed: u64,
    folder: &Path,
) -> Result<Vec<OsString>, TrialError> {
    let profile = way.out.join("calibrate.toml");
    let Load { lasts, partitions, .. } = way.load;
    write_whole(&profile, profile_text(&way.rate, lasts, partitions, seed).as_bytes())?;
    let mut arguments: Vec<OsString> = vec!["run".into(), profile.into()];
    arguments.extend(["--brokers".into(), settings.brokers().unwrap_or_default().into()]);
    arguments.extend(way.flags.iter().cloned());
    arguments.extend(["--json".into(), "--quiet".into(), "--out".into(), folder.into()]);
    Ok(arguments)
}
