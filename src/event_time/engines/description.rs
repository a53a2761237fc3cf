//! What an algorithm may ask of an engine, and what each answer means.

use crate::event_time::windows::Edges;

/// What an engine does with late events: data for the algorithms, and the words that people read.
#[derive(Debug)]
pub struct Description {
    /// As people write it at the beginning of a sentence.
    pub title: &'static str,
    /// Over what it keeps its watermark, and when that moves.
    pub progress: Progress,
    /// How far its watermark is behind `M - B`, the maximum event time less the bound, in milliseconds.
    pub behind_ms: i64,
    /// What a window's last millisecond is to its end where the watermark is held against it, in milliseconds: 1 where a window is closed iff
    /// `end - 1 <= watermark`, 0 where it is iff `end <= watermark`.
    pub last_ms: i64,
    /// Where its watermark begins, and below which it never is, in milliseconds since 1970. Absent: nothing is closed before the first event.
    pub begins_at_ms: Option<i64>,
    /// How much disorder it allows for.
    pub tolerates: Tolerates,
    /// How it puts events into windows.
    pub windows: Windows,
    /// Whether it takes no events with a negative time, and none without a key where it groups by the key that they have: its metric counts them.
    pub refuses_events: bool,
    /// Its own metric of late events.
    pub metric: Metric,
    /// What is to be said under every figure of it.
    pub note: Option<&'static str>,
}

/// Over what an engine keeps its watermark, and when that moves. The algorithms follow one of these, whichever engines have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// The least over the partitions, joined in the tasks of a source; it is sent on at ticks.
    SourceTasks,
    /// The least over the partitions, and each follows the reader's clock where it was read to its end; it is sent on at ticks.
    ReaderClock,
    /// One over all partitions; it moves between micro-batches.
    MicroBatches,
    /// One for each partition that moves with each of its records, before that is judged. After a repartition topic the partitions mix.
    StreamTime,
    /// One for each partition that moves with each of its records, after that was judged: by itself, and by when it arrived.
    Arrival,
}

/// How much disorder an engine allows for, in its own words.
#[derive(Debug)]
pub struct Tolerates {
    /// What it calls that which an event's disorder is held against.
    pub name: &'static str,
    /// What a model's allowed lateness is there.
    pub lateness: Lateness,
}

/// What a model's allowed lateness is to an engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lateness {
    /// It has none.
    None,
    /// It keeps windows open behind the watermark, under this name.
    OpenWindows(&'static str),
    /// The same, and there is no bound beside it: an event's disorder is held against it alone.
    InPlaceOfBound,
    /// How much later than its time an event may arrive. It keeps no window open.
    UntilArrival {
        /// The engine's own word.
        name: &'static str,
        /// In milliseconds, where none is set.
        default_ms: i64,
        /// How far ahead of its arrival its time may be, in milliseconds.
        early_ms: i64,
    },
}

/// How an engine puts events into windows.
#[derive(Debug)]
pub struct Windows {
    /// Where events on the edge of a tumbling or hopping window belong.
    pub edges: Edges,
    /// What an event without windows is held against: its time and this, in milliseconds. 1 where it is late iff its time is before the horizon.
    pub alone_ms: i64,
    /// Its sliding windows.
    pub sliding: Sliding,
    /// Its sessions.
    pub sessions: Sessions,
}

/// Windows around each event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sliding {
    /// They follow from the event times alone; the last that an event is in ends a window's length after it.
    FromTimes,
    /// Which there are depends on the events, and each is judged by itself. The first to close ends with the event.
    FromEvents,
}

/// Windows that last as long as events of a key come within a gap.
#[derive(Debug)]
pub struct Sessions {
    /// Whether two events exactly a gap apart are in one.
    pub join_at_gap: bool,
    /// Whether an event joins a session that is still open before its lateness is judged, so that it may be saved.
    pub save_late_events: bool,
    /// What is added to the last event's time and the gap to make the end that is held against the watermark, in milliseconds.
    pub longer_ms: i64,
}

/// An engine's own metric of late events.
#[derive(Debug)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it counts.
    pub counts: Counts,
    /// Where the engine may sum up the rows of aligned windows before it judges them, so that the metric shows less than it drops: the sentence that says so.
    pub sums_rows_first: Option<&'static str>,
}

/// What a metric counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Events that lost all their windows.
    Events,
    /// (Event, window) pairs.
    Pairs,
    /// Rows: where the query aggregates, those of a key, window and micro-batch are one.
    Rows,
}

impl Description {
    /// What is added to `M - B` to make the horizon, in milliseconds: a window is closed iff its end and what the engine allows are at most that.
    #[must_use]
    pub const fn shift_ms(&self) -> i64 {
        self.last_ms - self.behind_ms
    }
}

impl Progress {
    /// Whether ticks send the watermark on.
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

    /// Whether each of a partition's records moves its watermark before it is judged.
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

    /// Whether the watermark follows the reader's clock: it never passes it, and a partition that was read to its end goes on with it.
    #[must_use]
    pub const fn follows_clock(self) -> bool {
        match self {
            Progress::ReaderClock => true,
            Progress::SourceTasks | Progress::MicroBatches | Progress::StreamTime | Progress::Arrival => false,
        }
    }

    /// Whether an event is late by itself, whatever its windows: then it is lost from all of them or from none.
    #[must_use]
    pub const fn judges_events(self) -> bool {
        match self {
            Progress::Arrival => true,
            Progress::SourceTasks | Progress::ReaderClock | Progress::MicroBatches | Progress::StreamTime => false,
        }
    }
}
