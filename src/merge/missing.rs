//! What no part of a run sent or observed, and what follows from it.

use super::part::Part;
use super::refused::MergeError;
use crate::conclude::{Measured, StreamMeasured};
use crate::load::Shard;
use crate::profile::{Profile, Stream};
use crate::verdict::{Reason, ReasonCode};

/// What no part sent or observed: the rest cannot pass without it.
pub(super) fn missing_sides(profile: &Profile, whole: &Measured) -> Vec<Reason> {
    let streams = profile.streams.iter().zip(&whole.streams);
    streams
        .flat_map(|(stream, measured)| not_sent(stream, measured).into_iter().chain(not_observed(stream, measured)))
        .collect()
}

fn not_sent(stream: &Stream, measured: &StreamMeasured) -> Option<Reason> {
    let name = &stream.name;
    measured.produced.is_none().then(|| {
        let text = format!("{name}: no part of these sent it. Merge the folders of `produce` too.");
        Reason::new(ReasonCode::NotSent, text).of_stream(name)
    })
}

/// One reason for each stage of events.
fn not_observed(stream: &Stream, measured: &StreamMeasured) -> Vec<Reason> {
    let name = &stream.name;
    let stages = stream.stages.iter().zip(&measured.stages);
    let unseen = stages.filter(|(stage, seen)| seen.delivered.is_none() && stage.results.is_none());
    let reason = |stage: &str| {
        let at = if stage == name { String::new() } else { format!(" at {stage}") };
        let text = format!("{name}: no part of these observed it{at}. Merge the folder of `consume` too.");
        Reason::new(ReasonCode::NotObserved, text).of_stream(name).at_stage(Some(stage))
    };
    unseen.map(|(stage, _)| reason(&stage.name)).collect()
}

/// The observers that took part in the run by the word of the others, and are not given.
pub(super) fn missing_observers(parts: &[Part]) -> Result<Vec<Shard>, MergeError> {
    let mut present: Vec<Shard> = Vec::new();
    for part in parts {
        let Some(found) = part.observes else { continue };
        if let Some(&first) = present.first().filter(|first| first.count() != found.count()) {
            return Err(MergeError::DividedOtherwise { path: part.path(), found, first });
        }
        present.push(found);
    }
    Ok(Shard::missing_of(&present))
}

/// What lies in the partitions of an observer that is not given may have been delivered: it is in flight, at a pipeline's output too.
pub(super) fn leave_open_what_nobody_observed(missing: &[Shard], whole: &mut Measured) {
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
