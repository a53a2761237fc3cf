//! The streams of a run and their stages: which topics they have, and where reading them begins.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::decoders::extractor_of;
use super::error::RunError;
use super::request::Request;
use crate::conclude::models_of;
use crate::consume::extract::Extractor;
use crate::event_time::watermark::ModelSpec;
use crate::kafka::{
    BatchLimit, MARK, Operation, PartitionRange, Target, TargetError, TopicConfig, TopicPlan, isolation_of,
};
use crate::load::StreamSchedule;
use crate::profile::{Isolation, Stage, Stream};
use crate::side_by_side::all_side_by_side;

/// How long a topic's offsets may take to be told.
pub(super) const OFFSETS_TIMEOUT: Duration = Duration::from_secs(20);

/// A stream whose topics are there.
pub(super) struct PreparedStream {
    pub(super) stream: Stream,
    /// Its watermark models, in the profile's order.
    pub(super) models: Vec<ModelSpec>,
    pub(super) topic: String,
    pub(super) partitions: u32,
    /// The largest batch that the topic takes, if the broker says.
    pub(super) batch_limit: Option<BatchLimit>,
    /// Where the topic began and ended before the first send.
    pub(super) ranges: Vec<PartitionRange>,
    pub(super) schedule: Arc<StreamSchedule>,
    pub(super) stages: Vec<PreparedStage>,
}

/// A stage whose topic is there.
pub(super) struct PreparedStage {
    pub(super) name: String,
    pub(super) topic: String,
    pub(super) is_input: bool,
    /// How many partitions its topic has.
    pub(super) partitions: u32,
    /// Where those begin that this process reads.
    pub(super) from: Vec<(i32, i64)>,
    /// Which records of transactions are read.
    pub(super) isolation: Isolation,
    /// Where the parts of an event are.
    pub(super) extractor: Extractor,
    /// As the profile has it.
    pub(super) spec: Stage,
}

impl PreparedStage {
    /// Whether a pipeline's windows are seen here, and no events.
    pub(super) fn shows_windows(&self) -> bool {
        self.spec.results.is_some()
    }
}

/// A stream's topic, as it was found or created.
pub(super) struct StreamTopic {
    pub(super) name: String,
    pub(super) partitions: u32,
    pub(super) config: TopicConfig,
}

/// The topics of all streams, created where that is permitted.
pub(super) fn prepare_topics(request: &Request, target: &Target, embedded: bool) -> Result<Vec<StreamTopic>, RunError> {
    let topics = topics_there(request, target, embedded)?;
    let configs = topic_configs(request, target, &topics)?;
    let topic = |((name, partitions), config)| StreamTopic { name, partitions, config };
    Ok(topics.into_iter().zip(configs).map(topic).collect())
}

/// The streams' topics, with their partitions.
fn topics_there(request: &Request, target: &Target, embedded: bool) -> Result<Vec<(String, u32)>, RunError> {
    let streams: Vec<(&Stream, String)> =
        request.loaded.profile.streams.iter().map(|stream| (stream, stream.topic_name())).collect();
    // A process that only observes creates nothing that is not floodmark's.
    let is_ours = |topic: &str| request.role.sends() || topic.starts_with(MARK);
    let plans: Vec<TopicPlan<'_>> = streams
        .iter()
        .filter(|(_, topic)| is_ours(topic))
        .map(|(stream, topic)| TopicPlan {
            topic,
            partitions: stream.wanted_partitions(),
            allowed: embedded || request.allow_topics.contains(topic),
        })
        .collect();
    let purpose = if request.role.sends() { Operation::Write } else { Operation::Read };
    let prepared = target.prepare_topics(&plans, purpose);
    let prepared = prepared.map_err(|error| weights_at_fault(&request.loaded.profile.streams, error));
    let mut prepared = prepared?.into_iter();
    let of_stream = |(stream, topic): &(&Stream, String)| {
        let known = if is_ours(topic) { prepared.next() } else { None };
        let partitions = known.map_or_else(|| target.stage_partitions(&stream.name, topic, purpose), Ok)?;
        let weights = stream.partition_weights.len() as u32;
        if weights != 0 && weights != partitions {
            return Err(RunError::Usage(other_weights(stream, topic, partitions)));
        }
        Ok((topic.clone(), partitions))
    };
    streams.iter().map(of_stream).collect()
}

