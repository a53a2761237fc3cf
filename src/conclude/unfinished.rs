//! A run that did not finish: killed, or given up on. Its summary is made of what its files hold second by second, and the verdict is void.

use super::{Role, tell_seconds};
use crate::check::Counts;
use crate::latency::Hop;
use crate::mergeable::Merge;
use crate::profile::{Profile, Stage, Stream};
use crate::results::summary::{
    GeneratorSummary, HopLatencies, RunFacts, SUMMARY_SCHEMA, StageSummary, StreamSummary, Summary,
};
use crate::results::{LogKey, Manifest, ResultsError, RunFolder, TimelineRow};
use crate::verdict::{Reason, ReasonCode, Verdict};

/// A run that has ended.
pub struct Ended {
    /// What it found.
    pub summary: Summary,
    /// Where the results are.
    pub folder: std::path::PathBuf,
    /// Somebody asked twice to stop, or threads did not come back: the process ends at once, and tidies nothing up.
    pub given_up: bool,
}

/// What a run's folder says: its own summary, or that of its seconds when the run did not end in order.
///
/// # Errors
/// When the folder cannot be read, holds something else, or lacks the summary that a run left there.
pub fn read_run(path: &std::path::Path) -> Result<Ended, ResultsError> {
    let folder = RunFolder::open(path)?;
    let summary = match folder.summary()? {
        // The manifest is written last: as long as it says that the run goes on, files may be missing.
        Some(summary) if folder.ended_in_order() => summary,
        None if folder.ended_in_order() => {
            let file = path.join(crate::results::names::SUMMARY);
            return Err(ResultsError::NotWhole { file, why: "it is missing".to_owned() });
        }
        _ => summary_of_seconds(&folder, killed())?,
    };
    Ok(Ended { summary, folder: path.to_owned(), given_up: false })
}

/// Why a run without a summary carries no verdict.
fn killed() -> Reason {
    let text = "The run was killed or is still going: its figures are known second by second, but not what became of single events.";
    Reason::new(ReasonCode::Unfinished, text)
}

/// The summary of what a run's files hold by the second. Events cannot be told from copies there, so that the counts are of sends;
/// what was acknowledged and not seen is in flight, and what was offered and not accounted for is unresolved.
pub(crate) fn summary_of_seconds(folder: &RunFolder, reason: Reason) -> Result<Summary, ResultsError> {
    let manifest = folder.manifest();
    let profile = manifest.profile(&folder.path().join(crate::results::names::MANIFEST))?;
    let rows = folder.timeline()?;
    let seconds = rows.iter().map(|row| row.second + 1).max().unwrap_or(0);
    let mut totals = Counts::default();
    let mut streams = Vec::new();
    for stream in &profile.streams {
        let summary = stream_summary(folder, stream, &rows, seconds)?;
        totals.merge(summary.counts);
        streams.push(summary);
    }
    let mut summary = Summary {
        totals,
        offered_per_s: streams.iter().map(|stream| stream.offered_per_s).sum(),
        achieved_per_s: streams.iter().map(|stream| stream.achieved_per_s).sum(),
        bytes: streams.iter().map(|stream| stream.bytes).sum(),
        generator: GeneratorSummary { lateness_ms: lateness_of(folder, &profile)?, ..GeneratorSummary::default() },
        streams,
        ..empty_summary(facts_of(manifest, &profile, seconds), reason)
    };
    tell_seconds(&mut summary, manifest.command == Role::Run.name(), &profile, &rows);
    Ok(summary)
}

/// A summary that holds no more than why there is none.
pub(crate) fn empty_summary(run: RunFacts, reason: Reason) -> Summary {
    Summary {
        schema: SUMMARY_SCHEMA,
        verdict: Verdict::of(std::slice::from_ref(&reason)),
        reasons: vec![reason.clone()],
        run,
        totals: Counts::default(),
        streams: Vec::new(),
        events: Vec::new(),
        offered_per_s: 0.0,
        achieved_per_s: 0.0,
        bytes: 0,
        generator: GeneratorSummary::default(),
        interrupted: true,
        troubles: vec![reason],
        partial: true,
    }
}

fn facts_of(manifest: &Manifest, profile: &Profile, seconds: u64) -> RunFacts {
    RunFacts {
        id: manifest.run_id.clone(),
        profile: manifest.profile_name.clone(),
        seed: manifest.seed,
        fingerprint: manifest.fingerprint.clone(),
        started: manifest.started.clone(),
        duration_s: (seconds as f64).min(profile.duration().as_secs_f64()),
        cluster_id: manifest.target.cluster_id.clone(),
        embedded: manifest.target.embedded,
    }
}

