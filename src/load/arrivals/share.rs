//! A producer's part of a stream, and the places of its events when they are evenly spaced.

use super::{BLOCK_EVENTS, Block};
use crate::load::random::Source;

/// The producer's part of a stream: `producers` share `mass` events evenly.
#[derive(Debug, Clone, Copy)]
pub(in crate::load) struct Share {
    pub(in crate::load) producer: u16,
    pub(in crate::load) producers: u16,
    pub(in crate::load) mass: f64,
    pub(in crate::load) source: Source,
}

impl Share {
    /// Paced: producer p of P sends the stream's events number p, p + P, p + 2P, … Event n is at n + 1/2, so that every bucket of the curve
    /// that holds a whole number of events holds exactly these.
    pub(super) fn paced_events(&self) -> u64 {
        self.events_before(self.mass)
    }

    /// How many of them are before a place on the stream's cumulative rate.
    pub(super) fn events_before(&self, place: f64) -> u64 {
        self.of((place - 0.5).ceil().max(0.0) as u64)
    }

    /// How many of the stream's first events are this producer's.
    pub(super) fn of(&self, stream_events: u64) -> u64 {
        let (producer, producers) = (u64::from(self.producer), u64::from(self.producers));
        (stream_events + producers - 1 - producer) / producers
    }

    /// The number of one of its events among the stream's.
    pub(super) fn place(&self, sequence: u64) -> u64 {
        sequence * u64::from(self.producers) + u64::from(self.producer)
    }

    /// The place of a paced event on the stream's cumulative rate.
    pub(super) fn paced_position(&self, sequence: u64) -> f64 {
        self.place(sequence) as f64 + 0.5
    }

    /// The paced block that holds the first event at or after a position.
    pub(super) fn paced_block_at(&self, position: f64) -> u64 {
        ((position / f64::from(self.producers) - 1.0).max(0.0) as u64) / BLOCK_EVENTS
    }

    /// A paced block by its number, of `events` in all.
    pub(super) fn paced_block(number: u64, events: u64) -> Option<Block> {
        let first = number * BLOCK_EVENTS;
        (first < events).then(|| Block { number, first, events: BLOCK_EVENTS.min(events - first) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paced_producers_share_every_event_once() {
        for (mass, producers) in [(10.0, 3), (0.4, 1), (1000.0, 7), (12.5, 4), (12.6, 4)] {
            let shared: u64 = (0..producers)
                .map(|p| Share { producer: p, producers, mass, source: Source::new(5, 0) }.paced_events())
                .sum();
            assert_eq!(shared, (mass - 0.5_f64).ceil().max(0.0) as u64, "{mass} over {producers}");
        }
    }
}
