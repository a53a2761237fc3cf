//! What is known of a run beside its measurements, and each stream's share of both.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::measured::{Measured, StreamMeasured};
use super::role::Role;
use crate::check::Produced;
use crate::load::StreamSchedule;
use crate::profile::{Profile, Stream};
use crate::results::summary::RunFacts;
use crate::verdict::{ClockFigures, StageReading};

/// What is known of a run beside its measurements.
pub struct Facts<'a> {
    /// Which run this is.
    pub run: RunFacts,
    /// Its profile.
    pub profile: &'a Profile,
    /// The streams' schedules.
    pub schedules: Vec<Arc<StreamSchedule>>,
    /// Which part of the run the measurements cover.
    pub role: Role,
    /// Whether they are one process's: of several that are merged, what is missing is said by the merge.
    pub is_alone: bool,
    /// Cores that the one process kept busy, and cores that it may use.
    pub cores: Option<(f64, u64)>,
    /// How long was sent, in nanoseconds.
    pub sending_ns: u64,
    /// What stands against the clocks, when several processes took part.
    pub clocks: Option<ClockFigures>,
}

/// A stream of the run, with what was measured of it.
#[derive(Clone, Copy)]
pub(super) struct StreamRun<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) stream: &'a Stream,
    pub(super) schedule: &'a Arc<StreamSchedule>,
    pub(super) measured: &'a StreamMeasured,
}

impl<'a> StreamRun<'a> {
    /// The run's streams, in the profile's order; of one that was not measured `nothing` is.
    pub(super) fn all(facts: &'a Facts<'a>, measured: &'a Measured, nothing: &'a StreamMeasured) -> Vec<Self> {
        let of_stream = |(index, stream): (usize, &'a Stream)| StreamRun {
            facts,
            stream,
            schedule: &facts.schedules[index],
            measured: measured.streams.get(index).unwrap_or(nothing),
        };
        facts.profile.streams.iter().enumerate().map(of_stream).collect()
    }

    pub(super) fn highest_acked(self) -> BTreeMap<u16, u64> {
        self.measured.produced.as_ref().map(Produced::highest_acked).unwrap_or_default()
    }

    /// How the stage at a place was read, if it was.
    pub(super) fn reading(self, place: usize, acked: &'a BTreeMap<u16, u64>) -> Option<StageReading<'a>> {
        let topic = self.stream.stages[place].topic.as_str();
        let delivered = self.measured.stages.get(place)?.delivered.as_ref()?;
        Some(StageReading { topic, is_input: topic == self.stream.topic_name(), delivered, acked })
    }
}
