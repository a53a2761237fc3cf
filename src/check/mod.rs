//! What is right: the ledger, order, latency and the verdict. Pure rules over what was sent and seen; no Kafka here.

pub mod counts;
pub mod delivered;
pub mod due;
pub mod expectation;
pub mod file;
pub mod judge;
pub mod latency;
pub mod lateness;
pub mod merge;
pub mod multiset;
pub mod observer;
mod order;
pub mod produced;
pub mod reconcile;
pub mod sequences;
pub mod strangers;
pub mod verdict;
pub mod watermark;
pub mod windows;

pub use counts::Counts;
pub use delivered::Delivered;
pub use due::{Due, DueCheck, DueContradiction, DueWord};
pub use expectation::Expectation;
pub use file::LedgerFileError;
pub use judge::{
    ClockFigures, GeneratorFigures, Judgement, Queue, RunFigures, Sides, StageReading, StreamFigures, WatermarkDrops,
    WindowFigures, judge, judge_windows,
};
pub use latency::{Hop, Latencies, LatencyHistogram};
pub use merge::Merge;
pub use multiset::Multiset;
pub use observer::{Class, Interval, Observation, Observed, Observer, Suspicion, Unidentified};
pub use produced::{Produced, ProducedRecorder};
pub use reconcile::{LostEvent, LostRule, Reconciled, reconcile};
pub use strangers::{Sample, Strangers};
pub use verdict::{Effect, Reason, ReasonCode, SloResult, Verdict};
