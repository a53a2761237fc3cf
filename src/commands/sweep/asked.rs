//! From the command line to the trials that it asks for.

use std::ffi::OsString;

use super::Args;
use super::checked::{Checked, checked};
use crate::capacity::busiest_at_once;
use crate::commands::CommandError;
use crate::commands::flags::dated_folder;
use crate::figures::seconds;
use crate::profile::Span;
use crate::sweep::{
    BESIDE_S, Plan, PlanError, Role, SWEEP_SCHEMA, SweepFound, SweepRecord, Varied, named, read_list, refuse_twins,
    role_of,
};
use crate::trials::Series;

/// A trial's own warm-up, where the profile has none.
const WARMUP: Span = Span::from_secs(2);
/// The shortest trial, its warm-up not included: the first and the last second may be parts of one.
const LEAST: Span = Span::from_secs(2);

/// The trials, and the sweep without any.
///
/// # Errors
/// What cannot be swept. Every combination is looked at before the first trial.
pub(super) fn asked(args: &Args) -> Result<(Series, SweepRecord), CommandError> {
    let plan = plan(args)?;
    refuse_counts(args, plan.combinations.len())?;
    let of = |combination: &Vec<String>| {
        checked(args, &plan, combination)
            .map_err(|why| CommandError::Usage(format!("the combination {}: {why}", named(&plan.keys, combination))))
    };
    let all: Vec<Checked> = plan.combinations.iter().map(of).collect::<Result<_, _>>()?;
    let resolved = |(at, checked): (usize, &Checked)| {
        let words = plan.settings_for(Role::Command, &plan.combinations[at]);
        (checked.loaded.profile.clone(), format!("{:?}", checked.settings), words)
    };
    refuse_twins(&plan, &all.iter().enumerate().map(resolved).collect::<Vec<_>>())?;
    let Some(first) = all.first() else { return Err(PlanError::Nothing.into()) };
    let series = series(args, &plan, &all, first);
    let record = SweepRecord {
        schema: SWEEP_SCHEMA,
        profile: first.loaded.name.clone(),
        asked: hash(args, &plan, &series, &all),
        cluster_id: None,
        repeat: args.repeat,
        seed: first.loaded.profile.seed,
        trial_s: series.lasts.as_nanos() as f64 / 1e9,
        before: args.before.clone(),
        trials: Vec::new(),
        is_capacity: args.capacity,
        capacities: Vec::new(),
        found: SweepFound::default(),
        keys: plan.keys,
        combinations: plan.combinations,
    };
    Ok((series, record))
}

fn plan(args: &Args) -> Result<Plan, PlanError> {
    let (varied, listed) = match &args.list {
        Some(file) => {
            let (varied, combinations) = read_list(file)?;
            (varied, Some(combinations))
        }
        None => (args.vary.iter().map(|text| Varied::parse(text)).collect::<Result<_, _>>()?, None),
    };
    Plan::of(varied, listed, |key| role_of(key, args.before.as_deref()))
}

fn refuse_counts(args: &Args, combinations: usize) -> Result<(), CommandError> {
    if args.repeat == 0 {
        return Err(CommandError::Usage("--repeat 0: each combination is tried at least once".to_owned()));
    }
    if args.duration < LEAST {
        return Err(CommandError::Usage(format!("--duration {}: a trial lasts at least {LEAST}", args.duration)));
    }
    let trials = combinations.saturating_mul(args.repeat);
    if args.capacity || trials <= args.most_trials {
        return Ok(());
    }
    let each_s = (args.duration.as_nanos() + WARMUP.as_nanos()) as f64 / 1e9 + BESIDE_S;
    let long = seconds(trials as f64 * each_s);
    Err(PlanError::TooMany { combinations, repeat: args.repeat, trials, long, most: args.most_trials }.into())
}

fn series(args: &Args, plan: &Plan, all: &[Checked], first: &Checked) -> Series {
    let mut flags: Vec<OsString> = Vec::new();
    for set in &args.set {
        flags.extend(["--set".into(), set.into()]);
    }
    if let Some(seed) = args.seed {
        flags.extend(["--seed".into(), seed.to_string().into()]);
    }
    if let Some(brokers) = &args.target.brokers {
        flags.extend(["--brokers".into(), brokers.into()]);
    }
    flags.extend(args.target.arguments());
    let own_flags = plan
        .combinations
        .iter()
        .zip(all)
        .map(|(of, checked)| own_flags(plan, of, checked, args.capacity, args.duration));
    Series {
        profile: args.profile.clone(),
        flags,
        own_flags: own_flags.collect(),
        lasts: busiest_at_once(&first.loaded.profile, args.duration).lasts,
        embedded: first.settings.brokers().is_none(),
        out: args.out.clone().unwrap_or_else(|| dated_folder(&format!("sweep-{}", first.loaded.name))),
    }
}

/// The flags of a combination: its settings, the busiest stretch of its profile, and topics of its own where partitions are varied.
fn own_flags(
    plan: &Plan,
    combination: &[String],
    checked: &Checked,
    is_capacity: bool,
    duration: Span,
) -> Vec<OsString> {
    let mut flags: Vec<OsString> = Vec::new();
    let mut set = |value: String| flags.extend(["--set".into(), value.into()]);
    plan.settings_for(Role::Profile, combination).into_iter().for_each(&mut set);
    // A search says itself what its trials play.
    let plays = (!is_capacity).then(|| busiest_at_once(&checked.loaded.profile, duration));
    plays.into_iter().flat_map(|plays| plays.changes).map(|(key, value)| format!("{key}={value}")).for_each(&mut set);
    checked.topics.iter().cloned().for_each(&mut set);
    for property in plan.settings_for(Role::Client, combination) {
        flags.extend(["-X".into(), property.into()]);
    }
    flags
}

/// All that a sweep depends on but the brokers' addresses: its cluster is known by its id.
fn hash(args: &Args, plan: &Plan, series: &Series, all: &[Checked]) -> String {
    let tables = all.iter().map(|of| of.loaded.table.to_string()).collect::<Vec<_>>();
    let target = args.target.arguments();
    let text = format!(
        "{:?} {:?} {} {} {} {:?} {target:?} {tables:?}",
        plan, series.own_flags, series.lasts, args.repeat, args.capacity, args.before
    );
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

impl From<PlanError> for CommandError {
    fn from(error: PlanError) -> Self {
        CommandError::Usage(error.to_string())
    }
}
