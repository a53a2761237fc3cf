//! Which events a stream processor drops behind its watermark: exactly where the order of its reading is known, and as bounds otherwise.
//!
//! One rule for all engines: a (record, window) pair is lost iff `end + allowed lateness <= horizon`. The engines differ in the horizon,
//! which follows the largest event time that the engine has taken into account ([`Rule::horizon`]), and in when it moves: per record, at
//! ticks, or per micro-batch. Times are whole milliseconds and saturate at the ends of i64, as the engines' do.
//!
//! Three answers, from the most known to the least:
//! 1. [`Replay`]: the order in which the engine reads, and its ticks, batches or watermarks, are given. Exact.
//! 2. [`Certain`]: each partition's order is known, but not how the engine interleaves them.
//!    What holds in every interleaving is certain, the rest are races.
//! 3. [`live::Live`]: in between, what to expect of an engine that keeps up: it reads records in append order.
//!
//! [`Watermarks`] computes the second and third for several models over one stream in one pass. Its memory grows with partitions and with
//! windows that miss events, not with the events.

mod affected;
mod append_order;
mod append_times;
mod arrival;
mod certain;
mod claim;
mod clock;
mod closing;
mod kept_up;
mod live;
mod metric_unit;
mod phases;
mod replay;
pub(super) mod rule;
mod sessions;
mod source_tasks;
mod spec;
mod streams;
mod tally;
mod timed;
mod tolerance;
mod unit_doubt;
mod watermarks;

pub(crate) use append_order::{AppendOrder, InOrder};
pub(crate) use append_times::{AppendClaim, AppendTimes};
pub use certain::Certain;
pub use claim::Claim;
pub(crate) use closing::closed_until_ms;
pub(crate) use live::Expected;
pub(crate) use replay::{Emission, Fate, Replay};
pub(crate) use rule::Rule;
pub use spec::ModelSpec;
pub(crate) use spec::{DEFAULT_INTERVAL_MS, WindowMs};
pub(crate) use tally::{KeptTally, ModelTally};
pub use timed::TimedRecord;
pub(crate) use tolerance::{Tolerance, chosen_name, tolerance_text};
pub(crate) use unit_doubt::unit_doubt;
pub use watermarks::Watermarks;

pub(crate) use super::windows::WindowSpan;

#[cfg(test)]
mod idleness_laws;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod worked_cases;
