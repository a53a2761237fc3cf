//! Everything up to the first send: who the target is, its topics, the schedules, and who this run is.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::event_sizes::{Fit, Way, fit};
use crate::broker::{Broker, BrokerConfig, BrokerError};
use crate::clock::Clock;
use crate::conclude::{Role, models_of};
use crate::consume::ConsumeError;
use crate::consume::extract::Extractor;
use crate::event::RunTag;
use crate::event_time::watermark::ModelSpec;
use crate::figures::length;
use crate::kafka::{
    BatchLimit, ClientSettings, KafkaError, PartitionRange, Target, TargetError, TopicPlan, isolation_of,
};
use crate::limits::refuse_few_files;
use crate::load::{Shard, StreamSchedule, fingerprint, streams_of};
use crate::produce::ProduceError;
use crate::profile::{Isolation, Loaded, Span, Stage, Stream};
use crate::results::ResultsError;
use crate::results::stamp::rfc3339;
use crate::results::writer::refuse_occupied;
use crate::side_by_side::side_by_side;

/// How long the cluster may take to answer at first.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a topic's offsets may take to be told.
pub(super) const OFFSETS_TIMEOUT: Duration = Duration::from_secs(20);
/// Time between the end of the preparations and the first due time, for threads to start.
pub(super) const LEAD_NS: u64 = 300_000_000;

/// What a user asked for.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Which part of the run.
    pub role: Role,
    /// The profile.
    pub loaded: Loaded,
    /// The client's settings; without brokers the embedded one is started.
    pub settings: ClientSettings,
    /// The cluster that may be loaded although it is not on this machine.
    pub allow_cluster: Option<String>,
    /// Topics that may be created or filled although they are not floodmark's.
    pub allow_topics: Vec<String>,
    /// Stages are read from the first record that their topics hold, rather than from their ends.
    pub from_beginning: bool,
    /// Which of several processes this is.
    pub shard: Shard,
    /// The run's id; drawn if absent.
    pub run_id: Option<String>,
    /// When the run starts, in nanoseconds since 1970; soon if absent.
    pub start_at_ns: Option<u64>,
    /// The folder of results; named after the run if absent.
    pub out: Option<PathBuf>,
    /// Workers for each stream; chosen by the machine if absent.
    pub workers: Option<usize>,
}

impl Request {
    /// Whether this process reads a partition. Of several observers each reads those of its number.
    pub(super) fn observes(&self, partition: i32) -> bool {
        self.role != Role::Consume || self.shard.reads(partition.unsigned_abs())
    }

    /// Whether this process observes all partitions of all stages.
    pub(super) fn sees_all(&self) -> bool {
        self.role != Role::Consume || self.shard.count() == 1
    }
}

/// Why a run did not come about.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The embedded broker did not start.
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// The cluster cannot be used.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The client failed.
    #[error(transparent)]
    Kafka(#[from] KafkaError),
    /// Sending could not begin.
    #[error(transparent)]
    Produce(#[from] ProduceError),
    /// Observing could not begin.
    #[error(transparent)]
    Consume(#[from] ConsumeError),
    /// The results cannot be written.
    #[error(transparent)]
    Results(#[from] ResultsError),
    /// The moment that was agreed on has passed.
    #[error("--start-at {agreed} was {} ago when the clients were ready: choose a later time", length(*late_ms))]
    TooLate {
        /// The moment, RFC 3339.
        agreed: String,
        /// How long ago it was.
        late_ms: u64,
    },
    /// Another process sends with this run's id.
    #[error(
        "run id {run_id} is in use: {events} events with it came to topic {topic} before this run began. Either another process is sending them, or a pipeline repeats those of an earlier run; choose another --run-id, or leave it out"
    )]
    RunIdInUse {
        /// The run's id.
        run_id: String,
        /// The topic.
        topic: String,
        /// How many events came.
        events: u64,
    },
    /// The system gives this process too little.
    #[error("{0}")]
    Limits(String),
    /// What was asked for cannot be.
    #[error("{0}")]
    Usage(String),
}

impl RunError {
    /// Whether the user can put it right on the command line or in the profile, rather than in the environment.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            RunError::Usage(_) | RunError::TooLate { .. } | RunError::RunIdInUse { .. } => true,
            RunError::Target(error) => !matches!(error, TargetError::Kafka(_)),
            RunError::Kafka(error) => matches!(error, KafkaError::Settings(_)),
            RunError::Results(error) => error.is_usage(),
            _ => false,
        }
    }
}

