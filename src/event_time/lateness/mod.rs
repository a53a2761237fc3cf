//! Lateness: how far events come behind others, what a bound would have dropped, who is to blame, and which bound it should be.
//!
//! A record's lateness is `max(0, M - t)`: the maximum event time `M` before it (in its partition, or over all) minus its own, `t`.

pub mod advice;
pub mod findings;
pub mod injections;
pub mod log;
pub mod measured;
pub mod rule;
pub mod sketch;
mod sketch_in_file;
pub mod skew;
pub mod stalls;

pub use advice::{BoundReason, Candidate, Scope, advise, advised_ms};
pub use findings::{Attention, Finding, findings};
pub use injections::{Disturbed, InjectionCounts, InjectionKind, InjectionLedger};
pub use log::{AHEAD_LIMIT_MS, LogFigures, LogRow, LogRule, Timed, WatermarkLog};
pub use measured::{Lateness, LatenessMeter, PartitionLateness};
pub use rule::lateness_ms;
pub use sketch::MsSketch;
pub use skew::{Offsets, ProducerSkew, max_skew_ms};
pub use stalls::{Furthest, PartitionLog, Stall, StallCause, Stalls, Trailing};
