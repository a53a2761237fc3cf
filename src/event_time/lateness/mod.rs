//! Lateness: how far events are behind others, what a bound would have dropped, what causes it, and which bound to choose.
//!
//! A record's lateness is `max(0, M - t)`: the maximum event time `M` before it (in its partition, or over all) minus its own, `t`.

pub(crate) mod advice;
pub(crate) mod findings;
pub(crate) mod injections;
pub(crate) mod log;
pub(crate) mod measured;
pub(crate) mod rule;
pub(crate) mod sketch;
mod sketch_in_file;
pub(crate) mod skew;
pub(crate) mod stalls;

pub(crate) use advice::{Candidate, Scope, advise, advised_ms};
pub use findings::Finding;
pub(crate) use findings::{Attention, findings};
pub use injections::InjectionKind;
pub(crate) use injections::{Disturbed, InjectionCounts, InjectionLedger};
pub(crate) use log::{AHEAD_LIMIT_MS, LogFigures, LogRow, LogRule, Timed, WatermarkLog};
pub(crate) use measured::{Lateness, LatenessMeter};
pub(crate) use skew::{Offsets, ProducerSkew, max_skew_ms};
pub(crate) use stalls::StallCause;