fn lateness_of(folder: &RunFolder, profile: &Profile) -> Result<crate::latency::Latencies, ResultsError> {
    let mut all = crate::latency::LatencyHistogram::default();
    for stream in &profile.streams {
        all.merge(folder.latencies(&LogKey::of_generator(&stream.name))?);
    }
    Ok(all.summary())
}

fn stream_summary(
    folder: &RunFolder,
    stream: &Stream,
    rows: &[TimelineRow],
    seconds: u64,
) -> Result<StreamSummary, ResultsError> {
    let own: Vec<&TimelineRow> = rows.iter().filter(|row| row.stream == stream.name).collect();
    let last = stream.stages.get(stream.last_of_events()).filter(|_| stream.stages.len() > 1);
    let last = last.map(|stage| stage.name.as_str());
    let at_last = || at_stage(&own, last.unwrap_or_default());
    let counts = counts_of(at_last());
    let seconds = (seconds as f64).max(1.0);
    Ok(StreamSummary {
        name: stream.name.clone(),
        topic: stream.topic_name(),
        counts,
        stages: stage_summaries(folder, stream, &own)?,
        latency_ms: latencies_of(folder, stream, last)?,
        offered_per_s: counts.planned as f64 / seconds,
        achieved_per_s: counts.sent as f64 / seconds,
        bytes: at_last().map(|row| row.sent_bytes).sum(),
        sends: counts.sent,
        ..StreamSummary::default()
    })
}

/// What each stage of events showed, where there are several stages. `rows` are the stream's.
fn stage_summaries(
    folder: &RunFolder,
    stream: &Stream,
    rows: &[&TimelineRow],
) -> Result<Vec<StageSummary>, ResultsError> {
    let of_events = stream.stages.iter().filter(|stage| stage.results.is_none() && stream.stages.len() > 1);
    let summary = |stage: &Stage| {
        let counts = counts_of(at_stage(rows, &stage.name));
        let latency_ms = latencies_of(folder, stream, Some(&stage.name))?;
        let (name, topic) = (stage.name.clone(), stage.topic.clone());
        Ok(StageSummary { name, topic, counts, latency_ms, ..StageSummary::default() })
    };
    of_events.map(summary).collect()
}

fn at_stage<'a>(rows: &[&'a TimelineRow], stage: &str) -> impl Iterator<Item = &'a TimelineRow> {
    rows.iter().copied().filter(move |row| row.stage == stage)
}

fn counts_of<'a>(rows: impl Iterator<Item = &'a TimelineRow>) -> Counts {
    let mut counts = Counts::default();
    for row in rows {
        counts.planned += row.offered_per_s as u64;
        counts.acked += row.acked_per_s as u64;
        counts.failed += row.failed;
        counts.dropped += row.dropped;
        counts.delivered += row.delivered_per_s as u64;
    }
    // An acknowledgement may stand in an earlier second than what the schedule asked for then, and a delivery before its own.
    counts.acked = counts.acked.max(counts.delivered);
    counts.planned = counts.planned.max(counts.acked + counts.failed + counts.dropped);
    counts.sent = counts.planned - counts.dropped;
    counts.unresolved = counts.planned - counts.acked - counts.failed - counts.dropped;
    counts.in_flight = counts.acked - counts.delivered;
    counts
}

fn latencies_of(folder: &RunFolder, stream: &Stream, stage: Option<&str>) -> Result<HopLatencies, ResultsError> {
    let at = |stage: Option<&str>, hop| {
        folder.latencies(&LogKey::new(&stream.name, stage, hop)).map(|histogram| histogram.summary())
    };
    Ok(HopLatencies {
        due_to_sent: at(None, Hop::DueToSent)?,
        sent_to_acked: at(None, Hop::SentToAcked)?,
        due_to_consumed: at(stage, Hop::DueToConsumed)?,
        ..HopLatencies::default()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_told_by_the_second_conserves_events(
            rows in prop::collection::vec((0..1000_u64, 0..1000_u64, 0..1000_u64, 0..50_u64, 0..50_u64), 0..20),
        ) {
            let rows: Vec<TimelineRow> = rows.into_iter().map(|(offered, acked, delivered, failed, dropped)| TimelineRow {
                offered_per_s: offered as f64,
                acked_per_s: acked as f64,
                delivered_per_s: delivered as f64,
                failed,
                dropped,
                ..TimelineRow::default()
            }).collect();
            let counts = counts_of(rows.iter());
            prop_assert_eq!(counts.planned, counts.acked + counts.failed + counts.dropped + counts.unresolved);
            prop_assert_eq!(counts.acked, counts.delivered + counts.lost + counts.in_flight);
            prop_assert_eq!(counts.sent, counts.planned - counts.dropped);
        }
    }
}
