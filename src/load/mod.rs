//! What is due when: pure functions of a profile and a seed. No clock, no I/O, no threads.
//!
//! A stream's rate is a curve; its integral, the cumulative rate, says how many events are due by a moment, and its
//! inverse says when the n-th is due. Nothing is accumulated, so nothing drifts, and every part can be reached without
//! what lies before it: randomness is drawn per block from the seed and the block's number.

mod arrivals;
mod clocks;
mod cursor;
mod due;
pub mod fingerprint;
mod injections;
mod keys;
mod parabola;
mod partition;
mod random;
mod rate;
mod schedule;
mod shard;
mod sizes;

pub use cursor::ProducerCursor;
pub use due::{DueTimes, Dues};
pub use injections::{Injected, Injections};
pub use partition::{java_murmur2, partition_of};
pub use rate::{RateCurve, Segment};
pub use schedule::{PlannedSend, StreamSchedule, streams_of};
pub use shard::{Shard, ShardError};

#[cfg(test)]
mod laws;
#[cfg(test)]
mod replay_laws;
