//! What the rules have to know of the schedule.

use std::sync::Arc;

use crate::load::{Injected, StreamSchedule};

/// What was planned and injected in one stream: regenerated from profile and seed, never stored.
pub trait Expectation {
    /// How many logical producers the stream has.
    fn producers(&self) -> u16;

    /// How many events a producer's schedule holds at most: its sequence numbers are below this.
    fn planned(&self, producer: u16) -> u64;

    /// What the profile does to one event.
    fn injected(&self, producer: u16, sequence: u64) -> Injected;

    /// Whether the profile injects anything at all. If not, `injected` is not called.
    fn injects(&self) -> bool {
        true
    }

    /// The partition that an event was sent to, if known. Called for missing events only.
    fn partition(&self, _producer: u16, _sequence: u64) -> Option<u16> {
        None
    }
}

impl<T: Expectation + ?Sized> Expectation for &T {
    fn producers(&self) -> u16 {
        (**self).producers()
    }
    fn planned(&self, producer: u16) -> u64 {
        (**self).planned(producer)
    }
    fn injected(&self, producer: u16, sequence: u64) -> Injected {
        (**self).injected(producer, sequence)
    }
    fn injects(&self) -> bool {
        (**self).injects()
    }
    fn partition(&self, producer: u16, sequence: u64) -> Option<u16> {
        (**self).partition(producer, sequence)
    }
}

impl Expectation for Arc<StreamSchedule> {
    fn producers(&self) -> u16 {
        StreamSchedule::producers(self)
    }

    fn planned(&self, producer: u16) -> u64 {
        self.planned_by(producer)
    }

    fn injected(&self, producer: u16, sequence: u64) -> Injected {
        self.injections().of(producer, sequence)
    }

    fn injects(&self) -> bool {
        self.injections().is_active()
    }
}
