//! Parts of one run: reads what several processes measured, and joins it.

mod joined;

use std::path::{Path, PathBuf};

use joined::{Joining, join_seconds};

use crate::check::{Hop, Merge};
use crate::conclude::{
    Ended, Facts, Measured, Role, StreamMeasured, conclude, injected_of, make_ledger_folder, produced_of, stage_of,
    write_ledgers,
};
use crate::load::{Shard, fingerprint, streams_of};
use crate::profile::{Profile, Stream};
use crate::results::manifest::Manifest;
use crate::results::summary::RunFacts;
use crate::results::{LogKey, ResultsError, RunFolder, RunState, RunWriter, Summary};
use crate::verdict::{ClockFigures, Reason, ReasonCode};

/// Why parts cannot be joined.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// A folder cannot be read, or the result not written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The parts are not of one run.
    #[error("{path} is of run {found}, but {first_path} is of run {wanted}: only parts of one run can be merged", path = path.display(), first_path = first_path.display())]
    AnotherRun {
        /// The folder.
        path: PathBuf,
        /// Its run.
        found: String,
        /// The first folder.
        first_path: PathBuf,
        /// The first folder's run.
        wanted: String,
    },
    /// The parts were made with different profiles.
    #[error("{path} and {first_path} were made with different profiles (seed, rates or overrides differ), so their events do not belong together", path = path.display(), first_path = first_path.display())]
    AnotherProfile {
        /// The folder.
        path: PathBuf,
        /// The first folder.
        first_path: PathBuf,
    },
    /// A folder is given twice, or two parts sent the same logical producers' events.
    #[error("{path} and another part both sent for logical producer {producer} of stream {stream}: a folder or a shard was given twice", path = path.display())]
    SentTwice {
        /// The folder.
        path: PathBuf,
        /// The stream.
        stream: String,
        /// The logical producer.
        producer: u16,
    },
    /// A folder is given twice, or two parts observed the same partition.
    #[error("{path} and another part both observed partition {partition} of stage {stage}: a folder was given twice, or two observers ran without `--shard`", path = path.display())]
    SeenTwice {
        /// The folder.
        path: PathBuf,
        /// The stage.
        stage: String,
        /// The partition.
        partition: u16,
    },
    /// The parts that observed did not divide the partitions among as many observers.
    #[error("{path} is observer {found}, and another part observer {first}: observers of one run are divided alike", path = path.display())]
    DividedOtherwise {
        /// The folder.
        path: PathBuf,
        /// Its part of the partitions.
        found: Shard,
        /// Another folder's.
        first: Shard,
    },
    /// A part that observed began too late.
    #[error("{path} observed topic {topic}, partition {partition}, only from offset {began}, but sending began at offset {sent_from}: the events between cannot be told from lost ones; start `consume` before `produce`", path = path.display())]
    ObservedLate {
        /// The folder.
        path: PathBuf,
        /// The topic.
        topic: String,
        /// The partition.
        partition: usize,
        /// Where the observing began.
        began: i64,
        /// Where the sending began.
        sent_from: i64,
    },
    /// A part that sent is not given: its events would look as if no one had sent them.
    #[error("no part sent for logical producer {producer} of stream {stream}: the folder of a shard is missing")]
    NotSent {
        /// The stream.
        stream: String,
        /// The logical producer.
        producer: u16,
    },
}

/// Joins the parts of a run that stand in `paths`, and writes the whole into `out`.
///
/// # Errors
/// [`MergeError`] when the parts cannot be read or do not belong together.
pub fn merge_parts(paths: &[PathBuf], out: Option<&Path>) -> Result<Ended, MergeError> {
    let first = RunFolder::open(&paths[0])?;
    let profile = first.manifest().profile(&paths[0].join("manifest.toml"))?;
    let mut parts = Vec::new();
    for path in paths {
        let part = read_part(path, &profile)?;
        refuse_strangers(&first, &part, path)?;
        parts.push(part);
    }
    let mut whole = join(paths, &profile, &mut parts)?;
    whole.troubles.extend(missing_sides(&profile, &whole));
    leave_open_what_nobody_observed(&missing_observers(paths, &parts)?, &mut whole);
    let facts = facts_of(&profile, first.manifest(), &parts, &whole);
    if facts.role == Role::Run {
        refuse_missing_shards(&profile, &whole)?;
        refuse_late_observers(paths, &parts)?;
    }
    let summary = conclude(&facts, &whole);
    let out = out.map_or_else(|| default_out(first.manifest()), Path::to_owned);
    Ok(write(&out, first.manifest(), &profile, &parts, &whole, summary)?)
}

