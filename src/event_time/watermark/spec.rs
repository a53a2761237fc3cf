//! A model for computation: an engine and its settings, in milliseconds.

use crate::event_time::engines::{Description, Lateness, Progress, Sliding};
use crate::event_time::windows::{Edges, WindowShape};
use crate::profile::{Engine, Operator, Span, WatermarkFault, WatermarkModel, Window};

/// Flink's `pipeline.auto-watermark-interval`, in milliseconds.
pub(crate) const DEFAULT_INTERVAL_MS: i64 = 200;

/// Windows, in milliseconds. See [`Window`] for what each is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowMs {
    /// None.
    None,
    /// Tumbling or hopping.
    Aligned(WindowShape),
    /// Around each event.
    Sliding {
        /// How far two events of a window may be apart.
        size_ms: i64,
    },
    /// As long as the events of a key are within the gap of each other.
    Session {
        /// The silence that ends one.
        gap_ms: i64,
    },
}

impl WindowMs {
    /// The windows of a profile; `None` for those of length 0, or with a hop longer than the size.
    #[must_use]
    pub fn of(window: &Window) -> Option<Self> {
        Some(match *window {
            Window::None => WindowMs::None,
            Window::Tumbling { size } => WindowMs::Aligned(WindowShape::tumbling(in_ms(size))?),
            Window::Hopping { size, hop } => WindowMs::Aligned(WindowShape::new(in_ms(size), in_ms(hop))?),
            Window::Sliding { size } => WindowMs::Sliding { size_ms: in_ms(size) },
            Window::Session { gap } => WindowMs::Session { gap_ms: in_ms(gap) },
        })
    }

    /// Tumbling windows of a positive length, in milliseconds.
    #[cfg(test)]
    pub(crate) fn tumbling(size_ms: i64) -> Self {
        WindowMs::hopping(size_ms, size_ms)
    }

    /// Hopping windows, in milliseconds: the hop at most the size.
    #[cfg(test)]
    pub(crate) fn hopping(size_ms: i64, hop_ms: i64) -> Self {
        WindowMs::Aligned(WindowShape::new(size_ms, hop_ms).unwrap())
    }
}

/// An engine and its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ModelSpec {
    /// The engine whose rule applies.
    pub engine: Engine,
    /// How far out of order events may be, in milliseconds.
    pub bound_ms: i64,
    /// How long a window stays open after the watermark has passed its end, in milliseconds: allowed lateness or grace.
    pub allowed_ms: i64,
    /// How events are grouped into windows.
    pub window: WindowMs,
    /// How long without events until a partition stops holding the watermark, in milliseconds; never if absent.
    pub idleness_ms: Option<i64>,
    /// Flink only: how many tasks its source has; unknown if absent.
    pub source_tasks: Option<u32>,
    /// How often the watermark moves (Spark: how long a micro-batch is), in milliseconds; the engine's default if absent.
    pub interval_ms: Option<i64>,
    /// How far the engine is at most behind the newest event, in milliseconds; unknown if absent.
    pub keeps_up_ms: Option<i64>,
    /// Kafka Streams only: records of any partition may meet in a task, after a repartition topic.
    pub repartitioned: bool,
    /// Spark only: what reads the stream.
    pub operator: Operator,
    /// Spark only: a batch filters by the watermark of the batch before, as it does unless `statefulOperator.allowMultiple` is off.
    pub allow_multiple: bool,
    /// Kafka Streams only: whether closed windows are still found, in the record cache; unknown if absent.
    pub record_cache: Option<bool>,
    /// Kafka Streams only: the windows are in an in-memory store.
    pub in_memory: bool,
    /// Azure only: how much later than its event time an event may arrive, in milliseconds.
    pub late_arrival_ms: i64,
}

