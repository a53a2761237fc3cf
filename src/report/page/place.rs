//! Where a run's events were observed: a stream, or each stage of a stream that has several.

use std::collections::BTreeMap;

use super::thin::{Bins, add_row, width_s};
use crate::incidents::Incident;
use crate::latency::Hop;
use crate::report::screen::clean;
use crate::results::hlog::GENERATOR;
use crate::results::summary::{GroupedLatency, HopLatencies, StageSummary, StreamSummary};
use crate::results::{LogKey, Summary, TimelineRow};
use crate::verdict::SloResult;

/// The longest name that is shown whole.
const LONGEST_NAME: usize = 80;

/// The hop whose latency is drawn largest, with a heat map.
pub(super) const END_TO_END: &str = "due → consumed";

/// A stage of a stream, or a stream that is observed in one place only.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) stream: &'a StreamSummary,
    pub(super) stage: Option<&'a StageSummary>,
}

impl<'a> Place<'a> {
    /// Every place that shows events, in the profile's order.
    pub(super) fn all(summary: &'a Summary) -> Vec<Self> {
        let of_stream = |stream: &'a StreamSummary| {
            let alone = stream.stages.is_empty().then_some(Place { stream, stage: None });
            let stages = stream.stages.iter().filter(|stage| stage.windows.is_none());
            alone.into_iter().chain(stages.map(move |stage| Place { stream, stage: Some(stage) }))
        };
        summary.streams.iter().flat_map(of_stream).collect()
    }

    /// What it is called: `orders`, or `orders at output`.
    pub(super) fn name(&self) -> String {
        match self.stage {
            Some(stage) => format!("{} at {}", shown(&self.stream.name), shown(&stage.name)),
            None => shown(&self.stream.name),
        }
    }

    /// The stage's name in files: none where there is only one.
    pub(super) fn stage_name(&self) -> Option<&'a str> {
        self.stage.map(|stage| stage.name.as_str())
    }

    /// Whether it is where something happened. What concerns the whole run happened everywhere.
    pub(super) fn has(&self, incident: &Incident) -> bool {
        incident.stream.is_empty()
            || incident.stream == self.stream.name && incident.stage.as_deref() == self.stage_name()
    }

    pub(super) fn latency_ms(&self) -> &'a HopLatencies {
        self.stage.map_or(&self.stream.latency_ms, |stage| &stage.latency_ms)
    }

    /// Its end-to-end latencies by partition, producer, size and time, where they were measured.
    pub(super) fn end_to_end_by(&self) -> Option<&'a GroupedLatency> {
        self.stage.map_or(&self.stream.end_to_end_by, |stage| &stage.end_to_end_by).as_ref()
    }

    pub(super) fn slo(&self) -> &'a [SloResult] {
        self.stage.map_or(&self.stream.slo, |stage| &stage.slo)
    }

    /// The logs of its hops that are kept by the second, end to end first; the last one is a part of the one before it.
    pub(super) fn logs(&self) -> [(&'static str, LogKey); 4] {
        let stream = &self.stream.name;
        [
            (END_TO_END, LogKey::new(stream, self.stage_name(), Hop::DueToConsumed)),
            ("sent → acked", LogKey::new(stream, None, Hop::SentToAcked)),
            ("due → sent", LogKey::new(stream, None, Hop::DueToSent)),
            ("generator's own lateness", LogKey::new(stream, Some(GENERATOR), Hop::DueToSent)),
        ]
    }
}

/// A foreign name as a page shows it: without what a screen obeys, and not longer than can be read.
pub(super) fn shown(name: &str) -> String {
    let name = clean(name);
    if name.chars().count() <= LONGEST_NAME {
        return name;
    }
    let start: String = name.chars().take(LONGEST_NAME).collect();
    format!("{start}…")
}

/// The rows of a timeline by place, thinned.
#[derive(Debug, Default)]
pub(super) struct Seconds {
    /// The run's length, as far as its rows go.
    pub(super) seconds: u64,
    /// What a point stands for.
    pub(super) width_s: u64,
    /// By stream and stage (empty where there is only one).
    bins: BTreeMap<String, BTreeMap<String, Bins>>,
}

impl Seconds {
    /// Puts the rows of so many places together.
    pub(super) fn of(rows: &[TimelineRow], places: u64) -> Self {
        let seconds = rows.iter().map(|row| row.second.saturating_add(1)).max().unwrap_or(0);
        let width_s = width_s(seconds, places);
        let mut all = Seconds { seconds, width_s, ..Seconds::default() };
        for row in rows {
            let stages = all.bins.entry(row.stream.clone()).or_default();
            add_row(stages.entry(row.stage.clone()).or_default(), row, width_s);
        }
        all
    }

    /// The bins of a place; none when the timeline does not have it.
    pub(super) fn at(&self, place: &Place<'_>) -> Option<&Bins> {
        self.bins.get(&place.stream.name)?.get(place.stage_name().unwrap_or_default())
    }
}
