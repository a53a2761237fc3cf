//! From the command line and the suite to the runs of a night.

use std::ffi::OsString;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Args, say};
use crate::commands::CommandError;
use crate::commands::calibrate::usual_way;
use crate::commands::flags::ProfileFlags;
use crate::figures::seconds;
use crate::history::{History, clean};
use crate::kafka::{ClientSettings, Target};
use crate::nightly::{self, NIGHT_SCHEMA, NightRecord, Suite, SuiteProfile};
use crate::results::ResultsError;
use crate::results::pending::write_whole;
use crate::results::stamp::now_rfc3339;
use crate::shipped;
use crate::stop::StopFlag;
use crate::trials::{self, NightWay, ProfileWay, takes_s};
use crate::verdict::Verdict;

/// How long the cluster may take to answer at first.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Says that the detector was tried in this night, and how.
const CALIBRATED: &str = "calibration.json";

/// A night that can be measured.
pub(super) struct Asked {
    /// The suite.
    pub(super) suite: Suite,
    /// The night.
    pub(super) night: String,
    /// Today: a later night in the history is from the future.
    pub(super) today: String,
    /// How its runs are made.
    pub(super) way: NightWay,
    settings: ClientSettings,
    /// Flags of the target, but for the brokers.
    target: Vec<OsString>,
    hash: String,
}

impl Asked {
    /// Looks at the suite and every profile before anything is sent.
    ///
    /// # Errors
    /// What cannot be run.
    pub(super) fn of(args: &Args) -> Result<Self, CommandError> {
        let suite = Suite::from_file(&args.suite).map_err(|error| CommandError::Usage(error.to_string()))?;
        let settings = args.target.settings()?;
        refuse_mixed_targets(args, &suite, &settings)?;
        let today = jiff::tz::TimeZone::UTC.to_datetime(jiff::Timestamp::now()).date();
        let night = args.night.unwrap_or(today);
        let figures = suite.judged().map_err(CommandError::Usage)?;
        let profiles: Vec<ProfileWay> = suite.profiles.iter().map(profile_way).collect::<Result<_, _>>()?;
        let budget = args.budget.or(suite.budget);
        let way = NightWay {
            flags: flags(args, &suite),
            figures,
            budget: budget.map(|budget| Duration::from_nanos(budget.as_nanos())),
            embedded: settings.brokers().is_none(),
            out: args.results.join("nightly").join(&suite.name).join(night.to_string()),
            results: args.results.clone(),
            profiles,
        };
        let hash = hash(&suite, &way);
        // A night may be named ahead of the clock; it is none from the future then.
        let today = today.max(night).to_string();
        let target = target(args, &suite);
        Ok(Asked { suite, night: night.to_string(), today, way, settings, target, hash })
    }

    /// The night before its first run.
    pub(super) fn record(&self) -> NightRecord {
        let asked = |profile: &SuiteProfile| nightly::Asked {
            name: profile.name.clone(),
            repetitions: self.suite.repetitions_of(profile),
        };
        NightRecord {
            schema: NIGHT_SCHEMA,
            suite: self.suite.name.clone(),
            night: self.night.clone(),
            asked: self.hash.clone(),
            profiles: self.suite.profiles.iter().map(asked).collect(),
            started: now_rfc3339(),
            ..NightRecord::default()
        }
    }

    /// Whether the history has the whole night: a line for each profile.
    pub(super) fn is_measured(&self, history: &History) -> bool {
        let has = |profile: &SuiteProfile| {
            history.nights.iter().any(|line| line.night == self.night && line.profile == profile.name)
        };
        self.suite.profiles.iter().all(has)
    }

    /// Refuses a night before the last one of the history: a clock that was set back would mix them up.
    pub(super) fn refuse_wrong_clock(&self, history: &History) -> Result<(), CommandError> {
        match history.nights.iter().map(|line| &line.night).max() {
            Some(last) if *last > self.night => Err(CommandError::Usage(format!(
                "the history of {} has night {last} already, and this would be night {}: nights are measured in order, so check the clock, or name a later one with --night",
                self.suite.name, self.night
            ))),
            _ => Ok(()),
        }
    }

    /// Refuses a target that is not the suite's, before anything is sent.
    pub(super) fn refuse_other_cluster(&self) -> Result<(), CommandError> {
        let Some(cluster) = &self.suite.cluster else { return Ok(()) };
        let target = Target::connect(&self.settings, CONNECT_TIMEOUT)
            .map_err(|error| CommandError::Environment(error.to_string()))?;
        if target.cluster_id() == cluster {
            return Ok(());
        }
        Err(CommandError::Usage(format!(
            "the suite {} may load cluster {cluster} only, and {} is cluster {}; nothing was sent",
            self.suite.name,
            self.settings.brokers().unwrap_or("the target"),
            target.cluster_id()
        )))
    }

    /// Refuses a night that cannot end in its budget.
    pub(super) fn refuse_long_night(&self) -> Result<(), CommandError> {
        let Some(budget) = self.way.budget else { return Ok(()) };
        let takes_s = takes_s(&self.way, &self.record());
        if takes_s <= budget.as_secs_f64() {
            return Ok(());
        }
        let runs: usize = self.suite.profiles.iter().map(|profile| self.suite.repetitions_of(profile)).sum();
        Err(CommandError::Usage(format!(
            "the suite {} takes about {}, and its budget is {}: make fewer of its {runs} runs (repetitions), shorter ones (duration), or raise the budget",
            self.suite.name,
            seconds(takes_s),
            seconds(budget.as_secs_f64())
        )))
    }

