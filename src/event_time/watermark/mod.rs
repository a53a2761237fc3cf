//! Which events a stream processor drops behind its watermark: said exactly where the order of its reading is known, and else as bounds.
//!
//! One rule for all engines: a (record, window) pair is lost iff `end + allowed lateness <= horizon`. What differs is the horizon, which follows
//! the largest event time that the engine has taken into account ([`Rule::horizon`]), and when it moves:
//! per record, at ticks, or by the micro-batch. The times are whole milliseconds and saturate at the ends of i64, as the engines' do.
//!
//! Three answers, from the most to the least that is known:
//! 1. [`Replay`]: the order in which the engine reads, and its ticks, batches or watermarks, are given. Exact.
//! 2. [`Certain`]: each partition's order is known, but not how the engine interleaves them. What holds in every interleaving, and the rest as races.
//! 3. [`Live`]: in between, what to expect of an engine that keeps up: records in the order in which they were appended.
//!
//! [`Watermarks`] computes the second and third for several models over one stream in one pass. Its memory grows with partitions and with windows
//! that miss events, not with the events.

mod affected;
mod append_order;
mod append_times;
mod arrival;
mod certain;
mod clock;
mod closing;
mod kept_up;
mod live;
mod metric_unit;
mod phases;
mod replay;
mod rule;
mod sessions;
mod source_tasks;
mod spec;
mod streams;
mod tally;
mod timed;
mod tolerance;
mod unit_doubt;
mod watermarks;

pub use affected::AffectedWindows;
pub use append_order::{AppendOrder, InOrder};
pub use append_times::{AppendClaim, AppendTimes};
pub use certain::{Certain, Claim};
pub use closing::closed_until_ms;
pub use live::{Expected, Live};
pub use replay::{Emission, Fate, Replay, ReplayTally};
pub use rule::{NO_HORIZON, Rule};
pub use spec::{DEFAULT_INTERVAL_MS, ModelSpec, WindowMs};
pub use tally::{KeptTally, ModelTally};
pub use timed::TimedRecord;
pub use tolerance::{Tolerance, chosen_name, tolerance_text};
pub use unit_doubt::{UnitDoubt, unit_doubt};
pub use watermarks::Watermarks;

pub use super::windows::WindowSpan;

#[cfg(test)]
mod idleness_laws;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod worked_cases;