/// A run that is ready to start.
pub(crate) struct Prepared {
    pub(super) request: Request,
    pub(super) duration: Span,
    pub(super) run_id: String,
    pub(super) tag: RunTag,
    pub(super) fingerprint: String,
    pub(super) clock: Clock,
    pub(super) settings: ClientSettings,
    /// Shared with the threads that ask it, so that nobody waits for an answer that does not come.
    pub(super) target: Arc<Target>,
    pub(super) streams: Vec<PreparedStream>,
    /// What a person should know before the run, a sentence each.
    pub(super) notes: Vec<String>,
    /// Stopped when the run is dropped.
    pub(super) embedded: Option<Broker>,
}

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

/// Prepares a run. Topics are created where that is permitted; nothing is sent.
///
/// # Errors
/// [`RunError`], one clear sentence.
pub(crate) fn prepare(request: Request) -> Result<Prepared, RunError> {
    refuse_few_files().map_err(RunError::Limits)?;
    request.run_id.as_deref().map_or(Ok(()), refuse_path).map_err(RunError::Usage)?;
    if let Some(out) = &request.out {
        refuse_occupied(out)?;
    }
    let embedded = start_embedded(&request)?;
    let mut settings = request.settings.clone();
    if let Some(broker) = &embedded {
        settings.set("bootstrap.servers", &broker.address().to_string());
    }
    let target = Target::connect(&settings, CONNECT_TIMEOUT)?;
    target.confirm(request.allow_cluster.as_deref())?;
    let duration = request.loaded.profile.duration();
    let profile_streams = &request.loaded.profile.streams;
    let topics = prepare_topics(&request, &target, embedded.is_some())?;
    let partitions: Vec<u16> = topics.iter().map(|(_, partitions)| *partitions as u16).collect();
    let schedules = streams_of(&request.loaded.profile, duration, &partitions);
    let limits = batch_limits(&request, &target, &topics)?;
    let ways: Vec<Way<'_>> = topics
        .iter()
        .zip(&limits)
        .map(|((topic, _), limit)| Way::of(&settings, topic, *limit, embedded.is_some()))
        .collect();
    let notes = if request.role.sends() { notes_on_sizes(profile_streams, &schedules, &ways)? } else { Vec::new() };
    let planned: Vec<_> = profile_streams.iter().zip(&topics).zip(&schedules).collect();
    let streams = side_by_side(&planned, |((stream, topic), schedule)| {
        prepare_stream(&target, &request, stream, (*topic).clone(), schedule)
    });
    let mut streams = streams.into_iter().collect::<Result<Vec<PreparedStream>, RunError>>()?;
    streams.iter_mut().zip(limits).for_each(|(stream, limit)| stream.batch_limit = limit);
    refuse_idle_observer(&request, &streams)?;
    let run_id = request.run_id.clone().unwrap_or_else(|| draw_run_id(&request.loaded.name));
    let sent = if request.role.sends() { request.shard } else { Shard::WHOLE };
    let fingerprint = fingerprint::fingerprint(&schedules, sent);
    let tag = RunTag::of(&run_id);
    Ok(Prepared {
        duration,
        tag,
        run_id,
        fingerprint,
        clock: Clock::anchored_now(),
        settings,
        target: Arc::new(target),
        streams,
        notes,
        embedded,
        request,
    })
}

/// The largest batch that each stream's topic takes, as far as the broker says.
fn batch_limits(
    request: &Request,
    target: &Target,
    topics: &[(String, u32)],
) -> Result<Vec<Option<BatchLimit>>, RunError> {
    if !request.role.sends() {
        return Ok(vec![None; topics.len()]);
    }
    let names: Vec<&str> = topics.iter().map(|(topic, _)| topic.as_str()).collect();
    Ok(target.batch_limits(&names)?)
}

