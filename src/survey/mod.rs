//! Reads an existing topic once, all of it, a range or a sample, and asks what engines would drop. Nothing is written.

mod judged;
mod judging;
mod look;
mod range;
mod recorded;

use std::sync::Arc;
use std::time::Duration;

use self::judged::Judged;
use self::judging::Judging;
use self::look::{Reader, look};
use self::range::range_of;
pub use self::recorded::{Reading, judge_recorded};
use crate::capture::{CaptureProgress, Moment};
use crate::consume::Decoder;
use crate::consume::extract::Place;
use crate::consume::reading::ReadError;
use crate::event::time_form::TimeForm;
use crate::event_time::watermark::ModelSpec;
use crate::kafka::{ClientSettings, KafkaError, OffsetsError, Operation, Target, TargetError};
use crate::profile::Isolation;
use crate::results::verdicts::TopicWatermarks;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a broker may take to say where partitions end.
const OFFSETS_TIMEOUT: Duration = Duration::from_secs(20);

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
    /// Decodes messages that name their schemas.
    pub decoder: Option<Arc<Decoder>>,
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
    let partitions = target.stage_partitions("", topic, Operation::Read).map_err(of_named_topic)?;
    target.require(&[(topic, Operation::Read)]).map_err(TargetError::from)?;
    let held =
        target.ranges(topic, partitions, Isolation::ReadCommitted, OFFSETS_TIMEOUT).map_err(TargetError::from)?;
    let range = range_of(survey, &held, progress)?;
    if range.offsets() == 0 {
        return Err(SurveyError::Nothing(format!(
            "topic {topic} has no messages{}, so nothing was judged",
            range.said()
        )));
    }
    let reader = Reader::new(survey);
    let looked = look(survey, &range, &reader)?;
    let mut judged = Judged::new(survey, partitions as usize, &looked);
    let mut judging = Judging { survey, range: &range, reader: &reader, judged: &mut judged, progress };
    if survey.sample == 0 {
        judging.all()?;
    } else {
        judging.sample()?;
    }
    judged.figures(survey, partitions, &range, looked)
}

/// A topic that is not there is put right on the command line.
fn of_named_topic(error: TargetError) -> SurveyError {
    match error {
        TargetError::NoStageTopic { topic, .. } => {
            SurveyError::Usage(format!("topic {topic} does not exist on this cluster; correct -t, or -b"))
        }
        other => other.into(),
    }
}
