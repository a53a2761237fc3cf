//! The rules: what was sent and seen, and in which order. Pure functions of what was sent and seen; no Kafka here.

pub(crate) mod counts;
pub(crate) mod delivered;
pub(crate) mod due;
pub(crate) mod expectation;
pub(crate) mod multiset;
mod observation;
pub(crate) mod observer;
mod order;
pub(crate) mod produced;
pub(crate) mod reconcile;
pub mod sequences;
pub(crate) mod stalls;
pub(crate) mod strangers;

pub use counts::Counts;
pub(crate) use delivered::Delivered;
pub use due::DueWord;
pub(crate) use due::{Due, DueCheck, DueContradiction};
pub use expectation::Expectation;
pub(crate) use multiset::Multiset;
pub(crate) use observation::Unidentified;
pub use observation::{Observation, Suspicion};
pub(crate) use observer::{Class, Interval};
pub use observer::{Observed, Observer};
pub use produced::ProducedRecorder;
pub(crate) use produced::{Produced, SentByPhase};
pub(crate) use reconcile::{LostEvent, LostRule, Reconciled, reconcile};
pub(crate) use stalls::Stall;
pub(crate) use strangers::{Sample, Strangers};
