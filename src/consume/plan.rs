//! What a stage's thread needs to know before it starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::extract::Extractor;
use super::partitions_read::PartitionsRead;
use super::windows::WindowsPlan;
use crate::check::Observed;
use crate::clock::Clock;
use crate::event_time::watermark::ModelSpec;
use crate::load::StreamSchedule;
use crate::profile::Client;

/// All that a stage's thread needs to know.
#[derive(Debug, Clone)]
pub struct StagePlan {
    /// The stream's position in the profile.
    pub stream: usize,
    /// The stage's position among the stream's stages.
    pub stage: usize,
    /// The stage's name.
    pub name: String,
    /// The topic.
    pub topic: String,
    /// Where each partition is read from. Other observers may read the topic's other partitions.
    pub from: Vec<(i32, i64)>,
    /// How many partitions the topic has.
    pub partitions: u32,
    /// Which client reads.
    pub client: Client,
    /// The client's settings, resolved.
    pub settings: BTreeMap<String, String>,
    /// Where id and times are.
    pub extractor: Extractor,
    /// What the run's events look like.
    pub observed: Observed,
    /// What was planned and injected.
    pub schedule: Arc<StreamSchedule>,
    /// The process's clock.
    pub clock: Clock,
    /// The start of the run, in nanoseconds since 1970; not known to a process that only observes.
    pub start_ns: Option<u64>,
    /// The warm-up, in nanoseconds from the start.
    pub warmup_ns: u64,
    /// The stage's quiet time, in nanoseconds.
    pub quiet_ns: u64,
    /// How long to go on reading once the end is known, in nanoseconds.
    pub drain_ns: u64,
    /// The engines to model at the stage.
    pub models: Vec<ModelSpec>,
    /// What to note for a pipeline's windows.
    pub windows: WindowsPlan,
}

impl StagePlan {
    /// Which of the topic's partitions are read.
    #[must_use]
    pub fn partitions_read(&self) -> PartitionsRead {
        PartitionsRead::new(self.partitions, self.from.iter().map(|(partition, _)| *partition))
    }
}