    /// Tries the detector on the target, where the suite asks for it and this night has not done so. Whether it was not stopped.
    ///
    /// # Errors
    /// A detector that misses a fault: what the night would say could not be believed.
    pub(super) fn calibrate(&self, stop: &StopFlag) -> Result<bool, CommandError> {
        let out = self.way.out.join("calibrate");
        let done = out.join(CALIBRATED);
        if !self.suite.calibrate || done.exists() {
            return Ok(true);
        }
        say("calibrating: faults are made on purpose, and must be found …");
        let way = usual_way(self.settings.clone(), self.suite.cluster.clone(), self.target.clone(), out);
        let Some(found) = trials::calibrate(&way, stop, &mut |_| {})? else { return Ok(false) };
        if found.verdict != Verdict::Pass {
            let why = format!("calibrate: {}: nothing is measured tonight; look at {}", found.text, found.folder);
            return Err(CommandError::Nothing(why));
        }
        say(&found.text);
        let text = serde_json::to_vec_pretty(&found).map_err(io::Error::from)?;
        write_whole(&done, &text)?;
        Ok(true)
    }

    /// Keeps a second night of the suite from running at the same time, until it is dropped or the process ends.
    pub(super) fn lock(&self) -> Result<File, CommandError> {
        let folder = self.way.results.join("nightly").join(&self.suite.name);
        let created = |system| ResultsError::CannotCreate { folder: folder.clone(), system };
        fs::create_dir_all(&folder).map_err(created)?;
        let file = folder.join("lock");
        let opened = File::options().create(true).truncate(false).write(true).open(&file).map_err(created)?;
        match opened.try_lock() {
            Ok(()) => Ok(opened),
            Err(TryLockError::WouldBlock) => Err(CommandError::Environment(format!(
                "another night of the suite {} is running: it holds {}",
                self.suite.name,
                file.display()
            ))),
            Err(TryLockError::Error(error)) => Err(CommandError::Environment(cannot_lock(&file, &error))),
        }
    }

    /// Removes the runs of old nights. What cannot be removed is one sentence.
    pub(super) fn clean(&self) {
        let keep = &self.suite.keep;
        let size = keep.size.map(|size| size.as_bytes());
        match clean(&self.way.results, &self.suite.name, &self.night, keep.nights, size) {
            Ok(said) => said.iter().for_each(|text| say(&format!("note: {text}"))),
            Err(error) => say(&format!("note: old runs are not cleaned away: {error}")),
        }
    }
}

fn cannot_lock(file: &Path, error: &io::Error) -> String {
    format!("cannot lock {}: {error}; choose a folder on a disk of this machine with --results", file.display())
}

/// A suite for a cluster needs brokers, and one without runs on the embedded broker alone: otherwise a history would mix targets.
fn refuse_mixed_targets(args: &Args, suite: &Suite, settings: &ClientSettings) -> Result<(), CommandError> {
    let file = args.suite.display();
    match (&suite.cluster, settings.brokers()) {
        (Some(cluster), None) => Err(CommandError::Usage(format!(
            "the suite {file} is for cluster {cluster}: name its brokers with -b HOST:PORT"
        ))),
        (None, Some(brokers)) => {
            let id = Target::connect(settings, CONNECT_TIMEOUT)
                .map(|target| format!("cluster = \"{}\"", target.cluster_id()));
            let id = id.unwrap_or_else(|_| "cluster = \"ITS ID\"".to_owned());
            Err(CommandError::Usage(format!(
                "the suite {file} names no cluster, so it may not load {brokers}: add {id} to it"
            )))
        }
        _ => Ok(()),
    }
}

fn profile_way(profile: &SuiteProfile) -> Result<ProfileWay, CommandError> {
    let flags = ProfileFlags {
        profile: profile.file.clone(),
        duration: profile.duration,
        seed: None,
        rate_scale: None,
        set: profile.set.clone(),
    };
    let loaded = flags.load()?;
    let mut arguments: Vec<OsString> = Vec::new();
    for set in &profile.set {
        arguments.extend(["--set".into(), set.into()]);
    }
    if let Some(duration) = profile.duration {
        arguments.extend(["--duration".into(), duration.to_string().into()]);
    }
    let lasts_s = loaded.profile.duration().as_nanos() as f64 / 1e9;
    Ok(ProfileWay { file: profile.file.clone(), flags: arguments, lasts_s })
}

/// Flags of every run.
fn flags(args: &Args, suite: &Suite) -> Vec<OsString> {
    let brokers = args.target.brokers.iter().flat_map(|brokers| ["--brokers".into(), brokers.into()]);
    brokers.chain(target(args, suite)).collect()
}

/// Flags of the target, but for the brokers. The suite's cluster is confirmed by standing in the suite.
fn target(args: &Args, suite: &Suite) -> Vec<OsString> {
    let mut flags = args.target.arguments();
    if let Some(cluster) = suite.cluster.as_ref().filter(|_| args.target.allow_cluster.is_none()) {
        flags.extend(["--allow-cluster".into(), cluster.into()]);
    }
    flags
}

fn text_of(profile: &Path) -> String {
    let inside = shipped::profile(profile).map(|inside| inside.text.to_owned());
    inside.unwrap_or_else(|| fs::read_to_string(profile).unwrap_or_default())
}

/// All that a night's runs depend on but the brokers' addresses: a cluster is known by its id.
fn hash(suite: &Suite, way: &NightWay) -> String {
    let profiles: Vec<(&PathBuf, &Vec<OsString>, f64)> =
        way.profiles.iter().map(|of| (&of.file, &of.flags, of.lasts_s)).collect();
    let texts: Vec<String> = way.profiles.iter().map(|of| text_of(&of.file)).collect();
    let repetitions: Vec<usize> = suite.profiles.iter().map(|profile| suite.repetitions_of(profile)).collect();
    let text = format!("{profiles:?} {texts:?} {repetitions:?} {:?} {:?}", suite.cluster, way.figures);
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}
