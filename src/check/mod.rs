//! What is right: the ledger, order and latency. Pure rules over what was sent and seen; no Kafka here.

pub mod counts;
pub mod delivered;
pub mod due;
pub mod expectation;
pub mod file;
pub mod latency;
pub mod merge;
pub mod multiset;
pub mod observer;
mod order;
pub mod produced;
pub mod reconcile;
pub mod sequences;
pub mod strangers;

pub use counts::Counts;
pub use delivered::Delivered;
pub use due::{Due, DueCheck, DueContradiction, DueWord};
pub use expectation::Expectation;
pub use file::{LedgerFileError, Role as LedgerRole, read_figures, write_figures};
pub use latency::{Hop, Latencies, LatencyHistogram};
pub use merge::Merge;
pub use multiset::Multiset;
pub use observer::{Class, Interval, Observation, Observed, Observer, Suspicion, Unidentified};
pub use produced::{Produced, ProducedRecorder};
pub use reconcile::{LostEvent, LostRule, Reconciled, reconcile};
pub use strangers::{Sample, Strangers};