/// A topic with other partitions than a stream has weights: told as what the profile says.
fn weights_at_fault(streams: &[Stream], error: TargetError) -> RunError {
    let TargetError::OtherPartitions { topic, found, .. } = &error else { return error.into() };
    let has_weights = |stream: &&Stream| stream.topic_name() == *topic && !stream.partition_weights.is_empty();
    match streams.iter().find(has_weights) {
        Some(stream) => RunError::Usage(other_weights(stream, topic, *found)),
        None => error.into(),
    }
}

fn other_weights(stream: &Stream, topic: &str, found: u32) -> String {
    let (name, count) = (&stream.name, stream.partition_weights.len());
    format!(
        "stream {name}: there are {count} partition_weights, but topic {topic} has {found} partitions; write one weight for each, or name another topic"
    )
}

/// How each stream's topic is set up, as far as the broker says.
fn topic_configs(request: &Request, target: &Target, topics: &[(String, u32)]) -> Result<Vec<TopicConfig>, RunError> {
    if !request.role.sends() {
        return Ok(vec![TopicConfig::default(); topics.len()]);
    }
    let names: Vec<&str> = topics.iter().map(|(topic, _)| topic.as_str()).collect();
    Ok(target.topic_configs(&names)?)
}

/// What a user should know of topics that are compacted.
pub(super) fn notes_on_compaction(streams: &[Stream], topics: &[StreamTopic]) -> Vec<String> {
    let compacted = streams.iter().zip(topics).filter(|(_, topic)| topic.config.is_compacted);
    let note = |(stream, topic): (&Stream, &StreamTopic)| {
        let (name, topic) = (&stream.name, &topic.name);
        let removed = "events that the broker removes before a stage reads them count as lost";
        let refused = if stream.has_records_without_key() { ", and it refuses records without a key" } else { "" };
        format!("stream {name}: topic {topic} is compacted: {removed}{refused}")
    };
    compacted.map(note).collect()
}

/// Asks the cluster where the stages of all streams begin.
pub(super) fn prepare_streams(
    request: &Request,
    target: &Target,
    topics: Vec<StreamTopic>,
    schedules: &[Arc<StreamSchedule>],
) -> Result<Vec<PreparedStream>, RunError> {
    let streams = &request.loaded.profile.streams;
    let sizes = stage_partitions(request, target, &topics)?;
    let beginnings = Beginnings::of(request, target, &topics, &sizes)?;
    let planned = streams.iter().zip(topics).zip(schedules).zip(&sizes);
    planned.map(|(((stream, topic), schedule), sizes)| beginnings.of_stream(stream, &topic, schedule, sizes)).collect()
}

/// How many partitions the topic of each stage has, stream by stream.
fn stage_partitions(request: &Request, target: &Target, topics: &[StreamTopic]) -> Result<Vec<Vec<u32>>, RunError> {
    let streams = &request.loaded.profile.streams;
    let purpose = if request.role.observes() { Operation::Read } else { Operation::Describe };
    let of_stage = |topic: &StreamTopic, stage: &Stage| {
        if stage.topic == topic.name {
            return Ok(topic.partitions);
        }
        target.stage_partitions(&stage.name, &stage.topic, purpose)
    };
    let planned: Vec<(&Stream, &StreamTopic)> = streams.iter().zip(topics).collect();
    let of_stream = |(stream, topic): &(&Stream, &StreamTopic)| {
        stream.stages.iter().map(|stage| of_stage(topic, stage)).collect::<Result<Vec<u32>, TargetError>>()
    };
    Ok(all_side_by_side(&planned, of_stream)?)
}

/// Where topics begin for a run, by isolation and topic.
struct Beginnings<'a> {
    request: &'a Request,
    uncommitted: BTreeMap<String, Vec<PartitionRange>>,
    committed: BTreeMap<String, Vec<PartitionRange>>,
}

