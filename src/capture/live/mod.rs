//! Captures a topic's curve from a live cluster, and a sample of its records. Writes nothing to the cluster.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

mod around;
mod between;
mod edges;
mod open;
mod records;
mod runs;
mod sample;

use self::around::{Around, look_around, none_is_stamped};
pub(crate) use self::between::runs_between;
use self::edges::{Asked, ask_edges, watch_ends};
pub(crate) use self::open::OpenRuns;
pub(crate) use self::records::{RecordsOrder, RecordsTaken, take_records};
pub(crate) use self::runs::RunReader;
use self::sample::{SampleOrder, take_sample};
use crate::capture::sample::{KeepOrder, Kept, SampleFigures};
use crate::capture::{
    CaptureProgress, CaptureStep, Captured, Counted, Edges, Evidence, Held, Moment, NoCounts, RangeError, ReadAround,
    TopicRules, count, error_bar,
};
use crate::consume::extract::Place;
use crate::consume::reading::ReadError;
use crate::kafka::{ClientSettings, KafkaError, OffsetFinder, OffsetsError, Operation, Target, TargetError};
use crate::profile::Span;
use crate::results::ResultsError;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The part of time to capture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaptureRange {
    /// What was written between two moments.
    Past {
        /// The beginning.
        from: Moment,
        /// The end.
        to: Moment,
    },
    /// What will be written from now on, for this long.
    Live(Span),
}

/// What to capture, and how.
#[derive(Debug, Clone)]
pub(crate) struct Capture {
    /// The client's settings.
    pub settings: ClientSettings,
    /// The cluster that may be used although it is not on this machine.
    pub allow_cluster: Option<String>,
    /// The topic.
    pub topic: String,
    /// The part of time to capture.
    pub range: CaptureRange,
    /// The length of a bucket.
    pub step: Span,
    /// The most requests per second.
    pub max_requests_per_s: u32,
    /// How many records to sample; none if 0.
    pub sample: u64,
    /// Where a sampled message's event time is.
    pub event_time: Option<Place>,
    /// Which sampled payloads to keep.
    pub keep: KeepOrder,
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
    Sample(#[from] ReadError),
    /// Offsets cannot be determined.
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
    #[error("topic {topic} has no records")]
    Empty {
        /// The topic.
        topic: String,
    },
    /// None of the records can be written into a file.
    #[error("topic {topic}: none of its records from {from} to {to} can be recorded; {left_out}")]
    NoRecords {
        /// The topic.
        topic: String,
        /// The beginning of the time that was asked for.
        from: String,
        /// Its end.
        to: String,
        /// What was left out, and why.
        left_out: String,
    },
    /// What was captured cannot be written.
    #[error(transparent)]
    File(#[from] ResultsError),
    /// A live capture was ended before its first bucket was over.
    #[error("topic {topic}: watching ended before the first bucket was complete; nothing was captured")]
    TooShort {
        /// The topic.
        topic: String,
    },
}

impl CaptureError {
    /// Whether the user can fix it on the command line, rather than in the environment.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        match self {
            CaptureError::Cluster { why: TargetError::Kafka(error), .. } => matches!(error, KafkaError::Settings(_)),
            CaptureError::Sample(error) => error.is_usage(),
            CaptureError::Offsets(error) => matches!(error, OffsetsError::NoTopic { .. }),
            CaptureError::File(error) => error.is_usage(),
            CaptureError::Cluster { .. } | CaptureError::Range { .. } | CaptureError::NoCounts { .. } => true,
            CaptureError::Empty { .. } | CaptureError::NoRecords { .. } | CaptureError::TooShort { .. } => false,
        }
    }
}

