//! Parts of one run: reads what several processes measured, and joins it.

mod joined;
mod missing;
mod part;
mod refused;

use std::path::{Path, PathBuf};

use joined::{Joining, join_seconds};
use missing::{leave_open_what_nobody_observed, missing_observers, missing_sides};
use part::{Part, stage_names};
pub use refused::MergeError;
use refused::{refuse_late_observers, refuse_missing_shards, refuse_strangers, refuse_twice};

use crate::conclude::{Ended, Facts, Measured, Role, conclude, make_ledger_folder, tell_seconds, write_ledgers};
use crate::load::{Shard, fingerprint, streams_of};
use crate::mergeable::Merge;
use crate::profile::Profile;
use crate::results::manifest::Manifest;
use crate::results::summary::RunFacts;
use crate::results::{ResultsError, RunFolder, RunState, RunWriter, Summary};
use crate::verdict::ClockFigures;

/// Joins the parts of a run that stand in `paths`, and writes the whole into `out`.
///
/// # Errors
/// [`MergeError`] when the parts cannot be read or do not belong together.
pub fn merge_parts(paths: &[PathBuf], out: Option<&Path>) -> Result<Ended, MergeError> {
    let first = RunFolder::open(&paths[0])?;
    let mut profile = first.manifest().profile(&paths[0].join("manifest.toml"))?;
    // What was measured can be joined without these files; with them, the plan of the whole has its own fingerprint.
    let _are_here = profile.read_messages(&paths[0]);
    let mut parts = read_parts(paths, &first, &profile)?;
    let mut whole = join(&profile, &mut parts)?;
    whole.troubles.extend(missing_sides(&profile, &whole));
    leave_open_what_nobody_observed(&missing_observers(&parts)?, &mut whole);
    let facts = facts_of(&profile, first.manifest(), &parts, &whole);
    if facts.role == Role::Run {
        refuse_missing_shards(&profile, &whole)?;
        refuse_late_observers(&parts)?;
    }
    let summary = conclude(&facts, &whole);
    let out = out.map_or_else(|| default_out(first.manifest()), Path::to_owned);
    Ok(write(&out, first.manifest(), &profile, &parts, &whole, summary)?)
}

fn read_parts(paths: &[PathBuf], first: &RunFolder, profile: &Profile) -> Result<Vec<Part>, MergeError> {
    let mut parts = Vec::new();
    for path in paths {
        let part = Part::read(path, profile)?;
        refuse_strangers(first, &part)?;
        parts.push(part);
    }
    Ok(parts)
}

fn default_out(manifest: &Manifest) -> PathBuf {
    Path::new("results").join(format!("{}-merged", manifest.run_id))
}

/// One whole of all parts.
fn join(profile: &Profile, parts: &mut [Part]) -> Result<Measured, MergeError> {
    let mut whole = Measured::default();
    let start_ns = start_ns_of(parts);
    for part in parts {
        refuse_twice(profile, &whole, part)?;
        let later_s = later_s(part, start_ns);
        let mut measured = std::mem::take(&mut part.measured);
        measured.move_seconds(later_s);
        whole.merge(measured);
    }
    Ok(whole)
}

fn facts_of<'a>(profile: &'a Profile, first: &Manifest, parts: &[Part], whole: &Measured) -> Facts<'a> {
    let partitions: Vec<u16> = first.topics.iter().map(|topic| topic.partitions as u16).collect();
    let longest_s = parts.iter().map(|part| part.summary.run.duration_s).fold(0.0, f64::max);
    let started = parts.iter().map(|part| part.summary.run.started.clone()).min().unwrap_or_default();
    let schedules = streams_of(profile, profile.duration(), &partitions);
    let fingerprint = fingerprint::fingerprint(&schedules, Shard::WHOLE);
    Facts {
        run: RunFacts { started, duration_s: longest_s, fingerprint, ..parts[0].summary.run.clone() },
        profile,
        schedules,
        role: role_of(whole),
        is_alone: false,
        cores: None,
        sending_ns: (longest_s * 1e9) as u64,
        clocks: clocks_of(parts),
    }
}

/// Which part of a run the parts are together.
fn role_of(whole: &Measured) -> Role {
    match (whole.was_sent(), whole.was_observed()) {
        (true, false) => Role::Produce,
        (false, true) => Role::Consume,
        _ => Role::Run,
    }
}

/// What stands against the clocks: nothing where all parts ran on one kernel, whose processes share one wall clock.
fn clocks_of(parts: &[Part]) -> Option<ClockFigures> {
    let first = parts.first()?.folder.manifest();
    if parts.iter().all(|part| part.folder.manifest().host.shares_clock_with(&first.host)) {
        return None;
    }
    let states = || parts.iter().map(|part| part.folder.manifest().clock.at_start);
    let mut errors_us: Vec<u64> =
        states().map(|state| state.map_or(u64::MAX >> 1, |state| state.estimated_error_us)).collect();
    errors_us.sort_unstable();
    let two_worst_us: u64 = errors_us.iter().rev().take(2).fold(0, |sum, error| sum.saturating_add(*error));
    Some(ClockFigures {
        synchronised: states().all(|state| state.is_some_and(|state| state.synchronised)),
        error_ms: two_worst_us as f64 / 1e3,
    })
}

fn write(
    out: &Path,
    first: &Manifest,
    profile: &Profile,
    parts: &[Part],
    whole: &Measured,
    mut summary: Summary,
) -> Result<Ended, ResultsError> {
    let start_ns = start_ns_of(parts);
    let mut writer = RunWriter::create(out, manifest_of(first, &summary), start_ns)?;
    make_ledger_folder(out)?;
    let streams: Vec<_> = profile.streams.iter().map(|stream| (stream.name.as_str(), stage_names(stream))).collect();
    join_seconds(&mut writer, &joining(parts, start_ns), &streams)?;
    tell_seconds(&mut summary, role_of(whole) == Role::Run, profile, &RunFolder::open(out)?.timeline()?);
    for ((name, stages), measured) in streams.iter().zip(&whole.streams) {
        write_ledgers(&writer, name, stages, measured)?;
    }
    let ended = parts.iter().filter_map(|part| part.folder.manifest().ended.clone()).max().unwrap_or_default();
    let state = if whole.interrupted { RunState::Interrupted } else { RunState::Finished };
    let folder = writer.folder().to_owned();
    writer.finish(state, &ended, &summary)?;
    Ok(Ended { summary, folder, given_up: false })
}

fn manifest_of(first: &Manifest, summary: &Summary) -> Manifest {
    Manifest {
        command: "merge".to_owned(),
        shard: None,
        started: summary.run.started.clone(),
        fingerprint: summary.run.fingerprint.clone(),
        ..first.clone()
    }
}

/// The parts' places in the whole, which began at `start_ns`. A part's seconds count from its own start; in the whole they stand at the
/// nearest second.
fn joining(parts: &[Part], start_ns: u64) -> Vec<Joining<'_>> {
    parts.iter().map(|part| Joining { folder: &part.folder, later_s: later_s(part, start_ns) }).collect()
}

/// When the whole began, in nanoseconds since 1970.
fn start_ns_of(parts: &[Part]) -> u64 {
    parts.iter().map(Part::start_unix_ns).min().unwrap_or(0)
}

/// How many seconds after the whole a part began.
fn later_s(part: &Part, start_ns: u64) -> u64 {
    (part.start_unix_ns() - start_ns).saturating_add(500_000_000) / 1_000_000_000
}