impl ModelSpec {
    /// The model that a profile's table describes.
    ///
    /// # Errors
    /// The first rule that the table breaks.
    pub fn of(model: &WatermarkModel) -> Result<Self, WatermarkFault> {
        if let Some(fault) = model.faults().into_iter().next() {
            return Err(fault);
        }
        let allowed_ms = model.grace.or(model.allowed_lateness).map(in_ms);
        let (allowed_ms, late_arrival_ms) = match model.engine.description().tolerates.lateness {
            Lateness::UntilArrival { default_ms, .. } => (0, allowed_ms.unwrap_or(default_ms)),
            Lateness::None | Lateness::OpenWindows(_) | Lateness::InPlaceOfBound => (allowed_ms.unwrap_or(0), 0),
        };
        Ok(ModelSpec {
            engine: model.engine,
            bound_ms: model.bound.map_or(0, in_ms),
            allowed_ms,
            window: WindowMs::of(&model.window).ok_or_else(|| WatermarkFault {
                key: "window",
                message: format!("there are no windows of `{}`", model.window),
                help: "give it a length, at least its hop".to_owned(),
            })?,
            idleness_ms: model.idleness.map(in_ms),
            source_tasks: model.source_tasks,
            interval_ms: model.interval.map(in_ms),
            keeps_up_ms: model.keeps_up.map(in_ms),
            repartitioned: model.repartitioned,
            operator: model.operator_or_default(),
            allow_multiple: model.allow_multiple.unwrap_or(true),
            record_cache: model.record_cache,
            in_memory: model.in_memory,
            late_arrival_ms,
        })
    }

    /// What the engine does with late events.
    #[must_use]
    pub const fn description(&self) -> &'static Description {
        self.engine.description()
    }

    /// What the engine's watermark covers, and when that moves.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.description().progress
    }

    /// The name under which the engine itself counts late records.
    #[must_use]
    pub const fn metric(&self) -> &'static str {
        self.description().metric.name
    }

    /// Whether the engine may sum up events before it judges them, so that its metric counts fewer than it drops: only aligned windows have
    /// slices.
    #[must_use]
    pub const fn sums_rows_first(&self) -> bool {
        self.description().metric.sums_rows_first.is_some() && matches!(self.window, WindowMs::Aligned(_))
    }

    /// What the engine's maximum event time covers.
    #[must_use]
    pub const fn scope(&self) -> &'static str {
        match self.progress() {
            Progress::SourceTasks | Progress::ReaderClock | Progress::Arrival => "partition",
            Progress::StreamTime if self.repartitioned => "query",
            Progress::StreamTime => "task",
            Progress::MicroBatches => "query",
        }
    }

    /// Whether there are events that the engine rejects, and counts in its metric with the late ones.
    #[must_use]
    pub const fn refuses_events(&self) -> bool {
        self.description().refuses_events
    }

    /// Whether records of any partition may be in the maximum: then certainty about a record depends on the whole stream.
    #[must_use]
    pub const fn is_global(&self) -> bool {
        self.progress().moves_at_batches() || self.repartitioned
    }

    /// Whether a partition without any event holds the watermark at its minimum.
    #[must_use]
    pub const fn waits_for_empty(&self) -> bool {
        self.progress().moves_at_ticks() && self.idleness_ms.is_none()
    }

    /// Whether the watermark follows the reader's clock: it never passes the clock,
    /// and a partition that was read to its end advances with it.
    #[must_use]
    pub const fn follows_clock(&self) -> bool {
        self.progress().follows_clock()
    }

    /// Whether an event is late by itself, regardless of its windows: then it is lost from all of them or from none.
    #[must_use]
    pub const fn judges_events(&self) -> bool {
        self.progress().judges_events()
    }

    /// To which windows events on an edge belong.
    #[must_use]
    pub const fn edges(&self) -> Edges {
        self.description().windows.edges
    }

    /// Whether two events exactly a gap apart are in one session.
    #[must_use]
    pub const fn joins_at_gap(&self) -> bool {
        self.description().windows.sessions.join_at_gap
    }

    /// Whether windows include their end and not their start: `(start, end]`.
    #[must_use]
    pub const fn holds_window_ends(&self) -> bool {
        matches!(self.edges(), Edges::HoldEnd)
    }

    /// Whether an event joins a session that is still open before its lateness is judged, so that it may be saved.
    #[must_use]
    pub const fn merges_sessions(&self) -> bool {
        matches!(self.window, WindowMs::Session { .. }) && self.description().windows.sessions.save_late_events
    }

    /// Whether the outcome depends on a record cache that is not stated.
    #[must_use]
    pub const fn depends_on_record_cache(&self) -> bool {
        self.is_in_one_task()
            && self.record_cache.is_none()
            && matches!(self.window, WindowMs::Session { .. } | WindowMs::Sliding { .. })
    }

    /// Whether the stream time that a partition's records are compared with is moved by these records, and no others.
    #[must_use]
    pub const fn is_in_one_task(&self) -> bool {
        self.progress().is_stream_time() && !self.repartitioned
    }

    /// Kafka Streams after a repartition topic, where the tasks are not followed: the most windows that an event may lose for each that is
    /// counted, and the most that the store may refuse of it.
    pub(super) fn unseen_in_tasks(&self) -> (u64, u64) {
        match self.window {
            // One that starts at each of the milliseconds before it, and the same one again.
            WindowMs::Sliding { size_ms } if self.repartitioned => {
                (u64::try_from(size_ms).unwrap_or(0).saturating_add(2), 3 * u64::from(self.in_memory))
            }
            WindowMs::Session { .. } if self.repartitioned => (1, u64::from(self.in_memory)),
            _ => (1, 0),
        }
    }

    /// Whether the event time alone decides which windows exist.
    #[must_use]
    pub const fn has_fixed_windows(&self) -> bool {
        match self.window {
            WindowMs::Aligned(_) => true,
            WindowMs::Sliding { .. } => matches!(self.description().windows.sliding, Sliding::FromTimes),
            WindowMs::None | WindowMs::Session { .. } => false,
        }
    }

    /// Whether each partition's order alone decides every record's fate, whatever else the engine reads and when.
    #[must_use]
    pub const fn is_exact_by_partition(&self) -> bool {
        self.is_in_one_task() && !self.depends_on_record_cache()
    }

    /// Windows for people: `tumbling 10s`; absent without windows.
    #[must_use]
    pub fn window_text(&self) -> Option<String> {
        let span = |ms: i64| Span::from_millis(u64::try_from(ms).unwrap_or(0));
        Some(match self.window {
            WindowMs::None => return None,
            WindowMs::Aligned(shape) if shape.size_ms() == shape.hop_ms() => {
                format!("tumbling {}", span(shape.size_ms()))
            }
            WindowMs::Aligned(shape) => format!("hopping {} by {}", span(shape.size_ms()), span(shape.hop_ms())),
            WindowMs::Sliding { size_ms } => format!("sliding {}", span(size_ms)),
            WindowMs::Session { gap_ms } => format!("session {}", span(gap_ms)),
        })
    }
}