/// What no part sent or observed: the rest cannot pass without it.
fn missing_sides(profile: &Profile, whole: &Measured) -> Vec<Reason> {
    let mut missing = Vec::new();
    for (stream, measured) in profile.streams.iter().zip(&whole.streams) {
        let name = &stream.name;
        if measured.produced.is_none() {
            let text = format!("{name}: no part of these sent it. Merge the folders of `produce` too.");
            missing.push(Reason::new(ReasonCode::NotSent, text).of_stream(name));
        }
        let stages = stage_names(stream).into_iter().zip(&measured.stages).enumerate();
        for (place, (stage, seen)) in stages {
            let shows_windows = stream.stages.get(place).is_some_and(|stage| stage.results.is_some());
            if seen.delivered.is_none() && !shows_windows {
                let at = if stage == name { String::new() } else { format!(" at {stage}") };
                let text = format!("{name}: no part of these observed it{at}. Merge the folder of `consume` too.");
                missing.push(Reason::new(ReasonCode::NotObserved, text).of_stream(name).at_stage(Some(stage)));
            }
        }
    }
    missing
}

/// The observers that took part in the run by the word of the others, and are not given.
fn missing_observers(paths: &[PathBuf], parts: &[Part]) -> Result<Vec<Shard>, MergeError> {
    let mut present: Vec<Shard> = Vec::new();
    for (path, part) in paths.iter().zip(parts) {
        let Some(found) = part.observes else { continue };
        if let Some(&first) = present.first().filter(|first| first.count() != found.count()) {
            return Err(MergeError::DividedOtherwise { path: path.clone(), found, first });
        }
        present.push(found);
    }
    Ok(Shard::missing_of(&present))
}

/// What lies in the partitions of an observer that is not given may have been delivered: it is in flight, at a pipeline's output too.
fn leave_open_what_nobody_observed(missing: &[Shard], whole: &mut Measured) {
    if missing.is_empty() {
        return;
    }
    let stages = whole.streams.iter_mut().flat_map(|stream| &mut stream.stages);
    for delivered in stages.filter_map(|stage| stage.delivered.as_mut()) {
        delivered.ended_early += 1;
    }
    let names: Vec<String> = missing.iter().map(Shard::to_string).collect();
    let text = format!(
        "No part of these observed the partitions of observer {}: events there count as in flight. Merge the folder of `consume --shard {}` too.",
        names.join(" and "),
        names.join("` and of `consume --shard "),
    );
    whole.troubles.push(Reason::new(ReasonCode::NotObserved, text));
}

/// Whoever observed has to have begun before anyone sent.
fn refuse_late_observers(paths: &[PathBuf], parts: &[Part]) -> Result<(), MergeError> {
    for (path, observer) in paths.iter().zip(parts) {
        let Some(observes) = observer.observes else { continue };
        for sender in parts.iter().filter(|part| part.sends) {
            let topics = observer.folder.manifest().topics.iter().zip(&sender.folder.manifest().topics);
            for (seen, sent) in topics {
                let late = (0..)
                    .zip(seen.start_offsets.iter().zip(&sent.start_offsets))
                    .find(|(partition, (began, sent_from))| began > sent_from && observes.reads(*partition));
                if let Some((partition, (&began, &sent_from))) = late {
                    return Err(MergeError::ObservedLate {
                        path: path.clone(),
                        topic: seen.name.clone(),
                        partition: partition as usize,
                        began,
                        sent_from,
                    });
                }
            }
        }
    }
    Ok(())
}

/// Where events were observed, whoever may have sent them has to be there.
fn refuse_missing_shards(profile: &Profile, whole: &Measured) -> Result<(), MergeError> {
    for (stream, measured) in profile.streams.iter().zip(&whole.streams) {
        let sent_for =
            |producer: &u16| measured.produced.as_ref().is_some_and(|sent| sent.producers.contains_key(producer));
        if let Some(producer) = (0..stream.producers).find(|producer| !sent_for(producer)) {
            return Err(MergeError::NotSent { stream: stream.name.clone(), producer });
        }
    }
    Ok(())
}

fn default_out(manifest: &Manifest) -> PathBuf {
    Path::new("results").join(format!("{}-merged", manifest.run_id))
}

