//! What an algorithm may ask about an engine, and what each answer means.

use crate::event_time::windows::Edges;

/// What an engine does with late events: data for the algorithms, and the words for people.
#[derive(Debug)]
pub struct Description {
    /// The name, as at the beginning of a sentence.
    pub title: &'static str,
    /// What its watermark covers, and when that moves.
    pub progress: Progress,
    /// How far its watermark is behind `M - B`, the maximum event time less the bound, in milliseconds.
    pub behind_ms: i64,
    /// How far before a window's end the time is that is compared with the watermark, in milliseconds: 1 where a window is closed iff `end
    /// - 1 <= watermark`, 0 where it is iff `end <= watermark`.
    pub last_ms: i64,
    /// The initial and lowest watermark, in milliseconds since 1970. Absent: nothing is closed before the first event.
    pub begins_at_ms: Option<i64>,
    /// How much disorder it allows for.
    pub tolerates: Tolerates,
    /// How it assigns events to windows.
    pub windows: Windows,
    /// Whether it rejects events with a negative time, and those without a key where
    /// it groups by their existing key: its metric counts them.
    pub refuses_events: bool,
    /// Its own metric of late events.
    pub metric: Metric,
    /// A note under every figure of it.
    pub note: Option<&'static str>,
}

/// What an engine's watermark covers, and when that moves. The algorithms follow one of these, whichever engines have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The minimum over the partitions, joined in the tasks of a source; emitted at ticks.
    SourceTasks,
    /// The minimum over the partitions, each of which follows the reader's clock once it was read to its end; emitted at ticks.
    ReaderClock,
    /// One over all partitions; it moves between micro-batches.
    MicroBatches,
    /// One for each partition; it moves with each record, before that is judged. After a repartition topic the partitions mix.
    StreamTime,
    /// One for each partition; it moves with each record, after that is judged: by its own rules, and by when the record arrived.
    Arrival,
}

/// How much disorder an engine allows for, in the engine's own terms.
#[derive(Debug)]
pub struct Tolerates {
    /// The engine's name for the limit on an event's disorder.
    pub name: &'static str,
    /// The meaning of a model's allowed lateness.
    pub lateness: Lateness,
}

/// What a model's allowed lateness means to an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// It has none.
    None,
    /// It keeps windows open after the watermark has passed them, under this name.
    OpenWindows(&'static str),
    /// The same, and there is no bound beside it: this alone limits an event's disorder.
    InPlaceOfBound,
    /// How much later than its event time an event may arrive. It keeps no window open.
    UntilArrival {
        /// The engine's own term.
        name: &'static str,
        /// In milliseconds, by default.
        default_ms: i64,
        /// How far ahead of its arrival its time may be, in milliseconds.
        early_ms: i64,
    },
}

/// How an engine assigns events to windows.
#[derive(Debug)]
pub struct Windows {
    /// To which window events on the edge of a tumbling or hopping window belong.
    pub edges: Edges,
    /// The end of an event without windows, in milliseconds after its time: 1 where it is late iff its time is before the horizon.
    pub alone_ms: i64,
    /// Its sliding windows.
    pub sliding: Sliding,
    /// Its sessions.
    pub sessions: Sessions,
}

/// Windows around each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sliding {
    /// They follow from the event times alone; an event's last window ends a window's length after the event.
    FromTimes,
    /// The events decide which windows exist, and each is judged by itself. The first to close ends with the event.
    FromEvents,
}

/// Windows that last as long as the events of a key are within a gap of each other.
#[derive(Debug)]
pub struct Sessions {
    /// Whether two events exactly a gap apart are in one session.
    pub join_at_gap: bool,
    /// Whether an event joins a session that is still open before its lateness is judged, so that it may be saved.
    pub save_late_events: bool,
    /// What is added to the last event's time plus the gap to get the end that is compared with the watermark, in milliseconds.
    pub longer_ms: i64,
}

/// An engine's own metric of late events.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub counts: Counts,
    /// A sentence for engines that may sum up the rows of aligned windows before
    /// judging them, so that the metric shows less than is dropped.
    pub sums_rows_first: Option<&'static str>,
}

/// What a metric counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Events that lost all their windows.
    Events,
    /// (Event, window) pairs.
    Pairs,
    /// Rows: where the query aggregates, those of a key, window and micro-batch count as one.
    Rows,
}

impl Description {
    /// What is added to `M - B` to get the horizon, in milliseconds: a window is closed
    /// iff its end plus what the engine allows is at most that.
    #[must_use]
    pub const fn shift_ms(&self) -> i64 {
        self.last_ms - self.behind_ms
    }
}

impl Progress {
    /// Whether ticks emit the watermark.
    #[must_use]
    pub const fn moves_at_ticks(self) -> bool {
        match self {
            Progress::SourceTasks | Progress::ReaderClock => true,
            Progress::MicroBatches | Progress::StreamTime | Progress::Arrival => false,
        }
    }

    /// Whether micro-batches move the watermark.
    #[must_use]
    pub const fn moves_at_batches(self) -> bool {
        match self {
            Progress::MicroBatches => true,
            Progress::SourceTasks | Progress::ReaderClock | Progress::StreamTime | Progress::Arrival => false,
        }
    }

    /// Whether each record of a partition moves its watermark before it is judged.
    #[must_use]
    pub const fn is_stream_time(self) -> bool {
        match self {
            Progress::StreamTime => true,
            Progress::SourceTasks | Progress::ReaderClock | Progress::MicroBatches | Progress::Arrival => false,
        }
    }

    /// Whether the tasks of a source join the partitions' watermarks.
    #[must_use]
    pub const fn has_source_tasks(self) -> bool {
        match self {
            Progress::SourceTasks => true,
            Progress::ReaderClock | Progress::MicroBatches | Progress::StreamTime | Progress::Arrival => false,
        }
    }

    /// Whether the watermark follows the reader's clock: it never passes the clock,
    /// and a partition that was read to its end advances with it.
    #[must_use]
    pub const fn follows_clock(self) -> bool {
        match self {
            Progress::ReaderClock => true,
            Progress::SourceTasks | Progress::MicroBatches | Progress::StreamTime | Progress::Arrival => false,
        }
    }

    /// Whether an event is late by itself, regardless of its windows: then it is lost from all of them or from none.
    #[must_use]
    pub const fn judges_events(self) -> bool {
        match self {
            Progress::Arrival => true,
            Progress::SourceTasks | Progress::ReaderClock | Progress::MicroBatches | Progress::StreamTime => false,
        }
    }
}