/// Whole milliseconds; a span is at most 292 years.
fn in_ms(span: Span) -> i64 {
    i64::try_from(span.as_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

#[cfg(test)]
impl ModelSpec {
    /// An engine with a bound of 0 and tumbling windows of 10 s.
    pub(crate) fn plain(engine: Engine) -> Self {
        ModelSpec {
            engine,
            bound_ms: 0,
            allowed_ms: 0,
            window: WindowMs::tumbling(10_000),
            idleness_ms: None,
            source_tasks: None,
            interval_ms: None,
            keeps_up_ms: None,
            repartitioned: false,
            operator: Operator::Aggregation,
            allow_multiple: true,
            record_cache: None,
            in_memory: false,
            late_arrival_ms: 5_000,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Azure's late-arrival tolerance judges when an event arrives, and is 5 s by default.
    #[test]
    fn azures_late_arrival_keeps_no_window_open() {
        let of = |allowed_lateness| {
            let azure = WatermarkModel::of(Engine::AzureStreamAnalytics);
            let spec =
                ModelSpec::of(&WatermarkModel { bound: Some(Span::default()), allowed_lateness, ..azure }).unwrap();
            (spec.late_arrival_ms, spec.allowed_ms)
        };
        assert_eq!([None, Some(Span::from_millis(9_000))].map(of), [(5_000, 0), (9_000, 0)]);
    }
}