/// Captures.
///
/// # Errors
/// [`CaptureError`], with the topic named.
pub(crate) fn capture(wanted: &Capture, progress: &mut dyn FnMut(CaptureProgress)) -> Result<Captured, CaptureError> {
    // An invalid range is refused before any request.
    let now_ms = now_ms();
    let edges = match wanted.range {
        CaptureRange::Past { from, to } => Edges::between(from, to, now_ms, wanted.step),
        CaptureRange::Live(lasts) => Edges::ahead(now_ms, lasts, wanted.step),
    };
    let topic = || wanted.topic.clone();
    let edges = edges.map_err(|why| CaptureError::Range { topic: topic(), why })?;
    let target = Target::connect(&wanted.settings, CONNECT_TIMEOUT)
        .map_err(TargetError::from)
        .and_then(|target| {
            target.confirm(wanted.allow_cluster.as_deref())?;
            let purpose = if wanted.sample > 0 { Operation::Read } else { Operation::Describe };
            target.require(&[(&wanted.topic, purpose)])?;
            Ok(target)
        })
        .map_err(|why| CaptureError::Cluster { topic: topic(), why })?;
    let finder = OffsetFinder::open(&wanted.settings, &wanted.topic)?;
    let topic = Topic::look(wanted, &finder)?;
    let asked = if topic.live {
        watch_ends(&finder, edges, &wanted.topic, progress)?
    } else {
        ask_edges(&finder, edges, &topic.ends, wanted.max_requests_per_s, progress)?
    };
    let (counted, around) = topic.count(wanted, &asked, progress)?;
    let sample = sample(wanted, &counted, topic.live, topic.rules.as_ref().ok(), progress)?;
    let (sample, kept) = sample.unzip();
    let evidence = topic.evidence(&asked, &counted, around, sample.as_ref(), &finder.oldest()?);
    let kept = kept.filter(|_| wanted.keep.payloads > 0);
    Ok(captured(&target, counted, (sample, kept), &asked, &evidence))
}

/// The topic before its edges were requested.
struct Topic {
    live: bool,
    rules: Result<TopicRules, String>,
    oldest: Vec<i64>,
    ends: Vec<i64>,
}

/// The result of reading around the edges, without the stretches that were found.
struct LookedAround {
    looked_behind: usize,
    not_looked_at: u64,
    unreadable: Option<String>,
}

impl Topic {
    fn look(wanted: &Capture, finder: &OffsetFinder) -> Result<Self, CaptureError> {
        let live = matches!(wanted.range, CaptureRange::Live(_));
        let (rules, oldest, ends) = (rules_of(finder), finder.oldest()?, finder.ends()?);
        if !live && oldest == ends {
            return Err(CaptureError::Empty { topic: wanted.topic.clone() });
        }
        Ok(Topic { live, rules, oldest, ends })
    }

    /// How many records there are between the edges, including those that hide around them.
    fn count(
        &self,
        wanted: &Capture,
        asked: &Asked,
        progress: &mut dyn FnMut(CaptureProgress),
    ) -> Result<(Counted, LookedAround), CaptureError> {
        let mut reader = RunReader::new(&wanted.settings, &wanted.topic, false);
        let around = if self.live {
            Around::default()
        } else {
            look_around(&mut reader, &asked.edges, &asked.offsets, &self.oldest, &self.ends, progress)
        };
        // The ends that a live capture saw existed: nothing is missing from them.
        let missing_below = if self.live { vec![0; self.oldest.len()] } else { self.oldest.clone() };
        let Around { stretches, looked_behind, not_looked_at, unreadable } = around;
        match count(&asked.edges, &asked.offsets, &missing_below, stretches) {
            Ok(counted) => Ok((counted, LookedAround { looked_behind, not_looked_at, unreadable })),
            Err(why) => {
                // If nothing can be read, it is enough to say that nothing was counted.
                let unstamped = !self.live && none_is_stamped(&mut reader, &self.oldest, &self.ends).unwrap_or(false);
                let why = why_no_counts(why, unstamped, self.rules.as_ref().ok());
                Err(CaptureError::NoCounts { topic: wanted.topic.clone(), why })
            }
        }
    }

