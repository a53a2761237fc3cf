//! Where floodmark and an engine disagree.

use std::collections::{BTreeMap, BTreeSet};

use floodmark::event_time::watermark::Claim;
use floodmark::profile::{Engine, Window};
use floodmark::results::verdicts::{EventFate, WatermarkVerdicts};

use super::engine::Answer;
use super::model::{Claims, of_file, of_topic, of_untimed_file};
use super::stream::{Row, Stream};

/// How an engine's metric relates to floodmark's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Whether the file's verdicts should be exact: the harness provides everything needed.
    pub(crate) exact: bool,
    /// Whether windows are compared.
    pub(crate) windows: bool,
    /// Whether the metric is compared.
    pub(crate) metric: bool,
}

impl Wanted {
    /// Everything, exactly.
    pub(crate) const ALL: Wanted = Wanted { exact: true, windows: true, metric: true };
}

/// Every disagreement, a sentence each.
pub(crate) fn disagreements(stream: &Stream, answer: &Answer, wanted: Wanted) -> Vec<String> {
    let mut found = Vec::new();
    // A file in which no event has a key tells nothing about keys: there is nothing to compare.
    let has_key = |row: &Row| matches!(row, Row::Event { key: Some(_), .. });
    if !stream.rows.iter().any(has_key) {
        return found;
    }
    let dropped = dropped(stream, answer);
    of_verdicts(stream, answer, &of_file(stream), wanted, &dropped, &mut found);
    let untimed = Wanted { exact: false, ..wanted };
    of_verdicts(stream, answer, &of_untimed_file(stream), untimed, &dropped, &mut found);
    of_claims(stream, answer, &of_topic(stream), wanted, &dropped, &mut found);
    found
}

/// The places of the events that are lost from all their windows.
fn dropped(stream: &Stream, answer: &Answer) -> BTreeSet<usize> {
    let events = || (0..stream.rows.len()).filter(|place| matches!(stream.rows[*place], Row::Event { .. }));
    if let Some(dropped) = &answer.dropped {
        return dropped.iter().copied().collect();
    }
    let in_windows = || answer.windows.iter().flatten().flat_map(|window| window.records.clone()).collect();
    let kept: BTreeSet<usize> = answer.kept.clone().unwrap_or_else(in_windows).into_iter().collect();
    assert!(
        answer.kept.is_some() || answer.windows.is_some(),
        "an engine without windows says what it kept or dropped"
    );
    events().filter(|place| !kept.contains(place)).collect()
}

fn of_verdicts(
    stream: &Stream,
    answer: &Answer,
    said: &WatermarkVerdicts,
    wanted: Wanted,
    dropped: &BTreeSet<usize>,
    found: &mut Vec<String>,
) {
    // Without anything that shows when the watermark moved, it is unknown, except in Kafka Streams.
    let is_told = stream.rows.iter().any(|row| matches!(row, Row::Tick(_) | Row::Batch)) || stream.per_record;
    if wanted.exact && !said.exact && (is_told || stream.model.engine == Engine::KafkaStreams) {
        found.push("the file's verdicts are not exact".to_owned());
    }
    for event in &said.events {
        let is_lost = dropped.contains(&(event.line as usize - 2));
        let holds = match event.verdict {
            EventFate::Kept | EventFate::LateAllowed | EventFate::SureKeep => !is_lost,
            EventFate::Dropped | EventFate::SureDrop | EventFate::Refused => is_lost,
            EventFate::Race | EventFate::NoEventTime => true,
        };
        if !holds {
            let fate = if is_lost { "dropped" } else { "kept" };
            found.push(format!("file: line {} is {:?}, the engine {fate} it", event.line, event.verdict));
        }
    }
    let lost = dropped.len() as u64 - said.counts.refused.min(dropped.len() as u64);
    if !(said.counts.dropped.min..=said.counts.dropped.max).contains(&lost) {
        found.push(format!("file: dropped {:?}, the engine dropped {lost}", said.counts.dropped));
    }
    let least = said.metric.value.or(said.metric.min).unwrap_or(0);
    let most = said.metric.value.or(said.metric.max).unwrap_or(0);
    if let Some(metric) = answer.metric.filter(|metric| wanted.metric && !(least..=most).contains(metric)) {
        found.push(format!("file: {} shows {least}..{most}, the engine's {metric}", said.metric.name));
    }
    if let Some(windows) = answer.windows.as_ref().filter(|_| wanted.windows && said.exact) {
        let mut engines: BTreeMap<(i64, i64), u64> = BTreeMap::new();
        for window in windows {
            *engines.entry((window.start, window.end)).or_default() += window.records.len() as u64;
        }
        let models: BTreeMap<(i64, i64), u64> =
            said.windows.iter().map(|window| ((window.start_ms, window.end_ms), window.count)).collect();
        if engines != models {
            found.push(format!("file: windows {models:?}, the engine's {engines:?}"));
        }
    }
    assert_eq!(stream.rows.iter().filter(|row| matches!(row, Row::Event { .. })).count(), said.events.len());
}

fn of_claims(
    stream: &Stream,
    answer: &Answer,
    claims: &Claims,
    wanted: Wanted,
    dropped: &BTreeSet<usize>,
    found: &mut Vec<String>,
) {
    let mut refused = 0;
    for (place, claim) in claims.of.iter().enumerate() {
        let is_lost = dropped.contains(&place);
        let holds = match claim {
            Some(Claim::SureKeep) => !is_lost,
            Some(Claim::SureDrop | Claim::Refused) => is_lost,
            Some(Claim::Race) | None => true,
        };
        refused += u64::from(*claim == Some(Claim::Refused));
        if !holds {
            let fate = if is_lost { "dropped" } else { "kept" };
            found.push(format!("topic: {:?} is {claim:?}, the engine {fate} it", stream.rows[place]));
        }
    }
    let lost = (dropped.len() as u64).saturating_sub(refused);
    if !claims.dropped.contains(lost) {
        found.push(format!("topic: dropped {:?}, the engine dropped {lost}", claims.dropped));
    }
    if let (Some(windows), Window::Tumbling { .. } | Window::Hopping { .. }) = (&answer.windows, stream.model.window) {
        let kept: u64 = windows.iter().map(|window| window.records.len() as u64).sum();
        if !claims.pairs_lost.contains(claims.pairs.saturating_sub(kept)) {
            found.push(format!("topic: pairs {}, lost {:?}, the engine kept {kept}", claims.pairs, claims.pairs_lost));
        }
    }
    if let Some(metric) = answer.metric.filter(|metric| wanted.metric && !claims.metric.contains(*metric)) {
        found.push(format!("topic: the metric is {:?}, the engine's {metric}", claims.metric));
    }
}
