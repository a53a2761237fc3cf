//! The rules: the ledger, order and latency. Pure functions of what was sent and seen; no Kafka here.

pub(crate) mod by_phase;
pub(crate) mod counts;
pub(crate) mod delivered;
pub(crate) mod due;
pub(crate) mod expectation;
pub(crate) mod file;
pub(crate) mod frame;
pub(crate) mod latency;
pub(crate) mod merge;
pub(crate) mod multiset;
pub(crate) mod observer;
mod order;
pub(crate) mod produced;
pub(crate) mod reconcile;
pub mod sequences;
pub(crate) mod strangers;

pub(crate) use by_phase::ByPhase;
pub use counts::Counts;
pub(crate) use delivered::Delivered;
pub use due::DueWord;
pub(crate) use due::{Due, DueCheck, DueContradiction};
pub use expectation::Expectation;
pub(crate) use frame::{LedgerFileError, Role as LedgerRole, read_figures, write_figures};
pub use latency::Hop;
pub(crate) use latency::{Latencies, LatencyHistogram};
pub(crate) use merge::Merge;
pub(crate) use multiset::Multiset;
pub(crate) use observer::{Class, Interval, Unidentified};
pub use observer::{Observation, Observed, Observer, Suspicion};
pub use produced::ProducedRecorder;
pub(crate) use produced::{Produced, SentByPhase};
pub(crate) use reconcile::{LostEvent, LostRule, Reconciled, reconcile};
pub(crate) use strangers::{Sample, Strangers};
