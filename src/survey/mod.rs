//! Reads an existing topic once, all of it, a range or a sample, and asks what engines would drop. Nothing is written.

mod judged;
mod look;
mod range;
mod recorded;

use std::time::Duration;

use self::judged::Judged;
use self::look::{Reader, look};
use self::range::{TopicRange, range_of};
pub use self::recorded::{Reading, judge_recorded};
use crate::capture::live::RunReader;
use crate::capture::sample::chunks;
use crate::capture::{CaptureProgress, CaptureStep};
use crate::capture::{Moment, Run};
use crate::clock::Clock;
use crate::consume::extract::Place;
use crate::consume::reading::{ReadError, Wanted, read_until_done};
use crate::event::time_form::TimeForm;
use crate::event_time::watermark::ModelSpec;
use crate::kafka::{ClientSettings, KafkaError, OffsetsError, Record, Source, SourceEvent, Target, TargetError};
use crate::profile::Isolation;
use crate::results::verdicts::TopicWatermarks;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a broker may take to say where partitions end.
const OFFSETS_TIMEOUT: Duration = Duration::from_secs(20);
/// How long nothing may come before the end of the topic.
const PATIENCE: Duration = Duration::from_secs(30);
/// How many messages pass between two looks of whoever watches the progress.
const SHOW_EVERY: u64 = 2000;

/// Where the event time of a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventTimeAt {
    /// Where floodmark puts it: in its JSON, or in its headers.
    Floodmark,
    /// At a place in the message.
    Place(Place),
    /// It is the record's timestamp.
    Record,
}

/// Which topic, which part of it, and for which models.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The client's settings.
    pub settings: ClientSettings,
    /// The topic.
    pub topic: String,
    /// Where the event time is.
    pub event_time: EventTimeAt,
    /// How it is written.
    pub form: TimeForm,
    /// From which moment on; all that the topic holds if none.
    pub from: Option<Moment>,
    /// Up to which moment; the present end if none.
    pub to: Option<Moment>,
    /// How many messages to read, spread over the range; all if 0.
    pub sample: u64,
    /// The models.
    pub models: Vec<ModelSpec>,
}

/// Why a topic was not judged.
#[derive(Debug, thiserror::Error)]
pub enum SurveyError {
    /// The cluster cannot be used.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// The topic cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What was asked for cannot be.
    #[error("{0}")]
    Usage(String),
    /// Offsets are not told.
    #[error(transparent)]
    Offsets(#[from] OffsetsError),
    /// There is nothing to judge.
    #[error("{0}")]
    Nothing(String),
}

impl SurveyError {
    /// Whether the user can put it right on the command line, rather than in the environment.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            SurveyError::Target(TargetError::Kafka(error)) => matches!(error, KafkaError::Settings(_)),
            SurveyError::Target(_) | SurveyError::Usage(_) => true,
            SurveyError::Read(error) => error.is_usage(),
            SurveyError::Offsets(_) | SurveyError::Nothing(_) => false,
        }
    }
}

/// Reads the topic.
///
/// # Errors
/// When the cluster cannot be reached, the topic does not exist or has no event times that can be read, or reading stops before its end.
pub fn survey(survey: &Survey, progress: &mut dyn FnMut(CaptureProgress)) -> Result<TopicWatermarks, SurveyError> {
    let Survey { settings, topic, .. } = survey;
    let target = Target::connect(settings, CONNECT_TIMEOUT).map_err(TargetError::from)?;
    let partitions = target.stage_partitions("", topic).map_err(|error| match error {
        TargetError::NoStageTopic { topic, .. } => {
            SurveyError::Usage(format!("topic {topic} does not exist on this cluster; correct -t, or -b"))
        }
        other => other.into(),
    })?;
    let held =
        target.ranges(topic, partitions, Isolation::ReadCommitted, OFFSETS_TIMEOUT).map_err(TargetError::from)?;
    let range = range_of(survey, &held, progress)?;
    if range.offsets() == 0 {
        return Err(SurveyError::Nothing(format!(
            "topic {topic} has no messages{}, so nothing was judged",
            range.said()
        )));
    }
    let reader = Reader::new(&survey.event_time, &survey.form);
    let looked = look(survey, &range, &reader)?;
    let mut judged = Judged::new(survey, partitions as usize, &looked);
    if survey.sample == 0 {
        read_all(survey, &range, &reader, &mut judged, progress)?;
    } else {
        read_sample(survey, &range, &reader, &mut judged, progress)?;
    }
    judged.figures(survey, partitions, &range, looked)
}

/// Every message of the range.
fn read_all(
    survey: &Survey,
    range: &TopicRange,
    reader: &Reader,
    judged: &mut Judged,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<(), ReadError> {
    let Survey { settings, topic, .. } = survey;
    // Each partition is read until its position is at the end that was found.
    let mut open: Vec<Run> = range.runs.iter().filter(|run| run.until > run.from).copied().collect();
    let from: Vec<(i32, i64)> = open.iter().map(|run| (run.partition as i32, run.from)).collect();
    range.runs.iter().filter(|run| run.until <= run.from).for_each(|run| judged.partition_ended(run.partition));
    let group = format!("floodmark-watermark-{}", std::process::id());
    let mut source = Source::open(&settings.consumer(&group, Isolation::ReadCommitted), topic, &from)?;
    let clock = Clock::anchored_now();
    let (of, mut seen) = (range.offsets(), 0_u64);
    let take = |event: SourceEvent<'_>| {
        let reached = match event {
            SourceEvent::Record { record, .. } => {
                let partition = record.partition() as usize;
                if open.iter().any(|run| run.partition == partition && record.offset() < run.until) {
                    judge(&record, range, reader, judged);
                    seen += 1;
                    if seen.is_multiple_of(SHOW_EVERY) {
                        progress(CaptureProgress { doing: CaptureStep::Judging, done: seen.min(of), of });
                    }
                }
                Some((partition, record.offset() + 1))
            }
            SourceEvent::End { partition, offset } => Some((partition as usize, offset)),
            SourceEvent::Error { .. } => None,
        };
        if let Some((partition, offset)) = reached
            && open.iter().any(|run| run.partition == partition && offset >= run.until)
        {
            open.retain(|run| run.partition != partition);
            judged.partition_ended(partition);
        }
        Wanted::while_open(&open)
    };
    read_until_done(&mut source, &clock, topic, PATIENCE, take)
}

/// Messages spread over the range.
fn read_sample(
    survey: &Survey,
    range: &TopicRange,
    reader: &Reader,
    judged: &mut Judged,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<(), ReadError> {
    let mut runs = RunReader::new(&survey.settings, &survey.topic, true);
    let ranges: Vec<(i64, i64)> = range.runs.iter().map(|run| (run.from, run.until)).collect();
    for round in chunks(&ranges, survey.sample) {
        let wanted: Vec<(Run, u64)> = round
            .iter()
            .map(|chunk| (Run { partition: chunk.partition, from: chunk.from, until: chunk.below }, chunk.records))
            .collect();
        runs.read(&wanted, |_, record| judge(record, range, reader, judged))?;
        let done = judged.messages().min(survey.sample);
        progress(CaptureProgress { doing: CaptureStep::Judging, done, of: survey.sample });
    }
    Ok(())
}

fn judge(record: &Record<'_>, range: &TopicRange, reader: &Reader, judged: &mut Judged) {
    if range.holds(record.timestamp().map(|timestamp| timestamp.ms)) {
        judged.see(record, reader.event_time_of(record));
    }
}
