//! How single events fall around a stream's rate: a file for each process, one interface, and [`process_of`], which selects one.
//!
//! A process gives a producer's events block by block, and every block can be reached without those before it.

mod buckets;
mod inside;
mod on_off;
mod paced;
mod poisson;
mod recorded;
mod share;

use std::fmt::Debug;

use super::random::Source;
use super::rate::RateCurve;
use crate::profile::{Arrivals, Detail, DetailKind, Replay, Span, Stream};
use buckets::Buckets;
use inside::Inside;
use on_off::OnOffProcess;
use paced::Paced;
use poisson::Poisson;
use recorded::Recorded;
pub(super) use share::Share;

/// Events of a producer in one block (paced: exactly, except in the last; Poisson: half of it to all of it on average).
pub(super) const BLOCK_EVENTS: u64 = 1024;

/// A block of a producer's schedule.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Block {
    /// No other block of the producer that holds events has this number: it seeds the randomness of the block's events.
    pub(super) number: u64,
    /// The sequence number of its first event.
    pub(super) first: u64,
    pub(super) events: u64,
}

/// How the events of a stream fall around its rate. Override a default only where it is wrong.
pub(super) trait Process: Debug + Send + Sync {
    /// What the profile's rates are multiplied by, so that the curve's mass is the events'.
    fn rate_factor(&self) -> f64 {
        1.0
    }

    /// The highest rate of the events over that of the curve; 1 where a random rate has no maximum.
    fn peak_factor(&self) -> f64 {
        1.0
    }

    /// The offered rate as points of a line: seconds from the start, events per second.
    fn outline(&self, curve: &RateCurve) -> Vec<(f64, f64)> {
        curve.outline()
    }

    /// How many events a producer sends over the whole run.
    fn total(&self, share: &Share) -> u64;

    /// A producer's blocks, from its first.
    fn blocks(&self, share: Share) -> Box<dyn Blocks>;
}

/// The blocks of one producer, in order or after a seek. State kept between two calls changes no result.
pub(super) trait Blocks: Debug + Send {
    /// Continues from the first block that can hold an event due at or after a moment, or from an earlier one.
    fn seek_time(&mut self, curve: &RateCurve, at_ns: u64);

    /// Continues from the block that holds an event.
    fn seek_event(&mut self, curve: &RateCurve, sequence: u64);

    /// The next block; nothing after the last.
    fn next_block(&mut self, curve: &RateCurve) -> Option<Block>;

    /// Appends to `due_ns` the due time of each event of the block that [`Self::next_block`] has just returned: one for each, rising,
    /// before any injection moves them.
    fn add_due_ns(&mut self, curve: &RateCurve, block: Block, due_ns: &mut Vec<u64>);
}

/// The process that a stream's profile asks for.
pub(super) fn process_of(stream: &Stream, duration: Span, source: Source) -> Box<dyn Process> {
    if let Some(records) = &stream.records {
        return Box::new(Recorded::new(records.due_ns(), duration.as_nanos()));
    }
    if let Some(replay) = &stream.curve
        && let Some(detail) = &replay.detail
    {
        return process_in_buckets(replay, detail, source);
    }
    match stream.arrivals {
        Arrivals::Paced => Box::new(Paced),
        Arrivals::Poisson => Box::new(Poisson),
        Arrivals::OnOff => match stream.bursts() {
            Some(on_off) => Box::new(OnOffProcess::new(on_off, duration, source)),
            // Validation refuses this: the length of a burst is missing.
            None => Box::new(Poisson),
        },
    }
}

/// The process that a captured curve's `detail` asks for.
fn process_in_buckets(replay: &Replay, detail: &Detail, source: Source) -> Box<dyn Process> {
    let exact = |law: fn(&Detail, &crate::curve::Played, Source) -> Inside| -> Box<dyn Process> {
        let inside = replay.played().map_or(Inside::Even, |played| law(detail, &played, source));
        Box::new(Buckets::new(inside))
    };
    match detail.kind {
        DetailKind::Paced => Box::new(Paced),
        DetailKind::Poisson => Box::new(Poisson),
        DetailKind::PoissonExact => exact(|_, _, _| Inside::Even),
        DetailKind::Overdispersed => exact(Inside::overdispersed),
        DetailKind::OnOff => exact(Inside::on_off),
        DetailKind::BModel => exact(Inside::b_model),
    }
}

/// How many events of the stream are due before a moment, or a few fewer: the cumulative rate and its inverse agree to far less than a
/// microsecond, but not to the last bit.
fn place_before(curve: &RateCurve, at_ns: u64) -> f64 {
    curve.cumulative(at_ns.saturating_sub(1_000))
}
