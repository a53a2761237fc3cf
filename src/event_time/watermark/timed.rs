//! What a watermark needs to know of a record.

/// An event, as far as a watermark is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimedRecord {
    /// The partition that it was read from.
    pub partition: u16,
    /// The event time that it claims, in milliseconds since 1970.
    pub event_time_ms: i64,
    /// When it was appended to its partition, in milliseconds since 1970, if known: without it there is no expected range.
    pub appended_ms: Option<i64>,
    /// It was appended no later than this, in milliseconds since 1970 by the engine's clock: at the latest when it was read. Without it
    /// nothing is certain for a watermark that follows the clock.
    pub appended_by_ms: Option<i64>,
    /// A hash of its key; nothing if it has none. Where keys are unknown, any constant.
    pub key_hash: Option<u64>,
}