    /// What speaks for and against the counts.
    fn evidence(
        self,
        asked: &Asked,
        counted: &Counted,
        around: LookedAround,
        sample: Option<&SampleFigures>,
        oldest_now: &[i64],
    ) -> Evidence {
        let Topic { live, rules, oldest, ends } = self;
        let LookedAround { looked_behind, not_looked_at, unreadable } = around;
        Evidence {
            live,
            left_out: (counted.left_out > 0).then(|| (counted.left_out, counted.edges.at_ms(0))),
            trimmed: oldest.iter().zip(oldest_now).filter(|(before, now)| now > before).count(),
            emptied: oldest.iter().zip(&ends).filter(|(oldest, end)| oldest == end && **end > 0).count(),
            backward: asked.offsets.backward(),
            latest_poll_ms: asked.latest_poll_ms,
            gaps: sample.map(|sample| sample.gaps),
            displaced: sample.and_then(|sample| sample.displaced),
            unstamped: sample.map_or((0, 0), |sample| (sample.unstamped, sample.records)),
            held: held(counted, &oldest, &ends),
            around: ReadAround { looked_behind, not_looked_at, ..read_around(counted) },
            unreadable,
            added: asked.added,
            rules,
        }
    }
}

fn captured(
    target: &Target,
    counted: Counted,
    (sample, kept): (Option<SampleFigures>, Option<Kept>),
    asked: &Asked,
    evidence: &Evidence,
) -> Captured {
    Captured {
        cluster_id: target.cluster_id().to_owned(),
        error_bar: error_bar(evidence),
        held: evidence.held,
        around: evidence.around,
        counted,
        sample,
        kept,
        requests: asked.requests,
        asked_for_s: asked.asked_for_s,
    }
}

/// An empty range can have other causes than that nothing was written.
fn why_no_counts(why: NoCounts, unstamped: bool, rules: Option<&TopicRules>) -> NoCounts {
    match why {
        NoCounts::NothingThere { .. } if unstamped => NoCounts::Unstamped,
        NoCounts::NothingThere { range } if rules.is_some_and(|rules| rules.compacted) => NoCounts::Compacted { range },
        why => why,
    }
}

/// How the offsets are distributed. What the broker's answers put before or after the range is there unless it is counted in the range.
fn held(counted: &Counted, oldest: &[i64], ends: &[i64]) -> Held {
    let in_range = counted.per_partition.iter().sum();
    let first = counted.offsets.row(0);
    let all: i64 = oldest.iter().zip(ends).map(|(oldest, end)| end - oldest).sum();
    let before: i64 = first.iter().zip(oldest).map(|(first, oldest)| first - oldest).sum();
    let before = before.max(0) as u64;
    Held { before, counted: in_range, after: (all.max(0) as u64).saturating_sub(before + in_range) }
}

/// The figures of the stretches that were read.
fn read_around(counted: &Counted) -> ReadAround {
    let (from_ms, to_ms) = (counted.edges.at_ms(0), counted.edges.at_ms(counted.edges.buckets()));
    let mut partitions: Vec<usize> = counted.around.iter().map(|stretch| stretch.run.partition).collect();
    partitions.sort_unstable();
    partitions.dedup();
    let each = counted.around.iter().map(|stretch| stretch.between(from_ms, to_ms));
    let (records, variance) =
        each.fold((0.0, 0.0), |(sum, variance), (count, error)| (sum + count, variance + error * error));
    ReadAround {
        partitions: partitions.len(),
        read: counted.around.iter().map(crate::capture::Stretch::records_read).sum(),
        counted: records,
        standard_error: variance.sqrt(),
        ahead: counted.around.iter().map(|stretch| stretch.ahead_of(to_ms)).sum(),
        ..ReadAround::default()
    }
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
    rules: Option<&TopicRules>,
    progress: &mut dyn FnMut(CaptureProgress),
) -> Result<Option<(SampleFigures, Kept)>, ReadError> {
    if wanted.sample == 0 {
        return Ok(None);
    }
    let order = SampleOrder {
        settings: &wanted.settings,
        topic: &wanted.topic,
        records: wanted.sample,
        event_time: wanted.event_time.clone(),
        keep: &wanted.keep,
        counted,
        stamps_are_bucketed: !live,
        compacted: rules.is_some_and(|rules| rules.compacted),
    };
    take_sample(&order, progress).map(Some)
}
