//! What the profile does to single events on purpose: lateness, retries, clocks that are wrong.
//!
//! Everything is a function of (seed, stream, producer, sequence), so that a checker can ask again instead of storing it.

use crate::profile::Stream;

/// What was done to one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Injected {
    /// Further copies that are sent after the first.
    pub copies: u8,
    /// The first send comes later than its place in the order.
    pub moved: bool,
    /// The event time lies before due.
    pub late: bool,
}

/// The injections of one stream.
#[derive(Debug, Clone)]
pub struct Injections {}

impl Injections {
    /// The injections of the profile's stream number `stream_index`.
    #[must_use]
    pub fn new(_stream: &Stream, _seed: u64, _stream_index: u8) -> Self {
        Injections {}
    }

    /// What is done to one event.
    #[must_use]
    pub fn of(&self, _producer: u16, _sequence: u64) -> Injected {
        Injected::default()
    }
}