impl<'a> Beginnings<'a> {
    /// Asks for all topics at once.
    fn of(request: &'a Request, target: &Target, topics: &[StreamTopic], sizes: &[Vec<u32>]) -> Result<Self, RunError> {
        let mut uncommitted: BTreeMap<&str, u32> =
            topics.iter().map(|topic| (topic.name.as_str(), topic.partitions)).collect();
        let mut committed: BTreeMap<&str, u32> = BTreeMap::new();
        for (stream, sizes) in request.loaded.profile.streams.iter().zip(sizes) {
            for (stage, partitions) in stream.stages.iter().zip(sizes) {
                match isolation(request, stage) {
                    Isolation::ReadUncommitted => uncommitted.insert(&stage.topic, *partitions),
                    Isolation::ReadCommitted => committed.insert(&stage.topic, *partitions),
                };
            }
        }
        let ranges = |topics: &_, isolation| target.ranges_of_all(topics, isolation, OFFSETS_TIMEOUT);
        Ok(Beginnings {
            request,
            uncommitted: ranges(&uncommitted, Isolation::ReadUncommitted)?,
            committed: ranges(&committed, Isolation::ReadCommitted)?,
        })
    }

    fn of_stream(
        &self,
        stream: &Stream,
        topic: &StreamTopic,
        schedule: &Arc<StreamSchedule>,
        sizes: &[u32],
    ) -> Result<PreparedStream, RunError> {
        let StreamTopic { name, partitions, config } = topic;
        let models = models_of(stream).map_err(|fault| RunError::Usage(format!("stream {}: {fault}", stream.name)))?;
        let of_stage = |(stage, partitions): (&Stage, &u32)| self.of_stage(stream, topic, stage, *partitions);
        Ok(PreparedStream {
            stream: stream.clone(),
            models,
            topic: name.clone(),
            partitions: *partitions,
            batch_limit: config.batch_limit,
            ranges: self.of_topic(name, Isolation::ReadUncommitted),
            schedule: Arc::clone(schedule),
            stages: stream.stages.iter().zip(sizes).map(of_stage).collect::<Result<_, _>>()?,
        })
    }

    fn of_stage(
        &self,
        stream: &Stream,
        topic: &StreamTopic,
        stage: &Stage,
        partitions: u32,
    ) -> Result<PreparedStage, RunError> {
        let is_input = stage.topic == topic.name;
        let isolation = isolation(self.request, stage);
        Ok(PreparedStage {
            name: stage.name.clone(),
            topic: stage.topic.clone(),
            is_input,
            partitions,
            from: self.of_own_partitions(&stage.topic, isolation),
            isolation,
            extractor: extractor_of(stream, stage, is_input)
                .map_err(|error| RunError::Usage(format!("stage {}: {error}", stage.name)))?,
            spec: stage.clone(),
        })
    }

    /// Where the partitions begin that this process reads.
    fn of_own_partitions(&self, topic: &str, isolation: Isolation) -> Vec<(i32, i64)> {
        let ranges = self.of_topic(topic, isolation).into_iter();
        let own = ranges.filter(|range| self.request.observes(range.partition));
        own.map(|range| (range.partition, range.end)).collect()
    }

    /// A topic's partitions, whose ends are where the run begins: at their present ends, unless the user wants all that they hold.
    fn of_topic(&self, topic: &str, isolation: Isolation) -> Vec<PartitionRange> {
        let ranges = match isolation {
            Isolation::ReadUncommitted => &self.uncommitted,
            Isolation::ReadCommitted => &self.committed,
        };
        let mut ranges = ranges.get(topic).cloned().unwrap_or_default();
        if self.request.from_beginning {
            ranges.iter_mut().for_each(|range| range.end = range.start);
        }
        ranges
    }
}

/// The profile's isolation, unless the client's settings say another.
fn isolation(request: &Request, stage: &Stage) -> Isolation {
    isolation_of(&request.settings.consumer("", stage.isolation))
}

/// An observer for which no topic has a partition would wait for nothing.
pub(super) fn refuse_idle_observer(request: &Request, streams: &[PreparedStream]) -> Result<(), RunError> {
    let stages = || streams.iter().flat_map(|stream| &stream.stages);
    if request.sees_all() || stages().any(|stage| !stage.from.is_empty()) {
        return Ok(());
    }
    let (shard, most) = (request.shard, stages().map(|stage| stage.partitions).max().unwrap_or(0));
    Err(RunError::Usage(format!(
        "--shard {shard} leaves this observer no partitions: no topic has more than {most}; use at most {most} observers"
    )))
}
