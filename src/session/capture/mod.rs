//! Captures a topic's curve from a live cluster, and a sample of its records. Nothing is written to the cluster.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

mod edges;
mod sample;

use self::edges::{ask_edges, watch_ends};
use self::sample::{SampleOrder, take_sample};
use super::prepare::SessionError;
use crate::capture::sample::SampleFigures;
use crate::capture::{Counted, Edges, ErrorBar, Evidence, Moment, NoCounts, RangeError, TopicRules, count, error_bar};
use crate::consume::extract::Place;
use crate::kafka::{ClientSettings, KafkaError, OffsetFinder, OffsetsError, Target, TargetError};
use crate::profile::Span;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Which part of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureRange {
    /// What was written between two moments.
    Past {
        /// The beginning.
        from: Moment,
        /// The end.
        to: Moment,
    },
    /// What will be written from now on, for so long.
    Live(Span),
}

/// Which topic, and how.
#[derive(Debug, Clone)]
pub struct Capture {
    /// The client's settings.
    pub settings: ClientSettings,
    /// The cluster that may be asked although it is not on this machine.
    pub allow_cluster: Option<String>,
    /// The topic.
    pub topic: String,
    /// Which part of time.
    pub range: CaptureRange,
    /// How long a bucket is.
    pub step: Span,
    /// The most requests per second.
    pub max_requests_per_s: u32,
    /// How many records to sample; none if 0.
    pub sample: u64,
    /// Where a sampled message's event time is.
    pub event_time: Option<Place>,
}

/// How far a capture has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaptureProgress {
    /// What is done at present.
    pub doing: CaptureStep,
    /// How much of it is done.
    pub done: u64,
    /// How much there is.
    pub of: u64,
}

/// What is done at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaptureStep {
    /// Offsets are asked for, edge by edge.
    Edges,
    /// Buckets pass.
    Watching,
    /// Records are read.
    Sampling,
}

/// What was captured.
#[derive(Debug, Clone, PartialEq)]
pub struct Captured {
    /// The cluster's id.
    pub cluster_id: String,
    /// The counts.
    pub counted: Counted,
    /// How far they may be from the truth.
    pub error_bar: ErrorBar,
    /// What the sample says.
    pub sample: Option<SampleFigures>,
    /// How many requests for offsets it took.
    pub requests: u64,
    /// How long they took, in seconds.
    pub asked_for_s: f64,
}

/// Why nothing was captured.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// The cluster cannot be used.
    #[error("topic {topic} cannot be captured: {why}")]
    Cluster {
        /// The topic.
        topic: String,
        /// Why not.
        why: TargetError,
    },
    /// The sample cannot be read.
    #[error(transparent)]
    Sample(#[from] SessionError),
    /// Offsets are not told.
    #[error(transparent)]
    Offsets(#[from] OffsetsError),
    /// The range.
    #[error("topic {topic} cannot be captured: {why}")]
    Range {
        /// The topic.
        topic: String,
        /// Why not.
        why: RangeError,
    },
    /// No records.
    #[error("topic {topic}: {why}")]
    NoCounts {
        /// The topic.
        topic: String,
        /// Why not.
        why: NoCounts,
    },
    /// The topic holds nothing at all.
    #[error("topic {topic} holds no records")]
    Empty {
        /// The topic.
        topic: String,
    },
    /// A live capture was ended before its first bucket was over.
    #[error("topic {topic}: ended before the first bucket was over; nothing was captured")]
    TooShort {
        /// The topic.
        topic: String,
    },
}

impl CaptureError {
    /// Whether the user can put it right on the command line, rather than in the environment.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            CaptureError::Cluster { why: TargetError::Kafka(error), .. } => matches!(error, KafkaError::Settings(_)),
            CaptureError::Sample(error) => error.is_usage(),
            CaptureError::Offsets(error) => matches!(error, OffsetsError::NoTopic { .. }),
            CaptureError::Cluster { .. } | CaptureError::Range { .. } | CaptureError::NoCounts { .. } => true,
            CaptureError::Empty { .. } | CaptureError::TooShort { .. } => false,
        }
    }
}

/// Captures.
///
/// # Errors
/// [`CaptureError`], with the topic named.
pub fn capture(wanted: &Capture, progress: &mut dyn FnMut(CaptureProgress)) -> Result<Captured, CaptureError> {
    // A range that cannot be is refused before anybody is asked.
    let now_ms = now_ms();
    let edges = match wanted.range {
        CaptureRange::Past { from, to } => Edges::between(from, to, now_ms, wanted.step),
        CaptureRange::Live(lasts) => Edges::ahead(now_ms, lasts, wanted.step),
    };
    let topic = || wanted.topic.clone();
    let edges = edges.map_err(|why| CaptureError::Range { topic: topic(), why })?;
    let target = Target::connect(&wanted.settings, CONNECT_TIMEOUT)
        .map_err(TargetError::from)
        .and_then(|target| target.confirm(wanted.allow_cluster.as_deref()).map(|()| target))
        .map_err(|why| CaptureError::Cluster { topic: topic(), why })?;
    let finder = OffsetFinder::open(&wanted.settings, &wanted.topic)?;
    let rules = rules_of(&finder);
    let (oldest, ends) = (finder.oldest()?, finder.ends()?);
    let asked = match wanted.range {
        CaptureRange::Past { .. } if oldest == ends => {
            return Err(CaptureError::Empty { topic: topic() });
        }
        CaptureRange::Past { .. } => ask_edges(&finder, edges, &ends, wanted.max_requests_per_s, progress)?,
        CaptureRange::Live(_) => watch_ends(&finder, edges, &wanted.topic, progress)?,
    };
    let live = matches!(wanted.range, CaptureRange::Live(_));
    // The ends that a live capture saw were there: nothing of them is missing.
    let missing_below = if live { vec![0; oldest.len()] } else { oldest.clone() };
    let counted = count(&asked.edges, &asked.offsets, &missing_below)
        .map_err(|why| CaptureError::NoCounts { topic: topic(), why })?;
    let sample = sample(wanted, &counted, live, progress)?;
    let oldest_now = finder.oldest()?;
    let evidence = Evidence {
        rules,
        live,
        left_out: (counted.left_out > 0).then(|| (counted.left_out, counted.edges.at_ms(0))),
        trimmed: oldest.iter().zip(&oldest_now).filter(|(before, now)| now > before).count(),
        emptied: oldest.iter().zip(&ends).filter(|(oldest, end)| oldest == end && **end > 0).count(),
        backward: asked.offsets.backward(),
        latest_poll_ms: asked.latest_poll_ms,
        gaps: sample.as_ref().map(|sample| sample.gaps),
        displaced: sample.as_ref().and_then(|sample| sample.displaced),
    };
    Ok(Captured {
        cluster_id: target.cluster_id().to_owned(),
        error_bar: error_bar(&evidence),
        counted,
        sample,
        requests: asked.requests,
        asked_for_s: asked.asked_for_s,
    })
}

fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

fn rules_of(finder: &OffsetFinder) -> Result<TopicRules, String> {
    finder.topic_settings().map(|settings| TopicRules::of(&settings)).map_err(|error| error.to_string())
}

fn sample(
    wanted: &Capture,
    counted: &Counted,
    live: bool,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<Option<SampleFigures>, SessionError> {
    if wanted.sample == 0 {
        return Ok(None);
    }
    let order = SampleOrder {
        settings: &wanted.settings,
        topic: &wanted.topic,
        records: wanted.sample,
        event_time: wanted.event_time.clone(),
        counted,
        stamps_are_bucketed: !live,
    };
    take_sample(&order, progress).map(Some)
}