/// Refuses a stream whose largest event nobody would take; what is only doubtful becomes a sentence.
fn notes_on_sizes(
    streams: &[Stream],
    schedules: &[Arc<StreamSchedule>],
    ways: &[Way<'_>],
) -> Result<Vec<String>, RunError> {
    let mut notes = Vec::new();
    for ((stream, schedule), way) in streams.iter().zip(schedules).zip(ways) {
        match fit(stream, schedule, way) {
            Fit::Passes => {}
            Fit::Doubtful(note) => notes.push(note),
            Fit::Refused(why) => return Err(RunError::Usage(why)),
        }
    }
    Ok(notes)
}

impl Prepared {
    /// The run's id.
    #[must_use]
    pub(crate) fn run_id(&self) -> &str {
        &self.run_id
    }

    /// What a person should know before the run, a sentence each.
    #[must_use]
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The cluster's id.
    #[must_use]
    pub(crate) fn cluster_id(&self) -> &str {
        self.target.cluster_id()
    }

    /// The cluster's address, or that it is the embedded broker.
    #[must_use]
    pub(crate) fn where_to(&self) -> String {
        let brokers = self.settings.brokers().unwrap_or_default();
        if self.embedded.is_some() { format!("the embedded broker at {brokers}") } else { brokers.to_owned() }
    }

    /// When the run starts, in nanoseconds since 1970, if everything stands ready now.
    ///
    /// # Errors
    /// When a moment was agreed on that has passed: the other processes have begun, and a backlog sent at once would be no schedule.
    pub(super) fn start_ns(&self) -> Result<u64, RunError> {
        let now_ns = self.clock.now_ns();
        match self.request.start_at_ns {
            None => Ok(now_ns + LEAD_NS),
            Some(at_ns) if at_ns < now_ns && self.request.role.sends() => {
                Err(RunError::TooLate { agreed: rfc3339(at_ns), late_ms: (now_ns - at_ns).div_ceil(1_000_000) })
            }
            Some(at_ns) => Ok(at_ns),
        }
    }
}

/// A run's id names its folder below `results/`, and stands in client ids and file names: nothing in it may lead elsewhere.
fn refuse_path(id: &str) -> Result<(), String> {
    const LONGEST: usize = 100;
    let plain = |next: char| next.is_ascii_alphanumeric() || matches!(next, '-' | '_' | '.');
    if id.is_empty() || id.len() > LONGEST || id.starts_with(['.', '-']) || !id.chars().all(plain) {
        return Err(format!(
            "--run-id {id}: an id must have 1 to {LONGEST} letters, digits, `-`, `_` and `.`, and begin with a letter or digit"
        ));
    }
    Ok(())
}

/// An observer for which no topic has a partition would wait for nothing.
fn refuse_idle_observer(request: &Request, streams: &[PreparedStream]) -> Result<(), RunError> {
    let stages = || streams.iter().flat_map(|stream| &stream.stages);
    if request.sees_all() || stages().any(|stage| !stage.from.is_empty()) {
        return Ok(());
    }
    let (shard, most) = (request.shard, stages().map(|stage| stage.partitions).max().unwrap_or(0));
    Err(RunError::Usage(format!(
        "--shard {shard} leaves this observer no partitions: no topic has more than {most}; use at most {most} observers"
    )))
}

fn start_embedded(request: &Request) -> Result<Option<Broker>, RunError> {
    if request.settings.brokers().is_some() {
        return Ok(None);
    }
    if request.role != Role::Run {
        let name = request.role.name();
        return Err(RunError::Usage(format!(
            "`{name}` needs a broker that several processes share: name it with -b HOST:PORT (`floodmark broker` runs one)"
        )));
    }
    Ok(Some(Broker::start(BrokerConfig::default())?))
}

/// The streams' topics, with their partitions.
fn prepare_topics(request: &Request, target: &Target, embedded: bool) -> Result<Vec<(String, u32)>, RunError> {
    let streams: Vec<(&Stream, String)> =
        request.loaded.profile.streams.iter().map(|stream| (stream, stream.topic_name())).collect();
    // A process that only observes creates nothing that is not floodmark's.
    let is_ours = |topic: &str| request.role.sends() || topic.starts_with(crate::kafka::MARK);
    let plans: Vec<TopicPlan<'_>> = streams
        .iter()
        .filter(|(_, topic)| is_ours(topic))
        .map(|(stream, topic)| TopicPlan {
            topic,
            partitions: stream.partitions,
            allowed: embedded || request.allow_topics.contains(topic),
        })
        .collect();
    let mut prepared = target.prepare_topics(&plans)?.into_iter();
    let of_stream = |(stream, topic): &(&Stream, String)| {
        let known = if is_ours(topic) { prepared.next() } else { None };
        let partitions = known.map_or_else(|| target.stage_partitions(&stream.name, topic), Ok)?;
        Ok((topic.clone(), partitions))
    };
    streams.iter().map(of_stream).collect()
}

fn prepare_stream(
    target: &Target,
    request: &Request,
    stream: &Stream,
    (topic, partitions): (String, u32),
    schedule: &Arc<StreamSchedule>,
) -> Result<PreparedStream, RunError> {
    let begun_at = |range: PartitionRange| {
        if request.from_beginning { PartitionRange { end: range.start, ..range } } else { range }
    };
    let ends_of = |topic: &str, partitions, isolation| -> Result<Vec<(i32, i64)>, RunError> {
        let ranges = target.ranges(topic, partitions, isolation, OFFSETS_TIMEOUT)?;
        let own = ranges.into_iter().map(begun_at).filter(|range| request.observes(range.partition));
        Ok(own.map(|range| (range.partition, range.end)).collect())
    };
    let ranges = target.ranges(&topic, partitions, Isolation::ReadUncommitted, OFFSETS_TIMEOUT)?;
    let ranges: Vec<PartitionRange> = ranges.into_iter().map(begun_at).collect();
    let models = models_of(stream).map_err(|fault| RunError::Usage(format!("stream {}: {fault}", stream.name)))?;
    let mut stages = Vec::new();
    for stage in &stream.stages {
        let is_input = stage.topic == topic;
        let partitions = if is_input { partitions } else { target.stage_partitions(&stage.name, &stage.topic)? };
        let isolation = effective_isolation(request, stage.isolation);
        let from = ends_of(&stage.topic, partitions, isolation)?;
        let extractor = Extractor::of_stage(stream.payload.codec, stage)
            .map_err(|error| RunError::Usage(format!("stage {}: {error}", stage.name)))?;
        let (name, topic) = (stage.name.clone(), stage.topic.clone());
        let spec = stage.clone();
        stages.push(PreparedStage { name, topic, is_input, partitions, from, isolation, extractor, spec });
    }
    let (stream, schedule) = (stream.clone(), Arc::clone(schedule));
    Ok(PreparedStream { stream, models, topic, partitions, batch_limit: None, ranges, schedule, stages })
}

/// The profile's isolation, unless the client's settings say another.
fn effective_isolation(request: &Request, of_stage: Isolation) -> Isolation {
    isolation_of(&request.settings.consumer("", of_stage))
}

/// The profile's name, the moment, and four random digits: runs that start in one second differ.
fn draw_run_id(profile: &str) -> String {
    let now = jiff::Timestamp::now().strftime("%Y%m%d-%H%M%S");
    format!("{profile}-{now}-{:04x}", rand::random::<u16>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_runs_id_leads_nowhere_else() {
        for id in ["night-1", "a", "2030.01.31_x", &draw_run_id("average")] {
            assert!(refuse_path(id).is_ok(), "{id}");
        }
        for id in [
            "",
            "../../x",
            "/tmp/x",
            "a/b",
            "..",
            ".hidden",
            "-x",
            "a b",
            " a",
            "\u{feff}a",
            "a\0",
            "ä",
            &"x".repeat(101),
        ] {
            assert!(refuse_path(id).unwrap_err().contains("--run-id"), "{id:?}");
        }
    }
}
