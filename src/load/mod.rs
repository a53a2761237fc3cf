//! What is due when: pure functions of a profile and a seed. No clock, no I/O, no threads.
//!
//! A stream's rate is a curve; its integral, the cumulative rate, is the number of events that are due by a moment, and its inverse is the
//! time at which the n-th is due. Nothing is accumulated, so nothing drifts, and every part can be computed without the parts before it:
//! randomness is drawn per block from the seed and the block's number.

mod arrivals;
mod clocks;
mod cursor;
mod due;
pub(crate) mod fingerprint;
mod form;
mod injections;
mod keys;
mod parabola;
mod partition;
mod random;
pub(crate) mod rate;
mod schedule;
mod send;
mod shard;
mod sizes;
mod weights;

pub(crate) use cursor::ProducerCursor;
pub(crate) use due::{DueTimes, Dues};
pub use form::RecordForm;
pub use injections::Injected;
pub use schedule::{StreamSchedule, streams_of};
pub(crate) use send::PlannedSend;
pub use shard::Shard;

#[cfg(test)]
mod laws;
#[cfg(test)]
mod recorded_laws;
#[cfg(test)]
mod replay_laws;