fn refuse_strangers(first: &RunFolder, part: &Part, path: &Path) -> Result<(), MergeError> {
    let (wanted, found) = (first.manifest(), part.folder.manifest());
    let first_path = first.path().to_owned();
    if found.run_id != wanted.run_id {
        let (found, wanted) = (found.run_id.clone(), wanted.run_id.clone());
        return Err(MergeError::AnotherRun { path: path.to_owned(), found, first_path, wanted });
    }
    if found.profile_anywhere() != wanted.profile_anywhere() {
        return Err(MergeError::AnotherProfile { path: path.to_owned(), first_path });
    }
    Ok(())
}

/// One whole of all parts. No logical producer may have sent in two of them, and no partition been observed in two.
fn join(paths: &[PathBuf], profile: &Profile, parts: &mut [Part]) -> Result<Measured, MergeError> {
    let mut whole = Measured::default();
    for (path, part) in paths.iter().zip(parts) {
        for ((own, other), stream) in whole.streams.iter().zip(&part.measured.streams).zip(&profile.streams) {
            refuse_twice(path, stream, own, other)?;
        }
        whole.merge(std::mem::take(&mut part.measured));
    }
    Ok(whole)
}

fn refuse_twice(path: &Path, stream: &Stream, own: &StreamMeasured, other: &StreamMeasured) -> Result<(), MergeError> {
    if let (Some(sent), Some(more)) = (&own.produced, &other.produced)
        && let Some(&producer) = more.producers.keys().find(|producer| sent.producers.contains_key(producer))
    {
        return Err(MergeError::SentTwice { path: path.to_owned(), stream: stream.name.clone(), producer });
    }
    for (name, (own, other)) in stage_names(stream).into_iter().zip(own.stages.iter().zip(&other.stages)) {
        if let (Some(seen), Some(more)) = (&own.delivered, &other.delivered)
            && let Some(&partition) = more.positions.keys().find(|partition| seen.positions.contains_key(partition))
        {
            return Err(MergeError::SeenTwice { path: path.to_owned(), stage: name.to_owned(), partition });
        }
    }
    Ok(())
}

