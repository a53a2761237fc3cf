//! Captures a topic's curve from a live cluster, and a sample of its records. Nothing is written to the cluster.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::capture_sample::{SampleOrder, take_sample};
use super::prepare::SessionError;
use super::signals::listen;
use crate::capture::sample::SampleFigures;
use crate::capture::{
    Counted, EdgeOffsets, Edges, ErrorBar, Evidence, Moment, NoCounts, RangeError, TopicRules, count, error_bar,
};
use crate::consume::extract::Place;
use crate::kafka::{ClientSettings, OffsetFinder, OffsetsError, Target};
use crate::produce::StopFlag;
use crate::profile::Span;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Questions that are on the way at once.
const ON_THE_WAY: usize = 4;

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
    /// The cluster cannot be used, or the sample not be read.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// Offsets are not told.
    #[error(transparent)]
    Offsets(#[from] OffsetsError),
    /// The range.
    #[error(transparent)]
    Range(#[from] RangeError),
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
            CaptureError::Session(error) => error.is_usage(),
            CaptureError::Offsets(error) => matches!(error, OffsetsError::NoTopic { .. }),
            CaptureError::Range(_) | CaptureError::NoCounts { .. } => true,
            CaptureError::Empty { .. } | CaptureError::TooShort { .. } => false,
        }
    }
}

/// Offsets at edges, and what stood around them.
struct Asked {
    edges: Edges,
    offsets: EdgeOffsets,
    requests: u64,
    asked_for_s: f64,
    latest_poll_ms: Option<f64>,
}

/// Captures.
///
/// # Errors
/// [`CaptureError`], with the topic named.
pub fn capture(wanted: &Capture, progress: &mut dyn FnMut(CaptureProgress)) -> Result<Captured, CaptureError> {
    // A range that cannot be is refused before anybody is asked.
    let now_ms = now_ms();
    let edges = match wanted.range {
        CaptureRange::Past { from, to } => Edges::between(from, to, now_ms, wanted.step)?,
        CaptureRange::Live(lasts) => Edges::ahead(now_ms, lasts, wanted.step)?,
    };
    let target = Target::connect(&wanted.settings, CONNECT_TIMEOUT).map_err(SessionError::from)?;
    target.confirm(wanted.allow_cluster.as_deref()).map_err(SessionError::from)?;
    let finder = OffsetFinder::open(&wanted.settings, &wanted.topic)?;
    let rules = rules_of(&finder);
    let (oldest, ends) = (finder.oldest()?, finder.ends()?);
    let asked = match wanted.range {
        CaptureRange::Past { .. } if oldest == ends => {
            return Err(CaptureError::Empty { topic: wanted.topic.clone() });
        }
        CaptureRange::Past { .. } => ask_edges(&finder, edges, &ends, wanted.max_requests_per_s, progress)?,
        CaptureRange::Live(_) => watch_ends(&finder, edges, &wanted.topic, progress)?,
    };
    let live = matches!(wanted.range, CaptureRange::Live(_));
    // The ends that a live capture saw were there: nothing of them is missing.
    let missing_below = if live { vec![0; oldest.len()] } else { oldest.clone() };
    let counted = count(&asked.edges, &asked.offsets, &missing_below)
        .map_err(|why| CaptureError::NoCounts { topic: wanted.topic.clone(), why })?;
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

/// Asks for the offsets at every edge: several questions on the way at once, and together no more requests per second than allowed.
fn ask_edges(
    finder: &OffsetFinder,
    edges: Edges,
    ends: &[i64],
    max_requests_per_s: u32,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<Asked, OffsetsError> {
    let begun = Instant::now();
    let each = finder.requests_per_question().max(1) as u64;
    let gap = Duration::from_secs_f64(each as f64 / f64::from(max_requests_per_s.max(1)));
    let pace = Pace { gap, next: Mutex::new(begun) };
    let count = edges.buckets() + 1;
    let mut at: Vec<Vec<i64>> = vec![Vec::new(); count];
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        let (answers, answered) = mpsc::channel();
        for _ in 0..ON_THE_WAY {
            let (answers, next, pace) = (answers.clone(), &next, &pace);
            scope.spawn(move || {
                loop {
                    let edge = next.fetch_add(1, Ordering::Relaxed);
                    if edge >= count {
                        return;
                    }
                    pace.wait();
                    // Nobody listens any more once an answer was an error.
                    if answers.send((edge, finder.at(edges.at_ms(edge)))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(answers);
        for (done, (edge, found)) in (1..).zip(answered) {
            // Where no record has that timestamp or a later one, the edge lies behind all that there was when the capture began.
            let found = found?.into_iter().zip(ends).map(|(found, end)| found.unwrap_or(*end)).collect();
            if let Some(row) = at.get_mut(edge) {
                *row = found;
            }
            progress(CaptureProgress { doing: CaptureStep::Edges, done, of: count as u64 });
        }
        Ok::<(), OffsetsError>(())
    })?;
    Ok(Asked {
        edges,
        offsets: EdgeOffsets::of(at),
        requests: count as u64 * each,
        asked_for_s: begun.elapsed().as_secs_f64(),
        latest_poll_ms: None,
    })
}

/// When the next question may be asked: never sooner after the last one than the gap, also when they fell behind.
struct Pace {
    gap: Duration,
    next: Mutex<Instant>,
}

impl Pace {
    /// Takes the next turn, and sleeps until it is due.
    fn wait(&self) {
        let due = {
            let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
            let due = (*next).max(Instant::now());
            *next = due + self.gap;
            due
        };
        thread::sleep(due.saturating_duration_since(Instant::now()));
    }
}

/// Asks for the ends at every edge, when it comes. Ctrl-C ends it early: what is there by then is a curve.
fn watch_ends(
    finder: &OffsetFinder,
    edges: Edges,
    topic: &str,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<Asked, CaptureError> {
    let stop = StopFlag::default();
    listen(&stop);
    // The first edge is where the first answer is known to lie: between a question and its answer.
    let begun = Instant::now();
    let begun_ms = now_ms();
    let edges = edges.starting_at(begun_ms);
    let step = Duration::from_millis(edges.step_ms());
    let mut at = vec![finder.ends()?];
    let mut latest_ms = begun.elapsed().as_secs_f64() * 1e3;
    for edge in 1..=edges.buckets() {
        let due = begun + step * u32::try_from(edge).unwrap_or(u32::MAX);
        if !sleep_until(due, &stop) {
            break;
        }
        at.push(finder.ends()?);
        latest_ms = latest_ms.max(due.elapsed().as_secs_f64() * 1e3);
        progress(CaptureProgress { doing: CaptureStep::Watching, done: edge as u64, of: edges.buckets() as u64 });
    }
    if at.len() < 2 {
        return Err(CaptureError::TooShort { topic: topic.to_owned() });
    }
    Ok(Asked {
        edges: edges.cut_to(at.len() - 1),
        requests: (at.len() * finder.requests_per_question()) as u64,
        offsets: EdgeOffsets::of(at),
        asked_for_s: begun.elapsed().as_secs_f64(),
        latest_poll_ms: Some(latest_ms),
    })
}

/// Sleeps; false when it was asked to stop before.
fn sleep_until(due: Instant, stop: &StopFlag) -> bool {
    const LOOK: Duration = Duration::from_millis(50);
    while !stop.is_set() {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return true;
        }
        thread::sleep(left.min(LOOK));
    }
    false
}