fn facts_of<'a>(profile: &'a Profile, first: &Manifest, parts: &[Part], whole: &Measured) -> Facts<'a> {
    let partitions: Vec<u16> = first.topics.iter().map(|topic| topic.partitions as u16).collect();
    let longest_s = parts.iter().map(|part| part.summary.run.duration_s).fold(0.0, f64::max);
    let started = parts.iter().map(|part| part.summary.run.started.clone()).min().unwrap_or_default();
    let sent = whole.streams.iter().any(|stream| stream.produced.is_some());
    let seen = whole.streams.iter().any(|stream| stream.stages.iter().any(|stage| stage.delivered.is_some()));
    let schedules = streams_of(profile, profile.duration(), &partitions);
    let fingerprint = fingerprint::fingerprint(&schedules, Shard::WHOLE);
    Facts {
        run: RunFacts { started, duration_s: longest_s, fingerprint, ..parts[0].summary.run.clone() },
        profile,
        schedules,
        role: match (sent, seen) {
            (true, false) => Role::Produce,
            (false, true) => Role::Consume,
            _ => Role::Run,
        },
        is_alone: false,
        cores: None,
        sending_ns: (longest_s * 1e9) as u64,
        clocks: clocks_of(parts),
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

fn stage_names(stream: &Stream) -> Vec<&str> {
    stream.stages.iter().map(|stage| stage.name.as_str()).collect()
}

fn write(
    out: &Path,
    first: &Manifest,
    profile: &Profile,
    parts: &[Part],
    whole: &Measured,
    summary: Summary,
) -> Result<Ended, ResultsError> {
    let start_ns = parts.iter().map(|part| start_unix_ns(&part.summary)).min().unwrap_or(0);
    let manifest = Manifest {
        command: "merge".to_owned(),
        shard: None,
        started: summary.run.started.clone(),
        fingerprint: summary.run.fingerprint.clone(),
        ..first.clone()
    };
    let mut writer = RunWriter::create(out, manifest, start_ns)?;
    make_ledger_folder(out)?;
    let joining: Vec<Joining<'_>> = parts
        .iter()
        .map(|part| Joining { folder: &part.folder, later_s: whole_seconds(start_unix_ns(&part.summary) - start_ns) })
        .collect();
    let streams: Vec<_> = profile.streams.iter().map(|stream| (stream.name.as_str(), stage_names(stream))).collect();
    join_seconds(&mut writer, &joining, &streams)?;
    for (stream, measured) in profile.streams.iter().zip(&whole.streams) {
        write_ledgers(&writer, &stream.name, &stage_names(stream), measured)?;
    }
    let ended = parts.iter().filter_map(|part| part.folder.manifest().ended.clone()).max().unwrap_or_default();
    let state = if whole.interrupted { RunState::Interrupted } else { RunState::Finished };
    let folder = writer.folder().to_owned();
    writer.finish(state, &ended, &summary)?;
    Ok(Ended { summary, folder, given_up: false })
}

/// A part's seconds count from its own start; in the whole they stand at the nearest second.
fn whole_seconds(nanos: u64) -> u64 {
    nanos.saturating_add(500_000_000) / 1_000_000_000
}

fn start_unix_ns(summary: &Summary) -> u64 {
    let started = summary.run.started.parse::<jiff::Timestamp>().map_or(0, |at| at.as_nanosecond());
    u64::try_from(started).unwrap_or(0)
}

/// A folder with one part of a run, opened.
struct Part {
    folder: RunFolder,
    summary: Summary,
    /// Moves into the whole.
    measured: Measured,
    /// Whether it sent.
    sends: bool,
    /// Its part of the partitions, if it observed.
    observes: Option<Shard>,
}

/// Reads the part of a run that a folder holds.
fn read_part(path: &Path, profile: &Profile) -> Result<Part, ResultsError> {
    let folder = RunFolder::open(path)?;
    let unreadable = |file: &Path, why: &str| ResultsError::Malformed { file: file.to_owned(), why: why.to_owned() };
    if !folder.ended_in_order() {
        let why = "its manifest says `running`: the process was killed before it could account for its events; `floodmark show` prints what is known, second by second";
        return Err(unreadable(path, why));
    }
    folder.verify()?;
    let summary = folder.summary()?.ok_or_else(|| unreadable(path, "it has no summary.json"))?;
    let (interrupted, troubles) = (summary.interrupted, summary.troubles.clone());
    let cpu_ns = summary.generator.cpu_s.map(|cpu_s| (cpu_s * 1e9) as u64);
    let mut measured = Measured { interrupted, troubles, cpu_ns, ..Measured::default() };
    for (stream, found) in profile.streams.iter().zip(&summary.streams) {
        let name = &stream.name;
        let mut of_stream = StreamMeasured {
            due_to_sent: folder.latencies(&LogKey::new(name, None, Hop::DueToSent))?,
            own_lateness: folder.latencies(&LogKey::of_generator(name))?,
            sent_to_acked: folder.latencies(&LogKey::new(name, None, Hop::SentToAcked))?,
            sent_events: found.counts.sent,
            sent: found.sends,
            sent_bytes: found.bytes,
            queue_full: found.queue_full,
            held_back_ns: (found.held_back_s * 1e9) as u64,
            capped_ns: (found.capped_s * 1e9) as u64,
            behind_at_end_ns: (found.behind_at_end_ms * 1e6) as u64,
            worst_second_late_ns: (found.worst_second_late_ms * 1e6) as u64,
            workers: found.workers,
            queue_events: found.queue_events,
            linger_ms: found.linger_ms,
            ..StreamMeasured::default()
        };
        of_stream.produced = produced_of(path, name)?;
        for (place, stage) in stage_names(stream).into_iter().enumerate() {
            of_stream.stages.push(stage_of(path, stream, place, stage)?);
        }
        of_stream.injected = injected_of(&found.injections);
        measured.streams.push(of_stream);
    }
    let sends = measured.streams.iter().any(|stream| stream.produced.is_some());
    let seen = measured.streams.iter().any(|stream| stream.stages.iter().any(|stage| stage.delivered.is_some()));
    let observes = seen.then(|| observed_by(folder.manifest()));
    Ok(Part { folder, summary, measured, sends, observes })
}

/// Which partitions a process observed. The shard of one that sends is of the senders.
fn observed_by(manifest: &Manifest) -> Shard {
    let shard = manifest.shard.as_deref().filter(|_| manifest.command == Role::Consume.name());
    shard.and_then(|shard| shard.parse().ok()).unwrap_or(Shard::WHOLE)
}
